/** The scripting surface of experiments: what it makes is the plan, what it gives is computed from the runs. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { Cancelled, compare, compareScenario, machine, range, strategies, sweep, workload } from "../../lib";
import { camel } from "../../lib/base/spelling";
import { DISPLAY } from "../../lib/notebook/display";
import { bundleOf } from "../../lib/notebook/show";
import { parsePlan, planHash } from "../../lib/plan/run";
import { runPlan } from "../../lib/report/plan-kinds";
import { RUNS_MIME, shownSha256 } from "../../lib/report/runs";
import { STRATEGIES } from "../../lib/strategy";
import { WORKLOADS } from "../../lib/workload";
import { partsOf } from "../../lib/workload/scheduler";

const pi = machine("raspberry-pi-4").memory("1GiB");
const small = compare(strategies.buddy(), strategies.cma({ area: "32MiB" }))
  .on(pi)
  .under(workload.kernelBuild({ duration: "500ms", jobs: 2, rss: "8MiB" }))
  .asking({ size: "16MiB", times: 3 })
  .store("none");

test("workloads compose to plain specs, and a workload awaited is its spec", async () => {
  const build = workload.kernelBuild("2h");
  const endless = workload.kernelBuild({ duration: "endless" });
  const spec = { sequence: [build.toJSON(), endless.toJSON()] };
  assert.deepEqual(build.then(endless).toJSON(), spec);
  assert.deepEqual(endless.after(build).toJSON(), spec);
  assert.deepEqual(build.with(endless).toJSON(), { together: [build.toJSON(), endless.toJSON()] });
  assert.deepEqual(build.during(endless).toJSON(), { together: [endless.toJSON(), build.toJSON()] });
  assert.deepEqual(await (build as unknown as PromiseLike<unknown>), {
    kind: "kernel-build",
    duration: "2h",
  });
  assert.equal(build.lastsMs, 7_200_000);
  assert.throws(() => workload.kernelBuild({ jbs: 2 } as never), /did you mean jobs\?/);
});

test("after(), then(), with() and a plan file make one plan of one experiment, with and without a duration, however they nest", () => {
  const { mix, uptime, networkServer, camera } = workload;
  const ways = [
    networkServer().after(uptime("1 hour").after(mix({ movable: 0.5 }))),
    networkServer()
      .after(uptime("1 hour"))
      .after(mix({ movable: 0.5 })),
    mix({ movable: 0.5 }).then(uptime("1 hour")).then(networkServer()),
    mix({ movable: 0.5 }).then(uptime("1 hour").then(networkServer())),
  ];
  const written = parse(`
machine: { board: pc-x86-64, memory: 256MiB }
strategy: buddy
workload:
  sequence:
    - { kind: mix, movable: 0.5 }
    - { kind: uptime, duration: 1 hour }
    - { kind: network-server }
request: { size: 2MiB }
`);
  const name = planHash(parsePlan(written));
  for (const one of ways) {
    assert.equal(planHash(parsePlan({ ...written, workload: one })), name);
    // The default of its table, an hour: nothing goes on during the requests.
    assert.equal(partsOf(one.toJSON()).during, null);
  }
  const endless = partsOf(networkServer("endless").after(uptime("1 hour")).toJSON());
  assert.deepEqual(endless.during, { kind: "network-server", duration: "endless" });
  const side = [networkServer().with(camera()).with(mix()), networkServer().with(camera().with(mix()))];
  const together = [{ kind: "network-server" }, { kind: "camera" }, { kind: "mix" }];
  for (const one of side) assert.deepEqual(one.toJSON(), { together });
});

test("every workload and strategy has a maker, in camelCase and under its name in plans", () => {
  assert.deepEqual(Object.keys(workload), [...WORKLOADS.keys()].map(camel));
  assert.deepEqual(Object.keys(strategies), [
    ...[...STRATEGIES.keys()].map(camel),
    "cmaDebate",
    "rdmaDebate",
  ]);
  const byPlanName = strategies as unknown as Record<string, unknown>;
  assert.equal(byPlanName["cma-4k"], strategies.cma4k);
  assert.equal((workload as unknown as Record<string, unknown>)["kernel-build"], workload.kernelBuild);
});

test("a bad value of a parameter is refused where it is written", () => {
  assert.throws(
    () => strategies.iommu({ mode: "iomuu" as never }),
    /unknown name "iomuu".*did you mean iommu\?/,
  );
  assert.throws(
    () => strategies.cma({ area: "64X" }),
    /strategy cma: area: must be a size or "auto": got "64X"/,
  );
  assert.throws(() => strategies.cma({ aera: "64M" } as never), /did you mean area\?/);
  assert.throws(() => strategies.reservation({ pages: -1 }), /pages: must be a whole number/);
  assert.throws(() => workload.kernelBuild({ compile: "endless" }), /compile: must be at most 3650 days/);
});

test("a comparison: rows, intervals, verdicts, and a hash that comes again", async () => {
  const result = await small.seeds(8).run();
  const [buddy, cma] = result.comparison.strategies;
  assert.deepEqual([buddy!.asked, buddy!.granted, cma!.granted], [24, 0, 24]);
  assert.equal(buddy!.latencyNs, null);
  assert.ok(cma!.latencyNs!.p50 > 0 && cma!.latencyNs!.p99 >= cma!.latencyNs!.p50);
  assert.ok(cma!.successRate.low > 0.8 && cma!.successRate.high === 1);
  assert.ok(cma!.successOverSeeds.low < cma!.successRate.low, "requests of one seed are not independent");
  const [pair] = result.comparison.pairs;
  assert.equal(pair!.decided, true);
  assert.match(pair!.verdict, /^cma grants more than buddy: 100\.0 percentage points/);
  assert.equal((await small.seeds(8).workers(1).run()).resultsHash, result.resultsHash);
  const few = (await small.seeds(3).run()).comparison.pairs[0]!;
  assert.equal(few.decided, false);
  assert.match(few.verdict, /^3 seeds do not suffice to tell buddy from cma apart .*about 6 seeds would/);
  assert.match(
    result.explain("buddy"),
    /^buddy: 0 of 24 .*\nSeed 1, request 1: order 12 is beyond the largest order/,
  );
  assert.throws(() => result.explain("cna"), /did you mean cma\?/);
  const rows = await result.sql(
    "select strategy_name as s, sum(granted) as g from runs group by 1 order by 1",
  );
  assert.deepEqual(rows, [
    { s: "buddy", g: 0 },
    { s: "cma", g: 24 },
  ]);
  const folder = mkdtempSync(join(tmpdir(), "pageblock-fluent-"));
  await result.toCSV(join(folder, "r.csv"));
  await result.toParquet(join(folder, "r.parquet"), "requests");
  assert.equal(readFileSync(join(folder, "r.csv"), "utf8").trim().split("\n").length, 17);
  rmSync(folder, { recursive: true });
  const bundle = result[DISPLAY]();
  assert.match(String(bundle["text/html"]), /<table>.*cma grants more than buddy/s);
  assert.match(String(bundle["text/plain"]), /times are modelled/);
});

test("what is missing or wrong is named", () => {
  assert.throws(() => compare(), /at least one strategy/);
  assert.throws(() => compare(strategies.buddy()).plan(), /needs a machine: \.on\(/);
  assert.throws(() => compare(strategies.buddy()).on(pi).plan(), /needs a request: \.request\(/);
  assert.throws(
    () => small.asking({ size: "1MiB", tmes: 2 } as never).plan(),
    /request\.tmes: .*did you mean times\?/,
  );
  assert.throws(() => compareScenario("cma-64k-po"), /did you mean cma-64k-pi\?/);
  assert.throws(
    () => compare(strategies.cma(), strategies.cma()).on(pi).asking({ size: 1 }).plan(),
    /two strategies are called "cma"/,
  );
  assert.ok(compare(strategies.cmaDebate()).on(pi).asking({ size: "1MiB" }).plan().strategies.length >= 2);
});

const swept = (over: Parameters<ReturnType<typeof sweep>["over"]>[0]) =>
  sweep({
    machine: { board: "qemu-virt", memory: "512MiB", kernel: "6.19" },
    strategy: { name: "cma", area: "16MiB" },
    request: { size: "4MiB", times: 2, held: 2 },
  }).over(over);

test("a sweep has a plan that gives it again, and counts runs of all seeds together", async () => {
  const result = await swept({ size: ["4MiB", "8MiB", "64MiB"], seed: range(1, 3) })
    .store("none")
    .workers(1)
    .run();
  assert.deepEqual(result.parameters, ["size"]);
  const counted = result.points.map((p) => [p.values[0], p.runs + p.failedRuns, p.asked, p.granted]);
  assert.deepEqual(counted, [
    ["4MiB", 3, 6, 6],
    ["8MiB", 3, 6, 6],
    ["64MiB", 3, 6, 0],
  ]);
  assert.equal(result.points[2]!.latencyNs, null);
  assert.ok(result.points[0]!.latencyNs!.p50 > 0);
  assert.deepEqual(await runPlan(result.plan), JSON.parse(JSON.stringify(result)));
  const changed = { ...result.plan, over: { ...result.plan.over, size: ["4MiB", "8MiB", "32MiB"] } };
  assert.notDeepEqual(await runPlan(changed), JSON.parse(JSON.stringify(result)));
  const bundle = result[DISPLAY]();
  assert.match(
    String(bundle["text/html"]),
    /<caption[^>]*>9 runs over size<.*<td[^>]*>64MiB<.*Times are modelled/s,
  );
  assert.match(String(bundle["text/plain"]), /64MiB \| 3 \| 6 \| 0 \| 0\.0 \(0\.0 to 39\.0\) \| –/);
  assert.throws(() => result.heatMap(), /two parameters: this sweep varies size/);
});

test("a sweep over two parameters shows itself as a heat map, and charts can be drawn from it", async () => {
  const result = await swept({ size: ["4MiB", "64MiB"], kernel: ["4.17", "6.1"], seed: [1, 2] })
    .store("none")
    .workers(1)
    .run();
  const figure = result.heatMap({ title: "Granted", across: "size" });
  const [map] = figure.data as unknown as { x: unknown[]; y: unknown[]; z: number[][] }[];
  assert.deepEqual(
    [map!.x, map!.y],
    [
      ["4MiB", "64MiB"],
      ["4.17", "6.1"],
    ],
  );
  assert.deepEqual(map!.z, [
    [100, 0],
    [100, 0],
  ]);
  const bundle = result[DISPLAY]();
  assert.ok(bundle["application/vnd.plotly.v1+json"]);
  assert.match(String(bundle["text/plain"]), /^8 runs over size and kernel/);
  for (const shown of [bundle, bundleOf(figure)]) {
    const stored = shown[RUNS_MIME] as { runs: { plan: { kind: string }; sha256: string }[]; shown: string };
    assert.deepEqual(
      stored.runs.map((run) => run.plan.kind),
      ["sweep"],
    );
    assert.equal(stored.shown, shownSha256(shown));
  }
  assert.throws(() => result.heatMap({ across: "memory" }), /across must be one of size, kernel: got memory/);
});

test("a sweep from a stranger is checked: fields, parameters, and how many", async () => {
  const { plan } = await swept({ seed: [1] })
    .store("none")
    .workers(1)
    .run();
  await assert.rejects(runPlan({ ...plan, over: { colour: ["red"] } }), /parameter.*colour/s);
  await assert.rejects(runPlan({ ...plan, extra: 1 }), /extra/);
  await assert.rejects(
    runPlan({ ...plan, over: { seed: { from: 1, to: 1e9, step: 1 } } }),
    /at most 10000000/,
  );
  await assert.rejects(runPlan({ ...plan, over: { seed: { from: 1 } } }), /over\.seed\.to: is missing/);
});

test("a sweep over fields of a plan, and its end by a signal", async () => {
  const plan = {
    machine: { board: "qemu-virt", memory: "512MiB", kernel: "6.19" },
    strategy: { name: "cma" },
    request: { size: "4MiB" },
  };
  const few = await sweep(plan)
    .over({ pageblockOrder: [7, 9], seed: range(1, 3) })
    .store("none")
    .run();
  assert.equal(few.summary.plans, 6);
  const rows = await few.sql(
    "select machine_pageblockMaxOrder as o, count(*) as n from runs group by 1 order by 1",
  );
  assert.deepEqual(rows, [
    { o: 7, n: 3 },
    { o: 9, n: 3 },
  ]);
  const stop = new AbortController();
  const long = { ...plan, workload: { kind: "kernelBuild", duration: "4h" } };
  const running = sweep(long)
    .over({ seed: range(1, 8) })
    .store("none")
    .watched({ signal: stop.signal })
    .run();
  setTimeout(() => stop.abort(), 300);
  await assert.rejects(
    running,
    (error: Error) => error instanceof Cancelled && /stopped after \d of 8 runs/.test(error.message),
  );
});
