/**
 * Long uptime levels off: a machine that has been used twice as long is hardly more fragmented, measured against how much seeds differ. That it does is
 * a property of the model (docs/workloads/uptime.md), which is why a part of each day's pages suffices for a month.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { MiB } from "../../lib/base/units";
import { System } from "../../lib/machine/system";
import { freeBlocksByOrder } from "../../lib/metrics/free-history";
import { pollution } from "../../lib/workload/pollution";
import { WorkloadRun } from "../../lib/workload/scheduler";

const DAYS = [0.25, 10, 20];
const DAY_MS = 86_400_000;

/** Share of page blocks with pages that never move, and share of free memory in no free page block, at each of DAYS. */
function measured(seed: number): { polluted: number; unusable: number }[] {
  const system = System.boot({ board: "pc-x86-64", memoryBytes: 512 * MiB });
  const run = new WorkloadRun(system, new Random(seed));
  run.start({ kind: "uptime", duration: "endless" });
  return DAYS.map((days) => {
    run.runUntil(days * DAY_MS);
    const { polluted, blocks } = pollution(system.memory);
    let free = 0;
    let whole = 0;
    freeBlocksByOrder(system.memory).forEach((count, order) => {
      free += count * 2 ** order;
      if (order >= system.memory.pageblockOrder) whole += count * 2 ** order;
    });
    return { polluted: polluted / blocks, unusable: 1 - whole / free };
  });
}

test("twice the uptime changes fragmentation by less than seeds differ, and by less than the first half did", () => {
  const runs = [1, 2, 3, 4].map(measured);
  const at = (day: number, what: "polluted" | "unusable") => runs.map((r) => r[day]![what]);
  const mean = (of: number[]) => of.reduce((n, x) => n + x, 0) / of.length;
  const spread = (of: number[]) => Math.max(...of) - Math.min(...of);
  for (const what of ["polluted", "unusable"] as const) {
    const [tenDays, twentyDays] = [at(1, what), at(2, what)];
    const change = Math.abs(mean(twentyDays) - mean(tenDays));
    const text = `${what}: ${tenDays} at ten days, ${twentyDays} at twenty`;
    assert.ok(change < Math.max(spread(tenDays), spread(twentyDays)), text);
  }
  const [start, ten, twenty] = [0, 1, 2].map((day) => mean(at(day, "polluted"))) as [number, number, number];
  assert.ok(ten > start, `it grows at first: ${start} to ${ten}`);
  assert.ok(twenty - ten < ten - start, `and more slowly then: ${start}, ${ten}, ${twenty}`);
});
