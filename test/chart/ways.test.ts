/** Looks of ways: one colour and symbol by name, in the whole project, and what charts do with them. */
import assert from "node:assert/strict";
import test from "node:test";
import { bars, latencyEcdf, successRates, tradeOffFrontier } from "../../lib/chart";
import type { BarTrace, Figure, ScatterTrace } from "../../lib/chart/figure";
import { contrast, WAY_COLORS } from "../../lib/chart/palette";
import { coinciding, spotsOf } from "../../lib/chart/point-names";
import { knownWay, looksOf, WAY_SYMBOLS, wayNames } from "../../lib/chart/ways";
import { ideas } from "../../lib/ideas";
import { cornersOf } from "../../lib/report/svg/static-marks";
import { STRATEGIES } from "../../lib/strategy";
import { cmaDebate, rdmaDebate } from "../../lib/strategy/debate";

const key = ({ color, symbol }: { color: string; symbol: string }) => `${color} ${symbol}`;

test("every strategy, every label of the debates and every idea has a look, and no two the same", () => {
  const names = [
    ...STRATEGIES.keys(),
    ...cmaDebate({ board: "raspberry-pi-4", pageSize: 65536 }).map(({ label }) => label),
    ...rdmaDebate().map(({ label }) => label),
    ...ideas.map(({ name }) => name),
    "zone-2018",
    "as it is",
  ];
  for (const name of names) assert.ok(knownWay(name), `${name} is in lib/chart/ways.ts`);
  const looks = wayNames().map((name) => key(knownWay(name)!));
  assert.equal(new Set(looks).size, looks.length);
});

test("colours of ways stand out from white and from dark pages, and symbols are drawn in static pictures", () => {
  for (const [name, color] of Object.entries(WAY_COLORS))
    for (const ground of ["#ffffff", "#14171a", "#111111"])
      assert.ok(contrast(color, ground) >= 3, `${name} on ${ground}: ${contrast(color, ground)}`);
  for (const symbol of WAY_SYMBOLS.slice(1)) assert.ok(cornersOf(symbol), symbol);
});

test("a name that the table lacks has the same look in every chart, and one of its own in each", () => {
  const alone = looksOf(["my way"]).get("my way")!;
  assert.deepEqual(looksOf(["buddy", "my way", "carve-out"]).get("my way"), alone);
  const many = Array.from({ length: 60 }, (_, i) => `way ${i}`);
  assert.equal(new Set([...looksOf(many).values()].map(key)).size, 60);
});

const marks = (figure: Figure, name: string) =>
  figure.data.find((trace) => String(trace.name).startsWith(name)) as ScatterTrace;

const POINTS = [
  { name: "buddy", x: 0, y: 17 },
  { name: "cma-4k", x: 50, y: 100 },
  { name: "sub-block", x: 50, y: 100 },
  { name: "two-kernels", x: 50, y: 100 },
  { name: "carve-out", x: 128, y: 100 },
];
const axes = { x: { better: "less" }, y: { better: "more" } } as const;

test("a way has one look in trade-offs, intervals, bars and times", () => {
  const look = knownWay("carve-out")!;
  const point = marks(tradeOffFrontier({ ...axes, points: POINTS }), "carve-out");
  assert.deepEqual([point.marker!.color, point.marker!.symbol], [look.color, look.symbol]);
  const rows = ["buddy", "carve-out"].map((name) => ({ name, value: 0.5, low: 0.4, high: 0.6 }));
  const dots = successRates({ interval: "95 %", series: [{ name: "granted", rows }] });
  const { color, symbol } = (dots.data[0] as ScatterTrace).marker!;
  assert.deepEqual([color![1], symbol![1]], [look.color, look.symbol]);
  const drawn = bars({ categories: ["buddy", "carve-out"], series: [{ name: "idle", values: [0, 128] }] });
  assert.equal((drawn.data[0] as BarTrace).marker!.color![1], look.color);
  const times = latencyEcdf({ series: [{ name: "carve-out", samplesUs: [10] }] });
  assert.equal((times.data[0] as ScatterTrace).line!.color, look.color);
});

test("every mark is at its values; points at one place have a ring and one text, and the subtitle says so", () => {
  const figure = tradeOffFrontier({ ...axes, points: POINTS });
  for (const { name, x, y } of POINTS) {
    const trace = marks(figure, name);
    assert.deepEqual([trace.x, trace.y], [[x], [y]], name);
  }
  const ring = marks(figure, "several at one place");
  assert.deepEqual([ring.x, ring.y, ring.marker!.symbol], [[50], [100], "circle-open"]);
  assert.match(marks(figure, "two-kernels").hovertext![0]!, /cma-4k.*sub-block.*two-kernels/);
  assert.match(
    figure.layout.title!.subtitle!.text.replaceAll("<br>", " "),
    /at the same place: cma-4k · sub-block · two-kernels$/,
  );
  // Near is not the same: both are named together, and neither has a ring.
  const near = [...POINTS.slice(0, 2), { name: "sub-block", x: 50.5, y: 100 }];
  const apart = tradeOffFrontier({ ...axes, points: near });
  assert.deepEqual(marks(apart, "sub-block").x, [50.5]);
  assert.equal(marks(apart, "several at one place"), undefined);
  assert.doesNotMatch(apart.layout.title!.subtitle!.text, /same place/);
});

test("the line of the front goes through the places of its points; a front of one place has none", () => {
  const front = marks(tradeOffFrontier({ ...axes, points: POINTS }), "Pareto front");
  assert.deepEqual(
    [front.x, front.y],
    [
      [0, 50],
      [17, 100],
    ],
  );
  const best = [
    { name: "buddy", x: 0, y: 100 },
    { name: "iommu", x: 0, y: 100 },
    { name: "cma", x: 9, y: 50 },
  ];
  assert.equal(marks(tradeOffFrontier({ ...axes, points: best }), "Pareto front"), undefined);
});

test("every point is named in the plot or in the legend", () => {
  const figure = tradeOffFrontier({ ...axes, points: POINTS });
  const legend = figure.data.map((trace) => trace.name);
  for (const { name } of POINTS) assert.ok(legend.includes(name), name);
  const texts = figure.data.flatMap((trace) => (trace.text as string[] | undefined) ?? []).join("<br>");
  for (const { name } of POINTS) assert.ok(texts.split("<br>").includes(name), `${name} in ${texts}`);
});

test("names never lie on each other or on points, however the points lie", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const points = Array.from({ length: 14 }, (_, i) => ({
      name: `choice number ${i}`,
      left: (i * 7919 * seed) % 620,
      top: (i * 104_729 * seed) % 340,
    }));
    const spots = spotsOf(points);
    const boxes = spots.flatMap(({ lines, position }, at) => {
      if (lines.length === 0) return [];
      const [down, across] = position.split(" ");
      const [width, height] = [Math.max(...lines.map((line) => line.length)) * 6.6, lines.length * 15];
      const x = points[at]!.left;
      const y = points[at]!.top;
      const left = across === "center" ? x - width / 2 : across === "right" ? x + 7 : x - 7 - width;
      const top = down === "middle" ? y - height / 2 : down === "top" ? y - 7 - height : y + 7;
      return [{ left, top, right: left + width, bottom: top + height }];
    });
    const dots = points.map(({ left, top }) => ({ x: left, y: top }));
    boxes.forEach((a, i) => {
      for (const b of boxes.slice(i + 1))
        assert.ok(
          a.left >= b.right || b.left >= a.right || a.top >= b.bottom || b.top >= a.bottom,
          `seed ${seed}`,
        );
      for (const { x, y } of dots)
        assert.ok(x <= a.left || x >= a.right || y <= a.top || y >= a.bottom, `seed ${seed}`);
    });
  }
});

test("points are grouped by distance, in chains too", () => {
  const at = (left: number) => ({ name: String(left), left, top: 0 });
  assert.deepEqual(coinciding([at(0), at(100), at(8), at(16), at(109)]), [
    [0, 2, 3],
    [1, 4],
  ]);
  assert.deepEqual(coinciding([at(0), at(16), at(8)]), [[0, 1, 2]]);
});
