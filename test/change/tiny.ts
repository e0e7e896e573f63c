/** A machine whose frames can be counted by hand: frames 1024 to 3071, page blocks of 512, one CPU, batch 3. */
import { type ChangePoints, change } from "../../lib/change/change";
import { installChange } from "../../lib/change/install";
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import { listFrames } from "../../lib/mm/state/list-frames";
import type { Memory } from "../../lib/mm/state/memory";

export interface Tiny {
  /** Frames; default 2048. */
  pages?: number;
  cma?: number;
  high?: number;
  watermarks?: { min: number; low: number; high: number };
}

/** The machine with a change of these points; without points the kernel as it is. */
export function tiny(release: KernelRelease, points: ChangePoints, more: Tiny = {}): Memory {
  const cma = more.cma ?? 0;
  const pages = more.pages ?? 2048;
  const m = bootMemory({
    release,
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: cma > 0,
    thp: false,
    mobilityDisabled: false,
    cpus: 1,
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
  if (Object.keys(points).length > 0) installChange(m, change({ name: "under test", ...points }));
  return m;
}

export const movable = (m: Memory, order = 0) => allocPages(m, GFP_HIGHUSER_MOVABLE, order);
export const unmovable = (m: Memory, order = 0) => allocPages(m, GFP_KERNEL, order);
/** The frames of a free list, from its head. */
export const list = (m: Memory, order: number, mt: number) =>
  listFrames(m, m.zones[0]!.listBase + order * 8 + mt);
