/** `scorecard({ size: "2GiB" }).on(…).uptime("30 days").adapter("connectx-5").cpu("skylake-sp").seeds(n).run()`: every way, its price, and a front. */
import { InputError } from "../base/errors";
import type { RunningOptions } from "../experiment/compare";
import { RDMA_REQUEST, RDMA_STRATEGIES, usedServer } from "../experiment/scenarios";
import { scorecard as runScorecard } from "../experiment/scorecard";
import { parseHardware, parseScorecard, type ScorecardPlan } from "../experiment/scorecard-plan";
import type { PatternName } from "../hardware/access-pattern";
import type { CpuTlbName } from "../hardware/cpu-tlb-data";
import type { RdmaAdapterName } from "../hardware/rdma-adapter-data";
import type { SystemOptions } from "../machine/system-options";
import { parseDuration } from "../workload/duration";
import type { Asking } from "./compare";
import { ComparisonResult } from "./comparison-result";
import { MachineDescription } from "./machine";
import { runInCell } from "./running";
import { ScorecardResult } from "./scorecard-result";
import { type AnyStrategies, strategiesOn } from "./strategies";
import { type AnyWorkload, workloadSpec } from "./workload";

interface Parts {
  asking: Asking;
  strategies: readonly AnyStrategies[];
  machine?: MachineDescription;
  system?: SystemOptions;
  workload?: AnyWorkload;
  uptime?: string | number;
  hardware: { adapter?: string; cpu?: string; pattern?: string };
  seeds?: number;
  firstSeed?: number;
  running: RunningOptions;
}

/** A scorecard under construction; immutable, every step gives a new one. `run()` runs it. */
export class ScorecardBuilder {
  private readonly parts: Parts;

  /** Use {@link scorecard}. */
  constructor(parts: Parts) {
    this.parts = Object.freeze(parts);
    Object.freeze(this);
  }

  private changed(change: Partial<Parts>): ScorecardBuilder {
    return new ScorecardBuilder({ ...this.parts, ...change });
  }

  /** The host: `machine("server-x86-64").memory("64GiB")`. */
  on(machine: MachineDescription): ScorecardBuilder {
    if (!(machine instanceof MachineDescription))
      throw new InputError('scorecard: on() takes a machine, such as machine("server-x86-64")');
    return this.changed({ machine });
  }

  /** Mechanisms that are switched off, and swap: `{ compaction: false }`. */
  having(system: SystemOptions): ScorecardBuilder {
    return this.changed({ system });
  }

  /** How long the host has been used before: "30 days" or milliseconds, as a server or, on its board, as a database. */
  uptime(time: string | number): ScorecardBuilder {
    const { workload: _replaced, ...parts } = this.parts;
    return new ScorecardBuilder({ ...parts, uptime: time });
  }

  /** What happens before and while requests are put, instead of an uptime. */
  under(workload: AnyWorkload): ScorecardBuilder {
    const { uptime: _replaced, ...parts } = this.parts;
    return new ScorecardBuilder({ ...parts, workload });
  }

  /** Other strategies than the ten of the RDMA session that can serve 2 GB. */
  of(...strategies: AnyStrategies[]): ScorecardBuilder {
    return this.changed({ strategies });
  }

  /** The RDMA adapter; default connectx-5. Throws InputError listing the known ones. */
  adapter(name: RdmaAdapterName): ScorecardBuilder {
    return this.with({ adapter: name });
  }

  /** The processor; default skylake-sp. Throws InputError listing the known ones. */
  cpu(name: CpuTlbName): ScorecardBuilder {
    return this.with({ cpu: name });
  }

  /** How both use the memory; default uniform. */
  pattern(name: PatternName): ScorecardBuilder {
    return this.with({ pattern: name });
  }

  private with(change: Parts["hardware"]): ScorecardBuilder {
    parseHardware(change);
    return this.changed({ hardware: { ...this.parts.hardware, ...change } });
  }

  /** How many seeds, the same for every strategy; the first is `first`, default 1. */
  seeds(count: number, first = 1): ScorecardBuilder {
    return this.changed({ seeds: count, firstSeed: first });
  }

  /** Threads of this computer; default every core. */
  workers(count: number): ScorecardBuilder {
    return this.watched({ workers: count });
  }

  /** Runs on the workers of a cluster instead: `redis://host:port`. */
  cluster(url: string): ScorecardBuilder {
    return this.watched({ cluster: url });
  }

  /** Where runs are kept, or "none"; default `.pageblock/results.duckdb`. */
  store(path: string): ScorecardBuilder {
    return this.watched({ store: path });
  }

  /** A signal that stops it, and who hears of progress; or any other option of running. */
  watched(options: RunningOptions): ScorecardBuilder {
    return this.changed({ running: { ...this.parts.running, ...options } });
  }

  /** What will be compared, checked, with every default in place. Throws InputError naming what is missing or wrong. */
  plan(): ScorecardPlan {
    const { asking, strategies, machine, system, workload, uptime, hardware, seeds, firstSeed } = this.parts;
    if (machine === undefined)
      throw new InputError('scorecard: needs a host: .on(machine("server-x86-64").memory("64GiB"))');
    const base = machine.toJSON();
    const used =
      workload !== undefined
        ? workloadSpec(workload)
        : uptime !== undefined
          ? usedServer(base.board, parseDuration(uptime, "scorecard: uptime"))
          : undefined;
    const { cpuMapBytes, ...registered } = RDMA_REQUEST;
    const chosen = strategies.length > 0 ? strategiesOn(base, strategies) : RDMA_STRATEGIES;
    return parseScorecard({
      machine: base,
      ...(system !== undefined && { system }),
      ...(used !== undefined && { workload: used }),
      request: { ...registered, cpuMap: cpuMapBytes, ...asking },
      ...(seeds !== undefined && { seeds }),
      ...(firstSeed !== undefined && { firstSeed }),
      strategies: chosen.map(({ label, spec }) => ({ label, ...spec })),
      ...hardware,
    });
  }

  /**
   * Runs every strategy with every seed; what the store has is not run again.
   * @throws InputError for a wrong plan, Cancelled when it was stopped; what was done is kept
   */
  async run(): Promise<ScorecardResult> {
    const plan = this.plan();
    const { kind: _kind, scenario, adapter, cpu, pattern, ...spec } = plan;
    const { scorecard, comparison, runs } = await runInCell(
      this.parts.running,
      spec.seeds * spec.strategies.length,
      (options) => runScorecard(scenario, spec, { adapter, cpu, pattern }, options),
    );
    return new ScorecardResult(plan, scorecard!, new ComparisonResult(spec, comparison!, runs));
  }
}

/**
 * Starts a scorecard of a request. What an RDMA registration is stays unless it is said otherwise: asked by a process (`who: "user"`), pinned for
 * long, to be mapped by the CPU with pages of 2 MiB.
 * @example
 * const card = await scorecard({ size: "2GiB" })
 *   .on(machine("server-x86-64").memory("64GiB"))
 *   .uptime("30 days")
 *   .adapter("connectx-5")
 *   .cpu("skylake-sp")
 *   .seeds(32)
 *   .run();
 * card.show();
 */
export function scorecard(asking: Asking): ScorecardBuilder {
  if (typeof asking !== "object" || asking === null || asking.size === undefined)
    throw new InputError('scorecard: needs a request: scorecard({ size: "2GiB" })');
  return new ScorecardBuilder({ asking, strategies: [], hardware: {}, running: {} });
}
