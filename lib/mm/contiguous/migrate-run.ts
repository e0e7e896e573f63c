/**
 * Migrates many single pages at once. As long as the per-CPU list that serves their targets has pages, a migration reads
 * nothing that the one before it changed: the source goes to the ISOLATE lists, which no watermark counts. So the walk over
 * the zones is done once, the targets leave the list together, and the sources are freed in runs. Whatever is not a
 * single page that nothing holds, and every refill, goes the ordinary way. Law: test/laws/bulk.test.ts.
 */
import { fastFlags, gfpMigratetype } from "../allocation/alloc-flags";
import { freeDownwards } from "../allocation/drain-run";
import { placeFreed } from "../allocation/free-one-page";
import { noteTaken, servingZone } from "../allocation/page-run";
import { AllocContext } from "../state/alloc-context";
import { gfpZone } from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_ISOLATE } from "../state/migratetype";
import { isHeld } from "../state/owners";
import { ALLOCATED, IN_USE_MOVABLE, MOVABLE_PAGE, ORDER_MASK, OWNER_VALID } from "../state/page-state";
import type { Zone } from "../state/zone";
import type { IsolatedPage, ManyMoves, MigrationWorld } from "./migrate";
import { targetGfp } from "./migration-target";

/** Most pages of one go. */
const MOST = 64;

/** Is told of pages that moved: those at from[0..n) are at to[0..n) now, in this order. */
export type MovedPages = (from: Int32Array, to: Int32Array, n: number) => void;

export class MigrationRun implements ManyMoves {
  private readonly ac: AllocContext;
  private readonly from: Int32Array;
  private readonly to: Int32Array;

  constructor(
    private readonly m: Memory,
    readonly of: MigrationWorld,
    private readonly moved: MovedPages,
  ) {
    this.ac = new AllocContext();
    this.from = new Int32Array(MOST);
    this.to = new Int32Array(MOST);
  }

  move(pages: readonly IsolatedPage[], at: number): number {
    const { m, from, to } = this;
    const { pfn } = pages[at]!;
    if (!this.plain(pages[at]!)) return 0;
    const zone = m.zoneOf(pfn)!;
    const serving = this.walk(zone);
    if (serving === null) return 0;
    const n = this.gather(pages, at, zone, serving);
    if (n === 0) return 0;
    for (let i = 0; i < n; i++) this.passOwner(from[i]!, to[i]!);
    this.moved(from, to, n);
    this.freeSources(zone, n);
    return n;
  }

  /** Whether the page is a single one of an isolated block, still in use, and held by nothing. */
  private plain({ pfn, order }: IsolatedPage): boolean {
    const { m } = this;
    const s = m.state[pfn]!;
    return (
      order === 0 &&
      (s & (ALLOCATED | ORDER_MASK)) === ALLOCATED &&
      m.blockType(pfn) === MIGRATE_ISOLATE &&
      !isHeld(m, pfn)
    );
  }

  /** The zone whose per-CPU list serves a target for a page of `zone`. */
  private walk(zone: Zone): Zone | null {
    const { m, ac } = this;
    const gfp = targetGfp(zone, 0);
    const zones = m.zonelistOf(zone.nid, gfp);
    if (zones === undefined || zones.length === 0) return null;
    ac.gfp = gfp;
    ac.highest = gfpZone(gfp);
    ac.mt = gfpMigratetype(m, gfp);
    if (ac.zonelist !== zones) ac.zonelist = zones;
    ac.allocFlags = fastFlags(m, ac);
    return servingZone(m, ac);
  }

  /** Takes targets off the per-CPU list for pages of `zone` from `at` on; how many. */
  private gather(pages: readonly IsolatedPage[], at: number, zone: Zone, serving: Zone): number {
    const { m, from, to } = this;
    const list = serving.pcp.lists[this.ac.mt]!;
    const most = Math.min(MOST, pages.length - at, list.length);
    let n = 0;
    for (; n < most; n++) {
      const page = pages[at + n]!;
      if (n > 0 && (!this.plain(page) || m.zoneOf(page.pfn) !== zone)) break;
      from[n] = page.pfn;
      to[n] = list.at(n);
    }
    if (n === 0) return 0;
    list.dropHead(n);
    noteTaken(m, serving, n);
    return n;
  }

  /** moveOwner() from a page in use to one that was taken. */
  private passOwner(from: number, to: number): void {
    const { state, owner } = this.m;
    const s = state[from]!;
    const kind = s & OWNER_VALID ? owner[from]! & ~MOVABLE_PAGE : 0;
    owner[to] = s & IN_USE_MOVABLE ? kind | MOVABLE_PAGE : kind;
    state[to] = ALLOCATED | OWNER_VALID | (s & IN_USE_MOVABLE);
  }

  /** Frees the sources in their order. Sources of one list come downwards. */
  private freeSources(zone: Zone, n: number): void {
    const { m, from } = this;
    for (let i = 0; i < n; ) {
      const last = from[i]!;
      const block = last >>> m.pageblockOrder;
      let k = 1;
      while (i + k < n && from[i + k] === last - k && (last - k) >>> m.pageblockOrder === block) k++;
      if (k === 1) placeFreed(m, zone, last, 0, MIGRATE_ISOLATE, false);
      else freeDownwards(m, zone, last - k + 1, k, MIGRATE_ISOLATE);
      i += k;
    }
  }
}
