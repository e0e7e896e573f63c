/**
 * Free blocks by order, in the three reports that need nothing else: /proc/buddyinfo, and extfrag/unusable_index and
 * extfrag/extfrag_index of debugfs (mm/vmstat.c). `zones` limits a report to some of a machine's zones.
 */

import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";
import { fragmentationIndex, unusableFreeIndex } from "./fragmentation-index";

/** One zone's line. */
export interface FreeCounts {
  nid: number;
  name: string;
  /** Free blocks by order. */
  nrFree: ArrayLike<number>;
}

const ordersOf = (zone: FreeCounts) => Array.from({ length: zone.nrFree.length }, (_, order) => order);

function lines(zones: readonly FreeCounts[], cell: (zone: FreeCounts, order: number) => string): string {
  return zones
    .map((z) => {
      const cells = ordersOf(z).map((order) => `${cell(z, order)} `);
      return `Node ${z.nid}, zone ${z.name.padStart(8)} ${cells.join("")}\n`;
    })
    .join("");
}

/** mm/vmstat.c: frag_show_print(). */
export function buddyinfoLines(zones: readonly FreeCounts[]): string {
  return lines(zones, (z, order) => String(z.nrFree[order]).padStart(6));
}

/** mm/vmstat.c: unusable_show_print(). */
export function unusableIndexLines(zones: readonly FreeCounts[]): string {
  return lines(zones, (z, order) => thousandths(unusableFreeIndex(z.nrFree, order), 1));
}

/** mm/vmstat.c: extfrag_show_print(). */
export function extfragIndexLines(zones: readonly FreeCounts[]): string {
  return lines(zones, (z, order) => thousandths(fragmentationIndex(z.nrFree, order), 2));
}

/** Formats as C does for i / 1000 "." i % 1000: both parts are rounded towards zero, each with its sign. */
function thousandths(index: number, width: number): string {
  const part = index % 1000;
  const digits = part < 0 ? `-${String(-part).padStart(2, "0")}` : String(part).padStart(3, "0");
  return `${String(Math.trunc(index / 1000)).padStart(width)}.${digits}`;
}

/** Zones with memory, in the kernel's order: by node, then by zone number. */
export function populatedZones(zones: readonly Zone[]): Zone[] {
  return zones.filter((z) => z.present > 0).sort((a, b) => a.nid - b.nid || a.idx - b.idx);
}

/** /proc/buddyinfo: free blocks of each order, all types. */
export function buddyinfoText(m: Memory, zones: readonly Zone[] = m.zones): string {
  return buddyinfoLines(populatedZones(zones));
}

/** /sys/kernel/debug/extfrag/unusable_index. */
export function unusableIndexText(m: Memory, zones: readonly Zone[] = m.zones): string {
  return unusableIndexLines(populatedZones(zones));
}

/** /sys/kernel/debug/extfrag/extfrag_index. */
export function extfragIndexText(m: Memory, zones: readonly Zone[] = m.zones): string {
  return extfragIndexLines(populatedZones(zones));
}
