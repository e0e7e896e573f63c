/** The strategies compared by default for each session of the article. */
import { formatSize } from "../base/units";
import type { BootRequest } from "../machine/boot-request";
import { resolveBoot } from "../machine/boot-request";
import type { LabelledStrategy } from "./strategy";

/** `64 KiB` → `64k`. */
function short(pageSize: number): string {
  return formatSize(pageSize).replace(" KiB", "k");
}

/**
 * The first session: what a driver on `base` can be given. CMA with the machine's own pages is called by their size: `cma-64k`
 * on a machine with pages of 64 KiB. `area`: bytes of every area, default twice the request.
 */
export function cmaDebate(base: BootRequest, area: string = "auto"): LabelledStrategy[] {
  const { pageSize } = resolveBoot(base).geometry;
  const own = `cma-${short(pageSize)}`;
  const specs: LabelledStrategy[] = [
    { label: "buddy", spec: { name: "buddy" } },
    { label: own, spec: { name: "cma", area } },
  ];
  if (own !== "cma-4k") specs.push({ label: "cma-4k", spec: { name: "cma-4k", area } });
  for (const name of [
    "two-kernels",
    "page-size-at-boot",
    "cma-movable-zone",
    "small-pageblocks",
    "sub-block",
    "carve-out",
    "guaranteed-cma",
  ])
    specs.push({ label: name, spec: { name, area } });
  specs.push({ label: "reservation", spec: { name: "reservation" } });
  return specs;
}

/**
 * The second session: a region registered with an RDMA adapter. `area`: bytes of what is set aside at boot, default twice
 * the request. Pseudo-locking is not in it: it is another use, of a few megabytes.
 */
export function rdmaDebate(area: string = "auto"): LabelledStrategy[] {
  const names = [
    "hugetlb-runtime",
    "hugetlb-boot",
    "map-contig",
    "find-alloc-contig",
    "alloc-contig-pages",
    "boot-reserve",
    "hugetlb-cma",
    "cma",
    "reservation",
    "adjacent-thp",
    "iommu",
  ];
  const sized = new Set(["boot-reserve", "hugetlb-cma", "cma"]);
  return names.map((name) => ({ label: name, spec: sized.has(name) ? { name, area } : { name } }));
}
