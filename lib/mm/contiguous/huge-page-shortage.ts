/**
 * Why a pool of huge pages got no more: node by node the places where a page could lie, what stops each, what is in the way first
 * and most often, what surplus pages would give, and what would help.
 */
import { __GFP_THISNODE, GFP_HIGHUSER_MOVABLE, gfpZone } from "../state/gfp";
import type { Memory } from "../state/memory";
import type { OwnerKind } from "../state/owners";
import { WMARK_MIN, type Zone } from "../state/zone";
import { belowMin, placesIn, STOP_CAUSES, type Stop, type StopCause, stopAt } from "./huge-page-candidates";
import { GIGANTIC_GFP, type HugetlbPool } from "./hugetlb";

/** Places that the same thing stops. */
export interface StoppedPlaces {
  cause: StopCause;
  /** The kind of the pages in the way; null if it is no page. */
  kind: OwnerKind | null;
  /** Places, each as large as a huge page. */
  candidates: number;
  /** The frame in the way in the first of them. */
  firstPfn: number;
  /** In words, of the first of them. */
  why: string;
}

/** What a zone has left. Pages of the machine's page size. */
export interface ZoneLevel {
  name: string;
  freePages: number;
  minPages: number;
  /** Kept from requests that may use a higher zone. */
  reservePages: number;
  /** It may give nothing more, in whatever pages it is. */
  belowMin: boolean;
  /** Order of the largest free page; −1: there is none. */
  largestFreeOrder: number;
}

/** What one node has for the pool. `candidates` = `pages` + the candidates of `stopped`. */
export interface NodeShortage {
  node: number;
  /** The request may use the node. */
  allowed: boolean;
  /** Huge pages of the pool there. */
  pages: number;
  /** Places where a page could lie: naturally aligned ranges in the zones that the request may use. */
  candidates: number;
  /** Places that the last request tried to empty; null: the kernel does not try places of this size one by one. */
  tried: number | null;
  /** What stops the others, the most places first. */
  stopped: StoppedPlaces[];
  /** What is in the way in the first place that has no page of the pool, and what most often; null if nothing is. */
  first: StoppedPlaces | null;
  mostFrequent: StoppedPlaces | null;
  /** Of the stopped places those with nothing but clean page cache in them. */
  cacheOnly: number;
  /** Pages that reclaim could free there: page cache, and anonymous ones as far as there is swap. */
  reclaimablePages: number;
  zones: ZoneLevel[];
}

/** What surplus pages would give: nr_overcommit_hugepages. */
export interface SurplusShortage {
  overcommit: number;
  inUse: number;
  /** Pages of the size that are free now on any node, above the min watermarks. */
  available: number;
  /** What requests of processes could still get on demand. */
  couldGive: number;
  why: string;
}

/** Something that would give more pages. */
export interface PoolRemedy {
  what: string;
  /** The command or parameter. */
  how: string;
  /** Places that it concerns; null if it does not depend on them. */
  candidates: number | null;
}

/** Why the pool got no more. */
export interface HugePageShortage {
  /** Bytes of a huge page. */
  bytes: number;
  /** The node whose nr_hugepages was written; null: all. */
  node: number | null;
  wanted: number;
  got: number;
  nodes: NodeShortage[];
  surplus: SurplusShortage;
  remedies: PoolRemedy[];
}

/** What was asked of a pool. */
export interface PoolRequest {
  wanted: number;
  /** The node's own nr_hugepages. */
  node?: number | undefined;
  /** Bytes of a base page. */
  pageSize: number;
  /** The pool may not grow: what it lacks was never asked for. */
  fixed?: boolean;
}

/** The shortage of a pool that has just been refused a page. It reads the machine and changes nothing. */
export function hugePageShortage(
  m: Memory,
  pool: HugetlbPool,
  request: PoolRequest,
  got: number,
): HugePageShortage {
  const { wanted, node = null, pageSize } = request;
  const all = [...new Set(m.zones.map((z) => z.nid))].sort((a, b) => a - b);
  const nodes = all.map((nid) => nodeShortage(m, pool, nid, request));
  return {
    bytes: pageSize * 2 ** pool.order,
    node,
    wanted,
    got,
    nodes,
    surplus: surplusOf(m, pool),
    remedies: remediesOf(nodes, request.fixed === true),
  };
}

/** The zones of a node that a page of the pool may come from. */
function zonesFor(m: Memory, pool: HugetlbPool, nid: number): { zones: readonly Zone[]; highest: number } {
  const gfp = pool.order > m.maxOrder ? GIGANTIC_GFP : GFP_HIGHUSER_MOVABLE | __GFP_THISNODE;
  return { zones: [...(m.zonelistOf(nid, gfp) ?? [])].reverse(), highest: gfpZone(gfp) };
}

/** The part of one node, which has just refused a page. */
export function nodeShortage(
  m: Memory,
  pool: HugetlbPool,
  nid: number,
  request: Pick<PoolRequest, "node" | "fixed">,
): NodeShortage {
  const { zones, highest } = zonesFor(m, pool, nid);
  const gigantic = pool.order > m.maxOrder;
  const ranges = pool.refusals.get(nid) ?? [];
  const tried = gigantic ? new Map(ranges.map(({ start, failure }) => [start, failure])) : null;
  const allowed = request.node === undefined || request.node === nid;
  const barred: StopCause | null = !allowed ? "node-not-allowed" : request.fixed ? "pool-limit" : null;
  const mine = new Set([...pool.free, ...pool.used]);
  const stops = new Stops();
  let candidates = 0;
  for (const zone of zones)
    for (const p of placesIn(m, zone, pool.order)) {
      candidates++;
      if (mine.has(p)) continue;
      if (barred !== null) stops.add({ ...NO_PAGE, cause: barred, pfn: p, why: STOP_CAUSES[barred] });
      else stops.add(stopAt({ m, zone, order: pool.order, highest, tried }, p));
    }
  return {
    node: nid,
    allowed,
    pages: pool.totalOn(nid),
    candidates,
    tried: gigantic ? ranges.length : null,
    stopped: stops.sorted(),
    first: stops.first,
    mostFrequent: stops.sorted()[0] ?? null,
    cacheOnly: stops.cacheOnly,
    reclaimablePages: zones.reduce((n, zone) => n + (m.lru?.reclaimable(zone) ?? 0), 0),
    zones: zones.map((zone) => levelOf(m, zone, pool.order, highest)),
  };
}

const NO_PAGE = { kind: null, wouldFree: null, cacheOnly: false } as const;

/** Stops of places, by cause and kind. */
class Stops {
  private readonly groups = new Map<string, StoppedPlaces>();
  first: StoppedPlaces | null = null;
  cacheOnly = 0;

  add({ cause, kind, pfn, why, cacheOnly }: Stop): void {
    if (cacheOnly) this.cacheOnly++;
    const key = `${cause} ${kind}`;
    let group = this.groups.get(key);
    if (group === undefined) {
      group = { cause, kind, candidates: 0, firstPfn: pfn, why };
      this.groups.set(key, group);
      this.first ??= group;
    }
    group.candidates++;
  }

  /** The most places first, then as they were met. */
  sorted(): StoppedPlaces[] {
    return [...this.groups.values()].sort((a, b) => b.candidates - a.candidates);
  }
}

function levelOf(m: Memory, zone: Zone, order: number, highest: number): ZoneLevel {
  return {
    name: zone.name,
    freePages: Math.max(0, zone.nrFreePages),
    minPages: zone.wmark[WMARK_MIN]! + zone.watermarkBoost,
    reservePages: zone.lowmemReserve[highest]!,
    belowMin: belowMin(m, zone, Math.min(order, m.maxOrder), highest),
    largestFreeOrder: largestFree(zone),
  };
}

function largestFree({ nrFree }: Zone): number {
  let order = nrFree.length - 1;
  while (order >= 0 && nrFree[order] === 0) order--;
  return order;
}

export function surplusOf(m: Memory, pool: HugetlbPool): SurplusShortage {
  const { overcommit, surplus: inUse, order } = pool;
  const none = { overcommit, inUse, available: 0, couldGive: 0 };
  if (order > m.maxOrder) return { ...none, why: "the kernel takes no surplus pages of this size" };
  const highest = gfpZone(GFP_HIGHUSER_MOVABLE);
  let available = 0;
  for (const zone of m.zones)
    if (!belowMin(m, zone, order, highest))
      for (let o = order; o <= m.maxOrder; o++) available += zone.nrFree[o]! * 2 ** (o - order);
  const left = Math.max(0, overcommit - inUse);
  const why =
    available === 0
      ? "surplus pages come from the same memory: none is free"
      : left < available
        ? `nr_overcommit_hugepages allows ${left} more`
        : "as many as are free";
  return { overcommit, inUse, available, couldGive: Math.min(left, available), why };
}

/** What would give the nodes that may be used more pages. `fixed`: the pool does not grow. */
export function remediesOf(nodes: readonly NodeShortage[], fixed = false): PoolRemedy[] {
  const grow = "write a larger nr_hugepages, or hugepages= at boot";
  if (fixed) return [{ what: "let the pool grow", how: grow, candidates: null }];
  const usable = nodes.filter(({ allowed }) => allowed);
  const count = (...causes: StopCause[]) =>
    usable
      .flatMap(({ stopped }) => stopped)
      .reduce((n, s) => n + (causes.includes(s.cause) ? s.candidates : 0), 0);
  const cache = usable.reduce((n, { cacheOnly }) => n + cacheOnly, 0);
  const full = count("no-memory", "watermark");
  const reclaimable = usable.some(({ reclaimablePages }) => reclaimablePages > 0);
  const ways: PoolRemedy[] = [
    {
      what: "drop clean page cache",
      how: "echo 1 > /proc/sys/vm/drop_caches",
      candidates: reclaimable ? Math.max(cache, full) : 0,
    },
    { what: "free memory", how: "end what uses it", candidates: reclaimable ? 0 : full },
    {
      what: "compact memory, then ask again",
      how: "echo 1 > /proc/sys/vm/compact_memory",
      candidates: count("deferred", "not-compacted", "not-tried"),
    },
    {
      what: "ask again once pins and writes have ended",
      how: "write nr_hugepages again",
      candidates: count("held-page"),
    },
  ];
  return [
    ...ways.filter(({ candidates }) => candidates !== 0),
    { what: "ask before memory is used", how: "hugepagesz= and hugepages= at boot", candidates: null },
  ];
}
