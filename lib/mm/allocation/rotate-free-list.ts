/** Rotates a free list, as compaction's fast search does. */
import type { Memory } from "../state/memory";

/**
 * list_rotate_to_front() and similar: rotates the list of the free page `pfn` until `pfn` is its first page, or its
 * last. Nothing changes if the page is not free. Whether the list was another one before.
 */
export function rotateFreeList(m: Memory, pfn: number, toFront: boolean): boolean {
  const { next, prev, state } = m;
  if (pfn < 0 || pfn >= m.endPfn || state[pfn] === 0 || state[pfn]! > m.maxOrder + 1) return false;
  let head = next[pfn]!;
  while (head < m.endPfn || head >= m.virginBase) head = next[head]!;
  const first = next[head]!;
  if (pfn === (toFront ? first : prev[head])) return false;
  const last = prev[head]!;
  next[last] = first;
  prev[first] = last;
  const before = toFront ? prev[pfn]! : pfn;
  const after = toFront ? pfn : next[pfn]!;
  next[before] = head;
  prev[head] = before;
  next[head] = after;
  prev[after] = head;
  return true;
}
