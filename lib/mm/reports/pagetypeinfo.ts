/** /proc/pagetypeinfo (mm/vmstat.c): free blocks by type and order, page blocks by type. */
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import { closestRelease } from "../state/closest-release";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_NAMES, MIGRATE_TYPES } from "../state/migratetype";
import type { Zone } from "../state/zone";
import { populatedZones } from "./buddyinfo";

/** Since 5.4 a list is counted up to this many blocks. */
const COUNTED_AT_MOST = 100_000;

const right = (value: number | string, width: number) => String(value).padStart(width);
const ordersOf = (m: Memory) => Array.from({ length: m.maxOrder + 1 }, (_, order) => order);
const typesOf = (m: Memory) =>
  Array.from({ length: MIGRATE_TYPES }, (_, mt) => mt).filter((mt) => m.cma || mt !== MIGRATE_CMA);

/** Blocks on one free list; untouched runs count all their blocks. */
export function freeListLength(m: Memory, zone: Zone, order: number, mt: number, atMost = 2 ** 31): number {
  const head = zone.listBase + order * 8 + mt;
  let n = 0;
  for (let p = m.next[head]!; p !== head && n < atMost; p = m.next[p]!) {
    const i = p - m.virginBase;
    n += i < 0 ? 1 : (m.virginHi[i]! - m.virginLo[i]!) / 2 ** m.maxOrder;
  }
  return Math.min(n, atMost);
}

/**
 * Page blocks of a zone by type, as pagetypeinfo counts them: one frame per block, starting with the zone's first.
 */
export function blockCounts(m: Memory, zone: Zone): number[] {
  const counts = new Array<number>(MIGRATE_TYPES).fill(0);
  for (let pfn = zone.startPfn; pfn < zone.endPfn; pfn += m.pageblockPages)
    if (!m.notInZone(zone, pfn)) counts[m.blockType(pfn)]!++;
  return counts;
}

/** /proc/pagetypeinfo of one node, without the mixed blocks that need page_owner. */
export function pagetypeinfoText(
  m: Memory,
  zones: readonly Zone[] = m.zones,
  release: KernelRelease = closestRelease(m.sw),
): string {
  const types = typesOf(m);
  const orders = ordersOf(m);
  const shown = populatedZones(zones);
  const capped = bootRules(release).pagetypeinfoCapped;
  const count = (z: Zone, order: number, mt: number) => {
    const n = freeListLength(m, z, order, mt, capped ? COUNTED_AT_MOST : undefined);
    return `${capped && n === COUNTED_AT_MOST ? ">" : ""}${right(n, 6)} `;
  };
  const lines = [
    `Page block order: ${m.pageblockOrder}`,
    `Pages per block:  ${m.pageblockPages}`,
    "",
    `${"Free pages count per migrate type at order".padEnd(43)} ${orders.map((o) => `${right(o, 6)} `).join("")}`,
  ];
  for (const z of shown)
    for (const mt of types)
      lines.push(
        `Node ${right(z.nid, 4)}, zone ${right(z.name, 8)}, type ${right(MIGRATE_NAMES[mt]!, 12)} ${orders.map((o) => count(z, o, mt)).join("")}`,
      );
  lines.push(
    "",
    `${"Number of blocks type ".padEnd(23)}${types.map((mt) => `${right(MIGRATE_NAMES[mt]!, 12)} `).join("")}`,
  );
  for (const z of shown) {
    const counts = blockCounts(m, z);
    lines.push(
      `Node ${z.nid}, zone ${right(z.name, 8)} ${types.map((mt) => `${right(counts[mt]!, 12)} `).join("")}`,
    );
  }
  return `${lines.join("\n")}\n`;
}
