/** Charts of what workloads measured of their own requests. */
import type { Figure } from "../chart/figure";
import { type LatencyQuantiles, latencyBoxes } from "../chart/latency";
import type { Planned } from "../chart/run";
import { type Estimate, shareOf } from "../metrics/measures";
import type { LatencyQuantilesNs } from "../workload/latency-histogram";
import type { ProbeFigures } from "../workload/probe";
import { type ChartWords, successFigure } from "./result-charts";

const nameOf = ({ workload, name }: ProbeFigures) => `${workload} ${name}`;

/** Shares granted: one row per probe that asked. */
export function probeRates(probes: readonly ProbeFigures[]): Estimate[] {
  return probes
    .filter(({ asked }) => asked > 0)
    .map((probe) => shareOf(nameOf(probe), probe.granted, probe.asked));
}

/** Quantiles of modelled times, one row per probe with requests that were granted, and one with requests that were refused. */
export function probeLatencies(probes: readonly ProbeFigures[]): LatencyQuantiles[] {
  return probes.flatMap((probe) => [
    ...row(nameOf(probe), probe.grantedNs),
    ...row(`${nameOf(probe)}, refused`, probe.refusedNs),
  ]);
}

/** Costs may be set to nothing: a logarithmic axis has no zero. */
function row(name: string, ns: LatencyQuantilesNs | null): LatencyQuantiles[] {
  if (ns === null) return [];
  const { p1Ns, p25Ns, p50Ns, p75Ns, p99Ns } = ns;
  const [p1, p25, p50, p75, p99] = [p1Ns, p25Ns, p50Ns, p75Ns, p99Ns].map((one) => Math.max(1, one)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return [{ name, p1Ns: p1, p25Ns: p25, p50Ns: p50, p75Ns: p75, p99Ns: p99, samples: ns.samples }];
}

/** Dots with intervals: the shares that probes were granted. */
export function probeSuccessFigure(
  from: Planned,
  probes: readonly ProbeFigures[],
  words: ChartWords,
): Figure {
  return successFigure(from, probeRates(probes), words, "requests");
}

/** Boxes: the times that probes took. */
export function probeLatencyFigure(
  from: Planned,
  probes: readonly ProbeFigures[],
  words: ChartWords,
): Figure {
  return latencyBoxes({ ...words, rows: probeLatencies(probes), from: [from] });
}
