/**
 * Texts of /proc as numbers. Kernels add and drop fields, so that every field is by name and may be missing; what is there must be
 * as the kernel prints it. Errors name the file and the line.
 */
import { InputError } from "../base/errors";
import { linesOf, refuse, ZONES_MOST } from "../trace/zoneinfo-text";

function notEmpty<T extends { size: number } | { length: number }>(read: T, file: string, what: string): T {
  if (("size" in read ? read.size : read.length) === 0)
    throw new InputError(`${file}: is empty, the text of ${what} was expected`);
  return read;
}

/** /proc/meminfo: bytes by name; counts without a unit (HugePages_Total) as they are. */
export function parseMeminfo(text: string, file: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const [line, n] of linesOf(text, file)) {
    const m = /^(\S[^:]*):\s+(\d+)(?: (kB))?\s*$/.exec(line);
    if (m === null) refuse(file, n, 'a line of meminfo is "MemFree: 123 kB"', line);
    values.set(m[1]!, Number(m[2]) * (m[3] === undefined ? 1 : 1024));
  }
  notEmpty(values, file, "meminfo");
  if (!values.has("MemTotal")) throw new InputError(`${file}: meminfo has no line MemTotal`);
  return values;
}

/** /proc/vmstat: counters by name. */
export function parseVmstat(text: string, file: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const [line, n] of linesOf(text, file)) {
    const m = /^(\S+) (-?\d+)\s*$/.exec(line);
    if (m === null) refuse(file, n, 'a line of vmstat is "nr_free_pages 123"', line);
    values.set(m[1]!, Number(m[2]));
  }
  return notEmpty(values, file, "vmstat");
}

/** /proc/uptime: seconds since boot. */
export function parseUptime(text: string, file: string): number {
  const m = /^\s*(\d+(?:\.\d+)?)\b/.exec(text);
  if (m === null)
    refuse(file, 1, 'uptime begins with the seconds since boot: "3190.91 502.71"', text.slice(0, 40));
  return Number(m[1]);
}

/** A cache of kernel objects. */
export interface SlabLine {
  name: string;
  /** Objects in use, and those for which there is room. */
  active: number;
  objects: number;
  objectBytes: number;
  pagesPerSlab: number;
  slabs: number;
}

/** Name, active and all objects, bytes of one, objects and pages of a slab; `: slabdata` with the slabs follows in most kernels. */
const SLAB_LINE =
  /^(\S.{0,200}?)\s{1,80}(\d{1,20})\s{1,80}(\d{1,20})\s{1,80}(\d{1,20})\s{1,80}(\d{1,20})\s{1,80}(\d{1,20})\s*(?::.*)?$/;
const SLAB_DATA = /: slabdata\s+\d+\s+(\d+)/;

/** /proc/slabinfo, version 2. */
export function parseSlabinfo(text: string, file: string): SlabLine[] {
  const caches: SlabLine[] = [];
  for (const [line, n] of linesOf(text, file)) {
    if (line.startsWith("#") || line.startsWith("slabinfo - version:")) continue;
    const m = SLAB_LINE.exec(line);
    if (m === null)
      refuse(
        file,
        n,
        'a line of slabinfo is "dentry 654843 654843 192 21 1 : … : slabdata 31183 31183 0"',
        line,
      );
    const [active, objects, objectBytes, perSlab, pagesPerSlab] = m.slice(2, 7).map(Number) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const data = SLAB_DATA.exec(line);
    const slabs = data === null ? Math.ceil(objects / Math.max(1, perSlab)) : Number(data[1]);
    caches.push({ name: m[1]!, active, objects, objectBytes, pagesPerSlab, slabs });
  }
  return notEmpty(caches, file, "slabinfo");
}

/** Page blocks of a zone by migrate type. */
export interface PageTypes {
  /** Pages of a page block; 0 if the text does not say. */
  blockPages: number;
  zones: { nid: number; name: string; blocks: Readonly<Record<string, number>> }[];
}

/** /proc/pagetypeinfo: the page blocks of every type. Its free pages are those of buddyinfo, and are not read. */
export function parsePagetypeinfo(text: string, file: string): PageTypes {
  const read: PageTypes = { blockPages: 0, zones: [] };
  let types: string[] | undefined;
  for (const [line, n] of linesOf(text, file)) {
    const pages = /^Pages per block:\s+(\d+)\s*$/.exec(line);
    if (pages !== null) read.blockPages = Number(pages[1]);
    const head = /^Number of blocks type\s+(.*)$/.exec(line);
    if (head !== null) types = head[1]!.trim().split(/\s+/);
    // With page_owner, a table of mixed blocks follows.
    else if (line.startsWith("Number of mixed")) types = undefined;
    else if (types !== undefined && /^Node\s/.test(line)) {
      const m = /^Node\s+(\d+), zone\s+(\S+)((?:\s+\d+)+)\s*$/.exec(line);
      const counts = (m?.[3] ?? "").trim().split(/\s+/).map(Number);
      if (m === null || counts.length !== types.length)
        refuse(file, n, `a zone and ${types.length} counts of page blocks were expected`, line);
      const blocks = Object.fromEntries(types.map((type, i): [string, number] => [type, counts[i]!]));
      read.zones.push({ nid: Number(m[1]), name: m[2]!, blocks });
    }
  }
  notEmpty(read.zones, file, "pagetypeinfo with its number of blocks by type");
  return read;
}

/** What a zone says of itself; −1: the kernel does not say. */
export interface ZoneLines {
  nid: number;
  name: string;
  startPfn: number;
  spanned: number;
  present: number;
  managed: number;
  free: number;
  /** On per-CPU lists. */
  perCpu: number;
  /** Processors: each has a line for its per-CPU lists. */
  cpus: number;
  /** Watermarks, and the reserve against requests by their highest zone. */
  min: number;
  low: number;
  high: number;
  protection: number[];
}

type ZoneField = Exclude<keyof ZoneLines, "nid" | "name" | "perCpu" | "cpus" | "protection">;
const ZONE_FIELDS: Readonly<Record<string, ZoneField>> = {
  "pages free": "free",
  min: "min",
  low: "low",
  high: "high",
  spanned: "spanned",
  present: "present",
  managed: "managed",
  "start_pfn:": "startPfn",
};
const UNKNOWN = {
  startPfn: -1,
  spanned: -1,
  present: -1,
  managed: -1,
  free: -1,
  perCpu: 0,
  cpus: 0,
  min: -1,
  low: -1,
  high: -1,
};
const ZONE_NUMBER = /^\s+(pages free|min|low|high|spanned|present|managed|start_pfn:|count:)\s+(\d+)\s*$/;

/** /proc/zoneinfo. */
export function parseZoneinfo(text: string, file: string): ZoneLines[] {
  const zones: ZoneLines[] = [];
  for (const [line, n] of linesOf(text, file)) {
    const head = /^Node\s+(\d+), zone\s+(\S+)\s*$/.exec(line);
    if (head !== null) {
      if (zones.length === ZONES_MOST) refuse(file, n, `up to ${ZONES_MOST} zones can be read`, line);
      zones.push({ nid: Number(head[1]), name: head[2]!, ...UNKNOWN, protection: [] });
      continue;
    }
    const zone = zones.at(-1);
    if (zone === undefined) refuse(file, n, 'zoneinfo begins with "Node 0, zone DMA"', line);
    const reserve = /^\s+protection: \(([\d, ]+)\)/.exec(line);
    if (reserve !== null) zone.protection = reserve[1]!.split(",").map(Number);
    const field = ZONE_NUMBER.exec(line);
    if (field === null) continue;
    const value = Number(field[2]);
    if (field[1] === "count:") {
      zone.perCpu += value;
      zone.cpus++;
    } else zone[ZONE_FIELDS[field[1]!]!] = value;
  }
  return notEmpty(zones, file, "zoneinfo");
}
