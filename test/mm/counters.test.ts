/** Counters of a zone with differences per CPU (mm/vmstat.c): every small case against the rule, written down as plainly as it can be. */
import assert from "node:assert/strict";
import test from "node:test";
import { PerCpuPages } from "../../lib/mm/state/per-cpu-pages";
import {
  driftMark,
  foldDiffs,
  modNrFree,
  modNrFreeCma,
  modNrFreeDown,
  modNrFreeUp,
  normalThreshold,
  nrFreeSafe,
  nrFreeSnapshot,
  pressureThreshold,
  setStatThresholds,
} from "../../lib/mm/state/vmstat";
import type { Zone } from "../../lib/mm/state/zone";

interface Counter {
  global: number;
  diff: number;
}

/** The rule: the difference takes the change, and joins the zone's counter once it is larger than the threshold. */
const changed = ({ global, diff }: Counter, delta: number, threshold: number): Counter =>
  Math.abs(diff + delta) > threshold
    ? { global: global + diff + delta, diff: 0 }
    : { global, diff: diff + delta };

function zoneOf(diff: number, threshold: number): Zone {
  const pcp = new PerCpuPages(3);
  Object.assign(pcp, { diffNrFree: diff, diffNrFreeCma: diff, statThreshold: threshold });
  return { nrFreePages: 1000, nrFreeCma: 1000, pcp, pcps: [pcp] } as unknown as Zone;
}

const ofFree = (z: Zone): Counter => ({ global: z.nrFreePages, diff: z.pcp.diffNrFree });
const ofCma = (z: Zone): Counter => ({ global: z.nrFreeCma, diff: z.pcp.diffNrFreeCma });

/** Thresholds shrink while kswapd is awake, so that a difference may begin beyond its threshold. */
const BEGINNINGS = Array.from({ length: 19 }, (_, i) => i - 9);

test("a change stays with its CPU until the difference is above the threshold, upwards and downwards", () => {
  for (const threshold of [0, 1, 2, 5])
    for (const diff of BEGINNINGS)
      for (let delta = -12; delta <= 12; delta++) {
        const expected = changed({ global: 1000, diff }, delta, threshold);
        const zone = zoneOf(diff, threshold);
        modNrFree(zone, delta);
        assert.deepEqual(ofFree(zone), expected, `free: ${diff} ${delta} of ${threshold}`);
        assert.deepEqual(ofCma(zone), { global: 1000, diff }, "the other counter stays");
        modNrFreeCma(zone, delta);
        assert.deepEqual(ofCma(zone), expected, `CMA: ${diff} ${delta} of ${threshold}`);
        assert.deepEqual(ofFree(zone), expected);
      }
});

test("n pages one by one are n changes by one, whatever the difference begins with", () => {
  for (const threshold of [0, 1, 2, 5])
    for (const diff of BEGINNINGS)
      for (let n = 0; n <= 30; n++) {
        let [down, up] = [
          { global: 1000, diff },
          { global: 1000, diff },
        ];
        for (let i = 0; i < n; i++) [down, up] = [changed(down, -1, threshold), changed(up, 1, threshold)];
        const zones = [zoneOf(diff, threshold), zoneOf(diff, threshold)] as const;
        modNrFreeDown(zones[0], n);
        modNrFreeUp(zones[1], n);
        assert.deepEqual(ofFree(zones[0]), down, `${n} down from ${diff} of ${threshold}`);
        assert.deepEqual(ofFree(zones[1]), up, `${n} up from ${diff} of ${threshold}`);
      }
});

test("a fold moves both differences of one CPU; a snapshot adds those of all of them, and is never below zero", () => {
  const zone = zoneOf(-7, 10);
  zone.pcp.diffNrFreeCma = 3;
  const other = new PerCpuPages(3);
  other.diffNrFree = 12;
  zone.pcps.push(other);
  assert.equal(nrFreeSnapshot(zone), 1005);
  foldDiffs(zone, zone.pcp);
  assert.deepEqual([zone.nrFreePages, zone.nrFreeCma], [993, 1003]);
  assert.deepEqual([zone.pcp.diffNrFree, zone.pcp.diffNrFreeCma, other.diffNrFree], [0, 0, 12]);
  assert.equal(nrFreeSnapshot(zone), 1005);
  for (const [free, seen] of [
    [-13, 0],
    [-12, 0],
    [-11, 1],
  ] as const) {
    zone.nrFreePages = free;
    assert.equal(nrFreeSnapshot(zone), seen);
  }
});

test("kswapd counts what CPUs hold back below the drift mark alone", () => {
  const zone = zoneOf(5, 10);
  for (const [free, mark, seen] of [
    [100, 0, 100],
    [100, 100, 100],
    [100, 101, 105],
    [99, 100, 104],
    [-3, -3, 0],
    [-3, 0, 2],
    [-1, -1, 0],
  ] as const) {
    Object.assign(zone, { nrFreePages: free, percpuDriftMark: mark });
    assert.equal(nrFreeSafe(zone), seen, `${free} below ${mark}`);
  }
});

test("thresholds: 2 × fls(CPUs) × (1 + fls(128 MiB pieces)), and what lies between low and min for each CPU, 1 to 125", () => {
  const fls = (n: number) => n.toString(2).replace(/^0/, "").length;
  for (let cpus = 1; cpus <= 33; cpus++)
    for (const pieces of [0, 0.99, 1, 1.5, 2, 3, 4, 8, 1023, 1024, 1 << 20]) {
      const expected = Math.min(125, 2 * fls(cpus) * (1 + fls(Math.floor(pieces))));
      assert.equal(normalThreshold(pieces * 128 * 1024 * 1024, cpus), expected, `${cpus} CPUs, ${pieces}`);
    }
  for (const [low, min, cpus, threshold] of [
    [10, 10, 1, 1],
    [11, 10, 1, 1],
    [12, 10, 1, 2],
    [15, 10, 2, 2],
    [16, 10, 2, 3],
    [134, 10, 1, 124],
    [135, 10, 1, 125],
    [136, 10, 1, 125],
    [900, 10, 4, 125],
  ] as const)
    assert.equal(pressureThreshold({ low, min }, cpus), threshold, `${low} ${min} ${cpus}`);
});

test("the drift mark is high and the most that CPUs hold back, if that is more than lies between low and min", () => {
  const marks = { min: 100, low: 120, high: 140 };
  for (const [threshold, cpus, mark] of [
    [20, 1, 0],
    [21, 1, 161],
    [5, 4, 20],
    [10, 2, 20],
    [6, 4, 164],
    [3, 7, 161],
  ] as const)
    assert.equal(
      driftMark({
        cpus,
        threshold,
        onlineThreshold: threshold,
        earlyWatermarks: marks,
        watermarks: marks,
      }),
      mark,
      `${cpus} × ${threshold}`,
    );
});

test("kswapd lowers the thresholds of its node's zones that have a drift mark, and raises them again", () => {
  const of = (nid: number, percpuDriftMark: number) => {
    const pcps = [new PerCpuPages(3), new PerCpuPages(3)];
    for (const pcp of pcps) pcp.statThreshold = 50;
    const wmark = Int32Array.of(100, 120, 140, 160);
    return { nid, percpuDriftMark, watermarkBoost: 7, wmark, pcps, managed: nid } as unknown as Zone;
  };
  const zones = [of(0, 200), of(0, 0), of(1, 200)];
  const thresholds = () => zones.map(({ pcps }) => pcps.map((p) => p.statThreshold));
  setStatThresholds(zones, 0, null);
  assert.deepEqual(thresholds(), [
    [10, 10],
    [50, 50],
    [50, 50],
  ]);
  setStatThresholds(zones, 1, (z) => 30 + z.managed);
  assert.deepEqual(thresholds(), [
    [10, 10],
    [50, 50],
    [31, 31],
  ]);
  setStatThresholds(zones, 0, () => 40);
  assert.deepEqual(thresholds()[0], [40, 40]);
});
