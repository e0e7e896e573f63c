/**
 * A machine that runs, led by hand: `machine("raspberry-pi-4").cma("256MiB").running({ compaction: false })`. Every step is
 * noted; the steps are the plan of whatever is shown of the machine.
 */
import { InputError } from "../base/errors";
import { parseSize, type Size } from "../base/units";
import { type TimedAttempt, timedAttempt } from "../chart/attempt-lanes";
import { runOf } from "../chart/run";
import {
  type FillKind,
  type Step,
  type StepPlan,
  SteppedSystem,
  type StepResult,
  type StepsOutcome,
  stepsOutcome,
} from "../experiment/steps";
import type { BootRequest } from "../machine/boot-request";
import type { System } from "../machine/system";
import type { SystemOptions } from "../machine/system-options";
import { type BlockSummary, blockSummary, freeBlocksByOrder, type HolderFlow, holderFlows } from "../metrics";
import type { ContigTimeline } from "../mm/contiguous/contig-timeline";
import type { PageHold } from "../mm/state/owners";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { requestBundle, steppedBundle } from "../notebook/running-bundle";
import { parseDuration } from "../workload/duration";
import type { Time } from "../workload/parameters";
import type { WorkloadSpec } from "../workload/workload";

/** A workload as a spec or as the fluent builder makes it. */
export type WorkloadLike = WorkloadSpec | { toJSON(): WorkloadSpec };

function specOf(workload: WorkloadLike): WorkloadSpec {
  return "toJSON" in workload && typeof workload.toJSON === "function"
    ? workload.toJSON()
    : (workload as WorkloadSpec);
}

/** What one request for contiguous memory came to. */
export class ContigOutcome {
  /** Whether it was granted. */
  readonly ok: boolean;
  /** 0, or the kernel's negative error: −12 ENOMEM, −16 EBUSY. */
  readonly errno: number;
  /** First frame, or −1. */
  readonly pfn: number;
  /** Pages asked for and got; 0 when it failed. */
  readonly pages: number;
  /** Modelled time to the answer, microseconds. */
  readonly latencyUs: number;
  /** Index of the step, for release(). */
  readonly step: number;
  private readonly why: StepResult["why"];
  private readonly timed: StepResult["timeline"];
  private readonly planned: () => { plan: StepPlan; result: StepsOutcome };

  constructor(result: StepResult, step: number, planned: () => { plan: StepPlan; result: StepsOutcome }) {
    this.ok = result.granted;
    this.errno = result.errno;
    this.pfn = result.pfn;
    this.pages = result.count;
    this.latencyUs = result.latencyNs / 1000;
    this.step = step;
    this.why = result.why;
    this.timed = result.timeline;
    this.planned = planned;
  }

  /**
   * Why the request failed, in a few lines: what was in the way, whose it is, what would have freed it, and the nearest miss. With
   * `{ json: true }` everything as data; null for a request that was granted.
   */
  explain(): string;
  explain(options: { json: true }): unknown;
  explain(options?: { json: true }): unknown {
    if (options?.json) return this.why?.data ?? null;
    return this.why?.text ?? `granted: ${this.pages} pages from frame ${this.pfn} on`;
  }

  /**
   * Where the modelled time of the request went, range by range and step by step, as `chart.attemptTimeline` takes it:
   * `chart.attemptTimeline({ title: "…", ...outcome.timeline(), from: [m] })`. With `{ json: true }` as the kernel model
   * recorded it. Throws InputError for a request that was not made with `{ timeline: true }`.
   */
  timeline(): TimedAttempt;
  timeline(options: { json: true }): ContigTimeline;
  timeline(options?: { json: true }): TimedAttempt | ContigTimeline {
    if (this.timed === undefined)
      throw new InputError(
        "timeline: was not recorded: ask for it with the request, { timeline: true } (cma_alloc and alloc_contig_pages)",
      );
    return options?.json ? this.timed : timedAttempt(this.timed);
  }

  [DISPLAY](): MimeBundle {
    const { plan, result } = this.planned();
    return requestBundle(this, runOf(plan, result));
  }
}

/** A machine that runs. Methods that act return the machine or the outcome; a request that fails is an outcome. */
export class RunningMachine {
  private readonly stepped: SteppedSystem;
  private readonly request: BootRequest;
  private readonly options: SystemOptions;

  /** Use `machine(…).running()`. */
  constructor(request: BootRequest, options: SystemOptions = {}) {
    this.request = request;
    this.options = options;
    this.stepped = new SteppedSystem(request, options);
  }

  /** The machine itself: allocator, LRU, owners of pages, counters. What is done to it directly is not part of the plan. */
  get system(): System {
    return this.stepped.system;
  }

  /** Fills `size` of memory, or the share of what is free when it is a number up to 1, with pages of one kind. */
  fill(kind: FillKind, size: Size): this {
    const share = typeof size === "number" && size <= 1;
    const bytes = share ? Math.floor(size * this.freeBytes) : parseSize(size, "fill");
    this.stepped.take({ do: "fill", kind, bytes });
    return this;
  }

  /** Frees the share (0 to 1) of the filled pages, chosen at random by `seed`. */
  free(share: number, seed = 1): this {
    this.stepped.take({ do: "free", share, seed });
    return this;
  }

  /** Pins the share of the filled movable pages: `longterm` as RDMA does, `get` for the time being. */
  pin(share: number, kind: PageHold["kind"] = "longterm", by = "a pin of the experiment", seed = 1): this {
    this.stepped.take({ do: "pin", share, seed, kind, by });
    return this;
  }

  /** Lets a workload with an end run to it. */
  run(workload: WorkloadLike, seed = 1): this {
    this.stepped.take({ do: "run", workload: specOf(workload), seed });
    return this;
  }

  /** Starts an endless workload, which goes on whenever time passes: `workload.uptime({ duration: "endless" })`. */
  start(workload: WorkloadLike, seed = 1): this {
    this.stepped.take({ do: "start", workload: specOf(workload), seed });
    return this;
  }

  /** Lets simulated time pass ("1 day", or milliseconds) for what was started, and for the kernel's own daemons. */
  pass(time: Time): this {
    this.stepped.take({ do: "pass", ms: parseDuration(time, "pass") });
    return this;
  }

  /**
   * cma_alloc(): from the area with this index (default the first), aligned to `align` (default one page). With `timeline` the
   * outcome can tell where its time went.
   */
  cmaAlloc(
    size: Size,
    { align = 1, area = 0, timeline = false }: { align?: Size; area?: number; timeline?: boolean } = {},
  ): ContigOutcome {
    return this.ask({
      do: "cmaAlloc",
      bytes: parseSize(size, "cma_alloc"),
      alignBytes: parseSize(align, "cma_alloc: align"),
      area,
      ...(timeline && { timeline }),
    });
  }

  /** alloc_contig_pages(): from anywhere in memory. With `timeline` the outcome can tell where its time went. */
  allocContigPages(size: Size, { timeline = false }: { timeline?: boolean } = {}): ContigOutcome {
    const bytes = parseSize(size, "alloc_contig_pages");
    return this.ask({ do: "allocContigPages", bytes, ...(timeline && { timeline }) });
  }

  /** alloc_pages() of an order, trying hard. */
  allocPages(order: number): ContigOutcome {
    return this.ask({ do: "allocPages", order });
  }

  /** Grows or shrinks the pool of huge pages of `size` to `count`; how many it has then. */
  hugePages(size: Size, count: number): number {
    return this.stepped.take({ do: "hugePages", bytes: parseSize(size, "huge pages"), count }).count;
  }

  /** Releases what a request was granted. */
  release(outcome: ContigOutcome): this {
    this.stepped.take({ do: "release", step: outcome.step });
    return this;
  }

  /** Compacts all of memory: /proc/sys/vm/compact_memory. */
  compact(): this {
    this.stepped.take({ do: "compact" });
    return this;
  }

  /** Drops clean page cache. */
  dropCaches(): this {
    this.stepped.take({ do: "dropCaches" });
    return this;
  }

  private ask(step: Step): ContigOutcome {
    const result = this.stepped.take(step);
    return new ContigOutcome(result, this.stepped.steps.length - 1, () => ({
      plan: this.plan,
      result: this.toJSON(),
    }));
  }

  /** Simulated days since boot. */
  get days(): number {
    return this.system.nowMs / 86_400_000;
  }

  /** Bytes free, per-CPU lists not counted. */
  get freeBytes(): number {
    return this.system.freePages * this.system.pageSize;
  }

  /** Bytes of a base page. */
  get pageSize(): number {
    return this.system.pageSize;
  }

  /** /proc/buddyinfo. */
  buddyinfo(): string {
    return this.system.kernel.buddyinfo();
  }

  /** Free blocks by order, of one zone or of all. */
  freeBlocks(zone?: string): number[] {
    return freeBlocksByOrder(this.system.memory, zone);
  }

  /** The machine at this moment for `chart.blockMap`. */
  snapshot(label: string): { label: string; summary: BlockSummary } {
    return { label, summary: blockSummary(this.system.memory) };
  }

  /** Who holds the page blocks, for `chart.holders`. */
  holders(): HolderFlow[] {
    return holderFlows(this.system.memory);
  }

  /** The steps so far, as data: running them again gives this machine. */
  get plan(): StepPlan {
    return { kind: "steps", machine: this.request, system: this.options, steps: [...this.stepped.steps] };
  }

  /** What the steps came to, plain JSON. */
  toJSON(): StepsOutcome {
    return stepsOutcome(this.stepped);
  }

  [DISPLAY](): MimeBundle {
    const outcome = this.toJSON();
    return steppedBundle(this.system, this.stepped.steps, outcome, runOf(this.plan, outcome));
  }
}
