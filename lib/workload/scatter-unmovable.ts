/**
 * The adversary of the closed form: each page block gets an unmovable page with probability p, independently; or each run of
 * adjacent page blocks does, every block of the run one, so that as many spoiled blocks lie in fewer places.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, optional, share, whole } from "../schema/field";
import { duration } from "./parameters";
import { holdsFixed, ordinaryBlocks, settle, takeFrame } from "./take-frames";
import { type Actor, defineWorkload } from "./workload";

/** Frames of a block that are tried before the block is skipped. */
const TRIES = 16;

class ScatterUnmovable implements Actor {
  nextMs: number;
  done: boolean;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly p: { share: number; run?: number | undefined },
    startMs: number,
  ) {
    this.nextMs = startMs;
    this.done = false;
  }

  step(): void {
    const { system, random } = this;
    const { memory: m } = system;
    const runPages = (this.p.run ?? 1) * m.pageblockPages;
    let last = -1;
    let hit = false;
    settle(m);
    for (const block of ordinaryBlocks(m)) {
      const place = Math.floor(block / runPages);
      if (place !== last) hit = random.chance(this.p.share);
      last = place;
      if (!hit || holdsFixed(m, block)) continue;
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

export const scatterUnmovable = defineWorkload({
  kind: "scatter-unmovable",
  title: "unmovable pages scattered at rate p",
  summary:
    "Every page block outside CMA areas is hit with probability p and then holds one unmovable page at a random place; a block that already holds one gets no second. Thus k consecutive blocks are all free of them with probability (1 − p)^k. With runs of r adjacent blocks, which are hit together, it is (1 − p)^(k / r).",
  parameters: {
    duration: duration("1s"),
    share: filled(share("probability that a page block is hit", { default: 0.05 })),
    run: optional(
      whole("adjacent page blocks that are hit together", "page blocks", {
        least: 1,
        most: 1 << 20,
        default: 1,
      }),
    ),
  },
  leaves: ["driver"],
  durationMs: (p) => p.duration,
  pagesPerSecond: () => 0,
  start: (system, p, random, startMs) => new ScatterUnmovable(system, random, p, startMs),
});
