/**
 * `scorecard({ size: "2GiB" }).on(…).uptime("30 days").adapter("connectx-5").cpu("skylake-sp").seeds(n).run()`: every
 * way, its price, and a front.
 */

import { parseDuration } from "../base/duration";
import { InputError } from "../base/errors";
import type { RunningOptions } from "../experiment/compare";
import { RDMA_REQUEST, RDMA_STRATEGIES, usedServer } from "../experiment/scenarios";
import { scorecard as runScorecard } from "../experiment/scorecard";
import type { PatternName } from "../hardware/access-pattern";
import type { CpuTlbName } from "../hardware/cpu-tlb-data";
import type { RdmaAdapterName } from "../hardware/rdma-adapter-data";
import { parseHardware, parseScorecard, type ScorecardOptions, type ScorecardPlan } from "../plan/scorecard";
import { check } from "../schema/check";
import { fieldPath } from "../schema/place";
import { REQUEST } from "../strategy/request";
import type { CostsIn, RecordIn, RequestIn } from "./compare";
import { ComparisonResult } from "./comparison-result";
import { MachineDescription, type SystemIn } from "./machine";
import { runInCell } from "./running";
import { ScorecardResult } from "./scorecard-result";
import { type SearchThresholdOptions, searchThreshold } from "./search-threshold";
import type { SearchThresholdResult } from "./search-threshold-result";
import { type AnyStrategies, strategiesOn } from "./strategies";
import { type AnyWorkload, workloadSpec } from "./workload";

interface Parts {
  request: RequestIn;
  strategies: readonly AnyStrategies[];
  machine?: MachineDescription;
  system?: SystemIn;
  costs?: CostsIn;
  record?: RecordIn;
  workload?: AnyWorkload;
  uptime?: string | number;
  scenario?: string;
  hardware: ScorecardOptions;
  seeds?: number;
  firstSeed?: number;
  running: RunningOptions;
}

/** A scorecard under construction. Immutable: every step returns a new one. `run()` runs it. */
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

  /** Mechanisms to switch off, and swap: `{ compaction: false }`. */
  system(system: SystemIn): ScorecardBuilder {
    return this.changed({ system });
  }

  /** Nanoseconds that override values of the cost table: `{ migratePage: 5000 }`. */
  costs(costs: CostsIn): ScorecardBuilder {
    return this.changed({ costs });
  }

  /** Records counts and series of every run, from boot on: `{}` for all. */
  record(record: RecordIn = {}): ScorecardBuilder {
    return this.changed({ record });
  }

  /** The name of the comparison; default "scorecard". */
  called(scenario: string): ScorecardBuilder {
    return this.changed({ scenario });
  }

  /** @deprecated `system(…)` */
  having(system: SystemIn): ScorecardBuilder {
    return this.system(system);
  }

  /**
   * How long the host has been up: "30 days" or milliseconds, with the load of a server or, on that board, of a
   * database.
   */
  uptime(time: string | number): ScorecardBuilder {
    const { workload: _replaced, ...parts } = this.parts;
    return new ScorecardBuilder({ ...parts, uptime: time });
  }

  /** The load before and during the requests, instead of an uptime. */
  workload(workload: AnyWorkload): ScorecardBuilder {
    const { uptime: _replaced, ...parts } = this.parts;
    return new ScorecardBuilder({ ...parts, workload });
  }

  /** @deprecated `workload(…)` */
  under(workload: AnyWorkload): ScorecardBuilder {
    return this.workload(workload);
  }

  /** The strategies to compare; default the ten of the RDMA session that can serve 2 GB. */
  of(...strategies: AnyStrategies[]): ScorecardBuilder {
    return this.changed({ strategies });
  }

  /** The RDMA adapter; default connectx-5. Throws InputError for an unknown one, listing the known ones. */
  adapter(name: RdmaAdapterName): ScorecardBuilder {
    return this.with({ adapter: name });
  }

  /** The processor; default skylake-sp. Throws InputError for an unknown one, listing the known ones. */
  cpu(name: CpuTlbName): ScorecardBuilder {
    return this.with({ cpu: name });
  }

  /** How adapter and processor access the memory; default uniform. */
  pattern(name: PatternName): ScorecardBuilder {
    return this.with({ pattern: name });
  }

  private with(change: Parts["hardware"]): ScorecardBuilder {
    parseHardware(change);
    return this.changed({ hardware: { ...this.parts.hardware, ...change } });
  }

  /** Number of seeds, the same for every strategy; the first is `first`, default 1. */
  seeds(count: number, first = 1): ScorecardBuilder {
    return this.changed({ seeds: count, firstSeed: first });
  }

  /** Number of threads on this computer; default one per core. */
  workers(count: number): ScorecardBuilder {
    return this.watched({ workers: count });
  }

  /** Runs on the workers of a cluster instead of on threads: `redis://host:port`. */
  cluster(url: string): ScorecardBuilder {
    return this.watched({ cluster: url });
  }

  /** File that caches the runs, or "none"; default `.pageblock/results.duckdb`. */
  store(path: string): ScorecardBuilder {
    return this.watched({ store: path });
  }

  /** A signal that stops the run, progress callbacks, or any other option of running. */
  watched(options: RunningOptions): ScorecardBuilder {
    return this.changed({ running: { ...this.parts.running, ...options } });
  }

  /**
   * The checked plan, with every default in place.
   * @throws InputError that names the missing or invalid field
   */
  plan(): ScorecardPlan {
    const { request, strategies, machine, system, workload, uptime } = this.parts;
    const { costs, record, scenario, hardware } = this.parts;
    const { seeds, firstSeed } = this.parts;
    if (machine === undefined)
      throw new InputError('scorecard: needs a host: .on(machine("server-x86-64").memory("64GiB"))');
    const base = machine.toJSON();
    const used =
      workload !== undefined
        ? workloadSpec(workload)
        : uptime !== undefined
          ? usedServer(base.board, parseDuration(uptime, "scorecard: uptime"))
          : undefined;
    const chosen = strategies.length > 0 ? strategiesOn(base, strategies) : RDMA_STRATEGIES;
    return parseScorecard({
      machine: base,
      ...(system !== undefined && { system }),
      ...(used !== undefined && { workload: used }),
      ...(costs !== undefined && { costs }),
      ...(record !== undefined && { record }),
      ...(scenario !== undefined && { scenario }),
      request: {
        ...RDMA_REQUEST,
        ...check(REQUEST, request, (path, key) => `request: ${fieldPath(path, key)}`),
      },
      ...(seeds !== undefined && { seeds }),
      ...(firstSeed !== undefined && { firstSeed }),
      strategies: chosen,
      ...hardware,
    });
  }

  /**
   * Runs every strategy with every seed, except for runs that are already in the store.
   * @throws InputError for an invalid plan; Cancelled if it is stopped, in which case finished runs are kept
   */
  async run(): Promise<ScorecardResult> {
    const plan = this.plan();
    const { kind: _kind, scenario, adapter, cpu, pattern, ...spec } = plan;
    const { scorecard, comparison, runs } = await runInCell(
      this.parts.running,
      spec.seeds * spec.strategies.length,
      (options) => runScorecard(scenario, spec, { adapter, cpu, pattern }, options),
    );
    return new ScorecardResult(
      plan,
      scorecard!,
      new ComparisonResult(spec, comparison!, runs),
      this.parts.running,
    );
  }

  /**
   * Up to which share of spoiled page blocks a search finds its range, without running the card: see
   * {@link ScorecardResult.threshold}.
   */
  threshold(options: SearchThresholdOptions = {}): Promise<SearchThresholdResult> {
    return searchThreshold(this.plan(), options, this.parts.running);
  }
}

/**
 * Starts a scorecard of a request. By default the request is an RDMA registration: made by a process (`who: "user"`),
 * pinned long-term, and mapped by the CPU with 2 MiB pages.
 * @example
 * ```ts
 * import { machine, scorecard, strategies } from "pageblock";
 *
 * const card = await scorecard({ size: "64MiB" })
 *   .on(machine("pc-x86-64").memory("1GiB"))
 *   .of(strategies.hugetlbBoot(), strategies.iommu())
 *   .adapter("connectx-5")
 *   .cpu("skylake-sp")
 *   .seeds(1)
 *   .workers(1)
 *   .store("none")
 *   .run();
 * card.show();
 * ```
 */
export function scorecard(request: RequestIn): ScorecardBuilder {
  const { size, bytes } = (request ?? {}) as Record<string, unknown>;
  if (size === undefined && bytes === undefined)
    throw new InputError('scorecard: needs a request: scorecard({ size: "2GiB" })');
  return new ScorecardBuilder({ request, strategies: [], hardware: {}, running: {} });
}
