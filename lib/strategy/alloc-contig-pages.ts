/** alloc_contig_pages(): the merged form of what hugetlbfs had for itself. */
import type { System } from "../machine/system";
import { oneOf } from "./choice";
import { PreparedContigPages } from "./contig-pages";
import type { Constraint, MemoryRequest, Strategy, StrategySpec } from "./strategy";

export const allocContigPages: Strategy = {
  name: "alloc-contig-pages",
  title: "alloc_contig_pages()",
  summary:
    "The search for a range that can be emptied, moved from hugetlbfs to the page allocator: zone by zone, in steps of the size, the first range without anything unmovable is emptied by migration and taken. What the session wished for; its users are gigantic pages and a few drivers. Nothing is reserved and nothing promised; with one unmovable page in each range it fails however much is free.",
  configure: "CONFIG_CONTIG_ALLOC",
  control: "the driver, at any time",
  since: "5.5; before, hugetlb's alloc_gigantic_page()",
  sources: [
    "mm/page_alloc.c alloc_contig_pages(), 6.1",
    "LWN, 1 May 2018: the code in hugetlbfs probably should not be there",
  ],
  defaults: {},
  meanings: {},
  machine: (base) => ({ ...base, cma: base.cma ?? { kind: "off" } }),
  prepare: (system, spec, request) =>
    new PreparedContigPages(system, spec, request, { zones: "device", owner: "driver" }),
};

export const findAllocContig: Strategy = {
  name: "find-alloc-contig",
  title: "find_alloc_contig_pages() (2018 RFC)",
  summary:
    "Kravetz's proposal of 2018: a driver that registers a user's buffer asks for the range itself, by the method of hugetlbfs. As the article tells it the memory comes from the movable zone, where there is one: easy to empty, but a buffer held there for long breaks what that zone is for. Modelled as the search of the merged form with movable memory's zones, or with the device's.",
  configure: "a kernel with the patches; CONFIG_MIGRATION",
  control: "the driver, at any time",
  since: "no release under this name; merged as alloc_contig_pages() in 5.5",
  sources: [
    "Mike Kravetz: RFC of February 2018 (LWN article 747170), (order, gfp, nid, nodemask), later with a number of pages",
    "LWN, 1 May 2018: memory in the movable zone may be a problem for buffers of peripherals",
  ],
  defaults: { zone: "movable" },
  meanings: {
    zone: "`movable`: as in the article; `device`: zones that the device reaches, without ZONE_MOVABLE",
  },
  machine: (base) => ({ ...base, cma: base.cma ?? { kind: "off" } }),
  prepare: (system, spec, request) => new PreparedFind(system, spec, request),
};

class PreparedFind extends PreparedContigPages {
  constructor(system: System, spec: StrategySpec, request: MemoryRequest) {
    super(system, spec, request, {
      zones: oneOf(spec, "zone", ["movable", "device"] as const),
      owner: "driver",
    });
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
