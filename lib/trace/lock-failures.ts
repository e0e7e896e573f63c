/** Attempts to lock per-CPU lists that failed in a recording: each belongs to the next request or free of its CPU. */
import type { Memory } from "../mm/state/memory";
import { REC } from "./trace-reader";

/** Requests and frees. */
const LOCKING: ReadonlySet<number> = new Set([REC.A, REC.BULK_PAGE, REC.F, REC.FREE_GROUP]);

export class LockFailures {
  /** By CPU: failures whose request or free is yet to come. */
  private readonly toCome: number[] = [];

  constructor(private readonly m: Memory) {}

  /** A `tf` of the acting CPU. */
  note(): void {
    const { toCome, m } = this;
    toCome[m.cpu] = (toCome[m.cpu] ?? 0) + 1;
  }

  /**
   * `E … search` or `slowpath` of the acting CPU: a pass begins. What failed before it belongs to an earlier pass, or to
   * the bulk request that now asks for a single page, and both found nothing.
   */
  passBegins(): void {
    if (this.toCome.length > 0) this.toCome[this.m.cpu] = 0;
  }

  /** Called before a record is applied to the model. */
  before(kind: number): void {
    const { toCome, m } = this;
    if (toCome.length === 0 || !LOCKING.has(kind)) return;
    m.trylockFailures = toCome[m.cpu] ?? 0;
    toCome[m.cpu] = 0;
  }
}
