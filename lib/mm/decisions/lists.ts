/** What a change decides about the free lists: which of them a request takes from, and where a freed page goes. */
import type { AllocContext } from "../state/alloc-context";
import { TYPE_WORDS } from "../state/decisions";
import { ALLOC_CMA } from "../state/gfp";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";

/** __rmqueue(): the types whose lists are searched before a fallback, in this order. */
export function listsOf(m: Memory, zone: Zone, ac: AllocContext): number[] {
  const { name, nid: node, nrFreePages, nrFreeCma } = zone;
  const words = m.change!.lists!({
    zone: name,
    node,
    type: TYPE_WORDS[ac.mt]!,
    order: ac.order,
    mayUseCma: m.cma && (ac.allocFlags & ALLOC_CMA) !== 0,
    balance: m.sw.cmaBalance,
    threshold: m.cmaThreshold,
    freePages: Math.max(0, nrFreePages),
    freeCmaPages: Math.max(0, nrFreeCma),
  });
  return words.map((word) => TYPE_WORDS.indexOf(word));
}

/** A page that was freed and merged. `tail`: where the kernel puts it; `toTail`: its caller asked for the tail. */
export interface Freed {
  readonly pfn: number;
  readonly order: number;
  readonly mt: number;
  readonly toTail: boolean;
  readonly tail: boolean;
}

/** __free_one_page(): whether the page goes to the tail of its list. */
export function goesToTail(m: Memory, zone: Zone, { pfn, order, mt, toTail, tail }: Freed): boolean {
  const ask = m.change!.listEnd;
  if (ask === undefined) return tail;
  const { name, nid: node } = zone;
  const type = TYPE_WORDS[mt]!;
  return ask({ zone: name, node, type, order, pfn, toTail, mergeLikely: tail && !toTail }) === "tail";
}
