/**
 * Freeing many single pages: between two drains of the per-CPU lists a free reads nothing that frees change but the number of
 * pages on the lists, so that how many fit is known beforehand. What the frees would have noted is noted for all of them at
 * once. Model of free_unref_page_commit().
 */
import type { Memory } from "../state/memory";
import { MIGRATE_MOVABLE, MIGRATE_PCPTYPES } from "../state/migratetype";
import { BLOCK_MT, pcpState } from "../state/page-state";
import { PCP_BATCH_SCALE_MAX, PCPF_PREV_FREE_HIGH_ORDER, type PerCpuPages } from "../state/per-cpu-pages";
import type { Zone } from "../state/zone";
import { freeUnrefPageCommit } from "./pcp-free";

/**
 * Single pages that may be freed to the per-CPU lists one after the other before one of them drains, or is looked at for more
 * than its number: while kswapd works or free pages are below the high watermark, every free changes the limit (6.7+).
 */
function roomForFrees(m: Memory, zone: Zone, pcp: PerCpuPages): number {
  if (m.countsFrees) {
    if (zone.reclaimActive || zone.belowHigh) return 0;
    return Math.min(Math.max(pcp.high, pcp.highMin), pcp.highMax) - 1 - pcp.count;
  }
  let high = pcp.high;
  if (zone.reclaimActive && m.sw.pcpFree !== "fixed" && high > pcp.batch << 2) high = pcp.batch << 2;
  return high - 1 - pcp.count;
}

/** `n` single pages were put on the lists, as many as there was room for at most: what the frees leave beside them. */
function noteFrees(m: Memory, pcp: PerCpuPages, n: number): void {
  pcp.count += n;
  if (!m.countsFrees || n === 0) return;
  pcp.allocFactor = n > 31 ? 0 : pcp.allocFactor >> n;
  pcp.flags &= ~PCPF_PREV_FREE_HIGH_ORDER;
  const most = pcp.batch << PCP_BATCH_SCALE_MAX;
  if (pcp.freeCount < most) pcp.freeCount = Math.min(most, pcp.freeCount + n);
  pcp.high = Math.min(Math.max(pcp.high, pcp.highMin), pcp.highMax);
}

/** Frees of single pages that follow one another; end() tells the machine of those it was not told of yet. */
export class FreeRun {
  private zone: Zone | null;
  /** Pages pushed that are not noted, and how many more there is room for. */
  private pushed: number;
  private room: number;

  constructor(
    private readonly m: Memory,
    private readonly counters: { frees: number },
  ) {
    this.zone = null;
    this.pushed = 0;
    this.room = 0;
  }

  /** The zone of a page that is about to be added. */
  zoneOf(p: number): Zone {
    const { zone } = this;
    if (zone !== null && p >= zone.startPfn && p < zone.endPfn && !zone.shared) return zone;
    const its = this.m.zoneOf(p)!;
    if (its !== zone) {
      this.end();
      this.zone = its;
      this.room = roomForFrees(this.m, its, its.pcp);
    }
    return its;
  }

  /** Frees the page at `p`, which zoneOf() was asked for: it is on no list, and its block is not isolated. */
  add(p: number): void {
    const { m } = this;
    const mt = m.blocks[p >>> m.pageblockOrder]! & BLOCK_MT;
    if (this.room <= 0) {
      this.addOne(p, mt);
      return;
    }
    this.zone!.pcp.lists[mt >= MIGRATE_PCPTYPES ? MIGRATE_MOVABLE : mt]!.addHead(p);
    m.state[p] = pcpState(0, mt);
    this.room--;
    this.pushed++;
  }

  /** The page that may drain the lists. */
  private addOne(p: number, mt: number): void {
    const zone = this.zone!;
    this.note();
    this.counters.frees++;
    freeUnrefPageCommit(this.m, zone, p, mt, 0);
    this.room = roomForFrees(this.m, zone, zone.pcp);
  }

  private note(): void {
    if (this.pushed === 0) return;
    noteFrees(this.m, this.zone!.pcp, this.pushed);
    this.counters.frees += this.pushed;
    this.pushed = 0;
  }

  end(): void {
    this.note();
    this.zone = null;
    this.room = 0;
  }
}
