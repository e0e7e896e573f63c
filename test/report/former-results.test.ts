/** Results that were stored under names of then are compared under names of now: names and units may differ, a number may not. */
import assert from "node:assert/strict";
import test from "node:test";
import { inTodaysNames } from "../../lib/report/former-results";

test("times in microseconds become the nanoseconds of now, up to rounding, and no further", () => {
  const now = { strategies: [{ latencyNs: { p50: 1234567, p95: 3 }, refusedNs: null }] };
  const then = (p50: number) => ({ strategies: [{ latencyUs: { p50, p95: 0.003 }, refusedUs: null }] });
  assert.deepEqual(inTodaysNames(then(1234.567), now), now);
  assert.notDeepEqual(inTodaysNames(then(1234.568), now), now);
});

test("metrics of page blocks have a new spelling and the same value", () => {
  assert.deepEqual(inTodaysNames({ metrics: { pageBlockBytes: 4, pageBlocksFree: 5 } }, {}), {
    metrics: { pageblockBytes: 4, pageblocksFree: 5 },
  });
});

test("steps said granted and why; what then was not told is taken from now, what was told is not", () => {
  const why = { text: "busy", data: { ranges: [] } };
  const then = [
    { count: 0, granted: false, errno: -16, pfn: -1, latencyNs: 7, why },
    { count: 3, granted: false, errno: 0, pfn: -1, latencyNs: 0, why: null },
  ];
  const now = [
    {
      ok: false,
      errno: -16,
      reason: "busy",
      details: { ranges: [], causes: [1] },
      count: 0,
      pfn: -1,
      latencyNs: 7,
    },
    {
      ok: false,
      errno: -12,
      reason: "3 of 4 pages could be had",
      details: null,
      count: 3,
      pfn: -1,
      latencyNs: 0,
    },
  ];
  assert.deepEqual(inTodaysNames(then, now), now);
  const forged = [
    { ...then[0]!, why: { ...why, text: "free" } },
    { ...then[1]!, count: 4 },
  ];
  const read = inTodaysNames(forged, now) as typeof now;
  assert.deepEqual([read[0]!.reason, read[1]!.count], ["free", 4]);
});

test("results of now stay as they are", () => {
  const now = { results: [{ ok: true, errno: 0, reason: null, details: null, count: 1, latencyNs: 5 }] };
  assert.deepEqual(inTodaysNames(now, {}), now);
});
