/** The requests made to a running machine, summarised for charts; and its charts, each drawn with one call. */
import { groupBy } from "lodash";
import type { BlockLook, BlockSnapshot } from "../chart/block-map";
import { blockMap } from "../chart/block-map";
import type { Figure } from "../chart/figure";
import { holders } from "../chart/holders";
import type { LatencySamples } from "../chart/latency";
import type { Planned } from "../chart/run";
import type { Step, StepResult } from "../experiment/steps";
import type { HolderFlow } from "../metrics";
import { type Estimate, shareOf } from "../metrics/measures";
import type { ProbeFigures } from "../workload/probe";
import { probeLatencyFigure, probeSuccessFigure } from "./probe-charts";
import { type ChartWords, latencyFigure, successFigure } from "./result-charts";

/** Steps that request memory, with their names in charts. */
const REQUESTS: Partial<Record<Step["do"], string>> = {
  cmaAlloc: "cma_alloc",
  allocContigPages: "alloc_contig_pages",
  allocPages: "alloc_pages",
};

/** Results of the requests among the steps, by kernel function. */
function requestsOf(steps: readonly Step[], results: readonly StepResult[]): [string, StepResult[]][] {
  const named = steps.flatMap((step, i) => {
    const name = REQUESTS[step.do];
    return name === undefined ? [] : [{ name, result: results[i]! }];
  });
  return Object.entries(groupBy(named, "name")).map(([name, all]) => [name, all.map((one) => one.result)]);
}

/** Shares granted, with Wilson's interval: one row per kernel function. */
export function stepRates(steps: readonly Step[], results: readonly StepResult[]): Estimate[] {
  return requestsOf(steps, results).map(([name, all]) =>
    shareOf(name, all.filter((one) => one.ok).length, all.length),
  );
}

/** Modelled latencies in nanoseconds: one series per kernel function. */
export function stepLatencies(
  steps: readonly Step[],
  results: readonly StepResult[],
  granted: boolean,
): LatencySamples[] {
  return requestsOf(steps, results)
    .map(([name, all]) => ({
      name,
      samplesNs: all.filter((one) => one.ok === granted).map((one) => one.latencyNs),
    }))
    .filter(({ samplesNs }) => samplesNs.length > 0);
}

/** What the charts read from a machine. */
export interface ChartedMachine extends Planned {
  readonly pageSize: number;
  snapshot(label: string): BlockSnapshot;
  holders(): HolderFlow[];
  successRates(): Estimate[];
  latencies(options?: { granted?: boolean }): LatencySamples[];
  probes(): ProbeFigures[];
}

/** Charts of a running machine in its current state. */
export class MachineCharts {
  private readonly machine: ChartedMachine;

  constructor(machine: ChartedMachine) {
    this.machine = machine;
    Object.freeze(this);
  }

  /** The share of their own requests that workloads were granted, by probe. */
  probeSuccess(words: ChartWords = {}): Figure {
    return probeSuccessFigure(this.machine, this.machine.probes(), words);
  }

  /** The times of workloads' own requests as boxes, by probe. */
  probeLatency(words: ChartWords = {}): Figure {
    return probeLatencyFigure(this.machine, this.machine.probes(), words);
  }

  /** Who holds the memory. */
  holders(words: ChartWords = {}): Figure {
    const { machine } = this;
    return holders({ ...words, flows: machine.holders(), pageBytes: machine.pageSize, from: [machine] });
  }

  /** The page blocks of `snapshots`, taken earlier with `snapshot()`; default: the current ones. */
  blocks(words: ChartWords & { snapshots?: readonly BlockSnapshot[]; colorBy?: BlockLook } = {}): Figure {
    const { machine } = this;
    const { snapshots = [machine.snapshot("now")], ...rest } = words;
    return blockMap({ ...rest, snapshots, pageBytes: machine.pageSize, from: [machine] });
  }

  /** The share of requests granted. */
  success(words: ChartWords = {}): Figure {
    return successFigure(this.machine, this.machine.successRates(), words, "requests");
  }

  /** The share of requests answered within a time. */
  latency(words: ChartWords & { granted?: boolean } = {}): Figure {
    const { granted = true, ...rest } = words;
    return latencyFigure(this.machine, this.machine.latencies({ granted }), rest);
  }
}
