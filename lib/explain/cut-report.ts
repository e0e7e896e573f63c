/** What a report that a text cuts does not show: free blocks of a zone, or whole zones behind the cut. */
import { listInWords } from "./quantities";
import type { ZoneReading } from "./reading";
import type { Asked } from "./request";
import { type ZoneKind, zoneAllowed } from "./zone-kinds";
import type { JudgedZone } from "./zone-words";

/** Zones that the request may use and whose reserves show that they have memory, but that the text does not list. */
export function missingZones(zones: readonly ZoneReading[], { kinds, highest }: Asked): string[] {
  const missing = new Set<string>();
  for (const { node, name, lowmemReserve: reserve } of zones) {
    const own = kinds.indexOf(name as ZoneKind);
    if (reserve === null || own < 0) continue;
    for (let j = own + 1; j < Math.min(reserve.length, kinds.length); j++) {
      const kind = kinds[j]!;
      // The reserve against zone j exceeds that against j − 1 by its share of the memory of zone j.
      const grows = reserve[j]! > (j - 1 === own ? 0 : reserve[j - 1]!);
      if (!grows || kind === "Movable" || !zoneAllowed(kind, highest)) continue;
      if (!zones.some((zone) => zone.node === node && zone.name === kind)) missing.add(kind);
    }
  }
  return [...missing];
}

/** `The text is cut: …`; null for a whole report. */
export function cutInWords(zones: readonly JudgedZone[], asked: Asked): string | null {
  const open = zones.filter(({ answer }) => answer.allowed);
  const blocks = asked.judged === 0 ? [] : open.filter(({ check }) => !check.blocksKnown);
  const marks = open.filter(({ check }) => !check.marked);
  const missing = missingZones(
    zones.map(({ zone }) => zone),
    asked,
  );
  const names = (some: readonly JudgedZone[]) =>
    `zone${some.length > 1 ? "s" : ""} ${listInWords([...new Set(some.map(({ zone }) => zone.name))])}`;
  const parts = [
    ...(blocks.length > 0 ? [`the free blocks of ${names(blocks)}`] : []),
    ...(marks.length > 0 && marks.length < open.length ? [`the watermarks of ${names(marks)}`] : []),
    ...(missing.length > 0 ? [`zone${missing.length > 1 ? "s" : ""} ${listInWords(missing)}`] : []),
  ];
  return parts.length === 0
    ? null
    : `The text is cut: ${listInWords(parts)} ${parts.length === 1 && blocks.length === 0 && marks.length === 0 && missing.length === 1 ? "is" : "are"} missing.`;
}
