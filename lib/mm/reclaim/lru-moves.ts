/**
 * Many migrated pages at once: Lru.move() of each. A new place joins the head of the list that the old one leaves, so it
 * makes no difference that all leave before the first one joins.
 */
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";
import { LIST, type Lru } from "./lru";
import { LruRun } from "./lru-run";

export class LruMoves {
  private readonly off: LruRun;

  constructor(
    private readonly m: Memory,
    private readonly lru: Lru,
  ) {
    this.off = new LruRun(m, lru);
  }

  /** The single pages at from[0..n) are at to[0..n) now. */
  moved(from: Int32Array, to: Int32Array, n: number): void {
    const { m, off } = this;
    const { page } = this.lru;
    for (let i = 0; i < n; i++) {
      const p = from[i]!;
      const as = page[p]!;
      if ((as & LIST) === 0) continue;
      off.take(p, m.zoneOf(p)!);
      page[to[i]!] = as;
    }
    off.end();
    this.join(to, n);
  }

  /** The pages join the lists that their bytes name. */
  private join(to: Int32Array, n: number): void {
    const { m, lru } = this;
    const { next, prev } = m;
    let zone: Zone | null = null;
    let list = 0;
    let joined = 0;
    for (let i = 0; i < n; i++) {
      const p = to[i]!;
      const onto = lru.page[p]! & LIST;
      if (onto === 0) continue;
      const its = m.zoneOf(p)!;
      if (its !== zone || onto !== list) {
        if (zone !== null) lru.account(zone, list, joined);
        zone = its;
        list = onto;
        joined = 0;
      }
      const where = its.nid * 8 + onto;
      const older = lru.first[where]!;
      next[p] = older;
      prev[p] = -1;
      if (older >= 0) prev[older] = p;
      else lru.last[where] = p;
      lru.first[where] = p;
      joined++;
    }
    if (zone !== null) lru.account(zone, list, joined);
  }
}
