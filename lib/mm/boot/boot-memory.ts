/**
 * Builds a machine's memory right after boot from a description of its zones: blocks are MOVABLE, free ranges are
 * handed over from low to high in the largest aligned pieces, then the CMA area block by block (memblock_free_all()
 * of mm/memblock.c and cma_activate_area() of mm/cma.c, 6.1).
 */
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import { freePages, freePagesCore, freeWholePages } from "../allocation/page-alloc";
import { accountFreePages, addVirginRun } from "../state/free-area";
import { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../state/migratetype";
import { BLOCK_HOLE, OWNER_HOLE, OWNER_RESERVED } from "../state/page-state";
import { type KernelSwitches, kernelProfile } from "../state/profile";
import { driftMark, normalThreshold } from "../state/vmstat";
import { WMARK_HIGH, WMARK_LOW, WMARK_MIN, WMARK_PROMO, type Zone } from "../state/zone";
import type { FrameSpan } from "../state/zone-frames";
import { mostOfCpu } from "./pageset-size";

/** Whole frames [startPfn, startPfn + pages). */
export interface FrameRange {
  startPfn: number;
  pages: number;
}

/** One zone at boot. Pages of the machine's page size. */
export interface KernelZoneShape {
  idx: number;
  name: string;
  nid?: number;
  startPfn: number;
  spanned: number;
  present: number;
  managed: number;
  /** Pages that it managed when the last CPU came online; default: the same. */
  onlinePages?: number;
  /** CPUs among which its lists are divided; default: all. */
  cpus?: number;
  watermarks: { min: number; low: number; high: number };
  /** Those when the thresholds of counters were set, before khugepaged raised them; default: the same. */
  earlyWatermarks?: { min: number; low: number; high: number };
  /** Indexed by highest zone. */
  lowmemReserve: readonly number[];
  pageset: { batch: number; high: number };
  /** Ranges given to the buddy allocator, ascending. */
  freeRanges: readonly FrameRange[];
  /** Its frames, if they are not all of its span. */
  pieces?: readonly FrameRange[];
}

/** Description of a machine that the allocator starts on. */
export interface KernelShape {
  release: KernelRelease;
  /** Single switches to flip. */
  switches?: Partial<KernelSwitches>;
  pageSize: number;
  /** Largest buddy order. */
  maxOrder: number;
  pageblockOrder: number;
  /** Default pageblockOrder. */
  thpOrder?: number;
  cma: boolean;
  thp: boolean;
  mobilityDisabled: boolean;
  /** CONFIG_ZONE_DMA32; default true. */
  dma32?: boolean;
  cpus: number;
  zones: readonly KernelZoneShape[];
  /** The default CMA area. */
  cmaRange?: FrameRange;
  /** CMA areas declared before the default one, in order. */
  earlierCma?: readonly FrameRange[];
  /** Areas that span several zones: their frames are freed one by one instead. */
  uselessCma?: readonly FrameRange[];
  /** RAM; frames outside it are holes. Default: each zone is one piece. */
  ram?: readonly FrameRange[];
}

/** Builds the memory and frees the boot memory into it. */
export function bootMemory(shape: KernelShape): Memory {
  const m = new Memory({
    maxOrder: shape.maxOrder,
    pageblockOrder: shape.pageblockOrder,
    ...(shape.thpOrder !== undefined && { thpOrder: shape.thpOrder }),
    zones: shape.zones.map((z) => ({
      idx: z.idx,
      name: z.name,
      nid: z.nid ?? 0,
      startPfn: z.startPfn,
      endPfn: z.startPfn + z.spanned,
      ...(z.pieces && {
        pieces: z.pieces.map((p) => ({ startPfn: p.startPfn, endPfn: p.startPfn + p.pages })),
      }),
    })),
    cpus: shape.cpus,
    switches: kernelProfile(shape.release, shape.switches),
    cma: shape.cma,
    thp: shape.thp,
    mobilityDisabled: shape.mobilityDisabled,
  });
  m.dma32 = shape.dma32 ?? true;
  shape.zones.forEach((z, i) => {
    const zone = m.zones[i]!;
    setUpZone(zone, z);
    for (const piece of zone.pieces) markFrames(m, piece, z, shape);
    for (const range of z.freeRanges) freeBootRange(m, zone, range);
  });
  for (const { startPfn, pages } of shape.uselessCma ?? [])
    for (let p = startPfn; p < startPfn + pages; p++) freePages(m, p, 0);
  for (const range of cmaAreas(shape)) activateCma(m, range);
  shape.zones.forEach((z, i) => {
    setUpPcps(m, m.zones[i]!, z, shape);
  });
  return m;
}

function setUpZone(zone: Zone, z: KernelZoneShape): void {
  zone.present = z.present;
  zone.managed = z.managed;
  setReserves(zone, z);
  // The boot pageset keeps no pages; the real sizes are set once the watermarks are known.
  for (const pcp of zone.pcps) {
    pcp.batch = z.pageset.batch;
    pcp.high = pcp.highMin = 4 * z.pageset.batch;
    pcp.highMax = pcp.highMin;
    pcp.statThreshold = 0;
  }
}

/** The watermarks of a zone, and what it keeps from requests that may use a higher one. */
export function setReserves(
  zone: Zone,
  { watermarks, lowmemReserve }: Pick<KernelZoneShape, "watermarks" | "lowmemReserve">,
): void {
  zone.wmark[WMARK_MIN] = watermarks.min;
  zone.wmark[WMARK_LOW] = watermarks.low;
  zone.wmark[WMARK_HIGH] = watermarks.high;
  zone.wmark[WMARK_PROMO] = 2 * watermarks.high - watermarks.low;
  lowmemReserve.forEach((pages, i) => {
    zone.lowmemReserve[i] = pages;
  });
  // A request that may use ZONE_MOVABLE on a machine without one is subject to the reserve of the highest zone.
  for (let i = lowmemReserve.length; i < zone.lowmemReserve.length; i++)
    zone.lowmemReserve[i] = lowmemReserve.at(-1) ?? 0;
}

/** Page blocks of RAM are MOVABLE, frames that are never freed are reserved, frames without RAM are holes. */
function markFrames(m: Memory, zone: FrameSpan, z: KernelZoneShape, shape: KernelShape): void {
  const ram = shape.ram ?? [{ startPfn: z.startPfn, pages: z.spanned }];
  const first = zone.startPfn >>> m.pageblockOrder;
  const end = Math.ceil(zone.endPfn / m.pageblockPages);
  m.blocks.fill(BLOCK_HOLE, first, end);
  let at = zone.startPfn;
  for (const r of ram) {
    const from = Math.max(r.startPfn, zone.startPfn);
    const to = Math.min(r.startPfn + r.pages, zone.endPfn);
    if (to <= from) continue;
    if (from > at) m.owner.fill(OWNER_HOLE, at, from);
    m.blocks.fill(MIGRATE_MOVABLE, from >>> m.pageblockOrder, Math.ceil(to / m.pageblockPages));
    at = to;
  }
  if (at < zone.endPfn) m.owner.fill(OWNER_HOLE, at, zone.endPfn);
  at = zone.startPfn;
  const taken = (from: number, to: number) => {
    for (const r of ram) {
      const lo = Math.max(from, r.startPfn);
      const hi = Math.min(to, r.startPfn + r.pages);
      if (hi > lo) m.owner.fill(OWNER_RESERVED, lo, hi);
    }
  };
  for (const r of [
    ...z.freeRanges.flatMap((range) => inZone(range, zone)),
    ...[...cmaAreas(shape), ...(shape.uselessCma ?? [])].flatMap((range) => inZone(range, zone)),
  ].sort((a, b) => a.startPfn - b.startPfn)) {
    taken(at, r.startPfn);
    at = r.startPfn + r.pages;
  }
  taken(at, zone.endPfn);
}

/** In order of activation. */
function cmaAreas({ earlierCma = [], cmaRange }: KernelShape): readonly FrameRange[] {
  return cmaRange === undefined ? earlierCma : [...earlierCma, cmaRange];
}

function inZone(range: FrameRange, zone: FrameSpan): FrameRange[] {
  const from = Math.max(range.startPfn, zone.startPfn);
  const to = Math.min(range.startPfn + range.pages, zone.endPfn);
  return to > from ? [{ startPfn: from, pages: to - from }] : [];
}

/**
 * __free_memory_core(): frees a range in its largest aligned pieces, ascending; runs of whole top-order blocks stay
 * untouched.
 */
function freeBootRange(m: Memory, zone: Zone, range: FrameRange): void {
  const top = 2 ** m.maxOrder;
  const end = range.startPfn + range.pages;
  let pfn = range.startPfn;
  while (pfn < end) {
    if (pfn % top === 0 && end - pfn >= top) {
      const hi = pfn + Math.floor((end - pfn) / top) * top;
      if (addVirginRun(m, zone, { startPfn: pfn, endPfn: hi }, MIGRATE_MOVABLE, m.sw.bootFreeToTail)) {
        accountFreePages(zone, hi - pfn, MIGRATE_MOVABLE);
        pfn = hi;
        continue;
      }
    }
    let order = 0;
    while (order < m.maxOrder && pfn % 2 ** (order + 1) === 0) order++;
    while (pfn + 2 ** order > end) order--;
    freePagesCore(m, pfn, order);
    pfn += 2 ** order;
  }
}

/** cma_activate_area(): its blocks become CMA one by one and are freed in the ordinary way. */
function activateCma(m: Memory, range: FrameRange): void {
  for (let pfn = range.startPfn; pfn < range.startPfn + range.pages; pfn += m.pageblockPages) {
    const zone = m.zoneOf(pfn)!;
    m.setBlockType(pfn, MIGRATE_CMA);
    const order = Math.min(m.pageblockOrder, m.maxOrder);
    for (let p = pfn; p < pfn + m.pageblockPages; p += 2 ** order) freeWholePages(m, p, order);
    zone.cmaPages += m.pageblockPages;
  }
}

/** setup_zone_pageset(), refresh_zone_stat_thresholds(): real sizes of the per-CPU lists and counter thresholds. */
function setUpPcps(m: Memory, zone: Zone, z: KernelZoneShape, shape: KernelShape): void {
  const { cpus, pageSize, release } = shape;
  const most = mostOfCpu(z.managed, z.cpus ?? cpus, z.pageset.batch);
  const threshold = normalThreshold(z.managed * pageSize, cpus);
  for (const pcp of zone.pcps) {
    pcp.batch = z.pageset.batch;
    pcp.high = z.pageset.high;
    pcp.highMin = z.pageset.high;
    pcp.highMax = m.sw.pcpAutoTune ? most : z.pageset.high;
    pcp.statThreshold = threshold;
  }
  zone.percpuDriftMark = driftMark({
    ...{ cpus, threshold, watermarks: z.watermarks, earlyWatermarks: z.earlyWatermarks ?? z.watermarks },
    onlineThreshold: bootRules(release).statThresholdsDeferred
      ? null
      : normalThreshold((z.onlinePages ?? z.managed) * pageSize, cpus),
  });
}
