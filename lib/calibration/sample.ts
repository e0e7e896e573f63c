/** A sample of a real machine: a folder with texts of its /proc and, if there is one, the class of each page frame. */

import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import { isFolder } from "../base/open-regular";
import { decodeClasses } from "../machine/frame-map";
import type { FreeCounts } from "../mm/reports/buddyinfo";
import { parseBuddyinfo } from "../trace/buddyinfo-text";
import { findInput, readInput } from "../trace/input";
import { isMachineSnapshot, type MachineSnapshot, parseMachineSnapshot } from "../trace/machine-snapshot";
import { readClassMap } from "./class-map";
import {
  type PageTypes,
  parseMeminfo,
  parsePagetypeinfo,
  parseSlabinfo,
  parseUptime,
  parseVmstat,
  parseZoneinfo,
  type SlabLine,
  type ZoneLines,
} from "./proc-texts";

/** What is known of a machine at one time. Every part may be missing, but one of meminfo, vmstat and buddyinfo is there. */
export interface Sample {
  /** The folder, or the file. */
  name: string;
  /** Bytes of a page: from the ratio of kB and pages if both are there, otherwise 4096. */
  pageSize: number;
  /** Seconds since boot. */
  uptime?: number;
  meminfo?: ReadonlyMap<string, number>;
  vmstat?: ReadonlyMap<string, number>;
  buddyinfo?: readonly FreeCounts[];
  pagetypeinfo?: PageTypes;
  slabinfo?: readonly SlabLine[];
  zoneinfo?: readonly ZoneLines[];
  /** One byte per frame, from frame 0 up: an index of CLASSES. */
  classes?: Uint8Array;
}

/** The texts by the name of the file under /proc. */
const TEXTS = {
  uptime: parseUptime,
  meminfo: parseMeminfo,
  vmstat: parseVmstat,
  buddyinfo: (text: string, file: string): readonly FreeCounts[] => parseBuddyinfo(text, file),
  pagetypeinfo: parsePagetypeinfo,
  slabinfo: parseSlabinfo,
  zoneinfo: parseZoneinfo,
} as const;
type TextName = keyof typeof TEXTS;
const NAMES = Object.keys(TEXTS) as TextName[];

/** How a text begins, for a file given by itself. */
const BEGINNINGS: readonly (readonly [RegExp, TextName])[] = [
  [/^MemTotal:/m, "meminfo"],
  [/^slabinfo - version/, "slabinfo"],
  [/^Page block order:/m, "pagetypeinfo"],
  [/^Node\s+\d+, zone\s+\S+(?:\s+\d+)+\s*$/m, "buddyinfo"],
  [/^Node\s+\d+, zone\s+\S+\s*$/m, "zoneinfo"],
  [/^nr_free_pages \d/m, "vmstat"],
];

/** Whether the folder holds a text of /proc. */
export function isSample(dir: string): boolean {
  return NAMES.some((name) => findText(dir, name) !== undefined);
}

/** `meminfo`, `meminfo.txt`, each plain, .gz or .br. */
function findText(dir: string, name: string): string | undefined {
  return findInput(dir, name) ?? findInput(dir, `${name}.txt`);
}

/** Reads the sample in a folder, in a snapshot of a machine, or of one text alone. */
export function readSample(path: string): Sample {
  if (!existsSync(path)) throw new InputError(`${path}: no such file or folder`);
  const parts: Partial<Record<TextName, unknown>> = {};
  let classes: Uint8Array | undefined;
  if (!isFolder(path)) {
    const bytes = readInput(path);
    if (isMachineSnapshot(bytes)) return sampleOf(parseMachineSnapshot(bytes.toString("utf8"), path), path);
    const text = bytes.toString("latin1");
    const kind = BEGINNINGS.find(([begins]) => begins.test(text))?.[1];
    if (kind === undefined)
      throw new InputError(`${path}: is none of ${NAMES.join(", ")}, as the kernel prints them in /proc`);
    parts[kind] = TEXTS[kind](text, path);
  } else {
    for (const name of NAMES) {
      const file = findText(path, name);
      if (file !== undefined) parts[name] = TEXTS[name](readInput(file).toString("latin1"), file);
    }
    const map = findInput(path, "class");
    if (map !== undefined) classes = readClassMap(map);
  }
  const sample = { name: basename(path.replace(/(?<![/\\])[/\\]+$/, "")), ...parts } as Omit<
    Sample,
    "pageSize"
  >;
  if (sample.meminfo === undefined && sample.vmstat === undefined && sample.buddyinfo === undefined)
    throw new InputError(
      `${path}: holds none of meminfo, vmstat and buddyinfo, which say how memory is used`,
    );
  return { ...sample, pageSize: pageSizeOf(sample), ...(classes !== undefined && { classes }) };
}

/** The sample that a snapshot of a machine holds; `file` names it in errors. */
export function sampleOf(snapshot: MachineSnapshot, file: string): Sample {
  const parts: Partial<Record<TextName, unknown>> = {};
  for (const name of NAMES) {
    const text = snapshot.texts[name];
    if (text !== undefined) parts[name] = TEXTS[name](text, `${file}: ${name}`);
  }
  const sample = { name: basename(file), ...parts } as Omit<Sample, "pageSize">;
  const { frames, pageSize = pageSizeOf(sample) } = snapshot;
  return { ...sample, pageSize, ...(frames !== undefined && { classes: decodeClasses(frames, file) }) };
}

/** Snapshots of a machine, as `pageblock watch` writes them. */
const SNAPSHOT_NAME = /\.snapshot\.json(?:\.gz)?$/;

/** Pairs of a line of meminfo and a counter of vmstat that say the same. */
const SAME: readonly (readonly [string, string])[] = [
  ["SUnreclaim", "nr_slab_unreclaimable"],
  ["PageTables", "nr_page_table_pages"],
  ["AnonPages", "nr_anon_pages"],
];

function pageSizeOf({ meminfo, vmstat }: Omit<Sample, "pageSize">): number {
  for (const [line, counter] of SAME) {
    const ratio = (meminfo?.get(line) ?? 0) / (vmstat?.get(counter) ?? 0);
    if (Number.isFinite(ratio) && ratio > 2048) return 2 ** Math.round(log2(ratio));
  }
  return 4096;
}

/**
 * Every sample in a folder, by uptime: folders of texts, or snapshots; a folder that is itself a sample is a series of one.
 * @example
 * ```ts
 * import { readSeries } from "pageblock";
 *
 * readSeries("test/fixtures/real-machine/series").length; // => 5
 * ```
 */
export function readSeries(path: string): Sample[] {
  if (isFolder(path) && !isSample(path)) {
    const folders = readdirSync(path)
      .map((name) => join(path, name))
      .filter((entry) => (isFolder(entry) ? isSample(entry) : SNAPSHOT_NAME.test(basename(entry))))
      .sort();
    if (folders.length === 0)
      throw new InputError(
        `${path}: neither holds texts of /proc (${NAMES.join(", ")}) nor folders or snapshots that do`,
      );
    const series = folders.map(readSample);
    return series.sort((a, b) => (a.uptime ?? 0) - (b.uptime ?? 0));
  }
  return [readSample(path)];
}
