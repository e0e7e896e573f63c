/**
 * Up to which share of unmovable memory does a search find its range? The scorecard's answer for the strategies that look for
 * a range when they are asked: on the host of the card, fresh from boot, page blocks are spoiled on purpose, in as many
 * separate places as one likes, and the request is made. What moves does not count, as long as there is room for it.
 */

import { sortBy, uniq } from "lodash";
import { expm1, log1p, log2 } from "../base/elementary";
import { InputError, unknownName } from "../base/errors";
import { formatSize, parseSize } from "../base/units";
import type { RunningOptions } from "../experiment/compare";
import { alignedRunProbability, blockSummary, cleanRanges, halfwayShare } from "../metrics";
import type { ComparisonSpec } from "../plan/comparison";
import type { PlanIn } from "../plan/run";
import type { SizeIn } from "../schema/field";
import type { StrategySpec } from "../strategy/strategy";
import { optionsOf } from "./given";
import { MachineDescription } from "./machine";
import { SearchThresholdResult, type ThresholdRow } from "./search-threshold-result";
import { type SweepBuilder, sweep } from "./sweep";
import type { SweepPlan } from "./sweep-result";

/** What `threshold()` of a scorecard may be told. */
export interface SearchThresholdOptions {
  /** Label of the strategy; default `alloc-contig-pages`. */
  of?: string;
  /** Memory that is spoiled together in one place, each a power of two of page blocks; default one page block, 32 MiB and 256 MiB. */
  together?: readonly SizeIn[];
  /** Shares of page blocks, 0 to 1; default nine values around that of the closed form. */
  shares?: readonly number[];
  /** Default: those of the card. */
  seeds?: number;
}

/** Values around the closed form, as multiples of the number of places; the closest ones where the answer turns. */
const AROUND = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4];
const TOGETHER = ["32MiB", "256MiB"];

/** What all placements have in common. */
interface Asked {
  spec: ComparisonSpec;
  strategy: StrategySpec;
  /** Bytes of a page block. */
  blockBytes: number;
  /** Page blocks with memory, those that a range takes, and ranges that are clean after boot. */
  blocks: number;
  rangeBlocks: number;
  ranges: number;
}

/**
 * Runs a sweep for each size of place.
 * @throws InputError for an unknown strategy, a request that no clean range fits after boot, or a place that is no whole
 * power of two of page blocks
 */
export async function searchThreshold(
  plan: ComparisonSpec,
  options: SearchThresholdOptions,
  running: RunningOptions,
): Promise<SearchThresholdResult> {
  const { asked, of, seeds, searches } = searchesOf(plan, options);
  const rows: ThresholdRow[] = [];
  for (const { run, halfway, search } of searches) {
    const result = await search.with(running).run();
    const threshold = result.threshold();
    const closedForm = threshold.levels.map(({ value }) => likely(asked, run, value));
    rows.push({ togetherBytes: run * asked.blockBytes, run, threshold, halfway, closedForm, sweep: result });
  }
  const { blocks, ranges } = asked;
  return new SearchThresholdResult({ of, bytes: plan.request.bytes, seeds, blocks, ranges }, rows);
}

/** The plans of its sweeps. Throws as searchThreshold() does. */
export function thresholdPlans(plan: ComparisonSpec, options: SearchThresholdOptions): SweepPlan[] {
  return searchesOf(plan, options).searches.map(({ search }) => search.plan());
}

function searchesOf(plan: ComparisonSpec, options: SearchThresholdOptions) {
  const { of = "alloc-contig-pages", together, shares, seeds = plan.seeds } = optionsOf("threshold", options);
  const asked = askedOf({ ...plan, seeds }, of);
  const searches = runsOf(together ?? [asked.blockBytes, ...TOGETHER], asked).map((run) => {
    const halfway = halfwayShare(asked.ranges, asked.rangeBlocks, run);
    return { run, halfway, search: placed(asked, run, shares ?? around(halfway)) };
  });
  return { asked, of, seeds, searches };
}

/** Strategies that look for their range when they are asked. */
const SEARCHES = ["hugetlb-runtime", "map-contig", "find-alloc-contig", "alloc-contig-pages"];

/**
 * What a scorecard says below its table of the strategies that search: on what their answer depends, and up to where by the
 * closed form, which takes no run. Empty if none of them searches, or if no range is clean after boot.
 */
export function searchNote(spec: ComparisonSpec): string[] {
  const searching = spec.strategies.filter((one) => SEARCHES.includes(one.spec.name));
  const found = searching.length === 0 ? null : rangesOf(spec);
  if (found === null || found.ranges === 0) return [];
  const { blocks, ranges, rangeBlocks } = found;
  const halfway = halfwayShare(ranges, rangeBlocks);
  return [
    `${searching.map(({ label }) => label).join(", ")}: depends on where unmovable memory lies. After boot ${ranges} clean ${
      ranges === 1 ? "range is" : "ranges are"
    } left. If page blocks with an unmovable page lay one by one anywhere, half of the machines would have one up to ${Number(
      (100 * halfway).toPrecision(3),
    )} % of ${blocks} page blocks, ${Math.round(halfway * blocks)} places (closed form; threshold() counts it)`,
  ];
}

/** Page blocks of the host, and ranges of the request's size that are clean after boot. */
function rangesOf({ machine, request }: ComparisonSpec) {
  const kernel = new MachineDescription(machine).boot();
  const summary = blockSummary(kernel.start().memory, { blocksPerGroup: 1 });
  const { pageblockBytes: blockBytes, pageSize } = kernel;
  return {
    blockBytes,
    blocks: summary.startPfn.length,
    rangeBlocks: request.bytes / blockBytes,
    ranges: request.bytes % blockBytes === 0 ? cleanRanges(summary, request.bytes / pageSize) : 0,
  };
}

function askedOf(spec: ComparisonSpec, label: string): Asked {
  const labels = spec.strategies.map((one) => one.label);
  const found = spec.strategies.find((one) => one.label === label);
  if (found === undefined) throw unknownName("threshold: strategy", label, labels);
  const counted = rangesOf(spec);
  if (counted.ranges === 0)
    throw new InputError(
      `threshold: the host must have a clean range of ${formatSize(spec.request.bytes)} after boot, of whole page blocks (${formatSize(counted.blockBytes)}): got none`,
    );
  return { spec, strategy: found.spec, ...counted };
}

/** Places in page blocks, ascending and each once. */
function runsOf(together: readonly SizeIn[], { blockBytes }: Asked): number[] {
  const runs = together.map((size) => {
    const run = parseSize(size, "threshold: together") / blockBytes;
    if (!Number.isInteger(log2(run)) || run < 1)
      throw new InputError(
        `threshold: together must be a power of two of page blocks (${formatSize(blockBytes)}): got ${size}`,
      );
    return run;
  });
  return sortBy(uniq(runs));
}

/** Shares around the one at which the closed form says one half, read by people. */
function around(halfway: number): number[] {
  return uniq(AROUND.map((times) => Number((-expm1(times * log1p(-halfway))).toPrecision(3))));
}

/** What the closed form says: ranges are clean independently, and so are the places in them. */
function likely({ ranges, rangeBlocks }: Asked, run: number, share: number): number {
  const runs = Math.max(1, rangeBlocks / run);
  const independent = Math.max(1, Math.round(ranges * Math.min(1, rangeBlocks / run)));
  return alignedRunProbability(independent, 1, -expm1(runs * log1p(-share)));
}

/** The request on the host fresh from boot, with page blocks spoiled in runs of `run`. */
function placed({ spec, strategy }: Asked, run: number, shares: readonly number[]): SweepBuilder {
  const { machine, system, request, costs, seeds, firstSeed } = spec;
  const workload = { kind: "scatter-unmovable", ...(run > 1 && { run }) };
  return sweep({ machine, system, request, costs, workload, strategy } as PlanIn).over({
    "scatter-unmovable.share": [...shares],
    seed: { from: firstSeed, to: firstSeed + seeds - 1, step: 1 },
  });
}
