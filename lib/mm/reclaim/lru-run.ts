/**
 * Many pages that leave the LRU, one after the other. As long as each is a neighbour of the last, only the ends of the gap that
 * they leave are linked, when it is done.
 */
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";
import { LIST, type Lru } from "./lru";

export class LruRun {
  /** The list of the gap: node × 8 + list; −1: there is none. */
  private where: number;
  /** Neighbours of the gap: the page added next before it and after it; −1: the end of the list. */
  private older: number;
  private newer: number;
  private zone: Zone | null;
  /** Pages of the zone that are gone and still counted. */
  private gone: number;

  constructor(
    private readonly m: Memory,
    private readonly lru: Lru,
  ) {
    this.where = -1;
    this.older = -1;
    this.newer = -1;
    this.zone = null;
    this.gone = 0;
  }

  /** Takes a single page of a zone off its list; end() must follow before anything else looks at the lists. */
  take(p: number, zone: Zone): void {
    const { next, prev } = this.m;
    const { page } = this.lru;
    if (this.where >= 0 && zone === this.zone) {
      if (p === this.newer) {
        this.newer = prev[p]!;
        this.gone++;
        page[p] = 0;
        return;
      }
      if (p === this.older) {
        this.older = next[p]!;
        this.gone++;
        page[p] = 0;
        return;
      }
    }
    this.end();
    this.where = zone.nid * 8 + (page[p]! & LIST);
    this.zone = zone;
    this.older = next[p]!;
    this.newer = prev[p]!;
    this.gone = 1;
    page[p] = 0;
  }

  /** Closes the gap. */
  end(): void {
    const { where, older, newer, lru } = this;
    if (where < 0) return;
    if (newer >= 0) this.m.next[newer] = older;
    else lru.first[where] = older;
    if (older >= 0) this.m.prev[older] = newer;
    else lru.last[where] = newer;
    lru.account(this.zone!, where & LIST, -this.gone);
    this.where = -1;
  }
}
