/** `compare(…).on(…).workload(…).request(…).seeds(n).run()`: strategies side by side, from a script or a cell. */
import { InputError } from "../base/errors";
import { type RunningOptions, runComparison } from "../experiment/compare";
import { type ScenarioOptions, scenario } from "../experiment/scenarios";
import type { COST_FIELDS } from "../hardware/costs";
import { type ComparisonSpec, parseComparison } from "../plan/comparison";
import type { RECORD_FIELDS } from "../plan/record";
import type { InOf } from "../schema/field";
import type { REQUEST_FIELDS } from "../strategy/request";
import { ComparisonResult } from "./comparison-result";
import { MachineDescription, type SystemIn } from "./machine";
import { runInCell } from "./running";
import { type AnyStrategies, mustBeStrategies, strategiesOn } from "./strategies";
import { type AnyWorkload, workloadSpec } from "./workload";

/** The fields of a plan's `request`; sizes as "64MiB" or bytes, times as "1s" or milliseconds. */
export type RequestIn = InOf<typeof REQUEST_FIELDS>;

/** The fields of a plan's `costs`: nanoseconds per event. */
export type CostsIn = InOf<typeof COST_FIELDS>;

/** The field `record` of a plan: groups of metrics, and the points of a series. */
export type RecordIn = InOf<typeof RECORD_FIELDS>;

interface Parts {
  name: string;
  strategies: readonly AnyStrategies[];
  machine?: MachineDescription;
  system?: SystemIn;
  workload?: AnyWorkload;
  request?: RequestIn;
  costs?: CostsIn;
  record?: RecordIn;
  seeds?: number;
  firstSeed?: number;
  running: RunningOptions;
  spec?: ComparisonSpec;
}

/** A comparison under construction. Immutable: every step returns a new one. `run()` runs it. */
export class ComparisonBuilder {
  private readonly parts: Parts;

  /** Use {@link compare}. */
  constructor(parts: Parts) {
    this.parts = Object.freeze(parts);
    Object.freeze(this);
  }

  private changed(change: Partial<Parts>): ComparisonBuilder {
    return new ComparisonBuilder({ ...this.parts, ...change });
  }

  /** The machine: `machine("raspberry-pi-4").memory("2GiB")`. */
  on(machine: MachineDescription): ComparisonBuilder {
    if (!(machine instanceof MachineDescription))
      throw new InputError('compare: on() takes a machine, such as machine("raspberry-pi-4")');
    return this.changed({ machine });
  }

  /** Mechanisms to switch off, and swap: `{ compaction: false }`. */
  system(system: SystemIn): ComparisonBuilder {
    return this.changed({ system });
  }

  /** The load before and during the requests; without it, the machine is fresh from boot. */
  workload(workload: AnyWorkload): ComparisonBuilder {
    return this.changed({ workload });
  }

  /** The request: `{ size: "64MiB", times: 20 }`. */
  request(request: RequestIn): ComparisonBuilder {
    return this.changed({ request });
  }

  /** Nanoseconds that override values of the cost table: `{ migratePage: 5000 }`. */
  costs(costs: CostsIn): ComparisonBuilder {
    return this.changed({ costs });
  }

  /** Records counts and series of every run, from boot on: `{}` for all, or `{ metrics: ["fallbacks"], points: 32 }`. */
  record(record: RecordIn = {}): ComparisonBuilder {
    return this.changed({ record });
  }

  /** @deprecated `system(…)` */
  having(system: SystemIn): ComparisonBuilder {
    return this.system(system);
  }

  /** @deprecated `workload(…)` */
  under(workload: AnyWorkload): ComparisonBuilder {
    return this.workload(workload);
  }

  /** @deprecated `request(…)` */
  asking(request: RequestIn): ComparisonBuilder {
    return this.request(request);
  }

  /** Number of seeds, the same for every strategy; the first is `first`, default 1. */
  seeds(count: number, first = 1): ComparisonBuilder {
    return this.changed({ seeds: count, firstSeed: first });
  }

  /** Number of threads on this computer; default one per core. */
  workers(count: number): ComparisonBuilder {
    return this.changed({ running: { ...this.parts.running, workers: count } });
  }

  /** Runs on the workers of a cluster instead of on threads: `redis://host:port`. */
  cluster(url: string): ComparisonBuilder {
    return this.changed({ running: { ...this.parts.running, cluster: url } });
  }

  /** File that caches the runs, or "none"; default `.pageblock/results.duckdb`. */
  store(path: string): ComparisonBuilder {
    return this.changed({ running: { ...this.parts.running, store: path } });
  }

  /** A signal that stops the run, and progress callbacks. */
  watched(options: Pick<RunningOptions, "signal" | "onProgress" | "onReport">): ComparisonBuilder {
    return this.changed({ running: { ...this.parts.running, ...options } });
  }

  /**
   * The checked plan, with every default in place.
   * @throws InputError that names the missing or invalid field
   */
  plan(): ComparisonSpec {
    const { machine, system, workload, request, costs, record, seeds, firstSeed } = this.parts;
    const { spec, strategies } = this.parts;
    if (spec === undefined && machine === undefined)
      throw new InputError('compare: needs a machine: .on(machine("raspberry-pi-4"))');
    if (spec === undefined && request === undefined)
      throw new InputError('compare: needs a request: .request({ size: "64MiB", times: 20 })');
    const base = machine?.toJSON() ?? spec!.machine;
    const chosen = strategies.length > 0 ? strategiesOn(base, strategies) : spec!.strategies;
    return parseComparison({
      ...spec,
      machine: base,
      ...(system !== undefined && { system }),
      ...(workload !== undefined && { workload: workloadSpec(workload) }),
      ...(request !== undefined && { request }),
      ...(costs !== undefined && { costs }),
      ...(record !== undefined && { record }),
      ...(seeds !== undefined && { seeds }),
      ...(firstSeed !== undefined && { firstSeed }),
      strategies: chosen,
    });
  }

  /**
   * Runs every strategy with every seed, except for runs that are already in the store.
   * @throws InputError for an invalid plan; Cancelled if it is stopped, in which case finished runs are kept
   */
  async run(): Promise<ComparisonResult> {
    const spec = this.plan();
    const { comparison, runs } = await runInCell(
      this.parts.running,
      spec.seeds * spec.strategies.length,
      (options) => runComparison(this.parts.name, spec, options),
    );
    return new ComparisonResult(spec, comparison!, runs);
  }
}

/**
 * Starts a comparison of strategies.
 * @example
 * ```ts
 * import { compare, machine, strategies } from "pageblock";
 *
 * const result = await compare(strategies.buddy(), strategies.cma({ area: "64MiB" }))
 *   .on(machine("qemu-virt").memory("512MiB"))
 *   .request({ size: "16MiB", times: 2 })
 *   .seeds(1)
 *   .workers(1)
 *   .store("none")
 *   .run();
 * result.show();
 * ```
 */
export function compare(...strategies: AnyStrategies[]): ComparisonBuilder {
  if (strategies.length === 0) throw new InputError("compare: needs at least one strategy");
  mustBeStrategies(strategies);
  return new ComparisonBuilder({ name: "comparison", strategies, running: {} });
}

/**
 * A named comparison, such as `compareScenario("cma-64k-pi").seeds(64).run()`.
 * @throws InputError for an unknown name; the message lists the known ones
 * @example
 * ```ts
 * import { compareScenario } from "pageblock";
 *
 * compareScenario("cma-64k-pi").seeds(4).plan().seeds; // => 4
 * ```
 */
export function compareScenario(name: string, options: ScenarioOptions = {}): ComparisonBuilder {
  return new ComparisonBuilder({ name, strategies: [], running: {}, spec: scenario(name, options) });
}
