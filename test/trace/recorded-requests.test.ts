/**
 * A recording that tells who left the first attempt: which attempt a request makes, and what it read before its CPU gave way.
 * 2,048 free pages, low watermark 2,040, refills of three pages, counters without delay.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import { RecordedRequests } from "../../lib/trace/recorded-requests";
import { tinyMemory } from "../mm/tiny-memory";

function requests(told: boolean) {
  const m = tinyMemory("6.1", { cpus: 2, watermarks: { min: 2030, low: 2040, high: 2045 } });
  for (const pcp of m.zones[0]!.pcps) pcp.statThreshold = 0;
  const recorded = new RecordedRequests(m);
  const ask = (pid: number) => recorded.answer(GFP_HIGHUSER_MOVABLE, 0, pid);
  const to = (cpu: number) => {
    recorded.leaves();
    m.runOn(cpu);
  };
  if (told) {
    recorded.slowpath(9);
    assert.equal(ask(9), 1024);
  } else assert.equal(ask(1), 1024);
  // CPU 1 takes four pages, so that 2,039 are left: CPU 0 has 1025 and 1026, CPU 1 has 1031 and 1032.
  to(1);
  for (const pfn of [1027, 1028, 1029, 1030]) assert.equal(ask(2), pfn);
  assert.equal(m.zones[0]!.nrFreePages, 2039);
  return { m, recorded, ask, to };
}

test("a request whose CPU gave way read the counter before; the next one did not", () => {
  const { ask, to } = requests(true);
  to(0);
  assert.equal(ask(1), 1025, "2,045 pages were free when CPU 0 last acted");
  assert.equal(ask(1), -1, "2,039 are not above 2,040, and nothing says that the request went on");
});

test("a search that the recording shows reads the counter as it is by then, with the rights of the slow path", () => {
  const { recorded, ask, to } = requests(true);
  to(0);
  recorded.slowpath(7);
  assert.equal(ask(1), -1, "another task, whose first attempt is refused");
  assert.equal(ask(7), 1025, "2,039 pages are above min");
  assert.equal(ask(7), -1, "its next request begins anew");
});

test("without such records a request that is refused goes on by itself", () => {
  const { ask, to } = requests(false);
  to(0);
  assert.deepEqual([ask(1), ask(1)], [1025, 1026]);
});
