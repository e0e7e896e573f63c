/** The adversary of the closed form: each page block gets an unmovable page with probability p, independently. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { DURATION, type Resolved, share, type Time } from "./parameters";
import { holdsFixed, ordinaryBlocks, settle, takeFrame } from "./take-frames";
import type { Actor, WorkloadKind } from "./workload";

export interface ScatterUnmovableParameters {
  duration?: Time;
  share?: number;
}

/** Frames of a block that are tried before it is given up. */
const TRIES = 16;

class ScatterUnmovable implements Actor {
  nextMs: number;
  done: boolean;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly share: number,
    startMs: number,
  ) {
    this.nextMs = startMs;
    this.done = false;
  }

  step(): void {
    const { system, random } = this;
    const { memory: m } = system;
    settle(m);
    for (const block of ordinaryBlocks(m)) {
      if (!random.chance(this.share) || holdsFixed(m, block)) continue;
      const zone = m.zoneOf(block)!;
      for (let i = 0; i < TRIES; i++)
        if (takeFrame(system, zone, block + random.below(m.pageblockPages), "driver")) break;
    }
    this.nextMs = Number.POSITIVE_INFINITY;
    this.done = true;
  }

  /** The pages stay: they are what the experiment is about. */
  stop(): void {
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

export const scatterUnmovable: WorkloadKind = {
  kind: "scatterUnmovable",
  title: "unmovable pages scattered at rate p",
  summary:
    "Every page block outside CMA areas is hit with probability p and then holds one unmovable page at a random place; a block that holds one already gets no second. So k blocks in a row are all free of them with probability (1 − p)^k.",
  parameters: {
    duration: DURATION("1s"),
    share: share(0.05, "probability that a page block is hit"),
  },
  leaves: ["driver"],
  durationMs: (p) => p.duration as number,
  pagesPerSecond: () => 0,
  start: (system, p, random, startMs) =>
    new ScatterUnmovable(
      system,
      random,
      (p as unknown as Resolved<ScatterUnmovableParameters>).share,
      startMs,
    ),
};
