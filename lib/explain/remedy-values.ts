/** Values of settings with which a refused request would have passed, by the rule of the watermark check. */
import { log, log2 } from "../base/elementary";
import { bootRules } from "../hardware/kernel-release";
import { calculateMinFreeKbytes, recommendedMinFreeKbytes } from "../mm/boot/watermarks";
import { inPages, listed } from "./quantities";
import type { Asked } from "./request";
import type { VerdictOf } from "./verdict-of";
import { hidesZones, sharesMinFree } from "./whole-machine";
import type { JudgedZone } from "./zone-words";

/** A value is too high if it is this many times the kernel's own. */
export const TOO_HIGH = 2;

/** A value of vm.min_free_kbytes above this share of low memory starves the machine. */
export const MOST_SHARE = 0.1;

/** vm.min_free_kbytes now, what the kernel sets by itself, and the low memory that both follow from. */
export interface FreeNow {
  nowKbytes: number;
  defaultKbytes: number;
  lowKbytes: number;
  /** The kernel sets no larger value by itself, and the machine has none. */
  mostKbytes: number;
}

/** A value of vm.min_free_kbytes. */
export interface MinFreeValue {
  kbytes: number;
  /** The value that the marks in the report follow from. */
  nowKbytes: number;
  /** What the kernel computes for this much low memory. */
  defaultKbytes: number;
  direction: "raise" | "lower";
  zone: JudgedZone;
}

/** Bytes of a zone; null if the text lacks them. Releases before 3.9 print `present` only. */
export function sizeOf({ managedBytes, presentBytes }: JudgedZone["zone"]): number | null {
  const bytes = managedBytes ?? presentBytes;
  return listed(bytes) && bytes > 0 ? bytes : null;
}

/**
 * vm.min_free_kbytes that the printed marks follow from, and the most that the kernel sets for this memory by itself: the larger
 * of its square-root rule and of khugepaged's recommendation, which applies where there are transparent huge pages.
 */
export function minFreeNow({ asked, reading, zones }: VerdictOf): FreeNow | null {
  const low = zones.filter(({ zone }) => sharesMinFree(zone.name, asked, reading.zones));
  if (low.length === 0 || low.some(({ zone }) => !listed(zone.minBytes) || sizeOf(zone) === null))
    return null;
  // Zones that are not printed have marks and memory of their own.
  if (hidesZones(reading, asked)) return null;
  const min = low.reduce(
    (n, { zone }) => n + zone.minBytes! - (listed(zone.boostBytes) ? zone.boostBytes : 0),
    0,
  );
  const nowKbytes = Math.round(min / 1024);
  const { pageBytes, kernel } = asked;
  // Movable memory has marks where it has a share, but what the kernel computes never counts it.
  const buffers = low.filter(({ zone }) => zone.name !== "Movable");
  const lowmem = buffers.reduce((n, { zone }) => n + sizeOf(zone)!, 0);
  const byRoot = calculateMinFreeKbytes(Math.floor(lowmem / 1024), kernel.release);
  const blockOrder = log2(pageBytes / 8);
  // A report may print fewer zones than there are: those of the build count.
  const built = asked.kinds.filter((kind) => !["HighMem", "Movable", "Device"].includes(kind)).length;
  const counted = Math.max(buffers.length, built);
  const byThp = recommendedMinFreeKbytes(blockOrder, counted, lowmem / pageBytes, pageBytes);
  const mostKbytes = Math.max(nowKbytes, bootRules(kernel.release).minFreeKbytesMost);
  const lowKbytes = Math.floor(lowmem / 1024);
  return { nowKbytes, defaultKbytes: Math.max(byRoot, Math.floor(byThp)), lowKbytes, mostKbytes };
}

/**
 * The value nearest to the present one with which the watermark check of one of the zones would have passed: a lower
 * one, if pages enough are free and only the mark is in the way; for a request that may go below the mark a higher one,
 * since other requests then leave more. Null if no value does, or none changes enough.
 */
export function minFreeValue(of: VerdictOf): MinFreeValue | null {
  const { asked, reading, zones } = of;
  const now = minFreeNow(of);
  if (now === null || now.nowKbytes === 0) return null;
  const found = zones
    .filter(({ answer, check }) => answer.allowed && check.reasons.includes("watermark"))
    .filter(({ zone }) => sharesMinFree(zone.name, asked, reading.zones))
    .filter(
      ({ check }) => !check.reasons.includes("no-block") && check.failedAtOrder === null && check.min > 0,
    )
    .flatMap((zone) => valuesFor(zone, now));
  const distance = ({ kbytes, nowKbytes }: MinFreeValue) => Math.abs(log(kbytes / nowKbytes));
  return found.sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

function valuesFor(judged: JudgedZone, now: FreeNow): MinFreeValue[] {
  const { check } = judged;
  const part = check.mark / check.min;
  if (part < 1) {
    // What a zone keeps from this request it is to keep: no mark has to lift free memory above that too.
    if (check.reserve > 0) return [];
    // Others leave min + d, this request needs more than part × (min + d) of it.
    const lacking = check.mark - check.usable + 1;
    const more = Math.ceil(lacking / (1 - part));
    const kbytes = Math.ceil((now.nowKbytes * (check.min + more)) / check.min);
    if (kbytes <= now.nowKbytes || kbytes > Math.min(MOST_SHARE * now.lowKbytes, now.mostKbytes)) return [];
    return [{ ...now, kbytes, direction: "raise", zone: judged }];
  }
  const most = check.usable - check.reserve - 1;
  // Below the kernel's own value reclaim has nothing to work with; near it, the mark is not what is wrong.
  if (most <= 0 || now.nowKbytes < TOO_HIGH * now.defaultKbytes) return [];
  const kbytes = Math.floor((now.nowKbytes * most) / check.min);
  if (kbytes < now.defaultKbytes) return [];
  return [{ ...now, kbytes, direction: "lower", zone: judged }];
}

/** Pages of the machine's low memory, for settings in shares of it. */
export function managedPages(asked: Asked, zones: readonly JudgedZone[]): number {
  return zones.reduce(
    (n, { zone }) => n + inPages(zone.managedBytes ?? zone.presentBytes, asked.pageBytes),
    0,
  );
}
