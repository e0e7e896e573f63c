/** What a change decides when a request finds no page of its own type: from where, what and how much it takes. */
import type { AllocContext } from "../state/alloc-context";
import { type ClaimWord, type FallbackPage, TYPE_WORDS } from "../state/decisions";
import { freeAreaEmpty, getPageFromFreeArea, materialiseZone } from "../state/free-area";
import type { Memory } from "../state/memory";
import { FALLBACKS } from "../state/migratetype";
import type { Zone } from "../state/zone";

/** A free page that a fallback came to: its first frame, its order, and the type of its list. */
export interface FoundPage {
  readonly pfn: number;
  readonly order: number;
  readonly mt: number;
}

/** find_suitable_fallback() with a change; the page goes to `m.fallbackPfn`. −1: no type has one. */
export function fallbackType(m: Memory, zone: Zone, order: number, mt: number): number {
  const ask = m.change!.fallbackOrder;
  const type = TYPE_WORDS[mt]!;
  const { name, nid: node, nrFree } = zone;
  const types = ask?.({ zone: name, node, type, order, freeBlocks: nrFree[order]! });
  const inOrder = types === undefined ? FALLBACKS[mt]! : types.map((word) => TYPE_WORDS.indexOf(word));
  for (const fallback of inOrder) {
    if (freeAreaEmpty(m, zone, order, fallback)) continue;
    const pfn = choosePage(m, zone, { order, mt: fallback, startMt: mt });
    if (pfn < 0) continue;
    m.fallbackPfn = pfn;
    return fallback;
  }
  m.fallbackPfn = -1;
  return -1;
}

/** Which page of the list is taken: its first, as the kernel does, or the one that a change prefers; −1: none of them. */
function choosePage(
  m: Memory,
  zone: Zone,
  { order, mt, startMt }: { order: number; mt: number; startMt: number },
): number {
  const firstPfn = getPageFromFreeArea(m, zone, order, mt);
  const ask = m.change!.fallbackPage;
  if (ask === undefined) return firstPfn;
  const wish = ask({
    zone: zone.name,
    node: zone.nid,
    type: TYPE_WORDS[startMt]!,
    foundOrder: order,
    pageType: TYPE_WORDS[mt]!,
    firstPfn,
    zoneStartPfn: zone.startPfn,
    zoneEndPfn: zone.endPfn,
    blockPages: m.pageblockPages,
  });
  return wish === "first" ? firstPfn : wishedPage(m, zone, { order, mt }, wish);
}

function wishedPage(
  m: Memory,
  zone: Zone,
  { order, mt }: { order: number; mt: number },
  wish: Exclude<FallbackPage, "first">,
): number {
  if (order === m.maxOrder) materialiseZone(m, zone);
  const head = zone.listBase + (order << 3) + mt;
  let best = -1;
  for (let p = m.next[head]!; p !== head; p = m.next[p]!) {
    if (typeof wish === "object") {
      if (p >= wish.from && p + (1 << order) <= wish.to) return p;
    } else if (best < 0 || (wish === "lowest" ? p < best : p > best)) best = p;
  }
  return best;
}

/** should_try_claim_block(), can_steal_fallback(): whether the block of a page of this order may be taken as a whole. */
export function claimsBlock(m: Memory, zone: Zone, foundOrder: number, mt: number): boolean {
  return m.change!.shouldClaim!({
    zone: zone.name,
    node: zone.nid,
    type: TYPE_WORDS[mt]!,
    foundOrder,
    blockOrder: m.pageblockOrder,
    mobilityGrouping: !m.mobilityDisabled,
  });
}

/** What is taken of the block that `m.blockScan` counted. */
export function claimWord(
  m: Memory,
  zone: Zone,
  ac: AllocContext,
  found: FoundPage & { alike: number },
): ClaimWord {
  return m.change!.claimBlock!({
    zone: zone.name,
    node: zone.nid,
    type: TYPE_WORDS[ac.mt]!,
    order: ac.order,
    foundOrder: found.order,
    pfn: found.pfn,
    blockType: TYPE_WORDS[found.mt]!,
    blockPages: m.pageblockPages,
    freePages: m.blockScan.freePages,
    alikePages: found.alike,
    mobilityGrouping: !m.mobilityDisabled,
    rule: m.steals ? "steal" : "claim",
  });
}

/** Whether the page alone is taken, whose block stays what it is. */
export function stealsPage(m: Memory, zone: Zone, ac: AllocContext, found: FoundPage): boolean {
  return m.change!.stealPage!({
    zone: zone.name,
    node: zone.nid,
    type: TYPE_WORDS[ac.mt]!,
    order: ac.order,
    foundOrder: found.order,
    pageType: TYPE_WORDS[found.mt]!,
    pfn: found.pfn,
  });
}

/** boost_watermark(): the pages by which the watermarks of the zone are raised from now on. */
export function boostBy(m: Memory, zone: Zone, most: number): number {
  const { name, nid: node, watermarkBoost: boost } = zone;
  return m.change!.watermarkBoost!({ zone: name, node, boost, blockPages: m.pageblockPages, most });
}
