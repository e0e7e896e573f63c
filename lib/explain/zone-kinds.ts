/**
 * The zones that a kernel was built with. lowmem_reserve[] and the zone bits of a request are indices into them, but a
 * report names only the populated ones, and since 6.1 none above the highest that the request may use.
 */
import { largestOf } from "../base/extremes";
import type { ZoneReading } from "./reading";
import { ZONE_ORDER } from "./zone-names";

export type ZoneKind = (typeof ZONE_ORDER)[number];

const OPTIONAL: readonly ZoneKind[] = ["DMA", "DMA32", "HighMem", "Device"];

/** Zones of a usual build by architecture. */
const USUAL: Readonly<Record<string, readonly ZoneKind[]>> = {
  x86_64: ["DMA", "DMA32", "Normal", "Movable", "Device"],
  i386: ["DMA", "Normal", "HighMem", "Movable"],
  arm64: ["DMA", "DMA32", "Normal", "Movable"],
  arm: ["DMA", "Normal", "HighMem", "Movable"],
  ppc: ["DMA", "Normal", "HighMem", "Movable"],
  mips: ["Normal", "HighMem", "Movable"],
  mips64: ["DMA", "DMA32", "Normal", "Movable"],
  ppc64: ["Normal", "Movable", "Device"],
  ppc64le: ["Normal", "Movable", "Device"],
  riscv64: ["DMA32", "Normal", "Movable"],
  s390x: ["DMA", "Normal", "Movable"],
};

/** Architectures of 32 bits have no DMA32, those of 64 bits no HighMem. */
const NARROW = ["i386", "arm", "ppc", "mips"];

/**
 * The zones of the build, lowest first: of all sets with as many zones as lowmem_reserve[] has entries, the one that
 * agrees best with the zones named, with their reserves and with the architecture. `highPages`: the report's number of
 * pages in HighMem and Movable.
 */
export function zoneKinds(
  zones: readonly ZoneReading[],
  arch: string | null,
  highPages: number | null = null,
): ZoneKind[] {
  const seen = new Set(zones.map((zone) => zone.name));
  const entries = largestOf([0, ...zones.map((zone) => zone.lowmemReserve?.length ?? 0)]);
  const large = largeZones(zones);
  const usual = USUAL[arch ?? ""] ?? guessedUsual(seen, zones, (highPages ?? 0) > 0);
  let best: { kinds: ZoneKind[]; faults: number } | undefined;
  for (let choice = 0; choice < 2 ** OPTIONAL.length; choice++) {
    const left = OPTIONAL.filter((_, i) => (choice & (1 << i)) === 0);
    const kinds = ZONE_ORDER.filter((kind) => !left.includes(kind));
    if (left.some((kind) => seen.has(kind))) continue;
    const odd =
      ZONE_ORDER.filter((kind) => kinds.includes(kind) !== usual.includes(kind)).length +
      (entries > 0 && kinds.length !== entries ? 100 : 0) +
      50 * (arch !== null && kinds.includes(impossible(arch)) ? 1 : 0) +
      10 * reserveFaults(kinds, zones, large);
    if (best === undefined || odd < best.faults) best = { kinds, faults: odd };
  }
  return best!.kinds;
}

function impossible(arch: string): ZoneKind {
  return NARROW.includes(arch) ? "DMA32" : "HighMem";
}

function guessedUsual(
  seen: ReadonlySet<string>,
  zones: readonly ZoneReading[],
  high: boolean,
): readonly ZoneKind[] {
  if (seen.has("HighMem") || (high && !seen.has("Movable") && !seen.has("DMA32"))) return USUAL.i386!;
  if (seen.has("DMA32")) return USUAL.x86_64!;
  const dma = zones.find((zone) => zone.name === "DMA");
  const bytes = dma?.presentBytes ?? dma?.managedBytes ?? null;
  // Sixteen MiB of ISA memory are a PC; a larger ZONE_DMA is what an ARM board reaches with its masks.
  if (bytes !== null && bytes > 2 ** 24) return USUAL.arm64!;
  return seen.has("DMA") ? USUAL.i386! : ["Normal", "Movable"];
}

/** Zones with memory enough to show in the reserves, by node and name. */
function largeZones(zones: readonly ZoneReading[]): Set<string> {
  const large = zones.filter((zone) => (zone.managedBytes ?? zone.presentBytes ?? 0) >= 2 ** 22);
  return new Set(large.map(({ node, name }) => `${node} ${name}`));
}

/**
 * Entries that contradict the zones: a zone keeps nothing from requests for itself and lower ones, and entry j exceeds
 * entry j − 1 if zone j of the node has pages.
 */
function reserveFaults(
  kinds: readonly ZoneKind[],
  zones: readonly ZoneReading[],
  large: ReadonlySet<string>,
): number {
  let faults = 0;
  for (const zone of zones) {
    const reserve = zone.lowmemReserve;
    const own = kinds.indexOf(zone.name as ZoneKind);
    if (reserve === null || own < 0) continue;
    for (let j = 0; j < Math.min(reserve.length, kinds.length); j++) {
      if (j <= own) faults += reserve[j] === 0 ? 0 : 1;
      else {
        if (reserve[j]! > 0 && reserve[j] === reserve[j - 1] && large.has(`${zone.node} ${kinds[j]}`))
          faults++;
      }
    }
  }
  return faults;
}

/** include/linux/gfp.h gfp_zone(): the highest zone that a request with these flags may use. */
export function highestZone(flags: ReadonlySet<string>, kinds: readonly ZoneKind[]): ZoneKind {
  const orNormal = (kind: ZoneKind): ZoneKind => (kinds.includes(kind) ? kind : "Normal");
  if (flags.has("MOVABLE") && flags.has("HIGHMEM")) return "Movable";
  if (flags.has("DMA")) return orNormal("DMA");
  if (flags.has("DMA32")) return orNormal("DMA32");
  return flags.has("HIGHMEM") ? orNormal("HighMem") : "Normal";
}

/** Whether a request with this highest zone may use the zone called `name`. */
export function zoneAllowed(name: string, highest: ZoneKind): boolean {
  const at = ZONE_ORDER.indexOf(name as ZoneKind);
  return at >= 0 && name !== "Device" && at <= ZONE_ORDER.indexOf(highest);
}
