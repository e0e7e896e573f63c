/** `sweep(plan).over({ … }).run()`: one plan with some of its fields varied, from a script or a cell. */
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { Change } from "../change/change";
import { type RunningOptions, runSweep, storeOrNone } from "../experiment/compare";
import type { StoredRun } from "../experiment/keeper";
import { expandSweep } from "../experiment/sweep";
import { SweepTable } from "../experiment/sweep-table";
import { type Plan, type PlanIn, parsePlan } from "../plan/run";
import { parseSweep, type Sampling, type SweepAxis, type SweepSpec } from "../plan/sweep";
import { runInCell } from "./running";
import { type SweepPlan, SweepResult } from "./sweep-result";

/** A sweep under construction. Immutable: every step returns a new one. */
export class SweepBuilder {
  /** Use {@link sweep}. */
  constructor(
    private readonly base: Plan,
    private readonly axes: Record<string, SweepAxis>,
    private readonly sampling: Sampling,
    private readonly running: RunningOptions,
  ) {
    Object.freeze(this);
  }

  /**
   * Parameters and their values: a list, `range(0, 0.1, 0.01)`, or `{ from, to }` for samples. A parameter is a path
   * into the plan ("strategy.area", "machine.memoryBytes") or a short name: memory, pageblockOrder, seed, size, or
   * "scatter-unmovable.share" for a parameter of the workload. `null` leaves the field out: `{ change: [mine, null] }`
   * sets a change against the kernel as it is.
   */
  over(axes: Record<string, SweepAxis>): SweepBuilder {
    const plain = Object.entries(axes ?? {}).map(([name, axis]): [string, SweepAxis] => [
      name,
      Array.isArray(axis) ? axis.map((one) => (one instanceof Change ? one.toJSON() : one)) : axis,
    ]);
    return new SweepBuilder(
      this.base,
      { ...this.axes, ...Object.fromEntries(plain) },
      this.sampling,
      this.running,
    );
  }

  /** `count` random samples instead of every combination. */
  random(count: number, seed = 1): SweepBuilder {
    return new SweepBuilder(this.base, this.axes, { kind: "random", count, seed }, this.running);
  }

  /** `count` samples of a Latin hypercube: every stratum of every parameter once. */
  latinHypercube(count: number, seed = 1): SweepBuilder {
    return new SweepBuilder(this.base, this.axes, { kind: "latin-hypercube", count, seed }, this.running);
  }

  /** Number of threads on this computer; default one per core. */
  workers(count: number): SweepBuilder {
    return this.with({ workers: count });
  }

  /** Runs on the workers of a cluster instead of on threads: `redis://host:port`. */
  cluster(url: string): SweepBuilder {
    return this.with({ cluster: url });
  }

  /** File that caches the runs, or "none"; default `.pageblock/results.duckdb`. */
  store(path: string): SweepBuilder {
    return this.with({ store: path });
  }

  /** A signal that stops the run, and progress callbacks. */
  watched(options: Pick<RunningOptions, "signal" | "onProgress" | "onReport">): SweepBuilder {
    return this.with(options);
  }

  /** Any options of running at once. */
  with(options: RunningOptions): SweepBuilder {
    return new SweepBuilder(this.base, this.axes, this.sampling, { ...this.running, ...options });
  }

  /**
   * The checked plan.
   * @throws InputError that names the invalid field
   */
  plan(): SweepPlan {
    const grid = this.sampling.kind === "grid";
    const spec: SweepSpec = parseSweep({
      plan: this.base,
      over: this.axes,
      ...(!grid && { sample: this.sampling }),
    });
    return { kind: "sweep", ...spec };
  }

  /**
   * Runs every plan, except for runs that are already in the store.
   * @throws InputError for invalid parameters; Cancelled if it is stopped, in which case finished runs are kept
   */
  async run(): Promise<SweepResult> {
    const spec = this.plan();
    const all = expandSweep(spec);
    const table = new SweepTable(all);
    const given = this.running.store;
    const own = given === undefined ? await storeOrNone() : null;
    const path = typeof given === "string" && given !== "none" ? given : (own?.path ?? null);
    const kept = path === null || all.count <= KEPT_MOST;
    const runs: StoredRun[] = [];
    const hashes: string[] = [];
    const { summary } = await runInCell(this.running, all.count, async (options) => ({
      summary: await runSweep(
        all,
        { ...options, store: own ?? given ?? "none" },
        ({ hash, plan, state, text }) => {
          hashes.push(hash);
          table.take(text);
          if (kept) runs.push({ hash, plan: canonicalJson(plan), state, text });
        },
      ),
    })).finally(() => own?.close());
    const outcome = table.result(summary.resultsHash!);
    const results = kept ? { runs, hashes } : { store: path, hashes };
    return new SweepResult(spec, summary, outcome, results);
  }
}

/** Of so many runs the texts stay in memory: a later question needs no store, which another process may have by then. */
const KEPT_MOST = 2048;

/**
 * Starts a sweep of a plan: an object as in a plan file, whose sizes and times may be text with a unit.
 * @example
 * ```ts
 * import { range, sweep } from "pageblock";
 *
 * const plan = {
 *   machine: { board: "qemu-virt", memory: "512MiB" },
 *   strategy: { name: "buddy" },
 *   request: { size: "1MiB" },
 * };
 * const result = await sweep(plan)
 *   .over({ size: ["1MiB", "64MiB"], seed: range(1, 2) })
 *   .workers(1)
 *   .store("none")
 *   .run();
 * result.points.length; // => 2
 * ```
 */
export function sweep(plan: PlanIn): SweepBuilder {
  if (typeof plan !== "object" || plan === null)
    throw new InputError("sweep: needs a plan: { machine, strategy, request, … }");
  return new SweepBuilder(parsePlan(JSON.parse(JSON.stringify(plan))), {}, { kind: "grid" }, {});
}
