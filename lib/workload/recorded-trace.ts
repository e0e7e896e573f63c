/**
 * A recorded trace as a workload: its allocations and frees happen in their order on another machine, which itself decides where
 * pages are placed. Limits: owners are guessed from the request flags; pages allocated before the recording began are unknown, and
 * their frees are skipped; pages that the recorded kernel reclaimed appear as frees, so reclaim happens twice if memory is short.
 */
import { InputError } from "../base/errors";
import type { System } from "../machine/system";
import { __GFP_COMP, __GFP_MOVABLE, __GFP_RECLAIMABLE, __GFP_ZERO } from "../mm/state/gfp";
import { filled, number, text } from "../schema/field";
import type { RecordedEvents } from "../trace/recorded-events";
import { duration } from "./parameters";
import { type Actor, defineWorkload } from "./workload";

/** Events of one step. */
const STEP_EVENTS = 512;

class RecordedTrace implements Actor {
  nextMs: number;
  done: boolean;
  private at: number;
  private readonly stepMs: number;
  /** Recorded frame → its counterpart here: a slot, or −2 − frame for a page that does not move. */
  private readonly pages: Map<number, number>;
  private readonly orders: Map<number, number>;

  constructor(
    private readonly system: System,
    private readonly events: RecordedEvents,
    rate: number,
    startMs: number,
  ) {
    this.nextMs = startMs;
    this.done = false;
    this.at = 0;
    this.stepMs = (STEP_EVENTS / rate) * 1000;
    this.pages = new Map();
    this.orders = new Map();
  }

  step(): void {
    const { events, system } = this;
    const { cpu } = events;
    const end = Math.min(events.count, this.at + STEP_EVENTS);
    for (; this.at < end; this.at++) {
      // A machine with fewer CPUs has several recorded ones on each.
      if (cpu !== undefined) system.memory.runOn(cpu[this.at]! % system.cpus);
      if (events.op[this.at] === 0)
        this.alloc(events.pfn[this.at]!, events.order[this.at]!, events.gfp[this.at]!);
      else this.free(events.pfn[this.at]!);
    }
    this.done = this.at === events.count;
    this.nextMs = this.done ? Number.POSITIVE_INFINITY : this.nextMs + this.stepMs;
  }

  private alloc(recorded: number, order: number, gfp: number): void {
    const { system } = this;
    // The recording lost a free: the frame is in use a second time.
    this.free(recorded);
    if (order > system.memory.maxOrder) return;
    if (gfp & __GFP_MOVABLE) {
      const slot = system.alloc(order > 0 || gfp & __GFP_ZERO ? "anon" : "fileClean", order, gfp);
      if (slot < 0) return;
      this.pages.set(recorded, slot);
    } else {
      const kind = gfp & __GFP_RECLAIMABLE ? "slabReclaimable" : "slab";
      const pfn = system.allocFixed(kind, gfp & ~__GFP_COMP, order);
      if (pfn < 0) return;
      this.pages.set(recorded, -2 - pfn);
    }
    this.orders.set(recorded, order);
  }

  private free(recorded: number): void {
    const page = this.pages.get(recorded);
    if (page === undefined) return;
    if (page >= 0) this.system.free(page);
    else this.system.freeFixed(-2 - page, this.orders.get(recorded)!);
    this.pages.delete(recorded);
    this.orders.delete(recorded);
  }

  stop(): void {
    for (const recorded of [...this.pages.keys()]) this.free(recorded);
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

const PARAMETERS = {
  path: text("folder with the recording (trace.txt, plain or packed)", { longest: 4096 }),
  sha256: text("SHA-256 of the unpacked trace, on which the plan's result depends", { longest: 64 }),
  duration: duration("1 hour"),
  rate: filled(number("allocations and frees per second", "events/s", { default: 10_000, least: 0.001 })),
};

export const recordedTrace = defineWorkload({
  kind: "recorded-trace",
  title: "a recorded trace",
  summary:
    "Replays the allocations and frees of a recording in their order and at an even rate on the machine of the plan. Movable requests become anonymous memory (zeroed or larger than a page) or page cache; others become slab of their mobility.",
  parameters: PARAMETERS,
  leaves: [],
  durationMs: (p) => p.duration,
  pagesPerSecond: (p) => p.rate / 2,
  checkInputs: ({ path, sha256 }, { recordings }) => {
    if (!recordings.has(sha256))
      throw new InputError(
        `workload recorded-trace: the trace of ${JSON.stringify(path)} with SHA-256 ${JSON.stringify(sha256)} was not read: read the inputs of a plan before it runs`,
      );
  },
  start: (system, { sha256, rate }, _random, startMs, { recordings }) =>
    new RecordedTrace(system, recordings.get(sha256)!, rate, startMs),
});
