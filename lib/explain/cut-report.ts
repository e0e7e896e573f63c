/** What a report that a text cuts does not show: free blocks of a zone, or whole zones behind the cut. */
import { listInWords } from "./quantities";
import type { ZoneReading } from "./reading";
import type { Asked } from "./request";
import { zonesBehind } from "./whole-machine";
import { zoneAllowed } from "./zone-kinds";
import type { JudgedZone } from "./zone-words";

/** Zones that the request may use and whose reserves show that they have memory, but that the text does not list. */
function missingZones(zones: readonly ZoneReading[], { kinds, highest }: Asked): string[] {
  return zonesBehind(zones, kinds, (kind) => kind !== "Movable" && zoneAllowed(kind, highest));
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
