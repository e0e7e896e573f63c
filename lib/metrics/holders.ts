/** Who holds the page blocks: pages in use by owner kind, migrate type of their block, and zone. */

import { classOf, kindOf, type PageClass } from "../mm/reports/page-class";
import { walkPages } from "../mm/reports/page-walk";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_NAMES } from "../mm/state/migratetype";
import type { OwnerKind } from "../mm/state/owners";
import { MOVABLE_PAGE } from "../mm/state/page-state";

/** Pages of one kind in blocks of one type of one zone. */
export interface HolderFlow {
  kind: OwnerKind;
  class: PageClass;
  /** A name of mm/migratetype. */
  migratetype: string;
  zone: string;
  pages: number;
}

/**
 * Counts every page in use once, without holes; sorted by zone, then type, then most pages.
 * @example
 * ```ts
 * import { machine, metrics } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").running().fill("anon", "64MiB");
 * metrics.holderFlows(m.system.memory).some((flow) => flow.kind === "anon"); // => true
 * ```
 */
export function holderFlows(m: Memory): HolderFlow[] {
  const flows = new Map<string, HolderFlow & { order: number }>();
  m.zones.forEach((zone, place) => {
    walkPages(m, zone, (startPfn, pages, use, owner) => {
      if (use !== "used") return;
      const kind = kindOf(owner);
      const pageClass = classOf(kind, (owner & MOVABLE_PAGE) !== 0);
      if (pageClass === "hole") return;
      for (let p = startPfn; p < startPfn + pages; ) {
        const to = Math.min(startPfn + pages, ((p >>> m.pageblockOrder) + 1) * m.pageblockPages);
        const mt = m.blockType(p);
        const key = `${place} ${mt} ${kind} ${pageClass}`;
        const flow = flows.get(key);
        if (flow === undefined)
          flows.set(key, {
            kind,
            class: pageClass,
            migratetype: MIGRATE_NAMES[mt]!,
            zone: zone.name,
            pages: to - p,
            order: place * MIGRATE_NAMES.length + mt,
          });
        else flow.pages += to - p;
        p = to;
      }
    });
  });
  return [...flows.values()]
    .sort((a, b) => a.order - b.order || b.pages - a.pages || (a.kind < b.kind ? -1 : 1))
    .map(({ order: _, ...flow }) => flow);
}
