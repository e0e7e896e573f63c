/** `compareKernels(a, b).on(…).workload(…).request(…).seeds(n).run()`: variants of one machine side by side. */
import { InputError } from "../base/errors";
import type { RunningOptions } from "../experiment/compare";
import { runKernels } from "../experiment/compare-kernels";
import { designNote } from "../experiment/design";
import type { StoredRun } from "../experiment/keeper";
import { kernelsPlans } from "../experiment/kernels";
import { type KernelsIn, type KernelsSpec, parseKernels } from "../plan/compare-kernels";
import type { StrategyIn } from "../plan/strategy";
import type { VariantIn } from "../plan/variant";
import { isObject } from "../schema/check";
import { shown } from "../schema/place";
import type { CostsIn, RecordIn, RequestIn } from "./compare";
import { optionsOf } from "./given";
import { KernelsComparison } from "./kernels-comparison";
import { MachineDescription, type SystemIn } from "./machine";
import { runInCell } from "./running";
import { type AnyWorkload, workloadSpec } from "./workload";

/** Any fields of the plan except the variants, which are arguments. */
export type KernelsOptions = Partial<Omit<KernelsIn, "variants">>;

type Fields = Readonly<Record<string, unknown>>;

/** A comparison of variants under construction. Immutable: every step returns a new one. */
export class KernelsBuilder {
  /** Use {@link compareKernels} or {@link ablation}. */
  constructor(
    private readonly variants: readonly VariantIn[],
    private readonly fields: Fields,
    private readonly running: RunningOptions = {},
  ) {
    Object.freeze(this);
  }

  private changed(change: Fields): KernelsBuilder {
    return new KernelsBuilder(this.variants, { ...this.fields, ...change }, this.running);
  }

  private with(options: RunningOptions): KernelsBuilder {
    return new KernelsBuilder(this.variants, this.fields, { ...this.running, ...options });
  }

  /** The machine from which the variants differ: `machine("pc-x86-64").memory("4GiB")`. */
  on(machine: MachineDescription): KernelsBuilder {
    if (!(machine instanceof MachineDescription))
      throw new InputError('compareKernels: on() takes a machine, such as machine("pc-x86-64")');
    return this.changed({ machine });
  }

  /** One more variant, compared with the first. */
  and(variant: VariantIn): KernelsBuilder {
    return new KernelsBuilder([...this.variants, variant], this.fields, this.running);
  }

  /** Mechanisms to switch off in every variant, and swap: `{ swap: "1GiB" }`. */
  system(system: SystemIn): KernelsBuilder {
    return this.changed({ system });
  }

  /** The load before and during the requests; without it, the machine is fresh from boot. */
  workload(workload: AnyWorkload): KernelsBuilder {
    return this.changed({ workload: workloadSpec(workload) });
  }

  /** How the requests are served; default the buddy allocator. */
  strategy(strategy: StrategyIn): KernelsBuilder {
    return this.changed({ strategy });
  }

  /** The request: `{ size: "2MiB", times: 20 }`. */
  request(request: RequestIn): KernelsBuilder {
    return this.changed({ request });
  }

  /** Nanoseconds that override values of the cost table: `{ migratePage: 5000 }`. */
  costs(costs: CostsIn): KernelsBuilder {
    return this.changed({ costs });
  }

  /** What is recorded of each run; default everything. */
  record(record: RecordIn): KernelsBuilder {
    return this.changed({ record });
  }

  /** Metrics to compare by, in place of the usual ones: fewer tests need fewer seeds. */
  metrics(...metrics: string[]): KernelsBuilder {
    return this.changed({ metrics });
  }

  /** Flips each difference of the two variants alone, to see which of them carries an effect. */
  ablate(ablate = true): KernelsBuilder {
    return this.changed({ ablate });
  }

  /** Number of seeds, the same for every variant; the first is `first`, default 1. */
  seeds(count: number, first = 1): KernelsBuilder {
    return this.changed({ seeds: count, firstSeed: first });
  }

  /** Number of threads on this computer; default one per core. */
  workers(count: number): KernelsBuilder {
    return this.with({ workers: count });
  }

  /** Runs on the workers of a cluster instead of on threads: `redis://host:port`. */
  cluster(url: string): KernelsBuilder {
    return this.with({ cluster: url });
  }

  /** File that caches the runs, or "none"; default `.pageblock/results.duckdb`. */
  store(path: string): KernelsBuilder {
    return this.with({ store: path });
  }

  /** A signal that stops the run, and progress callbacks. */
  watched(options: Pick<RunningOptions, "signal" | "onProgress" | "onReport">): KernelsBuilder {
    return this.with(options);
  }

  /**
   * The checked plan.
   * @throws InputError that names the missing or invalid field
   */
  plan(): KernelsSpec {
    const { fields, variants } = this;
    if (fields.machine === undefined)
      throw new InputError('compareKernels: needs a machine: .on(machine("pc-x86-64"))');
    if (fields.request === undefined)
      throw new InputError('compareKernels: needs a request: .request({ size: "2MiB", times: 20 })');
    return parseKernels(JSON.parse(JSON.stringify({ ...fields, variants })));
  }

  /**
   * Runs every variant with every seed, except for runs that are already in the store.
   * @throws InputError for an invalid plan; Cancelled if it is stopped, in which case finished runs are kept
   */
  async run(): Promise<KernelsComparison> {
    const spec = this.plan();
    const runs: StoredRun[] = [];
    const note = designNote(spec);
    if (note !== null) this.running.onReport?.(note);
    const { kernels, earlierLooks } = await runInCell(this.running, kernelsPlans(spec).count, (options) =>
      runKernels(spec, options, (run) => runs.push(run)),
    );
    return new KernelsComparison(spec, kernels!, runs, earlierLooks);
  }
}

/**
 * Compares two variants of a machine: a release (`"6.15"`), or what differs (`{ kernel: "6.15", defragMode: true }`, switches of
 * the kernel, sysctls, the order of page blocks, the page size, boot parameters). `options`: fields of the plan.
 * @example
 * ```ts
 * import { compareKernels, machine } from "pageblock";
 *
 * const result = await compareKernels("6.1", "6.15")
 *   .on(machine("pc-x86-64").memory("256MiB"))
 *   .request({ size: "2MiB", times: 2 })
 *   .seeds(2)
 *   .workers(1)
 *   .store("none")
 *   .run();
 * // Two seeds do not suffice to tell both apart, nor to call them equal.
 * result.metric("success").verdict; // => "open"
 * ```
 */
export function compareKernels(a: VariantIn, b: VariantIn, options: KernelsOptions = {}): KernelsBuilder {
  for (const variant of [a, b])
    if (typeof variant !== "string" && !isObject(variant))
      throw new InputError(
        `compareKernels: a variant must be a kernel release, or an object with what differs: got ${shown(variant)}`,
      );
  const { variants: _variants, ...fields } = optionsOf("compareKernels", options) as Fields;
  return new KernelsBuilder([a, b], fields);
}

/**
 * Asks which of the differences between two variants carries an effect: `compareKernels(a, b, options)` that flips each alone.
 * @example
 * ```ts
 * import { ablation, machine } from "pageblock";
 *
 * const plan = ablation("6.1", { kernel: "6.1", switches: { fallback: "claim" } })
 *   .on(machine("pc-x86-64").memory("256MiB"))
 *   .request({ size: "2MiB" })
 *   .plan();
 * plan.ablate; // => true
 * ```
 */
export function ablation(a: VariantIn, b: VariantIn, options: KernelsOptions = {}): KernelsBuilder {
  return compareKernels(a, b, options).ablate();
}
