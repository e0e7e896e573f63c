/** Gigantic pages made while the machine runs. */
import { filled, whole } from "../schema/field";
import { HUGETLB_PARAMETERS, hugePageBytes, PreparedHugetlb } from "./hugetlb-pages";
import { defineStrategy } from "./strategy";

export const hugetlbRuntime = defineStrategy({
  name: "hugetlb-runtime",
  title: "hugetlbfs, gigantic pages at run time",
  summary:
    "nr_hugepages of the gigantic size is raised when the memory is needed; for each page a range is searched for. Up to 5.12 only a range in which nothing is in use is taken, so on the kernels of 2018 nothing moves for a gigantic page; since 5.13 ranges are emptied by migration. A request of 2 GB needs two adjacent pages of 1 GB. The search goes upwards through the zones, so neighbours are likely where memory is clean. The commit that allowed it says that such ranges vanish with uptime.",
  configure:
    "the right to write a node's nr_hugepages, a mount of hugetlbfs; vm.hugetlb_shm_group or CAP_IPC_LOCK for SHM_HUGETLB",
  control: "the administrator grows the pool; processes take from it",
  since: "3.16",
  sources: [
    "mm/hugetlb.c alloc_gigantic_page(), set_max_huge_pages(); pfn_range_valid_gigantic(), 4.17: any page with a reference, reserved or of hugetlb bars the range",
    "eb14d4eefdc4 (5.13) dropped the check for pages in use",
    "LWN, 1 May 2018: hugetlbfs can do it, though the code should not be there",
  ],
  parameters: {
    ...HUGETLB_PARAMETERS,
    extraPages: filled(
      whole("pages taken beyond the need in search of adjacent ones, and given back", "pages", {
        default: 2,
      }),
    ),
  },
  machine(base, parameters, request) {
    hugePageBytes("hugetlb-runtime", base, parameters, request);
    return { ...base, cma: base.cma ?? { kind: "off" } };
  },
  prepare: (system, parameters, request) =>
    new PreparedHugetlb(system, parameters, request, parameters.extraPages),
});
