/**
 * The context that a page request carries from step to step (struct alloc_context, mm/internal.h), including results
 * that one step leaves for the next. A machine reuses one context for every request, so that no request allocates
 * memory. Each machine has its own, so that two machines in one process share nothing.
 */
import type { Zone } from "./zone";

/** `path`: the request took the slow path; its page came past the per-CPU lists; after a refill; by a fallback. */
export const PATH_SLOW = 1;
export const PATH_BUDDY = 2;
export const PATH_REFILL = 4;
export const PATH_FALLBACK = 8;

/** Where __rmqueue() looks next (enum rmqueue_mode, 6.15+): the requester's lists, then CMA, claiming blocks, stealing pages. */
export const RMQUEUE_NORMAL = 0;
export const RMQUEUE_CMA = 1;
export const RMQUEUE_STEAL = 3;

export class AllocContext {
  /** A request is under way. A nested request, as from an owner notified of reclaim, needs another context. */
  busy: boolean;
  /** The request is for 2^order frames. */
  order: number;
  gfp: number;
  mt: number;
  /** The highest zone that the request may use. */
  highest: number;
  /** ALLOC_ flags of the current attempt. */
  allocFlags: number;
  /** The zones that the request may use, in order. */
  zonelist: readonly Zone[];
  /** The zone that the last page came from. */
  zone: Zone | null;
  /** How the request went: PATH_ flags. */
  path: number;
  /** The type of the list that the last page came from. */
  takenMt: number;
  /** RMQUEUE_ mode that the last page of a refill leaves for the next. */
  rmqueueMode: number;

  constructor() {
    this.busy = false;
    this.order = 0;
    this.gfp = 0;
    this.mt = 0;
    this.highest = 0;
    this.allocFlags = 0;
    this.zonelist = [];
    this.zone = null;
    this.path = 0;
    this.takenMt = 0;
    this.rmqueueMode = RMQUEUE_NORMAL;
  }
}
