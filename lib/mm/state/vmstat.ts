/**
 * Zone counters with per-CPU differences (mm/vmstat.c): a change stays on the CPU until it exceeds the threshold.
 * Readers that use only the zone's counter, such as the watermark checks, see it late.
 */
import type { PerCpuPages } from "./per-cpu-pages";
import type { Zone } from "./zone";

/** __mod_zone_page_state(NR_FREE_PAGES). */
export function modNrFree(zone: Zone, delta: number): void {
  const pcp = zone.pcp;
  const x = (pcp.diffNrFree + delta) | 0;
  const t = pcp.statThreshold;
  if (x > t || x < -t) {
    zone.nrFreePages = (zone.nrFreePages + x) | 0;
    pcp.diffNrFree = 0;
  } else pcp.diffNrFree = x;
}

/** modNrFree(zone, −1), `n` times: how often the difference is folded depends on the steps. */
export function modNrFreeDown(zone: Zone, n: number): void {
  const { pcp } = zone;
  const t = pcp.statThreshold;
  let x = pcp.diffNrFree;
  for (let left = n; left > 0; ) {
    // Steps until the difference is below −t: nothing is folded before.
    const steps = x - 1 > t ? 1 : Math.min(left, Math.max(1, x + t + 1));
    x -= steps;
    left -= steps;
    if (x <= t && x >= -t) continue;
    zone.nrFreePages = (zone.nrFreePages + x) | 0;
    x = 0;
  }
  pcp.diffNrFree = x;
}

/** modNrFree(zone, 1), `n` times. */
export function modNrFreeUp(zone: Zone, n: number): void {
  const { pcp } = zone;
  const t = pcp.statThreshold;
  let x = pcp.diffNrFree;
  for (let left = n; left > 0; ) {
    const steps = x + 1 < -t ? 1 : Math.min(left, Math.max(1, t - x + 1));
    x += steps;
    left -= steps;
    if (x <= t && x >= -t) continue;
    zone.nrFreePages = (zone.nrFreePages + x) | 0;
    x = 0;
  }
  pcp.diffNrFree = x;
}

/** __mod_zone_page_state(NR_FREE_CMA_PAGES). */
export function modNrFreeCma(zone: Zone, delta: number): void {
  const pcp = zone.pcp;
  const x = (pcp.diffNrFreeCma + delta) | 0;
  const t = pcp.statThreshold;
  if (x > t || x < -t) {
    zone.nrFreeCma = (zone.nrFreeCma + x) | 0;
    pcp.diffNrFreeCma = 0;
  } else pcp.diffNrFreeCma = x;
}

/** refresh_cpu_vm_stats(): folds one CPU's differences into the zone. */
export function foldDiffs(zone: Zone, pcp: PerCpuPages): void {
  zone.nrFreePages += pcp.diffNrFree;
  pcp.diffNrFree = 0;
  zone.nrFreeCma += pcp.diffNrFreeCma;
  pcp.diffNrFreeCma = 0;
}

/** zone_page_state_snapshot(NR_FREE_PAGES): with every CPU's difference, never below zero. */
export function nrFreeSnapshot(zone: Zone): number {
  let n = zone.nrFreePages;
  for (const pcp of zone.pcps) n += pcp.diffNrFree;
  return n < 0 ? 0 : n;
}

/** calculate_normal_threshold(): 2 × fls(CPUs) × (1 + fls(managed in 128 MiB)), at most 125. */
export function normalThreshold(managedBytes: number, cpus: number): number {
  const fls = (n: number) => (n === 0 ? 0 : 32 - Math.clz32(n));
  return Math.min(125, 2 * fls(cpus) * (1 + fls(Math.floor(managedBytes / 2 ** 27))));
}
