/** The dials of churn, counted on the machine from outside. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import type { System } from "../../lib/machine/system";
import { validate } from "../../lib/mm/reports/validate";
import { resolveParameters } from "../../lib/workload";
import { WorkloadRun } from "../../lib/workload/scheduler";
import type { LeafWorkload } from "../../lib/workload/workload";
import { layoutHash, pagesByKind, pc, runOn } from "./small";

/** Pages that churn is to hold on a fresh machine: by hand, from the machine's own figures. */
function heldOn(s: System, fill: number): number {
  return Math.floor(s.managedPages * fill) - (s.managedPages - s.freePages);
}

const grown = (s: System, before: Map<string, number>, kind: string) =>
  (pagesByKind(s).get(kind) ?? 0) - (before.get(kind) ?? 0);

for (const [unmovable, reclaimable] of [
  [0, 0],
  [0.1, 0.05],
  [0.5, 0.25],
  [1, 0],
] as const)
  test(`unmovable ${unmovable}, reclaimable ${reclaimable}: as many pages as asked, and less than a block more`, () => {
    const s = pc(256);
    const before = pagesByKind(s);
    const held = heldOn(s, 0.6);
    const spec = { kind: "churn", fill: 0.6, unmovable, reclaimable, duration: "30s", turnover: 0.05 };
    runOn(s, { ...spec, orders: "0:90 1:4 2:3 3:3" }, 3);
    const bound = 2 ** 3;
    for (const [kind, share] of [
      ["slab", unmovable],
      ["slabReclaimable", reclaimable],
      ["anon", 1 - unmovable - reclaimable],
    ] as const) {
      const over = grown(s, before, kind) - held * share;
      assert.ok(over > -1 && over < bound + 1, `${kind}: ${over} beyond ${held * share}`);
    }
    validate(s.memory, "everything", { ownersKnown: true });
  });

/** Everything freed and requested, as somebody hears who stands at the machine's door. */
function listen(s: System): { freed: number; asked: Map<number, number> } {
  const heard = { freed: 0, asked: new Map<number, number>() };
  const { free, freeFixed, alloc, allocFixed } = s;
  const ask = (order: number) => heard.asked.set(order, (heard.asked.get(order) ?? 0) + 1);
  Object.assign(s, {
    free(slot: number) {
      heard.freed += s.pagesOf(slot);
      free.call(s, slot);
    },
    freeFixed(pfn: number, order = 0) {
      heard.freed += 2 ** order;
      freeFixed.call(s, pfn, order);
    },
    alloc(...args: Parameters<System["alloc"]>) {
      ask(args[1] ?? 0);
      return alloc.apply(s, args);
    },
    allocFixed(...args: Parameters<System["allocFixed"]>) {
      ask(args[2] ?? 0);
      return allocFixed.apply(s, args);
    },
  });
  return heard;
}

for (const turnover of [0, 0.01, 0.2])
  test(`turnover ${turnover}: a listener counts as many pages freed`, () => {
    const s = pc(256);
    const held = heldOn(s, 0.5);
    const heard = listen(s);
    runOn(s, { kind: "churn", fill: 0.5, turnover, duration: "40s" }, 2);
    const expected = turnover * held * 40;
    assert.ok(Math.abs(heard.freed - expected) <= 0.01 * expected + 256, `${heard.freed} of ${expected}`);
  });

test("orders are drawn by their weights", () => {
  const s = pc(256);
  const heard = listen(s);
  runOn(s, { kind: "churn", fill: 0.5, turnover: 0.1, duration: "20s", orders: "0:6 2:3 4:1" }, 4);
  const n = [...heard.asked.values()].reduce((a, b) => a + b, 0);
  for (const [order, p] of [
    [0, 0.6],
    [2, 0.3],
    [4, 0.1],
  ] as const) {
    const k = heard.asked.get(order) ?? 0;
    assert.ok(Math.abs(k - n * p) < 6 * Math.sqrt(n * p * (1 - p)), `order ${order}: ${k} of ${n}`);
  }
});

const ENDLESS: LeafWorkload[] = [
  { kind: "churn", turnover: 0.05 },
  { kind: "pressure", anon: 0.8 },
  { kind: "thp-challenge", warmup: "2s", threads: 2 },
  { kind: "stutter", mapping: "2MiB" },
  { kind: "fault-latency", threads: 2 },
];

for (const spec of ENDLESS)
  test(`${spec.kind}: run in pieces, it leaves the machine that it leaves in one`, () => {
    const after = (pieces: readonly number[]) => {
      const s = pc(256, { swapBytes: 2 ** 27 });
      const run = new WorkloadRun(s, new Random(9));
      run.start({ ...spec, duration: "endless" });
      for (const ms of pieces) run.runUntil(ms);
      return { layout: layoutHash(s), probes: run.probes(), nowMs: s.nowMs };
    };
    assert.deepEqual(after([1, 950, 4321, 4322, 9000, 15_000]), after([15_000]));
  });

for (const spec of ENDLESS)
  test(`${spec.kind}: it takes no more slots in five times the time`, () => {
    const s = pc(256, { swapBytes: 2 ** 27 });
    const run = new WorkloadRun(s, new Random(9));
    run.start({ ...spec, duration: "endless" });
    run.runUntil(10_000);
    const slots = s.slots.pfn.length;
    run.runUntil(50_000);
    assert.equal(s.slots.pfn.length, slots);
  });

test("orders that nobody can mean, or that the machine does not have, are refused", () => {
  for (const orders of ["", "x", "3:", "0:0", "1 1", "21", "0:1:2", "-1", "0:1e5"])
    assert.throws(
      () => resolveParameters({ kind: "churn", orders }),
      /workload churn: orders: must be different orders/,
    );
  for (const kind of ["churn", "pressure"])
    assert.throws(
      () => runOn(pc(256), { kind, orders: "0 11", duration: "1s" }),
      /orders: this machine has blocks up to order 10: got 11/,
    );
});
