/**
 * The LRU lists of every node: active and inactive lists of anonymous and file pages, and the unevictable list. Lists
 * run through the columns `next` and `prev`, which a page in use does not otherwise need; the head is the most
 * recently added. Reclaim takes pages from the tail of an inactive list; a referenced page gets another round. A page
 * of a higher order is one list entry, by its head, and counts with all its frames. Law: the sum of the counts is the
 * number of frames of the pages whose `list` is not NONE. Model of mm/vmscan.c, 6.1.
 */
import { uint8Column } from "../../base/columns";
import { freeWholePages } from "../allocation/page-alloc";
import type { LruLists, ShrinkResult } from "../state/lru-lists";
import type { Memory } from "../state/memory";
import { orderInUse } from "../state/owners";
import type { Zone } from "../state/zone";

export const LRU_NONE = 0;
export const LRU_INACTIVE_ANON = 1;
export const LRU_ACTIVE_ANON = 2;
export const LRU_INACTIVE_FILE = 3;
export const LRU_ACTIVE_FILE = 4;
export const LRU_UNEVICTABLE = 5;
const NR_LRU_LISTS = 6;

/** A byte of `page`: list, flags. */
export const LIST = 0x07;
export const REFERENCED = 0x08;
export const DIRTY = 0x10;

/** The fate of a page that reclaim took. */
export type ReclaimedAs = "dropped" | "written" | "swapped";

/** A cache that returns pages if memory is short. */
export interface Shrinker {
  /** do_shrink_slab(): the number of pages it freed in a pass of this priority. */
  shrink(priority: number): number;
}

export class Lru implements LruLists {
  /** One byte per frame: list, referenced, dirty. */
  readonly page: Uint8Array;
  /** By node × 8 + list: the page added last, and the one added first; −1: none. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** Frames by list, all nodes together. */
  readonly count: Int32Array;
  /** Frames by node × 8 + list. */
  private readonly nodeCount: Int32Array;
  /** Frames by (node × 8 + zone index) × 8 + list. */
  private readonly zoneCount: Int32Array;
  /** Swap slots left, in pages; 0: swap is off. */
  swapFree: number;
  /** Called for every page reclaimed, so that its owner knows it must be read again (a refault). */
  onReclaim: ((pfn: number, as: ReclaimedAs) => void) | null;
  /** shrink_slab(): caches of kernel objects, each called once per pass with its priority. */
  readonly shrinkers: Shrinker[];
  /** The current pass neither writes nor swaps. */
  private cleanOnly: boolean;

  constructor(
    private readonly m: Memory,
    swapPages = 0,
  ) {
    this.page = uint8Column(m.endPfn);
    const nodes = m.zones.reduce((n, z) => Math.max(n, z.nid + 1), 1);
    this.first = new Int32Array(nodes * 8).fill(-1);
    this.last = new Int32Array(nodes * 8).fill(-1);
    this.count = new Int32Array(NR_LRU_LISTS);
    this.nodeCount = new Int32Array(nodes * 8);
    this.zoneCount = new Int32Array(nodes * 8 * 8);
    this.swapFree = swapPages;
    this.onReclaim = null;
    this.shrinkers = [];
    this.cleanOnly = false;
  }

  /** The list of the page at `pfn`; LRU_NONE if it is on none. */
  listOf(pfn: number): number {
    return this.page[pfn]! & LIST;
  }

  /** lruvec_add_folio(): to the head. The page must be in use and on no list. */
  add(pfn: number, list: number, dirty = false): void {
    const { next, prev } = this.m;
    const zone = this.m.zoneOf(pfn)!;
    const at = zone.nid * 8 + list;
    const head = this.first[at]!;
    next[pfn] = head;
    prev[pfn] = -1;
    if (head >= 0) prev[head] = pfn;
    else this.last[at] = pfn;
    this.first[at] = pfn;
    this.page[pfn] = list | (dirty ? DIRTY : 0);
    this.account(zone, list, 1 << orderInUse(this.m, pfn));
  }

  /** Takes a page off its list: it is freed, isolated or pinned long-term. */
  remove(pfn: number): void {
    const list = this.page[pfn]! & LIST;
    if (list === LRU_NONE) return;
    const { next, prev } = this.m;
    const n = next[pfn]!;
    const p = prev[pfn]!;
    const zone = this.m.zoneOf(pfn)!;
    const at = zone.nid * 8 + list;
    if (p >= 0) next[p] = n;
    else this.first[at] = n;
    if (n >= 0) prev[n] = p;
    else this.last[at] = p;
    this.page[pfn] = LRU_NONE;
    this.account(zone, list, -(1 << orderInUse(this.m, pfn)));
  }

  /** `n` frames more (or less) on a list, of pages of a zone. */
  account(zone: Zone, list: number, n: number): void {
    this.count[list]! += n;
    this.nodeCount[zone.nid * 8 + list]! += n;
    this.zoneCount[(zone.nid * 8 + zone.idx) * 8 + list]! += n;
  }

  /** A page was migrated: the new frame joins the list of the old one, at the head. */
  move(from: number, to: number): void {
    const state = this.page[from]!;
    if ((state & LIST) === LRU_NONE) return;
    this.remove(from);
    this.add(to, state & LIST);
    this.page[to] = state;
  }

  /** split_folio(): the page of 2^order frames at `pfn` is about to become single frames, each on the list it was on. */
  split(pfn: number, order: number): void {
    const state = this.page[pfn]!;
    const list = state & LIST;
    if (list === LRU_NONE) return;
    this.remove(pfn);
    this.m.splitAllocated(pfn, 0);
    for (let p = pfn + (1 << order) - 1; p >= pfn; p--) {
      this.add(p, list);
      this.page[p] = state;
    }
  }

  /** folio_mark_accessed(): the second reference of an inactive page activates it. */
  markAccessed(pfn: number): void {
    const state = this.page[pfn]!;
    const list = state & LIST;
    if (state & REFERENCED && (list === LRU_INACTIVE_ANON || list === LRU_INACTIVE_FILE)) {
      this.remove(pfn);
      this.add(pfn, list + 1, (state & DIRTY) !== 0);
    } else if (list !== LRU_NONE) this.page[pfn] = state | REFERENCED;
  }

  /** Sets or clears the dirty bit of a file page. */
  setDirty(pfn: number, dirty: boolean): void {
    this.page[pfn] = (this.page[pfn]! & ~DIRTY) | (dirty ? DIRTY : 0);
  }

  isDirty(pfn: number): boolean {
    return (this.page[pfn]! & DIRTY) !== 0;
  }

  /** zone_reclaimable_pages(): file pages, and anonymous ones up to the swap available. */
  reclaimable(zone: Zone): number {
    const at = (zone.nid * 8 + zone.idx) * 8;
    const c = this.zoneCount;
    const file = c[at + LRU_INACTIVE_FILE]! + c[at + LRU_ACTIVE_FILE]!;
    return this.swapFree > 0 ? file + c[at + LRU_INACTIVE_ANON]! + c[at + LRU_ACTIVE_ANON]! : file;
  }

  /**
   * shrink_node() of every node that has one of the zones: file lists first, and anonymous ones in the same
   * proportion if there is swap. A pass scans (list length >> priority) pages and stops at `goal`. Simplified:
   * get_scan_count() balances by cost, the model by length.
   */
  shrink(zones: readonly Zone[], priority: number, goal: number, cleanOnly = false): ShrinkResult {
    const result: ShrinkResult = { scanned: 0, reclaimed: 0 };
    this.cleanOnly = cleanOnly;
    const pairs =
      this.swapFree > 0 && !cleanOnly ? [LRU_INACTIVE_FILE, LRU_INACTIVE_ANON] : [LRU_INACTIVE_FILE];
    const nodes = zones.length === 1 ? [zones[0]!.nid] : new Set(zones.map((z) => z.nid));
    const { m } = this;
    const changed = m.change?.reclaimPriority !== undefined;
    for (const nid of nodes)
      for (const list of pairs) {
        if (result.reclaimed >= goal) break;
        const inactive = nid * 8 + list;
        const by = changed ? this.priorityOf(inactive, { priority, goal, result }) : priority;
        if (by < 0) continue;
        this.ageActive(inactive, list, by);
        const most = this.nodeCount[inactive]! >> by;
        this.shrinkList(inactive, zones, Math.min(most, 1 << 20), goal - result.reclaimed, result);
      }
    this.cleanOnly = false;
    if (this.shrinkers.length === 0) return result;
    const by = changed ? this.priorityOf(-1, { priority, goal, result }) : priority;
    if (by >= 0) for (const shrinker of this.shrinkers) result.reclaimed += shrinker.shrink(by);
    return result;
  }

  /** The priority at which a change wants a list scanned, or the shrinkers of caches (`inactive` −1); −1: not now. */
  private priorityOf(
    inactive: number,
    { priority, goal, result }: { priority: number; goal: number; result: ShrinkResult },
  ): number {
    const slab = inactive < 0;
    return this.m.change!.reclaimPriority!({
      node: slab ? this.m.firstNode : inactive >> 3,
      list: slab ? "slab" : (inactive & LIST) === LRU_INACTIVE_ANON ? "anon" : "file",
      priority,
      goal,
      reclaimed: result.reclaimed,
      inactivePages: slab ? 0 : this.nodeCount[inactive]!,
      activePages: slab ? 0 : this.nodeCount[inactive + 1]!,
      freeSwapPages: this.swapFree,
    });
  }

  /**
   * invalidate_mapping_pages() of /proc/sys/vm/drop_caches: frees clean file pages of both lists, at most `most`, and
   * returns their number. Dirty and held pages stay.
   */
  shrinkFile(most: number): number {
    let freed = 0;
    for (let at = 0; at < this.last.length; at++) {
      if ((at & LIST) !== LRU_INACTIVE_FILE && (at & LIST) !== LRU_ACTIVE_FILE) continue;
      let pfn = this.last[at]!;
      while (pfn >= 0 && freed < most) {
        const before = this.m.prev[pfn]!;
        if (!this.isDirty(pfn) && (this.m.mayIsolate === null || this.m.mayIsolate(pfn, false))) {
          const order = orderInUse(this.m, pfn);
          this.remove(pfn);
          this.onReclaim?.(pfn, "dropped");
          freeWholePages(this.m, pfn, order);
          freed += 1 << order;
        }
        pfn = before;
      }
    }
    return freed;
  }

  /** shrink_active_list(): keeps the inactive list long enough (inactive_is_low(): file 1:1, as at a few GB). */
  private ageActive(inactive: number, list: number, priority: number): void {
    const active = inactive + 1;
    let n = Math.max(this.nodeCount[active]! >> priority, 1);
    while (n > 0 && this.nodeCount[inactive]! < this.nodeCount[active]!) {
      const pfn = this.last[active]!;
      if (pfn < 0) return;
      const dirty = this.isDirty(pfn);
      n -= 1 << orderInUse(this.m, pfn);
      this.remove(pfn);
      this.add(pfn, list, dirty);
    }
  }

  private shrinkList(
    list: number,
    zones: readonly Zone[],
    most: number,
    goal: number,
    result: ShrinkResult,
  ): void {
    let left = most;
    let freed = 0;
    let pfn = this.last[list]!;
    while (pfn >= 0 && left > 0 && freed < goal) {
      const before = this.m.prev[pfn]!;
      const pages = 1 << orderInUse(this.m, pfn);
      left -= pages;
      if (zones.includes(this.m.zoneOf(pfn)!)) {
        result.scanned += pages;
        if (this.reclaimPage(pfn, list & LIST, pages)) {
          freed += pages;
          result.reclaimed += pages;
        }
      }
      pfn = before;
    }
  }

  /** shrink_folio_list() for one page: whether it was freed. */
  private reclaimPage(pfn: number, list: number, pages: number): boolean {
    const { m } = this;
    const state = this.page[pfn]!;
    if (m.mayIsolate !== null && !m.mayIsolate(pfn, false)) return false;
    if (this.cleanOnly && state & DIRTY) return false;
    if (state & REFERENCED) {
      this.remove(pfn);
      this.add(pfn, list, (state & DIRTY) !== 0);
      return false;
    }
    let as: ReclaimedAs = state & DIRTY ? "written" : "dropped";
    if (list === LRU_INACTIVE_ANON) {
      if (this.swapFree < pages) return false;
      this.swapFree -= pages;
      as = "swapped";
    }
    this.remove(pfn);
    this.onReclaim?.(pfn, as);
    freeWholePages(m, pfn, orderInUse(m, pfn));
    return true;
  }
}
