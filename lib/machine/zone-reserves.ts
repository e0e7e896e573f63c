/**
 * The reserves of zones: min_free_kbytes divided into watermarks, and lowmem_reserve. mm/page_alloc.c
 * init_per_zone_wmark_min(), mm/khugepaged.c start_stop_khugepaged(). All zones of all nodes share one min_free_kbytes.
 */
import { bootRules } from "../hardware/kernel-release";
import {
  calculateMinFreeKbytes,
  recommendedMinFreeKbytes,
  setupPerZoneLowmemReserve,
  setupPerZoneWmarks,
  type Watermarks,
} from "../mm/boot/watermarks";
import type { ResolvedBoot } from "./boot-request";

/** THP switches itself off below 512 MiB of managed memory: mm/huge_memory.c hugepage_init(). */
const THP_LEAST_BYTES = 512 * 1024 * 1024;

const isHigh = ({ name }: ReservingZone) => name === "HighMem";

/** The facts about a zone that its reserves depend on. */
export interface ReservingZone {
  name: string;
  nid: number;
  /** Pages. */
  managedAtBoot: number;
}

/**
 * init_per_zone_wmark_min(), then the changes by start_stop_khugepaged(). If THP is on, it raises min_free_kbytes. If
 * THP is built in but off, releases since 5.16 compute min_free_kbytes again, now without the pages below the high
 * watermarks. Low memory is the memory GFP_USER may use: not ZONE_MOVABLE.
 */
export function zoneReserves(
  boot: ResolvedBoot,
  order: number,
  zones: readonly ReservingZone[],
): { minFreeKbytes: number; watermarks: Watermarks[] } {
  const { geometry, release, huge } = boot;
  const { pageSize } = geometry;
  const rules = bootRules(release);
  const isLow = (z: ReservingZone) => z.name !== "Movable" && !isHigh(z);
  const total = zones.reduce((n, z) => n + z.managedAtBoot, 0);
  const low = zones.reduce((n, z) => n + (isLow(z) ? z.managedAtBoot : 0), 0);
  const kbytes = (pages: number) => (pages * pageSize) / 1024;
  const managed = zones.map((z) => z.managedAtBoot);
  const apart = zones.map((z) => isHigh(z) || (rules.movableZoneReserve === "own" && !isLow(z)));
  const marks = (kb: number) => setupPerZoneWmarks(kb, managed, pageSize, apart);
  let minFreeKbytes = calculateMinFreeKbytes(kbytes(low), release);
  let watermarks = marks(minFreeKbytes);
  if (!huge.thp || total * pageSize < THP_LEAST_BYTES) return { minFreeKbytes, watermarks };
  const aboveHigh = zones.reduce(
    (sum, z, i) => sum + (isLow(z) ? Math.max(0, z.managedAtBoot - watermarks[i]!.high) : 0),
    0,
  );
  if (boot.thpEnabled) {
    const recommended = recommendedMinFreeKbytes(order, zones.filter(isLow).length, aboveHigh, pageSize);
    minFreeKbytes = Math.max(minFreeKbytes, recommended);
  } else if (rules.thpOffRestoresMinFree) minFreeKbytes = calculateMinFreeKbytes(kbytes(aboveHigh), release);
  watermarks = marks(minFreeKbytes);
  return { minFreeKbytes, watermarks };
}

/** setup_per_zone_lowmem_reserve(), node by node; per zone, indexed by the zones of its node. */
export function zoneLowmemReserve(zones: readonly ReservingZone[]): number[][] {
  return zones.map((zone) => {
    const node = zones.filter((z) => z.nid === zone.nid);
    const reserves = setupPerZoneLowmemReserve(
      node.map((z) => z.name),
      node.map((z) => z.managedAtBoot),
    );
    return reserves[node.indexOf(zone)]!;
  });
}
