/**
 * Many requests for single pages, one after the other, as one operation. A request walks the zones to the first whose watermark
 * holds, and takes the first page of that zone's per-CPU list. Taking it changes nothing that the walk reads, so that the walk
 * is done once for all pages of the list. Only a refill changes it: it is one request's, which has walked already, and those
 * behind it walk anew. What may find nothing in the first zone goes the ordinary way, request by request.
 */
import { AllocContext } from "../state/alloc-context";
import { freeAreaEmpty } from "../state/free-area";
import { ALLOC_NOFRAGMENT, gfpZone } from "../state/gfp";
import type { Memory } from "../state/memory";
import type { PcpList } from "../state/pcp-list";
import type { Zone } from "../state/zone";
import { fastFlags, gfpMigratetype } from "./alloc-flags";
import { rmqueue, zoneAllows } from "./get-page";
import { defaultZonelist, prepNewPage } from "./page-alloc";
import { refillPcplist } from "./pcp-alloc";

/** Where the pages of a run go. `got`: how many were had before. */
export interface PageSink {
  /** Up to `most` pages from the head of a per-CPU list of the zone, which is not empty; how many. */
  take(zone: Zone, list: PcpList, most: number, got: number): number;
  /** A page that was taken for the sink and is in use. */
  put(pfn: number, got: number): void;
  /** One request in the ordinary way; whether it was granted. */
  one(got: number): boolean;
}

/** Whether something waits for requests to pass by, one at a time. */
export interface Waiting {
  readonly due: boolean;
}

export class PageRun {
  private readonly ac: AllocContext;

  constructor(
    private readonly m: Memory,
    private readonly gfp: number,
    private readonly waiting: Waiting,
  ) {
    this.ac = new AllocContext();
    this.ac.gfp = gfp;
    this.ac.highest = gfpZone(gfp);
  }

  /** Up to `n` pages; how many were granted before one was not. */
  fetch(n: number, sink: PageSink): number {
    const { m } = this;
    const bulk = m.bulk && m.pcpAllowedOrder(0) && this.begin();
    let zone = bulk ? this.walk() : null;
    for (let got = 0; got < n; ) {
      if (zone === null) {
        if (!sink.one(got)) return got;
        if (++got < n && bulk) zone = this.walk();
        continue;
      }
      const list = zone.pcp.lists[this.ac.mt]!;
      if (list.length > 0) {
        got += sink.take(zone, list, n - got, got);
        continue;
      }
      if (!this.refill(zone)) {
        zone = null;
        continue;
      }
      const next: Zone | null = zone.boostedWatermark || got + 1 === n ? null : this.walk();
      // The walk of the next request may come before this one takes its page: neither sees the other.
      if (next === zone) continue;
      if (zone.boostedWatermark) sink.put(this.takeAndWake(zone), got);
      else sink.take(zone, list, 1, got);
      if (++got < n) zone = zone.boostedWatermark || next === null ? this.walk() : next;
    }
    return n;
  }

  /** Sets up what all requests of the run have in common; false where there is no zone. */
  private begin(): boolean {
    const { m, ac } = this;
    const zones = defaultZonelist(m, this.gfp);
    if (zones.length === 0) return false;
    if (ac.zonelist !== zones) ac.zonelist = zones;
    ac.mt = gfpMigratetype(m, this.gfp);
    ac.allocFlags = fastFlags(m, ac);
    return true;
  }

  /** The zone that serves the next request; null: it goes by itself. */
  private walk(): Zone | null {
    return this.waiting.due ? null : servingZone(this.m, this.ac);
  }

  /** Fills the empty list of the zone, where it is sure to find a page; false: nothing was done. */
  private refill(zone: Zone): boolean {
    const { m, ac } = this;
    let order = 0;
    while (freeAreaEmpty(m, zone, order, ac.mt)) if (++order > m.maxOrder) return false;
    const flags = ac.allocFlags;
    // No zone of the first node holds: the request walks again, and may fragment.
    if (zone.nid !== ac.zonelist[0]!.nid && !m.sw.defragMode) ac.allocFlags = flags & ~ALLOC_NOFRAGMENT;
    refillPcplist(m, zone, ac);
    ac.allocFlags = flags;
    return true;
  }

  /** The request whose refill raised the watermarks takes its page, and wakes kswapd. */
  private takeAndWake(zone: Zone): number {
    const { m, ac } = this;
    const pfn = rmqueue(m, zone, ac);
    prepNewPage(m, pfn, 0, ac.mt);
    return pfn;
  }
}

/**
 * The first zone of a request's list whose watermark holds; null: the request goes by itself. Whether a page may fragment is not
 * asked of a per-CPU list; a zone of another node counts as soon as none of the first holds.
 */
export function servingZone(m: Memory, ac: AllocContext): Zone | null {
  const { zonelist } = ac;
  for (let i = 0; i < zonelist.length; i++) {
    const zone = zonelist[i]!;
    if (zoneAllows(m, zone, ac)) return zone.boostedWatermark ? null : zone;
  }
  return null;
}

/** `n` single pages left a per-CPU list whose requests were served by it: its count, and the size of the next drain. */
export function noteTaken(m: Memory, zone: Zone, n: number): void {
  const { pcp } = zone;
  pcp.count -= n;
  if (m.autoTune) pcp.freeCount = n > 31 ? 0 : pcp.freeCount >> n;
  else pcp.freeFactor = n > 31 ? 0 : pcp.freeFactor >> n;
}
