/** What /proc tells of a machine's free memory before or after a trace: buddyinfo, pagetypeinfo, zoneinfo, of any release. */

import { basename } from "node:path";
import { log2 } from "../../base/elementary";
import { at, InputError, quoted } from "../../base/errors";
import { largestOf } from "../../base/extremes";
import { readOutsideText } from "../../base/outside-file";
import { MIGRATE_NAMES } from "../../mm/state/migratetype";
import { parseBuddyinfo } from "../buddyinfo-text";
import { parseZoneNumbers, type ZoneNumbers } from "../zoneinfo-text";

/** One zone. What no text tells is undefined. */
export interface ZoneCounts {
  nid: number;
  name: string;
  /** Free blocks by order. */
  nrFree?: number[];
  /** By type in the model's numbers, then by order. A count that /proc cut (`>100000`) makes the zone's types unknown. */
  byType?: number[][];
  /** Page blocks by type. */
  blocks?: number[];
  startPfn?: number;
  spanned?: number;
  managed?: number;
  present?: number;
  watermarks?: [min: number, low: number, high: number];
  protection?: number[];
  batch?: number;
  high?: number;
}

/** A machine's zones. */
export interface ProcCounts {
  zones: ZoneCounts[];
  /** 0: not told. */
  blockPages: number;
}

/** Orders 0 to 13 are on arm64 with pages of 64 KiB. */
const ORDERS_MOST = 16;
const TEXT_BYTES_MOST = 16 * 2 ** 20;

/** Reads texts of /proc, each recognised by what it says; together they must tell the free blocks. */
export function readProcCounts(paths: readonly string[]): ProcCounts {
  const counts = new CountsReader();
  for (const path of paths) counts.read(readOutsideText(path, { bytes: TEXT_BYTES_MOST }), path);
  return counts.result(paths.map((path) => basename(path)).join(", "));
}

class CountsReader {
  private readonly zones = new Map<string, ZoneCounts>();
  private blockPages = 0;

  private zone(nid: number, name: string): ZoneCounts {
    const key = `${nid} ${name}`;
    const known = this.zones.get(key) ?? { nid, name };
    this.zones.set(key, known);
    return known;
  }

  read(text: string, file: string): void {
    if (/^[ \t]*pages free\s+\d/m.test(text)) this.zoneinfo(text, file);
    else if (/^Page block order/m.test(text) || /, type\s/.test(text)) this.pagetypeinfo(text, file);
    else
      for (const { nid, name, nrFree } of parseBuddyinfo(text, file))
        this.zone(nid, name).nrFree = [...Array.from(nrFree)];
  }

  private pagetypeinfo(text: string, file: string): void {
    let types: string[] = [];
    text.split("\n").forEach((line, i) => {
      const block = /^Page block order:\s+(\d{1,2})/.exec(line);
      if (block !== null) this.blockPages = 2 ** Number(block[1]);
      const head = /^Number of blocks type\s+(.*)$/.exec(line);
      if (head !== null) types = head[1]!.trim().split(/\s+/);
      const m = /^Node\s+(\d{1,5}), zone\s+([^\s,]{1,16})(?:, type\s+(\S{1,16}))?\s+(.*)$/.exec(line);
      if (m === null) return;
      const sums = m[4]!.trim().split(/\s+/);
      if (!sums.every((sum) => /^>?\d{1,15}$/.test(sum)))
        throw new InputError(`${at(file, i + 1)}: counts were expected behind a zone: got ${quoted(line)}`);
      const zone = this.zone(Number(m[1]), m[2]!);
      if (m[3] !== undefined) typeLine(zone, m[3], sums);
      else if (sums.length === types.length) zone.blocks = byName(types, sums);
    });
  }

  private zoneinfo(text: string, file: string): void {
    for (const told of parseZoneNumbers(text, file))
      Object.assign(this.zone(told.nid, told.name), countsOf(told));
  }

  result(files: string): ProcCounts {
    const zones = [...this.zones.values()].filter((z) => z.nrFree !== undefined || z.byType !== undefined);
    for (const zone of zones) {
      // A cut count of pagetypeinfo tells less than buddyinfo.
      zone.nrFree ??= sumOfTypes(zone.byType!);
      if (zone.byType?.flat().some(Number.isNaN)) delete zone.byType;
    }
    if (zones.length === 0)
      throw new InputError(`${files}: buddyinfo or pagetypeinfo was expected: neither is there`);
    const cut = zones.find((z) => z.nrFree!.some(Number.isNaN));
    if (cut !== undefined)
      throw new InputError(
        `${files}: pagetypeinfo cuts counts of zone ${cut.name} short (">100000"): give buddyinfo too`,
      );
    const orders = largestOf([...zones.map((z) => z.nrFree!.length), log2(this.blockPages || 1) + 1]);
    if (orders > ORDERS_MOST || zones.some((z) => z.nrFree!.length !== zones[0]!.nrFree!.length))
      throw new InputError(
        `${files}: every zone has the same number of orders, ${ORDERS_MOST} at most: got ${orders}`,
      );
    const pages = zones.reduce((sum, z) => sum + z.nrFree!.reduce((s, n, o) => s + n * 2 ** o, 0), 0);
    if (pages > 2 ** 32) throw new InputError(`${files}: at most 2^32 free pages can be read: got ${pages}`);
    return { zones, blockPages: this.blockPages };
  }
}

const modelType = (name: string) => MIGRATE_NAMES.indexOf(name);

function typeLine(zone: ZoneCounts, name: string, sums: string[]): void {
  const type = modelType(name);
  if (type < 0) return;
  zone.byType ??= MIGRATE_NAMES.map(() => []);
  zone.byType[type] = sums.map((sum) => (sum.startsWith(">") ? Number.NaN : Number(sum)));
}

function byName(types: readonly string[], sums: readonly string[]): number[] {
  const blocks = MIGRATE_NAMES.map(() => 0);
  types.forEach((name, i) => {
    if (modelType(name) >= 0) blocks[modelType(name)] = Number(sums[i]);
  });
  return blocks;
}

function sumOfTypes(byType: readonly number[][]): number[] {
  const orders = Math.max(0, largestOf(byType.map((sums) => sums.length)));
  return Array.from({ length: orders }, (_, o) => byType.reduce((sum, type) => sum + (type[o] ?? 0), 0));
}

/** What zoneinfo says of a zone; a number that it lacks is left out. */
function countsOf({ numbers, protection, perCpu: [pageset] }: ZoneNumbers): Partial<ZoneCounts> {
  const [min, low, high] = ["min", "low", "high"].map((mark) => numbers.get(mark));
  const sizes = { startPfn: "start_pfn:", spanned: "spanned", present: "present", managed: "managed" };
  const told = Object.entries(sizes).map(([field, name]) => [field, numbers.get(name)] as const);
  return {
    ...Object.fromEntries(told.filter(([, value]) => value !== undefined)),
    ...(min !== undefined && { watermarks: [min, low ?? 0, high ?? 0] }),
    ...(protection.length > 0 && { protection }),
    ...(pageset !== undefined && { batch: pageset.batch, high: pageset.high }),
  };
}
