/** Runs whole comparisons and sweeps: opens the store, starts workers, collects results, and closes both. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json";
import { type Comparison, type ComparisonSpec, ComparisonTable, comparisonPlans } from "./comparison";
import type { Executor } from "./executor";
import type { Keeper, StoredRun } from "./keeper";
import { LocalWorkers } from "./local-workers";
import { everyPlan, type Plans } from "./plans";
import type { Progress } from "./progress";
import { type RunPlansOptions, type RunSummary, runPlans } from "./run-plans";
import { runAllHere, type SeenRun } from "./run-text";
import { Store, StoreInUse } from "./store";
import type { Sweep } from "./sweep";

/** Where and how plans run. */
export interface RunningOptions {
  /** Number of threads on this computer; default one per core. */
  workers?: number;
  /** `redis://…`: runs on the workers of a cluster instead (lib/experiment/cluster.ts). */
  cluster?: string;
  /** Path of the store, or "none"; default `.pageblock/results.duckdb`. */
  store?: string | Keeper;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** Receives one line per event: workers refused, jobs that came twice. */
  onReport?: (line: string) => void;
}

/** Runs a list of plans; `onRun` gets every run in order, and `atEnd` the store if none is left to run. */
export async function runAll(
  plans: Plans,
  options: RunningOptions,
  onRun?: RunPlansOptions["onRun"],
  atEnd?: (store: Keeper | null) => Promise<void>,
): Promise<RunSummary> {
  const given = options.store;
  const own =
    given === "none" || typeof given === "object" ? null : await storeOrNone(given, options.onReport);
  const store: Keeper | null = own ?? (typeof given === "object" ? given : null);
  try {
    const executor = await startExecutor(plans.count, options);
    try {
      const summary = await runPlans(plans, {
        executor,
        store,
        ...(options.signal !== undefined && { signal: options.signal }),
        ...(options.onProgress !== undefined && { onProgress: options.onProgress }),
        ...(onRun !== undefined && { onRun }),
      });
      if (!summary.cancelled) await atEnd?.(store);
      return summary;
    } finally {
      await executor.close();
    }
  } finally {
    await own?.close();
  }
}

/**
 * The given store, or the default one; null if another process uses the default one, as when two notebooks of a folder
 * run at the same time. Runs are then not stored, which changes no result.
 */
export async function storeOrNone(path?: string, report?: RunningOptions["onReport"]): Promise<Store | null> {
  try {
    return await Store.open(path);
  } catch (error) {
    if (path !== undefined || !(error instanceof StoreInUse)) throw error;
    report?.(`${error.message}; this time runs are not kept`);
    return null;
  }
}

async function startExecutor(count: number, options: RunningOptions): Promise<Executor> {
  if (options.cluster === undefined) return new LocalWorkers(options.workers, count);
  const { Cluster }: typeof import("./cluster") = require("./cluster");
  return Cluster.connect(options.cluster, options.onReport);
}

/**
 * Runs a comparison; `seen` gets the text of every run, in order. If it is cancelled, `comparison` is null and the
 * finished runs are in the store.
 */
export async function runComparison(
  scenario: string,
  spec: ComparisonSpec,
  options: RunningOptions = {},
  seen?: (text: string) => void,
): Promise<{ comparison: Comparison | null; summary: RunSummary; runs: StoredRun[] }> {
  const table = new ComparisonTable(spec);
  const runs: StoredRun[] = [];
  const summary = await runAll(comparisonPlans(spec), options, ({ text, hash, plan, state }) => {
    table.take(text);
    seen?.(text);
    runs.push({ hash, plan: canonicalJson(plan), state, text });
  });
  const comparison = summary.resultsHash === null ? null : table.result(scenario, summary.resultsHash);
  return { comparison, summary, runs };
}

/** Runs a comparison in this thread, without store and workers. Pure. */
export function compareHere(scenario: string, spec: ComparisonSpec, seen?: SeenRun): Comparison {
  const table = new ComparisonTable(spec);
  const hash = createHash("sha256");
  for (const run of runAllHere([...everyPlan(comparisonPlans(spec))])) {
    table.take(run.text);
    seen?.(run);
    hash.update(run.text).update("\n");
  }
  return table.result(scenario, hash.digest("hex"));
}

/** Runs a sweep; results are in the store. */
export function runSweep(
  sweep: Sweep,
  options: RunningOptions = {},
  onRun?: RunPlansOptions["onRun"],
): Promise<RunSummary> {
  return runAll(sweep, options, onRun);
}
