/** What a task, or a CPU's interrupts, are in the middle of while a ring is read. */

import { MigrationAttempt } from "./migration-attempt";

/** Lines that may move from `slot` to the first page that they drain. */
interface Holder {
  slot: number;
  lines: string;
  /** They are a free, which reads the zone's flags where it begins. */
  frees?: boolean;
}

/** A page that entered the buddy lists for a reason not known yet; `slot` −1: the reason is known. */
interface Unexplained {
  slot: number;
  pfn: number;
  order: number;
}

interface BulkRequest {
  nr: number;
  gfp: number;
  pages: number[];
  /** The page of the single request that it fell back to; it has a line of its own. */
  single: number;
  /** A lock of per-CPU lists was refused since it began. */
  refused: boolean;
}

const NOWHERE = { from: 0, to: 0 };

export class TaskState {
  /** The request passed over the zones since the first snapshot. */
  searched = false;
  /** Where it began to, and the line that says so. */
  search = { slot: -1, line: "" };
  /** In the slow path of a request. */
  slow = false;
  /** Where the page of the request was taken, or −1. */
  take = -1;
  takenUnderZone = false;
  /** Where the lock of this CPU's lists was got for it, or −1. */
  lock = -1;
  /** What `take` was before the last lock of this CPU's lists. */
  private beforeLock: { take: number; lock: number; underZone: boolean } | null = null;
  /** Another CPU's records stand between two takes of one request. */
  handover = false;
  holder: Holder | null = null;
  unexplained: Unexplained | null = null;
  isolation: { slot: number; pfn: number; order: number } | null = null;
  /** Frames that are put back or split: they are not freed. */
  within = NOWHERE;
  bulk: BulkRequest | null = null;
  readonly attempt = new MigrationAttempt();

  /** A request begins a pass over the zones. */
  searches(slot: number, line: string): void {
    this.searched = true;
    this.search = { slot, line };
    this.take = -1;
    this.lock = -1;
    this.takenUnderZone = false;
    this.beforeLock = null;
    this.handover = false;
  }

  /** The task does something else: what was put back or split is on its lists, and no drain is left. */
  leave(): void {
    this.within = NOWHERE;
    this.holder = null;
  }

  /** The lock of this CPU's lists is got: to take a page, as long as no free shows that it was to give one back. */
  locks(slot: number): void {
    this.beforeLock = { take: this.take, lock: this.lock, underZone: this.takenUnderZone };
    this.take = slot;
    this.lock = slot;
    this.takenUnderZone = false;
  }

  /**
   * The lock was to give a page back. A request that is interrupted between its page and its announcement keeps its
   * place: the task may free what the task before it on this CPU has left.
   */
  lockedToFree(): void {
    if (this.beforeLock === null) return;
    this.take = this.beforeLock.take;
    this.lock = this.beforeLock.lock;
    this.takenUnderZone = this.beforeLock.underZone;
    this.beforeLock = null;
  }

  /** A page is taken under the zone's lock. */
  takes(slot: number): void {
    this.take = slot;
    this.takenUnderZone = true;
    this.beforeLock = null;
  }

  /** The request has its page. */
  ends(): void {
    this.take = -1;
    this.lock = -1;
    this.takenUnderZone = false;
    this.searched = false;
  }
}
