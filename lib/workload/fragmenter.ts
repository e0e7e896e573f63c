/** Gupta's fragmenter: fills memory with aligned chunks and frees three quarters of each, so that no chunk is whole. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { __GFP_MEMALLOC, __GFP_NOWARN, GFP_HIGHUSER_MOVABLE } from "../mm/state/gfp";
import { filled, type OutOf, share, whole } from "../schema/field";
import { duration } from "./parameters";
import { type Actor, defineWorkload } from "./workload";

const PARAMETERS = {
  duration: duration("1s"),
  freed: filled(share("pages of each chunk that are freed", { default: 0.75 })),
  chunkOrder: filled(
    whole("order of a chunk; 0: a page block (2 MiB on x86-64)", "order", { default: 0, most: 20 }),
  ),
};

class Fragmenter implements Actor {
  nextMs: number;
  done: boolean;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly p: OutOf<typeof PARAMETERS>,
    startMs: number,
  ) {
    this.nextMs = startMs;
    this.done = false;
  }

  step(): void {
    const { system, p, random } = this;
    const order = p.chunkOrder === 0 ? system.memory.pageblockOrder : p.chunkOrder;
    const chunks = new Map<number, number[]>();
    for (;;) {
      // The reserves are included, so that no whole chunk stays free below a watermark.
      const slot = system.alloc("anon", 0, GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN);
      if (slot < 0) break;
      const chunk = system.slots.pfn[slot]! >>> order;
      const slots = chunks.get(chunk);
      if (slots === undefined) chunks.set(chunk, [slot]);
      else slots.push(slot);
    }
    for (const slots of chunks.values()) {
      random.shuffle(slots);
      const kept = Math.max(1, Math.round(slots.length * (1 - p.freed)));
      for (let i = kept; i < slots.length; i++) system.free(slots[i]!);
    }
    this.nextMs = Number.POSITIVE_INFINITY;
    this.done = true;
  }

  /** What it kept stays, scattered. */
  stop(): void {
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

export const fragmenter = defineWorkload({
  kind: "fragmenter",
  title: "Gupta's fragmenter",
  summary:
    "Fills all memory with movable pages, including the reserves, then frees a share of the pages of each aligned chunk at random places and keeps at least one page of each. Much memory is free, but no whole chunk is; compaction can repair that.",
  parameters: PARAMETERS,
  leaves: ["anon"],
  durationMs: (p) => p.duration,
  pagesPerSecond: () => 0,
  start: (system, p, random, startMs) => new Fragmenter(system, random, p, startMs),
});
