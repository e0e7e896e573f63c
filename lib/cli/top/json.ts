/** A reading and its rates as one JSON object; the docs list its fields. */
import { unusableFreeIndex } from "../../mm/reports/fragmentation-index";
import { watermarkState } from "./page";
import type { Rates } from "./rates";
import type { TopReading, TopZone } from "./reading";

/** One line. What is not known is null. */
export function topJson(reading: TopReading, rates: Rates | undefined): string {
  const { memory, kernel = null, arch = null, uptimeSeconds = null, cma = null } = reading;
  const bytes = (field: string) => memory.get(field) ?? null;
  return JSON.stringify({
    kernel,
    arch,
    pageBytes: reading.pageBytes,
    uptimeSeconds,
    memory: {
      totalBytes: bytes("MemTotal"),
      freeBytes: bytes("MemFree"),
      availableBytes: bytes("MemAvailable"),
      anonymousBytes: bytes("AnonPages"),
      cachedBytes: bytes("Cached"),
      reclaimableSlabBytes: bytes("SReclaimable"),
      otherSlabBytes: bytes("SUnreclaim"),
    },
    cma,
    hugePages: reading.hugePools,
    transparentHugePages: {
      anonymousBytes: bytes("AnonHugePages"),
      sharedBytes: bytes("ShmemHugePages"),
      fileBytes: bytes("FileHugePages"),
    },
    rates: rates ?? null,
    zones: reading.zones.map(zoneJson),
    unread: reading.unread,
  });
}

function zoneJson(zone: TopZone) {
  const { node, name, freeBlocks, byType } = zone;
  return {
    node,
    name,
    freePages: zone.free ?? null,
    minPages: zone.min ?? null,
    lowPages: zone.low ?? null,
    highPages: zone.high ?? null,
    managedPages: zone.managed ?? null,
    watermark: watermarkState(zone) ?? null,
    cmaPages: zone.cma ?? null,
    freeCmaPages: zone.freeCma ?? null,
    freeBlocks: freeBlocks ?? null,
    unusable: freeBlocks?.map((_, order) => unusableFreeIndex(freeBlocks, order) / 1000) ?? null,
    freeBlocksByType:
      byType === undefined ? null : Object.fromEntries(byType.map(({ type, counts }) => [type, counts])),
    /** Orders at which the kernel stopped counting. */
    cappedOrders:
      byType === undefined
        ? null
        : Object.fromEntries(
            byType.filter((t) => t.capped.length > 0).map(({ type, capped }) => [type, capped]),
          ),
    pageBlocks: zone.pageBlocks ?? null,
  };
}
