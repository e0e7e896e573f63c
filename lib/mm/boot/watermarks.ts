/**
 * Zone watermarks and reserves: mm/page_alloc.c calculate_min_free_kbytes(), __setup_per_zone_wmarks(),
 * setup_per_zone_lowmem_reserve(); mm/khugepaged.c set_recommended_min_free_kbytes().
 */
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";

/** Watermarks in pages, without boost. */
export interface Watermarks {
  min: number;
  low: number;
  high: number;
}

/** vm.watermark_scale_factor, in ten-thousandths of a zone. */
export const WATERMARK_SCALE_FACTOR = 10;

/** The zones of a 64-bit kernel, lowest first. */
export const ZONE_NAMES = ["DMA", "DMA32", "Normal", "Movable"] as const;
export type ZoneName = (typeof ZONE_NAMES)[number];

/** vm.lowmem_reserve_ratio by zone name; 0: no reserve. mm/page_alloc.c sysctl_lowmem_reserve_ratio[]. */
export const LOWMEM_RESERVE_RATIO: Readonly<Record<ZoneName, number>> = {
  DMA: 256,
  DMA32: 256,
  Normal: 32,
  Movable: 0,
};

/** What the watermarks of all zones are made of, beside their pages. */
export interface WatermarkSettings {
  minFreeKbytes: number;
  pageSize: number;
  /** vm.watermark_scale_factor; default 10. */
  scaleFactor?: number;
}

/** ⌊a × b ÷ c⌋ as the kernel computes it in 64 bits, where the product is beyond exact numbers too. */
function shareOf(a: number, b: number, c: number): number {
  if (a * b <= Number.MAX_SAFE_INTEGER) return Math.floor((a * b) / c);
  return Number((BigInt(a) * BigInt(b)) / BigInt(c));
}

/** int_sqrt(16 × low memory in kB), at least 128, at most 64 MiB in 4.17 and 256 MiB since 5.8. */
export function calculateMinFreeKbytes(lowmemKbytes: number, release: KernelRelease): number {
  const cap = bootRules(release).minFreeKbytesMost;
  return Math.min(Math.max(Math.floor(Math.sqrt(lowmemKbytes * 16)), 128), cap);
}

/**
 * What khugepaged recommends in kB when THP is on: per populated zone up to ZONE_NORMAL, two page blocks plus one per
 * pair of the three mobility types, but at most 5 % of `freeBufferPages` (low memory above the high watermarks).
 */
export function recommendedMinFreeKbytes(
  pageblockOrder: number,
  populatedZones: number,
  freeBufferPages: number,
  pageSize: number,
): number {
  const blocks = populatedZones * (2 + 3 * 3);
  return Math.min(blocks * 2 ** pageblockOrder, Math.floor(freeBufferPages / 20)) * (pageSize / 1024);
}

/**
 * __setup_per_zone_wmarks(): each zone gets a share of min_free_kbytes in proportion to its managed pages. The gaps
 * to low and high are a quarter of the share or `scaleFactor` ten-thousandths of the zone, whichever is more. `apart`: zones without a share,
 * such as ZONE_MOVABLE from 6.12 on at the latest. Their min is a thousandth, 32 to 128 pages, and they do not count
 * as low memory; their gap still depends on the share.
 */
export function setupPerZoneWmarks(
  { minFreeKbytes, pageSize, scaleFactor = WATERMARK_SCALE_FACTOR }: WatermarkSettings,
  managedPages: readonly number[],
  apart: readonly boolean[] = [],
): Watermarks[] {
  const pagesMin = Math.floor(minFreeKbytes / (pageSize / 1024));
  const lowmemPages = managedPages.reduce((n, managed, i) => n + (apart[i] ? 0 : managed), 0);
  return managedPages.map((managed, i) => {
    const share = lowmemPages === 0 ? 0 : shareOf(pagesMin, managed, lowmemPages);
    const min = apart[i] ? Math.min(Math.max(Math.floor(managed / 1024), 32), 128) : share;
    const gap = Math.max(Math.floor(share / 4), Math.floor((managed * scaleFactor) / 10000));
    return { min, low: min + gap, high: min + 2 * gap };
  });
}

/**
 * setup_per_zone_lowmem_reserve(): [zone][class] pages that a zone reserves against requests that could have used a
 * higher zone: the managed pages of the zones above it up to the class, divided by its ratio.
 */
export function setupPerZoneLowmemReserve(
  names: readonly string[],
  managedPages: readonly number[],
  ratios: Readonly<Record<string, number>> = LOWMEM_RESERVE_RATIO,
): number[][] {
  return names.map((name, zone) => {
    const ratio = ratios[name] ?? 0;
    let above = 0;
    return names.map((_, highest) => {
      if (highest <= zone) return 0;
      above += managedPages[highest]!;
      return ratio === 0 ? 0 : Math.floor(above / ratio);
    });
  });
}
