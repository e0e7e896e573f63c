/**
 * The tables of docs/compare-kernels.md that runs fill: what twelve seeds say of its example, what its switch `fallback` does, and
 * which differences carry the effects. The last takes a minute; the others take seconds.
 */
import { join } from "node:path";
import { kernelsHere } from "../../lib/experiment/compare-kernels";
import { differencesOf } from "../../lib/experiment/kernel-differences";
import { figureText } from "../../lib/experiment/kernel-verdict";
import { KernelsTable, kernelsPlans } from "../../lib/experiment/kernels";
import { carriedText, KERNELS_HEAD, kernelCells } from "../../lib/experiment/kernels-text";
import { meanInterval } from "../../lib/experiment/mean-interval";
import { metricValue } from "../../lib/experiment/metric-values";
import { isOutcome, readRun, runToText } from "../../lib/experiment/run-text";
import { type KernelsSpec, kernelsIn, runOfParts } from "../../lib/plan/compare-kernels";
import { readPlanFile } from "../../lib/schema/plan-file";
import { ROOT } from "./cli";

export const EXAMPLE: KernelsSpec = kernelsIn(readPlanFile(join(ROOT, "docs/examples/compare-kernels.yaml")));
/** Cells of KERNELS_HEAD in the page. */
const SHOWN = [0, 1, 2, 3, 6, 7] as const;

const markdown = (rows: readonly (readonly string[])[]) =>
  [rows[0]!, rows[0]!.map(() => "---"), ...rows.slice(1)].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** One run for each seed. */
const texts = (spec: KernelsSpec, parts: Parameters<typeof runOfParts>[1]) =>
  Array.from({ length: spec.seeds }, (_, i) => runToText(runOfParts(spec, parts, spec.firstSeed + i)).text);

/** The verdicts, and the steps of `fallback`: 48 runs. */
export function quickTables(): { verdicts: string; fallback: string } {
  const { ablate: _ablate, ...spec } = EXAMPLE;
  const table = new KernelsTable(spec);
  const plans = kernelsPlans(spec);
  const arms: string[][] = [[], []];
  for (let i = 0; i < plans.count; i++) {
    const { text } = runToText(plans.at(i));
    table.take(text);
    arms[i % 2]!.push(text);
  }
  const [pair] = table.result("").pairs;
  const flip = differencesOf(spec).flips.find(({ name }) => name === "fallback")!;
  const [forward, back] = [texts(spec, flip.forward), texts(spec, flip.back)];
  const values = (all: readonly string[], metric: string) =>
    all.map((text) => {
      const read = readRun(text);
      if (!isOutcome(read)) throw new Error(read.error);
      return metricValue(read, metric)!;
    });
  const decided = pair!.metrics.filter(({ verdict }) => verdict !== "open" && verdict !== "none");
  const rows = decided.map(({ metric }) => {
    const [a, b, f, t] = [arms[0]!, arms[1]!, forward, back].map((all) => values(all, metric));
    const steps = [f!.map((x, i) => x - a![i]!), b!.map((x, i) => x - t![i]!)];
    const effect = meanInterval(steps[0]!.map((x, i) => (x + steps[1]![i]!) / 2));
    return [
      metric,
      ...steps.map((step) => figureText(meanInterval(step).mid, true)),
      `${figureText(effect.mid, true)} (${figureText(effect.low!, true)} to ${figureText(effect.high!, true)})`,
    ];
  });
  const cells = [[...KERNELS_HEAD], ...pair!.metrics.map(kernelCells)];
  return {
    verdicts: markdown(cells.map((row) => SHOWN.map((at) => row[at]!))),
    fallback: markdown([["metric", "from 6.1", "to 6.15", "effect, 95 % interval"], ...rows]),
  };
}

/** What is said of each metric that differs; the example as it is. */
export function carriers(): string {
  const { ablation } = kernelsHere(EXAMPLE);
  const decided = ablation!.metrics.filter((one) => one.decided);
  // The sentence begins with the name of the metric.
  return markdown([
    ["metric", "difference, and what carries it"],
    ...decided.map((one) => [one.metric, carriedText(one).slice(`${one.metric}: `.length)]),
  ]);
}
