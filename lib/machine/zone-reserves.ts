/**
 * The reserves of zones: min_free_kbytes divided into watermarks, and lowmem_reserve. mm/page_alloc.c
 * init_per_zone_wmark_min(), mm/khugepaged.c start_stop_khugepaged(). All zones of all nodes share one min_free_kbytes.
 */
import { bootRules, type KernelRelease } from "../hardware/kernel-release";
import { writtenPagesetSize } from "../mm/boot/pageset-size";
import {
  calculateMinFreeKbytes,
  LOWMEM_RESERVE_RATIO,
  recommendedMinFreeKbytes,
  setupPerZoneLowmemReserve,
  setupPerZoneWmarks,
  type Watermarks,
} from "../mm/boot/watermarks";
import type { ResolvedBoot } from "./boot-request";
import type { BootedZone, ZoneReserves } from "./boot-result";
import { SYSCTL_DEFAULTS } from "./sysctls";
import { type BuiltZone, zonesBuilt } from "./zones";

/** THP switches itself off below 512 MiB of managed memory: mm/huge_memory.c hugepage_init(). */
const THP_LEAST_BYTES = 512 * 1024 * 1024;

const isHigh = (zone: string) => zone === "HighMem";

/** The facts about a zone that its reserves depend on. */
export interface ReservingZone {
  name: string;
  nid: number;
  /** Pages. */
  managedAtBoot: number;
}

const isLow = (z: ReservingZone) => z.name !== "Movable" && !isHigh(z.name);

function marksOf(
  zones: readonly ReservingZone[],
  release: KernelRelease,
  settings: { minFreeKbytes: number; pageSize: number },
): Watermarks[] {
  const ownReserve = bootRules(release).movableZoneReserve === "own";
  const apart = zones.map((z) => isHigh(z.name) || (ownReserve && !isLow(z)));
  return setupPerZoneWmarks(
    settings,
    zones.map((z) => z.managedAtBoot),
    apart,
  );
}

/** init_per_zone_wmark_min(): min_free_kbytes and the watermarks before khugepaged changes them. */
export function earlyReserves(
  zones: readonly ReservingZone[],
  release: KernelRelease,
  pageSize: number,
): { minFreeKbytes: number; watermarks: Watermarks[] } {
  const low = zones.reduce((n, z) => n + (isLow(z) ? z.managedAtBoot : 0), 0);
  const minFreeKbytes = calculateMinFreeKbytes((low * pageSize) / 1024, release);
  return { minFreeKbytes, watermarks: marksOf(zones, release, { minFreeKbytes, pageSize }) };
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
  const total = zones.reduce((n, z) => n + z.managedAtBoot, 0);
  const kbytes = (pages: number) => (pages * pageSize) / 1024;
  const marks = (kb: number) => marksOf(zones, release, { minFreeKbytes: kb, pageSize });
  let { minFreeKbytes, watermarks } = earlyReserves(zones, release, pageSize);
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
  return reservesByNode(zones.map((z) => ({ ...z, managed: z.managedAtBoot })));
}

function reservesByNode(
  zones: readonly { name: string; nid: number; managed: number }[],
  ratios?: Readonly<Record<string, number>>,
): number[][] {
  return zones.map((zone) => {
    const node = zones.filter((z) => z.nid === zone.nid);
    const reserves = setupPerZoneLowmemReserve(
      node.map((z) => z.name),
      node.map((z) => z.managed),
      ratios,
    );
    return reserves[node.indexOf(zone)]!;
  });
}

/**
 * The reserves once the sysctls of a machine are written. The handlers compute them from the pages that a zone manages then,
 * with what the end of the boot gave back; at boot it had not yet. Null: nothing is written that the machine has not already.
 */
export function writtenReserves(
  boot: ResolvedBoot,
  zones: readonly BootedZone[],
  minFreeKbytes: number,
): ZoneReserves[] | null {
  const { sysctls, release, geometry } = boot;
  const scaleFactor = sysctls.watermarkScaleFactor ?? SYSCTL_DEFAULTS.watermarkScaleFactor;
  const fraction = sysctls.percpuPagelistHighFraction ?? 0;
  const wanted = sysctls.minFreeKbytes ?? minFreeKbytes;
  const marks = wanted !== minFreeKbytes || scaleFactor !== SYSCTL_DEFAULTS.watermarkScaleFactor;
  const ratios = writtenRatios(boot);
  if (!marks && fraction === 0 && ratios === null) return null;
  const rules = bootRules(release);
  const managed = zones.map((z) => z.managed);
  const apart = zones.map(
    ({ name }) => isHigh(name) || (rules.movableZoneReserve === "own" && name === "Movable"),
  );
  const watermarks = setupPerZoneWmarks(
    { minFreeKbytes: wanted, pageSize: geometry.pageSize, scaleFactor },
    managed,
    apart,
  );
  const lowmem = ratios && reservesByNode(zones, ratios);
  const sized = fraction > 0 || (marks && rules.pagesetHigh === "lowWatermark");
  return zones.map((z, i) => {
    const kept = marks ? watermarks[i]! : z.watermarks;
    const lists = {
      managedPages: z.managed,
      lowWatermark: kept.low,
      cpus: z.cpus,
      pageSize: geometry.pageSize,
    };
    return {
      watermarks: kept,
      lowmemReserve: lowmem?.[i] ?? z.lowmemReserve,
      pageset: sized ? writtenPagesetSize(lists, fraction, release) : z.pageset,
    };
  });
}

/** vm.lowmem_reserve_ratio by zone name, or null if it is what the kernel has. Numbers left out keep their value. */
function writtenRatios({ board, release, sysctls }: ResolvedBoot): Record<BuiltZone, number> | null {
  const usual: Record<BuiltZone, number> = { ...LOWMEM_RESERVE_RATIO, HighMem: 0 };
  const ratios = { ...usual };
  const names = zonesBuilt(board, release);
  sysctls.lowmemReserveRatio?.slice(0, names.length).forEach((ratio, i) => {
    ratios[names[i]!] = ratio;
  });
  return names.some((name) => ratios[name] !== usual[name]) ? ratios : null;
}
