/**
 * Kernel releases by name. A release is resolved by the dates in the tables (kernel-switches.ts,
 * kernel-boot-rules.ts): it need not be a modelled one, but must be between the oldest and the newest of these. A
 * stable or distribution version names its series: 6.1.192 → 6.1.
 */
import { InputError } from "../base/errors";
import { BOOT_RULES, type BootRules } from "./kernel-boot-rules";
import { BEFORE_MODELLED, KERNEL_GAPS } from "./kernel-gaps";
import type { KernelSwitch, SwitchValue } from "./kernel-switch";
import {
  ALLOCATOR_SWITCHES,
  type KernelSwitches,
  MODELLED_KERNELS,
  type ModelledKernel,
} from "./kernel-switches";

/** A release by its series, such as `6.6`: what kernelRelease() returns. */
export type KernelRelease = string;

/** A release that is a row of the table. */
export type ModelledRelease = (typeof MODELLED_KERNELS)[number]["release"];

/** The modelled releases, oldest first. */
export const KERNEL_RELEASES = MODELLED_KERNELS.map(({ release }) => release);

/** The table's data for one release. */
export interface ResolvedKernel {
  release: KernelRelease;
  /** The modelled kernel, if the release is one. */
  row: ModelledKernel | null;
  /** Names of the switches and rules whose value for this release is known, and of those whose value is inferred. */
  known: string[];
  inferred: string[];
  /** For a release that is not a row: its neighbours, what is inferred and what is not modelled. Empty for a row. */
  notes: string[];
}

/** The last release of each major version; the newest has none. */
const LAST_OF_MAJOR: Readonly<Record<string, number>> = { "4": 20, "5": 19, "6": 19 };

type Table = Readonly<Record<string, KernelSwitch>>;
const ALLOCATOR: Table = ALLOCATOR_SWITCHES;
const BOOT: Table = BOOT_RULES;

const rows = (): readonly ModelledKernel[] => MODELLED_KERNELS;

/** A number that orders releases: 5.9 before 5.10, 2.6.32 before 2.6.39. */
function rank(release: string): number {
  const [major, minor, patch] = release.split(".");
  return Number(major) * 1000 + Number(minor) + Number(patch ?? 0) / 1000;
}

/** Below 0: `a` is older than `b`; 0: the same. */
export function compareReleases(a: KernelRelease, b: KernelRelease): number {
  return rank(a) - rank(b);
}

/** The series in a version's name, or undefined. */
export function seriesOf(text: string): KernelRelease | undefined {
  return /^v?((?:0|[1-9]\d*)\.(?:0|[1-9]\d*))(?:[.+-].*)?$/.exec(text.trim())?.[1];
}

/** The series of any release from 2.6 on in a version's name, `2.6.32-754.el6` → `2.6.32`, or undefined. */
export function anySeries(text: string): KernelRelease | undefined {
  const old = /^v?(2\.6\.(?:0|[1-9]\d?))(?!\d)/.exec(text.trim())?.[1];
  const series = old ?? /^v?((?:[3-9]|[1-9]\d)\.(?:0|[1-9]\d{0,2}))(?![\d])/.exec(text.trim())?.[1];
  return series;
}

/** A release that somebody has, and the nearest one that is modelled by dates. */
export interface NearestKernel {
  /** As it was written. */
  text: string;
  /** `2.6.32`, `3.10`, `6.1`; dates of differences before 4.17 are compared with it. */
  series: KernelRelease;
  /** A release that kernelSwitches() and bootRules() take. */
  release: KernelRelease;
  /** What differs, for a release that is not modelled. Empty within the modelled range. */
  notes: string[];
}

/**
 * Any release from 2.6 on, mapped to the nearest that the tables date: the oldest for an older one, the newest for a
 * newer one, with notes of what differs. Undefined for text that names no release.
 * @example
 * ```ts
 * import { nearestKernel } from "pageblock";
 *
 * nearestKernel("3.10.0-693.el7.x86_64")!.series; // => "3.10"
 * nearestKernel("3.10.0-693.el7.x86_64")!.release; // => "4.17"
 * nearestKernel("6.6.30-v8+")!.release; // => "6.6"
 * ```
 */
export function nearestKernel(text: string): NearestKernel | undefined {
  const series = anySeries(text);
  if (series === undefined) return undefined;
  const oldest = rows()[0]!.release;
  const newest = rows().at(-1)!.release;
  if (compareReleases(series, oldest) < 0) {
    const notes = BEFORE_MODELLED.filter(({ until }) => compareReleases(series, until!) < 0).map(
      ({ note }) => note,
    );
    const first = `Linux ${series} is older than the oldest modelled release, ${oldest}, whose rules are used where the list below says nothing else`;
    return { text, series, release: oldest, notes: [first, ...notes] };
  }
  if (compareReleases(series, newest) > 0)
    return {
      text,
      series,
      release: newest,
      notes: [`Linux ${series} is newer than the newest modelled release, ${newest}, whose rules are used`],
    };
  const [major, minor] = series.split(".");
  const last = LAST_OF_MAJOR[major!];
  if (last === undefined || Number(minor) <= last) return { text, series, release: series, notes: [] };
  const release = `${major}.${last}`;
  const note = `Linux ${major}.x ended with ${release}, whose rules are used for ${series}`;
  return { text, series, release, notes: [note] };
}

/**
 * `6.6`, `v6.6`, `6.6.30-1` → `6.6`. Throws InputError for text that is not a release, or a release older
 * or newer than the modelled ones.
 * @example
 * ```ts
 * kernelRelease("6.12.107-1") === "6.12";
 * ```
 */
export function kernelRelease(text: string): KernelRelease {
  const modelled = rows().map((row) => row.release);
  const range = `releases from ${modelled[0]} to ${modelled.at(-1)} can be named; modelled are ${modelled.join(", ")}`;
  const got = `got ${JSON.stringify(text)}`;
  const series = seriesOf(text);
  if (series === undefined)
    throw new InputError(`kernel: a release is written like 6.1 or 6.1.192: ${range}: ${got}`);
  if (compareReleases(series, modelled[0]!) < 0)
    throw new InputError(`kernel: ${series} is older than the oldest modelled release: ${range}: ${got}`);
  if (compareReleases(series, modelled.at(-1)!) > 0)
    throw new InputError(`kernel: ${series} is newer than the newest modelled release: ${range}: ${got}`);
  const [major, minor] = series.split(".");
  const last = LAST_OF_MAJOR[major!];
  if (last !== undefined && Number(minor) > last)
    throw new InputError(`kernel: Linux ${major}.x ended with ${major}.${last}: ${range}: ${got}`);
  return series;
}

/** The value a switch has in `release`. */
export function valueIn<V extends SwitchValue>(s: KernelSwitch<V>, release: KernelRelease): V {
  if (Object.hasOwn(s.backports, release)) return s.backports[release]!;
  let value = s.oldest;
  for (const [next, arrival] of s.values) if (compareReleases(arrival.release, release) <= 0) value = next;
  return value;
}

/** A table's values for one release, looked up once. */
function valuesIn(table: Table, release: KernelRelease, seen: Map<KernelRelease, object>): object {
  let values = seen.get(release);
  if (values === undefined) {
    const entries = Object.entries(table).map(([name, s]) => [name, valueIn(s, release)]);
    values = Object.freeze(Object.fromEntries(entries)) as object;
    seen.set(release, values);
  }
  return values;
}

const switchesSeen = new Map<KernelRelease, object>();
const rulesSeen = new Map<KernelRelease, object>();

/** The allocator's switches in `release`. */
export function kernelSwitches(release: KernelRelease): Readonly<KernelSwitches> {
  return valuesIn(ALLOCATOR, kernelRelease(release), switchesSeen) as KernelSwitches;
}

/** The rules of boot, set-up and reports in `release`. */
export function bootRules(release: KernelRelease): Readonly<BootRules> {
  return valuesIn(BOOT, kernelRelease(release), rulesSeen) as BootRules;
}

/**
 * Whether the value of `s` in `release` is inferred: no source of this release was read, and a change between the nearest
 * modelled releases has an inferred date.
 */
function isInferred(s: KernelSwitch, release: KernelRelease): boolean {
  const modelled = rows().map((row) => row.release);
  if (modelled.includes(release)) return false;
  const below = modelled.filter((r) => compareReleases(r, release) < 0).at(-1)!;
  const above = modelled.find((r) => compareReleases(r, release) > 0)!;
  return s.values.some(
    ([, { release: at, known }]) =>
      !known && compareReleases(at, below) > 0 && compareReleases(at, above) <= 0,
  );
}

/**
 * Switches that the stable version of the modelled row below or above `release` carries and mainline brought only after
 * `release`. A row that stands for a mainline release, such as 6.19.0, has no back-ports: what it has early is its own.
 */
function laterBackports(release: KernelRelease, neighbours: readonly ModelledKernel[]): string[] {
  const stable = neighbours.filter((row) => !row.standsFor.endsWith(".0")).map((row) => row.release);
  return Object.entries(ALLOCATOR).flatMap(([name, s]) =>
    stable.some(
      (row) =>
        Object.hasOwn(s.backports, row) &&
        s.values.some(
          ([value, arrival]) => value === s.backports[row] && compareReleases(arrival.release, release) > 0,
        ),
    )
      ? [name]
      : [],
  );
}

function notesOn(release: KernelRelease, known: readonly string[], inferred: readonly string[]): string[] {
  const below = rows()
    .filter((row) => compareReleases(row.release, release) < 0)
    .at(-1)!;
  const above = rows().find((row) => compareReleases(row.release, release) > 0)!;
  const where = `Linux ${release} is not recorded: its rules are resolved by date, between the modelled ${below.release} and ${above.release}`;
  const notes = [
    inferred.length === 0
      ? `${where}; all ${known.length} are known`
      : `${where}; ${known.length} are known, ${inferred.length} inferred: ${inferred.join(", ")}`,
  ];
  const later = laterBackports(release, [below, above]);
  if (later.length > 0)
    notes.push(
      `as mainline released it; stable versions of ${release} may carry later fixes: ${later.join(", ")}`,
    );
  for (const { from, until, note } of KERNEL_GAPS)
    if (
      (from === undefined || compareReleases(from, release) <= 0) &&
      (until === undefined || compareReleases(until, release) > 0)
    )
      notes.push(`not modelled: ${note}`);
  return notes;
}

/**
 * What is known about a release, in any spelling that kernelRelease() takes.
 * @example
 * ```ts
 * import { resolveKernel } from "pageblock";
 *
 * const longterm = resolveKernel("6.6.30");
 * longterm.release; // => "6.6"
 * longterm.row; // => null
 * longterm.notes.length > 0; // => true
 * ```
 */
export function resolveKernel(text: string): ResolvedKernel {
  const release = kernelRelease(text);
  const row = rows().find((r) => r.release === release) ?? null;
  const known: string[] = [];
  const inferred: string[] = [];
  for (const [name, s] of [...Object.entries(ALLOCATOR), ...Object.entries(BOOT)])
    (isInferred(s, release) ? inferred : known).push(name);
  return { release, row, known, inferred, notes: row === null ? notesOn(release, known, inferred) : [] };
}
