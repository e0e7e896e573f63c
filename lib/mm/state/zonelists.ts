/**
 * The order in which a request walks zones: mm/page_alloc.c build_zonelists(). Its own node first, then the others by
 * distance; among equally distant ones, the next higher number first, wrapping round to the lowest ("prefer the next
 * node"). Within a node, from the highest zone down.
 */
import type { Zone } from "./zone";

/** Zone numbers: DMA, DMA32, NORMAL, MOVABLE, DEVICE. */
const NR_ZONE_TYPES = 5;
const MAX_NUMNODES = 1024;
/** LOCAL_DISTANCE and REMOTE_DISTANCE, which the kernel assumes if the firmware gives no table. */
const LOCAL_DISTANCE = 10;
const REMOTE_DISTANCE = 20;

/** node_distance(): [from][to]. */
export type NodeDistances = readonly (readonly number[])[];

/** Zone lists by node, then by the highest zone a request may use. */
export interface Zonelists {
  /** ZONELIST_FALLBACK: every node. */
  fallback: Zone[][][];
  /** ZONELIST_NOFALLBACK: the node alone. */
  thisNode: Zone[][][];
}

/** node_order of every node, built one node after another: find_next_best_node(). Every node has CPUs. */
export function nodeOrders(nodes: readonly number[], distances?: NodeDistances): Map<number, number[]> {
  const load = new Map<number, number>();
  const distance = (a: number, b: number) =>
    distances?.[a]?.[b] ?? (a === b ? LOCAL_DISTANCE : REMOTE_DISTANCE);
  const orders = new Map<number, number[]>();
  for (const local of nodes) {
    const order = [local];
    while (order.length < nodes.length) {
      let best = -1;
      let least = Number.POSITIVE_INFINITY;
      for (const n of nodes) {
        if (order.includes(n)) continue;
        const value = (distance(local, n) + (n < local ? 1 : 0)) * MAX_NUMNODES + (load.get(n) ?? 0);
        if (value < least) {
          least = value;
          best = n;
        }
      }
      // The first node of each distance counts as loaded, so that nodes do not all fall back to the same one.
      if (distance(local, best) !== distance(local, order.at(-1)!)) load.set(best, (load.get(best) ?? 0) + 1);
      order.push(best);
    }
    orders.set(local, order);
  }
  return orders;
}

/** build_all_zonelists(). */
export function buildZonelists(zones: readonly Zone[], distances?: NodeDistances): Zonelists {
  const nodes = [...new Set(zones.map((z) => z.nid))].sort((a, b) => a - b);
  const downwards = [...zones].sort((a, b) => b.idx - a.idx);
  const lists = (order: readonly number[]) => {
    const all = order.flatMap((nid) => downwards.filter((z) => z.nid === nid));
    return Array.from({ length: NR_ZONE_TYPES }, (_, highest) => all.filter((z) => z.idx <= highest));
  };
  const fallback: Zone[][][] = [];
  const thisNode: Zone[][][] = [];
  for (const [nid, order] of nodeOrders(nodes, distances)) {
    fallback[nid] = lists(order);
    thisNode[nid] = lists([nid]);
  }
  return { fallback, thisNode };
}
