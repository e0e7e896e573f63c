/**
 * A model machine whose frames have the recorded classes: its free lists are made of the free frames, its pages in use can move or
 * not by their class. It answers what can be had of that very memory.
 *
 * The map does not tell everything. A page block with a slab page or a page table is taken as unmovable, any other as movable.
 * Frames without flags are kernel pages in the former and pages on per-CPU lists, hence free, in the latter. Large folios count as
 * single pages, and slab is never shrunk: a slab page does not move and blocks a range, whether or not its objects could be
 * reclaimed (mm/page_isolation.c has_unmovable_pages(), all releases).
 */
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import type { KernelRelease } from "../hardware/kernel-release";
import { giganticFromAnywhere } from "../mm/contiguous/contig-pages";
import { HugetlbPool } from "../mm/contiguous/hugetlb";
import { ownersWorld } from "../mm/contiguous/migrate";
import { LRU_INACTIVE_ANON, LRU_INACTIVE_FILE, Lru } from "../mm/reclaim/lru";
import { RoomMaker } from "../mm/reclaim/vmscan";
import { addToFreeListTail } from "../mm/state/free-area";
import { ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE, ZONE_NORMAL } from "../mm/state/gfp";
import { Memory } from "../mm/state/memory";
import { MIGRATE_MOVABLE, MIGRATE_UNMOVABLE } from "../mm/state/migratetype";
import { OWNER_KINDS } from "../mm/state/owners";
import {
  BLOCK_HOLE,
  FIXED_OWNED,
  MOVABLE_OWNED,
  MOVABLE_PAGE,
  OWNER_HOLE,
  OWNER_RESERVED,
} from "../mm/state/page-state";
import { kernelProfile } from "../mm/state/profile";
import type { Zone } from "../mm/state/zone";
import { CLASS, CLASSES, settledClasses } from "./class-map";
import type { ZoneLines } from "./proc-texts";
import type { Sample } from "./sample";

const ZONES: Readonly<Record<string, number>> = {
  DMA: ZONE_DMA,
  DMA32: ZONE_DMA32,
  Normal: ZONE_NORMAL,
  Movable: ZONE_MOVABLE,
};

/** By class: the owner of a page that may move; 0: it does not. */
const MOVES = new Uint8Array(CLASSES.length);
MOVES[CLASS.file] = MOVES[CLASS.fileLarge] = OWNER_KINDS.fileClean;
MOVES[CLASS.anon] = MOVES[CLASS.anonHuge] = MOVES[CLASS.unevictable] = OWNER_KINDS.anon;
/** By class: the owner of one that does not. */
const STAYS = new Uint8Array(CLASSES.length);
STAYS[CLASS.slab] = OWNER_KINDS.slab;
STAYS[CLASS.pageTable] = OWNER_KINDS.pageTable;
STAYS[CLASS.unknown] = OWNER_KINDS.driver;

export interface RecordedOptions {
  release: KernelRelease;
  /**
   * What memory is that the kernel had not initialised: `free`, as requests that find no other initialise it; or `absent`, as for
   * a search for a range, which does not.
   */
  untouched: "free" | "absent";
}

/** The machine of a sample with class map and zoneinfo. */
export class RecordedMachine {
  readonly memory: Memory;
  private readonly lru: Lru;
  private readonly pageSize: number;

  constructor(sample: Sample, { release, untouched }: RecordedOptions) {
    const { classes, zoneinfo, pageSize } = sample;
    if (classes === undefined || zoneinfo === undefined)
      throw new InputError(`${sample.name}: a class map and zoneinfo are needed to load the machine`);
    const zones = zoneinfo.filter((z) => z.spanned > 0 && z.startPfn >= 0 && ZONES[z.name] !== undefined);
    this.pageSize = pageSize;
    this.memory = new Memory({
      maxOrder: 10,
      pageblockOrder: log2((sample.pagetypeinfo?.blockPages || 512) | 0),
      zones: zones.map((z) => ({
        idx: ZONES[z.name]!,
        name: z.name,
        nid: z.nid,
        startPfn: z.startPfn,
        endPfn: z.startPfn + z.spanned,
      })),
      cpus: 1,
      switches: kernelProfile(release),
      cma: false,
      thp: true,
      mobilityDisabled: false,
    });
    this.lru = new Lru(this.memory);
    const known = settledClasses(classes, zones);
    markAbsent(known, classes, untouched === "absent" ? 0 : untouchedPages(sample));
    zones.forEach((z, i) => {
      this.loadZone(this.memory.zones[i]!, z, known);
    });
    this.memory.lru = this.lru;
    this.memory.help = new RoomMaker(this.memory, { reclaim: true, compaction: true });
  }

  private loadZone(zone: Zone, lines: ZoneLines, known: Uint8Array): void {
    const { memory: m } = this;
    for (
      let block = zone.startPfn - (zone.startPfn % m.pageblockPages);
      block < zone.endPfn;
      block += m.pageblockPages
    )
      this.settleBlock(zone, block, known);
    for (let p = zone.startPfn; p < zone.endPfn; ) {
      const cls = known[p] ?? CLASS.hole;
      if (cls === CLASS.free) {
        let end = p;
        while (end < zone.endPfn && known[end] === CLASS.free) end++;
        this.addFree(zone, p, end);
        p = end;
      } else this.addUsed(zone, p++, cls);
    }
    zone.present = lines.present;
    ["min", "low", "high"].forEach((mark, i) => {
      zone.wmark[i] = Math.max(0, lines[mark as "min"]);
    });
    lines.protection.forEach((pages, i) => {
      if (i < zone.lowmemReserve.length) zone.lowmemReserve[i] = pages;
    });
    for (const pcp of zone.pcps) {
      pcp.batch = 63;
      pcp.high = pcp.highMin = Math.max(63, lines.low);
      pcp.highMax = Math.max(pcp.highMin, zone.managed >> 3);
      pcp.statThreshold = 32;
    }
  }

  /** The type of a page block; frames without flags in a movable one are free. */
  private settleBlock(zone: Zone, block: number, known: Uint8Array): void {
    const { memory: m } = this;
    const from = Math.max(block, zone.startPfn);
    const to = Math.min(block + m.pageblockPages, zone.endPfn);
    let fixed = false;
    let hole = true;
    for (let p = from; p < to; p++) {
      const cls = known[p] ?? CLASS.hole;
      if (cls === CLASS.slab || cls === CLASS.pageTable) fixed = true;
      if (cls !== CLASS.hole) hole = false;
    }
    if (hole) m.blocks[block >>> m.pageblockOrder] = BLOCK_HOLE;
    else m.setBlockType(block, fixed ? MIGRATE_UNMOVABLE : MIGRATE_MOVABLE);
    if (fixed || hole) return;
    for (let p = from; p < to; p++) if (known[p] === CLASS.unknown) known[p] = CLASS.free;
  }

  private addFree(zone: Zone, from: number, to: number): void {
    const { memory: m } = this;
    for (let p = from; p < to; ) {
      let order = 0;
      // A free page does not extend over page blocks of two types.
      const fits = (o: number) =>
        p % (1 << o) === 0 && p + (1 << o) <= to && (o <= m.pageblockOrder || sameType(m, p, o));
      while (order < m.maxOrder && fits(order + 1)) order++;
      addToFreeListTail(m, zone, p, order, m.blockType(p));
      p += 1 << order;
    }
    zone.nrFreePages += to - from;
    zone.managed += to - from;
  }

  private addUsed(zone: Zone, pfn: number, cls: number): void {
    const { memory: m } = this;
    const moves = MOVES[cls]!;
    if (moves !== 0) {
      m.state[pfn] = MOVABLE_OWNED;
      m.owner[pfn] = moves | MOVABLE_PAGE;
      if (cls !== CLASS.unevictable)
        this.lru.add(pfn, moves === OWNER_KINDS.anon ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE);
      zone.managed++;
    } else if (STAYS[cls] !== 0) {
      m.state[pfn] = FIXED_OWNED;
      m.owner[pfn] = STAYS[cls]!;
      zone.managed++;
    } else m.owner[pfn] = cls === CLASS.hole ? OWNER_HOLE : OWNER_RESERVED;
  }

  /** Sets nr_hugepages of a size to `wanted`, and gives the pages back at once; how many there were. */
  hugePages(bytes: number, wanted: number): number {
    const { memory: m, lru } = this;
    const world = { ...ownersWorld(m), moved: (from: number, to: number) => lru.move(from, to) };
    const order = log2(bytes / this.pageSize);
    const pool = new HugetlbPool(m, { order, gigantic: giganticFromAnywhere(m, world) });
    const got = pool.setMaxHugePages(wanted);
    pool.setMaxHugePages(0);
    return got;
  }
}

function sameType(m: Memory, pfn: number, order: number): boolean {
  for (let p = pfn; p < pfn + (1 << order); p += m.pageblockPages)
    if (m.blockType(p) !== m.blockType(pfn)) return false;
  return true;
}

/** Of what settledClasses() made free of unknown frames, all but the first `free` are reserved: struct pages lie at the end. */
function markAbsent(known: Uint8Array, recorded: Uint8Array, free: number): void {
  let left = free;
  for (let p = 0; p < known.length; p++)
    if (recorded[p] === CLASS.unknown && known[p] === CLASS.free && left-- <= 0) known[p] = CLASS.reserved;
}

/** Free pages that are on no list yet, because the kernel had not initialised them. */
function untouchedPages({ meminfo, buddyinfo, pageSize }: Sample): number {
  const free = meminfo?.get("MemFree");
  const inLists = buddyinfo?.reduce(
    (n, z) => n + Array.from(z.nrFree).reduce((m, f, o) => m + f * 2 ** o, 0),
    0,
  );
  return free === undefined || inLists === undefined ? Number.POSITIVE_INFINITY : free / pageSize - inLists;
}

/** One request of a recording, in the words of its results.txt. */
export interface HugeRequest {
  bytes: number;
  wanted: number;
  got: number;
}

/** Reads the results of requests for huge pages: `size_kb=2048 want=8000 got=7176 …` on a line each. */
export function parseHugeResults(text: string, file: string): HugeRequest[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, i) => {
      const m = /^size_kb=(\d+) want=(\d+) got=(\d+)\b/.exec(line);
      if (m === null)
        throw new InputError(
          `${file}:${i + 1}: a line begins with "size_kb=2048 want=8000 got=7176": got ${JSON.stringify(line.slice(0, 40))}`,
        );
      return { bytes: Number(m[1]) * 1024, wanted: Number(m[2]), got: Number(m[3]) };
    });
}
