/**
 * A machine led step by step: fill it, pin pages, run a workload, request contiguous memory, compact. The steps are
 * data and form the plan of the machine, so that anybody can compute its state again.
 */

import { type Answer, answerOf, ERRNO, GRANTED, refusedWith } from "../base/answer";
import { log2 } from "../base/elementary";
import { InputError, unknownName } from "../base/errors";
import { Random } from "../base/random";
import { formatSize } from "../base/units";
import { type DecisionCounts, summedCounts } from "../change/counts";
import type { BootRequest } from "../machine/boot-request";
import { BrokenBetween, brokenBy, CHECK_EVENTS, LawWatch } from "../machine/law-watch";
import { System } from "../machine/system";
import type { SystemOptions } from "../machine/system-options";
import { drainAllPages } from "../mm/allocation/drain-cpus";
import { compactMemory } from "../mm/compaction/compaction";
import { ContigStopwatch, type ContigTimeline } from "../mm/contiguous/contig-timeline";
import type { ContigOptions } from "../mm/contiguous/contiguous";
import { resizePool } from "../mm/contiguous/resize-pool";
import { GFP_KERNEL } from "../mm/state/gfp";
import { OWNER_KINDS } from "../mm/state/owners";
import { type FillKind, PASS_MS_MAX, STEP_FIELDS, type Step, type StepPlan } from "../plan/steps";
import { isObject } from "../schema/check";
import { contigAttempt } from "../strategy/contig-attempt";
import { memoryRequest } from "../strategy/request";
import { refusal } from "../strategy/request-check";
import type { Attempt } from "../strategy/strategy";
import type { ProbeFigures } from "../workload/probe";
import { partsOf, WorkloadRun } from "../workload/scheduler";
import type { WorkloadSpec } from "../workload/workload";
import { Meter } from "./meter";
import { stepsSeconds } from "./plan-time";
import { runWatched } from "./watched-run";
import { refuseHeavy, refuseLong, stepsBytes } from "./weight";

export type { FillKind, Step, StepPlan };

const FIXED: ReadonlySet<string> = new Set(["slab", "pageTable", "networkBuffer"]);

/** Pages in one list: twice as many are more than an array of Node.js may hold, which ends the process. */
const FILLED_MOST = 2 ** 26;

/** The result of a step. Times are modelled. */
export interface StepResult extends Answer {
  /** Pages allocated, freed, pinned or moved; huge pages for `hugePages`. */
  count: number;
  /** First page frame, or −1. */
  pfn: number;
  latencyNs: number;
  /**
   * What workloads measured of their own requests: of `apply` the one that was applied, of `pass` the one that was started, since it
   * was started. Absent if they measure nothing.
   */
  probes?: ProbeFigures[];
  /** Where the time went; only for a contiguous request with `timeline`. */
  timeline?: ContigTimeline;
}

/** A machine and its steps. */
export class SteppedSystem {
  readonly system: System;
  readonly steps: Step[];
  readonly results: StepResult[];
  private readonly meter: Meter;
  private readonly movable: number[];
  private readonly fixed: number[];
  private readonly grants: Map<number, { pfn: number; pages: number; kind: Step["do"] }>;
  private started: WorkloadRun | null;
  /** The laws of a machine with a change, which hold after every step; null if somebody else watches them. */
  private readonly laws: LawWatch | null;

  constructor(
    private readonly machine: BootRequest,
    private readonly options: SystemOptions = {},
    watch?: (system: System) => void,
  ) {
    this.system = System.boot(machine, { ...options, ...(watch !== undefined && { watch }) });
    const own = this.system.change !== null && watch === undefined;
    this.laws = own ? new LawWatch(this.system, { from: 0, every: CHECK_EVENTS }) : null;
    this.meter = new Meter(this.system);
    this.steps = [];
    this.results = [];
    this.movable = [];
    this.fixed = [];
    this.grants = new Map();
    this.started = null;
  }

  /**
   * Does one step; a failed request is a result. Throws InputError for a step that is impossible, and for one after which a law
   * does not hold, because a change has broken it.
   */
  take(step: Step): StepResult {
    const taken = this.steps.length;
    try {
      const result = this.done(step);
      this.laws?.end();
      return result;
    } catch (error) {
      throw error instanceof BrokenBetween && this.laws !== null
        ? this.brokenIn([...this.steps.slice(0, taken), step], error)
        : error;
    }
  }

  /** The error that names the decision: the steps are taken again from the start, with more looks at the laws. */
  private brokenIn(steps: readonly Step[], broken: BrokenBetween): unknown {
    try {
      runWatched((watch) => {
        const again = new SteppedSystem(this.machine, this.options, watch);
        for (const one of steps) again.take(one);
      });
    } catch (error) {
      return error;
    }
    return brokenBy(this.system.change!, broken);
  }

  private done(step: Step): StepResult {
    const result = {
      ...GRANTED,
      count: 0,
      pfn: -1,
      latencyNs: 0,
      ...this.dispatch(step),
    };
    this.steps.push(step);
    this.results.push(result);
    return result;
  }

  private dispatch(step: Step): Partial<StepResult> {
    switch (step.do) {
      case "fill":
        return this.fill(step.kind, this.pages(step.bytes, "fill"));
      case "free":
        return this.free(step.share, new Random(step.seed).fork("free"));
      case "pin":
        return this.pin(step, new Random(step.seed).fork("pin"));
      case "apply":
        return this.apply(step.workload, step.seed);
      case "start":
        return this.start(step.workload, step.seed);
      case "pass":
        return this.pass(step.ms);
      case "cmaAlloc":
        return this.cmaAlloc(step);
      case "allocContigPages":
        return this.contiguous(step, (options) => this.allocContigPages(step.bytes, options));
      case "allocPages":
        return this.allocPages(step.order);
      case "hugePages":
        return this.hugePages(step);
      case "release":
        return this.release(step.step);
      case "compact": {
        const before = this.system.events();
        const moved = this.system.memory.counters.pgmigrate_success;
        compactMemory(this.system.memory);
        return {
          count: this.system.memory.counters.pgmigrate_success - moved,
          latencyNs: this.system.elapsedNs(before),
        };
      }
      case "dropCaches":
        return this.dropCaches();
      default:
        throw unknownName("step", String((step as Step).do), Object.keys(STEP_FIELDS));
    }
  }

  private pages(bytes: number, what: string): number {
    if (!(bytes > 0)) throw new InputError(`${what}: size must be > 0: got ${bytes}`);
    return Math.ceil(bytes / this.system.pageSize);
  }

  private fill(kind: FillKind, pages: number): Partial<StepResult> {
    const { system } = this;
    const fixed = FIXED.has(kind);
    const list = fixed ? this.fixed : this.movable;
    let count = 0;
    for (; count < pages; count++) {
      if (list.length === FILLED_MOST)
        throw new InputError(
          `fill: steps can fill ${FILLED_MOST} pages (${formatSize(FILLED_MOST * system.pageSize)}) that move, and as many that do not: got more`,
        );
      const got = fixed ? system.allocFixed(kind) : system.alloc(kind);
      if (got < 0) break;
      list.push(got);
    }
    if (count === pages) return { count };
    return { count, ...refusedWith(ERRNO.ENOMEM, `${count} of ${pages} pages could be had`) };
  }

  private free(share: number, random: Random): Partial<StepResult> {
    checkShare("free", share);
    const { system, movable, fixed } = this;
    let count = 0;
    for (const [held, free] of [
      [movable, (slot: number) => system.free(slot)],
      [fixed, (pfn: number) => system.freeFixed(pfn)],
    ] as const) {
      let kept = 0;
      for (const page of held)
        if (random.chance(share)) {
          free(page);
          count++;
        } else held[kept++] = page;
      held.length = kept;
    }
    return { count };
  }

  private pin(step: Extract<Step, { do: "pin" }>, random: Random): Partial<StepResult> {
    checkShare("pin", step.share);
    let count = 0;
    for (const slot of this.movable)
      if (random.chance(step.share) && this.system.present(slot)) {
        this.system.hold(slot, step.kind, step.by);
        count++;
      }
    return { count };
  }

  private apply(workload: WorkloadSpec, seed: number): Partial<StepResult> {
    const { before, during } = partsOf(workload);
    if (during !== null)
      throw new InputError(
        "apply: a workload that goes on until it is stopped has no end: give it a duration",
      );
    const run = new WorkloadRun(this.system, new Random(seed).fork("workload"));
    for (const part of before) run.toEnd(part);
    return probesOf(run);
  }

  private start(workload: WorkloadSpec, seed: number): Partial<StepResult> {
    if (this.started !== null)
      throw new InputError("start: one workload goes on already: put several side by side with with()");
    const { before, during } = partsOf(workload);
    if (during === null || before.length > 0)
      throw new InputError(
        'start: a workload must go on until it is stopped: give it the duration "endless"',
      );
    this.started = new WorkloadRun(this.system, new Random(seed).fork("workload"));
    this.started.start(during);
    return {};
  }

  private pass(ms: number): Partial<StepResult> {
    if (!(ms > 0 && ms <= PASS_MS_MAX))
      throw new InputError(`pass: time must be above 0 and at most 10 years: got ${ms} ms`);
    const to = this.system.nowMs + ms;
    if (this.started === null) {
      this.system.advanceTo(to);
      return {};
    }
    this.started.runUntil(to);
    return probesOf(this.started);
  }

  private cmaAlloc(step: Extract<Step, { do: "cmaAlloc" }>): Partial<StepResult> {
    const { system } = this;
    const { bytes, alignBytes, area } = step;
    const align = log2(Math.max(1, alignBytes / system.pageSize));
    if (!Number.isInteger(align))
      throw new InputError(`cma_alloc: alignment must be a power of two: got ${formatSize(alignBytes)}`);
    if (system.contig.areas.length === 0) {
      const text = `cma_alloc: there is no CMA area: ${system.booted.cma.reason ?? "none was asked for"}`;
      const timeline = step.timeline === true && { timeline: new ContigStopwatch(system.memory).timeline() };
      return { ...refusedWith(ERRNO.ENOMEM, text), ...timeline };
    }
    const pages = this.pages(bytes, "cma_alloc");
    return this.contiguous(step, (options) =>
      contigAttempt(system.contig.cmaAlloc(pages, align, area, options)),
    );
  }

  /**
   * alloc_contig_pages() takes a number of pages. Zero pages, or more than a node has, are refused before any range is
   * tried.
   */
  private allocContigPages(bytes: number, options: ContigOptions): Attempt {
    const pages = this.pages(bytes, "alloc_contig_pages");
    return (
      refusal(this.system, memoryRequest({ bytes })) ??
      contigAttempt(this.system.contig.allocContigPages(pages, GFP_KERNEL, options))
    );
  }

  private contiguous(
    step: Extract<Step, { timeline?: boolean }>,
    request: (options: ContigOptions) => Attempt,
  ): Partial<StepResult> {
    const { world, memory, costs } = this.system;
    const stopwatch =
      step.timeline === true ? new ContigStopwatch(memory, () => this.system.events(), costs) : undefined;
    const attempt = this.meter.measure(() => request({ world, stopwatch }));
    const piece = attempt.pieces[0];
    if (piece !== undefined) this.grants.set(this.steps.length, { ...piece, kind: step.do });
    return {
      ...answerOf(attempt),
      ...(attempt.causes !== undefined && {
        details: { ...(isObject(attempt.details) && attempt.details), causes: attempt.causes },
      }),
      count: piece?.pages ?? 0,
      pfn: piece?.pfn ?? -1,
      latencyNs: this.meter.columns.latencyNs.at(-1)!,
      ...(stopwatch !== undefined && { timeline: stopwatch.timeline() }),
    };
  }

  private allocPages(order: number): Partial<StepResult> {
    const before = this.system.events();
    const got = this.system.allocator.allocPages({
      order,
      gfp: "GFP_KERNEL|__GFP_RETRY_MAYFAIL|__GFP_NOWARN",
    });
    const latencyNs = this.system.elapsedNs(before);
    if (!got.ok) return { ...answerOf(got), latencyNs };
    // Sets the owner of a driver's page: otherwise compaction would use the previous owner of the frame.
    this.system.memory.setOwner(got.pfn, OWNER_KINDS.driver);
    this.grants.set(this.steps.length, { pfn: got.pfn, pages: 2 ** order, kind: "allocPages" });
    return { count: 2 ** order, pfn: got.pfn, latencyNs };
  }

  private hugePages({ bytes, count, node }: Extract<Step, { do: "hugePages" }>): Partial<StepResult> {
    const pool = this.system.hugetlb.pools.get(bytes);
    if (pool === undefined)
      throw new InputError(
        `huge pages: this machine has ${[...this.system.hugetlb.pools.keys()].map(formatSize).join(", ") || "none"}: got ${formatSize(bytes)}`,
      );
    const before = this.system.events();
    const { memory, pageSize } = this.system;
    const answer = resizePool(memory, pool, { wanted: count, node, pageSize });
    return { ...answer, latencyNs: this.system.elapsedNs(before) };
  }

  private release(step: number): Partial<StepResult> {
    const grant = this.grants.get(step);
    if (grant === undefined) throw new InputError(`release: step ${step} holds nothing`);
    this.grants.delete(step);
    const { contig, allocator } = this.system;
    if (grant.kind === "cmaAlloc") contig.cmaRelease(grant.pfn, grant.pages);
    else if (grant.kind === "allocContigPages") contig.freeContigRange(grant.pfn, grant.pages);
    else allocator.freePages(grant.pfn, log2(grant.pages));
    return { count: grant.pages };
  }

  private dropCaches(): Partial<StepResult> {
    const { system } = this;
    let count = 0;
    for (let pass = -1; pass !== 0; ) {
      pass = system.lru.shrinkFile(1 << 20);
      count += pass;
    }
    drainAllPages(system.memory);
    return { count };
  }
}

export function checkShare(what: string, share: number): void {
  if (!(share >= 0 && share <= 1))
    throw new InputError(`${what}: share must be a number from 0 to 1: got ${share}`);
}

/** The state of a machine after its steps; plain JSON. */
export interface StepsOutcome {
  results: StepResult[];
  /** Free blocks of each zone by order, as /proc/buddyinfo. */
  buddyinfo: string;
  freeBytes: number;
  counters: Record<string, number>;
  /** Only for a kernel with a change: how often it was asked, and answered otherwise than the stock rule, from boot on. */
  decisions?: DecisionCounts;
}

export function stepsOutcome(stepped: SteppedSystem): StepsOutcome {
  const { system, results } = stepped;
  return {
    results: [...results],
    buddyinfo: system.allocator.buddyinfo(),
    freeBytes: system.freePages * system.pageSize,
    counters: { ...system.memory.counters, ...system.counters },
    ...(system.change !== null && { decisions: summedCounts([system.change.counts]) }),
  };
}

function probesOf(run: WorkloadRun): Partial<StepResult> {
  const probes = run.probes();
  return probes.length > 0 ? { probes } : {};
}

/** Runs a plan of steps. Pure: equal plans give equal outcomes. */
export function runSteps(plan: StepPlan): StepsOutcome {
  refuseHeavy(stepsBytes(plan));
  refuseLong(() => stepsSeconds(plan));
  const stepped = new SteppedSystem(plan.machine, plan.system);
  for (const step of plan.steps) stepped.take(step);
  return stepsOutcome(stepped);
}
