/** Results lead on: what they give charts, in which unit, and that figures drawn with one call carry the plan. */
import assert from "node:assert/strict";
import test, { before } from "node:test";
import type { Figure } from "../../lib/chart/figure";
import { runOf } from "../../lib/chart/run";
import { readRun } from "../../lib/experiment/run-text";
import {
  type ComparisonResult,
  compare,
  experiment,
  machine,
  type SweepResult,
  strategies,
  sweep,
} from "../../lib/index";

const PC = machine("pc-x86-64").memory("1GiB");
let compared: ComparisonResult;
let swept: SweepResult;
before(async () => {
  const ways = [strategies.cma({ area: "64MiB" }), strategies.buddy()];
  const asked = compare(...ways)
    .on(PC)
    .request({ size: "8MiB", times: 3 });
  compared = await asked.seeds(2).store("none").run();
  const board = { board: "pc-x86-64", memory: "1GiB" };
  const plan = { machine: board, strategy: strategies.buddy(), request: { size: "1MiB" } };
  swept = await sweep(plan)
    .over({ size: ["1MiB", "8MiB"], seed: [1, 2] })
    .store("none")
    .run();
});

/** The figure cites the run, and exactly it. */
function cites(figure: Figure, from: { plan: object; toJSON(): object }): void {
  assert.deepEqual(
    figure.runs?.map((run) => run.sha256),
    [runOf(from.plan, from.toJSON()).sha256],
  );
}

test("a comparison: shares, times and metrics come in the form and order of its strategies", async () => {
  const { strategies: rows } = compared.comparison;
  assert.deepEqual(
    compared.successRates().map((r) => [r.name, r.value, r.low, r.high, r.basis]),
    rows.map(({ name, successRate: s, granted, asked }) => [
      name,
      s.mid,
      s.low,
      s.high,
      `${granted} of ${asked} requests`,
    ]),
  );
  assert.deepEqual(compared.refused, ["buddy"], "8 MiB are beyond the largest order");
  assert.equal(compared.successRates({ over: "seeds" })[0]!.low, rows[0]!.successOverSeeds.low);
  // The same times as a SELECT gives; of a strategy that was never granted there are none.
  const select = "select latencyNs from requests where granted = 1 order by run, request";
  const [samples, ...others] = compared.latencies();
  assert.deepEqual(others, []);
  assert.equal(samples!.name, "cma");
  assert.deepEqual(
    samples!.samplesNs,
    (await compared.sql(select)).map((row) => Number(row.latencyNs)),
  );
  assert.deepEqual(
    compared.latencies({ granted: false }).map((one) => [one.name, one.samplesNs.length]),
    [["buddy", 6]],
  );
});

test("a metric is in the unit of its name, or in the one asked for; nothing set aside is 0, not unknown", () => {
  const bytes = compared.metric("idleBytes");
  assert.equal(bytes[0]!.value, compared.row("cma").metrics.idleBytes!.mid);
  assert.equal(compared.metric({ of: "idleBytes", unit: "MiB" })[0]!.value, bytes[0]!.value! / 2 ** 20);
  assert.equal(bytes[1]!.value, 0);
  assert.equal(compared.metric("latencyP50")[1]!.value, null);
  assert.deepEqual(
    compared.estimates("latencyP50").map((one) => one.name),
    ["cma"],
  );
  const { probeThpGranted: got, probeThpAsked: of } = compared.row("cma").metrics;
  assert.equal(compared.metric("probeThpShare")[0]!.value, got!.mid / of!.mid);
  assert.throws(
    () => compared.metric("idelBytes"),
    /metric: unknown name "idelBytes".*did you mean idleBytes\?/,
  );
  assert.throws(
    () => compared.metric({ of: "idleBytes", unit: "ms" }),
    /unit: unknown name "ms": known are bytes, KiB/,
  );
  assert.throws(
    () => compared.metric(["idleBytes", "refaults"]),
    /must have one unit: got idleBytes and refaults/,
  );
  assert.throws(() => compared.successRates({ only: ["cna"] }), /did you mean cma\?/);
});

test("a trade-off has names that are added, the better end of each axis, and leaves out what lacks a measure", () => {
  const both = compared.frontier(["idleBytes", "roundingBytes"], "success");
  assert.deepEqual([both.x.better, both.y.better], ["less", "more"]);
  assert.deepEqual([both.xTitle, both.yTitle], ["idleBytes + roundingBytes (MiB)", "granted (%)"]);
  assert.deepEqual(
    both.points.map((p) => [p.name, p.y]),
    [
      ["cma", 100],
      ["buddy", 0],
    ],
  );
  assert.deepEqual(
    compared.frontier("idleBytes", "latencyP95").points.map((p) => p.name),
    ["cma"],
  );
});

test("figures with one call cite the plan", async () => {
  cites(compared.chart.success(), compared);
  cites(compared.chart.latency(), compared);
  cites(compared.chart.frontier("idleBytes", "success"), compared);
  cites(compared.chart.differences(), compared);
  const bars = compared.chart.metric({ idle: "idleBytes", lost: "roundingBytes" }, { title: "price" });
  cites(bars, compared);
  assert.deepEqual(
    bars.data.map((trace) => trace.name),
    ["idle", "lost"],
  );
  cites(swept.chart.success(), swept);
  cites(await swept.chart.latency(), swept);
  cites(await swept.chart.frontier("freeBytes", "success"), swept);
  cites(await swept.chart.metric("freeBytes"), swept);
});

test("a sweep: a row for each combination, and what its runs say", async () => {
  assert.deepEqual(
    swept.successRates().map((r) => [r.name, r.value]),
    [
      ["size 1MiB", 1],
      ["size 8MiB", 0],
    ],
  );
  const rows = await swept.sql('select run, "freeBytes" from runs order by run');
  const [first, second] = rows.slice(0, 2).map((row) => Number(row.freeBytes));
  const [least] = await swept.metric("freeBytes");
  assert.equal(least!.value, (first! + second!) / 2, "the median of two runs");
  assert.deepEqual(
    (await swept.latencies()).map((one) => [one.name, one.samplesNs.length]),
    [["size 1MiB", 2]],
  );
  await assert.rejects(swept.metric("freeByte"), /did you mean freeBytes\?/);
});

test("one run is a result: granted or why not, by name what was checked", () => {
  const request = { size: "8MiB", who: "user", longtermPin: true } as const;
  const refused = experiment({ machine: PC, strategy: strategies.buddy(), request });
  assert.deepEqual([refused.ok, refused.errno], [false, -12]);
  assert.match(refused.reason!, /beyond the largest order of the buddy allocator/);
  const one = experiment({
    machine: PC,
    strategy: strategies.cma({ area: "64MiB" }),
    request: { size: "8MiB" },
  });
  assert.deepEqual([one.ok, one.errno, one.reason, one.details], [true, 0, null, null]);
  assert.equal(one.metric("freeBytes"), one.outcome.metrics.freeBytes);
  assert.equal(one.constraint("contiguity").ok, true);
  assert.throws(() => one.constraint("contigiuty"), /did you mean contiguity\?/);
  assert.deepEqual(readRun(JSON.stringify(one)), one.outcome);
  cites(one.chart.latency(), one);
  // @ts-expect-error a plan has a request
  assert.throws(() => experiment({ machine: PC, strategy: strategies.cma() }), /request/);
});

test("a running machine: what became of its requests, and pictures of it", () => {
  const m = machine("raspberry-pi-4").memory("1GiB").cma("256MiB").running();
  m.fill("anon", { share: 0.97 }).free(0.4).pin(0.01);
  const refused = m.cmaAlloc("64MiB", { timeline: true });
  const granted = m.allocPages(0);
  assert.deepEqual(
    m.successRates().map((r) => [r.name, r.value, r.basis]),
    [
      ["cma_alloc", 0, "0 of 1 requests"],
      ["alloc_pages", 1, "1 of 1 requests"],
    ],
  );
  assert.deepEqual(m.latencies(), [{ name: "alloc_pages", samplesNs: [granted.latencyNs] }]);
  assert.equal(m.metric("pgmigrate_success"), m.toJSON().counters.pgmigrate_success);
  assert.throws(() => m.metric("pgmigrate"), /metric: unknown name "pgmigrate"/);
  const [cause] = refused.causes;
  assert.match(
    refused.reason!,
    new RegExp(`In the way: ${cause!.pages} pages.* ${cause!.why}. Would free it: `),
  );
  for (const figure of [
    refused.chart.blockers(),
    refused.chart.timeline(),
    m.chart.holders(),
    m.chart.blocks(),
  ])
    cites(figure, m);
  assert.throws(() => granted.chart.blockers(), /blockers: the request was granted/);
  assert.deepEqual([granted.reason, granted.details, granted.causes], [null, null, []]);
  assert.deepEqual(
    [granted.latencyUs, granted.explain()],
    [granted.latencyNs / 1000, `granted: 1 pages from frame ${granted.pfn} on`],
  );
});
