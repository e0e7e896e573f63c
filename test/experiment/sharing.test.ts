/** Plans whose machine is the same share it, and nobody can tell from the outcomes. */
import assert from "node:assert/strict";
import test from "node:test";
import { Checkpoint } from "../../lib/base/checkpoint";
import type { Finished, Task } from "../../lib/experiment/executor";
import { inBatches, Ready } from "../../lib/experiment/executor";
import { type Plan, planHash } from "../../lib/experiment/plan";
import { sharingKey } from "../../lib/experiment/run";
import { runAllToText, runToText, sharing } from "../../lib/experiment/run-text";
import { System } from "../../lib/machine/system";
import { resolveStrategy, STRATEGIES } from "../../lib/strategy";
import { WORKLOADS } from "../../lib/workload/kinds";
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
      const { resolved } = resolveStrategy({ name: strategy.name });
      const request = asking(4 * MiB);
      const system = System.boot(strategy.machine({ board, memoryBytes: 2 ** 30 }, resolved, request));
      const checkpoint = new Checkpoint(system);
      strategy.prepare(system, resolved, request);
      const changes = checkpoint.changes();
      checkpoint.release();
      assert.equal(changes.length > 0, strategy.takesAtBoot === true, `${strategy.name}: ${changes}`);
    }
  });

for (const [kind, { parameters }] of WORKLOADS) {
  if (kind === "recordedTrace" || !("duration" in parameters)) continue;
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

test("machines differ: by seed, by workload, by what the strategy wants of the boot, and where it takes memory then", () => {
  const quiet: WorkloadSpec = { kind: "kernelBuild", duration: "1s" };
  const one = plan("buddy", quiet);
  assert.ok(sharing(one, plan("iommu", quiet)));
  assert.ok(sharing(one, { ...one, request: { bytes: MiB } }));
  assert.ok(!sharing(one, plan("buddy", quiet, 2)));
  assert.ok(!sharing(one, plan("buddy", { kind: "kernelBuild", duration: "2s" })));
  assert.ok(!sharing(one, plan("cma", quiet)));
  assert.ok(!sharing(plan("carve-out", quiet), plan("carve-out", quiet)));
  assert.equal(sharingKey({ ...one, machine: { board: "server-x86-64", memoryBytes: 2 ** 40 } }), null);
});

test("a plan that cannot be run fails alone, in its place", () => {
  const quiet: WorkloadSpec = { kind: "kernelBuild", duration: "1s" };
  const plans = [plan("buddy", quiet), plan("iommu", quiet), plan("buddy", quiet)];
  plans[1]!.request.held = 0.5;
  const texts = runAllToText(plans);
  assert.deepEqual(
    texts.map((t) => t.state),
    ["ok", "refused", "ok"],
  );
  assert.deepEqual(texts, plans.map(runToText));
});

test("those that share a machine travel together, and every task arrives once", async () => {
  const quiet: WorkloadSpec = { kind: "kernelBuild", duration: "1s" };
  const names = ["buddy", "cma", "iommu", "carve-out", "map-contig"];
  const tasks: Task[] = [1, 2, 3, 4, 5].flatMap((seed) =>
    names.map((name) => ({ index: 0, plan: plan(name, quiet, seed), hash: "" })),
  );
  tasks.forEach((t, i) => Object.assign(t, { index: i, hash: planHash(t.plan) }));
  const ready = new Ready<Finished>();
  const batches: string[][] = [];
  const carrier = {
    most: () => 1,
    room: () => true,
    idle: () => true,
    send: (batch: Task[]) => {
      batches.push(batch.map((t) => t.plan.strategy.name));
      ready.push(...batch.map((task) => ({ task, text: "", state: "ok" as const })));
    },
  };
  const seen: number[] = [];
  async function* source() {
    yield* tasks;
  }
  for await (const f of inBatches(source(), carrier, ready, new AbortController().signal))
    seen.push(f.task.index);
  assert.deepEqual(
    seen.sort((a, b) => a - b),
    tasks.map((t) => t.index),
  );
  assert.deepEqual(batches.slice(0, 3), [["buddy", "iommu", "map-contig"], ["cma"], ["carve-out"]]);
  assert.equal(batches.length, 15);
});
