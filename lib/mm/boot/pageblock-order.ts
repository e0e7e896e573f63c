/**
 * The order of a page block, the unit in which the allocator groups pages by mobility and CMA areas are aligned.
 * include/linux/pageblock-flags.h of each release; set_pageblock_order() where the order is set at boot.
 */

import { type KernelRelease, since } from "../../hardware/kernel-release";
import type { HugePageSupport, PageGeometry } from "../../hardware/page-geometry";

/**
 * `pageblock_order`.
 * - With hugetlb: the order of the default huge page. 4.17 takes it as it is, even above the largest buddy; 6.1 caps
 *   it there.
 * - Without hugetlb: the largest buddy order; by 6.12 the THP order where there is THP.
 * - Since 6.16 (6.19 here) CONFIG_PAGE_BLOCK_MAX_ORDER caps it; its default changes nothing.
 * - Set at boot (powerpc): 4.17 uses the huge page order only below the largest buddy order, else that one.
 */
export function pageblockOrder(
  geometry: PageGeometry,
  release: KernelRelease,
  huge: HugePageSupport,
  pageblockMaxOrder?: number,
): number {
  const largest = geometry.largestBuddyOrder;
  const cap = since(release, "6.19") ? Math.min(pageblockMaxOrder ?? largest, largest) : largest;
  if (huge.hugetlb) {
    if (geometry.pmdOrder > cap && !since(release, "6.1") && !geometry.pageblockOrderSetAtBoot)
      return geometry.pmdOrder;
    return Math.min(geometry.pmdOrder, cap);
  }
  if (huge.thp && since(release, "6.12")) return Math.min(geometry.pmdOrder, cap);
  return cap;
}
