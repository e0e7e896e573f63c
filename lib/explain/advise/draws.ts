/** Machines drawn one after the other, what they were asked, and how long each took. */
import { Checkpoint } from "../../base/checkpoint";
import { largestOf } from "../../base/extremes";
import { Random } from "../../base/random";
import type { BootRequest } from "../../machine/boot-request";
import { System } from "../../machine/system";
import { drainAllPages } from "../../mm/allocation/drain-cpus";
import { compactMemory } from "../../mm/compaction/compaction";
import { WMARK_HIGH, type Zone } from "../../mm/state/zone";
import { WorkloadRun } from "../../workload/scheduler";
import type { LeafWorkload } from "../../workload/workload";
import { type Chance, chanceOf, SITUATIONS, type Situation, WHEN } from "./chance";
import { countedOf } from "./counts";
import { type Obstacles, obstaclesOf } from "./obstacles";
import { bytesOf, type Want, type Way, type WayName, waysOf } from "./want";

/** A clock, and when the draws are to end by it. */
export interface TimeGiven {
  nowMs(): number;
  endMs: number;
}

export interface DrawPlan {
  want: Want;
  by: readonly WayName[] | undefined;
  seeds: number;
  /** Nobody asked for so many: where a first day leaves much more than is wanted, no second one is run. */
  brief: boolean;
  /** What runs in a day; null: no day is run. */
  day: LeafWorkload | null;
  /** Left out: nothing ends the draws. */
  time: TimeGiven | undefined;
  /** Told what was drawn, in words. */
  tell: ((line: string) => void) | undefined;
}

const DAY_MS = 86_400_000;
/** A day is run in so many parts: after each it is known how long the whole takes. */
const DAY_PARTS = 100;
/** Columns of a machine are copied up to this size, with 16 bytes a frame; larger machines are drawn anew for each request. */
const COPIED_BYTES_MOST = 1.5 * 2 ** 30;
const COLUMN_BYTES = 16;

/** A choice: a day that leaves so many times what is wanted is run once. */
const SPARE_TIMES = 2;

/** A machine before any request, which can be brought back. */
interface Fresh {
  seed: number;
  system: System;
  copy: Checkpoint | null;
}

export class Draws {
  readonly obstacles: Obstacles[] = [];
  pageSize = 4096;
  pageblockPages = 512;
  private ways: Way[] = [];
  /** By way: the counts leave enough free blocks for it. */
  private enough: boolean[] = [];
  private spare: boolean[] = [];
  private fresh: Fresh | null = null;
  private readonly had = new Map<string, number[]>();
  /** How long one draw takes; of a day that was not run to its end: how long it would. */
  private readonly drawMs = new Map<Situation, number>();

  constructor(
    private readonly machine: BootRequest,
    private readonly plan: DrawPlan,
  ) {}

  /**
   * Every situation on the machine of the first seed, then on that of the next. The time given ends the draws from the second seed on.
   * A day is begun on the first one, and given up once it is seen that it takes longer than there is time. What the counts settle
   * is drawn once; if they settle everything, no second machine is drawn.
   */
  run(): void {
    for (let seed = 1; seed <= this.plan.seeds; seed++) {
      const open = this.situations().filter((situation) => this.open(situation).length > 0);
      if (seed > 1 && open.length === 0) {
        this.plan.tell?.("the counts settle the rest: every further machine would grant it");
        return;
      }
      for (const situation of open) {
        if (seed > 1 && this.left() < (this.drawMs.get(situation) ?? 0)) continue;
        this.draw(situation, seed);
      }
      this.leave();
      if (this.left() <= 0 || this.asked().length === 0) return;
    }
  }

  chances(): Chance[] {
    return this.situations().flatMap((situation) =>
      this.ways.map((way, i) => {
        const values = this.had.get(`${situation} ${i}`) ?? [];
        const fewer = values.length < this.plan.seeds && way.never === undefined;
        const ended = fewer ? this.endedBy(situation, i) : null;
        const cut = this.plan.time !== undefined && fewer && ended === null;
        return chanceOf(situation, way, values, {
          drawMs: (cut && this.drawMs.get(situation)) || null,
          ended,
        });
      }),
    );
  }

  private situations(): Situation[] {
    return SITUATIONS.filter((s) => s !== "day" || this.plan.day !== null);
  }

  private left(): number {
    const { time } = this.plan;
    return time === undefined ? Number.POSITIVE_INFINITY : time.endMs - time.nowMs();
  }

  /** Indices of the ways that no rule refuses. */
  private asked(): number[] {
    return this.ways.flatMap((way, i) => (way.never === undefined ? [i] : []));
  }

  /** Ways that are still to be drawn in a situation; before the first machine there are none yet, and all are open. */
  private open(situation: Situation): readonly unknown[] {
    return this.ways.length === 0 ? [situation] : this.asked().filter((i) => !this.isSettled(situation, i));
  }

  /**
   * Every machine drawn has the same counts. If these leave enough pieces as free blocks above the watermarks, a request for such
   * blocks moves no page and depends on no place: the machine drawn first has shown it, and the others give the same.
   */
  private isSettled(situation: Situation, way: number): boolean {
    return this.endedBy(situation, way) !== null;
  }

  /**
   * Why the first machine is the last one for a way. A day that ends with many free pieces is not drawn again either, unless so many
   * machines were asked for: how it ends is drawn, but a second one would have to take half of what the first one left.
   */
  private endedBy(situation: Situation, way: number): Chance["ended"] {
    if (this.enough[way] !== true) return null;
    const [first] = this.had.get(`${situation} ${way}`) ?? [];
    if (first === undefined || first < this.ways[way]!.wanted) return null;
    if (situation !== "day") return "counts";
    return this.plan.brief && this.spare[way] === true ? "spare" : null;
  }

  /** Every way on the same machine, which is brought back in between: no request changes another's memory. */
  private draw(situation: Situation, seed: number): void {
    const began = this.plan.time?.nowMs() ?? 0;
    let system = this.machineOf(seed);
    if (situation === "now") this.survey(system);
    const open = this.asked().filter((i) => !this.isSettled(situation, i));
    if (open.length === 0 || !this.prepare(system, situation, seed)) return;
    const again = this.fresh?.copy !== null && open.length > 1;
    const prepared = situation === "now" ? (this.fresh?.copy ?? null) : again ? new Checkpoint(system) : null;
    for (const [k, i] of open.entries()) {
      if (k > 0 && prepared === null) {
        this.leave();
        system = this.machineOf(seed);
        this.prepare(system, situation, seed);
      } else if (k > 0) prepared!.restore();
      this.note(situation, i, this.ways[i]!.ask(system));
    }
    if (situation !== "now") prepared?.release();
    if (this.plan.time !== undefined) this.drawMs.set(situation, this.plan.time.nowMs() - began);
    this.plan.tell?.(`machine ${seed} of ${this.plan.seeds}: ${this.got(situation, open)}`);
  }

  private got(situation: Situation, asked: readonly number[]): string {
    const got = asked.map((i) => {
      const { what, wanted } = this.ways[i]!;
      const value = this.had.get(`${situation} ${i}`)!.at(-1)!;
      return `${what}: ${wanted === 1 ? (value >= 1 ? "granted" : "refused") : `${value} of ${wanted}`}`;
    });
    return `${WHEN[situation]}: ${got.join("; ")}`;
  }

  /** The machine of a seed before any request. */
  private machineOf(seed: number): System {
    if (this.fresh?.seed === seed && this.fresh.copy !== null) {
      this.fresh.copy.restore();
      return this.fresh.system;
    }
    this.leave();
    const system = System.boot(this.machine, { placement: seed });
    if (this.ways.length === 0) {
      this.ways = waysOf(this.plan.want, this.plan.by, system);
      this.enough = this.ways.map((way) => this.countsSuffice(way, system.pageSize));
      this.pageSize = system.pageSize;
      this.pageblockPages = system.memory.pageblockPages;
    }
    const copied = system.memory.endPfn * COLUMN_BYTES <= COPIED_BYTES_MOST && this.asked().length > 0;
    this.fresh = { seed, system, copy: copied ? new Checkpoint(system) : null };
    return system;
  }

  /** After the first day: the ways for which it left twice the free pieces that are wanted, or more. */
  private noteSpare({ memory: { zones }, pageSize }: System): void {
    this.spare = this.ways.map(({ bytes, wanted }) => {
      const pages = Math.ceil(bytes / pageSize);
      return zones.reduce((n, zone) => n + freePieces(zone, pages), 0) >= SPARE_TIMES * wanted;
    });
  }

  /** A gigantic page and a range of alloc_contig_pages() are no blocks of the page allocator, and areas of CMA have places. */
  private countsSuffice({ by, bytes, wanted, aligned }: Way, pageSize: number): boolean {
    if (aligned || (by !== "buddy" && by !== "hugetlb-runtime")) return false;
    const want: Want = { kind: "huge", bytes, count: wanted };
    return countedOf(want, this.machine.state!, pageSize).verdict === "enough";
  }

  private leave(): void {
    this.fresh?.copy?.release();
    this.fresh?.system.release();
    this.fresh = null;
  }

  private survey(system: System): void {
    this.obstacles.push(obstaclesOf(system.memory, bytesOf(this.plan.want, system), system.pageSize));
  }

  /** False if there was no time for it. */
  private prepare(system: System, situation: Situation, seed: number): boolean {
    if (situation === "dropped") dropCaches(system);
    if (situation === "dropped" || situation === "compacted") compactMemory(system.memory);
    if (situation !== "day") return true;
    const ran = this.runDay(system, seed);
    if (ran && seed === 1) this.noteSpare(system);
    return ran;
  }

  /** The first part is run whatever the time is: it tells how long a day takes. */
  private runDay(system: System, seed: number): boolean {
    const began = this.plan.time?.nowMs() ?? 0;
    const start = system.nowMs;
    const run = new WorkloadRun(system, new Random(seed).fork("advise"));
    run.start(this.plan.day!);
    for (let part = 1; part <= DAY_PARTS; part++) {
      run.runUntil(start + (DAY_MS * part) / DAY_PARTS);
      if (part % 10 === 0) this.plan.tell?.(`machine ${seed} of ${this.plan.seeds}: ${part} % of a day`);
      if (this.plan.time === undefined || part === DAY_PARTS) continue;
      const whole = ((this.plan.time.nowMs() - began) * DAY_PARTS) / part;
      if (this.left() >= whole * (1 - part / DAY_PARTS)) continue;
      if (!this.drawMs.has("day")) this.drawMs.set("day", whole);
      this.plan.tell?.(`a day takes longer than there is time: given up after ${part} % of it`);
      return false;
    }
    return true;
  }

  private note(situation: Situation, way: number, value: number): void {
    const key = `${situation} ${way}`;
    const values = this.had.get(key) ?? [];
    values.push(value);
    this.had.set(key, values);
  }
}

/** Clean pages of files go; those of slab stay, as nothing is known of their objects. */
function dropCaches({ lru, memory }: System): void {
  while (lru.shrinkFile(1 << 20) > 0);
  drainAllPages(memory);
}

/** Pieces in free blocks of their size or larger, after which the zone is still above its high watermark and its reserves. */
function freePieces(zone: Zone, pages: number): number {
  const whole = zone.nrFree.reduce((n, blocks, order) => n + blocks * Math.floor(2 ** order / pages), 0);
  const kept = zone.wmark[WMARK_HIGH]! + zone.watermarkBoost + Math.max(0, largestOf(zone.lowmemReserve));
  const free = zone.nrFreePages - zone.nrFreeCma - zone.nrReservedHighatomic;
  return Math.max(0, Math.min(whole, Math.floor((free - kept) / pages)));
}
