/** Pseudo-locked regions: sizes calculated by hand, and the kernel's limit. */
import assert from "node:assert/strict";
import test from "node:test";
import { KiB, MiB } from "../../lib/base/units";
import {
  LOCKABLE_CACHE_NAMES,
  LOCKABLE_CACHES,
  lockedRegion,
  lockedRegionCurve,
} from "../../lib/hardware/cache-ways";

test("Broadwell: 55 MB in 20 ways are 2.75 MB per way; one way needs 4 MiB from kzalloc, two are refused", () => {
  const one = lockedRegion("xeon-e5-2699-v4", 1);
  assert.deepEqual(one, {
    bitBytes: 2.75 * MiB,
    bytes: 2.75 * MiB,
    order: 10,
    kmallocBytes: 4 * MiB,
    kmallocMaxBytes: 4 * MiB,
    contigBytes: 2.75 * MiB,
    refusals: [],
  });
  const two = lockedRegion("xeon-e5-2699-v4", 2);
  assert.equal(two.bytes, 5.5 * MiB);
  assert.equal(two.contigBytes, 5.5 * MiB);
  assert.equal(two.refusals.length, 1);
  assert.match(two.refusals[0]!, /5\.5 MiB exceeds KMALLOC_MAX_SIZE, 4 MiB.*-E2BIG/);
});

test("Goldmont: a bit is 128 KiB of its 1 MiB L2, two are 256 KiB; all seven fit", () => {
  assert.equal(lockedRegion("atom-x7-e3950", 2).bytes, 256 * KiB);
  assert.equal(lockedRegion("atom-x7-e3950", 2).order, 6);
  assert.deepEqual(lockedRegionCurve("atom-x7-e3950").fitsKmalloc, new Array(7).fill(true));
});

test("a larger buddy allows more: order 13 of 64 KiB pages holds 512 MiB", () => {
  const arm = lockedRegion("xeon-e5-2699-v4", 19, { pageBytes: 64 * KiB, largestBuddyOrder: 13 });
  assert.equal(arm.kmallocMaxBytes, 512 * MiB);
  assert.deepEqual(arm.refusals, []);
});

test("one way of Ice Lake-SP is 5 MiB: above the limit, and the part is not validated", () => {
  const { bytes, refusals } = lockedRegion("xeon-platinum-8380", 1);
  assert.equal(bytes, 5 * MiB);
  assert.equal(refusals.length, 2);
  assert.match(refusals[0]!, /not among the models/);
});

test("laws: bytes grow with bits, kzalloc's power of two holds the region but not twice, every part has sources", () => {
  for (const name of LOCKABLE_CACHE_NAMES) {
    const curve = lockedRegionCurve(name);
    curve.bits.forEach((bits, i) => {
      assert.equal(
        curve.bytes[i],
        bits * Math.floor(LOCKABLE_CACHES[name].cacheBytes.value / LOCKABLE_CACHES[name].maskBits.value),
      );
      assert.ok(curve.kmallocBytes[i]! >= curve.bytes[i]! && curve.kmallocBytes[i]! < 2 * curve.bytes[i]!);
    });
    for (const figure of Object.values(LOCKABLE_CACHES[name]))
      if (typeof figure === "object") assert.match(figure.source, /\[M\]|modelling choice/);
  }
});

test("impossible masks are refused", () => {
  assert.throws(() => lockedRegion("xeon-e5-2699-v4", 20), /from 1 to 19: got 20/);
  assert.throws(() => lockedRegion("xeon-e5-2699-v3", 1), /from 2 to 19: got 1/);
  assert.throws(() => lockedRegion("xeon" as "atom-x7-e3950", 1), /unknown name "xeon"/);
});
