/** struct per_cpu_pages of one zone and CPU: lists of single pages in front of the buddy lists, and their tuning. */
import { PcpList } from "./pcp-list";

/** Orders up to this are "cheap" (PAGE_ALLOC_COSTLY_ORDER). */
export const PAGE_ALLOC_COSTLY_ORDER = 3;
/** CONFIG_PCP_BATCH_SCALE_MAX. */
export const PCP_BATCH_SCALE_MAX = 5;

export class PerCpuPages {
  /** Orders 0..3 × three types, and two lists of the THP order, or one, or none; 3 if only order 0 is served. */
  readonly lists: readonly PcpList[];
  /** Pages on all lists, in base pages. */
  count: number;
  /** Threshold of `count` for a drain (pages). */
  high: number;
  /** Refill and drain unit (pages). */
  batch: number;
  /** 5.14..6.6: left shift of the drain size. */
  freeFactor: number;
  /** 6.7+: bounds of `high`, left shift of the refill, pages freed in a row, flag bits. */
  highMin: number;
  highMax: number;
  allocFactor: number;
  freeCount: number;
  flags: number;
  expire: number;
  /** Per-CPU differences not yet folded into the zone's counters, and the threshold for folding them. */
  diffNrFree: number;
  diffNrFreeCma: number;
  statThreshold: number;

  constructor(nrLists: number) {
    this.lists = Array.from({ length: nrLists }, () => new PcpList());
    this.count = 0;
    this.high = 0;
    this.batch = 1;
    this.freeFactor = 0;
    this.highMin = 0;
    this.highMax = 0;
    this.allocFactor = 0;
    this.freeCount = 0;
    this.flags = 0;
    this.expire = 0;
    this.diffNrFree = 0;
    this.diffNrFreeCma = 0;
    this.statThreshold = 0;
  }
}

/** `flags`: the previous free was of order 1..3; a full batch must be present before such frees drain. */
export const PCPF_PREV_FREE_HIGH_ORDER = 1;
export const PCPF_FREE_HIGH_BATCH = 2;
