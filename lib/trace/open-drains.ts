/**
 * Drains of per-CPU lists that drop the lock between batches (6.17+), so that other tasks may act in between. The
 * recorded pages show when the next batch is due.
 */

import type { BatchedDrain } from "../mm/allocation/batched-drain";
import { asCpu } from "../mm/allocation/drain-cpus";
import { stepDrain } from "../mm/allocation/pcp-free";
import type { Memory } from "../mm/state/memory";
import { hearDrains } from "./hear-drains";
import { REC } from "./trace-reader";

export class OpenDrains {
  /** Open drains, innermost last, each with its task. */
  private readonly drains: { pid: number; cpu: number; drain: BatchedDrain }[] = [];
  /** Drains that the current record began. */
  private readonly newDrains: BatchedDrain[] = [];
  /** By the CPU that drains: predicted D records that the trace has not shown yet. */
  private readonly drainsAhead: number[] = [];

  constructor(private readonly m: Memory) {
    m.interruptedDrains = this.newDrains;
    hearDrains(m, () => {
      this.drainsAhead[m.cpu] = (this.drainsAhead[m.cpu] ?? 0) + 1;
    });
  }

  /** Assigns the drains that a record of task `pid` began to that task. */
  adopt(pid: number): void {
    // Setting a length is slow even where it is 0 already: once a drain, not once a record.
    if (this.newDrains.length === 0) return;
    for (const drain of this.newDrains) this.drains.push({ pid, cpu: this.m.cpu, drain });
    this.newDrains.length = 0;
  }

  /** A `D` record: once every predicted one has been shown, the innermost open drain of its CPU runs its next batch. */
  drained(): void {
    const { drains, drainsAhead, m } = this;
    while (!drainsAhead[m.cpu]) {
      let at = drains.length - 1;
      while (at >= 0 && drains[at]!.cpu !== m.cpu) at--;
      if (at < 0) return;
      if (stepDrain(m, drains[at]!.drain)) drains.splice(at, 1);
    }
    drainsAhead[m.cpu]!--;
  }

  /**
   * A task that continues with something else has ended its drains. Another task's record leaves them open: it came
   * between two batches.
   */
  endDrainsOf(pid: number, kind: number): void {
    if (this.drains.length === 0) return;
    for (let i = this.drains.length - 1; i >= 0; i--) {
      const open = this.drains[i]!;
      if (open.pid !== pid && kind !== REC.S) continue;
      asCpu(this.m, open.cpu, () => {
        while (!stepDrain(this.m, open.drain));
      });
      this.drains.splice(i, 1);
    }
    if (this.drains.length === 0) this.drainsAhead.length = 0;
  }
}
