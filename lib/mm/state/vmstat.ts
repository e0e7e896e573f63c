/**
 * Zone counters with per-CPU differences (mm/vmstat.c): a change stays on the CPU until it exceeds the threshold.
 * Readers that use only the zone's counter, such as the watermark checks, see it late.
 */
import type { PerCpuPages } from "./per-cpu-pages";
import { WMARK_LOW, WMARK_MIN, type Zone } from "./zone";

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

/** calculate_pressure_threshold(): so small that all CPUs together can't hide the way from low to min; at most 125. */
export function pressureThreshold({ low, min }: { low: number; min: number }, cpus: number): number {
  return Math.min(125, Math.max(1, Math.floor((low - min) / cpus)));
}

/** Watermarks before the kernel has computed any. */
const NO_WATERMARKS = { min: 0, low: 0, high: 0 };

/**
 * refresh_zone_stat_thresholds(): the mark below which NR_FREE_PAGES may look fine while min is breached: high plus what
 * all CPUs may hold back, if that is more than the way from low to min. Otherwise the mark stays what it was.
 */
function refreshedMark(
  mark: number,
  { min, low, high }: { min: number; low: number; high: number },
  mostDrift: number,
): number {
  return mostDrift > low - min ? high + mostDrift : mark;
}

/** What the mark of drift of a zone depends on. */
export interface DriftOfBoot {
  cpus: number;
  /** Of each CPU, once all memory is there. */
  threshold: number;
  /** Of each CPU when the last one came online, before there were watermarks; null: it was not set then. */
  onlineThreshold: number | null;
  /** Of init_per_zone_wmark_min(), before khugepaged raised them, and after. */
  earlyWatermarks: { min: number; low: number; high: number };
  watermarks: { min: number; low: number; high: number };
}

/**
 * The mark of drift after the boot. Up to 6.12, vmstat_cpu_online() sets it for each CPU but the first, and
 * init_per_zone_wmark_min() again; since 6.13 the latter does, and vmstat_late_init() at the end of the boot.
 */
export function driftMark({ cpus, threshold, onlineThreshold, ...marks }: DriftOfBoot): number {
  const most = cpus * threshold;
  if (onlineThreshold === null)
    return refreshedMark(refreshedMark(0, marks.earlyWatermarks, most), marks.watermarks, most);
  const online = cpus > 1 ? refreshedMark(0, NO_WATERMARKS, cpus * onlineThreshold) : 0;
  return refreshedMark(online, marks.earlyWatermarks, most);
}

/** What kswapd's check counts as free: zone_watermark_ok_safe(); in pgdat_balanced() itself since 6.15. */
export function nrFreeSafe(zone: Zone): number {
  const { nrFreePages, percpuDriftMark } = zone;
  return nrFreePages < percpuDriftMark ? nrFreeSnapshot(zone) : Math.max(nrFreePages, 0);
}

/**
 * set_pgdat_percpu_threshold(): thresholds of the zones of node `nid` in danger of drift, while kswapd is awake and, with
 * `normal`, once it sleeps again.
 */
export function setStatThresholds(
  zones: readonly Zone[],
  nid: number,
  normal: ((zone: Zone) => number) | null,
): void {
  for (const zone of zones) {
    if (zone.nid !== nid || zone.percpuDriftMark === 0) continue;
    const marks = { low: wmarkOf(zone, WMARK_LOW), min: wmarkOf(zone, WMARK_MIN) };
    const threshold = normal === null ? pressureThreshold(marks, zone.pcps.length) : normal(zone);
    for (const pcp of zone.pcps) pcp.statThreshold = threshold;
  }
}

const wmarkOf = (zone: Zone, which: number) => zone.wmark[which]! + zone.watermarkBoost;
