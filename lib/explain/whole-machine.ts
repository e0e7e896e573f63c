/**
 * Whether a report prints every zone whose watermark follows from vm.min_free_kbytes. Only then do its marks tell the value of now:
 * mm/page_alloc.c __setup_per_zone_wmarks() divides it among all such zones of all nodes, show_free_areas() leaves some out.
 */
import { bootRules, compareReleases } from "../hardware/kernel-release";
import { reportRule } from "../hardware/kernel-report-rules";
import { listed } from "./quantities";
import type { Reading, ZoneReading } from "./reading";
import type { Asked } from "./request";
import type { ZoneKind } from "./zone-kinds";

/** Whether a zone has a share of vm.min_free_kbytes: is_highmem() decides, from 6.6 on ZONE_MOVABLE has none anywhere. */
export function sharesMinFree(name: string, { kernel }: Asked, zones: readonly ZoneReading[]): boolean {
  if (name === "HighMem" || name === "Device") return false;
  if (name !== "Movable") return true;
  if (bootRules(kernel.release).movableZoneReserve === "own") return false;
  return !zones.some((zone) => zone.name === "HighMem");
}

/** Zones above those of a node whose memory lowmem_reserve[] shows, but that are not in the list. */
export function zonesBehind(
  zones: readonly ZoneReading[],
  kinds: readonly ZoneKind[],
  counts: (kind: ZoneKind) => boolean,
): ZoneKind[] {
  const there = new Set(zones.map(({ node, name }) => `${node} ${name}`));
  const missing = new Set<ZoneKind>();
  for (const { node, name, lowmemReserve: reserve } of zones) {
    const own = kinds.indexOf(name as ZoneKind);
    if (reserve === null || own < 0) continue;
    for (let j = own + 1; j < Math.min(reserve.length, kinds.length); j++) {
      const kind = kinds[j]!;
      // The reserve against zone j exceeds that against j − 1 by its share of the memory of zone j.
      const grows = reserve[j]! > (j - 1 === own ? 0 : reserve[j - 1]!);
      if (!grows || !counts(kind)) continue;
      if (!there.has(`${node} ${kind}`)) missing.add(kind);
    }
  }
  return [...missing];
}

/** Before 3.14 `pages RAM` counted every frame that has a struct page, holes of the firmware included. */
const leastShare = ({ kernel }: Asked) => (compareReleases(kernel.series, "3.14") >= 0 ? 0.99 : 0.9);

/** Whether zones with a share of vm.min_free_kbytes may be missing. */
export function hidesZones(reading: Reading, asked: Asked): boolean {
  const { zones, totals, nodemask, cpuset, kind } = reading;
  const ram = totals["pages RAM"];
  // `pages HighMem/MovableOnly`, before 3.12 `pages HighMem`, is the memory of zones that is_highmem() names.
  const high = highBytes(reading);
  const sizes = zones
    .filter(({ name }) => name !== "HighMem" && (high === 0 || name !== "Movable"))
    .map((zone) => zone.presentBytes ?? zone.managedBytes);
  if (listed(ram) && high !== null && sizes.every(listed))
    return sizes.reduce((sum, bytes) => sum + bytes, 0) < leastShare(asked) * (ram - high);
  const shares = (one: ZoneKind) => sharesMinFree(one, asked, zones);
  if (zonesBehind(zones, asked.kinds, shares).length > 0) return true;
  if (reportRule("zonesShown", asked.kernel.series) === "asked" && hidesAbove(reading, asked)) return true;
  // SHOW_MEM_FILTER_NODES: nodes outside of the mask, or of the cpuset of a task that may wait, are left out.
  const filters = kind === "oom" || asked.mayWait;
  return filters && (nodemask !== null || (cpuset !== null && cpuset !== "/"));
}

function highBytes({ totals }: Reading): number | null {
  const name = Object.keys(totals).find((key) => /HighMem/i.test(key));
  return name === undefined ? null : totals[name]!;
}

/** Zones above the one asked are not printed; the reserves that the highest printed ones keep tell whether there are any. */
function hidesAbove({ zones }: Reading, asked: Asked): boolean {
  const above = asked.kinds.slice(asked.kinds.indexOf(asked.highest as ZoneKind) + 1);
  if (!above.some((kind) => sharesMinFree(kind, asked, zones))) return false;
  return zones.some(({ lowmemReserve }) => lowmemReserve === null);
}
