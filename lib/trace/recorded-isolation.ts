/**
 * Page blocks that a recorded contiguous request isolates and gives back. Which blocks, and when, the recording gives;
 * which free pages change lists, split or merge, the model decides. For kernels since 6.10: 6.1's requests are
 * predicted whole (contig-follower.ts).
 */
import { isolateBlock, unisolateBlock } from "../mm/contiguous/page-isolation";
import { materialiseRange } from "../mm/state/materialise-range";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_ISOLATE } from "../mm/state/migratetype";
import { REC } from "./trace-reader";

/** The bit of a block's flags that says that it is isolated (7.3). */
const ISOLATE_FLAG = 16;

/** The record that shows isolation: of the block's flags, or of its type, where isolation is a type. */
export const isolationRecord = (m: Memory): number => (m.sw.isolateBit ? REC.SKIP : REC.BLOCK_TYPE);

/** The type that a record of a kernel without CMA calls 4 is called 5 here. */
const typeOf = (m: Memory, recorded: number) => (!m.cma && recorded === 4 ? MIGRATE_ISOLATE : recorded);

/** A change of flags under a mask: `K pfn flags mask`. */
export function isolateByFlags(m: Memory, pfn: number, flags: number, mask: number): void {
  if (!m.sw.isolateBit || (mask & ISOLATE_FLAG) === 0) return;
  if (flags & ISOLATE_FLAG) isolate(m, pfn);
  else unisolate(m, pfn, m.blockType(pfn));
}

/** A change of type: `M pfn mt`. Types that claims set are the model's own. */
export function isolateByType(m: Memory, pfn: number, recorded: number): void {
  if (!m.sw.freelistHygiene) return;
  const mt = typeOf(m, recorded);
  if (mt === MIGRATE_ISOLATE) isolate(m, pfn);
  else if (m.blockType(pfn) === MIGRATE_ISOLATE) unisolate(m, pfn, mt);
}

function isolate(m: Memory, pfn: number): void {
  const from = pfn - (pfn % m.pageblockPages);
  materialiseRange(m, from, from + m.pageblockPages);
  // An empty span: whether its pages can move, the kernel has asked already.
  isolateBlock(m, m.zoneOf(pfn)!, from, m.blockType(from), { startPfn: from, endPfn: from });
}

function unisolate(m: Memory, pfn: number, mt: number): void {
  unisolateBlock(m, m.zoneOf(pfn)!, pfn - (pfn % m.pageblockPages), mt);
}
