/**
 * Long uptime: the loads of a profile share a budget of pages per simulated day. A month cannot be run page by page, and need not
 * be: pages freed in another order than they were taken change the layout of memory, and a part of each day's pages suffices for
 * that. The budget is a modelling choice:
 *
 *     pages per day = intensity × 5 % × pages of 4 GiB × (memory / 4 GiB)^¼
 *
 * so that a 4 GiB machine turns over 5 % of its memory per day, and activity grows more slowly than memory. Days are twice as busy
 * as nights. During its first 12 hours a machine fills: processes reach their number, and the page cache takes what is free.
 */
import { pow } from "../base/power";
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, name, number, type OutOf } from "../schema/field";
import { duration, FILE_SYSTEM } from "./parameters";
import { PROFILES, type ProfilePart, profileParts } from "./uptime-profiles";
import { type Actor, defineWorkload, type RatedMachine } from "./workload";

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** The clock moves hour by hour, and kcompactd looks as often; the loads take turns ten times as often. */
const STEP_MS = HOUR_MS;
const ROUNDS = 10;
const ROUND_MS = STEP_MS / ROUNDS;
/** Hours of the day, and how much busier they are. */
const DAY_FROM = 8;
const DAY_TO = 20;
const DAY_BUSY = 4 / 3;
const NIGHT_BUSY = 2 / 3;
/** Every four hours the level of each load changes: day 0.6 to 1.4 of the usual, night half of that, a rush twice. */
const SHIFT_MS = 4 * HOUR_MS;
const NIGHT_LEVEL = 0.5;
const RUSH_CHANCE = 0.05;
const RUSH = 2;
/** Share of memory turned over in a day at 4 GiB. */
const TURNOVER_A_DAY = 0.05;
/** A machine of 16 times the memory is twice as busy. */
const GROWTH = 0.25;
const REFERENCE_BYTES = 4 * 2 ** 30;
/** In the first hours as many pages are asked for as are free, and files are read for as many again. */
const FILL = 1;
const FILL_MS = 12 * HOUR_MS;
/** Share of memory that is still free when it counts as full. */
const FULL = 0.04;

/** Pages asked for in a simulated day once the machine has filled. */
export function pagesADay(system: RatedMachine, intensity: number): number {
  const reference = REFERENCE_BYTES / system.pageSize;
  return intensity * TURNOVER_A_DAY * reference * pow(system.managedPages / reference, GROWTH);
}

export class UptimeActor implements Actor {
  nextMs: number;
  private readonly system: System;
  private readonly parts: ProfilePart[];
  private readonly startMs: number;
  private readonly daily: number;
  private readonly fill: number;
  private readonly owed: Float64Array;
  private readonly random: Random;
  private readonly cpus: Random;

  constructor(system: System, random: Random, { profile, intensity, fileSystem }: Ageing, startMs: number) {
    this.system = system;
    this.startMs = startMs;
    this.random = random.fork("levels");
    this.cpus = random.fork("cpus");
    this.nextMs = startMs;
    this.daily = pagesADay(system, intensity);
    // Fills what is free now: a machine that has aged before is not filled twice.
    this.fill = FILL * system.freePages;
    this.parts = profileParts(profile, system, random, fileSystem);
    this.owed = new Float64Array(this.parts.length);
  }

  step(): void {
    const since = this.nextMs - this.startMs;
    if (since > 0 && since % WEEK_MS === 0) for (const part of this.parts) part.weekly?.();
    if (since % SHIFT_MS === 0) this.changeShift(since);
    const hour = (since / HOUR_MS + DAY_FROM) % 24;
    const day = hour >= DAY_FROM && hour < DAY_TO;
    for (let round = 0; round < ROUNDS; round++) this.round(since, day);
    this.nextMs += STEP_MS;
  }

  /** A part of an hour's work: every load has its turn. */
  private round(since: number, day: boolean): void {
    const pages = this.daily * (ROUND_MS / DAY_MS) * (day ? DAY_BUSY : NIGHT_BUSY);
    const filling = since < FILL_MS && this.system.freePages > FULL * this.system.managedPages;
    const fill = filling ? this.fill * (ROUND_MS / FILL_MS) : 0;
    for (let i = 0; i < this.parts.length; i++) {
      const part = this.parts[i]!;
      const nightly = part.nightly !== undefined && (!day || filling);
      const share = filling && nightly ? 1 : day ? part.day : part.night;
      const due = pages * share + fill * (part.fill ?? share);
      this.owed[i] = Math.min(this.owed[i]! + due, 4 * due + 1);
      const whole = Math.floor(this.owed[i]!);
      if (whole <= 0) continue;
      this.system.runAnywhere(this.cpus);
      this.owed[i]! -= nightly ? part.nightly!(whole) : part.load.turn(whole);
    }
    this.system.memory.runOn(0);
  }

  /** How many processes, buffers and objects there are: more by day, no day like another, and now and then a rush. */
  private changeShift(since: number): void {
    const { random } = this;
    const hour = (since / HOUR_MS + DAY_FROM) % 24;
    const usual = hour >= DAY_FROM && hour < DAY_TO ? 1 : NIGHT_LEVEL;
    for (const part of this.parts) {
      const rush = random.chance(RUSH_CHANCE) ? RUSH : 1;
      part.load.scale?.(Math.min(RUSH, usual * (0.6 + 0.8 * random.float()) * rush));
    }
  }

  /** The machine's processes and caches stay, because a machine that is asked for memory is in use. */
  stop(): void {
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

/** Parameters of the workloads that age a machine. */
export const AGEING_PARAMETERS = {
  profile: filled(name("the machine's role, which determines its loads", PROFILES, { default: "server" })),
  intensity: filled(
    number("activity relative to the budget of the model", "factor", { default: 1, most: 100 }),
  ),
  fileSystem: FILE_SYSTEM,
};

type Ageing = OutOf<typeof AGEING_PARAMETERS>;

export const uptime = defineWorkload({
  kind: "uptime",
  title: "long uptime",
  summary:
    "A machine runs the loads of its profile, day and night, for the given time. The loads share a budget of pages per simulated day; memory fills on the first day. Pages in use at the end stay in memory.",
  parameters: { duration: duration("30 days"), ...AGEING_PARAMETERS },
  leaves: [
    "anon",
    "shmem",
    "fileClean",
    "fileDirty",
    "slab",
    "slabReclaimable",
    "pageTable",
    "kernelStack",
    "networkBuffer",
  ],
  durationMs: (p) => p.duration,
  pagesPerSecond: (p, system) => pagesADay(system, p.intensity) / (DAY_MS / 1000),
  start: (system, p, random, startMs) => new UptimeActor(system, random, p, startMs),
});
