/** Runs comparisons of variants: on workers and with a store, or in this thread. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json";
import type { KernelsSpec } from "../plan/compare-kernels";
import { type RunningOptions, runAll } from "./compare";
import type { StoredRun } from "./keeper";
import { type KernelsResult, KernelsTable, kernelsPlans } from "./kernels";
import { lookOf } from "./looks";
import { everyPlan } from "./plans";
import type { RunSummary } from "./run-plans";
import { runAllHere, type SeenRun } from "./run-text";

/**
 * Runs a comparison of variants; `seen` gets every run, in order. `earlierLooks`: smaller numbers of seeds with which the store says
 * that it was seen before. If it is cancelled, `kernels` is null and the finished runs are in
 * the store.
 */
export async function runKernels(
  spec: KernelsSpec,
  options: RunningOptions = {},
  seen?: (run: StoredRun) => void,
): Promise<{ kernels: KernelsResult | null; earlierLooks: readonly number[]; summary: RunSummary }> {
  const table = new KernelsTable(spec);
  let earlierLooks: readonly number[] = [];
  const summary = await runAll(
    kernelsPlans(spec),
    options,
    ({ text, hash, plan, state }) => {
      table.take(text);
      seen?.({ hash, plan: canonicalJson(plan), state, text });
    },
    async (store) => {
      earlierLooks = (await store?.looked?.(lookOf(spec))) ?? [];
    },
  );
  const kernels = summary.resultsHash === null ? null : table.result(summary.resultsHash);
  return { kernels, earlierLooks, summary };
}

/** The same in this thread, without store and workers. Pure. */
export function kernelsHere(spec: KernelsSpec, seen?: SeenRun): KernelsResult {
  const table = new KernelsTable(spec);
  const hash = createHash("sha256");
  for (const run of runAllHere([...everyPlan(kernelsPlans(spec))])) {
    table.take(run.text);
    seen?.(run);
    hash.update(run.text).update("\n");
  }
  return table.result(hash.digest("hex"));
}
