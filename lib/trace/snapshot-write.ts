/**
 * A machine's memory as the text of a snapshot. Fields that the model does not hold come from the snapshot
 * the machine was loaded from, and so do compaction's; otherwise these are the model's, and the others are 0.
 */

import { InputError } from "../base/errors";
import { listFrames } from "../mm/state/list-frames";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_ISOLATE } from "../mm/state/migratetype";
import {
  BLOCK_HOLE,
  BLOCK_ISOLATED,
  BLOCK_MT,
  BLOCK_SKIP,
  isPcpState,
  MOVABLE_PAGE,
  ORDER_MASK,
  OWNER_HOLE,
  OWNER_MASK,
  OWNER_RESERVED,
  OWNER_SLAB,
  pcpStoredType,
} from "../mm/state/page-state";
import type { PerCpuPages } from "../mm/state/per-cpu-pages";
import type { Zone } from "../mm/state/zone";
import type { Fields, Snapshot } from "./snapshot";

const ZONE_FIELDS =
  "start spanned present managed cma_pages wmark_min wmark_low wmark_high wmark_promo watermark_boost nr_reserved_highatomic nr_free_highatomic lowmem_reserve nr_free_pages nr_free_cma percpu_drift_mark flags nr_isolate_pageblock compact_cached_free_pfn compact_cached_migrate_pfn_async compact_cached_migrate_pfn_sync compact_init_migrate_pfn compact_init_free_pfn compact_considered compact_defer_shift compact_order_failed".split(
    " ",
  );
const PCP_FIELDS =
  "count high batch free_factor expire vmstat_diff_nr_free vmstat_diff_nr_free_cma stat_threshold".split(" ");
const PCP_AUTO_FIELDS = "high_min high_max flags alloc_factor free_count".split(" ");

/** The text of a snapshot of `m`, one record per line, with a trailing newline. */
export function writeSnapshot(m: Memory, from?: Snapshot): string {
  const overlapping = m.zones.find((z) => z.shared);
  if (overlapping !== undefined)
    throw new InputError(
      `snapshot: zones that overlap have no place in the format: zone ${overlapping.name} shares its span (cmaInMovableZone)`,
    );
  const lines: string[] = [];
  const header: [string, string | number][] = [
    ["slot", 0],
    ["max_order", m.maxOrder + 1],
    ["migratetypes", m.cma ? 6 : 5],
    ["pcp_lists", m.zones[0]!.pcp.lists.length],
    ["pageblock_order", m.pageblockOrder],
    ["max_nr_zones", 5],
    ["mobility_disabled", m.mobilityDisabled ? 1 : 0],
    ["ktime_ns", 0],
    ["cpus", m.zones[0]!.pcps.length],
    ["struct_page", 64],
  ];
  const known = new Map(header);
  const fields = from
    ? [...from.header].map(
        ([k, v]) =>
          `${k}=${["slot", "ktime_ns", "max_nr_zones", "struct_page"].includes(k) ? v : (known.get(k) ?? v)}`,
      )
    : header.map(([k, v]) => `${k}=${v}`);
  lines.push(`snapshot v1 ${fields.join(" ")}`);
  for (const zone of m.zones) writeZone(m, zone, from, lines);
  return `${lines.join("\n")}\n`;
}

function writeZone(m: Memory, zone: Zone, from: Snapshot | undefined, lines: string[]): void {
  const source = from?.zones.find((z) => z.idx === zone.idx);
  const names = source ? [...source.fields.keys()] : ZONE_FIELDS;
  const fields = names.map((key) => `${key}=${zoneField(m, zone, key, source?.fields)}`);
  lines.push(`zone ${zone.idx} ${zone.name} ${fields.join(" ")}`);
  writeBlocks(m, zone, lines);
  for (let order = 0; order <= m.maxOrder; order++) {
    lines.push(`area ${order} nr_free=${zone.nrFree[order]}`);
    for (let mt = 0; mt < 6; mt++) {
      const pfns = listFrames(m, zone.listBase + order * 8 + mt);
      if (pfns.length > 0) lines.push(`free ${order} ${textType(m, mt)} ${pfns.length} : ${pfns.join(" ")}`);
    }
  }
  zone.pcps.forEach((pcp, cpu) => {
    writePcp(m, pcp, cpu, source?.pcps.find((p) => p.cpu === cpu)?.fields, lines);
  });
  lines.push(`class ${zone.startPfn} ${zone.endPfn - zone.startPfn} : ${classRuns(m, zone)}`);
}

/** Without CMA a kernel numbers ISOLATE as 4. */
function textType(m: Memory, mt: number): number {
  return !m.cma && mt === MIGRATE_ISOLATE ? 4 : mt;
}

function zoneField(m: Memory, zone: Zone, key: string, source: Fields | undefined): string | number {
  const zones = Number(source?.get("lowmem_reserve")?.split(",").length ?? 5);
  const flags =
    (zone.boostedWatermark ? 1 : 0) |
    (zone.reclaimActive ? 2 : 0) |
    (m.sw.pcpAutoTune && zone.belowHigh ? 4 : 0);
  // A recording's own values stay: what its compaction did in between is not followed to these.
  const compaction = source === undefined ? compactionFields(zone) : {};
  const known: Record<string, string | number> = {
    ...compaction,
    start: zone.startPfn,
    spanned: zone.endPfn - zone.startPfn,
    present: zone.present,
    managed: zone.managed,
    cma_pages: zone.cmaPages,
    wmark_min: zone.wmark[0]!,
    wmark_low: zone.wmark[1]!,
    wmark_high: zone.wmark[2]!,
    wmark_promo: zone.wmark[3]!,
    watermark_boost: zone.watermarkBoost,
    percpu_drift_mark: zone.percpuDriftMark,
    nr_reserved_highatomic: zone.nrReservedHighatomic,
    nr_free_highatomic: zone.nrFreeHighatomic,
    lowmem_reserve: Array.from(zone.lowmemReserve.subarray(0, zones)).join(","),
    nr_free_pages: zone.nrFreePages,
    nr_free_cma: zone.nrFreeCma,
    nr_isolate_pageblock: zone.nrIsolatePageblock,
    flags,
  };
  return known[key] ?? source?.get(key) ?? 0;
}

/** Where compaction goes on in a zone, and for how long it is put off. */
function compactionFields({ compact }: Zone): Record<string, number> {
  return {
    compact_cached_free_pfn: compact.cachedFreePfn,
    compact_cached_migrate_pfn_async: compact.cachedMigratePfn[0],
    compact_cached_migrate_pfn_sync: compact.cachedMigratePfn[1],
    compact_init_migrate_pfn: compact.initMigratePfn,
    compact_init_free_pfn: compact.initFreePfn,
    compact_considered: compact.considered,
    compact_defer_shift: compact.deferShift,
    compact_order_failed: compact.orderFailed,
  };
}

function writeBlocks(m: Memory, zone: Zone, lines: string[]): void {
  const pages = m.pageblockPages;
  const first = Math.floor(zone.startPfn / pages);
  const end = Math.ceil(zone.endPfn / pages);
  for (let b = first; b < end; ) {
    const byte = m.blocks[b]!;
    let n = 1;
    while (b + n < end && m.blocks[b + n] === byte) n++;
    lines.push(`pb ${b * pages} ${n} ${blockText(m, byte)}`);
    b += n;
  }
}

function blockText(m: Memory, byte: number): string {
  if (byte & BLOCK_HOLE) return "hole 0";
  const skip = byte & BLOCK_SKIP ? 1 : 0;
  if (byte & BLOCK_ISOLATED) return `${textType(m, MIGRATE_ISOLATE)} ${skip} under=${byte & BLOCK_MT}`;
  return `${textType(m, byte & BLOCK_MT)} ${skip}`;
}

function writePcp(
  m: Memory,
  pcp: PerCpuPages,
  cpu: number,
  source: Fields | undefined,
  lines: string[],
): void {
  const known: Record<string, number> = {
    count: pcp.count,
    high: pcp.high,
    batch: pcp.batch,
    free_factor: pcp.freeFactor,
    expire: pcp.expire,
    vmstat_diff_nr_free: pcp.diffNrFree,
    vmstat_diff_nr_free_cma: pcp.diffNrFreeCma,
    stat_threshold: pcp.statThreshold,
    high_min: pcp.highMin,
    high_max: pcp.highMax,
    flags: pcp.flags,
    alloc_factor: pcp.allocFactor,
    free_count: pcp.freeCount,
  };
  const names = source ? [...source.keys()] : [...PCP_FIELDS, ...(m.sw.pcpAutoTune ? PCP_AUTO_FIELDS : [])];
  lines.push(`pcp ${cpu} ${names.map((k) => `${k}=${known[k] ?? source?.get(k) ?? 0}`).join(" ")}`);
  for (let index = 0; index < pcp.lists.length; index++) {
    const pfns = pcp.lists[index]!.toArray();
    if (pfns.length === 0) continue;
    const listMt = index >= 12 ? (index === 13 ? 1 : -1) : index % 3;
    const texts = pfns.map((pfn) => {
      const own = m.sw.freelistHygiene ? m.blockType(pfn) : pcpStoredType(m.state[pfn]!);
      return own === listMt ? `${pfn}` : `${pfn}/${textType(m, own)}`;
    });
    lines.push(`pcplist ${index} ${pfns.length} : ${texts.join(" ")}`);
  }
}

/** Run-length coded classes: heads of free blocks 8, frames in use by kind, holes f. */
function classRuns(m: Memory, zone: Zone): string {
  const { state } = m;
  const runs: string[] = [];
  let current = -1;
  let run = 0;
  const add = (c: number, n: number) => {
    if (c === current) run += n;
    else {
      if (run > 0) runs.push(`${current.toString(16)}${run}`);
      current = c;
      run = n;
    }
  };
  const virgin = virginRuns(m);
  for (let pfn = zone.startPfn; pfn < zone.endPfn; ) {
    const s = state[pfn]!;
    const untouched = virgin.has(pfn);
    if ((s !== 0 && s <= ORDER_MASK) || untouched) {
      const order = untouched ? m.maxOrder : s - 1;
      add(8, 1);
      if (order > 0) add(0, 2 ** order - 1);
      pfn += 2 ** order;
      continue;
    }
    const pages = s === 0 ? 1 : 2 ** (isPcpState(s) ? m.pcpOrder(s) : s & ORDER_MASK);
    add(classOf(m.ownerOf(pfn)), pages);
    pfn += pages;
  }
  add(-2, 0);
  return runs.join(" ");
}

function virginRuns(m: Memory): Set<number> {
  const starts = new Set<number>();
  for (const zone of m.zones)
    for (let mt = 0; mt < 6; mt++)
      for (const pfn of listFrames(m, zone.listBase + m.maxOrder * 8 + mt))
        if (m.state[pfn] === 0) starts.add(pfn);
  return starts;
}

function classOf(known: number): number {
  const owner = known & OWNER_MASK;
  if (owner === OWNER_HOLE) return 15;
  return (known & MOVABLE_PAGE ? 1 : 0) | (owner === OWNER_SLAB ? 2 : 0) | (owner === OWNER_RESERVED ? 4 : 0);
}
