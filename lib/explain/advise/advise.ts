/**
 * The chance that a machine of which a snapshot is known grants a want: now, after compaction, after its caches were dropped, and
 * after a day more of its mix. Every seed draws another machine with the same counts; the chance is how many of them grant it.
 */
import { InputError } from "../../base/errors";
import { Random } from "../../base/random";
import type { Size } from "../../base/units";
import { fitSeries } from "../../calibration/moments";
import { parseSlabinfo } from "../../calibration/proc-texts";
import type { Sample } from "../../calibration/sample";
import { machineOf, type SnapshotMachine } from "../../calibration/snapshot-state";
import type { KernelRelease } from "../../hardware/kernel-release";
import type { BootRequest } from "../../machine/boot-request";
import { System } from "../../machine/system";
import { drainAllPages } from "../../mm/allocation/pcp-free";
import { compactMemory } from "../../mm/compaction/compaction";
import type { MachineSnapshot } from "../../trace/machine-snapshot";
import { WorkloadRun } from "../../workload/scheduler";
import type { LeafWorkload } from "../../workload/workload";
import type { Remedy } from "../answer";
import { type Chance, chanceOf, SITUATIONS, type Situation } from "./chance";
import { middleObstacles, type Obstacles, obstaclesOf, type SlabHolder, slabHolders } from "./obstacles";
import { advisedRemedies } from "./remedies";
import { bytesOf, parseWant, type Want, type Way, type WayName, waysOf } from "./want";

/** The mix that ran for a day. */
export interface DayMix {
  /** Samples that it was fitted to. */
  samples: number;
  workload: LeafWorkload;
  assumed: string[];
}

export interface Advice {
  want: Want;
  kernel: KernelRelease;
  pageSize: number;
  pageblockPages: number;
  /** Seeds that were wanted; a chance says how many were run. */
  seeds: number;
  chances: Chance[];
  /** Of the machine in the middle, by page blocks with pages that do not move. */
  obstacles: Obstacles;
  /** Caches of slabinfo with most pages; empty without slabinfo. */
  slabs: SlabHolder[];
  /** Null if no day was run. */
  day: DayMix | null;
  /** Best first. */
  remedies: Remedy[];
  /** Whether the class of every frame is known, so that nothing but types and orders of lists is drawn. */
  framesKnown: boolean;
  /** What the texts did not say and was assumed. */
  assumed: string[];
}

export interface AdviseOptions {
  want: Size;
  by?: readonly WayName[] | undefined;
  /** Machines drawn; default 8. */
  seeds?: number | undefined;
  /** Samples of the machine for the mix of the day, at best a series; empty: no day is run. */
  samples?: readonly Sample[] | undefined;
  /** Asked before each machine but the first: true ends the draws. */
  enough?: (() => boolean) | undefined;
}

const SEEDS = 8;
const SEEDS_MOST = 10_000;
const DAY_MS = 86_400_000;

/** Throws InputError for a snapshot that contradicts itself, or a want that the machine does not know. */
export function adviseOn(snapshot: MachineSnapshot, options: AdviseOptions): Advice {
  const { seeds = SEEDS, samples = [] } = options;
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > SEEDS_MOST)
    throw new InputError(`--seeds: must be a whole number from 1 to ${SEEDS_MOST}: got ${seeds}`);
  const want = parseWant(options.want, "--want");
  const { machine, assumed } = machineOf(snapshot);
  const day = samples.length === 0 ? null : dayMix(samples);
  const draws = new Draws(machine, { want, by: options.by, day, enough: options.enough });
  for (const situation of SITUATIONS)
    if (situation !== "day" || day !== null)
      for (let seed = 1; seed <= seeds; seed++) if (!draws.run(situation, seed)) break;
  const { pageSize, pageblockPages } = draws;
  const chances = draws.chances(day !== null);
  const kernel = machine.kernel ?? "6.1";
  return {
    want,
    kernel,
    pageSize,
    pageblockPages,
    seeds,
    chances,
    obstacles: middleObstacles(draws.obstacles),
    slabs:
      snapshot.texts.slabinfo === undefined
        ? []
        : slabHolders(parseSlabinfo(snapshot.texts.slabinfo, "snapshot: slabinfo")),
    day,
    remedies: advisedRemedies({ want, chances, kernel, pageSize, ramBytes: ramOf(machine, pageSize) }),
    framesKnown: snapshot.frames !== undefined,
    assumed,
  };
}

function ramOf({ state }: SnapshotMachine["machine"], pageSize: number): number {
  return (state?.zones ?? []).reduce((sum, { managed, present }) => sum + (managed ?? present), 0) * pageSize;
}

/** The fitted mix without what the machine has already: only what comes and goes runs on it. */
function dayMix(samples: readonly Sample[]): DayMix {
  const { workload, assumed } = fitSeries(samples);
  return {
    samples: samples.length,
    assumed,
    workload: {
      ...workload,
      settled: 0,
      base: 0,
      kept: 0,
      slabReclaimable: 0,
      slabUnreclaimable: 0,
      stacks: 0,
      peak: 0,
    } as LeafWorkload,
  };
}

interface Plan {
  want: Want;
  by: readonly WayName[] | undefined;
  day: DayMix | null;
  enough: (() => boolean) | undefined;
}

/** Machines one after the other, and what they gave. */
class Draws {
  readonly obstacles: Obstacles[] = [];
  pageSize = 4096;
  pageblockPages = 512;
  private ways: Way[] = [];
  private readonly had = new Map<string, number[]>();

  constructor(
    private readonly machine: BootRequest,
    private readonly plan: Plan,
  ) {}

  /** Every way on a machine of its own, which no other request has changed. False if there shall be no more. */
  run(situation: Situation, seed: number): boolean {
    for (let i = 0; i === 0 || i < this.ways.length; i++) {
      if (this.ways[i]?.never !== undefined) continue;
      if (this.obstacles.length > 0 && this.plan.enough?.() === true) return false;
      const system = System.boot(this.machine, { placement: seed });
      if (this.ways.length === 0) {
        this.ways = waysOf(this.plan.want, this.plan.by, system);
        this.pageSize = system.pageSize;
        this.pageblockPages = system.memory.pageblockPages;
      }
      if (situation === "now" && this.obstacles.length < seed) this.survey(system);
      const way = this.ways[i]!;
      if (way.never === undefined) {
        this.prepare(system, situation, seed);
        this.note(situation, i, way.ask(system));
      }
      system.release();
    }
    return true;
  }

  private survey(system: System): void {
    this.obstacles.push(obstaclesOf(system.memory, bytesOf(this.plan.want, system), system.pageSize));
  }

  private prepare(system: System, situation: Situation, seed: number): void {
    if (situation === "dropped") dropCaches(system);
    if (situation === "dropped" || situation === "compacted") compactMemory(system.memory);
    if (situation !== "day") return;
    const run = new WorkloadRun(system, new Random(seed).fork("advise"));
    run.start(this.plan.day!.workload);
    run.runUntil(system.nowMs + DAY_MS);
  }

  private note(situation: Situation, way: number, value: number): void {
    const key = `${situation} ${way}`;
    const values = this.had.get(key) ?? [];
    values.push(value);
    this.had.set(key, values);
  }

  chances(withDay: boolean): Chance[] {
    return SITUATIONS.filter((s) => s !== "day" || withDay).flatMap((situation) =>
      this.ways.map((way, i) => chanceOf(situation, way, this.had.get(`${situation} ${i}`) ?? [])),
    );
  }
}

/** Clean pages of files go; those of slab stay, as nothing is known of their objects. */
function dropCaches({ lru, memory }: System): void {
  while (lru.shrinkFile(1 << 20) > 0);
  drainAllPages(memory);
}
