/** From the state of a plan to the numbers of the script: shares of the memory that it may use, in parts per million. */
import { InputError } from "../base/errors";
import { formatSize, GiB, KiB, MiB, parseSize, type Size } from "../base/units";
import type { OwnerKind } from "../mm/state/owners";
import { type Plan, planHash } from "../plan/run";
import { resolveStrategy } from "../strategy";
import { memoryRequest, REQUEST_DEFAULTS } from "../strategy/request";
import { SHOWS } from "./comparable";
import type { Scene } from "./scene";

/** What the programs of the folder make, by the kinds of pages that they stand for. */
export const MADE_OF = {
  anon: ["anon", "shmem"],
  file: ["fileClean", "fileDirty"],
  pipe: ["slab", "kernelStack", "driver", "unknown"],
  socket: ["networkBuffer"],
  table: ["pageTable"],
  dentry: ["slabReclaimable"],
} as const satisfies Readonly<Record<string, readonly OwnerKind[]>>;
export type Made = keyof typeof MADE_OF;

const MILLION = 1_000_000;
/** The request gets a sixteenth of memory at least: as much as the model's own probe for huge pages asks for. */
const LEFT_LEAST = MILLION / 16;
/** Memory is turned over at most so often in one run. */
const TURNOVER_MOST = 20;
const MEMORY_LEAST = 16 * MiB;
const MEMORY_MOST = 1024 * GiB;
const SECONDS = { least: 2, most: 86_400, default: 60 } as const;
/** Seconds that the programs have to take their memory. */
const FILL_SECONDS = 120;
/** Requests that are put; plans may ask a million times. */
const REQUESTS_MOST = 1000;

/** How much the script may use, and for how long. */
export interface ReproduceOptions {
  /** Most memory to use, from 16 MiB. Default: a quarter of MemAvailable where the script runs. */
  memory?: Size;
  /** The script ends if MemAvailable falls below this. Default: a quarter of MemAvailable at its start. */
  floor?: Size;
  /** How long the state is held, from 2 s to a day. Default 60. */
  seconds?: number;
}

/** The numbers in run.sh by name; −1: the plan does not set this sysctl. */
export type Settings = Readonly<Record<string, number>>;

export interface Amounts {
  planHash: string;
  settings: Settings;
  /** Share of the allowed memory for each kind that is made, for holes, pins and the request. */
  shares: Readonly<Record<Made | "holes" | "pins" | "left", number>>;
  /** By how much the state was scaled down, so that the request finds room. 1: not. */
  scaled: number;
}

/** The numbers of the script. Throws InputError for an option out of range. */
export function amountsOf(plan: Plan, scene: Scene, options: ReproduceOptions = {}): Amounts {
  const shares = sharesOf(scene);
  const ppm = (share: number) => Math.floor(share * MILLION);
  const { fileDirty = 0 } = scene.added;
  const file = pagesOf(scene, "file");
  const request = memoryRequest(plan.request);
  const { times, held } = { ...REQUEST_DEFAULTS, ...plan.request };
  const strategy = resolveStrategy(plan.strategy).strategy.name;
  const turned = turnover(scene, shares);
  return {
    planHash: planHash(plan),
    shares: withoutScale(shares),
    scaled: shares.scaled,
    settings: {
      MEMORY_KIB: options.memory === undefined ? 0 : memoryOf(options.memory) / KiB,
      HOLD_SECONDS: secondsOf(options.seconds ?? SECONDS.default),
      FILL_SECONDS,
      FLOOR_KIB: options.floor === undefined ? 0 : Math.ceil(sizeOf(options.floor, "floor") / KiB),
      SEED: plan.seed,
      PPM_ANON: ppm(shares.anon),
      PPM_HOLES: ppm(shares.holes),
      PPM_ANON_TURNOVER: ppm(turned.anon),
      PPM_FILE: ppm(shares.file),
      PPM_FILE_TURNOVER: ppm(turned.file),
      PPM_DIRTY: file === 0 ? 0 : ppm(fileDirty / file),
      PPM_PIPE: ppm(shares.pipe),
      PPM_SOCKET: ppm(shares.socket),
      PPM_TABLE: ppm(shares.table),
      PPM_DENTRY: ppm(shares.dentry),
      PPM_PIN: ppm(shares.pins),
      PPM_LEFT: ppm(shares.left),
      PPM_SHOWS: ppm(SHOWS),
      HUGETLB: strategy.startsWith("hugetlb-") ? 1 : 0,
      CMA: /^(?:cma|guaranteed-cma)/.test(strategy) ? 1 : 0,
      REQUEST_KIB: Math.ceil(request.bytes / KiB),
      REQUEST_TIMES: Math.min(times, REQUESTS_MOST),
      REQUEST_HELD: Math.min(held, REQUESTS_MOST),
      ...sysctls(plan),
    },
  };
}

function withoutScale({ scaled: _, ...shares }: ReturnType<typeof sharesOf>): Amounts["shares"] {
  return shares;
}

function pagesOf(scene: Scene, made: Made): number {
  return MADE_OF[made].reduce((pages, kind) => pages + (scene.added[kind] ?? 0), 0);
}

function sharesOf(scene: Scene): Amounts["shares"] & { scaled: number } {
  const share = (pages: number) => pages / scene.managedPages;
  const anon = pagesOf(scene, "anon");
  const pins = Math.min(scene.pinnedPages, anon);
  const wanted = {
    anon: share(anon - pins),
    file: share(pagesOf(scene, "file")),
    pipe: share(pagesOf(scene, "pipe")),
    socket: share(pagesOf(scene, "socket")),
    table: share(pagesOf(scene, "table")),
    dentry: share(pagesOf(scene, "dentry")),
    holes: share(scene.scatteredPages),
    pins: share(pins),
  };
  const all = Object.values(wanted).reduce((a, b) => a + b, 0);
  const scaled = Math.min(1, (1 - LEFT_LEAST / MILLION) / Math.max(all, Number.MIN_VALUE));
  const shares = Object.fromEntries(
    Object.entries(wanted).map(([name, value]) => [name, value * scaled]),
  ) as typeof wanted;
  return { ...shares, left: 1 - all * scaled, scaled };
}

/** Memory replaced in the whole run, as shares of the allowed memory: as many times the held memory as in the model, up to a limit. */
function turnover(scene: Scene, shares: Amounts["shares"]): { anon: number; file: number } {
  const held = pagesOf(scene, "anon");
  const others = Object.values(scene.added).reduce((a, b) => a + b, 0);
  const times = Math.min(TURNOVER_MOST, scene.freedPages / Math.max(1, others));
  const file = pagesOf(scene, "file");
  const fileTimes = Math.min(TURNOVER_MOST, scene.droppedPages / Math.max(1, file));
  return { anon: held === 0 ? 0 : times * shares.anon, file: fileTimes * shares.file };
}

/** Fields of a machine that are sysctls of a real one too, and whose values do not depend on the size of its memory. */
export const SHARED_SYSCTLS = {
  watermarkScaleFactor: "SYSCTL_WATERMARK_SCALE_FACTOR",
  watermarkBoostFactor: "SYSCTL_WATERMARK_BOOST_FACTOR",
  extfragThreshold: "SYSCTL_EXTFRAG_THRESHOLD",
  compactionProactiveness: "SYSCTL_COMPACTION_PROACTIVENESS",
  defragMode: "SYSCTL_DEFRAG_MODE",
} as const;

function sysctls({ machine }: Plan): Settings {
  return Object.fromEntries(
    Object.entries(SHARED_SYSCTLS).map(([field, name]) => {
      const value = machine[field as keyof typeof SHARED_SYSCTLS];
      return [name, value === undefined ? -1 : Number(value)];
    }),
  );
}

function memoryOf(memory: Size): number {
  const bytes = sizeOf(memory, "memory");
  if (bytes < MEMORY_LEAST)
    throw new InputError(
      `memory: must be ${formatSize(MEMORY_LEAST)} or more, so that every kind of memory gets some pages: got ${formatSize(bytes)}`,
    );
  return Math.floor(bytes / KiB) * KiB;
}

function sizeOf(given: Size, what: string): number {
  const bytes = parseSize(given, what);
  if (bytes > MEMORY_MOST)
    throw new InputError(`${what}: must be at most ${formatSize(MEMORY_MOST)}: got ${formatSize(bytes)}`);
  return bytes;
}

function secondsOf(seconds: number): number {
  if (!Number.isInteger(seconds) || seconds < SECONDS.least || seconds > SECONDS.most)
    throw new InputError(
      `seconds: must be a whole number from ${SECONDS.least} to ${SECONDS.most}: got ${seconds}`,
    );
  return seconds;
}
