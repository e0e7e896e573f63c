/**
 * struct zone. Conservation, in pages: nrFreePages + Σ pcp.diffNrFree = Σ 2^order × nrFree[order] without the
 * ISOLATE lists; managed = those + free ISOLATE pages + pcp counts + allocated frames.
 */

import type { PerCpuPages } from "./per-cpu-pages";
import { ZoneCompaction } from "./zone-compaction";
import type { FrameSpan } from "./zone-frames";

export const WMARK_MIN = 0;
export const WMARK_LOW = 1;
export const WMARK_HIGH = 2;
export const WMARK_PROMO = 3;

/** The description a zone is built from. */
export interface ZoneShape extends FrameSpan {
  idx: number;
  name: string;
  nid: number;
  /** Its frames, if they are not all of its span. */
  pieces?: readonly FrameSpan[];
}

export class Zone {
  /** Zone number (ZONE_DMA 0, ZONE_DMA32 1, ZONE_NORMAL 2, ZONE_MOVABLE 3). */
  readonly idx: number;
  readonly name: string;
  readonly nid: number;
  /** Frames [startPfn, endPfn); endPfn − startPfn is `spanned`. */
  readonly startPfn: number;
  readonly endPfn: number;
  /** Its frames, ascending: one piece, unless zones overlap. */
  readonly pieces: readonly FrameSpan[];
  /** Some frames in its span belong to other zones. */
  readonly shared: boolean;
  present: number;
  managed: number;
  cmaPages: number;
  /** Head of free_list[order][mt] is frame number listBase + order × 8 + mt. */
  readonly listBase: number;
  /** Free blocks by order, all types. */
  readonly nrFree: Int32Array;
  /** Pages, without boost: min, low, high, promo. */
  readonly wmark: Int32Array;
  watermarkBoost: number;
  /** Below it kswapd counts free pages with every CPU's difference, which could hide a breach of min; 0: they can't. */
  percpuDriftMark: number;
  /** Pages reserved against requests whose highest zone is the index. */
  readonly lowmemReserve: Int32Array;
  /** Zone counters NR_FREE_PAGES and NR_FREE_CMA_PAGES, without the per-CPU differences. */
  nrFreePages: number;
  nrFreeCma: number;
  nrReservedHighatomic: number;
  nrFreeHighatomic: number;
  nrIsolatePageblock: number;
  /** ZONE_BOOSTED_WATERMARK, ZONE_RECLAIM_ACTIVE, ZONE_BELOW_HIGH. */
  boostedWatermark: boolean;
  reclaimActive: boolean;
  belowHigh: boolean;
  readonly compact: ZoneCompaction;
  readonly pcps: PerCpuPages[];
  /** Of the acting CPU: pcps[Memory.cpu]. */
  pcp: PerCpuPages;

  constructor(
    { idx, name, nid, startPfn, endPfn }: ZoneShape,
    listBase: number,
    nrOrders: number,
    pcps: PerCpuPages[],
    pieces: readonly FrameSpan[] = [{ startPfn, endPfn }],
  ) {
    this.idx = idx;
    this.name = name;
    this.nid = nid;
    // Whole numbers from the start: a field that once held a fraction stays slow.
    this.startPfn = startPfn | 0;
    this.endPfn = endPfn | 0;
    this.pieces = pieces;
    this.shared = pieces.reduce((n, p) => n + p.endPfn - p.startPfn, 0) !== endPfn - startPfn;
    this.present = 0;
    this.managed = 0;
    this.cmaPages = 0;
    this.listBase = listBase | 0;
    this.nrFree = new Int32Array(nrOrders);
    this.wmark = new Int32Array(4);
    this.watermarkBoost = 0;
    this.percpuDriftMark = 0;
    this.lowmemReserve = new Int32Array(8);
    this.nrFreePages = 0;
    this.nrFreeCma = 0;
    this.nrReservedHighatomic = 0;
    this.nrFreeHighatomic = 0;
    this.nrIsolatePageblock = 0;
    this.boostedWatermark = false;
    this.reclaimActive = false;
    this.belowHigh = false;
    this.compact = new ZoneCompaction();
    this.pcps = pcps;
    this.pcp = pcps[0]!;
  }
}
