/** Plans whose machine is the same share it, and nobody can tell from the outcomes. */
import assert from "node:assert/strict";
import test from "node:test";
import { Checkpoint } from "../../lib/base/checkpoint";
import type { Finished, Task } from "../../lib/experiment/executor";
import { inBatches, Ready } from "../../lib/experiment/executor";
import { Histories, inParts, PART_MOST, partSize } from "../../lib/experiment/histories";
import type { Plan } from "../../lib/experiment/plan";
import { PlanNames } from "../../lib/experiment/plan-names";
import { run, runTogether, sharingKey } from "../../lib/experiment/run";
import { runPlans } from "../../lib/experiment/run-plans";
import { runAllToText, runToText, sharing } from "../../lib/experiment/run-text";
import { System } from "../../lib/machine/system";
import { resolveStrategy, STRATEGIES } from "../../lib/strategy";
import { WORKLOADS } from "../../lib/workload";
import { WorkloadRun } from "../../lib/workload/scheduler";
import type { WorkloadSpec } from "../../lib/workload/workload";
import { asking } from "../support/strategies";

const MiB = 2 ** 20;
const SHARERS = ["alloc-contig-pages", "hugetlb-runtime", "iommu"];

const plan = (name: string, workload: WorkloadSpec, seed = 1): Plan => ({
  format: 2,
  machine: { board: "pc-x86-64", memoryBytes: 256 * MiB },
  workload,
  strategy: { name },
  request: { bytes: 8 * MiB, times: 2, held: 2, who: "user", longtermPin: true },
  seed,
});

for (const board of ["pc-x86-64", "raspberry-pi-4"])
  test(`${board}: prepare() changes the machine where the strategy says so, and only there`, () => {
    for (const strategy of STRATEGIES.values()) {
      const { parameters } = resolveStrategy({ name: strategy.name });
      const request = asking(4 * MiB);
      const system = System.boot(strategy.machine({ board, memoryBytes: 2 ** 30 }, parameters, request));
      const checkpoint = new Checkpoint(system);
      strategy.prepare(system, parameters, request);
      const changes = checkpoint.changes();
      checkpoint.release();
      assert.equal(changes.length > 0, strategy.takesAtBoot === true, `${strategy.name}: ${changes}`);
    }
  });

for (const [kind, { parameters }] of WORKLOADS) {
  if (kind === "recorded-trace" || !("duration" in parameters)) continue;
  test(`shared under ${kind}: every outcome is that of a machine of its own`, () => {
    const workload = {
      sequence: [
        { kind, duration: "20s" },
        { kind, duration: "endless" },
      ],
    };
    const plans = SHARERS.map((name) => plan(name, workload));
    assert.ok(plans.every((p) => sharing(plans[0]!, p)));
    assert.deepEqual(runAllToText(plans), plans.map(runToText));
  });
}

test("plans that share no machine are run one by one: their records and their areas at boot are kept", () => {
  const quiet: WorkloadSpec = { kind: "kernel-build", duration: "1s" };
  const recording = { ...plan("buddy", quiet), record: {} };
  assert.ok(run(recording).recorded !== undefined);
  assert.deepEqual(runTogether([recording, recording]), [run(recording), run(recording)]);
  const area = plan("cma", quiet);
  assert.deepEqual(runTogether([area, area]), [run(area), run(area)]);
});

test("machines differ: by seed, by workload, by what the strategy wants of the boot, and where it takes memory then", () => {
  const quiet: WorkloadSpec = { kind: "kernel-build", duration: "1s" };
  const one = plan("buddy", quiet);
  assert.ok(sharing(one, plan("iommu", quiet)));
  assert.ok(sharing(one, { ...one, request: { bytes: MiB } }));
  assert.ok(!sharing(one, plan("buddy", quiet, 2)));
  assert.ok(!sharing(one, plan("buddy", { kind: "kernel-build", duration: "2s" })));
  assert.ok(!sharing(one, plan("cma", quiet)));
  assert.ok(!sharing(plan("carve-out", quiet), plan("carve-out", quiet)));
  assert.equal(sharingKey({ ...one, machine: { board: "server-x86-64", memoryBytes: 2 ** 40 } }), null);
});

test("a plan that cannot be run fails alone, in its place", () => {
  const quiet: WorkloadSpec = { kind: "kernel-build", duration: "1s" };
  const plans = [plan("buddy", quiet), plan("iommu", quiet), plan("buddy", quiet)];
  plans[1]!.request.held = 0.5;
  const texts = runAllToText(plans);
  assert.deepEqual(
    texts.map((t) => t.state),
    ["ok", "refused", "ok"],
  );
  assert.deepEqual(texts, plans.map(runToText));
});

test("nobody ages a machine for plans that cannot be run, and an error of ageing is told to each", (t) => {
  const unread = { kind: "recorded-trace", path: "nowhere", sha256: "0", duration: "1h" };
  const late: WorkloadSpec = { sequence: [{ kind: "kernel-build", duration: "1s" }, unread] };
  const odd = plan("hugetlb-runtime", { kind: "kernel-build", duration: "1s" });
  odd.strategy.pageBytes = 3 * MiB;
  const steps = t.mock.method(WorkloadRun.prototype, "toEnd");
  const both = { ...odd, workload: late };
  const plans = [
    plan("buddy", late),
    plan("iommu", late),
    both,
    odd,
    { ...odd, request: { bytes: 4 * MiB } },
  ];
  const texts = runAllToText(plans);
  assert.deepEqual(
    texts.map(({ state }) => state),
    ["refused", "refused", "refused", "refused", "refused"],
  );
  assert.match(texts[2]!.text, /hugetlb/, "alone, it is refused before its machine ages");
  assert.equal(steps.mock.callCount(), 0);
  assert.deepEqual(texts, plans.map(runToText));
});

test("plans with one history follow one another wherever they lie, in parts of nearly equal size", () => {
  const quiet: WorkloadSpec = { kind: "kernel-build", duration: "1s" };
  const names = new PlanNames();
  const histories = new Histories();
  const order = ["buddy", "cma", "iommu", "carve-out", "map-contig", "carve-out"].flatMap((name) =>
    [1, 2].map((seed) => plan(name, quiet, seed)),
  );
  const found = order.map((p) => histories.of(p, names.nameOf(p)));
  assert.deepEqual(found, [0, 1, 2, 3, 0, 1, 4, 5, 0, 1, 6, 7]);
  assert.deepEqual([...inParts(found, 4)], [[0, 4, 8], [1, 5, 9], [2], [3], [6], [7], [10], [11]]);
  assert.deepEqual([...inParts([5, 5, 9, 5, 5, 5], 4)], [[0, 1], [3, 4, 5], [2]]);
  assert.deepEqual([...inParts([], 4)], []);
  assert.deepEqual(
    [partSize(10, 2), partSize(40, 2), partSize(1e5, 2), partSize(40, 16)],
    [4, 5, PART_MOST, 4],
  );
});

test("equal plans of several stretches: the first of them is not kept back until others come", async () => {
  const first = plan("buddy", { kind: "kernel-build", duration: "1s" });
  const plans = { count: 2 ** 18 + 1, at: () => first };
  const ready = new Ready<Finished>();
  const sent: number[] = [];
  const carrier = {
    limit: 256,
    enough: () => 256,
    room: () => true,
    idle: () => true,
    send: (batch: Task[]) => {
      sent.push(batch.length);
      ready.push(...batch.map((task) => ({ task, text: "{}", state: "ok" as const })));
    },
  };
  const executor = {
    threads: 1,
    execute: (parts: AsyncIterator<Task[]>, signal: AbortSignal) => inBatches(parts, carrier, ready, signal),
    close: async () => {},
  };
  const done = await runPlans(plans, { executor });
  assert.equal(done.run + done.fromStore, plans.count);
  assert.deepEqual(new Set(sent), new Set([1]));
});

test("a part is never divided, and every task arrives once", async () => {
  const parts: Task[][] = [3, 1, 2, 6, 1, 1].map((size, part) =>
    Array.from({ length: size }, (_, i) => ({
      index: part * 10 + i,
      plan: plan("buddy", { kind: "kernel-build", duration: "1s" }),
      hash: "",
    })),
  );
  const ready = new Ready<Finished>();
  const batches: number[][] = [];
  const carrier = {
    limit: 5,
    enough: () => 4,
    room: () => true,
    idle: () => true,
    send: (batch: Task[]) => {
      batches.push(batch.map((t) => t.index));
      ready.push(...batch.map((task) => ({ task, text: "", state: "ok" as const })));
    },
  };
  const seen: number[] = [];
  async function* source() {
    yield* parts;
  }
  for await (const f of inBatches(source(), carrier, ready, new AbortController().signal))
    seen.push(f.task.index);
  assert.deepEqual(
    seen,
    parts.flat().map((t) => t.index),
  );
  assert.deepEqual(batches, [
    [0, 1, 2, 10],
    [20, 21],
    [30, 31, 32, 33, 34, 35],
    [40, 50],
  ]);
});
