/**
 * Flags of zones that a task has read before another CPU changed them. With the lock of its CPU's lists a task reads how
 * many pages a refill or a drain takes, and then it may wait for the zone's lock, behind which its line stands. Where
 * another CPU came between, the recording shows the moment of reading (`E pid pcp_lock`).
 */
import { clearBelowHigh } from "../mm/allocation/pcp-free";
import type { Memory } from "../mm/state/memory";

interface ZoneFlags {
  belowHigh: boolean;
  reclaimActive: boolean;
}

export class FlagsRead {
  /** By task: every zone's flags. */
  private readonly read = new Map<number, ZoneFlags[]>();

  constructor(private readonly m: Memory) {}

  private flags(): ZoneFlags[] {
    return this.m.zones.map(({ belowHigh, reclaimActive }) => ({ belowHigh, reclaimActive }));
  }

  /** `E pid pcp_lock`. */
  note(pid: number): void {
    this.read.set(pid, this.flags());
  }

  /** Lets a task's request or free see what it read. `frees`: it drains, and looks at the flag again behind that. */
  during<T>(pid: number, frees: boolean, act: () => T): T {
    const read = this.read.get(pid);
    if (read === undefined) return act();
    this.read.delete(pid);
    const { m } = this;
    const now = this.flags();
    m.zones.forEach((zone, i) => Object.assign(zone, read[i]));
    const result = act();
    m.zones.forEach((zone, i) => {
      Object.assign(zone, now[i]);
      if (frees && m.autoTune) clearBelowHigh(m, zone);
    });
    return result;
  }
}
