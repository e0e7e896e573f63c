/** The reserve for high-order atomic requests: whole blocks of type HIGHATOMIC, returned under pressure. */
import { accountFreePages, getPageFromFreeArea, moveToFreeList } from "../state/free-area";
import type { Memory } from "../state/memory";
import { MIGRATE_HIGHATOMIC, migratetypeIsMergeable } from "../state/migratetype";
import type { Zone } from "../state/zone";
import { changePageblockRange } from "./free-one-page";
import { moveScannedBlock, scanBlock } from "./move-freepages";

/** reserve_highatomic_pageblock(): after a high-order atomic request was served from the block of `pfn`. */
export function reserveHighatomicPageblock(m: Memory, zone: Zone, pfn: number, order: number): void {
  const block = m.pageblockPages;
  const percent = Math.floor(zone.managed / 100);
  let cap = percent + block;
  if (m.sw.highatomicCap === "roundedUp") {
    if (percent < block) return;
    cap = Math.ceil(percent / block) * block;
  }
  if (zone.nrReservedHighatomic >= cap) return;
  const mt = m.blockType(pfn);
  if (!migratetypeIsMergeable(mt)) return;
  if (m.sw.freelistHygiene) {
    if (order >= m.pageblockOrder) {
      changePageblockRange(m, pfn, order, MIGRATE_HIGHATOMIC);
      zone.nrReservedHighatomic += 1 << order;
      return;
    }
    if (!scanBlock(m, zone, pfn)) return;
    moveScannedBlock(m, zone, MIGRATE_HIGHATOMIC, mt);
    setType(m, pfn, MIGRATE_HIGHATOMIC, mt);
    zone.nrReservedHighatomic += block;
    return;
  }
  zone.nrReservedHighatomic += block;
  m.setBlockType(pfn, MIGRATE_HIGHATOMIC);
  m.trace?.blockType?.(pfn, MIGRATE_HIGHATOMIC);
  if (scanBlock(m, zone, pfn)) moveScannedBlock(m, zone, MIGRATE_HIGHATOMIC, mt);
}

function setType(m: Memory, pfn: number, mt: number, oldMt: number): void {
  m.setBlockType(pfn, mt);
  m.trace?.moveBlock?.(pfn, mt, oldMt);
}

/**
 * unreserve_highatomic_pageblock(): turns one reserved block with free pages into the requester's type. Keeps one
 * block per zone unless forced. Returns whether pages were moved.
 */
export function unreserveHighatomicPageblock(
  m: Memory,
  zonelist: readonly Zone[],
  highestZoneidx: number,
  mt: number,
  force: boolean,
): boolean {
  for (const zone of zonelist) {
    if (zone.idx > highestZoneidx) continue;
    if (!force && zone.nrReservedHighatomic <= m.pageblockPages) continue;
    for (let order = 0; order <= m.maxOrder; order++) {
      const pfn = getPageFromFreeArea(m, zone, order, MIGRATE_HIGHATOMIC);
      if (pfn < 0) continue;
      if (m.sw.freelistHygiene && order >= m.pageblockOrder) {
        unreserveLargePage(m, zone, pfn, order, mt);
        return true;
      }
      if (m.blockType(pfn) === MIGRATE_HIGHATOMIC)
        zone.nrReservedHighatomic -= Math.min(m.pageblockPages, zone.nrReservedHighatomic);
      let moved = 0;
      if (scanBlock(m, zone, pfn)) moved = moveScannedBlock(m, zone, mt, MIGRATE_HIGHATOMIC);
      setType(m, pfn, mt, MIGRATE_HIGHATOMIC);
      if (moved > 0) return true;
    }
  }
  return false;
}

/** 6.10+: a free page that spans whole reserved blocks moves unsplit, together with all its blocks. */
function unreserveLargePage(m: Memory, zone: Zone, pfn: number, order: number, mt: number): void {
  zone.nrReservedHighatomic -= Math.min(1 << order, zone.nrReservedHighatomic);
  moveToFreeList(m, zone, pfn, order, mt);
  accountFreePages(zone, -(1 << order), MIGRATE_HIGHATOMIC);
  accountFreePages(zone, 1 << order, mt);
  changePageblockRange(m, pfn, order, mt);
}
