/** Workloads that measure their own requests: what they report, held to what is heard at the machine. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { run, runTogether } from "../../lib/experiment/run";
import { experiment } from "../../lib/fluent/experiment";
import { machine } from "../../lib/fluent/machine";
import { workload } from "../../lib/fluent/workload";
import { validate } from "../../lib/mm/reports/validate";
import { parsePlan } from "../../lib/plan/run";
import { resolveParameters, workloadKind } from "../../lib/workload";
import { Probe, type ProbeFigures } from "../../lib/workload/probe";
import { WorkloadRun } from "../../lib/workload/scheduler";
import { threadCounts } from "../../lib/workload/thread-rounds";
import type { LeafWorkload } from "../../lib/workload/workload";
import { pagesByKind, pc } from "./small";

function probesOf(spec: LeafWorkload, options = {}, mebibytes = 256): ProbeFigures[] {
  const run = new WorkloadRun(pc(mebibytes, options), new Random(1));
  run.toEnd(spec);
  return run.probes();
}

const sum = (probes: readonly ProbeFigures[], key: "asked" | "granted") =>
  probes.reduce((n, probe) => n + probe[key], 0);

test("pressure: the probe asks as often as told, orders by their weights, and only huge faults if told so", () => {
  const probes = probesOf({ kind: "pressure", duration: "60s", rate: 50, orders: "0:3 4:1", huge: 2 });
  assert.deepEqual(
    probes.map((p) => p.name),
    ["order0", "order4", "hugeFault"],
  );
  assert.equal(sum(probes.slice(0, 2), "asked"), 3000);
  assert.ok(Math.abs(probes[0]!.asked - 2250) < 6 * Math.sqrt(3000 * 0.75 * 0.25), `${probes[0]!.asked}`);
  assert.equal(probes[2]!.asked, 120);
  assert.deepEqual(
    probesOf({ kind: "pressure", duration: "1s", huge: 0 }).map((p) => p.name),
    ["order0", "order3", "order9"],
  );
});

test("the quantiles of every probe are those of the times that were measured", (t) => {
  const heard = new Map<Probe, number[]>();
  const { measure } = Probe.prototype;
  t.mock.method(Probe.prototype, "measure", function (this: Probe, ...args: Parameters<Probe["measure"]>) {
    const ns = measure.apply(this, args);
    heard.set(this, [...(heard.get(this) ?? []), ns]);
    return ns;
  });
  const probes = probesOf({ kind: "stutter", duration: "4s", mapping: "4MiB", every: "10ms" });
  const times = [...heard.values()].flat().sort((a, b) => a - b);
  const { grantedNs, refusedNs } = probes[0]!;
  assert.equal(refusedNs, null);
  assert.equal(grantedNs!.samples, times.length);
  for (const [got, q] of [
    [grantedNs!.p50Ns, 0.5],
    [grantedNs!.p95Ns, 0.95],
    [grantedNs!.p99Ns, 0.99],
  ] as const) {
    const exact = times[Math.ceil(q * times.length) - 1]!;
    assert.ok(got >= exact && got <= exact * (1 + 1 / 32), `${q}: ${got} of ${exact}`);
  }
});

test("stutter: on an idle machine a mapping costs its pages, and a pause and its own time pass until the next", () => {
  const spec = { kind: "stutter", duration: "2s", mapping: "4MiB", memory: 0, copied: 0, every: "5ms" };
  const [probe] = probesOf(spec);
  const { costs } = pc(256);
  // 1,024 pages, each from a per-CPU list, cleared, and back.
  const each = 1024 * (2 * costs.pcpHit.ns + costs.zeroPage.ns);
  assert.equal(probe!.grantedNs!.maxNs, each);
  assert.equal(probe!.asked, Math.ceil(2000 / (5 + each / 1e6)));
});

test("stutter requests as many pages per second as it says", () => {
  const spec = { kind: "stutter", duration: "10s", mapping: "4MiB", memory: 0, copied: "8MiB" };
  const s = pc(256);
  const before = s.counters.allocations;
  new WorkloadRun(s, new Random(1)).toEnd(spec);
  const said = workloadKind("stutter").pagesPerSecond(resolveParameters(spec), pc(256));
  const counted = (s.counters.allocations - before) / 10;
  assert.ok(Math.abs(counted - said) < 0.02 * said, `${counted} counted, ${said} said`);
});

test("stutter: a copy and programs beyond memory slow the mapping down", () => {
  const p99 = (more: object) =>
    probesOf({ kind: "stutter", duration: "5s", mapping: "8MiB", ...more }, { swapBytes: 2 ** 28 })[0]!
      .grantedNs!.p99Ns;
  const idle = p99({ memory: 0, copied: 0 });
  assert.ok(p99({ memory: 0.9 }) > 2 * idle);
});

test("numbers of threads double up to the most", () => {
  assert.deepEqual(threadCounts(1), [1]);
  assert.deepEqual(threadCounts(6), [1, 2, 4, 6]);
  assert.deepEqual(threadCounts(8), [1, 2, 4, 8]);
});

test("fault-latency: a round is half of the mapping's areas, each counted once", () => {
  // 256 MiB × 0.5 are at most 64 areas of 2 MiB: less what the kernel does not manage.
  const areas = Math.floor((pc(256).managedPages * 0.5) / 512) >> 1;
  // One thread: one round of `areas` faults, 100 a second; then two threads need half the time.
  const seconds = areas / 100 + Math.ceil(areas / 2) / 100;
  const spec = { kind: "fault-latency", memory: 0.5, threads: 2, faults: 100 };
  const probes = probesOf({ ...spec, duration: `${Math.round(seconds * 1000) - 1}ms` });
  assert.deepEqual(
    probes.map((p) => [p.name, p.asked]),
    [
      ["threads1", areas],
      ["threads2", areas],
    ],
  );
});

for (const kind of ["thp-challenge", "fault-latency"])
  test(`${kind}: compaction is what huge pages need`, () => {
    const share = (compaction: boolean) => {
      const options = { compaction, thpDefrag: "always" as const };
      const probes = probesOf(
        { kind, duration: "30s", ...(kind === "thp-challenge" && { warmup: "15s" }) },
        options,
      );
      return sum(probes, "granted") / sum(probes, "asked");
    };
    const [without, compacted] = [share(false), share(true)];
    assert.ok(compacted > without + 0.05, `${without} without, ${compacted} with compaction`);
  });

test("System.split: the parts of a huge page are pages of their own, and half of them can be freed", () => {
  const s = pc(256);
  const before = pagesByKind(s).get("anon") ?? 0;
  const slot = s.allocHuge();
  const first = s.slots.pfn[slot]!;
  const parts = s.split(slot);
  assert.deepEqual(
    [...parts].map((part) => s.slots.pfn[part]),
    Array.from({ length: 512 }, (_, i) => first + i),
  );
  for (const part of parts.subarray(256)) s.free(part);
  assert.equal(pagesByKind(s).get("anon"), before + 256);
  validate(s.memory, "everything", { ownersKnown: true });
  for (const part of parts.subarray(0, 256)) s.free(part);
  assert.equal(pagesByKind(s).get("anon") ?? 0, before);
  assert.throws(() => s.split(parts[0]!), /no whole page in memory/);
  const single = s.alloc("anon");
  assert.deepEqual([...s.split(single)], [single]);
});

const PLAN = {
  machine: { board: "pc-x86-64", memory: "256MiB" },
  workload: { kind: "pressure", duration: "endless", orders: "0 9" },
  strategy: { name: "buddy" },
  request: { size: "1MiB", times: 5, gapMs: 1000 },
};

test("a run reports the probes of its workload, as data and as metrics; others report none", () => {
  const outcome = run(parsePlan(PLAN));
  const nine = outcome.probes!.find((p) => p.name === "order9")!;
  assert.equal(outcome.metrics.pressureOrder9Asked, nine.asked);
  assert.equal(outcome.metrics.pressureOrder9Share, nine.granted / nine.asked);
  assert.equal(outcome.metrics.pressureOrder9P99Ns, nine.grantedNs!.p99Ns);
  assert.ok(!("probes" in run(parsePlan({ ...PLAN, workload: { kind: "churn", duration: "1s" } }))));
});

test("plans that share a machine get the probes that they get alone", () => {
  const plans = [PLAN, { ...PLAN, strategy: { name: "alloc-contig-pages" } }].map((plan) => parsePlan(plan));
  assert.deepEqual(
    runTogether(plans),
    plans.map((plan) => run(plan)),
  );
});

test("two workloads of a kind keep their figures apart", () => {
  const leaf = { kind: "pressure", duration: "2s", orders: "0", huge: 0 };
  const run = new WorkloadRun(pc(256), new Random(1));
  run.toEnd({ together: [leaf, leaf] });
  assert.deepEqual(
    run.probes().map((p) => p.workload),
    ["pressure", "pressure2"],
  );
});

test("results and machines show probes as rows and charts", () => {
  const result = experiment(PLAN as never);
  assert.equal(
    result.metric({ of: "pressureOrder9P99Ns", unit: "ns" }),
    result.outcome.metrics.pressureOrder9P99Ns,
  );
  const granted = result.probes().filter((p) => p.grantedNs !== null).length;
  const refused = result.probes().filter((p) => p.refusedNs !== null).length;
  // Curves that coincide are drawn once.
  const drawn = result.chart.probeLatency().data.length;
  assert.ok(granted + refused > 1 && drawn > 1, `${drawn} for ${granted + refused}`);
  assert.ok(result.chart.probeSuccess().data.length > 0);
  const m = machine("pc-x86-64").memory("256MiB").running();
  assert.deepEqual(m.probes(), []);
  m.apply(workload.pressure({ duration: "2s" }));
  assert.deepEqual(
    m.probes().map((p) => p.name),
    ["order0", "order3", "order9", "hugeFault"],
  );
  assert.ok(m.chart.probeLatency().data.length > 0);
  m.start(workload.stutter({ duration: "endless", mapping: "1MiB" })).pass("1s");
  assert.deepEqual(
    m.probes().map((p) => p.workload),
    ["stutter"],
  );
});
