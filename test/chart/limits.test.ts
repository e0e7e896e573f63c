/** Builders given very much, very little or the wrong thing. */
import assert from "node:assert/strict";
import test from "node:test";
import {
  attemptTimeline,
  blockers,
  blockMap,
  buddyinfoOverTime,
  byteCurves,
  fragmentationOverTime,
  freeByOrder,
  holders,
  latencyBoxes,
  latencyEcdf,
  pairedDifferences,
  paretoFront,
  successRates,
  sweepMap,
  tradeOffFrontier,
} from "../../lib/chart";
import type { Figure, HeatmapTrace, IcicleTrace, SankeyTrace, ScatterTrace } from "../../lib/chart/figure";
import { blockSummary } from "../../lib/metrics";
import { staticSvg } from "../../lib/report/svg/static-svg";
import { churnMachine } from "../../lib/workload/allocator-churn";
import { usedMachine } from "./gallery/machine";
import { hostileFigures } from "./hostile";

const many = (n: number) => Array.from({ length: n }, (_, i) => i);
const LONG = "a very long name ".repeat(40);

/** Each builder with far more than a chart can show. */
const HUGE: Record<string, () => Figure> = {
  freeByOrder: () =>
    freeByOrder({
      pageBytes: 4096,
      parts: many(7).map((i) => ({ name: `${LONG}${i}`, freeBlocks: many(14).map(() => 10 ** 9) })),
    }),
  buddyinfoOverTime: () =>
    buddyinfoOverTime({
      pageBytes: 4096,
      at: many(50_000),
      freeBlocks: many(50_000).map((i) => many(14).map((o) => i * o)),
    }),
  fragmentationOverTime: () =>
    fragmentationOverTime({
      pageBytes: 4096,
      index: "unusable",
      at: many(50_000),
      values: many(50_000).map((i) => many(14).map((o) => ((i * o) % 1000) / 1000)),
    }),
  successRates: () =>
    successRates({
      interval: LONG,
      series: many(5).map((s) => ({
        name: LONG,
        rows: many(5000).map((i) => ({
          name: `${i} ${LONG} ${s}`,
          value: 0.5,
          low: 0,
          high: 1,
          basis: LONG,
        })),
      })),
    }),
  pairedDifferences: () =>
    pairedDifferences({
      interval: LONG,
      rows: many(5000).map((i) => ({ name: `${i} ${LONG}`, value: 0, low: -1, high: 1, basis: LONG })),
    }),
  latencyEcdf: () =>
    latencyEcdf({
      series: many(100).map(() => ({ name: LONG, samplesUs: many(20_000).map((i) => (i * 7919) % 20_011) })),
    }),
  latencyBoxes: () =>
    latencyBoxes({
      rows: many(5000).map(() => ({
        name: LONG,
        p1Us: 1,
        p25Us: 2,
        p50Us: 3,
        p75Us: 4,
        p99Us: 5,
        samples: 9,
      })),
    }),
  tradeOffFrontier: () =>
    tradeOffFrontier({
      x: { better: "less" },
      y: { better: "less" },
      points: many(60_000).map((i) => ({
        name: `${i} ${LONG}`,
        x: i,
        y: i % 2 === 0 ? 60_000 - i : 90_000,
        group: `${i % 40}`,
      })),
    }),
  blockers: () => {
    const { failure } = usedMachine();
    const [range] = failure.ranges;
    const [blocker] = range!.blockers;
    const one = (i: number) => ({
      ...blocker!,
      pfn: range!.startPfn + i,
      block: i * 512,
      why: `${LONG}${i}`,
      wouldFree: LONG,
    });
    return blockers({
      pageBytes: 4096,
      report: {
        ...failure,
        ranges: many(20_000).map((i) => ({
          ...range!,
          startPfn: range!.startPfn + i,
          blockedPages: 64,
          blockers: many(64).map(one),
        })),
      },
    });
  },
  attemptTimeline: () =>
    attemptTimeline({
      lanes: many(20_000).map((i) => ({ name: `${i} ${LONG}`, ok: false })),
      segments: many(100_000).map((i) => ({
        lane: (i % 7) + 19_990,
        step: "migrate" as const,
        startUs: i,
        endUs: i + 0.123456789,
        note: LONG,
      })),
    }),
  sweepMap: () =>
    sweepMap({
      x: many(1000),
      y: many(700).map((i) => `${i} ${LONG}`),
      valueTitle: LONG,
      cells: many(700).map((j) => many(1000).map((i) => ({ value: i * j, low: 0, high: 1, basis: LONG }))),
    }),
  byteCurves: () =>
    byteCurves({
      series: many(100).map((i) => ({
        name: `${i} ${LONG}`,
        bytes: many(20_000).map((b) => b + 1),
        values: many(20_000).map((b) => b / 3),
        low: many(20_000),
        high: many(20_000).map((b) => b + 1),
      })),
    }),
};

for (const [name, draw] of Object.entries(HUGE))
  test(`${name}: very much gives a figure below 500 kB that can be drawn, and says what it left out`, () => {
    const figure = draw();
    const bytes = JSON.stringify(figure).length;
    assert.ok(bytes < 500_000, `${bytes} bytes`);
    assert.doesNotMatch(staticSvg(figure), /needs scripts|NaN/);
    if (name !== "freeByOrder")
      assert.match(figure.layout.title?.subtitle?.text ?? "", /\d+ of|of \d|mean of/);
  });

test("1 TiB: a summary and its map are below 500 kB, every block counted once", () => {
  const summary = blockSummary(churnMachine(2 ** 28));
  const blocks = Object.values(summary.blocks)
    .flat()
    .reduce((a, b) => a + b, 0);
  assert.equal(blocks, 2 ** 19);
  const figure = blockMap({ title: "1 TiB", pageBytes: 4096, snapshots: [{ label: "boot", summary }] });
  assert.ok(JSON.stringify(figure).length < 500_000);
  assert.match(figure.layout.title!.subtitle!.text, /one cell is 512 MiB, 256 page blocks/);
});

test("many snapshots: cells are put together until the map is below 500 kB, and a note says which are drawn", () => {
  const { summary } = usedMachine().snapshots.at(-1)!;
  const figure = blockMap({
    title: "many",
    pageBytes: 4096,
    snapshots: many(200).map((i) => ({ label: `round ${i}`, summary })),
  });
  assert.ok(JSON.stringify(figure).length < 500_000);
  assert.match(
    figure.layout.title!.subtitle!.text,
    /one cell is 8 MiB, 4 page blocks; one in 14 of 200 snapshots/,
  );
  const maps = figure.data.filter((t) => t.type === "heatmap") as HeatmapTrace[];
  assert.deepEqual(
    maps.map((map) => map.visible),
    maps.map((_, at) => at === maps.length - 1),
  );
});

test("a map's cell names frames, zone, migrate type and owner kinds; its colour is the most in the way", () => {
  const { snapshots } = usedMachine();
  const figure = blockMap({ title: "m", pageBytes: 4096, snapshots: snapshots.slice(-1) });
  const map = figure.data[0] as HeatmapTrace;
  const first = map.hovertext!.flat()[0]!;
  assert.match(first, /^0x40000000, frames 262144–262655, zone DMA<br>block: Movable<br>2 MiB reserved$/);
  assert.equal(map.z.flat()[0], 7);
  const pinned = map.hovertext!.flat().filter((words) => /of it pinned/.test(words));
  assert.ok(pinned.length > 0);
  assert.equal(pinned.length, map.z.flat().filter((z) => z === 6).length);
});

test("the front holds what no other choice beats, whichever way is better", () => {
  const points = [
    { name: "cheap", x: 1, y: 1 },
    { name: "dear", x: 3, y: 3 },
    { name: "beaten", x: 3, y: 2 },
    { name: "middle", x: 2, y: 2 },
    { name: "equal", x: 2, y: 2 },
  ];
  const front = (x: "less" | "more", y: "less" | "more") =>
    paretoFront(points, { better: x }, { better: y }).map((p) => p.name);
  assert.deepEqual(front("less", "more"), ["cheap", "middle", "equal", "dear"]);
  assert.deepEqual(front("less", "less"), ["cheap"]);
  assert.deepEqual(front("more", "more"), ["dear"]);
  assert.deepEqual(front("more", "less"), ["cheap", "beaten"]);
});

test("an ECDF ends at 100 %, begins at 0 and passes through the median", () => {
  const [trace] = latencyEcdf({ series: [{ name: "s", samplesUs: [4, 1, 3, 2] }] }).data as [ScatterTrace];
  assert.deepEqual(trace.x, [0.001, 0.001, 0.002, 0.003, 0.004], "milliseconds");
  assert.deepEqual(trace.y, [0, 25, 50, 75, 100]);
});

test("stacked areas add up to what is free", () => {
  const { data } = buddyinfoOverTime({
    pageBytes: 2 ** 20,
    at: [0, 1],
    freeBlocks: [
      [4, 2, 1],
      [0, 0, 3],
    ],
  });
  const sums = [0, 1].map((at) => data.reduce((sum, t) => sum + ((t as ScatterTrace).y[at] as number), 0));
  assert.deepEqual(sums, [12, 12], "4 + 2×2 + 4 MiB, 3×4 MiB");
});

test("a Sankey conserves pages at every node in the middle", () => {
  const { memory } = usedMachine();
  const { holderFlows } = require("../../lib/metrics") as typeof import("../../lib/metrics");
  const { link } = holders({ title: "h", flows: holderFlows(memory), pageBytes: 4096 })
    .data[0] as SankeyTrace;
  const sum = (ends: number[], node: number) =>
    ends.reduce((n, end, at) => n + (end === node ? link.value[at]! : 0), 0);
  const middle = new Set(link.source.filter((node) => link.target.includes(node)));
  assert.ok(middle.size >= 3);
  for (const node of middle) assert.equal(sum(link.source, node), sum(link.target, node));
});

test("an icicle's children never outweigh their parent, and weights are the report's pages", () => {
  const { failure } = usedMachine();
  const trace = blockers({ report: failure, pageBytes: 4096 }).data[0] as IcicleTrace;
  const below = new Map<string, number>();
  trace.parents.forEach((parent, at) => below.set(parent, (below.get(parent) ?? 0) + trace.values[at]!));
  trace.ids.forEach((id, at) => {
    if (below.has(id)) assert.equal(below.get(id), trace.values[at], trace.labels[at]);
  });
});

test("a request for which no range was tried gives its reason", () => {
  const report = {
    request: "cma_alloc of 9 pages",
    errno: -12,
    ranges: [],
    reason: "The area has 8 pages in all.",
  };
  const trace = blockers({ report, pageBytes: 4096 }).data[0] as IcicleTrace;
  assert.deepEqual(
    trace.labels.map((words) => words.replace("<br>", " ")),
    ["The area has 8 pages in all."],
  );
});

test("equal names stay different rows", () => {
  const row = { name: "same", p1Us: 1, p25Us: 2, p50Us: 3, p75Us: 4, p99Us: 5, samples: 9 };
  const figure = latencyBoxes({ rows: [row, row] });
  assert.deepEqual(
    figure.data.filter(({ type }) => type === "box").map((box) => box.y),
    [["same, n = 9"], ["same, n = 9 (2)"]],
  );
});

test("wrong input is refused with what was wrong", () => {
  assert.throws(() => blockMap({ snapshots: [], pageBytes: 4096 }), /there must be a snapshot: got none/);
  assert.throws(() => holders({ flows: [], pageBytes: 4096 }), /pages in use: got none/);
  assert.throws(
    () => latencyEcdf({ series: [{ name: "s", samplesUs: [] }] }),
    /"s" must have samples.*got none/,
  );
  assert.throws(() => latencyEcdf({ series: [{ name: "s", samplesUs: [1, -2] }] }), /got -2/);
  const rate = { name: "r", value: 0.5, low: 0.6, high: 0.7 };
  assert.throws(
    () => successRates({ interval: "", series: [{ name: "s", rows: [rate] }] }),
    /"r" must lie within/,
  );
  assert.throws(
    () => attemptTimeline({ lanes: [], segments: [{ lane: 0, step: "test", startUs: 0, endUs: 1 }] }),
    /lane must be/,
  );
  assert.throws(() => sweepMap({ x: [1], y: [1], cells: [[null]], valueTitle: "v" }), /a cell with a value/);
  assert.throws(
    () => byteCurves({ series: [{ name: "b", bytes: [0], values: [1] }] }),
    /sizes of "b" must be above 0: got 0/,
  );
  assert.throws(
    () =>
      tradeOffFrontier({
        points: [{ name: "p", x: 0, y: 1 }],
        x: { better: "less", log: true },
        y: { better: "less" },
      }),
    /x of "p" must be a number above 0: got 0/,
  );
});

test("words from outside are escaped in figures and in pictures", () => {
  for (const [name, figure] of Object.entries(hostileFigures())) {
    const text = JSON.stringify(figure);
    assert.doesNotMatch(text, /<b>x|<a href/, name);
    assert.ok(text.includes("&lt;b&gt;x"), name);
    const svg = staticSvg(figure);
    assert.doesNotMatch(svg, /<b>|<a |<script/, name);
    assert.ok(svg.includes("&lt;b&gt;x&lt;/b&gt; &amp;"), name);
  }
});

test("choices that lie on each other on a front are named once, together", () => {
  const figure = tradeOffFrontier({
    points: [
      { name: "a", x: 0, y: 2, group: "a" },
      { name: "b", x: 3, y: 1, group: "b" },
      { name: "c", x: 3, y: 1, group: "c" },
      { name: "beaten", x: 4, y: 4, group: "d" },
    ],
    x: { better: "less" },
    y: { better: "less" },
  });
  const names = (figure.data as ScatterTrace[]).flatMap((trace) => [trace.text ?? []].flat());
  assert.deepEqual(names.filter((name) => name !== "").sort(), ["a", "b<br>c", "beaten"]);
});

test("a count breaks only in cells too narrow for it, and holders have names of words", () => {
  const six = many(6).map(String);
  const texts = (count: string) =>
    (
      sweepMap({
        title: "t",
        x: six,
        y: ["a"],
        cells: [six.map(() => ({ value: 1, text: [count] }))],
        valueTitle: "v",
      }).data[0] as HeatmapTrace
    ).text![0]!;
  assert.deepEqual(new Set(texts("2 of 2")), new Set(["2 of 2"]));
  assert.deepEqual(new Set(texts("32 of 32")), new Set(["32<br>of 32"]));
  const { memory } = usedMachine();
  const { holderFlows } = require("../../lib/metrics") as typeof import("../../lib/metrics");
  const { node } = holders({ title: "h", flows: holderFlows(memory), pageBytes: 4096 })
    .data[0] as SankeyTrace;
  for (const name of node.label) assert.doesNotMatch(name, /[a-z][A-Z][a-z]/);
});
