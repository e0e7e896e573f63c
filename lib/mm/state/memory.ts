/**
 * The memory of one machine: every field of `struct page` that matters as a column, zones, page blocks, and the
 * doubly linked lists that run through the columns. A frame number is an index; heads of lists are indices behind the
 * last frame, so that linking needs no branch. Columns of untouched frames cost address space but no memory.
 *
 * A run of whole untouched top-order blocks on a list is one *virgin* node (index >= virginBase) that stands for the
 * frames [virginLo, virginHi): a machine of 1 TiB boots without touching its columns.
 */
import { int32Column, uint8Column } from "../../base/columns";
import { assert } from "../../base/errors";
import type { BatchedDrain } from "../allocation/batched-drain";
import { AllocContext } from "./alloc-context";
import { BlockScan } from "./block-scan";
import { __GFP_THISNODE, gfpZone } from "./gfp";
import type { LruLists } from "./lru-lists";
import { MIGRATE_ISOLATE, MIGRATE_PCPTYPES } from "./migratetype";
import type { PageHold } from "./page-hold";
import { NR_PCP_LISTS_MAX, PAGE_ALLOC_COSTLY_ORDER, PerCpuPages } from "./per-cpu-pages";
import type { KernelSwitches } from "./profile";
import type { SlowPathHelp } from "./slow-path-help";
import type { TracePoints } from "./trace-points";
import { Zone, type ZoneShape } from "./zone";
import { CompactionCounters } from "./zone-compaction";
import { zoneIndexOf, zonePieces } from "./zone-frames";
import { buildZonelists, type NodeDistances, type Zonelists } from "./zonelists";

/**
 * `state` of a frame. Free in the buddy lists: order + 1 (1..15). On a per-CPU list: ON_PCP, the migrate type stored
 * when it was freed or taken (page->index up to 6.9), and its order. In use, at the head of a page: ALLOCATED, its order,
 * and what is known of it. 0: in use but of unknown order (what a snapshot or boot left), or inside a larger page.
 */
export const ORDER_MASK = 0x0f;
export const ON_PCP = 0x40;
export const ALLOCATED = 0x80;
/** With ALLOCATED: on the LRU or otherwise movable, which is what a block claim counts as movable. */
export const IN_USE_MOVABLE = 0x20;
/** With ALLOCATED: the owner column is valid; without it the owner is unknown. */
const OWNER_VALID = 0x10;

/** The state of a per-CPU page; orders above 3 are the THP order. */
export function pcpState(order: number, mt: number): number {
  return ON_PCP | (mt << 3) | (order > 3 ? 4 : order);
}

/** The type that is stored in a per-CPU page's state. */
export function pcpStoredType(state: number): number {
  return (state >> 3) & 7;
}

/** Whether a state is that of a per-CPU page. */
export function isPcpState(state: number): boolean {
  return (state & (ON_PCP | ALLOCATED)) === ON_PCP;
}

/** `owner` of a page in use: movable or not, and what it is. Read it by ownerOf(), which knows when it is valid. */
export const MOVABLE_PAGE = 0x08;
/** What a page in use is, as far as known: the upper four bits. */
export const OWNER_MASK = 0xf0;
export const OWNER_SLAB = 0x10;
export const OWNER_RESERVED = 0x20;
/** No struct page. */
export const OWNER_HOLE = 0x30;

/** `blocks` of a page block: migrate type, then flags. */
export const BLOCK_MT = 0x07;
export const BLOCK_SKIP = 0x08;
export const BLOCK_ISOLATED = 0x10;
export const BLOCK_HOLE = 0x80;

/** List heads of one zone's free area: order × 8 + migrate type. */
const HEADS_A_ORDER = 8;
const VIRGIN_NODES = 1024;

/** Where a frame is free: first frame and order of the free page that holds it. */
export interface FreePlace {
  head: number;
  order: number;
  pcp: boolean;
}

export interface MemoryShape {
  /** Largest buddy order (10 on x86-64): "max" in the kernel's MAX_PAGE_ORDER sense. */
  maxOrder: number;
  pageblockOrder: number;
  /** Order of a transparent huge page; default pageblockOrder. Larger with page blocks smaller than it (since 6.16). */
  thpOrder?: number;
  /** Zones in ascending frame order. */
  zones: ZoneShape[];
  /** node_distance() of every pair; default 10 to itself, 20 to others. */
  distances?: NodeDistances;
  cpus: number;
  switches: KernelSwitches;
  /** CONFIG_CMA, CONFIG_TRANSPARENT_HUGEPAGE. */
  cma: boolean;
  thp: boolean;
  mobilityDisabled: boolean;
}

export class Memory {
  readonly next: Int32Array;
  readonly prev: Int32Array;
  readonly state: Uint8Array;
  readonly owner: Uint8Array;
  /** One byte a page block. */
  readonly blocks: Uint8Array;
  /** Frames are [0, endPfn). */
  readonly endPfn: number;
  readonly virginBase: number;
  readonly virginLo: Int32Array;
  readonly virginHi: Int32Array;
  /** 1: the run is handed out from its upper end down (boot memory of 4.17). */
  readonly virginDown: Uint8Array;
  private virginUsed: number;
  readonly maxOrder: number;
  readonly pageblockOrder: number;
  /** HPAGE_PMD_ORDER: of a transparent huge page. */
  readonly thpOrder: number;
  readonly pageblockPages: number;
  readonly zones: Zone[];
  /** Every zone in the order of the first node's list: its own from highest to lowest, then those of the other nodes. */
  readonly zonelist: Zone[];
  /** The first node's list for each highest zone number: what a request walks that names no node. */
  readonly zonelists: Zone[][];
  /** The lists of every node. */
  readonly nodeZonelists: Zonelists;
  readonly sw: KernelSwitches;
  /** Switches that the hot paths ask, as booleans of their own: comparing texts there costs more than the rest. */
  readonly steals: boolean;
  readonly hygiene: boolean;
  readonly countPerPage: boolean;
  readonly autoTune: boolean;
  readonly countsFrees: boolean;
  readonly drainsHighOrders: boolean;
  readonly wholeReserve: boolean;
  /** 4.17's ALLOC_HARDER. */
  readonly hardAtomic: boolean;
  readonly bulkCounting: boolean;
  readonly bulkNarrowing: boolean;
  readonly cmaThreshold: number;
  /** Free CMA pages count only for requests that may take them; not where they have a zone of their own. */
  readonly cmaApart: boolean;
  /** There are per-CPU lists at all. */
  readonly usesPcp: boolean;
  /** Bit n: pages of order n go through the per-CPU lists. */
  private readonly pcpOrders: number;
  /** Zone of each top-order block of frames; 255: none, or several. */
  private readonly zoneIndex: Uint8Array;
  private readonly zoneShift: number;
  readonly cma: boolean;
  readonly thp: boolean;
  mobilityDisabled: boolean;
  /** vm.watermark_boost_factor, in 1/10000 of the high watermark; 0 is off. */
  watermarkBoostFactor: number;
  nrNodes: number;
  /**
   * Where drains are put whose lock is dropped between batches, for a replay that knows what came in between; null:
   * they run to their end at once.
   */
  interruptedDrains: BatchedDrain[] | null;
  /** CONFIG_ZONE_DMA32. */
  dma32: boolean;
  /** Reclaim and compaction for requests that may wait; null on a machine that has neither. */
  help: SlowPathHelp | null;
  trace: TracePoints | null;
  /** The request under way, or the last one. */
  readonly ac: AllocContext;
  /** The page block scanned last. */
  readonly blockScan: BlockScan;
  /** The frame that kept a page block from being isolated last; −1: it was isolated already, or nothing was in the way. */
  barrierPfn: number;
  /** task_capc(): takes a page that is being freed for the direct compactor; null when none runs. */
  capture: ((zone: Zone, pfn: number, order: number, mt: number) => boolean) | null;

  /** Whether a page on the LRU may be isolated for migration (pins, writeback…), by frame; null: all may. */
  mayIsolate: ((pfn: number, async: boolean) => boolean) | null;
  /** Whether an isolated page moves when it is tried; null: all do. */
  mayMigrate: ((pfn: number) => boolean) | null;
  /** Off: no page ever moves. migrate_pages() fails at once, in compaction, contiguous requests and pins alike. */
  migration: boolean;
  /** What holds pages, by their heads; null: nothing was ever held, which every free asks. Read it by owners.ts. */
  holds: Map<number, PageHold[]> | null;
  /** The LRU lists; null where pages in use are not told apart. */
  lru: LruLists | null;
  /** Who keeps track of pages by their owners, told of every page that moves to another frame; null: nobody. */
  tracker: ((fromPfn: number, toPfn: number) => void) | null;
  /** Compaction's and migration's share of /proc/vmstat. */
  readonly counters: CompactionCounters;

  constructor(shape: MemoryShape) {
    this.maxOrder = shape.maxOrder;
    this.pageblockOrder = shape.pageblockOrder;
    this.thpOrder = (shape.thpOrder ?? shape.pageblockOrder) | 0;
    this.pageblockPages = (1 << shape.pageblockOrder) | 0;
    const sw = shape.switches;
    this.sw = sw;
    this.steals = sw.fallback === "steal";
    this.hygiene = sw.freelistHygiene;
    this.countPerPage = sw.countPerPage;
    this.autoTune = sw.pcpAutoTune;
    this.countsFrees = sw.pcpFree === "freeCount";
    this.drainsHighOrders = sw.pcpFreeHigh === "freeFactor";
    this.bulkCounting = sw.pcpBulkFree === "counting";
    this.usesPcp = sw.pcp;
    this.cmaThreshold = sw.cmaThreshold;
    this.bulkNarrowing = sw.pcpBulkFree === "narrowing";
    // Modelled: where page blocks are smaller than huge pages, these pass by the per-CPU lists.
    const hugeInPcp = shape.thp && this.thpOrder === this.pageblockOrder;
    const highOrders = sw.pcpHighOrders ? 0x0f | (hugeInPcp ? 1 << shape.pageblockOrder : 0) : 1;
    this.pcpOrders = sw.pcp ? highOrders : 0;
    this.hardAtomic = sw.atomicRights === "harder";
    this.wholeReserve = sw.highatomicUnusable === "reserved";
    this.cma = shape.cma;
    this.cmaApart = shape.cma && !sw.cmaInMovableZone;
    this.thp = shape.thp;
    this.mobilityDisabled = shape.mobilityDisabled || !sw.mobilityGrouping;
    this.watermarkBoostFactor = shape.switches.watermarkBoost ? 15000 : 0;
    this.ac = new AllocContext();
    this.blockScan = new BlockScan();
    this.barrierPfn = -1;
    this.trace = null;
    this.help = null;
    this.interruptedDrains = null;
    this.dma32 = true;
    this.capture = null;
    this.mayIsolate = null;
    this.mayMigrate = null;
    this.migration = sw.migration;
    this.holds = null;
    this.lru = null;
    this.tracker = null;
    this.counters = new CompactionCounters();
    const end = shape.zones.reduce((e, z) => Math.max(e, z.endPfn), 0);
    const topPages = 1 << Math.max(this.maxOrder, this.pageblockOrder);
    this.endPfn = (Math.ceil(end / topPages) * topPages) | 0;
    const nrOrders = this.maxOrder + 1;
    const headsAZone = nrOrders * HEADS_A_ORDER + shape.cpus * NR_PCP_LISTS_MAX;
    this.virginBase = this.endPfn + shape.zones.length * headsAZone;
    const nodes = this.virginBase + VIRGIN_NODES;
    assert(nodes < 2 ** 31, `memory of ${end} frames is beyond the 2^31 frames that can be numbered`);
    this.next = int32Column(nodes);
    this.prev = int32Column(nodes);
    this.state = uint8Column(this.endPfn);
    this.owner = uint8Column(this.endPfn);
    this.blocks = new Uint8Array(this.endPfn >>> this.pageblockOrder);
    this.virginLo = new Int32Array(VIRGIN_NODES);
    this.virginHi = new Int32Array(VIRGIN_NODES);
    this.virginDown = new Uint8Array(VIRGIN_NODES);
    this.virginUsed = 0;
    for (let i = this.endPfn; i < this.virginBase; i++) this.next[i] = this.prev[i] = i;
    const pieces = zonePieces(shape.zones, topPages);
    this.zones = shape.zones.map((z, i) => {
      const base = this.endPfn + i * headsAZone;
      const pcps = Array.from(
        { length: shape.cpus },
        (_, cpu) =>
          new PerCpuPages(base + nrOrders * HEADS_A_ORDER + cpu * NR_PCP_LISTS_MAX, pcpLists(shape.switches)),
      );
      return new Zone(z, base, nrOrders, pcps, pieces[i]!);
    });
    this.zoneShift = Math.log2(topPages) | 0;
    this.zoneIndex = zoneIndexOf(pieces, topPages, this.endPfn);
    this.nrNodes = new Set(this.zones.map((z) => z.nid)).size;
    this.nodeZonelists = buildZonelists(this.zones, shape.distances);
    this.zonelists = this.nodeZonelists.fallback.find((lists) => lists !== undefined) ?? [];
    this.zonelist = this.zonelists.at(-1) ?? [];
  }

  /** node_zonelist(): the zones that a request of node `nid` with `gfp` walks, in order. Undefined: there is no such node. */
  zonelistOf(nid: number, gfp: number): Zone[] | undefined {
    const { fallback, thisNode } = this.nodeZonelists;
    return (gfp & __GFP_THISNODE ? thisNode : fallback)[nid]?.[gfpZone(gfp)];
  }

  /** The number of the first node: where a request goes that names none. */
  get firstNode(): number {
    return this.zonelist[0]?.nid ?? 0;
  }

  /** page_zone(): the zone that has `pfn`, or undefined. */
  zoneOf(pfn: number): Zone | undefined {
    const known = this.zoneIndex[pfn >>> this.zoneShift]!;
    return known < 255 ? this.zones[known] : this.searchZone(pfn);
  }

  private searchZone(pfn: number): Zone | undefined {
    const zones = this.zones;
    for (let i = zones.length - 1; i >= 0; i--) {
      const z = zones[i]!;
      if (z.pieces.some((p) => pfn >= p.startPfn && pfn < p.endPfn)) return z;
    }
    return undefined;
  }

  /** Whether the block of `pfn` is nothing to a walk over `zone`: no struct pages, or those of another zone. */
  notInZone(zone: Zone, pfn: number): boolean {
    return this.blockIsHole(pfn) || (zone.shared && this.zoneOf(pfn) !== zone);
  }

  /** Whether the block of `pfn` has no struct pages. */
  blockIsHole(pfn: number): boolean {
    return (this.blocks[pfn >>> this.pageblockOrder]! & BLOCK_HOLE) !== 0;
  }

  /** mm/page_alloc.c: get_pfnblock_migratetype(): ISOLATE while the block is isolated. */
  blockType(pfn: number): number {
    const b = this.blocks[pfn >>> this.pageblockOrder]!;
    return b & BLOCK_ISOLATED ? MIGRATE_ISOLATE : b & BLOCK_MT;
  }

  /** mm/page_alloc.c: set_pageblock_migratetype(): with mobility off, types below PCPTYPES become UNMOVABLE. */
  setBlockType(pfn: number, mt: number): void {
    const type = this.mobilityDisabled && mt < MIGRATE_PCPTYPES ? 0 : mt;
    const i = pfn >>> this.pageblockOrder;
    this.blocks[i] = (this.blocks[i]! & ~BLOCK_MT) | type;
  }

  /** pcp_allowed_order(): whether pages of `order` go through the per-CPU lists. */
  pcpAllowedOrder(order: number): boolean {
    return (this.pcpOrders >>> order) % 2 === 1;
  }

  /** order_to_pindex(): the number of the per-CPU list for `order` and type. */
  pindex(order: number, mt: number): number {
    if (order <= PAGE_ALLOC_COSTLY_ORDER) return MIGRATE_PCPTYPES * order + mt;
    return 12 + (this.sw.pcpThpLists === 2 && mt === 1 ? 1 : 0);
  }

  /** pindex_to_order(). */
  pindexOrder(pindex: number): number {
    return pindex >= 12 ? this.pageblockOrder : (pindex / MIGRATE_PCPTYPES) | 0;
  }

  /** The free page (buddy or per-CPU) that holds `pfn`, or undefined when the frame is in use. */
  freePlaceOf(pfn: number): FreePlace | undefined {
    for (let order = 0; order <= this.maxOrder; order++) {
      const head = pfn - (pfn % (1 << order));
      const s = this.state[head]!;
      if (s === order + 1) return { head, order, pcp: false };
      if (isPcpState(s) && this.pcpOrder(s) === order) return { head, order, pcp: true };
    }
    for (let i = 0; i < this.virginUsed; i++)
      if (pfn >= this.virginLo[i]! && pfn < this.virginHi[i]!)
        return { head: pfn - (pfn % (1 << this.maxOrder)), order: this.maxOrder, pcp: false };
    return undefined;
  }

  /** The head of the page in use that holds `pfn`: `pfn` itself where no larger page is known. */
  headOf(pfn: number): number {
    if (this.state[pfn] !== 0) return pfn;
    for (let order = 1; order <= this.maxOrder; order++) {
      const head = pfn - (pfn % (1 << order));
      const s = this.state[head]!;
      if (s !== 0) return s >= ALLOCATED && head + (1 << (s & ORDER_MASK)) > pfn ? head : pfn;
    }
    return pfn;
  }

  /** Whether a frame without a state of its own lies inside a larger free page, be it on a buddy or a per-CPU list. */
  insideFree(pfn: number): boolean {
    for (let order = 1; order <= this.maxOrder; order++) {
      const head = pfn - (pfn % (1 << order));
      const s = this.state[head]!;
      if (s === 0) continue;
      if (s >= ALLOCATED) return false;
      return head + (1 << (isPcpState(s) ? this.pcpOrder(s) : s - 1)) > pfn;
    }
    return false;
  }

  /** Order of a per-CPU page from its state. */
  pcpOrder(state: number): number {
    const index = state & 7;
    return index === 4 ? this.pageblockOrder : index;
  }

  /** What is known of the page in use at `head` (MOVABLE_PAGE, OWNER_*); 0 for a free one. */
  ownerOf(head: number): number {
    const s = this.state[head]!;
    if (s === 0) return this.owner[head]!;
    if (s < ALLOCATED) return 0;
    const movable = s & IN_USE_MOVABLE ? MOVABLE_PAGE : 0;
    return s & OWNER_VALID ? (this.owner[head]! & ~MOVABLE_PAGE) | movable : movable;
  }

  /** Notes what the page in use at `head` is. */
  setOwner(head: number, owner: number): void {
    this.owner[head] = owner;
    const s = this.state[head]!;
    if (s >= ALLOCATED)
      this.state[head] = (s & ~IN_USE_MOVABLE) | OWNER_VALID | (owner & MOVABLE_PAGE ? IN_USE_MOVABLE : 0);
  }

  /** Before 2^order frames at `pfn` are freed that were not allocated as one page: makes single frames of the larger one. */
  splitAllocated(pfn: number, order: number): void {
    for (let p = pfn; p < pfn + (1 << order); p++) {
      const head = this.headOf(p);
      const s = this.state[head]!;
      if (s < ALLOCATED || (s & ORDER_MASK) === 0) continue;
      const end = head + (1 << (s & ORDER_MASK));
      this.owner.fill(this.owner[head]!, head, end);
      this.state.fill(s & ~ORDER_MASK, head, end);
    }
    if (order > 0) this.state.fill(0, pfn + 1, pfn + (1 << order));
  }

  /** Makes the 2^order frames in use at `pfn` one page, as unmovable as hugetlb's are for compaction. */
  markAllocated(pfn: number, order: number): void {
    this.state.fill(0, pfn + 1, pfn + (1 << order));
    this.state[pfn] = ALLOCATED | order;
  }

  /** A node for the untouched top-order blocks [lo, hi), listed upwards or downwards; −1 when all nodes are used. */
  newVirginNode(lo: number, hi: number, down: boolean): number {
    if (this.virginUsed === VIRGIN_NODES) return -1;
    const i = this.virginUsed++;
    this.virginLo[i] = lo;
    this.virginHi[i] = hi;
    this.virginDown[i] = down ? 1 : 0;
    return this.virginBase + i;
  }
}

function pcpLists(sw: KernelSwitches): number {
  return sw.pcpHighOrders ? 12 + sw.pcpThpLists : MIGRATE_PCPTYPES;
}
