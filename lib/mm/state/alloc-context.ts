/**
 * What one request for pages carries from step to step (struct alloc_context, mm/internal.h), and what its steps leave for
 * those after them. A machine keeps one and uses it for every request, so that no request allocates memory of its own; each
 * machine has its own, so that two machines of one process share nothing.
 */
import type { Zone } from "./zone";

/** `path`: the request took the slow path; its page came past the per-CPU lists; after a refill of them; by a fallback. */
export const PATH_SLOW = 1;
export const PATH_BUDDY = 2;
export const PATH_REFILL = 4;
export const PATH_FALLBACK = 8;

/** Where __rmqueue() looks next (enum rmqueue_mode, 6.15+): the requester's lists, then CMA, claiming blocks, stealing pages. */
export const RMQUEUE_NORMAL = 0;
export const RMQUEUE_CMA = 1;
export const RMQUEUE_STEAL = 3;

export class AllocContext {
  /** A request is under way; one that comes in the middle of it, as from an owner told of reclaim, needs another context. */
  busy: boolean;
  /** 2^order frames are requested. */
  order: number;
  gfp: number;
  /** The migrate type. */
  mt: number;
  /** The highest zone that the request may use. */
  highest: number;
  /** ALLOC_ flags of the present attempt. */
  allocFlags: number;
  /** The zones that the request may use, in order. */
  zonelist: readonly Zone[];
  /** The zone that the last page came from. */
  zone: Zone | null;
  /** How the request went: PATH_ flags. */
  path: number;
  /** The type of the list that the last page came from. */
  takenMt: number;
  /** What the last page of a refill leaves behind for the next: RMQUEUE_. */
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
