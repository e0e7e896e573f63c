/** Pins: a share of the movable pages in use is held, for a moment each (O_DIRECT, fork) or for long (RDMA, VFIO). */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { DURATION, type Resolved, share, type Time, time } from "./parameters";
import type { Actor, WorkloadKind } from "./workload";

export interface PinPagesParameters {
  duration?: Time;
  share?: number;
  term?: "short" | "long";
  hold?: Time;
}

const SHORT_BY = "I/O in flight (workload pinPages)";
const LONG_BY = "a long-term pin (workload pinPages)";

class PinPages implements Actor {
  nextMs: number;
  private held: number[];

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly p: Resolved<PinPagesParameters>,
    startMs: number,
  ) {
    this.nextMs = startMs;
    this.held = [];
  }

  step(): void {
    const { system, random, p } = this;
    const { memory: m, slots } = system;
    this.release();
    const chosen: number[] = [];
    for (let pfn = 0; pfn < m.endPfn; pfn++) {
      const slot = slots.slotAt(pfn);
      if (slot >= 0 && random.chance(p.share)) chosen.push(slot);
    }
    for (const slot of chosen)
      if (p.term === "long") system.pin(slot, LONG_BY);
      else {
        system.hold(slot, "get", SHORT_BY);
        this.held.push(slot);
      }
    // Long pins are taken once; short ones give way to others as they end.
    this.nextMs = p.term === "long" ? Number.POSITIVE_INFINITY : this.nextMs + Math.max(1, p.hold);
  }

  private release(): void {
    for (const slot of this.held) this.system.unhold(slot, "get", SHORT_BY);
    this.held = [];
  }

  /** Short pins end; long ones outlive what took them, and go with their pages. */
  stop(): void {
    this.release();
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

export const pinPages: WorkloadKind = {
  kind: "pinPages",
  title: "pinned pages at rate q",
  summary:
    "Each movable page in use is pinned with probability q: short pins end after a moment and others take their place, long ones stay until the page is freed. A long-term pin leaves CMA areas and ZONE_MOVABLE first, as since 5.2.",
  parameters: {
    duration: DURATION("1 minute"),
    share: share(0.01, "probability that a movable page is pinned"),
    term: { unit: "name", default: "short", meaning: "how long a pin lasts", oneOf: ["short", "long"] },
    hold: time("1s", "how long a short pin lasts"),
  },
  leaves: [],
  durationMs: (p) => p.duration as number,
  pagesPerSecond: () => 0,
  start: (system, p, random, startMs) =>
    new PinPages(system, random, p as unknown as Resolved<PinPagesParameters>, startMs),
};
