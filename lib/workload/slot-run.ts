/** Single pages in a row that may move, as programs fault them in or read them: one slot each. */
import type { System } from "../machine/system";
import type { OwnerKind } from "../mm/state/owners";

/** Slots in a row, each with a page. */
export interface SlotRun {
  /** The first slot; of no meaning if there are no pages. */
  base: number;
  pages: number;
}

/** Up to `wanted` pages: as many as there was memory for. Slots that got none are given back. */
export function takeRun(system: System, kind: OwnerKind, wanted: number): SlotRun {
  const base = system.reserveSlots(wanted);
  const pages = system.allocRun(kind, base, wanted);
  system.returnSlots(base + pages, wanted - pages);
  return { base, pages };
}
