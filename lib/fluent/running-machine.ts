/**
 * A running machine, led step by step: `machine("raspberry-pi-4").cma("256MiB").running({ compaction: false })`. It
 * records every step; these steps are the plan of everything shown of the machine.
 */
import { InputError, unknownName } from "../base/errors";
import { parseSize, type Size } from "../base/units";
import type { LatencySamples } from "../chart/latency";
import { runOf } from "../chart/run";
import { SteppedSystem, type StepResult, type StepsOutcome, stepsOutcome } from "../experiment/steps";
import type { BootRequest } from "../machine/boot-request";
import type { System } from "../machine/system";
import { SYSTEM, type SystemOptions } from "../machine/system-options";
import {
  type BlockSummary,
  blockSummary,
  cleanRanges,
  type Estimate,
  freeBlocksByOrder,
  type HolderFlow,
  holderFlows,
  type Spoiled,
  spoiledPlaces,
} from "../metrics";
import type { PageHold } from "../mm/state/owners";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { steppedBundle } from "../notebook/running-bundle";
import { type FillKind, STEP, type STEP_FIELDS, type StepIn, type StepPlan } from "../plan/steps";
import type { WorkloadIn } from "../plan/workload";
import { check, isObject } from "../schema/check";
import type { In, InOf, TimeIn, Without } from "../schema/field";
import { fieldPath, shown } from "../schema/place";
import type { ProbeFigures } from "../workload/probe";
import { ContigOutcome } from "./contig-outcome";
import { nameOf, optionsOf } from "./given";
import { HugePagesOutcome } from "./huge-pages-outcome";
import { MachineCharts, stepLatencies, stepRates } from "./machine-charts";

/** The options of a step. */
type StepOptions<K extends keyof typeof STEP_FIELDS> = Partial<InOf<(typeof STEP_FIELDS)[K]>>;

/**
 * A running machine. Methods that act return the machine or an outcome; a failed request is an outcome, not an error.
 * @example
 * ```ts
 * import { machine } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").cma("64MiB").running();
 * const asked = m.fill("anon", "64MiB").cmaAlloc("8MiB");
 * asked.ok; // => true
 * m.release(asked).plan.steps.length; // => 3
 * ```
 */
export class RunningMachine {
  private readonly stepped: SteppedSystem;
  private readonly request: BootRequest;
  private readonly options: SystemOptions;

  /** Use `machine(…).running()`. */
  constructor(request: BootRequest, options: In<typeof SYSTEM> = {}) {
    this.request = request;
    this.options = check(SYSTEM, options, (path, key) => `running: ${fieldPath(path, key)}`);
    this.stepped = new SteppedSystem(request, this.options);
  }

  /** The machine itself: allocator, LRU, owners of pages, counters. The plan does not record direct changes to it. */
  get system(): System {
    return this.stepped.system;
  }

  /**
   * Fills `size` of memory ("64MiB", or bytes), or a share of what is free (`{ share: 0.5 }`), with pages of one kind.
   */
  fill(kind: FillKind, size: Size | { readonly share: number }): this {
    if (typeof size === "number" && size <= 1)
      throw new InputError(`fill: must be a size, or a share as { share: ${size} }: got ${size}`);
    if (size === null) throw new InputError('fill: must be a size such as "64MiB", or { share }: got null');
    const bytes = typeof size === "object" ? Math.floor(checkedShare(size.share) * this.freeBytes) : size;
    return this.take({ do: "fill", kind, size: bytes });
  }

  /** Does one step, spelled as in a plan's `steps`. Takes every step, including those with a method of their own. */
  step(step: StepIn): StepResult {
    return this.stepped.take(check(STEP, step, (path, key) => fieldPath([stepName(step), ...path], key)));
  }

  /** Frees a share (0 to 1) of the filled pages, chosen at random by `seed`. */
  free(share: number, seed = 1): this {
    return this.take({ do: "free", share, seed });
  }

  /** Pins a share (0 to 1) of the filled movable pages: `longterm` as RDMA does, `get` for a short time. */
  pin(share: number, kind: PageHold["kind"] = "longterm", by = "a pin of the experiment", seed = 1): this {
    return this.take({ do: "pin", share, seed, kind, by });
  }

  /** Runs a finite workload to its end. */
  apply(workload: WorkloadIn, seed = 1): this {
    return this.take({ do: "apply", workload, seed });
  }

  /** @deprecated `apply(workload)` */
  run(workload: WorkloadIn, seed = 1): this {
    return this.apply(workload, seed);
  }

  /** Starts an endless workload, which runs whenever time passes: `workload.uptime({ duration: "endless" })`. */
  start(workload: WorkloadIn, seed = 1): this {
    return this.take({ do: "start", workload, seed });
  }

  /** Lets simulated time pass ("1 day", or milliseconds) for started workloads and for the kernel's own daemons. */
  pass(time: TimeIn): this {
    return this.take({ do: "pass", time });
  }

  /**
   * cma_alloc() from the area with index `area` (default the first), aligned to `align` (default one page). With
   * `timeline`, the outcome can tell where its time went.
   */
  cmaAlloc(size: Size, options: Without<StepOptions<"cmaAlloc">, "bytes" | "size"> = {}): ContigOutcome {
    return this.ask({ do: "cmaAlloc", size, ...options });
  }

  /** alloc_contig_pages() from anywhere in memory. With `timeline`, the outcome can tell where its time went. */
  allocContigPages(
    size: Size,
    options: Without<StepOptions<"allocContigPages">, "bytes" | "size"> = {},
  ): ContigOutcome {
    return this.ask({ do: "allocContigPages", size, ...options });
  }

  /** alloc_pages() of an order, trying hard. */
  allocPages(order: number): ContigOutcome {
    return this.ask({ do: "allocPages", order });
  }

  /**
   * Writes nr_hugepages: grows or shrinks the pool of huge pages of `size` towards `count`. With `node`, the node's own. The
   * outcome counts as the number of pages there are then; if they are fewer, `reason` and `details` say why.
   */
  hugePages(
    size: Size,
    count: number,
    options: Without<StepOptions<"hugePages">, "bytes" | "size" | "count"> = {},
  ): HugePagesOutcome {
    const result = this.step({ do: "hugePages", size, count, ...optionsOf("hugePages", options) });
    return new HugePagesOutcome(result, () => ({ plan: this.plan, result: this.toJSON() }));
  }

  /** Releases the pages of a granted request. */
  release(outcome: ContigOutcome): this {
    if (!isObject(outcome) || typeof outcome.step !== "number")
      throw new InputError(`release: must be the outcome of a request: got ${shown(outcome)}`);
    return this.take({ do: "release", step: outcome.step });
  }

  /** Compacts all of memory: /proc/sys/vm/compact_memory. */
  compact(): this {
    return this.take({ do: "compact" });
  }

  /** Drops clean page cache. */
  dropCaches(): this {
    return this.take({ do: "dropCaches" });
  }

  private take(step: StepIn): this {
    this.step(step);
    return this;
  }

  private ask(step: StepIn): ContigOutcome {
    const result = this.step(step);
    return new ContigOutcome(result, this.stepped.steps.length - 1, this.pageSize, () => ({
      plan: this.plan,
      result: this.toJSON(),
    }));
  }

  /** Simulated days since boot. */
  get days(): number {
    return this.system.nowMs / 86_400_000;
  }

  /** Free bytes, without the per-CPU lists. */
  get freeBytes(): number {
    return this.system.freePages * this.system.pageSize;
  }

  /** Bytes of a base page. */
  get pageSize(): number {
    return this.system.pageSize;
  }

  /** /proc/buddyinfo. */
  buddyinfo(): string {
    return this.system.allocator.buddyinfo();
  }

  /** Number of free blocks by order, in one zone or in all. */
  freeBlocks(zone?: string): number[] {
    return freeBlocksByOrder(this.system.memory, zone);
  }

  /** The current state of the page blocks, for `chart.blockMap`. */
  snapshot(label: string): { label: string; summary: BlockSummary } {
    return { label, summary: blockSummary(this.system.memory) };
  }

  /** How many page blocks hold a page that does not move, and in how many separate places they lie. */
  spoiled(): Spoiled {
    return spoiledPlaces(blockSummary(this.system.memory, { blocksPerGroup: 1 }));
  }

  /**
   * Ranges of `size`, at multiples of it, in which nothing lies that does not move: see {@link metrics.cleanRanges}. Throws
   * InputError unless the size is whole page blocks.
   */
  cleanRanges(size: Size): number {
    const pages = parseSize(size, "clean ranges") / this.pageSize;
    return cleanRanges(blockSummary(this.system.memory, { blocksPerGroup: 1 }), pages);
  }

  /** Who holds the page blocks, for `chart.holders`. */
  holders(): HolderFlow[] {
    return holderFlows(this.system.memory);
  }

  /** A counter of the kernel or of the machine by name, such as `pgmigrate_success` or `dropped`; since boot. */
  metric(name: string): number {
    nameOf("metric", name, "the name of a counter");
    const { counters } = this.toJSON();
    const found = counters[name];
    if (found === undefined) throw unknownName("metric", name, Object.keys(counters));
    return found;
  }

  /** Shares of requests granted, by kernel function, with 95 % intervals: rows for `chart.successRates`. */
  successRates(): Estimate[] {
    return stepRates(this.stepped.steps, this.stepped.results);
  }

  /** Modelled latencies in nanoseconds, by kernel function: series for `chart.latencyEcdf`. */
  latencies(options: { granted?: boolean } = {}): LatencySamples[] {
    const { granted = true } = optionsOf("latencies", options);
    return stepLatencies(this.stepped.steps, this.stepped.results, granted);
  }

  /**
   * What workloads measured of their own requests: the one applied last, or the one that was started, whichever a step was taken of
   * last. Empty if none did.
   */
  probes(): ProbeFigures[] {
    return [...this.stepped.results].reverse().find((one) => one.probes !== undefined)?.probes ?? [];
  }

  /** Charts of this machine, each drawn with one call: `m.chart.holders()`. They carry the plan. */
  get chart(): MachineCharts {
    return new MachineCharts(this);
  }

  /** The steps so far, as data. Running them again gives this machine. */
  get plan(): StepPlan {
    return { kind: "steps", machine: this.request, system: this.options, steps: [...this.stepped.steps] };
  }

  /** The results of the steps, as plain JSON. */
  toJSON(): StepsOutcome {
    return stepsOutcome(this.stepped);
  }

  [DISPLAY](): MimeBundle {
    const outcome = this.toJSON();
    return steppedBundle(this.system, this.stepped.steps, outcome, runOf(this.plan, outcome));
  }
}

const stepName = (step: StepIn) => String((step as { do?: unknown } | null)?.do ?? "step");

function checkedShare(share: number): number {
  if (typeof share !== "number" || !(share >= 0 && share <= 1))
    throw new InputError(`fill: share must be a number from 0 to 1: got ${shown(share)}`);
  return share;
}
