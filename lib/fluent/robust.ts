/** `result.robust({ … }).run()`: in which part of a grid of machines a statement is true, from a script or a cell. */
import { InputError } from "../base/errors";
import type { RunningOptions } from "../experiment/compare";
import { robustRuns, runRobust } from "../experiment/robust";
import type { ComparisonIn, ComparisonSpec } from "../plan/comparison";
import { type KnobsIn, parseRobust, type RobustSpec } from "../plan/robust";
import type { PlanIn } from "../plan/run";
import type { StatementIn } from "../plan/statement";
import type { VariantIn } from "../plan/variant";
import type { TimeIn } from "../schema/field";
import { RobustResult } from "./robust-result";
import { runInCell } from "./running";

/** The unchecked parts of the plan. */
interface Parts {
  plan: unknown;
  over: KnobsIn;
  statement?: StatementIn;
  variants?: readonly VariantIn[];
  sample?: "latin-hypercube";
  count?: number;
  corners?: boolean;
  seed?: number;
  points?: number;
  within?: TimeIn;
}

/** A robustness run under construction. Immutable: every step returns a new one. `run()` runs it. */
export class RobustBuilder {
  /** Use {@link robust}, or `robust()` of a result. */
  constructor(
    private readonly parts: Parts,
    private readonly running: RunningOptions = {},
  ) {
    Object.freeze(this);
  }

  private changed(change: Partial<Parts>): RobustBuilder {
    return new RobustBuilder({ ...this.parts, ...change }, this.running);
  }

  private with(options: RunningOptions): RobustBuilder {
    return new RobustBuilder(this.parts, { ...this.running, ...options });
  }

  /**
   * The knobs and their values: `{ memory: ["4GiB", "16GiB"], profile: ["server", "database"], age: ["1 day", "30 days"],
   * unmovable: [0, 0.05], pageSize: ["4KiB"], release: ["6.1"], minFreeKbytes: [65536], seeds: [32] }`. Knobs of numbers
   * take ranges too: `{ from: "4GiB", to: "64GiB" }`.
   */
  over(knobs: KnobsIn): RobustBuilder {
    return this.changed({ over: { ...this.parts.over, ...knobs } });
  }

  /**
   * The statement: `"cma > buddy"`, `"cma >= 0.5"`, or `{ metric: "probeThpGranted", of: "cma", atLeast: 100 }`.
   */
  statement(statement: StatementIn): RobustBuilder {
    return this.changed({ statement });
  }

  /** Variants of the machine that the statement is about, in place of strategies: `"fallbacks of 6.15 < 6.1"`. */
  variants(...variants: VariantIn[]): RobustBuilder {
    return this.changed({ variants });
  }

  /** `count` samples of a Latin hypercube instead of every combination. */
  latinHypercube(count: number, seed = 1): RobustBuilder {
    return this.changed({ sample: "latin-hypercube", count, seed });
  }

  /** Whether a sample begins with the ends of every knob of numbers, each combination of them in each profile. */
  corners(first = true): RobustBuilder {
    return this.changed({ corners: first });
  }

  /** The seed of the order of points; the points of a grid do not depend on it. */
  seed(seed: number): RobustBuilder {
    return this.changed({ seed });
  }

  /** The most points to run, the first ones in their order. */
  points(most: number): RobustBuilder {
    return this.changed({ points: most });
  }

  /** A time budget such as "10 minutes": no further point is begun after it, and the result says how many were run. */
  within(time: TimeIn): RobustBuilder {
    return this.changed({ within: time });
  }

  /** Number of threads on this computer; default one per core. */
  workers(count: number): RobustBuilder {
    return this.with({ workers: count });
  }

  /** Runs on the workers of a cluster instead of on threads: `redis://host:port`. */
  cluster(url: string): RobustBuilder {
    return this.with({ cluster: url });
  }

  /** File that caches the runs, or "none"; default `.pageblock/results.duckdb`. */
  store(path: string): RobustBuilder {
    return this.with({ store: path });
  }

  /** A signal that stops the run, and progress callbacks. */
  watched(options: Pick<RunningOptions, "signal" | "onProgress" | "onReport">): RobustBuilder {
    return this.with(options);
  }

  /**
   * The checked plan.
   * @throws InputError that names the missing or invalid field
   */
  plan(): RobustSpec {
    if (this.parts.statement === undefined)
      throw new InputError('robust: needs a statement: .statement("cma > buddy")');
    return parseRobust(JSON.parse(JSON.stringify(this.parts)));
  }

  /**
   * Runs the points, except for runs that are already in the store.
   * @throws InputError for an invalid plan; Cancelled if it is stopped, in which case finished runs are kept
   */
  async run(): Promise<RobustResult> {
    const spec = this.plan();
    const { robust: outcome, plan } = await runInCell(this.running, robustRuns(spec), (options) =>
      runRobust(spec, options),
    );
    return new RobustResult(plan, outcome!);
  }
}

/**
 * Asks where a statement on a comparison is true. `plan` is a comparison, or the plan of one run, as in a plan file.
 * @example
 * ```ts
 * import { robust } from "pageblock";
 *
 * const plan = {
 *   machine: { board: "qemu-virt", memory: "512MiB" },
 *   strategies: ["buddy", { name: "cma", area: "64MiB" }],
 *   request: { size: "16MiB" },
 *   seeds: 1,
 * };
 * const result = await robust(plan)
 *   .over({ memory: ["512MiB", "1GiB"], pageSize: ["4KiB", "64KiB"] })
 *   .statement("cma > buddy")
 *   .workers(1)
 *   .store("none")
 *   .run();
 * result.points; // => 4
 * ```
 */
export function robust(plan: ComparisonIn | PlanIn): RobustBuilder {
  if (typeof plan !== "object" || plan === null)
    throw new InputError("robust: needs a plan: { machine, strategies, request, … }");
  return new RobustBuilder({ plan, over: {} });
}

/** A strategy's row, as a headline is read from it. */
interface Row {
  name: string;
  runs: number;
  successRate: { mid: number };
}

/**
 * What a result says by itself: the strategy with the greatest share granted has more than the next one; of one strategy, or
 * of equal ones, that the first is granted at least, or at most, half of its requests.
 */
export function headlineOf(rows: readonly Row[]): StatementIn {
  const there = rows.filter(({ runs }) => runs > 0);
  const [first] = there.length === 0 ? rows : there;
  const sorted = [...there].sort((a, b) => b.successRate.mid - a.successRate.mid);
  const next = sorted.find((row) => row.successRate.mid < sorted[0]!.successRate.mid);
  if (next !== undefined) return { of: sorted[0]!.name, moreThan: next.name };
  return first!.successRate.mid >= 0.5 ? { of: first!.name, atLeast: 0.5 } : { of: first!.name, atMost: 0.5 };
}

/** `robust()` of a result: its plan, its headline unless another statement is made, and the knobs. */
export function robustOf(plan: ComparisonSpec, rows: readonly Row[], knobs: KnobsIn): RobustBuilder {
  return new RobustBuilder({ plan, over: knobs, statement: headlineOf(rows) });
}
