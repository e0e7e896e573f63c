/**
 * What /proc/zoneinfo says of each zone, as numbers. The text comes from outside: every number is checked, and refused with file and
 * line. Lines that later kernels add are passed over.
 */
import { at, InputError, quoted } from "../base/errors";

/** Frames and counts: 4 TiB of pages of 4 KiB. */
const COUNT_MOST = 2 ** 30;
const LINE_MOST = 2000;
export const ZONES_MOST = 1024;

export function refuse(file: string, line: number, expected: string, got: string): never {
  throw new InputError(`${at(file, line)}: ${expected}: got ${quoted(got.trim())}`);
}

/** Lines with their numbers; an overlong one is refused. */
export function* linesOf(text: string, file: string): Generator<[line: string, number: number]> {
  let number = 0;
  for (const line of text.split("\n")) {
    number++;
    if (line.length > LINE_MOST) refuse(file, number, `a line may have ${LINE_MOST} characters`, line);
    if (line.trim() !== "") yield [line, number];
  }
}

/** A number of a text that is no more than `most`. */
export function counted(text: string, file: string, line: number, most = COUNT_MOST): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || value > most)
    refuse(file, line, `a number from 0 to ${most} was expected`, text);
  return value;
}

/** What zoneinfo says of a zone: every number by its name, its reserve, and its per-CPU lists. */
export interface ZoneNumbers {
  nid: number;
  name: string;
  line: number;
  numbers: ReadonlyMap<string, number>;
  protection: number[];
  perCpu: { count: number; high: number; batch: number }[];
}

/** `  pages free 123`, `  min 12`, `  nr_zone_active_anon 5`, `  start_pfn: 4096`. */
const NUMBER_LINE = /^\s+((?:pages )?[a-z_]+:?)\s+(\d{1,20})\s*$/;
const PAGESET = ["count:", "high:", "batch:"] as const;

/** /proc/zoneinfo with all of its numbers. Zones without memory are left out. */
export function parseZoneNumbers(text: string, file: string): ZoneNumbers[] {
  const zones: (ZoneNumbers & { numbers: Map<string, number> })[] = [];
  for (const [line, n] of linesOf(text, file)) {
    const head = /^Node\s+(\d+), zone\s+(\S+)\s*$/.exec(line);
    if (head !== null) {
      if (zones.length === ZONES_MOST) refuse(file, n, `up to ${ZONES_MOST} zones can be read`, line);
      const nid = counted(head[1]!, file, n, 1023);
      zones.push({ nid, name: head[2]!, line: n, numbers: new Map(), protection: [], perCpu: [] });
      continue;
    }
    const zone = zones.at(-1);
    if (zone === undefined) refuse(file, n, 'zoneinfo begins with "Node 0, zone DMA"', line);
    zoneLine(zone, line, file, n);
  }
  if (zones.length === 0) throw new InputError(`${file}: is empty, the text of zoneinfo was expected`);
  return zones.filter((z) => (z.numbers.get("present") ?? 0) > 0);
}

function zoneLine(
  zone: ZoneNumbers & { numbers: Map<string, number> },
  line: string,
  file: string,
  n: number,
): void {
  const reserve = /^\s+protection: \(([\d, ]*)\)\s*$/.exec(line);
  if (reserve !== null) {
    zone.protection = reserve[1]!.split(",").map((text) => counted(text.trim(), file, n));
    return;
  }
  if (/^\s+cpu: \d{1,6}\s*$/.test(line)) {
    zone.perCpu.push({ count: 0, high: 0, batch: 1 });
    return;
  }
  const m = NUMBER_LINE.exec(line);
  if (m === null) return;
  const name = m[1]!;
  const field = PAGESET.find((f) => f === name);
  const pageset = zone.perCpu.at(-1);
  if (field !== undefined && pageset !== undefined)
    pageset[field.slice(0, -1) as "count" | "high" | "batch"] = counted(m[2]!, file, n);
  // Counters of events may be larger than any memory; those are not used.
  else if (!zone.numbers.has(name)) zone.numbers.set(name, Number(m[2]));
}

/** A number of a zone that must be there and be no more than `most`. */
export function zoneNumber(zone: ZoneNumbers, name: string, file: string, most = COUNT_MOST): number {
  const value = zone.numbers.get(name);
  if (value === undefined)
    throw new InputError(`${at(file, zone.line)}: zone ${zone.name} has no line ${name.replace(":", "")}`);
  if (value > most)
    throw new InputError(
      `${at(file, zone.line)}: zone ${zone.name}: ${name.replace(":", "")} must be at most ${most}: got ${value}`,
    );
  return value;
}
