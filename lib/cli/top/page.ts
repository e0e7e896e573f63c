/** A reading and its rates as lines of text of a given width. Pure: the same numbers give the same lines. */
import { largestFreeOrder } from "../../explain/zone-rule";
import {
  type Line,
  type Look,
  labelled,
  phrase,
  plain,
  shortRate,
  shortSize,
  shortTime,
  word,
} from "./cells";
import { RATES, type RateCounter, type Rates } from "./rates";
import type { TopReading, TopZone } from "./reading";
import { zoneTable } from "./zone-table";

export const LEAST_COLUMNS = 40;
export const MOST_COLUMNS = 200;

/** Lines of at most `width` characters, 40 to 200. */
export function topLines(reading: TopReading, rates: Rates | undefined, width: number): Line[] {
  const columns = columnsOf(width);
  return [
    ...machineLines(reading, columns),
    ...memoryLines(reading, columns),
    ...rateLines(rates, columns),
    ...reading.zones.flatMap((zone) => zoneLines(zone, reading.pageBytes, columns)),
  ];
}

/** The width of a page: what is asked for, within the limits. */
export function columnsOf(width: number): number {
  return Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, Math.floor(width)));
}

/** Where the zone's free pages lie between its watermarks; undefined if one of them is not known. */
export type WatermarkState = "below min" | "below low" | "below high" | "above high";

export function watermarkState({ free, min, low, high }: TopZone): WatermarkState | undefined {
  if (free === undefined || min === undefined || low === undefined || high === undefined) return undefined;
  if (free < min) return "below min";
  if (free < low) return "below low";
  return free < high ? "below high" : "above high";
}

const LOOKS: Readonly<Record<WatermarkState, Look>> = {
  "below min": "alarm",
  "below low": "warning",
  "below high": "plain",
  "above high": "plain",
};

/** What is missing on the page without a text. */
const WITHOUT: Readonly<Record<string, string>> = {
  "/proc/buddyinfo": "no free blocks by order",
  "/proc/pagetypeinfo": "free blocks by order only",
  "/proc/zoneinfo": "no watermarks",
  "/proc/meminfo": "no sums",
  "/proc/vmstat": "no rates",
  "/proc/uptime": "no mean since boot",
};

export function machineLines(reading: TopReading, width: number): Line[] {
  const { kernel, arch, uptimeSeconds, unread } = reading;
  const about = [
    ...(kernel === undefined ? [] : [`Linux ${word(kernel)}`]),
    ...(arch === undefined ? [] : [word(arch)]),
    `pages of ${shortSize(reading.pageBytes)}${reading.pageSizeAssumed ? " (assumed)" : ""}`,
    ...(uptimeSeconds === undefined ? [] : [`up ${shortTime(uptimeSeconds)}`]),
  ];
  const missing = [...new Set(unread.map(({ why }) => why))].map((reason) => {
    const files = unread.filter(({ why }) => why === reason).map(({ what }) => what);
    return `${files.join(" ")} (${phrase(reason)}): ${files.map((file) => WITHOUT[file] ?? "not shown").join(", ")}`;
  });
  return [
    ...labelled("pageblock top", about, width).map((line, i) => (i === 0 ? headed(line) : line)),
    ...(missing.length === 0 ? [] : labelled("Not read", missing, width)),
  ];
}

const headed = (line: Line): Line => ({ ...line, look: "heading" });

const MEMORY: readonly (readonly [field: string, words: string])[] = [
  ["MemTotal", "total"],
  ["MemFree", "free"],
  ["MemAvailable", "available"],
  ["AnonPages", "anonymous"],
  ["Cached", "page cache"],
  ["SReclaimable", "reclaimable slab"],
  ["SUnreclaim", "other slab"],
];

const TRANSPARENT: readonly (readonly [field: string, words: string])[] = [
  ["AnonHugePages", "anonymous"],
  ["ShmemHugePages", "shared"],
  ["FileHugePages", "files"],
];

export function memoryLines({ memory, cma, hugePools }: TopReading, width: number): Line[] {
  const sizes = (fields: typeof MEMORY) =>
    fields.flatMap(([field, words]) => {
      const bytes = memory.get(field);
      return bytes === undefined ? [] : [`${words} ${shortSize(bytes)}`];
    });
  const pools = hugePools.map(
    (pool) =>
      `${shortSize(pool.bytes)}: ${pool.total}${pool.total === 0 ? "" : ` (free ${pool.free}, reserved ${pool.reserved}, surplus ${pool.surplus})`}`,
  );
  const area =
    cma === undefined || cma.totalBytes === 0
      ? ["none"]
      : [`total ${shortSize(cma.totalBytes)}`, `free ${shortSize(cma.freeBytes)}`];
  const rows: [label: string, items: string[]][] = [
    ["Memory", sizes(MEMORY)],
    ["CMA", memory.size === 0 ? [] : area],
    ["Huge pages", pools],
    ["Transparent", sizes(TRANSPARENT)],
  ];
  return rows.flatMap(([label, items]) => (items.length === 0 ? [] : labelled(label, items, width)));
}

/** `quiet`: groups of which nothing happened share a line. */
export function rateLines(rates: Rates | undefined, width: number, quiet = false): Line[] {
  if (rates === undefined) return [];
  const { since, seconds, perSecond } = rates;
  const over =
    since === "last" ? `in the last ${shortTime(seconds)}` : `mean since boot (${shortTime(seconds)})`;
  const silent: string[] = [];
  const rows = Object.entries(RATES).flatMap(([label, group]) => {
    const items = Object.entries(group) as [RateCounter, string][];
    const known = items.map(([counter]) => perSecond[counter]).filter((rate) => rate !== null);
    if (known.length === 0) return [];
    if (quiet && known.every((rate) => rate === 0)) {
      silent.push(label);
      return [];
    }
    return labelled(
      label,
      items.map(([counter, words]) => `${words} ${shortRate(perSecond[counter])}`),
      width,
    );
  });
  const none = silent.length === 0 ? [] : labelled("None", silent, width);
  return [plain(""), { text: `Per second, ${over}`, look: "heading" }, ...rows, ...none];
}

/** How much of a zone is shown: all, the free blocks of all types together, or no table. */
export type ZoneDetail = "all" | "sums" | "head";

export function zoneLines(
  zone: TopZone,
  pageBytes: number,
  width: number,
  detail: ZoneDetail = "all",
): Line[] {
  const size = (pages: number) => shortSize(pages * pageBytes);
  const { free, managed, cma = 0, freeCma = 0, pageBlocks = {}, freeBlocks } = zone;
  const state = watermarkState(zone);
  const marks = (["min", "low", "high"] as const).flatMap((mark) => {
    const pages = zone[mark];
    return pages === undefined ? [] : [`${mark} ${size(pages)}`];
  });
  const largest = freeBlocks === undefined ? undefined : largestFreeOrder(freeBlocks);
  const items = [
    ...(free === undefined
      ? []
      : [`free ${size(free)}${managed === undefined ? "" : ` of ${size(managed)}`}`]),
    ...(state === undefined ? [] : [state]),
    ...marks,
    ...(cma > 0
      ? [`CMA ${size(cma)} (free ${size(freeCma)})`]
      : freeCma > 0
        ? [`free CMA ${size(freeCma)}`]
        : []),
    ...(largest === undefined
      ? []
      : [largest === null ? "no free block" : `largest free block: order ${largest}`]),
  ];
  const look = state === undefined ? "plain" : LOOKS[state];
  const blocks = Object.entries(pageBlocks)
    .filter(([, n]) => n > 0)
    .map(([type, n]) => `${word(type)} ${n}`);
  const head = labelled(`Node ${zone.node} ${word(zone.name)}`, items, width);
  const headed = head.map(({ text }, i) => ({
    text,
    look: i === 0 && look === "plain" ? ("heading" as const) : look,
  }));
  if (detail === "head") return headed;
  return [
    plain(""),
    ...headed,
    ...(blocks.length === 0 ? [] : labelled("Page blocks", blocks, width)),
    ...zoneTable(detail === "all" ? zone : { ...zone, byType: [] }, pageBytes, width),
  ];
}
