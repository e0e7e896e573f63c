/**
 * Law: a change that answers what the kernel answers leaves every outcome and every place on every list as they are, on all releases.
 * This holds the stock rules of the decision points to the engine's own code.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { canonicalJson } from "../../lib/base/canonical-json";
import { type ChangePoints, change } from "../../lib/change/change";
import type { BoundChange } from "../../lib/change/decide";
import { installChange } from "../../lib/change/install";
import { POINT_NAMES, type PointName } from "../../lib/change/points";
import { run } from "../../lib/experiment/run";
import { KERNEL_RELEASES } from "../../lib/hardware/kernel-release";
import { System } from "../../lib/machine/system";
import { bootMemory, type KernelShape } from "../../lib/mm/boot/boot-memory";
import { compactMemory } from "../../lib/mm/compaction/compaction";
import { parsePlan } from "../../lib/plan/run";
import { replay } from "../../lib/trace/replay";
import { loadEngine } from "../laws/engine";
import { randomPlan } from "../laws/random-plan";
import { runPlan } from "../laws/run-plan";
import { differences } from "../laws/same-machine";

/** The identity at some points. */
function identity(points: readonly PointName[] = POINT_NAMES) {
  const decide = Object.fromEntries(
    points.map((point) => [point, new Function("given", "stock", `return stock.${point}(given);`)]),
  );
  return change({ name: "identity", ...(decide as ChangePoints) });
}

const ALL = identity().toJSON();

test("random machines and operations: the same frames in the same order", () => {
  const engine = loadEngine();
  let events = 0;
  const changed = {
    ...engine,
    bootMemory: (shape: KernelShape) => {
      const m = bootMemory(shape);
      const bound: BoundChange = installChange(m, ALL);
      counted.push(bound);
      return m;
    },
  };
  const counted: BoundChange[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    const plan = randomPlan(seed, 250);
    assert.deepEqual(runPlan(changed, plan, 250), runPlan(engine, plan, 250), `seed ${seed}`);
  }
  for (const bound of counted) events += bound.events;
  assert.ok(events > 10_000, `the points were asked: ${events}`);
});

/** A machine under pressure, with CMA, swap, file pages and slabs. */
const planOf = (kernel: string, code: object | null) =>
  parsePlan({
    machine: { board: "pc-x86-64", memory: "256MiB", kernel, cma: "32MiB", ...(code && { change: code }) },
    system: { swap: "64MiB" },
    workload: {
      together: [
        { kind: "kernel-build", duration: "4s" },
        { kind: "slab-growth", duration: "4s" },
        { kind: "file-server", duration: "4s" },
      ],
    },
    strategy: "cma",
    request: { size: "2MiB", times: 3 },
    seed: 3,
  } as never);

for (const kernel of KERNEL_RELEASES)
  test(`a plan on ${kernel}: the same outcome`, () => {
    const stock = run(planOf(kernel, null));
    const changed = run(planOf(kernel, ALL));
    assert.notEqual(changed.plan, stock.plan, "under another name");
    assert.match(changed.remarks.at(-1)!, /change "identity" \([0-9a-f]{12}\)/);
    const bare = ({ plan: _plan, remarks: _remarks, decisions: _decisions, ...rest }: typeof stock) =>
      canonicalJson(rest);
    assert.equal(bare(changed), bare(stock));
    assert.equal(stock.decisions, undefined);
    const { point, asked, otherwise } = changed.decisions!;
    assert.deepEqual(point, POINT_NAMES);
    for (const often of ["listEnd", "kswapdWake", "kswapdBalanced"] as const)
      assert.ok(asked[point.indexOf(often)]! > 1000, often);
    assert.ok(asked[point.indexOf("kcompactdWake")]! > 0);
    assert.deepEqual(new Set(otherwise), new Set([0]), "it never answered otherwise");
  });

/** What a machine does to ask every point. */
function busy(system: System): void {
  const slots: number[] = [];
  for (let i = 0; i < 90_000; i++) {
    const slot = i % 7 === 0 ? system.alloc("fileClean") : system.alloc("anon");
    if (slot >= 0) slots.push(slot);
    if (i % 11 === 0) system.allocFixed("slab");
    if (i % 3 === 0 && slots.length > 100) system.free(slots.splice((i * 7919) % slots.length, 1)[0]!);
  }
  for (let i = 0; i < 200; i++) system.allocHuge();
  compactMemory(system.memory);
  system.advanceTo(5000);
}

/** Releases between the modelled ones have rules of their own. */
const BETWEEN = ["5.4", "5.10", "5.15", "6.6", "6.8"];

for (const kernel of [...KERNEL_RELEASES, ...BETWEEN])
  test(`a machine on ${kernel}: the same to the last place on a list`, () => {
    const request = { board: "pc-x86-64", memoryBytes: 2 ** 28, kernel };
    const options = { swapBytes: 2 ** 24, bulk: false };
    const stock = System.boot(request as never, options);
    const changed = System.boot({ ...request, change: ALL } as never, options);
    const { change: bound } = changed;
    busy(stock);
    busy(changed);
    assert.ok(bound!.events > 1000);
    // What tells the machines apart, and nothing else.
    changed.memory.change = null;
    changed.memory.fallbackPfn = stock.memory.fallbackPfn;
    changed.memory.lastTaken = null;
    Object.assign(changed, { change: null, booted: stock.booted });
    assert.deepEqual(differences(stock, changed), []);
  });

const RECORDINGS = ["x86-6.1/boot-8G", "arm64-cma/c2-4k-cmaalloc"];

for (const name of RECORDINGS)
  test(`the recording ${name} is predicted as before`, async () => {
    const dir = join(__dirname, "../fixtures", name);
    const stock = await replay(dir);
    const changed = await replay(dir, { prepare: (memory) => void installChange(memory, ALL) });
    assert.deepEqual(changed.result, stock.result);
    assert.equal(changed.result.mismatches, 0);
  });
