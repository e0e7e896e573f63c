/**
 * The cost of ageing: a PC under `uptime`. Only operations on pages are counted: allocations and reads back (refaults), frees, and
 * pages that reclaim took.
 */
import { Random } from "../base/random";
import { System } from "../machine/system";
import { UptimeActor } from "./uptime";

export class Ageing {
  private readonly system: System;
  private readonly actor: UptimeActor;

  /** A PC of `memoryBytes`, full: its first 12 hours, in which memory fills, are over. */
  constructor(memoryBytes: number) {
    this.system = System.boot({ board: "pc-x86-64", memoryBytes });
    this.actor = new UptimeActor(this.system, new Random(1), { profile: "server", intensity: 1 }, 0);
    while (this.actor.nextMs < 13 * 3_600_000) this.step();
  }

  private step(): void {
    if (this.actor.nextMs > this.system.nowMs) this.system.advanceTo(this.actor.nextMs);
    this.actor.step();
  }

  private get operations(): number {
    const c = this.system.counters;
    return c.allocations + c.refaults + c.frees + c.dropped + c.written + c.swapped;
  }

  /** Runs until `ops` operations are done; stops at the end of a step. */
  run(ops: number): { ops: number; failures: number } {
    const before = this.operations;
    const { failures } = this.system.counters;
    while (this.operations - before < ops) this.step();
    return { ops: this.operations - before, failures: this.system.counters.failures - failures };
  }

  /** FNV-1a over free pages by zone and order, and over the counters. */
  get hash(): number {
    let h = 0x811c9dc5;
    const add = (n: number) => {
      h = Math.imul(h ^ n, 0x01000193);
    };
    for (const zone of this.system.memory.zones) for (const n of zone.nrFree) add(n);
    for (const n of Object.values(this.system.counters)) add(n);
    return h >>> 0;
  }
}
