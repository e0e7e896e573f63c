/**
 * The attempts of a contiguous request to move pages, as lines of a trace: `u` (a target was had, and the source was
 * unmapped or not) and `m` (its content was moved or not).
 *
 * The kernel announces neither. The module sees who asks for a target, and the begin and end of a move. A target that
 * is freed before its move began tells that the source could not be unmapped.
 */
import { RING } from "./record-kinds";
import type { RingRecord } from "./ring-reader";

/** A synchronous migration that does not get its page has only this error. */
const EAGAIN = -11;
const NONE = -1;

export class MigrationAttempt {
  readonly kinds: readonly number[] = [RING.RANGE, RING.RANGE_END, RING.SOURCE, RING.UNMAPPED, RING.MOVED];
  /** A contiguous request is at work: other migrations have no lines. */
  private inRange = false;
  private source = NONE;
  private target = NONE;

  /** The line of a record of one of `kinds`, or "". */
  line({ kind, args, pid }: RingRecord): string {
    switch (kind) {
      case RING.RANGE:
        this.inRange = true;
        return args[3] === 1
          ? `E ${pid} acr start=${args[0]} end=${args[1]} flags=${args[2]}`
          : `R ${args.slice(0, 3).join(" ")}`;
      case RING.RANGE_END:
        this.inRange = false;
        return args[1] === 1 ? `E ${pid} acr_ret ret=${args[0]}` : `Rx ${args[0]}`;
      case RING.SOURCE:
        this.source = this.inRange ? args[0]! : NONE;
        this.target = NONE;
        return "";
      case RING.UNMAPPED:
        return this.unmapped(args);
      case RING.MOVED:
        return this.inRange ? `m ${args.join(" ")}` : "";
      default:
        return "";
    }
  }

  /** Where nobody is seen asking for a target, failures have no lines, and so what succeeded has none, either. */
  private unmapped(args: readonly number[]): string {
    const known = this.source === args[0];
    this.source = NONE;
    return known ? `u ${args.join(" ")} 1` : "";
  }

  /** The task has got a page: the target that it asked for, if it did. */
  allocated(pfn: number): void {
    if (this.source !== NONE && this.target === NONE) this.target = pfn;
  }

  /** The line before the task frees a page: that of an attempt that failed, or "". */
  freed(pfn: number): string {
    if (this.source === NONE || pfn !== this.target) return "";
    const line = `u ${this.source} ${pfn} ${EAGAIN}`;
    this.source = NONE;
    return line;
  }
}
