/** Frees the frames of a range one after the other, as free_contig_range() and cma_release() do. */
import { FreeRun } from "../allocation/free-run";
import { freePages } from "../allocation/page-alloc";
import type { Memory } from "../state/memory";
import { MIGRATE_ISOLATE } from "../state/migratetype";
import { ALLOCATED, ORDER_MASK } from "../state/page-state";

/** Frees [start, start + pages) page by page, ascending, through the per-CPU lists. */
export function freeSingles(m: Memory, start: number, pages: number): void {
  const { state, lru } = m;
  const bulk = m.bulk && m.pcpAllowedOrder(0);
  // What a driver frees is not counted among the frees of workloads.
  const frees = new FreeRun(m, { frees: 0 });
  for (let p = start; p < start + pages; p++) {
    const single = (state[p]! & (ALLOCATED | ORDER_MASK)) === ALLOCATED;
    if (bulk && single && m.blockType(p) !== MIGRATE_ISOLATE) {
      if (lru !== null) lru.remove(p);
      frees.zoneOf(p);
      frees.add(p);
      continue;
    }
    frees.end();
    freePages(m, p, 0);
  }
  frees.end();
}
