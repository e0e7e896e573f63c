/** Numbers that no memory has: a counter of the kernel fell below zero and is printed as a number near 2^64. */
import { listInWords } from "./quantities";
import type { ZoneReading } from "./reading";

/** No processor addresses more: 52 bits. */
const BYTES_MOST = 2 ** 52;

const FIELDS: readonly (readonly [keyof ZoneReading, string])[] = [
  ["freeBytes", "free"],
  ["minBytes", "min"],
  ["lowBytes", "low"],
  ["highBytes", "high"],
  ["presentBytes", "present"],
  ["managedBytes", "managed"],
  ["freeCmaBytes", "free_cma"],
  ["reservedHighatomicBytes", "reserved_highatomic"],
];

export const isImpossible = (bytes: number | null): boolean =>
  bytes !== null && Number.isFinite(bytes) && bytes > BYTES_MOST;

/** Names of the numbers of a zone that cannot be; `lowmem_reserve` is in pages. */
export function impossibleIn(zone: ZoneReading, pageBytes: number): string[] {
  const sizes = FIELDS.filter(([field]) => isImpossible(zone[field] as number | null)).map(
    ([, name]) => name,
  );
  const reserve = (zone.lowmemReserve ?? []).some((pages) => isImpossible(pages * pageBytes));
  return reserve ? [...sizes, "lowmem_reserve"] : sizes;
}

/** One sentence for a report that has such numbers; null for any other. */
export function impossibleInWords(zones: readonly ZoneReading[], pageBytes: number): string | null {
  const parts = zones.flatMap((zone) => {
    const names = impossibleIn(zone, pageBytes);
    return names.length === 0 ? [] : [`${listInWords(names)} of zone ${zone.name}`];
  });
  if (parts.length === 0) return null;
  return `The report has numbers that no memory has: ${listInWords(parts)}. A counter of the kernel fell below zero, as after memory that was removed or counted twice: this is a bug of the kernel. The marks that follow from it refuse every request, and no setting helps.`;
}
