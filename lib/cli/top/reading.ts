/** One reading of a machine for `pageblock top`: the numbers in the texts of a snapshot. What is not there stays undefined. */

import { InputError, quoted } from "../../base/errors";
import { type PageTypeLists, parsePageTypeLists } from "../../calibration/list-texts";
import { parseMeminfo, parseUptime, parseVmstat } from "../../calibration/proc-texts";
import { freePagesOf } from "../../explain/hugetlb-answer";
import { parseBuddyinfo } from "../../trace/buddyinfo-text";
import type { MachineSnapshot, SnapshotText } from "../../trace/machine-snapshot";
import { parseZoneNumbers } from "../../trace/zoneinfo-text";

/** The texts that are shown; others would cost time at every refresh. */
export const TOP_TEXTS = ["buddyinfo", "pagetypeinfo", "zoneinfo", "meminfo", "vmstat", "uptime"] as const;

/** Free blocks of one type; the kernel stops counting a list at 100000 and then prints `>100000`. */
export interface FreeOfType {
  type: string;
  counts: readonly number[];
  /** Orders at which there are more than counted. */
  capped: readonly number[];
}

/** A zone, all numbers in pages. */
export interface TopZone {
  node: number;
  name: string;
  free?: number | undefined;
  min?: number | undefined;
  low?: number | undefined;
  high?: number | undefined;
  managed?: number | undefined;
  cma?: number | undefined;
  freeCma?: number | undefined;
  /** Free blocks by order. */
  freeBlocks?: readonly number[] | undefined;
  byType?: readonly FreeOfType[] | undefined;
  /** Page blocks by type. */
  pageBlocks?: Readonly<Record<string, number>> | undefined;
}

export interface HugePool {
  bytes: number;
  total: number;
  free: number;
  reserved: number;
  surplus: number;
}

export interface TopReading {
  kernel?: string | undefined;
  arch?: string | undefined;
  pageBytes: number;
  /** The page size is 4 KiB by assumption, not by a text. */
  pageSizeAssumed: boolean;
  uptimeSeconds?: number | undefined;
  /** meminfo: bytes, or counts where it has no unit. */
  memory: ReadonlyMap<string, number>;
  /** vmstat. */
  counters: ReadonlyMap<string, number>;
  zones: readonly TopZone[];
  hugePools: readonly HugePool[];
  cma?: { totalBytes: number; freeBytes: number } | undefined;
  /** Texts that are not there, and why. */
  unread: readonly { what: string; why: string }[];
}

/**
 * The numbers of a snapshot; `where` names it in errors.
 * @throws InputError with file and line if a text is not as a kernel prints it
 */
export function readingOf(snapshot: MachineSnapshot, where: string): TopReading {
  const { texts, kernel, arch } = snapshot;
  const named = (what: SnapshotText) => `${where}: ${what}`;
  const numbers = (what: "meminfo" | "vmstat", parse: typeof parseVmstat) => {
    const text = texts[what];
    return text === undefined ? NOTHING : within64Bits(parse(text, named(what)), named(what));
  };
  const memory = numbers("meminfo", parseMeminfo);
  const counters = numbers("vmstat", parseVmstat);
  const pageBytes = snapshot.pageSize ?? 4096;
  return {
    kernel,
    arch,
    pageBytes,
    pageSizeAssumed: snapshot.pageSize === undefined,
    uptimeSeconds: texts.uptime === undefined ? undefined : uptimeOf(texts.uptime, named("uptime")),
    memory,
    counters,
    zones: zonesOf(texts, named),
    hugePools: hugePools(snapshot, memory),
    cma: cmaOf(memory, counters, pageBytes),
    unread: TOP_TEXTS.filter((name) => texts[name] === undefined).map((name) => ({
      what: `/proc/${name}`,
      why: snapshot.unread.find((u) => u.what === `/proc/${name}`)?.why ?? "not among the texts",
    })),
  };
}

const NOTHING: ReadonlyMap<string, number> = new Map();
const NUMBER_MOST = 2 ** 64;
const UPTIME_MOST = 1e10;

/** No counter of a kernel is longer. */
function within64Bits(values: ReadonlyMap<string, number>, where: string): ReadonlyMap<string, number> {
  for (const [name, value] of values)
    if (value > NUMBER_MOST)
      throw new InputError(`${where}: ${quoted(name)} must be at most 2^64: got ${value}`);
  return values;
}

function uptimeOf(text: string, where: string): number {
  const seconds = parseUptime(text, where);
  if (seconds > UPTIME_MOST)
    throw new InputError(`${where}: must be at most ${UPTIME_MOST} seconds: got ${seconds}`);
  return seconds;
}

/** Zones in the order of the first text that lists them. */
function zonesOf(texts: MachineSnapshot["texts"], named: (what: SnapshotText) => string): TopZone[] {
  const zones = new Map<string, TopZone>();
  const at = (node: number, name: string): TopZone => {
    const key = `${node} ${name}`;
    const known = zones.get(key);
    if (known !== undefined) return known;
    const zone: TopZone = { node, name };
    zones.set(key, zone);
    return zone;
  };
  if (texts.buddyinfo !== undefined)
    for (const { nid, name, nrFree } of parseBuddyinfo(texts.buddyinfo, named("buddyinfo")))
      at(nid, name).freeBlocks = Array.from(nrFree);
  if (texts.zoneinfo !== undefined)
    for (const { nid, name, numbers } of parseZoneNumbers(texts.zoneinfo, named("zoneinfo")))
      Object.assign(at(nid, name), {
        free: numbers.get("pages free"),
        min: numbers.get("min"),
        low: numbers.get("low"),
        high: numbers.get("high"),
        managed: numbers.get("managed"),
        cma: numbers.get("cma"),
        freeCma: numbers.get("nr_free_cma"),
      });
  if (texts.pagetypeinfo !== undefined)
    addTypes(parsePageTypeLists(texts.pagetypeinfo, named("pagetypeinfo")), at);
  for (const zone of zones.values()) zone.free ??= zone.freeBlocks && freePagesOf([zone.freeBlocks], 0);
  return [...zones.values()];
}

function addTypes(lists: PageTypeLists, at: (node: number, name: string) => TopZone): void {
  for (const { nid, zone: name, type, counts, capped } of lists.free) {
    const zone = at(nid, name);
    zone.byType = [...(zone.byType ?? []), { type, counts, capped }];
  }
  for (const { nid, zone, counts } of lists.blocks) at(nid, zone).pageBlocks = counts;
}

/** Pools of the whole machine; of copies that hold only meminfo, the pool of the default size. */
function hugePools({ hugepages }: MachineSnapshot, memory: ReadonlyMap<string, number>): HugePool[] {
  const pools = hugepages
    .filter((pool) => pool.node === undefined)
    .map(({ bytes, total, free, reserved = 0, surplus = 0 }) => ({ bytes, total, free, reserved, surplus }))
    .sort((a, b) => a.bytes - b.bytes);
  const bytes = memory.get("Hugepagesize");
  if (pools.length > 0 || bytes === undefined) return pools;
  const count = (name: string) => memory.get(`HugePages_${name}`) ?? 0;
  return [
    { bytes, total: count("Total"), free: count("Free"), reserved: count("Rsvd"), surplus: count("Surp") },
  ];
}

/** Kernels without CMA have no CmaTotal. */
function cmaOf(
  memory: ReadonlyMap<string, number>,
  counters: ReadonlyMap<string, number>,
  pageBytes: number,
): TopReading["cma"] {
  const totalBytes = memory.get("CmaTotal");
  if (totalBytes === undefined) return undefined;
  const pages = counters.get("nr_free_cma");
  const freeBytes = memory.get("CmaFree") ?? (pages === undefined ? undefined : pages * pageBytes);
  return freeBytes === undefined ? undefined : { totalBytes, freeBytes };
}
