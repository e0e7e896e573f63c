/** A machine whose frames can be counted by hand: frames 1024 to 3071, page blocks of 512, one CPU, batch 3. */
import { type ChangePoints, change } from "../../lib/change/change";
import { installChange } from "../../lib/change/install";
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { type Tiny, tinyMemory } from "../mm/tiny-memory";

export type { Tiny };

/** The machine with a change of these points; without points the kernel as it is. */
export function tiny(release: KernelRelease, points: ChangePoints, more: Tiny = {}): Memory {
  const m = tinyMemory(release, more);
  if (Object.keys(points).length > 0) installChange(m, change({ name: "under test", ...points }));
  return m;
}

export const movable = (m: Memory, order = 0) => allocPages(m, GFP_HIGHUSER_MOVABLE, order);
export const unmovable = (m: Memory, order = 0) => allocPages(m, GFP_KERNEL, order);
export { freeList as list } from "../mm/tiny-memory";
