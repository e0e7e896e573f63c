/**
 * Requests of a recording that tells when one left its first attempt (`E pid slowpath`). Such a request searches with the
 * rights of the slow path, whatever is free by then; every other one was served by its first attempt. A search
 * leaves its mark in the flags of the zones even if it finds nothing. With several CPUs a task may read a zone's counter, lose its CPU, and
 * take its page after others changed the counter: the recording shows where that search began (`E pid search`).
 */
import {
  type AttemptRights,
  allocPages,
  allocPagesOnce,
  allowsAttempt,
  looksAtZones,
} from "../mm/allocation/page-alloc";
import { ALLOC_NO_WATERMARKS, ALLOC_OOM, ALLOC_WMARK_MASK, gfpZone } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import type { Zone } from "../mm/state/zone";
import type { DrainsUnderWay } from "./drains-under-way";
import { type GivenAnswers, noneGiven } from "./given-answers";

/** A search that is under way, and what every zone's counter was since it began: then, at least and at most. */
interface Search {
  order: number;
  rights: AttemptRights;
  /** Every zone's ZONE_BELOW_HIGH then: the search has seen it or set it. */
  belowHigh: boolean[];
  counters: number[];
  least: number[];
  most: number[];
}

/** A request's search. */
interface Request {
  gfp: number;
  order: number;
  rights: AttemptRights;
}

/** The recorded page's zone, and every zone's counter at the last moment and at the first at which it may have been read. */
interface Readings {
  from: Zone | undefined;
  now: readonly number[];
  began: readonly number[];
}

/** Flags that a request has for what its task is, or for the OOM killer's last look: its own flags do not tell them. */
const RIGHTS_OF_TASK = ALLOC_WMARK_MASK | ALLOC_NO_WATERMARKS | ALLOC_OOM;

export class RecordedRequests {
  /** The recording tells who left the first attempt. */
  private told = false;
  /** Tasks whose request is on the slow path. */
  private readonly slow = new Set<number>();
  /** By task. */
  private readonly searches = new Map<number, Search>();

  /** `underWay`: the drains of other CPUs; null on a machine of one. */
  constructor(
    private readonly m: Memory,
    private readonly underWay: Pick<DrainsUnderWay, "open"> | null = null,
    private readonly given: GivenAnswers = noneGiven(),
  ) {}

  event(name: "slowpath" | "search", text: string): void {
    const field = (key: string) => Number(new RegExp(` ${key}=(\\d{1,10})`).exec(text)?.[1] ?? 0);
    const pid = Number.parseInt(text, 10);
    if (name === "slowpath") this.slowpath(pid, field("gfp"), field("order"));
    else this.search(pid, field("gfp"), field("order"), field("alloc_flags"));
  }

  /** `E pid slowpath`: the first attempt found nothing. */
  private slowpath(pid: number, gfp: number, order: number): void {
    this.told = true;
    this.slow.add(pid);
    this.searches.delete(pid);
    looksAtZones(this.m, gfp, order, false);
  }

  /** `E pid search`: a search begins. */
  private search(pid: number, gfp: number, order: number, flags: number): void {
    this.told = true;
    const counters = this.m.zones.map((zone) => zone.nrFreePages);
    const slow = this.slow.has(pid);
    const rights = slow && flags & RIGHTS_OF_TASK ? flags : slow;
    looksAtZones(this.m, gfp, order, rights);
    const belowHigh = this.m.zones.map((zone) => zone.belowHigh);
    const search = { order, rights, belowHigh, counters, least: [...counters], most: [...counters] };
    this.widen(search);
    this.searches.set(pid, search);
  }

  /** Called between records: the zones' counters may have changed. */
  counted(): void {
    for (const search of this.searches.values()) this.widen(search);
  }

  private widen({ least, most }: Search): void {
    this.m.zones.forEach((zone, i) => {
      for (const pages of this.underWay?.open(zone) ?? []) {
        least[i] = Math.min(least[i]!, zone.nrFreePages + pages);
        most[i] = Math.max(most[i]!, zone.nrFreePages + pages);
      }
      least[i] = Math.min(least[i]!, zone.nrFreePages);
      most[i] = Math.max(most[i]!, zone.nrFreePages);
    });
  }

  /** The task's request is served by what it compacted. */
  captured(pid: number): void {
    this.searches.delete(pid);
    this.slow.delete(pid);
  }

  /** The answer to a request that compacted and searches once more. */
  again(gfp: number, order: number, pid: number, recorded: number): number {
    if (!this.told) return allocPagesOnce(this.m, gfp, order, true);
    this.slow.add(pid);
    return this.answer(gfp, order, pid, recorded);
  }

  /** The model's answer to a request: the first frame, or −1. `recorded` decides only what two readings leave open. */
  answer(gfp: number, order: number, pid: number, recorded: number): number {
    const { m } = this;
    if (!this.told) return allocPages(m, gfp, order);
    const last = this.searches.get(pid);
    this.searches.delete(pid);
    const slow = this.slow.delete(pid);
    const search = last?.order === order ? last : null;
    const request = { gfp, order, rights: slow ? (search?.rights ?? true) : false };
    if (typeof request.rights === "number") this.given.rights++;
    const now = m.zones.map((zone) => zone.nrFreePages);
    const read = this.readings(request, search, recorded);
    const cleared = m.zones.filter((zone, i) => search?.belowHigh[i] && !zone.belowHigh);
    this.setCounters(read);
    const pfn = allocPagesOnce(m, gfp, order, request.rights);
    m.zones.forEach((zone, i) => {
      zone.nrFreePages += now[i]! - read[i]!;
    });
    // The search saw the flag; who cleared it came behind.
    for (const zone of cleared) zone.belowHigh = false;
    return pfn;
  }

  private setCounters(to: readonly number[]): void {
    this.m.zones.forEach((zone, i) => {
      zone.nrFreePages = to[i]!;
    });
  }

  /**
   * Every zone's counter as the request read it: at a moment between the begin of its search and now, while another CPU may
   * have been about to count. If the counter would have allowed the zone at one such moment and not at another, no record
   * tells which it was, and the recorded page decides: its own zone was allowed, those before it were not.
   */
  private readings(request: Request, search: Search | null, recorded: number): number[] {
    const { m } = this;
    const now = m.zones.map((zone) => zone.nrFreePages);
    const moments = search === null ? [now] : [now, search.counters, search.least, search.most];
    const open = m.zones.map((zone) => [0, ...(this.underWay?.open(zone) ?? [])]);
    const from = recorded < 0 ? undefined : m.zoneOf(recorded);
    const unclear = new Set<Zone>();
    const read = now.map((_, i) => {
      const possible = moments.flatMap((counters) => open[i]!.map((pages) => counters[i]! + pages));
      if (possible.every((pages) => pages === now[i])) return now[i]!;
      const asRecorded = (pages: number) => this.allows(request, i, pages) === (m.zones[i] === from);
      const first = possible.find(asRecorded);
      if (first !== undefined && !possible.every(asRecorded)) unclear.add(m.zones[i]!);
      return first ?? now[i]!;
    });
    if (unclear.size > 0) this.count(request, unclear, { from, now, began: search?.counters ?? now });
    return read;
  }

  /** Counts a request if what is unclear is the recorded page's zone, or one that the walk looks at before it. */
  private count(request: Request, unclear: ReadonlySet<Zone>, { from, now, began }: Readings): void {
    const { m, given } = this;
    const zonelist = m.zonelists[gfpZone(request.gfp)]!;
    const last = from === undefined ? zonelist.length - 1 : zonelist.indexOf(from);
    if (!zonelist.slice(0, last + 1).some((zone) => unclear.has(zone))) return;
    const firstAllowed = (counters: readonly number[]) =>
      zonelist.find((zone) => {
        const i = m.zones.indexOf(zone);
        return this.allows(request, i, counters[i]!);
      });
    given.zones++;
    if (firstAllowed(now) === from) given.zonesByLast++;
    if (firstAllowed(began) === from) given.zonesByFirst++;
  }

  /** Whether the zone with index `i` would be allowed if its counter were `pages`. */
  private allows({ gfp, order, rights }: Request, i: number, pages: number): boolean {
    const zone = this.m.zones[i]!;
    const now = zone.nrFreePages;
    zone.nrFreePages = pages;
    const allowed = allowsAttempt(this.m, zone, gfp, order, rights);
    zone.nrFreePages = now;
    return allowed;
  }
}
