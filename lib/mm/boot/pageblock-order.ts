/**
 * The order of a page block, the unit in which the allocator groups pages by mobility and CMA areas are aligned.
 * include/linux/pageblock-flags.h of each release; set_pageblock_order() if the order is set at boot.
 */

import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import type { HugePageSupport, PageGeometry } from "../../hardware/page-geometry";

/**
 * `pageblock_order`.
 * - With hugetlb: the order of the default huge page. 4.17 uses it even if it exceeds the largest buddy; since
 *   5.18 it is capped there.
 * - Without hugetlb: the largest buddy order; by 6.12 the THP order if THP is configured.
 * - Since 6.16 CONFIG_PAGE_BLOCK_MAX_ORDER caps it; its default changes nothing.
 * - Set at boot (powerpc): 4.17 uses the huge page order only if it is below the largest buddy order, otherwise
 *   the latter.
 */
export function pageblockOrder(
  geometry: PageGeometry,
  release: KernelRelease,
  huge: HugePageSupport,
  pageblockMaxOrder?: number,
): number {
  const largest = geometry.largestBuddyOrder;
  const rules = bootRules(release);
  const cap = rules.pageblockMaxOrder ? Math.min(pageblockMaxOrder ?? largest, largest) : largest;
  if (huge.hugetlb) {
    if (geometry.pmdOrder > cap && !rules.pageblockCapped && !geometry.pageblockOrderSetAtBoot)
      return geometry.pmdOrder;
    return Math.min(geometry.pmdOrder, cap);
  }
  if (huge.thp && rules.pageblockFollowsThp) return Math.min(geometry.pmdOrder, cap);
  return cap;
}
