/** Gigantic pages made while the machine runs. */
import { InputError } from "../base/errors";
import { HUGETLB_DEFAULTS, HUGETLB_MEANINGS, hugePageBytes, PreparedHugetlb } from "./hugetlb-pages";
import type { Strategy } from "./strategy";

export const hugetlbRuntime: Strategy = {
  name: "hugetlb-runtime",
  title: "hugetlbfs, gigantic pages at run time",
  summary:
    "nr_hugepages of the gigantic size is raised when the memory is needed; each page is a range that is searched and emptied. For 2 GB two pages of 1 GB must come out adjacent: the search goes upwards through the zones, so neighbours are likely where memory is clean. The commit that allowed it says that such ranges vanish with uptime.",
  configure:
    "the right to write a node's nr_hugepages, a mount of hugetlbfs; vm.hugetlb_shm_group or CAP_IPC_LOCK for SHM_HUGETLB",
  control: "the administrator grows the pool, processes take from it",
  since: "3.16",
  sources: [
    "mm/hugetlb.c alloc_gigantic_page(), set_max_huge_pages()",
    "LWN, 1 May 2018: hugetlbfs can do it, though the code should not be there",
  ],
  defaults: { ...HUGETLB_DEFAULTS, extraPages: 2 },
  meanings: {
    ...HUGETLB_MEANINGS,
    extraPages: "pages taken beyond the need in search of adjacent ones, and given back",
  },
  machine(base, spec, request) {
    hugePageBytes(base, spec, request);
    return { ...base, cma: base.cma ?? { kind: "off" } };
  },
  prepare(system, spec, request) {
    const extra = spec.extraPages as number;
    if (!Number.isInteger(extra) || extra < 0)
      throw new InputError(`hugetlb-runtime: extraPages must be a whole number, 0 or more: got ${extra}`);
    return new PreparedHugetlb(system, spec, request, extra);
  },
};
