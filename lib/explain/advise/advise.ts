/**
 * The chance that a machine of which a snapshot is known grants a want: now, after compaction, after its caches were dropped, and
 * after a day more of its mix. Every seed draws another machine with the same counts; the chance is how many of them grant it.
 */
import { InputError } from "../../base/errors";
import type { Size } from "../../base/units";
import { fitSeries } from "../../calibration/moments";
import { parseSlabinfo } from "../../calibration/proc-texts";
import type { Sample } from "../../calibration/sample";
import { machineOf } from "../../calibration/snapshot-state";
import type { KernelRelease } from "../../hardware/kernel-release";
import type { MachineSnapshot } from "../../trace/machine-snapshot";
import type { LeafWorkload } from "../../workload/workload";
import type { Remedy } from "../answer";
import { archOfRelease } from "../read-headlines";
import type { Chance } from "./chance";
import { type Counted, countedOf } from "./counts";
import { Draws, type TimeGiven } from "./draws";
import { middleObstacles, type Obstacles, type SlabHolder, slabHolders } from "./obstacles";
import { advisedRemedies } from "./remedies";
import { parseWant, type Want, type WayName } from "./want";

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
  /** What the counts say before any draw. */
  counted: Counted;
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
  /** Ends the draws, but not before each row was drawn once; left out: nothing does. */
  time?: TimeGiven | undefined;
  /** Told the counts first, before any machine is drawn. */
  first?: ((counted: Counted) => void) | undefined;
  /** Told how far the draws are, a line at a time. */
  tell?: ((line: string) => void) | undefined;
}

const SEEDS = 8;
const SEEDS_MOST = 10_000;

/** Throws InputError for a snapshot that contradicts itself, or a want that the machine does not know. */
export function adviseOn(snapshot: MachineSnapshot, options: AdviseOptions): Advice {
  const { seeds = SEEDS, samples = [] } = options;
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > SEEDS_MOST)
    throw new InputError(`--seeds: must be a whole number from 1 to ${SEEDS_MOST}: got ${seeds}`);
  const want = parseWant(options.want, "--want");
  const { machine, assumed } = machineOf(snapshot);
  const day = samples.length === 0 ? null : dayMix(samples);
  const counted = countedOf(want, machine.state!, machine.pageSize ?? 4096);
  options.first?.(counted);
  const { by, time, tell } = options;
  const draws = new Draws(machine, {
    want,
    by,
    seeds,
    brief: options.seeds === undefined,
    day: day?.workload ?? null,
    time,
    tell,
  });
  draws.run();
  const { pageSize, pageblockPages } = draws;
  const chances = draws.chances();
  const obstacles = middleObstacles(draws.obstacles);
  const kernel = machine.kernel ?? "6.1";
  const arch = snapshot.arch === undefined ? null : archOfRelease(snapshot.arch);
  const on = { series: kernel, arch, noMmu: false, nodes: null };
  return {
    want,
    kernel,
    pageSize,
    pageblockPages,
    seeds,
    counted,
    chances,
    obstacles,
    slabs:
      snapshot.texts.slabinfo === undefined
        ? []
        : slabHolders(parseSlabinfo(snapshot.texts.slabinfo, "snapshot: slabinfo")),
    day,
    remedies: advisedRemedies({ want, chances, kernel, pageSize, counted, obstacles, machine, on }),
    framesKnown: snapshot.frames !== undefined,
    assumed,
  };
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
