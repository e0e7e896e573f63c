/**
 * How long a plan is likely to run: seconds of one core, from its fields, before anything of it is run. What a workload does is
 * known from its rate of pages and its duration; what a page costs was measured for each kind.
 *
 * Measured on Node 20, x86-64, on machines of 512 MiB and 4 GiB. It is an estimate: docs/experiments.md says how far it was off. It is the same on every
 * computer, so that a door refuses the same plans everywhere.
 */
import { costTable } from "../hardware/costs";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import type { StepPlan } from "../plan/steps";
import { REQUEST_DEFAULTS } from "../strategy/request";
import { durationMs, resolveParameters, workloadKind } from "../workload";
import { partsOf } from "../workload/scheduler";
import { leavesOf, type RatedMachine, type WorkloadSpec } from "../workload/workload";
import type { Plan } from "./plan";

/** What a kind of workload costs in nanoseconds: a page that it requests, and its start by page of memory. */
interface KindCost {
  page: number;
  start?: number;
}

/** Kinds that are not listed, as those of one's own, cost as much as the mean of these. */
const OTHER: KindCost = { page: 300 };
const KINDS: Readonly<Record<string, KindCost>> = {
  "kernel-build": { page: 180 },
  "file-server": { page: 250 },
  "network-server": { page: 50 },
  database: { page: 160, start: 20 },
  camera: { page: 100 },
  desktop: { page: 300 },
  containers: { page: 110 },
  "slab-growth": { page: 450 },
  zram: { page: 650 },
  uptime: { page: 280, start: 60 },
  age: { page: 290 },
  mix: { page: 0, start: 220 },
  like: { page: 200, start: 60 },
  churn: { page: 500, start: 110 },
  pressure: { page: 80 },
  "thp-challenge": { page: 590 },
  stutter: { page: 45, start: 50 },
  "fault-latency": { page: 850, start: 130 },
  fragmenter: { page: 0, start: 295 },
  "scatter-unmovable": { page: 0, start: 15 },
  "pin-pages": { page: 0, start: 100 },
};

/** Strategies that look through memory at a request, in nanoseconds a page of it. */
const SCANS: Readonly<Record<string, number>> = {
  "alloc-contig-pages": 10,
  "find-alloc-contig": 10,
  "hugetlb-runtime": 10,
  "hugetlb-cma": 10,
  "cma-movable-zone": 20,
};

const SECOND_NS = 1e9;
const DAY_MS = 86_400_000;
/** The process and a machine that boots. */
const BASE_NS = 2e7;
const REQUEST_NS = 30_000;
/** A page of what a request asks for: it may have to be emptied. */
const ASKED_PAGE_NS = 100;
/** What daemons and clocks do on a machine on which nothing happens. */
const IDLE_DAY_NS = 1e6;
/** A short pin of `pin-pages` is renewed: a look at every page of memory. */
const RENEWED_PAGE_NS = 2;
/** A step that allocates, frees, pins or moves pages. */
const STEP_NS = 30_000;
const STEP_PAGE_NS = 120;
/** Share of the memory that is left when the kernel has booted. */
const MANAGED_SHARE = 0.97;

/** Seconds of one core that a run is likely to take. */
export function runSeconds({ machine, workload, strategy, request, costs }: Plan): number {
  const on = onPaper(machine, costs);
  const { times, gapMs, bytes } = { ...REQUEST_DEFAULTS, ...request };
  const { before, during } = partsOf(workload);
  const ageing = before.reduce((ns, part) => ns + workloadNs(part, durationMs(part), on), 0);
  const meanwhile = during === null ? 0 : workloadNs(during, times * gapMs, on);
  const asked = Math.min(on.managedPages, bytes / on.pageSize);
  const each = REQUEST_NS + asked * ASKED_PAGE_NS + (SCANS[strategy.name] ?? 0) * on.managedPages;
  return (BASE_NS + ageing + meanwhile + times * each) / SECOND_NS;
}

/** The same for a machine led step by step. */
export function stepsSeconds({ machine, steps }: StepPlan): number {
  const on = onPaper(machine);
  let ns = BASE_NS;
  let going: WorkloadSpec | undefined;
  let filled = 0;
  for (const step of steps) {
    ns += STEP_NS;
    if (step.do === "apply") ns += workloadNs(step.workload, durationMs(step.workload), on);
    else if (step.do === "start") going = step.workload;
    else if (step.do === "pass") ns += workloadNs(going, step.ms, on);
    else if (step.do === "fill") {
      const pages = Math.min(on.managedPages - filled, step.bytes / on.pageSize);
      filled += pages;
      ns += pages * STEP_PAGE_NS;
    } else if (step.do === "free" || step.do === "pin" || step.do === "dropCaches")
      ns += filled * STEP_PAGE_NS;
    else if (step.do === "compact" || step.do === "allocContigPages" || step.do === "hugePages")
      ns += (filled * STEP_PAGE_NS) / 2 + on.managedPages * SCANS["alloc-contig-pages"]!;
    else if (step.do === "cmaAlloc")
      ns += Math.min(on.managedPages, step.bytes / on.pageSize) * ASKED_PAGE_NS;
  }
  return ns / SECOND_NS;
}

function workloadNs(spec: WorkloadSpec | undefined, ms: number, on: RatedMachine): number {
  let ns = (ms / DAY_MS) * IDLE_DAY_NS;
  for (const leaf of leavesOf(spec)) {
    const parameters = resolveParameters(leaf);
    const kind = workloadKind(leaf.kind);
    const { page, start = 0 } = KINDS[kind.kind] ?? OTHER;
    const lasts = Math.min(ms, kind.durationMs(parameters));
    ns += start * on.managedPages + (page * kind.pagesPerSecond(parameters, on) * lasts) / 1000;
    if (kind.kind === "pin-pages" && parameters.term === "short")
      ns += (lasts / Math.max(1, Number(parameters.hold))) * on.managedPages * RENEWED_PAGE_NS;
  }
  return ns;
}

/** What of a machine sets the pace of workloads, before it has booted. */
function onPaper(machine: BootRequest, costs: Plan["costs"] = undefined): RatedMachine {
  const { memoryBytes, geometry } = resolveBoot(machine);
  const { pageSize, pmdOrder } = geometry;
  const managedPages = (memoryBytes / pageSize) * MANAGED_SHARE;
  return {
    pageSize,
    managedPages,
    freePages: managedPages * MANAGED_SHARE,
    costs: costTable(costs),
    memory: { thpOrder: pmdOrder },
  };
}
