/** hugetlb_cma=: a CMA area from which gigantic pages are made at run time. */
import { parseSize } from "../base/units";
import { resolveBoot } from "../machine/boot-request";
import type { System } from "../machine/system";
import { HUGETLB_CMA_AREA } from "../mm/boot/hugetlb-cma";
import { freeFramesIn } from "./free-frames";
import { HUGETLB_DEFAULTS, HUGETLB_MEANINGS, hugePageBytes, PreparedHugetlb } from "./hugetlb-pages";
import type { MemoryRequest, Strategy, StrategySpec } from "./strategy";

export const hugetlbCma: Strategy = {
  name: "hugetlb-cma",
  title: "hugetlb_cma",
  summary:
    "An area set aside at boot in which only movable memory lives meanwhile; gigantic pages are made of it when the pool grows, and elsewhere when it is full. The commit that brought it says why: after some uptime the chance of a gigabyte elsewhere is near zero. Of little use to RDMA: since 5.13 its pages cannot be pinned for long, because they lie in a CMA area and move only to free pages of the pool that lie elsewhere; none is made for that. From 5.7 to 5.12 they were pinned where they lie.",
  configure: "hugetlb_cma= on the command line; CONFIG_CMA; nr_hugepages later",
  control: "whoever boots the machine decides on the area, the administrator grows the pool",
  since: "5.7",
  sources: [
    "commit cf11e85fc08c (mm: hugetlb: optionally allocate gigantic hugepages using cma)",
    "mm/gup.c collect_longterm_unpinnable_pages(), migrate_longterm_unpinnable_pages(), 6.1: a hugetlb page in a CMA block is isolated and migrated, −ENOMEM where that fails",
    "mm/hugetlb.c, 6.1: dequeue_huge_page_node_exact() passes over pages that are not longterm-pinnable; alloc_migrate_huge_page() makes no gigantic page",
    "mm/gup.c check_and_migrate_cma_pages(), 5.2 to 5.12: what cannot be migrated is pinned all the same [P: the functions in public trees of that time]",
  ],
  defaults: { ...HUGETLB_DEFAULTS, area: "auto" },
  meanings: {
    ...HUGETLB_MEANINGS,
    area: "hugetlb_cma=, or `auto`: on each node the request, what its alignment takes, and a page more, because the area's base is aligned to 2 MiB only",
  },
  machine(base, spec, request) {
    const bytes = hugePageBytes(base, spec, request);
    const { nodes } = resolveBoot(base);
    const aligning = Math.max(0, request.alignBytes / bytes - 1);
    const area =
      spec.area === "auto"
        ? (Math.ceil(request.bytes / bytes) + 1 + aligning) * bytes * nodes
        : parseSize(spec.area as string, "hugetlb-cma: area");
    return {
      ...base,
      cma: base.cma ?? { kind: "off" },
      hugePages: { pools: base.hugePages?.pools ?? [], cmaBytes: area },
    };
  },
  prepare: (system, spec, request) => new PreparedHugetlbCma(system, spec, request),
};

class PreparedHugetlbCma extends PreparedHugetlb {
  constructor(system: System, spec: StrategySpec, request: MemoryRequest) {
    super(system, spec, request, 2);
  }

  private get areas(): { start: number; bytes: number }[] {
    return this.system.booted.reservations.filter((r) => r.what.startsWith(HUGETLB_CMA_AREA));
  }

  protected override reservedBytes(): number {
    return this.areas.reduce((n, a) => n + a.bytes, 0);
  }

  /** Free pages of the area: movable memory does not have them, and no huge page was made of them. */
  protected override idleBytes(): number {
    const { memory, pageSize } = this.system;
    return this.areas.reduce(
      (n, a) => n + freeFramesIn(memory, a.start / pageSize, (a.start + a.bytes) / pageSize) * pageSize,
      0,
    );
  }

  override remarks(): string[] {
    return this.system.booted.messages.filter((m) => m.includes("hugetlb"));
  }
}
