/** The outcome of a write to nr_hugepages on a running machine: how many pages there are, and why no more. */
import type { Answer } from "../base/answer";
import { runOf } from "../chart/run";
import type { StepPlan, StepResult, StepsOutcome } from "../experiment/steps";
import type { HugePageShortage } from "../mm/contiguous/huge-page-shortage";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { hugePagesBundle } from "../notebook/running-bundle";

/**
 * How many huge pages a pool has after it was asked to grow or shrink. Where a number is wanted it is `count`.
 * @example
 * ```ts
 * import { machine } from "pageblock";
 *
 * const m = machine("pc-x86-64").memory("1GiB").running();
 * const pool = m.hugePages("2MiB", 1024); // more than the machine has
 * pool.ok; // => false
 * pool.count < 512; // => true
 * pool.details?.nodes[0]?.mostFrequent?.cause; // => "reserved"
 * ```
 */
export class HugePagesOutcome implements Answer {
  /** True if the pool has as many pages as were asked for. */
  readonly ok: boolean;
  /** 0, or −12 (ENOMEM). The write itself succeeds in the kernel, with fewer pages. */
  readonly errno: number;
  /** Why there are no more: what stops each place, first and most often, what surplus pages would give, what would help. */
  readonly reason: string | null;
  /** The same as data; null if the pool has all. */
  readonly details: HugePageShortage | null;
  /** Persistent huge pages of the pool; those of the node, if one was named. */
  readonly count: number;
  /** Modelled latency in nanoseconds. */
  readonly latencyNs: number;
  private readonly planned: () => { plan: StepPlan; result: StepsOutcome };

  constructor(result: StepResult, planned: () => { plan: StepPlan; result: StepsOutcome }) {
    this.ok = result.ok;
    this.errno = result.errno;
    this.reason = result.reason;
    this.details = result.details as HugePageShortage | null;
    this.count = result.count;
    this.latencyNs = result.latencyNs;
    this.planned = planned;
  }

  /** The number of pages, so that the outcome can be counted with. */
  valueOf(): number {
    return this.count;
  }

  /** The number of pages as text. */
  toString(): string {
    return String(this.count);
  }

  /** The answer and the number of pages. */
  toJSON(): Answer & { count: number } {
    const { ok, errno, reason, details, count } = this;
    return { ok, errno, reason, details, count };
  }

  [DISPLAY](): MimeBundle {
    const { plan, result } = this.planned();
    return hugePagesBundle(this, runOf(plan, result));
  }
}
