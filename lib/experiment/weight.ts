/**
 * What a plan weighs: the most memory that its run can take, from its fields, before anything of it is run. Whoever lets plans in has a
 * limit: low for those of strangers (`verify`, a cluster, a page), high for one's own, and PAGEBLOCK_MEMORY sets it. The time that a
 * plan is likely to take (plan-time.ts) is limited for strangers only, and PAGEBLOCK_SECONDS sets that limit.
 *
 * Measured on Node 20, x86-64, with `steps` that fill and pin machines of 4 and 16 GiB, and with a million requests.
 */
import { InputError, NoResult, quoted } from "../base/errors";
import { pageWorkers } from "../base/page-workers";
import { formatSize, GiB, MiB, parseSize } from "../base/units";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import type { StepPlan } from "../plan/steps";
import { REQUEST_DEFAULTS } from "../strategy/request";
import { resolveParameters } from "../workload";
import { leavesOf, type WorkloadSpec } from "../workload/workload";
import type { Plan } from "./plan";

/** Columns and lists of a page that is in use. */
const PAGE_BYTES = 40;
/** What holds one. */
const PIN_BYTES = 140;
/** The row of a request in an outcome, with what measures it. */
const REQUEST_BYTES = 280;
/** The process, and a small machine. */
export const BASE_BYTES = 64 * MiB;
/** Lists of one processor in four zones: measured 1 KB each when empty, and 7 KB when every list was used. */
const CPU_BYTES = 4 * 7 * 1024;
/** Share of the memory that a kernel and its drivers take at boot. */
const BOOT_SHARE = 0.02;

/** One's own plans, unless PAGEBLOCK_MEMORY says otherwise. */
export const OWN_BYTES = 16 * GiB;
/** Those of strangers. The workers of a page take as much together: each has its share. */
export const STRANGER_BYTES = 4 * GiB;
/** Seconds of one core that a stranger's plan may be likely to take; one's own may take any time. */
export const STRANGER_SECONDS = 3600;

/** The environment variable with the limit, as a size. */
export const MEMORY_VARIABLE = "PAGEBLOCK_MEMORY";
/** The same for the time that a plan may be likely to take, in seconds of one core. */
export const SECONDS_VARIABLE = "PAGEBLOCK_SECONDS";

/** The most memory that a plan may take in this process. Throws InputError for a variable that is no size. */
export function memoryLimit(otherwise = OWN_BYTES): number {
  if (inBrowser()) return pageWorkerBytes(globalThis.navigator?.hardwareConcurrency);
  const given = process.env[MEMORY_VARIABLE];
  return given === undefined || given === "" ? otherwise : parseSize(given, MEMORY_VARIABLE);
}

/** The most memory that a plan may take in one worker of a page, on a computer with so many cores. */
export function pageWorkerBytes(cores?: number): number {
  return STRANGER_BYTES / pageWorkers(cores);
}

/** In a browser there is no environment, and plans are a stranger's. */
function inBrowser(): boolean {
  return typeof process === "undefined";
}

/** The most seconds that a plan may be likely to take here. Throws InputError for a variable that is no number of seconds. */
export function timeLimit(otherwise = Number.POSITIVE_INFINITY): number {
  if (inBrowser()) return STRANGER_SECONDS;
  const given = process.env[SECONDS_VARIABLE];
  if (given === undefined || given === "") return otherwise;
  if (!/^\d{1,12}(?:\.\d{1,3})?$/.test(given) || Number(given) === 0)
    throw new InputError(`${SECONDS_VARIABLE}: must be seconds above 0: got ${quoted(given)}`);
  return Number(given);
}

/** Memory that runs of one machine take at most, in bytes: `copies` of it are held. */
export function runBytes({ machine, workload, request }: Plan, copies = 1): number {
  const { pages, pageSize, cpuBytes } = pagesOf(machine);
  const { times = REQUEST_DEFAULTS.times, held = REQUEST_DEFAULTS.held, bytes } = request;
  const asked = (Math.min(held, times) + 1) * (bytes / pageSize) + pages * BOOT_SHARE;
  const used = workload === undefined ? Math.min(pages, asked) : pages;
  const machineBytes = used * PAGE_BYTES + pinned(workload, pages) * PIN_BYTES + cpuBytes;
  return Math.round(BASE_BYTES + copies * machineBytes + times * REQUEST_BYTES);
}

/** Memory that a machine led step by step takes at most, in bytes. */
export function stepsBytes({ machine, steps }: StepPlan): number {
  const { pages, pageSize, cpuBytes } = pagesOf(machine);
  let filled = 0;
  let used = pages * BOOT_SHARE;
  let held = 0;
  for (const step of steps) {
    if (step.do === "fill") filled = Math.min(pages, filled + Math.ceil(step.bytes / pageSize));
    else if (step.do === "pin") held = Math.max(held, step.share * filled);
    else if (step.do === "apply" || step.do === "start") {
      used = pages;
      held = Math.max(held, pinned(step.workload, pages));
    }
  }
  return Math.round(BASE_BYTES + Math.min(pages, used + filled) * PAGE_BYTES + held * PIN_BYTES + cpuBytes);
}

function pagesOf(machine: BootRequest): { pages: number; pageSize: number; cpuBytes: number } {
  const { memoryBytes, geometry, cpus } = resolveBoot(machine);
  const { pageSize } = geometry;
  // A small machine has one already.
  return { pages: memoryBytes / pageSize, pageSize, cpuBytes: (cpus - 1) * CPU_BYTES };
}

function pinned(workload: WorkloadSpec | undefined, pages: number): number {
  let share = 0;
  for (const leaf of leavesOf(workload))
    if (leaf.kind === "pin-pages") share = Math.max(share, Number(resolveParameters(leaf).share));
  return share * pages;
}

/** Throws NoResult for a plan that weighs more than this process may take. */
export function refuseHeavy(bytes: number): void {
  const most = memoryLimit();
  if (bytes > most)
    throw new NoResult(
      `plan: may take up to ${roughly(bytes)} of memory: at most ${formatSize(most)} may be taken here: ` +
        `${MEMORY_VARIABLE}=${roughly(bytes).replace(" ", "")} lets it run`,
    );
}

/** Throws NoResult for plans that are likely to take more seconds than they may here: `secondsOf` is asked only where there is a limit. */
export function refuseLong(secondsOf: () => number): void {
  const most = timeLimit();
  const seconds = most === Number.POSITIVE_INFINITY ? 0 : secondsOf();
  if (seconds > most)
    throw new NoResult(
      `plan: is likely to take ${timeOf(seconds)}: at most ${timeOf(most)} of a core are taken here: ` +
        `${SECONDS_VARIABLE}=${Math.ceil(seconds)} lets it run`,
    );
}

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, "days"],
  [3600, "hours"],
  [60, "minutes"],
];

/** An estimate of time for people, two digits of it: `12 s`, `3.4 hours`. */
export function timeOf(seconds: number): string {
  const [unit, name] = UNITS.find(([unit]) => seconds >= 2 * unit) ?? [1, "s"];
  const digits = Number((seconds / unit).toPrecision(2));
  return `${digits < 0.1 ? "less than 0.1" : digits.toLocaleString("en-US")} ${name}`;
}

/** A size for people: whole GiB from 2 GiB on, otherwise whole MiB, both upwards. */
export function roughly(bytes: number): string {
  return bytes > 2 * GiB ? `${Math.ceil(bytes / GiB)} GiB` : `${Math.ceil(bytes / MiB)} MiB`;
}
