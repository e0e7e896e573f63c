/**
 * A machine with the free blocks that /proc counted. Where they lie is not known: a seed draws it. Frames that are not free are in use, and
 * movable in blocks of that type.
 */
import { log2 } from "../../base/elementary";
import { InputError } from "../../base/errors";
import { largestOf } from "../../base/extremes";
import { Random } from "../../base/random";
import type { KernelRelease } from "../../hardware/kernel-release";
import { addToFreeListTail } from "../../mm/state/free-area";
import { ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE, ZONE_NORMAL } from "../../mm/state/gfp";
import { Memory } from "../../mm/state/memory";
import { MIGRATE_MOVABLE, MIGRATE_NAMES } from "../../mm/state/migratetype";
import { MOVABLE_PAGE } from "../../mm/state/page-state";
import { kernelProfile } from "../../mm/state/profile";
import { normalThreshold } from "../../mm/state/vmstat";
import type { Zone } from "../../mm/state/zone";
import type { ProcCounts, ZoneCounts } from "./proc-counts";
import { plural } from "./tally";

const ZONES: Readonly<Record<string, number>> = {
  DMA: ZONE_DMA,
  DMA32: ZONE_DMA32,
  Normal: ZONE_NORMAL,
  Movable: ZONE_MOVABLE,
};
/** Where zones begin on x86-64 with pages of 4 KiB, unless zoneinfo tells. */
const USUAL_START: Readonly<Record<string, number>> = { DMA: 0, DMA32: 2 ** 12, Normal: 2 ** 20 };
/** 1 TiB of pages of 4 KiB. */
const FRAMES_MOST = 2 ** 28;

/** What a counted machine is made of. */
export interface CountedOptions {
  release: KernelRelease;
  seed: number;
  cpus: number;
  /** The largest frame of the trace: the last zone reaches so far at least. */
  largestPfn: number;
}

/** The machine, and what had to be assumed. */
export interface CountedMachine {
  memory: Memory;
  assumed: string[];
}

/** Builds the machine of counts. */
export function countedMachine(counts: ProcCounts, options: CountedOptions): CountedMachine {
  const assumed: string[] = [];
  const zones = counts.zones.filter((z) => ZONES[z.name] !== undefined);
  if (zones.length === 0)
    throw new InputError(
      `trace: a zone DMA, DMA32, Normal or Movable is needed: got ${counts.zones[0]!.name}`,
    );
  const blockPages = counts.blockPages || 512;
  const maxOrder = zones[0]!.nrFree!.length - 1;
  const topPages = Math.max(2 ** maxOrder, blockPages);
  const spans = spansOf(zones, { blockPages, topPages, largestPfn: options.largestPfn }, assumed);
  if (counts.blockPages === 0) assumed.push("page blocks of 512 pages, all movable: no pagetypeinfo");
  const memory = new Memory({
    maxOrder,
    pageblockOrder: log2(blockPages) | 0,
    zones: zones.map((z, i) => ({ idx: ZONES[z.name]!, name: z.name, nid: z.nid, ...spans[i]! })),
    cpus: options.cpus,
    switches: kernelProfile(options.release),
    cma: zones.some((z) => (z.blocks?.[4] ?? 0) > 0),
    thp: true,
    mobilityDisabled: false,
  });
  const random = new Random(options.seed).fork("where free blocks lie");
  zones.forEach((z, i) => {
    new ZoneFiller(memory, memory.zones[i]!, random.fork(`${z.nid} ${z.name}`)).fill(z, assumed);
  });
  if (zones.some((z) => z.watermarks === undefined)) assumed.push("no watermarks: no zoneinfo");
  return { memory, assumed };
}

interface Sizes {
  blockPages: number;
  topPages: number;
  largestPfn: number;
}

function spansOf(
  zones: readonly ZoneCounts[],
  sizes: Sizes,
  assumed: string[],
): { startPfn: number; endPfn: number }[] {
  const { topPages, blockPages, largestPfn } = sizes;
  let end = 0;
  let told = true;
  const spans = zones.map((z, i) => {
    if (z.startPfn !== undefined && z.spanned !== undefined && z.spanned > 0) {
      end = z.startPfn + z.spanned;
      return { startPfn: z.startPfn, endPfn: end };
    }
    told = false;
    const usual = zones.length > 1 ? (USUAL_START[z.name] ?? 0) : 0;
    const startPfn = Math.ceil(Math.max(end, z.nid === 0 ? usual : 0) / topPages) * topPages;
    const free = z.nrFree!.reduce((sum, n, o) => sum + n * 2 ** o, 0);
    const blocks = z.blocks?.reduce((a, b) => a + b, 0) ?? 0;
    const reach = i === zones.length - 1 ? largestPfn + 1 - startPfn : 0;
    // Room for free blocks whose neighbours are in use.
    const pages = Math.max(blocks * blockPages, blocks === 0 ? 2 * free : free, reach, topPages);
    end = startPfn + Math.ceil(pages / topPages) * topPages;
    return { startPfn, endPfn: end };
  });
  if (!told) assumed.push("where zones begin and end: no zoneinfo with start_pfn");
  const last = largestOf(spans.map((span) => span.endPfn));
  if (last > FRAMES_MOST)
    throw new InputError(
      `trace: a machine of at most ${FRAMES_MOST} frames can be loaded: its last zone ends at ${last}`,
    );
  return spans;
}

/** Places the free blocks of one zone. */
class ZoneFiller {
  private readonly m: Memory;
  private readonly zone: Zone;
  private readonly random: Random;
  /** By type, then order: ranges in which nothing is placed yet. */
  private readonly room: number[][][];
  /** The same for parts whose buddy lies in another zone or is of another type: they may become free as a whole. */
  private readonly edges: number[][][];
  private readonly top: number;
  private unplaced = 0;

  constructor(m: Memory, zone: Zone, random: Random) {
    this.m = m;
    this.zone = zone;
    this.random = random;
    this.top = Math.max(m.maxOrder, m.pageblockOrder);
    const none = () => MIGRATE_NAMES.map(() => Array.from({ length: this.top + 1 }, (): number[] => []));
    this.room = none();
    this.edges = none();
  }

  fill(counts: ZoneCounts, assumed: string[]): void {
    const { zone, m } = this;
    const pages = zone.endPfn - zone.startPfn;
    zone.present = counts.present ?? pages;
    zone.managed = counts.managed ?? pages;
    counts.watermarks?.forEach((mark, i) => {
      zone.wmark[i] = mark;
    });
    counts.protection?.slice(0, zone.lowmemReserve.length).forEach((reserve, i) => {
      zone.lowmemReserve[i] = reserve;
    });
    for (const pcp of zone.pcps) {
      pcp.batch = Math.max(1, counts.batch ?? 63);
      pcp.high = pcp.highMin = Math.max(pcp.batch, counts.high ?? 6 * pcp.batch);
      pcp.highMax = Math.max(pcp.highMin, zone.managed >> 3);
      pcp.statThreshold = normalThreshold(zone.managed * 4096, zone.pcps.length);
    }
    this.layOut(counts.blocks);
    const byType =
      counts.byType ?? MIGRATE_NAMES.map((_, type) => (type === MIGRATE_MOVABLE ? counts.nrFree! : []));
    for (let order = m.maxOrder; order >= 0; order--)
      byType.forEach((sums, type) => {
        for (let i = 0; i < (sums[order] ?? 0); i++) this.place(order, type);
      });
    if (this.unplaced > 0)
      assumed.push(`zone ${zone.name}: ${plural(this.unplaced, "free block")} found no place`);
  }

  /** Deals the zone's page blocks to types, chunk of the largest order by chunk; the rest is movable. */
  private layOut(blocks: readonly number[] | undefined): void {
    const { zone, top } = this;
    const chunk = 2 ** top;
    const whole: number[] = [];
    const cut: number[] = [];
    for (let p = Math.floor(zone.startPfn / chunk) * chunk; p < zone.endPfn; p += chunk)
      (p < zone.startPfn || p + chunk > zone.endPfn ? cut : whole).push(p);
    this.random.shuffle(whole);
    const needs = MIGRATE_NAMES.map((_, type) => (type === MIGRATE_MOVABLE ? 0 : (blocks?.[type] ?? 0)));
    // Cut chunks have no room for the largest free blocks, which are movable as a rule: other types go there first.
    for (const p of [...cut, ...whole]) this.dealChunk(p, needs);
  }

  private dealChunk(chunk: number, needs: number[]): void {
    const { m, zone, top } = this;
    const end = chunk + 2 ** top;
    let run = chunk;
    let runType = -1;
    for (let p = chunk; p < end; p += m.pageblockPages) {
      if (p + m.pageblockPages <= zone.startPfn || p >= zone.endPfn) continue;
      const need = needs.findIndex((n) => n > 0);
      const type = need < 0 ? MIGRATE_MOVABLE : need;
      if (need >= 0) needs[need]!--;
      if (type === runType) continue;
      if (runType >= 0) this.open(run, p, runType);
      run = p;
      runType = type;
    }
    this.open(run, end, runType < 0 ? MIGRATE_MOVABLE : runType);
  }

  private setType(from: number, to: number, type: number): void {
    const { m, zone } = this;
    const end = Math.min(to, zone.endPfn);
    for (let p = from; p < end; p += m.pageblockPages) m.setBlockType(p, type);
    m.owner.fill(type === MIGRATE_MOVABLE ? MOVABLE_PAGE : 0, Math.max(from, zone.startPfn), end);
  }

  /** Makes room of frames, in the largest aligned parts. A part below the largest order has no whole buddy. */
  private open(from: number, to: number, type: number): void {
    const { zone, top } = this;
    this.setType(from, to, type);
    const end = Math.min(to, zone.endPfn);
    for (let p = Math.max(from, zone.startPfn); p < end; ) {
      let order = 0;
      while (order < top && p % 2 ** (order + 1) === 0 && p + 2 ** (order + 1) <= end) order++;
      (order === top ? this.room : this.edges)[type]![order]!.push(p);
      p += 2 ** order;
    }
  }

  /** Places a free block where its buddy is not free as a whole: in room of a larger order, of which the rest stays room. */
  private place(order: number, type: number): void {
    const { m } = this;
    const edge = this.edges[type]![order]!.pop();
    if (edge !== undefined) return this.free(edge, order, type);
    const least = Math.min(order === m.maxOrder ? order : order + 1, this.top);
    let from = this.roomOf(type, least);
    if (from < 0) {
      from = this.retyped(type, least);
      if (from < 0) {
        this.unplaced++;
        return;
      }
    }
    const room = this.room[type]!;
    const pfn = room[from]!.pop()!;
    for (let o = from - 1; o >= order; o--) room[o]!.push(pfn + 2 ** o);
    this.free(pfn, order, type);
  }

  private free(pfn: number, order: number, type: number): void {
    const { m, zone } = this;
    m.owner.fill(0, pfn, pfn + 2 ** order);
    addToFreeListTail(m, zone, pfn, order, type);
    zone.nrFreePages += 2 ** order;
  }

  private roomOf(type: number, least: number): number {
    const room = this.room[type]!;
    const edges = this.edges[type]!;
    for (let o = least; o <= this.top; o++) {
      if (room[o]!.length === 0 && edges[o]!.length > 0) room[o]!.push(edges[o]!.pop()!);
      if (room[o]!.length > 0) return o;
    }
    return -1;
  }

  /** Takes an empty chunk of another type. */
  private retyped(type: number, least: number): number {
    const { top, room } = this;
    const other = room.findIndex((orders) => orders[top]!.length > 0);
    if (other < 0 || least > top) return -1;
    const chunk = room[other]![top]!.pop()!;
    this.setType(chunk, chunk + 2 ** top, type);
    room[type]![top]!.push(chunk);
    return top;
  }
}
