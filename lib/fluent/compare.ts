/** `compare(…).on(…).under(…).asking(…).seeds(n).run()`: strategies side by side, from a script or a cell. */
import { InputError } from "../base/errors";
import { type RunningOptions, compare as runComparison } from "../experiment/compare";
import type { ComparisonSpec } from "../experiment/comparison";
import { parseComparison } from "../experiment/experiment-file";
import { type ScenarioOptions, scenario } from "../experiment/scenarios";
import type { SystemOptions } from "../machine/system-options";
import { ComparisonResult } from "./comparison-result";
import { MachineDescription } from "./machine";
import { runInCell } from "./running";
import { type AnyStrategies, strategiesOn } from "./strategies";
import { type AnyWorkload, workloadSpec } from "./workload";

/** What is asked for; sizes as "64MiB" or bytes, times as "1s" or milliseconds. */
export interface Asking {
  /** Size of one request. */
  size: string | number;
  /** Requests, one after the other; default 1. */
  times?: number;
  /** Physical alignment, a power of two. */
  align?: string | number;
  /** Simulated time between requests; default 1 s. */
  gap?: string | number;
  /** Requests held at a time; default 1. */
  held?: number;
  /** Default driver. */
  who?: "driver" | "user" | "boot";
  longtermPin?: boolean;
  dmaBits?: number;
  cpuMap?: string | number;
}

interface Parts {
  name: string;
  strategies: readonly AnyStrategies[];
  machine?: MachineDescription;
  system?: SystemOptions;
  workload?: AnyWorkload;
  asking?: Asking;
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
  having(system: SystemOptions): ComparisonBuilder {
    return this.changed({ system });
  }

  /** What happens before and while requests are put; without it, a machine fresh from boot. */
  under(workload: AnyWorkload): ComparisonBuilder {
    return this.changed({ workload });
  }

  /** What is asked for: `{ size: "64MiB", times: 20 }`. */
  asking(asking: Asking): ComparisonBuilder {
    return this.changed({ asking });
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
    const { machine, system, workload, asking, seeds, firstSeed, spec, strategies } = this.parts;
    if (spec === undefined && machine === undefined)
      throw new InputError('compare: needs a machine: .on(machine("raspberry-pi-4"))');
    if (spec === undefined && asking === undefined)
      throw new InputError('compare: needs a request: .asking({ size: "64MiB", times: 20 })');
    const base = machine?.toJSON() ?? spec!.machine;
    const chosen = strategies.length > 0 ? strategiesOn(base, strategies) : spec!.strategies;
    return parseComparison({
      ...spec,
      machine: base,
      ...(system !== undefined && { system }),
      ...(workload !== undefined && { workload: workloadSpec(workload) }),
      ...(asking !== undefined && { request: asking }),
      ...(seeds !== undefined && { seeds }),
      ...(firstSeed !== undefined && { firstSeed }),
      strategies: chosen.map(({ label, spec: s }) => ({ label, ...s })),
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
 *   .under(workload.kernelBuild("20 minutes"))
 *   .asking({ size: "64MiB", times: 20 })
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
