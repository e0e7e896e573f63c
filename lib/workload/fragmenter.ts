/** Gupta's fragmenter: fills memory with aligned chunks and frees three quarters of each, so that no chunk is whole. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { __GFP_MEMALLOC, __GFP_NOWARN, GFP_HIGHUSER_MOVABLE } from "../mm/state/gfp";
import { count, DURATION, type Resolved, share, type Time } from "./parameters";
import type { Actor, WorkloadKind } from "./workload";

export interface FragmenterParameters {
  duration?: Time;
  freed?: number;
  chunkOrder?: number;
}

class Fragmenter implements Actor {
  nextMs: number;
  done: boolean;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly p: Resolved<FragmenterParameters>,
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
      // With the reserves too, so that no whole chunk hides below a watermark.
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

export const fragmenter: WorkloadKind = {
  kind: "fragmenter",
  title: "Gupta's fragmenter",
  summary:
    "Fills all of memory with movable pages, reserves included, then frees a share of the pages of each aligned chunk at random places, at least one page of each kept: free memory abounds, none of it is a whole chunk, and compaction can mend it.",
  parameters: {
    duration: DURATION("1s"),
    freed: share(0.75, "pages of each chunk that are freed"),
    chunkOrder: { ...count(0, "order", "order of a chunk; 0: a page block (2 MiB on x86-64)"), most: 20 },
  },
  leaves: ["anon"],
  durationMs: (p) => p.duration as number,
  pagesPerSecond: () => 0,
  start: (system, p, random, startMs) =>
    new Fragmenter(system, random, p as unknown as Resolved<FragmenterParameters>, startMs),
};
