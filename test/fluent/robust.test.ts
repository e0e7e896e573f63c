/** `result.robust({ … })`: the headline of a result, the builder's plan, the map and the tables, and their runs. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { before } from "node:test";
import type { HeatmapTrace } from "../../lib/chart/figure";
import { headlineOf } from "../../lib/fluent/robust";
import {
  type ComparisonResult,
  chart,
  compare,
  experiment,
  machine,
  RobustResult,
  strategies,
  wilson,
  workload,
} from "../../lib/index";
import { DISPLAY } from "../../lib/notebook/display";
import { RUNS_MIME, shownSha256 } from "../../lib/report/runs";
import { staticSvg } from "../../lib/report/svg/static-svg";

let compared: ComparisonResult;
let where: RobustResult;
before(async () => {
  compared = await compare(strategies.buddy(), strategies.allocContigPages())
    .on(machine("raspberry-pi-4").memory("1GiB"))
    .request({ size: "64MiB", times: 2 })
    .seeds(2)
    .store("none")
    .run();
  where = await compared
    .robust({ memory: ["1GiB", "2GiB"], unmovable: [0, 0.4], profile: ["pi", "server"], age: ["0ms"] })
    .workers(1)
    .store("none")
    .run();
});

test("a result makes its own headline, unless another statement is made", () => {
  const row = (name: string, share: number, runs = 4) => ({ name, runs, successRate: { mid: share } });
  assert.deepEqual(headlineOf([row("a", 0.2), row("b", 1), row("c", 0.5)]), { of: "b", moreThan: "c" });
  assert.deepEqual(headlineOf([row("a", 1), row("b", 1)]), { of: "a", atLeast: 0.5 });
  assert.deepEqual(headlineOf([row("a", 0, 0), row("b", 0.1)]), { of: "b", atMost: 0.5 });
  assert.deepEqual(compared.robust({ memory: ["1GiB"] }).plan().statement, {
    metric: "success",
    of: "alloc-contig-pages",
    moreThan: "buddy",
    by: 0,
  });
  assert.deepEqual(
    compared
      .robust({ memory: ["1GiB"] })
      .statement("buddy <= 0.5")
      .plan().statement,
    {
      metric: "success",
      of: "buddy",
      atMost: 0.5,
    },
  );
});

test("the plan is that of the result; a single run gets 16 seeds from its own", () => {
  const { kind: _kind, scenario: _scenario, ...plan } = compared.plan;
  assert.deepEqual(compared.robust({ memory: ["1GiB"] }).plan().plan, { ...plan, format: 2 });
  const one = experiment({
    machine: machine("qemu-virt").memory("512MiB"),
    workload: workload.uptime({ duration: "1h" }),
    strategy: strategies.buddy(),
    request: { size: "1MiB" },
    seed: 7,
  });
  const own = one.robust({ age: ["1 day"] }).plan();
  assert.deepEqual([own.plan.seeds, own.plan.firstSeed, own.statement.atLeast], [16, 7, 0.5]);
});

test("its map is over the knobs that turn it most, with counts, and a facet for a third one that is asked for", () => {
  const { unmovable, memory } = Object.fromEntries(where.knobs.map((one) => [one.knob, one.explained]));
  assert.ok(unmovable! > memory!, JSON.stringify(where.knobs));
  const [heat] = where.map().data as HeatmapTrace[];
  assert.deepEqual([...heat!.x!].sort(), ["0 %", "40 %"]);
  const words = (trace: HeatmapTrace) => trace.text!.flat();
  for (const word of words(heat!)) assert.match(word, /^\d of \d$/);
  const facets = where.map({ across: "unmovable", down: "memory", facet: "profile" }).data as HeatmapTrace[];
  assert.equal(facets[0]!.y!.length, 4);
  // Every point has a cell of its own: then it shows requests granted to both strategies.
  for (const word of words(facets[0]!)) assert.match(word, /^\d of 4<br>\d of 4$/);
  assert.match(staticSvg(where.map({ across: "unmovable", down: "memory", facet: "profile" })), /4 of 4/);
  assert.equal((where.map({ where: { profile: "pi" } }).data as HeatmapTrace[])[0]!.z.flat().length, 4);
  assert.throws(() => where.map({ across: "release" }), /knob.*"release"/);
  assert.throws(() => where.map({ where: { profile: "desk" } }), /value of profile.*"desk"/);
});

test("a map names parts of a range shortly: its axis has room for no more", () => {
  const file = join(__dirname, "../../docs/robustness/small-requests.json");
  const { plan, result } = JSON.parse(readFileSync(file, "utf8"));
  const [heat] = new RobustResult(plan, result).map({ across: "unmovable", down: "memory" })
    .data as HeatmapTrace[];
  assert.deepEqual([...heat!.x!], ["0–1.5 %", "1.5–3 %", "3–4.5 %", "4.5–6 %"]);
  for (const row of heat!.y!) assert.match(String(row), /(?:^| )(?:2–4|4–8|8–16|16–32) GiB$/);
});

test("what it shows is sealed with its plan and result, on a terminal as a table", () => {
  for (const shown of [where, where.table(), where.table("points")]) {
    const bundle = shown[DISPLAY]();
    const sealed = bundle[RUNS_MIME] as { runs: { plan: object }[]; shown: string };
    assert.equal(sealed.runs.length, 1);
    assert.deepEqual(sealed.runs[0]!.plan, where.plan);
    assert.equal(sealed.shown, shownSha256(bundle));
    assert.match(String(bundle["text/plain"]), /It holds .*points/);
    assert.match(String(bundle["text/plain"]), /\d of \d/);
  }
  assert.match(String(where[DISPLAY]()["text/html"]), /pageblock-chart/);
});

test("charts of shares show the counts that they rest on", () => {
  const { low, mid, high } = wilson(27, 32);
  const row = { name: "cma", value: mid, low, high, basis: "27 of 32 requests" };
  const options = { title: "granted", interval: "95 %" };
  const one = chart.successRates({ ...options, series: [{ name: "6.1", rows: [row] }] });
  assert.deepEqual((one.data[0] as { text?: string[] }).text, ["27 of 32"]);
  assert.match(staticSvg(one), /27 of 32/);
  const front = compared.chart.frontier("reservedBytes", "success");
  const names = front.data.map((trace) => String(trace.name));
  assert.ok(names.includes("alloc-contig-pages, 4 of 4"), names.join());
  const both = compared.chart.differences().data[0] as { text?: string[] };
  assert.deepEqual(both.text, ["0 of 4 : 4 of 4"]);
  assert.match(String(compared.chart.latency().data[0]!.name), /^alloc-contig-pages, n = 4$/);
  assert.match(String(compared[DISPLAY]()["text/plain"]), /buddy 0 of 4, alloc-contig-pages 4 of 4/);
});
