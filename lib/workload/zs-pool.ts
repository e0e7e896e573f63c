/**
 * A pool of zsmalloc: objects in zspages, of which each class keeps those with room by how full they are. mm/zsmalloc.c:
 * zs_malloc(), zs_free(), find_get_zspage(), insert_zspage(). Its pages are single, movable and on no LRU list. Not
 * modelled: the shrinker that moves objects together (zs_compact()), and the small caches for handles and zspages.
 */
import { compareReleases } from "../hardware/kernel-release";
import type { System } from "../machine/system";
import {
  __GFP_HIGHMEM,
  __GFP_KSWAPD_RECLAIM,
  __GFP_MEMALLOC,
  __GFP_MOVABLE,
  __GFP_NOWARN,
  __GFP_RECLAIM,
} from "../mm/state/gfp";
import { classOfBytes, type ZsClass, type ZsClasses, zsClasses } from "./zs-classes";

/** A zspage; a place on a list of its class while it has room. */
export interface Zspage {
  readonly of: ZsClass;
  /** Slots of its pages, the first of the chain first. */
  readonly slots: number[];
  used: number;
  group: number;
  next: Zspage | null;
  prev: Zspage | null;
}

/** zram_bvec_write(), 6.1: the first try does not wait; the second may, in reclaim, which the watermarks do not stop (PF_MEMALLOC). */
const FIRST_TRY = __GFP_KSWAPD_RECLAIM | __GFP_NOWARN | __GFP_HIGHMEM | __GFP_MOVABLE;
const SECOND_TRY = __GFP_RECLAIM | __GFP_MEMALLOC | __GFP_NOWARN | __GFP_HIGHMEM | __GFP_MOVABLE;

/** Groups by fullness: up to 6.3 over or up to three quarters; since 6.4 by tenths (series of March 2023). */
const GROUPS = 11;
const FULL = GROUPS;

export class ZsPool {
  readonly sizes: ZsClasses;
  /** Pages that the pool holds. */
  pages: number;
  /** First zspage of each group of a class. */
  private readonly heads: Map<ZsClass, (Zspage | null)[]>;
  private readonly byTenths: boolean;

  constructor(private readonly system: System) {
    const { kernel } = system.booted;
    this.sizes = zsClasses(system.pageSize, kernel);
    this.pages = 0;
    this.heads = new Map();
    this.byTenths = compareReleases(kernel, "6.4") >= 0;
  }

  /** zs_malloc() of a page that compresses to `bytes`; null if a zspage was needed and there was no memory for it. */
  store(bytes: number): Zspage | null {
    const { pageSize } = this.system;
    const of = classOfBytes(this.sizes, bytes >= this.sizes.hugeBytes ? pageSize : Math.max(1, bytes));
    const found = this.withRoom(of);
    const zspage = found ?? this.fresh(of);
    if (zspage === null) return null;
    zspage.used++;
    if (found === null) this.insert(zspage, this.groupOf(zspage));
    else this.regroup(zspage);
    return zspage;
  }

  /** zs_free() of one object of a zspage; an empty one is given back, page by page along its chain. */
  drop(zspage: Zspage): void {
    zspage.used--;
    if (zspage.used > 0) {
      this.regroup(zspage);
      return;
    }
    this.remove(zspage);
    for (const slot of zspage.slots) this.system.free(slot);
    this.pages -= zspage.slots.length;
  }

  /** find_get_zspage(): the first of the fullest group that has room. */
  private withRoom(of: ZsClass): Zspage | null {
    const heads = this.headsOf(of);
    for (let group = FULL - 1; group >= 0; group--) if (heads[group] !== null) return heads[group]!;
    return null;
  }

  /** alloc_zspage(): all of its pages, or none. */
  private fresh(of: ZsClass): Zspage | null {
    const slots: number[] = [];
    for (const gfp of [FIRST_TRY, SECOND_TRY]) {
      while (slots.length < of.pages) {
        const slot = this.system.alloc("zspage", 0, gfp);
        if (slot < 0) break;
        slots.push(slot);
      }
      if (slots.length === of.pages) {
        this.pages += of.pages;
        return { of, slots, used: 0, group: -1, next: null, prev: null };
      }
      while (slots.length > 0) this.system.free(slots.pop()!);
    }
    return null;
  }

  /** get_fullness_group(); a full zspage is in the last one. */
  private groupOf({ used, of }: Zspage): number {
    if (used === of.objects) return FULL;
    if (this.byTenths) return Math.floor((100 * used) / of.objects / 10) + 1;
    return used <= Math.floor((3 * of.objects) / 4) ? 1 : 2;
  }

  private regroup(zspage: Zspage): void {
    const group = this.groupOf(zspage);
    if (group === zspage.group) return;
    this.remove(zspage);
    this.insert(zspage, group);
  }

  /** insert_zspage(): in front; up to 6.3 behind the first one if that holds more. */
  private insert(zspage: Zspage, group: number): void {
    zspage.group = group;
    const heads = this.headsOf(zspage.of);
    const head = heads[group] ?? null;
    if (head !== null && !this.byTenths && zspage.used < head.used) {
      zspage.prev = head;
      zspage.next = head.next;
      if (head.next !== null) head.next.prev = zspage;
      head.next = zspage;
      return;
    }
    zspage.prev = null;
    zspage.next = head;
    if (head !== null) head.prev = zspage;
    heads[group] = zspage;
  }

  private remove(zspage: Zspage): void {
    const { next, prev } = zspage;
    if (next !== null) next.prev = prev;
    if (prev !== null) prev.next = next;
    else this.headsOf(zspage.of)[zspage.group] = next;
    zspage.next = null;
    zspage.prev = null;
  }

  private headsOf(of: ZsClass): (Zspage | null)[] {
    let heads = this.heads.get(of);
    if (heads === undefined) {
      heads = new Array(GROUPS + 1).fill(null);
      this.heads.set(of, heads);
    }
    return heads;
  }
}
