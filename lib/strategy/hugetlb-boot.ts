/** Gigantic pages taken from memblock before the allocator starts. */
import { InputError } from "../base/errors";
import { resolveBoot } from "../machine/boot-request";
import { HUGETLB_DEFAULTS, HUGETLB_MEANINGS, hugePageBytes, PreparedHugetlb } from "./hugetlb-pages";
import type { Strategy } from "./strategy";

export const hugetlbBoot: Strategy = {
  name: "hugetlb-boot",
  title: "hugetlbfs, gigantic pages at boot",
  summary:
    "hugepagesz= and hugepages= take gigantic pages from memblock, where everything is still in one piece: adjacent, certain, and idle until somebody maps them. Nothing else can use them.",
  configure:
    "hugepagesz=1G hugepages=N on the command line, a mount of hugetlbfs; vm.hugetlb_shm_group or CAP_IPC_LOCK for SHM_HUGETLB",
  control: "whoever boots the machine; processes take from the pool",
  since: "2.6.27",
  sources: [
    "mm/hugetlb.c alloc_bootmem_huge_page()",
    "LWN, 1 May 2018: this memory could be allocated with hugetlbfs",
  ],
  defaults: { ...HUGETLB_DEFAULTS, pages: "auto" },
  meanings: {
    ...HUGETLB_MEANINGS,
    pages:
      "hugepages=, or `auto`: what a request needs on each node, because pages are spread over the nodes in turn, and what its alignment takes",
  },
  machine(base, spec, request) {
    const bytes = hugePageBytes(base, spec, request);
    const { nodes } = resolveBoot(base);
    const aligning = Math.max(0, request.alignBytes / bytes - 1);
    const count =
      spec.pages === "auto" ? (Math.ceil(request.bytes / bytes) + aligning) * nodes : Number(spec.pages);
    if (!Number.isInteger(count) || count < 0)
      throw new InputError(
        `hugetlb-boot: pages must be \`auto\` or a whole number: got ${JSON.stringify(spec.pages)}`,
      );
    const { pools = [], cmaBytes = 0 } = base.hugePages ?? {};
    return {
      ...base,
      cma: base.cma ?? { kind: "off" },
      hugePages: { cmaBytes, pools: [...pools.filter((p) => p.bytes !== bytes), { bytes, count }] },
    };
  },
  prepare: (system, spec, request) => new PreparedHugetlb(system, spec, request, -1),
};
