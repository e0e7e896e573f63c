/** alloc_contig_pages(): the merged form of what hugetlbfs had for itself. */
import type { System } from "../machine/system";
import { filled, name, type OutOf } from "../schema/field";
import { PreparedContigPages } from "./contig-pages";
import { withoutCma } from "./prepared";
import { type Constraint, defineStrategy, type MemoryRequest } from "./strategy";

export const allocContigPages = defineStrategy({
  name: "alloc-contig-pages",
  title: "alloc_contig_pages()",
  summary:
    "The search for a range, moved from hugetlbfs to the page allocator. It goes zone by zone in steps of the request's size. Since 5.13 the first range without anything unmovable is emptied by migration and taken. Before, as in hugetlbfs, a range in which any page was in use was passed over, so nothing was ever moved: in this the merged form fell short of the proposal of 2018. Its users are gigantic pages and a few drivers. Nothing is reserved and nothing is promised: if every range holds one unmovable page, it fails however much memory is free.",
  configure: "CONFIG_CONTIG_ALLOC",
  control: "the driver, at any time",
  since: "5.5; before that, hugetlb's alloc_gigantic_page()",
  sources: [
    "mm/page_alloc.c alloc_contig_pages(), 6.1; pfn_range_valid_contig() of 5.5 to 5.12 and pfn_range_valid_gigantic() before refuse any page with a reference (dropped by eb14d4eefdc4, 5.13)",
    "LWN, 1 May 2018: the code in hugetlbfs probably should not be there",
  ],
  parameters: {},
  machine: withoutCma,
  prepare: (system, parameters, request) =>
    new PreparedContigPages(system, parameters, request, { zones: "device", owner: "driver" }),
});

const FIND_PARAMETERS = {
  zone: filled(
    name(
      "zones searched: `movable` as in the article, or `device`: those the device reaches, without ZONE_MOVABLE",
      ["movable", "device"],
      { default: "movable" },
    ),
  ),
};

export const findAllocContig = defineStrategy({
  name: "find-alloc-contig",
  title: "find_alloc_contig_pages() (2018 RFC)",
  summary:
    "Kravetz's proposal of 2018: a driver that registers a user's buffer requests the range itself. The search is that of hugetlbfs with one difference that matters: hugetlbfs passed over every range with a page in use, the proposal asked only whether the frames exist and left the rest to the migration. So it would have emptied ranges on the kernels of its day, which the form merged in 5.5 did not do before 5.13. According to the article, the memory comes from the movable zone if there is one. That zone is easy to empty, but a buffer held there for long defeats its purpose. Modelled as the patch on the chosen release, in the zones of movable memory or in those of the device.",
  configure: "a kernel with the patches; CONFIG_MIGRATION",
  control: "the driver, at any time",
  since: "no release under this name; merged as alloc_contig_pages() in 5.5",
  sources: [
    "Mike Kravetz: RFC of 12 February 2018 (LWN article 747170), (order, gfp, nid, nodemask); again on 17 April; with a number of pages since v2 of 3 May",
    "contig_pfn_range_valid() of these patches: frame and zone only, since this 'minimal set has been observed to provide the best results' under stress (v2)",
    "LWN, 1 May 2018: memory in the movable zone may be a problem for buffers of peripherals",
  ],
  parameters: FIND_PARAMETERS,
  machine: withoutCma,
  prepare: (system, parameters, request) => new PreparedFind(system, parameters, request),
});

class PreparedFind extends PreparedContigPages<OutOf<typeof FIND_PARAMETERS>> {
  constructor(system: System, parameters: OutOf<typeof FIND_PARAMETERS>, request: MemoryRequest) {
    super(system, parameters, request, { zones: parameters.zone, owner: "driver", patch: true });
  }

  protected override rules(): Constraint[] {
    return [
      {
        name: "migration",
        ok: this.system.options.migration,
        text: this.system.options.migration
          ? "page migration is there, which the search needs"
          : "without page migration only ranges that happen to be free can be taken",
      },
    ];
  }
}
