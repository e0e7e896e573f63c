/**
 * The memory of one machine: its frames (see frame-columns.ts), zones, per-CPU lists, kernel switches, and the hooks
 * that are called when pages move.
 */
import { log2 } from "../../base/elementary";
import type { BatchedDrain } from "../allocation/batched-drain";
import { AllocContext } from "./alloc-context";
import { BlockScan } from "./block-scan";
import type { Decisions } from "./decisions";
import { FrameColumns } from "./frame-columns";
import { __GFP_THISNODE, gfpZone } from "./gfp";
import type { HugetlbMoves } from "./hugetlb-moves";
import type { LruLists } from "./lru-lists";
import { MIGRATE_PCPTYPES } from "./migratetype";
import type { PageHold } from "./page-hold";
import { PAGE_ALLOC_COSTLY_ORDER, PerCpuPages } from "./per-cpu-pages";
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
  /** Largest buddy order (10 on x86-64), as in the kernel's MAX_PAGE_ORDER. */
  maxOrder: number;
  pageblockOrder: number;
  /**
   * Order of a transparent huge page; default pageblockOrder. Larger if page blocks are smaller than a huge page
   * (since 6.16).
   */
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
  /**
   * All zones in the order of the list of the current CPU's node: its own from highest to lowest, then those of the
   * other nodes. Before runOn(), the first node's.
   */
  zonelist: Zone[];
  /** That node's list for each highest zone number: requests that name no node walk it. */
  zonelists: Zone[][];
  /** The lists of every node. */
  readonly nodeZonelists: Zonelists;
  readonly sw: KernelSwitches;
  /** smp_processor_id(): the CPU that acts. */
  cpu: number;
  /** Rules that show only with several CPUs are at work (the system option `smp`). */
  smp: boolean;
  /** So many attempts to lock the acting CPU's lists fail from now on: a replay's, from a recording. */
  trylockFailures: number;
  /** Switches that the hot paths read, as booleans: there, a string comparison costs more than everything else. */
  readonly steals: boolean;
  readonly hygiene: boolean;
  readonly countPerPage: boolean;
  readonly autoTune: boolean;
  readonly countsFrees: boolean;
  readonly drainsHighOrders: boolean;
  readonly wholeReserve: boolean;
  /** 4.17's ALLOC_HARDER. */
  readonly hardAtomic: boolean;
  /** The quick check of order 0 subtracts the high-atomic reserve. */
  readonly quickCheckReserve: boolean;
  readonly bulkCounting: boolean;
  readonly bulkNarrowing: boolean;
  readonly cmaThreshold: number;
  /** Free CMA pages count only for requests that may take them. Not so if CMA areas have a zone of their own. */
  readonly cmaApart: boolean;
  /** Per-CPU lists exist. */
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
  /** vm.extfrag_threshold: up to this index a failure counts as lack of memory. */
  extfragThreshold: number;
  /** vm.compaction_proactiveness, in %. */
  compactionProactiveness: number;
  nrNodes: number;
  /**
   * Holds drains whose lock is dropped between batches, for a replay that knows what happened in between; null:
   * drains run to their end at once.
   */
  interruptedDrains: BatchedDrain[] | null;
  /** CONFIG_ZONE_DMA32. */
  dma32: boolean;
  /** Reclaim and compaction for requests that may wait; null if the machine has neither. */
  help: SlowPathHelp | null;
  trace: TracePoints | null;
  /** The current request, or the last one. */
  readonly ac: AllocContext;
  /** The last page block scanned. */
  readonly blockScan: BlockScan;
  /**
   * The frame that last prevented the isolation of a page block; −1: the block was isolated already, or nothing was
   * in the way.
   */
  barrierPfn: number;
  /** task_capc(): captures a page that is being freed for the direct compactor; null if none runs. */
  capture: ((zone: Zone, pfn: number, order: number, mt: number) => boolean) | null;

  /** Whether the page on the LRU at a frame may be isolated for migration (pins, writeback…); null: all may. */
  mayIsolate: ((pfn: number, async: boolean) => boolean) | null;
  /** Whether an attempt to migrate an isolated page succeeds; null: all do. */
  mayMigrate: ((pfn: number) => boolean) | null;
  /**
   * Many pages at once are taken and given in runs where that leaves the machine that single requests leave. Off, for
   * debugging: one by one.
   */
  bulk: boolean;
  /** Off: no page ever moves. migrate_pages() fails at once, in compaction, contiguous requests and pins alike. */
  migration: boolean;
  /**
   * Holds on pages, by page head; null: no page was ever held (every free checks this). Read it through owners.ts.
   */
  holds: Map<number, PageHold[]> | null;
  /** The LRU lists; null if pages in use are not distinguished. */
  lru: LruLists | null;
  /** The tracker of pages by owner, notified of every page that moves to another frame; null: none. */
  tracker: ((fromPfn: number, toPfn: number) => void) | null;
  /** The pools of huge pages, told of every huge page that a contiguous request moves or replaces. */
  readonly hugetlbPools: HugetlbMoves[];
  /** Notified of every page of 2^order frames that is about to be split because nothing as large is free; null: none. */
  splitter: ((pfn: number, order: number) => void) | null;
  /** Compaction's and migration's share of /proc/vmstat. */
  readonly counters: CompactionCounters;
  /** The decisions that a change takes in place of the kernel; null: this is the kernel as it is. */
  change: Decisions | null;
  /** With a change: the free page that the last search for a fallback came to; −1: none. */
  fallbackPfn: number;
  /** With a change that chooses free pages: what every CPU took last from every zone and type (`LastTaken`); null: no such change. */
  lastTaken: Int32Array | null;

  constructor(shape: MemoryShape) {
    const sw = shape.switches;
    const nrOrders = shape.maxOrder + 1;
    const headsAZone = nrOrders * HEADS_A_ORDER;
    super({
      frames: shape.zones.reduce((end, z) => Math.max(end, z.endPfn), 0),
      listHeads: shape.zones.length * headsAZone,
      maxOrder: shape.maxOrder,
      pageblockOrder: shape.pageblockOrder,
      mobilityDisabled: shape.mobilityDisabled || !sw.mobilityGrouping,
    });
    this.thpOrder = (shape.thpOrder ?? shape.pageblockOrder) | 0;
    this.sw = sw;
    this.cpu = 0;
    this.smp = false;
    this.trylockFailures = 0;
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
    // Modelled: if page blocks are smaller than huge pages, huge pages bypass the per-CPU lists.
    const hugeInPcp = shape.thp && this.thpOrder === this.pageblockOrder;
    const highOrders = sw.pcpHighOrders ? 0x0f | (hugeInPcp ? 1 << shape.pageblockOrder : 0) : 1;
    this.pcpOrders = sw.pcp ? highOrders : 0;
    this.hardAtomic = sw.atomicRights === "harder";
    this.quickCheckReserve = sw.quickCheckReserve;
    this.wholeReserve = sw.highatomicUnusable === "reserved";
    this.cma = shape.cma;
    this.cmaApart = shape.cma && !sw.cmaInMovableZone;
    this.thp = shape.thp;
    this.watermarkBoostFactor = shape.switches.watermarkBoost ? 15000 : 0;
    this.extfragThreshold = 500;
    this.compactionProactiveness = 20;
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
    this.bulk = true;
    this.migration = sw.migration;
    this.holds = null;
    this.lru = null;
    this.tracker = null;
    this.hugetlbPools = [];
    this.splitter = null;
    this.counters = new CompactionCounters();
    this.change = null;
    this.fallbackPfn = -1;
    this.lastTaken = null;
    const topPages = 1 << Math.max(this.maxOrder, this.pageblockOrder);
    const pieces = zonePieces(shape.zones, topPages);
    this.zones = shape.zones.map((z, i) => {
      const base = this.endPfn + i * headsAZone;
      const pcps = Array.from({ length: shape.cpus }, () => new PerCpuPages(pcpLists(sw)));
      return new Zone(z, base, nrOrders, pcps, pieces[i]!);
    });
    this.zoneShift = log2(topPages) | 0;
    this.zoneIndex = zoneIndexOf(pieces, topPages, this.endPfn);
    this.nrNodes = new Set(this.zones.map((z) => z.nid)).size;
    this.nodeZonelists = buildZonelists(this.zones, shape.distances);
    this.zonelists = this.nodeZonelists.fallback.find((lists) => lists !== undefined) ?? [];
    this.zonelist = this.zonelists.at(-1) ?? [];
  }

  /**
   * node_zonelist(): the zones that a request for node `nid` with `gfp` walks, in order; undefined if there is no
   * such node.
   */
  zonelistOf(nid: number, gfp: number): Zone[] | undefined {
    const { fallback, thisNode } = this.nodeZonelists;
    return (gfp & __GFP_THISNODE ? thisNode : fallback)[nid]?.[gfpZone(gfp)];
  }

  /**
   * From now on requests come from CPU `cpu`: they use its per-CPU lists, and those that name no node go to its node
   * first. CPUs are divided evenly among nodes, the lowest numbers to the first.
   */
  runOn(cpu: number): void {
    this.cpu = cpu;
    for (const zone of this.zones) zone.pcp = zone.pcps[cpu]!;
    if (this.nrNodes < 2) return;
    const node = Math.floor((cpu * this.nrNodes) / this.zones[0]!.pcps.length);
    const lists = this.nodeZonelists.fallback.filter((l) => l !== undefined)[node]!;
    this.zonelists = lists;
    this.zonelist = lists.at(-1)!;
  }

  /** The number of the current CPU's node: requests that name none go there. */
  get firstNode(): number {
    return this.zonelist[0]?.nid ?? 0;
  }

  /** page_zone(): the zone of `pfn`, or undefined. */
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

  /** Whether a walk over `zone` skips the block of `pfn`: it has no struct pages, or they belong to another zone. */
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
