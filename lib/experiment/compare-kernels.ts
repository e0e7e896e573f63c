/** Runs comparisons of variants: on workers and with a store, or in this thread. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json";
import type { KernelsSpec } from "../plan/compare-kernels";
import { type RunningOptions, runAll } from "./compare";
import type { StoredRun } from "./keeper";
import { type KernelsResult, KernelsTable, kernelsPlans } from "./kernels";
import { everyPlan } from "./plans";
import type { RunSummary } from "./run-plans";
import { runAllHere } from "./run-text";

/**
 * Runs a comparison of variants; `seen` gets every run, in order. If it is cancelled, `kernels` is null and the finished runs are in
 * the store.
 */
export async function runKernels(
  spec: KernelsSpec,
  options: RunningOptions = {},
  seen?: (run: StoredRun) => void,
): Promise<{ kernels: KernelsResult | null; summary: RunSummary }> {
  const table = new KernelsTable(spec);
  const summary = await runAll(kernelsPlans(spec), options, ({ text, hash, plan, state }) => {
    table.take(text);
    seen?.({ hash, plan: canonicalJson(plan), state, text });
  });
  const kernels = summary.resultsHash === null ? null : table.result(summary.resultsHash);
  return { kernels, summary };
}

/** The same in this thread, without store and workers. Pure. */
export function kernelsHere(spec: KernelsSpec): KernelsResult {
  const table = new KernelsTable(spec);
  const hash = createHash("sha256");
  for (const { text } of runAllHere([...everyPlan(kernelsPlans(spec))])) {
    table.take(text);
    hash.update(text).update("\n");
  }
  return table.result(hash.digest("hex"));
}
