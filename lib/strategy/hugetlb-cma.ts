/** hugetlb_cma=: a CMA area from which gigantic pages are made at run time. */
import { resolveBoot } from "../machine/boot-request";
import type { System } from "../machine/system";
import { HUGETLB_CMA_AREA } from "../mm/boot/hugetlb-cma";
import { freeFramesIn } from "./free-frames";
import { HUGETLB_PARAMETERS, type HugetlbParameters, hugePageBytes, PreparedHugetlb } from "./hugetlb-pages";
import { autoSize } from "./parameters";
import { defineStrategy, type MemoryRequest } from "./strategy";

export const hugetlbCma = defineStrategy({
  name: "hugetlb-cma",
  title: "hugetlb_cma",
  summary:
    "An area set aside at boot, which only movable memory uses in the meantime. Gigantic pages are made from it when the pool grows, and elsewhere when it is full. The commit that added it gives the reason: after some uptime, the chance of finding a gigabyte elsewhere is near zero. It is of little use to RDMA: since 5.13 its pages cannot be pinned for long, because they are in a CMA area and move only to free pages of the pool elsewhere, and none is made for that. From 5.7 to 5.12 they were pinned in place.",
  configure: "hugetlb_cma= on the command line; CONFIG_CMA; nr_hugepages later",
  control: "whoever boots the machine decides on the area; the administrator grows the pool",
  since: "5.7",
  sources: [
    "commit cf11e85fc08c (mm: hugetlb: optionally allocate gigantic hugepages using cma)",
    "mm/gup.c collect_longterm_unpinnable_pages(), migrate_longterm_unpinnable_pages(), 6.1: a hugetlb page in a CMA block is isolated and migrated, −ENOMEM if that fails",
    "mm/hugetlb.c, 6.1: dequeue_huge_page_node_exact() skips pages that cannot be pinned for long; alloc_migrate_huge_page() makes no gigantic page",
    "mm/gup.c check_and_migrate_cma_pages(), 5.1 to 5.12: what cannot be migrated is pinned all the same [P: the functions in public trees of that time]",
  ],
  parameters: {
    ...HUGETLB_PARAMETERS,
    area: autoSize(
      "hugetlb_cma=; `auto`: on each node the request, its alignment and one more page, because the area's base is aligned only to 2 MiB",
    ),
  },
  machine(base, parameters, request) {
    const bytes = hugePageBytes("hugetlb-cma", base, parameters, request);
    const { nodes } = resolveBoot(base);
    const aligning = Math.max(0, request.alignBytes / bytes - 1);
    const area =
      parameters.area === "auto"
        ? (Math.ceil(request.bytes / bytes) + 1 + aligning) * bytes * nodes
        : parameters.area;
    return {
      ...base,
      cma: base.cma ?? { kind: "off" },
      hugePages: { pools: base.hugePages?.pools ?? [], cmaBytes: area },
    };
  },
  prepare: (system, parameters, request) => new PreparedHugetlbCma(system, parameters, request),
});

class PreparedHugetlbCma extends PreparedHugetlb {
  constructor(system: System, parameters: HugetlbParameters, request: MemoryRequest) {
    super(system, parameters, request, 2);
  }

  private get areas(): { start: number; bytes: number }[] {
    return this.system.booted.reservations.filter((r) => r.what.startsWith(HUGETLB_CMA_AREA));
  }

  protected override reservedBytes(): number {
    return this.areas.reduce((n, a) => n + a.bytes, 0);
  }

  /** Free pages of the area, used neither by movable memory nor by huge pages. */
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
