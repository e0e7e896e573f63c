/** What a change decides about kswapd and kcompactd: when each is woken, for which order it works, and when a zone is done. */
import { wmarkPages } from "../allocation/zone-watermark";
import type { KcompactdGiven, KswapdGiven, ProactiveGiven, ZoneDoneGiven } from "../state/decisions";
import { nrFreePagesBlocks } from "../state/free-area";
import type { Memory } from "../state/memory";
import { WMARK_HIGH, type Zone } from "../state/zone";

/** Work for a node: the order, and the highest zone by its index. */
export interface NodeTask {
  readonly nid: number;
  readonly order: number;
  readonly highest: number;
}

function taskGiven(m: Memory, { nid, order, highest }: NodeTask) {
  const zones = m.zones.filter((zone) => zone.nid === nid && zone.idx <= highest);
  const highestZone = zones.at(-1)?.name ?? "none";
  return { node: nid, order, blockOrder: m.pageblockOrder, highestZone };
}

/** wakeup_kswapd(): the order that kswapd works for; −1: it sleeps on. */
export function kswapdOrder(
  m: Memory,
  task: NodeTask,
  facts: Pick<KswapdGiven, "balanced" | "boosted" | "failures">,
): number {
  return m.change!.kswapdWake!({ ...taskGiven(m, task), mostOrder: m.maxOrder, ...facts });
}

/** pgdat_balanced() for one zone: whether it has enough for the node to be balanced. */
export function zoneDone(
  m: Memory,
  zone: Zone,
  facts: Pick<ZoneDoneGiven, "order" | "when" | "reclaimed" | "markMet">,
): boolean {
  return m.change!.kswapdBalanced!({
    zone: zone.name,
    node: zone.nid,
    blockOrder: m.pageblockOrder,
    freePages: Math.max(0, zone.nrFreePages),
    freeBlockPages: nrFreePagesBlocks(m, zone),
    highPages: wmarkPages(zone, WMARK_HIGH),
    boost: zone.watermarkBoost,
    ...facts,
  });
}

/** wakeup_kcompactd(): the order that kcompactd works for; −1: it sleeps on. */
export function kcompactdOrder(
  m: Memory,
  task: NodeTask,
  facts: Pick<KcompactdGiven, "by" | "suitable">,
): number {
  return m.change!.kcompactdWake!({ ...taskGiven(m, task), mostOrder: m.maxOrder, ...facts });
}

/** should_proactive_compact_node(). */
export function compactsUnasked(m: Memory, given: ProactiveGiven): boolean {
  return m.change!.kcompactdProactive!(given);
}
