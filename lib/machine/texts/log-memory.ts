/**
 * Memory in a kernel's log: the ranges of nodes, the dump of memblock=debug, a PC's e820 map, the map of EFI. The first of
 * them that a log has counts, as it is what the kernel took. The words are those of mm/mm_init.c, mm/memblock.c and
 * drivers/firmware/efi.
 */
import { largestOf } from "../../base/extremes";
import { type AddressRange, MOST_RANGES, type ReservedRange } from "../board-fields";
import { usableOfE820 } from "./e820";
import { hexNumber, merged } from "./reading";

const SPAN = String.raw`\[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\]`;
const NODE_RANGE = new RegExp(`^\\s{0,8}node\\s{1,6}(\\d{1,4}): ${SPAN}`);
const BRACKETS = String.raw`\[0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\]`;
const DUMP_RANGE = new RegExp(`^\\s{0,4}memory\\[0x[0-9a-f]{1,6}\\]\\s{1,16}${BRACKETS},(.{0,120})$`);
const DUMP_COUNT = /^\s{0,4}memory\.cnt\s{1,4}= 0x([0-9a-f]{1,6})/;
const RESERVE = new RegExp(
  `^\\s{0,4}memblock_reserve: ${BRACKETS}(?: flags 0x[0-9a-f]{1,4})? ([\\w.]{1,80})`,
);
const EFI = /^efi:\s{1,4}0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16}) \[([^|\]]{1,40})\|([^\]]{0,80})\]/;
/** MEMBLOCK_NOMAP. */
const NO_MAP = 4;

/** A range of one node. */
export interface NodeRange {
  nid: number;
  range: AddressRange;
}

/** The memory that a log tells of. */
export interface LogMemory {
  /** Ascending; empty if the log has none. */
  ram: AddressRange[];
  /** By node, if the log has them so. */
  nodes: NodeRange[];
  /** Parts of `ram` that the kernel never maps. */
  noMap: AddressRange[];
  /** The first range as the kernel has it, before neighbours are made one. */
  first?: AddressRange;
  notes: string[];
}

/** Reads lines without their times; throws InputError for an address beyond 2^53. */
export function memoryOfLog(lines: readonly string[], what: string): LogMemory {
  const nodes = nodeRanges(lines, what);
  const ofNodes = { ram: merged(nodes.map((r) => r.range)), nodes, noMap: [], notes: [] };
  if (nodes.length > 0) return ofNodes;
  const dumped = dumpOf(lines, what);
  if (dumped !== null) return dumped;
  const e820 = usableOfE820(lines, what);
  return e820.length > 0 ? { ...ofNodes, ram: merged(e820) } : efiMap(lines, what);
}

function rangeOf(first: string, last: string, where: string): AddressRange {
  const base = hexNumber(first, where);
  return { base, bytes: hexNumber(last, where) + 1 - base };
}

function nodeRanges(lines: readonly string[], what: string): NodeRange[] {
  return lines.flatMap((line, i) => {
    const [, nid, first, last] = NODE_RANGE.exec(line) ?? [];
    if (nid === undefined) return [];
    return [{ nid: Number(nid), range: rangeOf(first!, last!, `${what}:${i + 1}`) }];
  });
}

interface Dump {
  count: number;
  ranges: (AddressRange & { noMap: boolean })[];
}

/** The last dump that is whole, or the longest: memblock's list of memory grows until the kernel has read its map. */
function dumpOf(lines: readonly string[], what: string): LogMemory | null {
  const dumps: Dump[] = [];
  for (const [i, line] of lines.entries()) {
    const count = DUMP_COUNT.exec(line)?.[1];
    if (count !== undefined) dumps.push({ count: Number.parseInt(count, 16), ranges: [] });
    const [, first, last, rest] = DUMP_RANGE.exec(line) ?? [];
    if (first === undefined) continue;
    if (dumps.length === 0) dumps.push({ count: 0, ranges: [] });
    const flags = Number.parseInt(/flags: 0x([0-9a-f]{1,4})/.exec(rest!)?.[1] ?? "0", 16);
    const range = rangeOf(first, last!, `${what}:${i + 1}`);
    dumps.at(-1)!.ranges.push({ ...range, noMap: (flags & NO_MAP) !== 0 });
  }
  const isWhole = (dump: Dump) => dump.ranges.length === dump.count;
  const longest = largestOf(dumps.map((dump) => dump.ranges.length));
  const best = dumps.filter(isWhole).at(-1) ?? dumps.find((dump) => dump.ranges.length === longest);
  if (best === undefined || best.ranges.length === 0) return null;
  const cut = isWhole(best)
    ? ""
    : `memblock's list of memory is cut: ${best.ranges.length} of ${best.count} ranges`;
  return withoutMap(best.ranges, [
    "memory: memblock's list (memblock=debug), as the log has no ranges of nodes",
    ...(cut === "" ? [] : [cut]),
  ]);
}

function withoutMap(ranges: readonly (AddressRange & { noMap: boolean })[], notes: string[]): LogMemory {
  const plain = (some: readonly AddressRange[]) => merged(some.map(({ base, bytes }) => ({ base, bytes })));
  const [first] = [...ranges].sort((a, b) => a.base - b.base);
  const noMap = plain(ranges.filter((r) => r.noMap));
  return { ram: plain(ranges), nodes: [], noMap, ...(first && { first }), notes };
}

/** drivers/firmware/efi/efi-init.c: what is cached is memory, and types that the kernel must not use are never mapped. */
function efiMap(lines: readonly string[], what: string): LogMemory {
  const usable = /^(?:Loader|Boot|Conventional|Persistent|ACPI Reclaim)/;
  const ranges = lines.flatMap((line, i) => {
    const [, first, last, type, attributes] = EFI.exec(line) ?? [];
    if (first === undefined || !/W[BTC]/.test(attributes!)) return [];
    return [{ ...rangeOf(first, last!, `${what}:${i + 1}`), noMap: !usable.test(type!.trim()) }];
  });
  return withoutMap(ranges, ["memory: the map of EFI (efi=debug), as the log has no ranges of nodes"]);
}

/** Callers that take a fixed range before the areas; others are computed again at boot. */
const FIXED =
  /^(?:arm_mm_memblock_reserve|early_init_dt_reserve_memory(?:_arch)?|early_init_fdt_reserve_self|efi_init|efi_config_parse_tables|efi_mem_reserve)$/;

/** What memblock=debug shows as taken at fixed places before the first area; on 32-bit ARM the image too. */
export function reservedOfLog(
  lines: readonly string[],
  what: string,
): { kept: ReservedRange[]; image?: AddressRange } {
  const end = lines.findIndex((line) => /^cma: /.test(line));
  const kept: ReservedRange[] = [];
  let image: AddressRange | undefined;
  for (const [i, line] of (end < 0 ? [] : lines.slice(0, end)).entries()) {
    const [, first, last, caller] = RESERVE.exec(line) ?? [];
    if (caller === undefined) continue;
    const range = rangeOf(first!, last!, `${what}:${i + 1}`);
    if (range.bytes <= 0) continue;
    if (caller === "arm_memblock_init") image ??= range;
    else if (FIXED.test(caller) && kept.length < MOST_RANGES / 2)
      kept.push({ name: caller.slice(0, 64), ...range });
  }
  return { kept, ...(image && { image }) };
}
