/** Pins: a share of the movable pages in use is held, briefly (O_DIRECT, fork) or for long (RDMA, VFIO). */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { HOLDS_MOST, tooManyHeld } from "../mm/state/owners";
import { filled, name, type OutOf, share, time } from "../schema/field";
import { duration, LONGEST_MS } from "./parameters";
import { type Actor, defineWorkload } from "./workload";

const SHORT_BY = "I/O in flight (workload pinPages)";
const LONG_BY = "a long-term pin (workload pinPages)";

const PARAMETERS = {
  duration: duration("1 minute"),
  share: filled(share("probability that a movable page is pinned", { default: 0.01 })),
  term: filled(name("how long a pin lasts", ["short", "long"], { default: "short" })),
  hold: filled(time("how long a short pin lasts", { default: "1s", most: LONGEST_MS })),
};

class PinPages implements Actor {
  nextMs: number;
  private held: number[];

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly p: OutOf<typeof PARAMETERS>,
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
      if (chosen.length > HOLDS_MOST) throw tooManyHeld();
    }
    for (const slot of chosen)
      if (p.term === "long") system.pin(slot, LONG_BY);
      else {
        system.hold(slot, "get", SHORT_BY);
        this.held.push(slot);
      }
    // Long pins are taken once; others replace short ones as they end.
    this.nextMs = p.term === "long" ? Number.POSITIVE_INFINITY : this.nextMs + Math.max(1, p.hold);
  }

  private release(): void {
    for (const slot of this.held) this.system.unhold(slot, "get", SHORT_BY);
    this.held = [];
  }

  /** Short pins end; long ones outlive the workload and end with their pages. */
  stop(): void {
    this.release();
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

export const pinPages = defineWorkload({
  kind: "pin-pages",
  title: "pinned pages at rate q",
  summary:
    "Each movable page in use is pinned with probability q. Short pins end after a moment and others replace them; long ones stay until the page is freed. On kernels since 5.1 a page leaves CMA areas before a long-term pin, since 5.13 ZONE_MOVABLE too.",
  parameters: PARAMETERS,
  leaves: [],
  durationMs: (p) => p.duration,
  pagesPerSecond: () => 0,
  start: (system, p, random, startMs) => new PinPages(system, random, p, startMs),
});
