/** The quick check of a single page, by release: what it subtracts, and whom the boost binds. Counts and answers by hand. */
import assert from "node:assert/strict";
import test from "node:test";
import { kernelSwitches } from "../../lib/hardware/kernel-release";
import { zoneWatermarkFast } from "../../lib/mm/allocation/zone-watermark";
import type { AllocContext } from "../../lib/mm/state/alloc-context";
import { __GFP_ATOMIC, ALLOC_MIN_RESERVE, ALLOC_WMARK_MIN } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import type { Zone } from "../../lib/mm/state/zone";

const MIN = 4000;

/** What the check asks of a machine of this release, without CMA. */
function memoryOf(release: Parameters<typeof kernelSwitches>[0]): Memory {
  const sw = kernelSwitches(release);
  return {
    sw,
    hardAtomic: sw.atomicRights === "harder",
    quickCheckReserve: sw.quickCheckReserve,
    wholeReserve: sw.highatomicUnusable === "reserved",
    cmaApart: false,
    change: null,
  } as Memory;
}

/** 5,000 pages free, a mark of 4,000; `reserved` of them for atomic requests, `boost` pages on top of the mark. */
const zoneOf = ({ reserved = 0, boost = 0 }) =>
  ({
    nrFreePages: 5000,
    nrReservedHighatomic: reserved,
    nrFreeHighatomic: reserved,
    nrFreeCma: 0,
    lowmemReserve: [0],
    wmark: [MIN],
    watermarkBoost: boost,
  }) as unknown as Zone;

const asks = (gfp: number, rights: number) =>
  ({ order: 0, gfp, highest: 0, allocFlags: ALLOC_WMARK_MIN | rights }) as AllocContext;

test("the reserve of atomic requests counts in the quick check since 5.9, not before", () => {
  // 5,000 - 2,048 = 2,952 pages, below 4,000.
  const zone = zoneOf({ reserved: 2048 });
  for (const [release, granted] of [
    ["4.17", true],
    ["5.8", true],
    ["5.9", false],
    ["5.15", false],
    ["6.1", false],
    ["6.12", false],
  ] as const)
    assert.equal(zoneWatermarkFast(memoryOf(release), zone, asks(0, 0), MIN), granted, release);
});

test("the boost binds every request before 5.9, none that is atomic since, and none with __GFP_HIGH since 6.3", () => {
  // 5,000 pages exceed 4,000, and half of 4,000, but not half of 4,000 + 8,000.
  const zone = zoneOf({ boost: 8000 });
  const atomic = asks(__GFP_ATOMIC, ALLOC_MIN_RESERVE);
  const high = asks(0, ALLOC_MIN_RESERVE);
  const plain = asks(0, 0);
  for (const [release, granted] of [
    ["5.4", [false, false, false]],
    ["5.9", [true, false, false]],
    ["6.1", [true, false, false]],
    ["6.3", [true, true, false]],
    ["7.3", [true, true, false]],
  ] as const)
    assert.deepEqual(
      [atomic, high, plain].map((ac) => zoneWatermarkFast(memoryOf(release), zone, ac, MIN + 8000)),
      granted,
      release,
    );
});
