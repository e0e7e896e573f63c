/** A machine whose frames can be counted by hand: frames 1024 to 3071, page blocks of 512, one CPU unless told otherwise, batch 3. */
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import { listFrames } from "../../lib/mm/state/list-frames";
import type { Memory } from "../../lib/mm/state/memory";
import { ALLOCATED, IN_USE_MOVABLE } from "../../lib/mm/state/page-state";

export interface Tiny {
  /** Frames; default 2048. */
  pages?: number;
  /** Frames of a CMA area behind them; default none. */
  cma?: number;
  high?: number;
  /** Default 1. */
  cpus?: number;
  watermarks?: { min: number; low: number; high: number };
}

export function tinyMemory(release: KernelRelease, more: Tiny = {}): Memory {
  const cma = more.cma ?? 0;
  const pages = more.pages ?? 2048;
  return bootMemory({
    release,
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: cma > 0,
    thp: false,
    mobilityDisabled: false,
    cpus: more.cpus ?? 1,
    zones: [
      {
        idx: 2,
        name: "Normal",
        startPfn: 1024,
        spanned: pages + cma,
        present: pages + cma,
        managed: pages + cma,
        watermarks: more.watermarks ?? { min: 0, low: 0, high: 0 },
        lowmemReserve: [0, 0, 0, 0],
        pageset: { batch: 3, high: more.high ?? 320 },
        freeRanges: [{ startPfn: 1024, pages }],
      },
    ],
    ...(cma > 0 && { cmaRange: { startPfn: 1024 + pages, pages: cma } }),
  });
}

/** The frames of a free list, from its head. */
export const freeList = (m: Memory, order: number, mt: number) =>
  listFrames(m, m.zones[0]!.listBase + order * 8 + mt);

/** Puts 2,048 free pages in use as single movable pages. `take` takes a page of an order. */
export function takeAll(m: Memory, take: (order: number) => number): void {
  for (const pfn of [take(10), take(10)]) m.state.fill(ALLOCATED | IN_USE_MOVABLE, pfn, pfn + 1024);
}
