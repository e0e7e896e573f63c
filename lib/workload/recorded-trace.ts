/**
 * A recorded trace as a workload: its allocations and frees happen in their order on another machine, which decides itself where
 * pages lie. Limits: owners are guessed from the request flags; pages that the recording had before it began are unknown, and
 * their frees are passed over; what the recorded kernel reclaimed shows as frees, so reclaim happens twice where memory is short.
 */
import { InputError } from "../base/errors";
import type { System } from "../machine/system";
import { __GFP_COMP, __GFP_MOVABLE, __GFP_RECLAIMABLE, __GFP_ZERO } from "../mm/state/gfp";
import type { RecordedEvents } from "../trace/recorded-events";
import { DURATION, type Parameter, type Resolved, type Time } from "./parameters";
import type { Actor, WorkloadKind } from "./workload";

export interface RecordedTraceParameters {
  /** A folder with a recording. */
  path: string;
  sha256: string;
  duration?: Time;
  rate?: number;
}

/** Events of one step. */
const STEP_EVENTS = 512;

class RecordedTrace implements Actor {
  nextMs: number;
  done: boolean;
  private at: number;
  private readonly stepMs: number;
  /** Recorded frame → what it is here: a slot, or −2 − frame for a page that does not move. */
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
    const { events } = this;
    const end = Math.min(events.count, this.at + STEP_EVENTS);
    for (; this.at < end; this.at++)
      if (events.op[this.at] === 0)
        this.alloc(events.pfn[this.at]!, events.order[this.at]!, events.gfp[this.at]!);
      else this.free(events.pfn[this.at]!);
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

const PARAMETERS: Record<keyof RecordedTraceParameters, Parameter> = {
  path: { unit: "folder", default: "", meaning: "folder with the recording (trace.txt, plain or packed)" },
  sha256: {
    unit: "hash",
    default: "",
    meaning: "SHA-256 of the unpacked trace: the plan's result hangs on it",
  },
  duration: DURATION("1 hour"),
  rate: { unit: "events/s", default: 10_000, meaning: "allocations and frees in a second", least: 0.001 },
};

const typed = (p: unknown) => p as Resolved<RecordedTraceParameters>;

export const recordedTrace: WorkloadKind = {
  kind: "recordedTrace",
  title: "a recorded trace",
  summary:
    "The allocations and frees of a recording, in their order and at an even rate, on the machine of the plan. Movable requests become anonymous memory (zeroed or larger than a page) or page cache, others slab of their mobility.",
  parameters: PARAMETERS,
  leaves: [],
  durationMs: (p) => typed(p).duration,
  pagesPerSecond: (p) => typed(p).rate / 2,
  start: (system, p, _random, startMs, inputs) => {
    const { path, sha256, rate } = typed(p);
    const events = inputs.recordings.get(sha256);
    if (events === undefined)
      throw new InputError(
        `workload recordedTrace: the trace of ${JSON.stringify(path)} with SHA-256 ${JSON.stringify(sha256)} was not read: read the inputs of a plan before it runs`,
      );
    return new RecordedTrace(system, events, rate, startMs);
  },
};
