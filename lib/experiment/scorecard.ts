/**
 * The scorecard of a request. It lists for every strategy the chance of success, the latency, the cost of idle memory,
 * how adapter and CPU translate the memory, the cost for other processes, who controls it, since when it exists, and
 * why it failed. There is no winner but a Pareto front. Success, memory and translation entries are counted; times and
 * rates are modelled (docs/scorecard.md).
 */
import { InputError } from "../base/errors";
import { GiB, KiB, MiB } from "../base/units";
import { runTlb } from "../hardware/cpu-tlb";
import { registerRegion } from "../hardware/rdma-adapter";
import { toAdapter } from "../hardware/rdma-adapter-data";
import { runAdapter } from "../hardware/rdma-translation-cache";
import {
  type Hardware,
  SCORECARD_DEFAULTS,
  type ScorecardOptions,
  type ScorecardPlan,
} from "../plan/scorecard";
import { STRATEGIES } from "../strategy";
import type { Constraint, StrategySpec } from "../strategy/strategy";
import { compareHere, type RunningOptions, runComparison } from "./compare";
import type { Comparison, ComparisonSpec, Quantiles, StrategyRow } from "./comparison";
import { front } from "./pareto";
import type { Outcome } from "./plan";
import { isOutcome, readRun, type SeenRun } from "./run-text";
import type { Interval } from "./statistics";

/** How the adapter translates the memory; rates are modelled. */
export interface AdapterColumn {
  name: string;
  pageBytes: number;
  entries: number;
  hitRate: number;
  operationsPerSecond: number;
  gigabytesPerSecond: number;
}

/** How the CPU translates the memory; nanoseconds are modelled. */
export interface CpuColumn {
  name: string;
  pageBytes: number;
  walksPerAccess: number;
  nsPerAccess: number;
}

/**
 * Why requests failed: reasons without frames and counts, the most frequent first, each with the words and figures of its first
 * failure, and one in full.
 */
export interface FailureColumn {
  reasons: { text: string; count: number; first: string }[];
  example: string;
}

/** One strategy. Medians over seeds; null if a value does not apply. */
export interface ScorecardRow {
  name: string;
  strategy: StrategySpec;
  title: string;
  control: string;
  since: string;
  configure: string;
  asked: number;
  granted: number;
  /** Share granted with Wilson's 95 % interval. */
  successRate: Interval;
  /** Modelled latencies of granted requests in nanoseconds. */
  latencyNs: Quantiles | null;
  /** Reserved bytes, and how many of them are idle between requests. */
  reservedBytes: number | null;
  idleBytes: number | null;
  /** For the memory of the first seed with a granted request. */
  adapter: AdapterColumn | null;
  cpu: CpuColumn | null;
  /**
   * Direct reclaims, direct compactions and failed allocations of other processes, and the 2 MiB pages that they still
   * get.
   */
  takes: {
    reclaimStalls: number;
    compactionStalls: number;
    othersFailed: number;
    hugePagesLeft: number | null;
    hugePagesAsked: number | null;
  };
  constraints: Constraint[];
  failures: FailureColumn | null;
  /** True on the front: it granted a request, and no other strategy is as good in every column and better in one. */
  pareto: boolean;
}

export interface Scorecard {
  scenario: string;
  seeds: number;
  firstSeed: number;
  adapter: string;
  cpu: string;
  pattern: string;
  strategies: ScorecardRow[];
  resultsHash: string;
}

/** Results of the runs of one strategy that a comparison does not keep. */
interface Evidence {
  constraints: Constraint[] | null;
  granted: Outcome | null;
  reasons: Map<string, Reason>;
  example: string;
}

/** Runs the comparison of `spec` and computes the scorecard; null if it was cancelled. */
export async function scorecard(
  scenario: string,
  spec: ComparisonSpec,
  options: ScorecardOptions = {},
  running: RunningOptions = {},
) {
  const collector = new EvidenceCollector(spec.strategies.length);
  const done = await runComparison(scenario, spec, running, (text) => collector.take(text));
  const { comparison } = done;
  return {
    ...done,
    scorecard: comparison === null ? null : scorecardOf(comparison, collector, spec, options),
  };
}

/** The same in this thread, without store and workers. Pure. */
export function scorecardHere(
  scenario: string,
  spec: ComparisonSpec,
  options: ScorecardOptions,
  seen?: SeenRun,
): Scorecard {
  const collector = new EvidenceCollector(spec.strategies.length);
  const comparison = compareHere(scenario, spec, (run) => {
    collector.take(run.text);
    seen?.(run);
  });
  return scorecardOf(comparison, collector, spec, options);
}

/** Takes runs in the order of comparisonPlans(). */
export class EvidenceCollector {
  readonly of: Evidence[];
  private taken: number;

  constructor(strategies: number) {
    this.taken = 0;
    this.of = Array.from({ length: strategies }, () => ({
      constraints: null,
      granted: null,
      reasons: new Map(),
      example: "",
    }));
  }

  take(text: string): void {
    const own = this.of[this.taken++ % this.of.length]!;
    const run = readRun(text);
    if (!isOutcome(run)) return;
    const got = run.requests.granted.includes(1);
    if (got && own.granted === null) {
      own.granted = run;
      own.constraints = run.constraints;
    }
    own.constraints ??= run.constraints;
    for (const failure of run.failures) {
      if (own.example === "") own.example = failure.text;
      for (const { text, first } of reasonsOf(failure.text)) {
        const known = own.reasons.get(text) ?? { count: 0, first };
        own.reasons.set(text, { ...known, count: known.count + 1 });
      }
    }
  }
}

/** How often a reason was given, and the words in which it was given first. */
interface Reason {
  count: number;
  first: string;
}

/** Reasons of a failure, and its words for each. */
function reasonsOf(text: string): { text: string; first: string }[] {
  const barred = [...text.matchAll(/^In the way: .*?: (.*?)\. Would free it:/gm)].map((m) => m[1]!);
  if (barred.length > 0) return barred.map((reason) => ({ text: reason, first: reason }));
  return [{ text: withoutFigures(text), first: text.split("\n")[0]! }];
}

/** The first line of a failure without the figures that differ from run to run: failures that it makes equal have one reason. */
function withoutFigures(text: string): string {
  return text.split("\n")[0]!.replace(/\d[\d,.]*/g, "…");
}

/** The columns from a comparison and the evidence of its runs; pure. */
export function scorecardOf(
  comparison: Comparison,
  { of }: EvidenceCollector,
  spec: ComparisonSpec,
  options: ScorecardOptions = {},
): Scorecard {
  const chosen = { ...SCORECARD_DEFAULTS, ...options };
  const rows = comparison.strategies.map((row, i) => scoreRow(row, of[i]!, spec.request.bytes, chosen));
  // A strategy that never granted a request is not on the front, however little it costs.
  const onFront = front(rows.filter((r) => r.granted > 0).map(goals));
  let at = 0;
  return {
    scenario: comparison.scenario,
    seeds: comparison.seeds,
    firstSeed: comparison.firstSeed,
    ...chosen,
    strategies: rows.map((row) => ({ ...row, pareto: row.granted > 0 && onFront[at++]! })),
    resultsHash: comparison.resultsHash,
  };
}

/** More is better in each. A strategy without memory has the worst value of every goal that depends on it. */
function goals(row: Omit<ScorecardRow, "pareto">): number[] {
  const worst = Number.NEGATIVE_INFINITY;
  return [
    row.successRate.mid,
    -(row.idleBytes ?? 0),
    row.adapter?.operationsPerSecond ?? worst,
    row.cpu === null ? worst : -row.cpu.nsPerAccess,
    row.takes.hugePagesLeft ?? worst,
  ];
}

function scoreRow(
  row: StrategyRow,
  evidence: Evidence,
  bytes: number,
  chosen: Hardware,
): Omit<ScorecardRow, "pareto"> {
  const strategy = STRATEGIES.get(row.strategy.name);
  if (strategy === undefined) throw new InputError(`scorecard: there is no strategy ${row.strategy.name}`);
  const mid = (name: string) => row.metrics[name]?.mid ?? null;
  const { reasons, example, granted, constraints } = evidence;
  return {
    name: row.name,
    strategy: row.strategy,
    title: strategy.title,
    control: strategy.control,
    since: strategy.since,
    configure: strategy.configure,
    asked: row.asked,
    granted: row.granted,
    successRate: row.successRate,
    latencyNs: row.latencyNs,
    reservedBytes: mid("reservedBytes"),
    idleBytes: mid("idleBytes"),
    adapter: granted === null ? null : adapterColumn(row.strategy, granted, bytes, chosen),
    cpu: granted === null ? null : cpuColumn(row.strategy.name, granted, bytes, chosen),
    takes: {
      reclaimStalls: row.stalls.reclaim?.mid ?? 0,
      compactionStalls: row.stalls.compaction?.mid ?? 0,
      othersFailed: mid("othersFailed") ?? 0,
      hugePagesLeft: mid("probe2MiBGranted"),
      hugePagesAsked: mid("probe2MiBAsked"),
    },
    constraints: constraints ?? [],
    failures: reasons.size === 0 ? (row.failedRuns === 0 ? null : couldNot(row)) : told(reasons, example),
  };
}

function couldNot(row: StrategyRow): FailureColumn {
  const text = row.remarks.at(-1) ?? "no outcome";
  return { reasons: [{ text, count: row.failedRuns, first: text }], example: text };
}

function told(reasons: ReadonlyMap<string, Reason>, example: string): FailureColumn {
  const sorted = [...reasons].sort((a, b) => b[1].count - a[1].count || (a[0] < b[0] ? -1 : 1));
  return { reasons: sorted.map(([text, { count, first }]) => ({ text, count, first })), example };
}

/** The granted memory: its first address, and the largest page that fits all of its pieces. */
function shape({ metrics }: Outcome): { address: number; fits: number; pieces: number } | null {
  const { firstByteAddress: address, fittingPageBytes: fits, physicalPieces: pieces } = metrics;
  return address === undefined || fits === undefined || pieces === undefined
    ? null
    : { address, fits, pieces };
}

/**
 * What the device sees: one contiguous range behind an IOMMU, base pages with on-demand paging, otherwise physical
 * pieces.
 */
function seen({ name, mode }: StrategySpec, outcome: Outcome): ReturnType<typeof shape> {
  if (name !== "iommu") return shape(outcome);
  return mode === "odp" ? { address: 0, fits: 4 * KiB, pieces: 2 } : { address: 0, fits: GiB, pieces: 1 };
}

function adapterColumn(
  strategy: StrategySpec,
  outcome: Outcome,
  bytes: number,
  { adapter, pattern }: Hardware,
): AdapterColumn | null {
  const got = seen(strategy, outcome);
  if (got === null) return null;
  const model = toAdapter(adapter);
  // Several pieces translate like one piece at an address where only pages up to `fits` agree.
  const limited = got.pieces === 1 ? got.address : got.fits;
  const virtual = got.pieces === 1 ? limited : limited + got.fits;
  const region = registerRegion(model, [{ physicalAddress: limited, bytes }], virtual);
  if (!region.ok) return null;
  const { hitRate, operationsPerSecond, gigabytesPerSecond } = runAdapter(
    model,
    region.pageBytes,
    bytes,
    pattern,
  );
  return {
    name: adapter,
    pageBytes: region.pageBytes,
    entries: region.entries,
    hitRate,
    operationsPerSecond,
    gigabytesPerSecond,
  };
}

/**
 * Largest page that maps a strategy's memory into a process; other strategies use base pages (remap_pfn_range(), 6.1).
 */
const CPU_PAGE: Readonly<Record<string, number>> = {
  "hugetlb-runtime": GiB,
  "hugetlb-boot": GiB,
  "hugetlb-cma": GiB,
  "boot-reserve": GiB,
  "adjacent-thp": 2 * MiB,
};

function cpuColumn(
  name: string,
  outcome: Outcome,
  bytes: number,
  { cpu, pattern }: Hardware,
): CpuColumn | null {
  const got = shape(outcome);
  if (got === null) return null;
  const most = Math.min(CPU_PAGE[name] ?? 4 * KiB, got.fits);
  const aligned = [GiB, 2 * MiB].find(
    (page) =>
      page <= most && (got.pieces > 1 || got.address % page === 0) && bytes % page === 0 && page <= bytes,
  );
  const pageBytes = aligned ?? 4 * KiB;
  const run = runTlb(cpu, pageBytes, bytes, pattern);
  return { name: cpu, pageBytes, walksPerAccess: run.walks / run.accesses, nsPerAccess: run.nsPerAccess };
}

/** Computes a scorecard in this thread: equal plans give equal scorecards on every computer. */
export function runScorecard(
  { kind: _kind, scenario, adapter, cpu, pattern, ...spec }: ScorecardPlan,
  seen?: SeenRun,
): Scorecard {
  return scorecardHere(scenario, spec, { adapter, cpu, pattern }, seen);
}
