/**
 * Replays the requests and frees of a trace on a machine that has the free blocks counted before it. Frames cannot agree, since /proc does
 * not say where free blocks lie; counts by order and type can, and are held against those counted after it.
 */
import { allocPages, freePages } from "../../mm/allocation/page-alloc";
import { GFP_HIGHUSER_MOVABLE } from "../../mm/state/gfp";
import { listFrames } from "../../mm/state/list-frames";
import type { Memory } from "../../mm/state/memory";
import { MIGRATE_NAMES } from "../../mm/state/migratetype";
import { MOVABLE_PAGE } from "../../mm/state/page-state";
import type { Zone } from "../../mm/state/zone";
import { gfpOfWords } from "./gfp-words";
import { PairsOfFrames } from "./pairs-of-frames";
import type { ProcCounts } from "./proc-counts";
import type { TraceRecord } from "./trace-record";

/** Free blocks of a zone and order: before, after as counted, after in the model. */
export interface OrderRow {
  zone: string;
  nid: number;
  /** Of one type, or of all. */
  type: string;
  order: number;
  before: number;
  after: number | null;
  model: number;
}

/** How a replay on counts went. */
export interface AlignedReplay {
  profile: string;
  seed: number;
  /** Requests that the model served, of those that the kernel served. */
  served: { model: number; recorded: number };
  /** Requests that the model served from the zone of the recorded frame. */
  sameZone: number;
  fallbacks: { model: number; recorded: number };
  /** Frees of pages from before the trace: at the recorded frame, at another one in use, and without a place. */
  earlierPages: { freedThere: number; freedElsewhere: number; notFreed: number };
  rows: OrderRow[];
  /** Share of the pages whose order (and type, if known) agrees with the counts after; null without those. */
  agreement: number | null;
  /** The same of the counts before: what a replay that does nothing would reach. */
  agreementOfBefore: number | null;
  assumed: string[];
}

/** Frames looked at for a page in use that can be freed in place of one whose frame is not known: behind that frame, then anywhere. */
const NEAR = 1 << 12;
const FAR = 1 << 15;

/** Pages that compaction moves between two looks at its end, at most (COMPACT_CLUSTER_MAX and a large folio). */
const MOVED_AT_ONCE = 4096;

/** Puts records to the model. */
export class AlignedReplayer {
  private readonly m: Memory;
  private readonly pairs = new PairsOfFrames();
  /** 1: the frame is in use by a request of the trace. */
  private readonly followed: Uint8Array;
  private readonly today: (type: number) => number;
  /** Where the last search of a zone ended. */
  private readonly cursors = new Map<Zone, number>();
  readonly served = { model: 0, recorded: 0 };
  sameZone = 0;
  modelFallbacks = 0;
  readonly earlier = { freedThere: 0, freedElsewhere: 0, notFreed: 0 };

  /** `today`: the model's number of a recorded type. */
  constructor(memory: Memory, today: (type: number) => number) {
    this.m = memory;
    this.followed = new Uint8Array(memory.endPfn);
    this.today = today;
    memory.trace = { extfrag: () => this.modelFallbacks++ };
  }

  private onCpu(cpu: number): void {
    const known = this.m.zones[0]?.pcps[cpu] !== undefined;
    if (cpu !== this.m.cpu) this.m.runOn(known ? cpu : 0);
  }

  /** A request that the kernel served. */
  allocated({ fields, cpu }: TraceRecord, pfn: number, order: number): void {
    this.onCpu(cpu);
    this.served.recorded++;
    const type = this.today(fields.number("migratetype"));
    const got = allocPages(this.m, gfpOfWords(fields.word("gfp_flags"), type), order);
    if (got < 0) return;
    this.served.model++;
    if (this.zoneAt(got) === this.zoneAt(pfn)) this.sameZone++;
    if (this.pairs.set(pfn, got, order)) this.followed.fill(1, got, got + 2 ** order);
  }

  /** A free, told once. */
  freed({ cpu }: TraceRecord, pfn: number, order: number): void {
    this.onCpu(cpu);
    if (order > this.m.maxOrder) return;
    let model = this.pairs.take(pfn, order);
    if (model === undefined) {
      model = this.earlierPage(pfn, order);
      if (model < 0) {
        this.earlier.notFreed += 2 ** order;
        return;
      }
      this.earlier[model === pfn ? "freedThere" : "freedElsewhere"] += 2 ** order;
    }
    this.followed.fill(0, model, model + 2 ** order);
    freePages(this.m, model, order);
  }

  /** Compaction takes pages for what it moves without a record of each: the model takes as many. */
  moved({ event, fields, cpu }: TraceRecord): void {
    if (event !== "mm_compaction_migratepages") return;
    this.onCpu(cpu);
    const pages = Math.min(fields.number("nr_migrated") || 0, MOVED_AT_ONCE);
    for (let i = 0; i < pages; i++) {
      const pfn = allocPages(this.m, GFP_HIGHUSER_MOVABLE, 0);
      if (pfn < 0) return;
      this.m.state[pfn] = 0;
      this.m.owner[pfn] = MOVABLE_PAGE;
    }
  }

  private zoneAt(pfn: number): Zone | undefined {
    return this.m.zones.find((z) => pfn >= z.startPfn && pfn < z.endPfn);
  }

  /** Frames in use since before the trace: at `pfn`, or the next ones of its zone; −1: none. */
  private earlierPage(pfn: number, order: number): number {
    const zone = this.zoneAt(pfn);
    if (zone === undefined) return -1;
    const pages = 2 ** order;
    const near = this.search(zone, { from: pfn - (pfn % pages), pages, most: NEAR });
    if (near.found) return near.at;
    const next = this.search(zone, { from: this.cursors.get(zone) ?? zone.startPfn, pages, most: FAR });
    this.cursors.set(zone, next.at);
    return next.found ? next.at : -1;
  }

  /** The first frames in use at or behind `from`, round the zone; where the search ended. */
  private search(
    zone: Zone,
    where: { from: number; pages: number; most: number },
  ): { at: number; found: boolean } {
    const { from, pages, most } = where;
    let at = Math.ceil(from / pages) * pages;
    for (let i = 0; i < most; i += pages) {
      if (at + pages > zone.endPfn) at = Math.ceil(zone.startPfn / pages) * pages;
      if (this.inUse(at, pages)) return { at, found: true };
      at += pages;
    }
    return { at, found: false };
  }

  private inUse(at: number, pages: number): boolean {
    const { m, followed } = this;
    if (m.insideFree(at)) return false;
    for (let p = at; p < at + pages; p++) if (m.state[p] !== 0 || followed[p] !== 0) return false;
    return true;
  }
}

/** Rows of all zones and orders, by type where both texts have types. */
export function orderRows(m: Memory, before: ProcCounts, after: ProcCounts | null): OrderRow[] {
  const rows: OrderRow[] = [];
  for (const z of before.zones) {
    const zone = m.zones.find((one) => one.name === z.name && one.nid === z.nid);
    if (zone === undefined) continue;
    const end = after?.zones.find((one) => one.name === z.name && one.nid === z.nid);
    const typed = z.byType !== undefined && (end === undefined || end.byType !== undefined);
    for (let order = 0; order <= m.maxOrder; order++) {
      const row = (type: string, counts: [number, number | null | undefined, number]) => {
        const [from, to, model] = counts;
        rows.push({ zone: z.name, nid: z.nid, type, order, before: from, after: to ?? null, model });
      };
      if (!typed) row("all", [z.nrFree![order] ?? 0, end?.nrFree?.[order], zone.nrFree[order]!]);
      else
        MIGRATE_NAMES.forEach((name, type) => {
          const model = listFrames(m, zone.listBase + order * 8 + type).length;
          const [from, to] = [z.byType![type]![order] ?? 0, end && (end.byType![type]![order] ?? 0)];
          if (from + (to ?? 0) + model > 0) row(name, [from, to, model]);
        });
    }
  }
  return rows;
}

/** 1 − pages in rows that differ / pages after; the smaller count of each row agrees. */
export function agreementOf(rows: readonly OrderRow[], column: "before" | "model"): number | null {
  let agree = 0;
  let [mine, after] = [0, 0];
  for (const row of rows) {
    if (row.after === null) return null;
    const pages = 2 ** row.order;
    agree += pages * Math.min(row[column], row.after);
    mine += pages * row[column];
    after += pages * row.after;
  }
  return Math.max(mine, after) === 0 ? null : agree / Math.max(mine, after);
}
