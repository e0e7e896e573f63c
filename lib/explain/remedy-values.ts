/** Values of settings with which a refused request would have passed, by the rule of the watermark check. */
import { calculateMinFreeKbytes, recommendedMinFreeKbytes } from "../mm/boot/watermarks";
import { missingZones } from "./cut-report";
import { inPages, listed } from "./quantities";
import type { Asked } from "./request";
import type { JudgedZone } from "./zone-words";

/** A value is too high if it is this many times the kernel's own. */
export const TOO_HIGH = 2;

/** Zones whose min watermark does not follow from vm.min_free_kbytes. */
const OWN_MARK: readonly string[] = ["HighMem", "Movable", "Device"];

/** A value of vm.min_free_kbytes above this share of low memory starves the machine. */
export const MOST_SHARE = 0.1;

/** vm.min_free_kbytes now, what the kernel sets by itself, and the low memory that both follow from. */
export interface FreeNow {
  nowKbytes: number;
  defaultKbytes: number;
  lowKbytes: number;
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
function sizeOf({ managedBytes, presentBytes }: JudgedZone["zone"]): number | null {
  const bytes = managedBytes ?? presentBytes;
  return listed(bytes) && bytes > 0 ? bytes : null;
}

/**
 * vm.min_free_kbytes that the printed marks follow from, and the most that the kernel sets for this memory by itself: the larger
 * of its square-root rule and of khugepaged's recommendation, which applies where there are transparent huge pages.
 */
export function minFreeNow(asked: Asked, zones: readonly JudgedZone[]): FreeNow | null {
  const low = zones.filter(({ zone }) => !OWN_MARK.includes(zone.name));
  if (low.length === 0 || low.some(({ zone }) => !listed(zone.minBytes) || sizeOf(zone) === null))
    return null;
  const min = low.reduce(
    (n, { zone }) => n + zone.minBytes! - (listed(zone.boostBytes) ? zone.boostBytes : 0),
    0,
  );
  const lowmem = low.reduce((n, { zone }) => n + sizeOf(zone)!, 0);
  // Zones behind a cut have marks and memory of their own.
  if (
    missingZones(
      zones.map(({ zone }) => zone),
      asked,
    ).length > 0
  )
    return null;
  const nowKbytes = Math.round(min / 1024);
  const byRoot = calculateMinFreeKbytes(Math.floor(lowmem / 1024), asked.kernel.release);
  const { pageBytes } = asked;
  const blockOrder = Math.log2(pageBytes / 8);
  // A report may print fewer zones than there are: those of the build count.
  const built = asked.kinds.filter((kind) => !OWN_MARK.includes(kind)).length;
  const counted = Math.max(low.length, built);
  const byThp = recommendedMinFreeKbytes(blockOrder, counted, lowmem / pageBytes, pageBytes);
  const lowKbytes = Math.floor(lowmem / 1024);
  return { nowKbytes, defaultKbytes: Math.max(byRoot, Math.floor(byThp)), lowKbytes };
}

/**
 * The value nearest to the present one with which the watermark check of one of the zones would have passed: a lower
 * one, if pages enough are free and only the mark is in the way; for a request that may go below the mark a higher one,
 * since other requests then leave more. Null if no value does, or none changes enough.
 */
export function minFreeValue(asked: Asked, zones: readonly JudgedZone[]): MinFreeValue | null {
  const now = minFreeNow(asked, zones);
  if (now === null || now.nowKbytes === 0) return null;
  const found = zones
    .filter(({ answer, check }) => answer.allowed && check.reasons.includes("watermark"))
    .filter(({ zone }) => !OWN_MARK.includes(zone.name))
    .filter(
      ({ check }) => !check.reasons.includes("no-block") && check.failedAtOrder === null && check.min > 0,
    )
    .flatMap((zone) => valuesFor(zone, now));
  const distance = ({ kbytes, nowKbytes }: MinFreeValue) => Math.abs(Math.log(kbytes / nowKbytes));
  return found.sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

function valuesFor(judged: JudgedZone, now: FreeNow): MinFreeValue[] {
  const { check } = judged;
  const part = check.mark / check.min;
  if (part < 1) {
    // Others leave min + d, this request needs more than part × (min + d) + reserve of it.
    const lacking = check.mark + check.reserve - check.usable + 1;
    const more = Math.ceil(lacking / (1 - part));
    const kbytes = Math.ceil((now.nowKbytes * (check.min + more)) / check.min);
    if (kbytes > MOST_SHARE * now.lowKbytes) return [];
    return [{ ...now, kbytes, direction: "raise", zone: judged }];
  }
  const most = check.usable - check.reserve - 1;
  // Below the kernel's own value reclaim has nothing to work with; near it, the mark is not what is wrong.
  if (most <= 0 || now.nowKbytes < TOO_HIGH * now.defaultKbytes) return [];
  const kbytes = Math.floor((now.nowKbytes * most) / check.min);
  if (kbytes < now.defaultKbytes) return [];
  return [{ ...now, kbytes, direction: "lower", zone: judged }];
}

/**
 * Values for vm.lowmem_reserve_ratio with which the reserve of a zone would not have been in the way. A zone keeps half as much at
 * most then: a smaller change would let this request pass and refuse the next.
 */
export function reserveRatios(asked: Asked, zones: readonly JudgedZone[]): number[] | null {
  if (zones.some(({ zone }) => sizeOf(zone) === null)) return null;
  const ratios: Record<string, number> = { DMA: 256, DMA32: 256, Normal: 32, HighMem: 0, Movable: 0 };
  const values = new Map(
    asked.kinds.filter((kind) => kind !== "Device").map((kind) => [kind, ratios[kind] ?? 0]),
  );
  let changed = false;
  const managed = managedPages(asked, zones);
  for (const { zone, check, answer } of zones) {
    // What a small zone keeps is for devices, and would not help for long.
    if (inPages(zone.managedBytes ?? zone.presentBytes, asked.pageBytes) * 10 < managed) continue;
    if (!answer.allowed || !check.reasons.includes("lowmem-reserve")) continue;
    if (check.reasons.some((reason) => reason === "watermark" || reason === "no-block")) continue;
    const room = check.usable - check.mark - 1;
    const ratio = ratios[zone.name];
    if (room < 1 || ratio === undefined || ratio === 0) continue;
    values.set(zone.name as never, Math.max(2 * ratio, Math.ceil((ratio * check.reserve) / room) + 1));
    changed = true;
  }
  return changed ? [...values.values()] : null;
}

/** Pages of the machine's low memory, for settings in shares of it. */
export function managedPages(asked: Asked, zones: readonly JudgedZone[]): number {
  return zones.reduce(
    (n, { zone }) => n + inPages(zone.managedBytes ?? zone.presentBytes, asked.pageBytes),
    0,
  );
}
