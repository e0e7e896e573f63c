/** `compare(…).on(…).workload(…).request(…).seeds(n).run()`: strategies side by side, from a script or a cell. */
import { InputError } from "../base/errors";
import { type RunningOptions, runComparison } from "../experiment/compare";
import { type ScenarioOptions, scenario } from "../experiment/scenarios";
import type { COST_FIELDS } from "../hardware/costs";
import { type ComparisonSpec, parseComparison } from "../plan/comparison";
import type { InOf } from "../schema/field";
import type { REQUEST_FIELDS } from "../strategy/request";
import { ComparisonResult } from "./comparison-result";
import { MachineDescription, type SystemIn } from "./machine";
import { runInCell } from "./running";
import { type AnyStrategies, strategiesOn } from "./strategies";
import { type AnyWorkload, workloadSpec } from "./workload";

/** What is asked for, as a plan's `request` has it; sizes as "64MiB" or bytes, times as "1s" or milliseconds. */
export type RequestIn = InOf<typeof REQUEST_FIELDS>;

/** Nanoseconds of events, as a plan's `costs` has them. */
export type CostsIn = InOf<typeof COST_FIELDS>;

interface Parts {
  name: string;
  strategies: readonly AnyStrategies[];
  machine?: MachineDescription;
  system?: SystemIn;
  workload?: AnyWorkload;
  request?: RequestIn;
  costs?: CostsIn;
  seeds?: number;
  firstSeed?: number;
  running: RunningOptions;
  spec?: ComparisonSpec;
}

/** A comparison under construction; immutable, every step gives a new one. `run()` runs it. */
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

  /** Mechanisms that are switched off, and swap: `{ compaction: false }`. */
  system(system: SystemIn): ComparisonBuilder {
    return this.changed({ system });
  }

  /** What happens before and while requests are put; without it, a machine fresh from boot. */
  workload(workload: AnyWorkload): ComparisonBuilder {
    return this.changed({ workload });
  }

  /** What is asked for: `{ size: "64MiB", times: 20 }`. */
  request(request: RequestIn): ComparisonBuilder {
    return this.changed({ request });
  }

  /** Nanoseconds that replace figures of the cost table: `{ migratePage: 5000 }`. */
  costs(costs: CostsIn): ComparisonBuilder {
    return this.changed({ costs });
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

  /** How many seeds, the same for every strategy; the first is `first`, default 1. */
  seeds(count: number, first = 1): ComparisonBuilder {
    return this.changed({ seeds: count, firstSeed: first });
  }

  /** Threads of this computer; default every core. */
  workers(count: number): ComparisonBuilder {
    return this.changed({ running: { ...this.parts.running, workers: count } });
  }

  /** Runs on the workers of a cluster instead: `redis://host:port`. */
  cluster(url: string): ComparisonBuilder {
    return this.changed({ running: { ...this.parts.running, cluster: url } });
  }

  /** Where runs are kept, or "none"; default `.pageblock/results.duckdb`. */
  store(path: string): ComparisonBuilder {
    return this.changed({ running: { ...this.parts.running, store: path } });
  }

  /** A signal that stops it, and who hears of progress. */
  watched(options: Pick<RunningOptions, "signal" | "onProgress" | "onReport">): ComparisonBuilder {
    return this.changed({ running: { ...this.parts.running, ...options } });
  }

  /** What will be compared, checked, with every default in place. Throws InputError naming what is missing or wrong. */
  plan(): ComparisonSpec {
    const { machine, system, workload, request, costs, seeds, firstSeed, spec, strategies } = this.parts;
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
      ...(seeds !== undefined && { seeds }),
      ...(firstSeed !== undefined && { firstSeed }),
      strategies: chosen,
    });
  }

  /**
   * Runs every strategy with every seed; what the store has is not run again.
   * @throws InputError for a wrong plan, Cancelled when it was stopped; what was done is kept
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
 * const result = await compare(strategies.cmaDebate())
 *   .on(machine("raspberry-pi-4").memory("2GiB"))
 *   .workload(workload.kernelBuild("20 minutes"))
 *   .request({ size: "64MiB", times: 20 })
 *   .seeds(64)
 *   .run();
 */
export function compare(...strategies: AnyStrategies[]): ComparisonBuilder {
  if (strategies.length === 0) throw new InputError("compare: needs at least one strategy");
  return new ComparisonBuilder({ name: "comparison", strategies, running: {} });
}

/** A named comparison, such as `compareScenario("cma-64k-pi").seeds(64).run()`. Throws InputError listing the known ones. */
export function compareScenario(name: string, options: ScenarioOptions = {}): ComparisonBuilder {
  return new ComparisonBuilder({ name, strategies: [], running: {}, spec: scenario(name, options) });
}
