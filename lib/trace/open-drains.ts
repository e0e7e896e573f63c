/**
 * Drains of per-CPU lists that drop the lock between batches (6.17+): what other tasks do may come in between. The recorded pages tell
 * when the next batch is due.
 */
import type { BatchedDrain } from "../mm/allocation/batched-drain";
import { stepDrain } from "../mm/allocation/pcp-free";
import type { Memory } from "../mm/state/memory";
import { REC } from "./trace-reader";

export class OpenDrains {
  /** Drains begun and not ended, innermost last, each with the task that does it. */
  private readonly drains: { pid: number; drain: BatchedDrain }[] = [];
  /** Those that the record in hand began. */
  private readonly newDrains: BatchedDrain[] = [];
  /** Predicted D records that the trace has not shown yet. */
  private drainsAhead = 0;

  constructor(private readonly m: Memory) {
    m.interruptedDrains = this.newDrains;
    m.trace = {
      pcpuDrain: () => {
        this.drainsAhead++;
      },
    };
  }

  /** The drains that a record of task `pid` began are its own. */
  adopt(pid: number): void {
    // Setting a length is slow even where it is 0 already: once a drain, not once a record.
    if (this.newDrains.length === 0) return;
    for (const drain of this.newDrains) this.drains.push({ pid, drain });
    this.newDrains.length = 0;
  }

  /** A `D` record: when every predicted one has been shown, the innermost unfinished drain does its next batch. */
  drained(): void {
    while (this.drainsAhead === 0 && this.drains.length > 0) {
      if (stepDrain(this.m, this.drains.at(-1)!.drain)) this.drains.pop();
    }
    if (this.drainsAhead > 0) this.drainsAhead--;
  }

  /**
   * A task that goes on to something else has ended its drains. Another task's record leaves them open: it came in
   * between two batches.
   */
  endDrainsOf(pid: number, kind: number): void {
    if (this.drains.length === 0) return;
    for (let i = this.drains.length - 1; i >= 0; i--) {
      const open = this.drains[i]!;
      if (open.pid !== pid && kind !== REC.S) continue;
      while (!stepDrain(this.m, open.drain));
      this.drains.splice(i, 1);
    }
    if (this.drains.length === 0) this.drainsAhead = 0;
  }
}
