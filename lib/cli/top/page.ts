/** A reading and its rates as lines of text of a given width. Pure: the same numbers give the same lines. */
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
import type { RateCounter, Rates } from "./rates";
import type { TopReading, TopZone } from "./reading";
import { zoneTable } from "./zone-table";

export const LEAST_COLUMNS = 40;
export const MOST_COLUMNS = 200;

/** Lines of at most `width` characters, 40 to 200. */
export function topLines(reading: TopReading, rates: Rates | undefined, width: number): Line[] {
  const columns = Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, Math.floor(width)));
  return [
    ...machineLines(reading, columns),
    ...memoryLines(reading, columns),
    ...rateLines(rates, columns),
    ...reading.zones.flatMap((zone) => zoneLines(zone, reading.pageBytes, columns)),
  ];
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

function machineLines(reading: TopReading, width: number): Line[] {
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

function memoryLines({ memory, cma, hugePools }: TopReading, width: number): Line[] {
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

type RateItem = readonly [counter: RateCounter, words: string];
const RATES: readonly (readonly [label: string, items: readonly RateItem[]])[] = [
  [
    "Compaction",
    [
      ["compact_stall", "direct runs"],
      ["compact_success", "succeeded"],
      ["compact_fail", "failed"],
      ["compact_daemon_wake", "kcompactd woken"],
      ["compact_migrate_scanned", "scanned to move"],
      ["compact_free_scanned", "scanned for free"],
      ["compact_isolated", "isolated"],
    ],
  ],
  [
    "Migration",
    [
      ["pgmigrate_success", "pages moved"],
      ["pgmigrate_fail", "failed"],
    ],
  ],
  [
    "Reclaim",
    [
      ["pgscan_kswapd", "kswapd scanned"],
      ["pgsteal_kswapd", "reclaimed"],
      ["pgscan_direct", "direct scanned"],
      ["pgsteal_direct", "reclaimed"],
      ["allocstall", "stalls"],
      ["slabs_scanned", "slab objects scanned"],
    ],
  ],
  [
    "Pages",
    [
      ["pgalloc", "allocated"],
      ["pgfree", "freed"],
    ],
  ],
  [
    "CMA requests",
    [
      ["cma_alloc_success", "succeeded"],
      ["cma_alloc_fail", "failed"],
    ],
  ],
  [
    "Huge pages",
    [
      ["thp_fault_alloc", "transparent by fault"],
      ["thp_fault_fallback", "fallbacks"],
      ["thp_split_page", "split"],
      ["htlb_buddy_alloc_success", "pool grown"],
      ["htlb_buddy_alloc_fail", "not grown"],
    ],
  ],
];

function rateLines(rates: Rates | undefined, width: number): Line[] {
  if (rates === undefined) return [];
  const { since, seconds, perSecond } = rates;
  const over =
    since === "last" ? `in the last ${shortTime(seconds)}` : `mean since boot (${shortTime(seconds)})`;
  const rows = RATES.flatMap(([label, items]) => {
    const known = items.filter(([counter]) => perSecond[counter] !== null);
    if (known.length === 0) return [];
    return labelled(
      label,
      items.map(([counter, words]) => `${words} ${shortRate(perSecond[counter])}`),
      width,
    );
  });
  return [plain(""), { text: `Per second, ${over}`, look: "heading" }, ...rows];
}

function zoneLines(zone: TopZone, pageBytes: number, width: number): Line[] {
  const size = (pages: number) => shortSize(pages * pageBytes);
  const { free, managed, cma = 0, freeCma = 0, pageBlocks = {}, freeBlocks } = zone;
  const state = watermarkState(zone);
  const marks = (["min", "low", "high"] as const).flatMap((mark) => {
    const pages = zone[mark];
    return pages === undefined ? [] : [`${mark} ${size(pages)}`];
  });
  const largest = freeBlocks?.map((blocks) => blocks > 0).lastIndexOf(true);
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
      : [largest < 0 ? "no free block" : `largest free block: order ${largest}`]),
  ];
  const look = state === undefined ? "plain" : LOOKS[state];
  const blocks = Object.entries(pageBlocks)
    .filter(([, n]) => n > 0)
    .map(([type, n]) => `${word(type)} ${n}`);
  const head = labelled(`Node ${zone.node} ${word(zone.name)}`, items, width);
  return [
    plain(""),
    ...head.map(({ text }, i) => ({ text, look: i === 0 && look === "plain" ? ("heading" as const) : look })),
    ...(blocks.length === 0 ? [] : labelled("Page blocks", blocks, width)),
    ...zoneTable(zone, pageBytes, width),
  ];
}
