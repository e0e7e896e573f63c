/**
 * The memory of one machine: its frames (see frame-columns.ts), zones and per-CPU lists, the switches of its kernel, and those who are
 * asked or told when pages move.
 */
import type { BatchedDrain } from "../allocation/batched-drain";
import { AllocContext } from "./alloc-context";
import { BlockScan } from "./block-scan";
import { FrameColumns } from "./frame-columns";
import { __GFP_THISNODE, gfpZone } from "./gfp";
import type { LruLists } from "./lru-lists";
import { MIGRATE_PCPTYPES } from "./migratetype";
import type { PageHold } from "./page-hold";
import { NR_PCP_LISTS_MAX, PAGE_ALLOC_COSTLY_ORDER, PerCpuPages } from "./per-cpu-pages";
import type { KernelSwitches } from "./profile";
import type { SlowPathHelp } from "./slow-path-help";
import type { TracePoints } from "./trace-points";
import { Zone, type ZoneShape } from "./zone";
import { CompactionCounters } from "./zone-compaction";
import { zoneIndexOf, zonePieces } from "./zone-frames";
import { buildZonelists, type NodeDistances, type Zonelists } from "./zonelists";

/** List heads of one zone's free area: order × 8 + migrate type. */
const HEADS_A_ORDER = 8;

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

export class Memory extends FrameColumns {
  /** HPAGE_PMD_ORDER: of a transparent huge page. */
  readonly thpOrder: number;
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
    const sw = shape.switches;
    const nrOrders = shape.maxOrder + 1;
    const headsAZone = nrOrders * HEADS_A_ORDER + shape.cpus * NR_PCP_LISTS_MAX;
    super({
      frames: shape.zones.reduce((end, z) => Math.max(end, z.endPfn), 0),
      listHeads: shape.zones.length * headsAZone,
      maxOrder: shape.maxOrder,
      pageblockOrder: shape.pageblockOrder,
      mobilityDisabled: shape.mobilityDisabled || !sw.mobilityGrouping,
    });
    this.thpOrder = (shape.thpOrder ?? shape.pageblockOrder) | 0;
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
    const topPages = 1 << Math.max(this.maxOrder, this.pageblockOrder);
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
}

function pcpLists(sw: KernelSwitches): number {
  return sw.pcpHighOrders ? 12 + sw.pcpThpLists : MIGRATE_PCPTYPES;
}
