/** Values of vm.lowmem_reserve_ratio, from the reserves that a report prints: mm/page_alloc.c setup_per_zone_lowmem_reserve(). */
import { LOWMEM_RESERVE_RATIO } from "../mm/boot/watermarks";
import { inPages, listed } from "./quantities";
import type { ZoneReading } from "./reading";
import { managedPages, sizeOf } from "./remedy-values";
import type { Asked } from "./request";
import type { ZoneKind } from "./zone-kinds";
import type { JudgedZone } from "./zone-words";

const DEFAULTS: Readonly<Record<string, number>> = { ...LOWMEM_RESERVE_RATIO, HighMem: 0 };

/**
 * The ratio that a zone's printed reserves follow from: every reserve is the memory of the zones above divided by it, rounded down.
 * `undefined`: no zone above has memory, so the ratio has no effect; null: the numbers do not tell it.
 */
function ratioOf(
  zone: ZoneReading,
  zones: ReadonlyMap<string, ZoneReading>,
  asked: Asked,
): number | null | undefined {
  const { kinds, pageBytes } = asked;
  const own = kinds.indexOf(zone.name as ZoneKind);
  const reserve = zone.lowmemReserve;
  if (own < 0 || reserve === null) return null;
  let [least, most] = [0, Number.POSITIVE_INFINITY];
  let [above, hidden] = [0, 0];
  for (let j = own + 1; j < Math.min(reserve.length, kinds.length); j++) {
    const there = zones.get(`${zone.node} ${kinds[j]}`);
    const before = j - 1 === own ? 0 : reserve[j - 1]!;
    if (there === undefined && reserve[j]! > before) hidden++;
    if (there === undefined) continue;
    above += inPages(there.managedBytes ?? there.presentBytes, pageBytes);
    if (hidden > 0 || above === 0) continue;
    if (reserve[j] === 0) return above < 4096 ? null : 0;
    least = Math.max(least, above / (reserve[j]! + 1));
    most = Math.min(most, above / reserve[j]!);
  }
  if (above === 0) return hidden > 0 ? null : undefined;
  const usual = DEFAULTS[zone.name] ?? 0;
  // Pages are printed in kB, so the last one is sure to a page only.
  if (usual >= least * 0.999 && usual <= most * 1.001) return usual;
  const ratio = Math.round((least + most) / 2);
  return most === Number.POSITIVE_INFINITY || most - least > 0.02 * most + 1 ? null : ratio;
}

/** The ratios of now by kind, in the order of the setting; null if the report does not tell them all. */
function ratiosNow(zones: ReadonlyMap<string, ZoneReading>, asked: Asked): Map<ZoneKind, number> | null {
  const kinds = asked.kinds.filter((kind) => kind !== "Device");
  const values = new Map<ZoneKind, number>(kinds.map((kind) => [kind, DEFAULTS[kind] ?? 0]));
  const told = new Map<ZoneKind, number>();
  for (const zone of zones.values()) {
    const ratio = ratioOf(zone, zones, asked);
    const kind = zone.name as ZoneKind;
    if (ratio === null || (ratio !== undefined && (told.get(kind) ?? ratio) !== ratio)) return null;
    if (ratio !== undefined) told.set(kind, ratio);
  }
  for (const [kind, ratio] of told) values.set(kind, ratio);
  return values;
}

/**
 * Values for vm.lowmem_reserve_ratio with which the reserve of a zone would not have been in the way. A zone keeps half as much at
 * most then: a smaller change would let this request pass and refuse the next.
 */
export function reserveRatios(asked: Asked, zones: readonly JudgedZone[]): number[] | null {
  if (zones.some(({ zone }) => sizeOf(zone) === null)) return null;
  const read = new Map(zones.map(({ zone }) => [`${zone.node} ${zone.name}`, zone]));
  const values = ratiosNow(read, asked);
  if (values === null) return null;
  let changed = false;
  const managed = managedPages(asked, zones);
  for (const { zone, check, answer } of zones) {
    // What a small zone keeps is for devices, and would not help for long.
    if (inPages(zone.managedBytes ?? zone.presentBytes, asked.pageBytes) * 10 < managed) continue;
    if (!answer.allowed || !check.reasons.includes("lowmem-reserve")) continue;
    if (check.reasons.some((reason) => reason === "watermark" || reason === "no-block")) continue;
    const room = check.usable - check.mark - 1;
    const kind = zone.name as ZoneKind;
    const ratio = ratioOf(zone, read, asked);
    if (room < 1 || !listed(ratio) || ratio === 0) continue;
    values.set(kind, Math.max(2 * ratio, Math.ceil((ratio * check.reserve) / room) + 1));
    changed = true;
  }
  return changed ? [...values.values()] : null;
}
