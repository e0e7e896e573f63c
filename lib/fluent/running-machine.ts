/**
 * A machine that runs, led by hand: `machine("raspberry-pi-4").cma("256MiB").running({ compaction: false })`. Every step is
 * noted; the steps are the plan of whatever is shown of the machine.
 */
import { InputError, unknownName } from "../base/errors";
import { parseSize, type Size } from "../base/units";
import type { LatencySamples } from "../chart/latency";
import { runOf } from "../chart/run";
import {
  checkShare,
  FILL_KINDS,
  type FillKind,
  type Step,
  type StepPlan,
  SteppedSystem,
  type StepsOutcome,
  stepsOutcome,
} from "../experiment/steps";
import type { BootRequest } from "../machine/boot-request";
import type { System, SystemOptions } from "../machine/system";
import {
  type BlockSummary,
  blockSummary,
  type Estimate,
  freeBlocksByOrder,
  type HolderFlow,
  holderFlows,
} from "../metrics";
import type { PageHold } from "../mm/state/owners";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { steppedBundle } from "../notebook/running-bundle";
import { parseDuration } from "../workload/duration";
import type { Time } from "../workload/parameters";
import type { WorkloadSpec } from "../workload/workload";
import { ContigOutcome } from "./contig-outcome";
import { MachineCharts, stepLatencies, stepRates } from "./machine-charts";

/** A workload as a spec or as the fluent builder makes it. */
export type WorkloadLike = WorkloadSpec | { toJSON(): WorkloadSpec };

function specOf(workload: WorkloadLike): WorkloadSpec {
  return "toJSON" in workload && typeof workload.toJSON === "function"
    ? workload.toJSON()
    : (workload as WorkloadSpec);
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

  /**
   * Fills memory with pages of one kind: a size (`"64MiB"` or bytes), or a share of what is free (`{ share: 0.5 }`).
   * @throws InputError for a kind that there is not, and for a number from 0 to 1, which could mean either
   */
  fill(kind: FillKind, amount: Size | { share: number }): this {
    if (!FILL_KINDS.includes(kind)) throw unknownName("fill: kind", String(kind), FILL_KINDS);
    this.stepped.take({ do: "fill", kind, bytes: this.bytesOf(amount) });
    return this;
  }

  private bytesOf(amount: Size | { share: number }): number {
    if (typeof amount === "object") {
      checkShare("fill", amount.share);
      return Math.floor(amount.share * this.freeBytes);
    }
    if (typeof amount === "number" && amount >= 0 && amount <= 1)
      throw new InputError(
        `fill: must be a size or a share: write { share: ${amount} } for a share of what is free: got ${amount}`,
      );
    return parseSize(amount, "fill");
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
    return new ContigOutcome(result, this.stepped.steps.length - 1, this.pageSize, () => ({
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

  /** A counter of the kernel or of the machine by its name, such as `pgmigrate_success` or `dropped`; since boot. */
  metric(name: string): number {
    const { counters } = this.toJSON();
    const found = counters[name];
    if (found === undefined) throw unknownName("metric", name, Object.keys(counters));
    return found;
  }

  /** Shares granted of the requests put to it, by function, with 95 % intervals: rows for `chart.successRates`. */
  successRates(): Estimate[] {
    return stepRates(this.stepped.steps, this.stepped.results);
  }

  /** Modelled times to the answer, by function, nanoseconds: series for `chart.latencyEcdf`. */
  latencies({ granted = true }: { granted?: boolean } = {}): LatencySamples[] {
    return stepLatencies(this.stepped.steps, this.stepped.results, granted);
  }

  /** Figures with one call: `m.chart.holders()`. They carry the plan. */
  get chart(): MachineCharts {
    return new MachineCharts(this);
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
