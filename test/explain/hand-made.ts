/** Readings made by hand, for tests of answers that need no text. */
import { newDraft, newZone } from "../../lib/explain/draft";
import type { Reading, ZoneReading } from "../../lib/explain/reading";

const KIB = 1024;

/** A zone from the numbers of a report in kB. */
export function zoneOf(
  name: string,
  kb: { free: number; min: number; managed?: number; cma?: number; boost?: number; highatomic?: number },
  more: Partial<ZoneReading> = {},
): ZoneReading {
  const bytes = (value: number | undefined) => (value === undefined ? null : value * KIB);
  return {
    ...newZone(0, name),
    freeBytes: kb.free * KIB,
    minBytes: kb.min * KIB,
    lowBytes: Math.floor(kb.min * 1.25) * KIB,
    highBytes: Math.floor(kb.min * 1.5) * KIB,
    boostBytes: bytes(kb.boost),
    presentBytes: bytes(kb.managed),
    managedBytes: bytes(kb.managed),
    reservedHighatomicBytes: bytes(kb.highatomic),
    freeCmaBytes: bytes(kb.cma),
    ...more,
  };
}

/** A reading of a refused request with nothing but what is given. */
export function readingOf(more: Partial<Reading>): Reading {
  const place = { source: "by hand", first: 1, last: 1 };
  const { reading } = newDraft("page-allocation-failure", place, 0);
  return { ...reading, parts: [place], pageBytes: 4096, ...more };
}
