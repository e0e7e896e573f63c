/** Builds a machine's memory in exactly the state of a snapshot. */
import { at, InputError } from "../base/errors";
import { addToFreeListTail } from "../mm/state/free-area";
import { Memory } from "../mm/state/memory";
import { MIGRATE_CMA, MIGRATE_ISOLATE } from "../mm/state/migratetype";
import {
  BLOCK_HOLE,
  BLOCK_ISOLATED,
  BLOCK_SKIP,
  MOVABLE_PAGE,
  OWNER_HOLE,
  OWNER_RESERVED,
  OWNER_SLAB,
  pcpState,
} from "../mm/state/page-state";
import type { PerCpuPages } from "../mm/state/per-cpu-pages";
import type { KernelSwitches } from "../mm/state/profile";
import type { Zone } from "../mm/state/zone";
import { fieldNumber, type Snapshot, type SnapshotPcp, type SnapshotZone } from "./snapshot";
import { FRAMES_MOST } from "./snapshot-limits";

/** Builds the memory of `snapshot` for a kernel with `switches`. */
export function loadSnapshot(snapshot: Snapshot, switches: KernelSwitches): Memory {
  const { header, zones, file } = snapshot;
  const number = (key: string) => fieldNumber(header, key, at(file, 1));
  const maxOrder = number("max_order") - 1;
  const pageblockOrder = number("pageblock_order");
  const types = number("migratetypes");
  const cma = types === 6;
  for (const z of zones) checkZone(z, file, maxOrder);
  const lists = number("pcp_lists");
  const memory = new Memory({
    maxOrder,
    pageblockOrder,
    zones: zones.map((z) => {
      const startPfn = zoneField(z, "start", file);
      return { idx: z.idx, name: z.name, nid: 0, startPfn, endPfn: startPfn + zoneField(z, "spanned", file) };
    }),
    cpus: number("cpus"),
    switches,
    cma,
    thp: lists > 12,
    mobilityDisabled: number("mobility_disabled") !== 0,
  });
  zones.forEach((z, i) => {
    loadZone(memory, memory.zones[i]!, z, file);
  });
  memory.smp = number("cpus") > 1;
  return memory;
}

function zoneField(z: SnapshotZone, key: string, file: string): number {
  return fieldNumber(z.fields, key, at(file, z.line));
}

function checkZone(z: SnapshotZone, file: string, maxOrder: number): void {
  const end = zoneField(z, "start", file) + zoneField(z, "spanned", file);
  if (end > FRAMES_MOST)
    throw new InputError(
      `${at(file, z.line)}: zone ${z.name} ends at frame ${end}, the limit is ${FRAMES_MOST}`,
    );
  for (const list of z.free)
    if (list.order > maxOrder)
      throw new InputError(
        `${at(file, z.line)}: zone ${z.name}: free list of order ${list.order} above ${maxOrder}`,
      );
}

function loadZone(m: Memory, zone: Zone, z: SnapshotZone, file: string): void {
  const f = (key: string) => zoneField(z, key, file);
  const optional = (key: string) => (z.fields.has(key) ? f(key) : 0);
  zone.present = f("present");
  zone.managed = f("managed");
  zone.cmaPages = optional("cma_pages");
  ["wmark_min", "wmark_low", "wmark_high", "wmark_promo"].forEach((key, i) => {
    zone.wmark[i] = f(key);
  });
  zone.watermarkBoost = f("watermark_boost");
  zone.percpuDriftMark = optional("percpu_drift_mark");
  zone.nrReservedHighatomic = f("nr_reserved_highatomic");
  zone.nrFreeHighatomic = optional("nr_free_highatomic");
  (z.fields.get("lowmem_reserve") ?? "").split(",").forEach((text, i) => {
    zone.lowmemReserve[i] = Number(text);
  });
  zone.nrFreePages = f("nr_free_pages");
  zone.nrFreeCma = f("nr_free_cma");
  zone.nrIsolatePageblock = f("nr_isolate_pageblock");
  const compact = zone.compact;
  compact.cachedFreePfn = optional("compact_cached_free_pfn");
  compact.cachedMigratePfn = [
    optional("compact_cached_migrate_pfn_async"),
    optional("compact_cached_migrate_pfn_sync"),
  ];
  compact.initMigratePfn = optional("compact_init_migrate_pfn");
  compact.initFreePfn = optional("compact_init_free_pfn");
  compact.considered = optional("compact_considered");
  compact.deferShift = optional("compact_defer_shift");
  compact.orderFailed = optional("compact_order_failed");
  const flags = f("flags");
  zone.boostedWatermark = (flags & 1) !== 0;
  zone.reclaimActive = (flags & 2) !== 0;
  zone.belowHigh = (flags & 4) !== 0;
  loadBlocks(m, z);
  loadClasses(m, zone, z, file);
  loadFreeLists(m, zone, z, file);
  if (z.pcps.length !== zone.pcps.length)
    throw new InputError(
      `${at(file, z.line)}: zone ${z.name}: ${zone.pcps.length} CPUs, ${z.pcps.length} pcp records`,
    );
  for (const p of z.pcps) {
    if (z.pcps.some((other) => other !== p && other.cpu === p.cpu))
      throw new InputError(`${at(file, z.line)}: zone ${z.name}: CPU ${p.cpu} has two pcp records`);
    loadPcp(m, zone, zone.pcps[p.cpu]!, p, at(file, z.line));
  }
}

/** A snapshot's type in the model's numbering: without CMA, 4 is ISOLATE. */
export function modelType(m: Memory, mt: number): number {
  return !m.cma && mt === MIGRATE_CMA ? MIGRATE_ISOLATE : mt;
}

function loadBlocks(m: Memory, z: SnapshotZone): void {
  for (const run of z.blocks) {
    const first = run.start >>> m.pageblockOrder;
    let byte = BLOCK_HOLE;
    if (run.mt >= 0) {
      byte = run.under >= 0 ? BLOCK_ISOLATED | run.under : modelType(m, run.mt);
      if (run.skip) byte |= BLOCK_SKIP;
    }
    m.blocks.fill(byte, first, first + run.count);
  }
}

function loadClasses(m: Memory, zone: Zone, z: SnapshotZone, file: string): void {
  if (z.classStart !== zone.startPfn || z.classSpanned !== zone.endPfn - zone.startPfn)
    throw new InputError(
      `${at(file, z.line)}: zone ${z.name}: the class record covers other frames than the zone`,
    );
  let pfn = z.classStart;
  for (let i = 0; i < z.runs.length; i++) {
    const c = z.classes[i]!;
    const run = z.runs[i]!;
    let owner = c & 1 ? MOVABLE_PAGE : 0;
    if (c === 15) owner = OWNER_HOLE;
    else if (c & 2) owner |= OWNER_SLAB;
    else if (c & 4) owner |= OWNER_RESERVED;
    if (owner !== 0) m.owner.fill(owner, pfn, pfn + run);
    pfn += run;
  }
}

function loadFreeLists(m: Memory, zone: Zone, z: SnapshotZone, file: string): void {
  for (const { order, mt, pfns } of z.free) {
    const pages = 2 ** order;
    for (let i = 0; i < pfns.length; i++) {
      const pfn = pfns[i]!;
      if (pfn < zone.startPfn || pfn + pages > zone.endPfn || pfn % pages !== 0 || m.state[pfn] !== 0)
        throw new InputError(
          `${at(file, z.line)}: zone ${z.name}: free page ${pfn} of order ${order} is outside the zone, not aligned, or listed twice`,
        );
      addToFreeListTail(m, zone, pfn, order, modelType(m, mt));
    }
  }
  z.nrFree.forEach((n, order) => {
    zone.nrFree[order] = n;
  });
}

function loadPcp(m: Memory, zone: Zone, pcp: PerCpuPages, p: SnapshotPcp, where: string): void {
  const f = (key: string) => fieldNumber(p.fields, key, where);
  const optional = (key: string) => (p.fields.has(key) ? f(key) : 0);
  if (m.sw.pcpAutoTune && !p.fields.has("high_min"))
    throw new InputError(
      `${where}: the profile does not fit: its per-CPU lists tune themselves, those of the snapshot do not`,
    );
  pcp.count = f("count");
  pcp.high = f("high");
  pcp.batch = f("batch");
  pcp.freeFactor = f("free_factor");
  pcp.expire = f("expire");
  pcp.diffNrFree = f("vmstat_diff_nr_free");
  pcp.diffNrFreeCma = optional("vmstat_diff_nr_free_cma");
  pcp.statThreshold = f("stat_threshold");
  pcp.highMin = optional("high_min");
  pcp.highMax = optional("high_max");
  pcp.flags = optional("flags");
  pcp.allocFactor = optional("alloc_factor");
  pcp.freeCount = optional("free_count");
  let pages = 0;
  for (const list of p.lists) {
    if (list.index >= pcp.lists.length)
      throw new InputError(
        `${where}: zone ${zone.name}: pcplist ${list.index} does not exist in this profile (${pcp.lists.length} lists)`,
      );
    const order = m.pindexOrder(list.index);
    const listMt = list.index >= 12 ? (list.index === 13 ? 1 : 0) : list.index % 3;
    for (let i = 0; i < list.pfns.length; i++) {
      const pfn = list.pfns[i]!;
      if (pfn < zone.startPfn || pfn >= zone.endPfn || m.state[pfn] !== 0)
        throw new InputError(
          `${where}: zone ${zone.name}: per-CPU page ${pfn} is outside the zone or listed twice`,
        );
      pcp.lists[list.index]!.addTail(pfn);
      m.state[pfn] = pcpState(order, modelType(m, list.mts[i]! >= 0 ? list.mts[i]! : listMt));
    }
    pages += list.pfns.length << order;
  }
  if (pages !== pcp.count)
    throw new InputError(
      `${where}: zone ${zone.name}: pcp count=${pcp.count} but its lists hold ${pages} pages`,
    );
}
