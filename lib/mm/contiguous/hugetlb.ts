/**
 * hugetlb: pools of huge pages of one size. Pages come from the buddy allocator or, if they are larger than its
 * largest page (gigantic), from alloc_contig_pages() or hugetlb_cma. Conservation, in huge pages: total = free + in
 * use, surplus <= in use, persistent = total − surplus. Model of mm/hugetlb.c, 6.1.
 */
import { InputError } from "../../base/errors";
import { allocPages, freePages } from "../allocation/page-alloc";
import {
  __GFP_COMP,
  __GFP_NOWARN,
  __GFP_RETRY_MAYFAIL,
  __GFP_THISNODE,
  GFP_HIGHUSER,
  GFP_HIGHUSER_MOVABLE,
} from "../state/gfp";
import type { HugetlbMoves } from "../state/hugetlb-moves";
import type { Memory } from "../state/memory";
import { OWNER_KINDS } from "../state/owners";
import type { ContigFailure } from "./contig-range";

const GFP_HUGE = GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOWARN;

/**
 * The source of gigantic pages: takes 2^order frames of one node, naturally aligned, or returns −1; and frees them.
 */
export interface GiganticSource {
  /** `nid`: default the first node. `tried` is told every range that was tried and failed. */
  take(order: number, nid?: number, tried?: (range: TriedRange) => void): number;
  give(pfn: number, order: number): void;
}

/** A range that was tried and failed. */
export interface TriedRange {
  start: number;
  failure: ContigFailure | null;
}

export interface HugetlbOptions {
  /** Order of one huge page. */
  order: number;
  /** Required for orders above the largest buddy page. */
  gigantic?: GiganticSource;
  /** nr_overcommit_hugepages: surplus pages that may be made on demand; default 0. */
  overcommit?: number;
}

/**
 *
 * @example
 * ```ts
 * import { HugetlbPool, machine } from "pageblock";
 *
 * const { memory } = machine("pc-x86-64").memory("1GiB").start();
 * const pool = new HugetlbPool(memory, { order: 9 });
 * pool.setMaxHugePages(16); // => 16
 * ```
 */
export class HugetlbPool implements HugetlbMoves {
  readonly order: number;
  /** First frames of free huge pages; the last is handed out next. */
  readonly free: number[];
  /** Huge pages handed out, by first frame. */
  readonly used: Set<number>;
  /** By the first frame of a page in use that has moved: the one that its holder was given. */
  private readonly handedOutAs: Map<number, number>;
  surplus: number;
  overcommit: number;
  readonly gigantic: GiganticSource | null;
  /** next_nid_to_alloc and next_nid_to_free: the pool grows and shrinks node by node. */
  private nextToGrow: number;
  private nextToShrink: number;
  /** Nodes that refused a page in the last setMaxHugePages(), and the ranges tried there for gigantic pages. */
  readonly refusals: Map<number, readonly TriedRange[]>;

  constructor(
    private readonly m: Memory,
    options: HugetlbOptions,
  ) {
    if (!Number.isInteger(options.order) || options.order < 1)
      throw new InputError(`hugetlb: order of a huge page must be 1 or more: got ${options.order}`);
    this.order = options.order;
    this.free = [];
    this.used = new Set();
    this.handedOutAs = new Map();
    this.surplus = 0;
    this.overcommit = options.overcommit ?? 0;
    this.gigantic = options.gigantic ?? null;
    this.nextToGrow = 0;
    this.nextToShrink = 0;
    this.refusals = new Map();
    m.hugetlbPools.push(this);
  }

  /** A contiguous request moved or replaced the page at `from`. */
  moved(from: number, to: number): "used" | "free" | null {
    const i = this.free.indexOf(from);
    if (i >= 0) {
      this.free[i] = to;
      return "free";
    }
    if (!this.used.delete(from)) return null;
    this.used.add(to);
    this.handedOutAs.set(to, this.handedOutAs.get(from) ?? from);
    this.handedOutAs.delete(from);
    return "used";
  }

  /** Where the page in use is that its holder was given as `pfn`; −1: there is none. */
  private placeOf(pfn: number): number {
    if (this.used.has(pfn) && !this.handedOutAs.has(pfn)) return pfn;
    for (const [now, then] of this.handedOutAs) if (then === pfn) return now;
    return this.used.has(pfn) ? pfn : -1;
  }

  /** nr_hugepages. */
  get total(): number {
    return this.free.length + this.used.size;
  }

  get persistent(): number {
    return this.total - this.surplus;
  }

  /** nr_hugepages of one node. */
  totalOn(nid: number): number {
    const here = (pfn: number) => this.m.zoneOf(pfn)!.nid === nid;
    return this.free.filter(here).length + [...this.used].filter(here).length;
  }

  /**
   * set_max_huge_pages(): grows the pool until it holds `count` persistent pages or a request fails. To shrink, it
   * frees free pages and turns pages in use into surplus. `nid`: writes the node's own nr_hugepages; `count` is that of the node
   * then. Returns the new number of persistent pages, with `nid` of pages there.
   */
  setMaxHugePages(count: number, nid?: number): number {
    if (!Number.isInteger(count) || count < 0)
      throw new InputError(`nr_hugepages: must be a whole number, 0 or more: got ${count}`);
    const nodes = this.nodesFrom(nid ?? this.m.firstNode).sort((a, b) => a - b);
    this.refusals.clear();
    if (nid === undefined) return this.resize(count, nodes);
    this.resize(count + this.total - this.totalOn(nid), [nid]);
    return this.totalOn(nid);
  }

  private resize(count: number, nodes: readonly number[]): number {
    while (this.surplus > 0 && count > this.persistent) this.surplus--;
    const tired = new Set<number>();
    while (count > this.persistent) {
      const pfn = this.freshInTurn(nodes, tired);
      if (pfn < 0) break;
      this.free.push(pfn);
    }
    while (count < this.persistent) {
      const pfn = this.shrinkInTurn(nodes);
      if (pfn < 0) break;
      this.giveBack(pfn);
    }
    if (count < this.persistent) this.surplus += this.persistent - count;
    return this.persistent;
  }

  /** alloc_huge_page(): the pool's free page nearest to node `nid`, otherwise a surplus page, or −1. */
  alloc(nid: number = this.m.firstNode): number {
    let pfn = -1;
    for (const node of this.nodesFrom(nid)) if (pfn < 0) pfn = this.takeFree(node);
    if (pfn < 0 && this.surplus < this.overcommit) {
      pfn = this.fresh(nid, GFP_HUGE | __GFP_RETRY_MAYFAIL);
      if (pfn >= 0) this.surplus++;
    }
    if (pfn >= 0) this.used.add(pfn);
    return pfn;
  }

  /**
   * free_huge_page(): returns the page to the pool; surplus pages return to the allocator. `pfn`: as alloc() gave it, even if
   * the page has moved since.
   */
  release(pfn: number): void {
    const at = this.placeOf(pfn);
    if (at < 0) throw new InputError(`hugetlb: frame ${pfn} is not the first of a huge page in use`);
    this.used.delete(at);
    this.handedOutAs.delete(at);
    if (this.surplus > 0) {
      this.surplus--;
      this.giveBack(at);
    } else this.free.push(at);
  }

  /**
   * dissolve_free_huge_page(): a free huge page becomes free base pages; false if it is in use or not in the pool.
   */
  dissolve(pfn: number): boolean {
    const i = this.free.indexOf(pfn);
    if (i < 0) return false;
    this.free.splice(i, 1);
    this.giveBack(pfn);
    return true;
  }

  /**
   * demote_pool_huge_page() (5.16+): splits up to `count` free pages into pages of `target`; returns the number
   * split.
   */
  demote(count: number, target: HugetlbPool): number {
    if (target.order >= this.order)
      throw new InputError(`demote: the smaller size must be below order ${this.order}: got ${target.order}`);
    let done = 0;
    while (done < count && this.free.length > 0) {
      const pfn = this.free.pop()!;
      const step = 1 << target.order;
      this.m.splitAllocated(pfn, this.order);
      for (let p = pfn; p < pfn + (1 << this.order); p += step) {
        this.m.markAllocated(p, target.order);
        this.m.setOwner(p, OWNER_KINDS.hugetlb);
        target.free.push(p);
      }
      done++;
    }
    return done;
  }

  /** Nodes in the order of a node's zone list. */
  private nodesFrom(nid: number): number[] {
    const zones = this.m.nodeZonelists.fallback[nid]?.at(-1);
    if (zones === undefined)
      throw new InputError(`hugetlb: the machine has nodes 0 to ${this.m.nrNodes - 1}: got ${nid}`);
    return [...new Set(zones.map((z) => z.nid))];
  }

  /** The most recently added free page of a node, or −1. */
  private takeFree(nid: number): number {
    let at = this.free.length - 1;
    if (this.m.nrNodes > 1) while (at >= 0 && this.m.zoneOf(this.free[at]!)!.nid !== nid) at--;
    return at < 0 ? -1 : this.free.splice(at, 1)[0]!;
  }

  /**
   * alloc_pool_huge_page(): takes pages from the nodes in turn; if a node has none, it tries the next. After a
   * failure, it asks that node without __GFP_RETRY_MAYFAIL until it gives a page again (node_alloc_noretry).
   */
  private freshInTurn(nodes: readonly number[], tired: Set<number>): number {
    for (let i = 0; i < nodes.length; i++) {
      const nid = allowedFrom(nodes, this.nextToGrow);
      this.nextToGrow = allowedFrom(nodes, nid + 1);
      const hard = tired.has(nid) ? 0 : __GFP_RETRY_MAYFAIL;
      const tried: TriedRange[] = [];
      const pfn = this.fresh(nid, GFP_HUGE | __GFP_THISNODE | hard, tried);
      if (pfn >= 0) {
        tired.delete(nid);
        this.refusals.delete(nid);
        return pfn;
      }
      tired.add(nid);
      this.refusals.set(nid, tried);
    }
    return -1;
  }

  /** remove_pool_huge_page(): from the nodes in turn; −1 if none of them has a free page. */
  private shrinkInTurn(nodes: readonly number[]): number {
    for (let i = 0; i < nodes.length; i++) {
      const nid = allowedFrom(nodes, this.nextToShrink);
      this.nextToShrink = allowedFrom(nodes, nid + 1);
      const pfn = this.takeFree(nid);
      if (pfn >= 0) return pfn;
    }
    return -1;
  }

  /** alloc_fresh_huge_page(). */
  private fresh(nid: number, gfp: number, tried?: TriedRange[]): number {
    const { m, order } = this;
    if (order > m.maxOrder) {
      if (this.gigantic === null)
        throw new InputError(
          `hugetlb: a page of order ${order} is larger than the largest of the allocator, ${m.maxOrder}: it needs a source of contiguous memory`,
        );
      return this.gigantic.take(order, nid, (range) => tried?.push(range));
    }
    const pfn = allocPages(m, gfp, order, m.zonelistOf(nid, gfp));
    if (pfn >= 0) m.setOwner(pfn, OWNER_KINDS.hugetlb);
    return pfn;
  }

  private giveBack(pfn: number): void {
    if (this.order > this.m.maxOrder) this.gigantic!.give(pfn, this.order);
    else freePages(this.m, pfn, this.order);
  }
}

/** get_valid_node_allowed(): the first of the nodes, ascending, that is `nid` or above; the lowest if none is. */
function allowedFrom(nodes: readonly number[], nid: number): number {
  return nodes.find((n) => n >= nid) ?? nodes[0]!;
}

/** htlb_alloc_mask() of a gigantic page: not movable. */
export const GIGANTIC_GFP = GFP_HIGHUSER | __GFP_THISNODE;
