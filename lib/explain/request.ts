/** What a report says was asked: the order, the flags and what they allow, and the kernel whose rules decided. */
import {
  type GfpWords,
  gfpFromNames,
  gfpFromValue,
  gfpInWords,
  gfpIsAtomic,
  gfpNumbering,
} from "../hardware/kernel-gfp";
import { type KernelRelease, kernelSwitches, nearestKernel } from "../hardware/kernel-release";
import { reportRule } from "../hardware/kernel-report-rules";
import type { KernelSwitches } from "../hardware/kernel-switches";
import { slowFlags } from "../mm/allocation/alloc-flags";
import { ALLOC_NO_WATERMARKS } from "../mm/state/gfp";
import { engineGfp } from "../mm/state/gfp-words";
import { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE } from "../mm/state/migratetype";
import { leastBlockBytes } from "./page-block";
import type { Reading } from "./reading";
import { isFromReclaim } from "./reclaim-context";
import { highestZone, type ZoneKind, zoneKinds } from "./zone-kinds";

/** The kernel of a report. */
export interface ReportKernel {
  /** As printed; null if the text names none. */
  printed: string | null;
  /** `3.10`; a guess if the text names none. */
  series: KernelRelease;
  /** The release whose rules are asked. */
  release: KernelRelease;
  notes: string[];
}

/** Rules of the watermark check, as the engine's functions take them. */
export interface CheckRules {
  hardAtomic: boolean;
  wholeReserve: boolean;
  cmaApart: boolean;
  cma: boolean;
  sw: Readonly<KernelSwitches>;
  /** Before 4.4 the rest must exceed a halved mark at every order. */
  everyOrder: boolean;
  /** Free CMA pages that the request may not take count again at every order above 0. */
  cmaInOrders: boolean;
  /** Order 0 passes above the whole mark even if what is above it is the high-atomic reserve. */
  reserveOverlooked: boolean;
}

/** A request as a report states it. */
export interface Asked {
  /** null: the text has none. */
  order: number | null;
  /** The order that zones are judged by: `order`, or 0. */
  judged: number;
  bytes: number | null;
  pageBytes: number;
  /** As printed; null without one. */
  text: string | null;
  gfp: GfpWords;
  /** False if the text has no flags: GFP_KERNEL is assumed. */
  gfpKnown: boolean;
  inWords: string;
  /** ALLOC_ flags of the last attempt, as the engine's checks take them. */
  allocFlags: number;
  highest: ZoneKind;
  kinds: ZoneKind[];
  /** May take CMA pages. */
  mayTakeCma: boolean;
  mayWait: boolean;
  /** It comes from within reclaim, whose requests no watermark binds. */
  fromReclaim: boolean;
  /** A page block has at least this size. */
  blockBytesLeast: number;
  kernel: ReportKernel;
  rules: CheckRules;
}

const GUESSED_OLD = "3.10";
const GUESSED_NEW = "6.12";

/** The kernel of a report; if it names none, a guess from how it prints the flags. */
export function kernelOf(reading: Reading): ReportKernel {
  const named = reading.release === null ? undefined : nearestKernel(reading.release);
  if (named !== undefined)
    return {
      printed: reading.release,
      series: named.series,
      release: named.release,
      notes: named.notes,
    };
  const { text, value } = reading.gfp;
  const bare = value !== null && (text === null || /^0x/i.test(text));
  const series = bare ? GUESSED_OLD : value === null ? GUESSED_NEW : bySpelling(text!, value);
  const { release } = nearestKernel(series)!;
  const how =
    value === null ? "" : bare ? ", as the flags are printed without names" : ", from the value of the flags";
  return {
    printed: reading.release,
    series,
    release,
    notes: [`the text names no kernel release: the rules of ${series} are used${how}`],
  };
}

/** The newest series in which these names have this value. */
function bySpelling(names: string, value: number): KernelRelease {
  const wanted = gfpFromNames(names).has;
  for (const series of [GUESSED_NEW, "4.19", "4.14", "4.9"]) {
    const { numbering, has } = gfpFromValue(value, series);
    if (numbering !== gfpNumbering(series)) continue;
    const known = [...wanted].filter((name) => numbering.bits[name] !== undefined);
    if (known.every((name) => name === "ATOMIC" || has.has(name))) return series;
  }
  return GUESSED_NEW;
}

/** Rules of the check in the kernel of a report. */
export function rulesOf({ series, release }: ReportKernel): CheckRules {
  const sw = kernelSwitches(release);
  return {
    hardAtomic: sw.atomicRights === "harder",
    wholeReserve: sw.highatomicUnusable === "reserved",
    cmaApart: reportRule("freeCmaApart", series),
    cma: true,
    sw,
    everyOrder: reportRule("watermarkByOrder", series) === "every order",
    cmaInOrders: reportRule("freeCmaAtEveryOrder", series),
    reserveOverlooked: reportRule("orderZeroShortcut", series) && !sw.quickCheckReserve,
  };
}

function wordsOf(reading: Reading, series: KernelRelease): GfpWords {
  const { text, value } = reading.gfp;
  if (text !== null && !/^0x/i.test(text)) return gfpFromNames(text);
  const bits = value ?? (text === null ? null : Number.parseInt(text, 16));
  return bits === null || !Number.isFinite(bits) ? gfpFromNames("GFP_KERNEL") : gfpFromValue(bits, series);
}

/** The text of the flags, also where only a value is printed. */
function textOf({ text, value }: Reading["gfp"]): string | null {
  return text ?? (value === null ? null : `0x${value.toString(16)}`);
}

/** The request of a report. */
export function askedOf(reading: Reading): Asked {
  const kernel = kernelOf(reading);
  const order = reading.order !== null && reading.order >= 0 ? reading.order : null;
  const gfp = wordsOf(reading, kernel.series);
  const gfpKnown = reading.gfp.text !== null || reading.gfp.value !== null;
  return {
    ...requestOf(reading, groundOf(reading, kernel), gfp, order),
    text: textOf(reading.gfp),
    gfpKnown,
  };
}

/** Another request to the kernel and zones of a reading. */
export function withOrder(reading: Reading, asked: Asked, names: string, order: number): Asked {
  return requestOf(reading, asked, gfpFromNames(names), order);
}

/** What every request to the kernel and the zones of a reading has in common. */
type Ground = Pick<Asked, "kernel" | "rules" | "kinds" | "pageBytes" | "blockBytesLeast">;

function groundOf(reading: Reading, kernel: ReportKernel): Ground {
  const pageBytes = pageBytesOf(reading);
  return {
    kernel,
    rules: rulesOf(kernel),
    kinds: zoneKinds(reading.zones, reading.arch, highPages(reading)),
    pageBytes,
    blockBytesLeast: leastBlockBytes(reading, pageBytes),
  };
}

function requestOf(reading: Reading, ground: Ground, gfp: GfpWords, order: number | null): Asked {
  const { kernel, rules, kinds, pageBytes, blockBytesLeast } = ground;
  const judged = order ?? 0;
  const bits = engineGfp(gfp.has, gfpIsAtomic(gfp.has, gfpNumbering(kernel.series)));
  const mt = migrateType(gfp.has);
  const fromReclaim = isFromReclaim(reading, gfp.has);
  const unmarked = (fromReclaim || gfp.has.has("MEMALLOC")) && !gfp.has.has("NOMEMALLOC");
  return {
    order,
    judged,
    bytes: order === null ? null : pageBytes * 2 ** order,
    pageBytes,
    text: gfp.flags.join("|"),
    gfp,
    gfpKnown: true,
    inWords: gfpInWords(gfp.has),
    allocFlags: slowFlags(rules, { gfp: bits, order: judged, mt }) | (unmarked ? ALLOC_NO_WATERMARKS : 0),
    highest: highestZone(gfp.has, kinds),
    kinds,
    mayTakeCma: mt === MIGRATE_MOVABLE,
    mayWait: gfp.has.has("DIRECT_RECLAIM"),
    fromReclaim,
    blockBytesLeast,
    kernel,
    rules,
  };
}

function migrateType(has: ReadonlySet<string>): number {
  if (has.has("MOVABLE")) return MIGRATE_MOVABLE;
  return has.has("RECLAIMABLE") ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
}

/** Builds whose names say that their pages are not of 4 KiB: Apple's and the Raspberry Pi 5's have 16 KiB. */
const PAGES_BY_NAME: readonly [RegExp, number][] = [
  [/64k/i, 65536],
  [/16k|asahi|2712/i, 16384],
];

/** The size of a page: as the text shows it, else as the name of the release says, else 4 KiB. */
export function pageBytesOf({ pageBytes, assumed, release }: Reading): number {
  if (pageBytes !== null && !assumed.includes("pageBytes")) return pageBytes;
  const named = PAGES_BY_NAME.find(([name]) => name.test(release ?? ""))?.[1];
  return named ?? pageBytes ?? 4096;
}

/** What the report counts as `pages HighMem/MovableOnly`, before 3.12 `pages HighMem`. */
function highPages({ totals }: Reading): number | null {
  const name = Object.keys(totals).find((key) => /HighMem/i.test(key));
  return name === undefined ? null : totals[name]!;
}
