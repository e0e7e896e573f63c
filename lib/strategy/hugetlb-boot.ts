/** Gigantic pages taken from memblock before the allocator starts. */
import { InputError } from "../base/errors";
import { resolveBoot } from "../machine/boot-request";
import { either, type Field, filled, literal, parsed, text, whole } from "../schema/field";
import { HUGETLB_PARAMETERS, hugePageBytes, PreparedHugetlb } from "./hugetlb-pages";
import { defineStrategy } from "./strategy";

const pages = whole("", "pages", { most: 2 ** 20 });
/** Plans of format 1 wrote the number as text. */
const asText = parsed(
  "",
  (given: unknown) => {
    if (typeof given === "string" && /^\d{1,6}$/.test(given)) return Number(given);
    throw new InputError("must be a whole number of pages");
  },
  [text("")],
) as Field as typeof pages;

export const hugetlbBoot = defineStrategy({
  name: "hugetlb-boot",
  title: "hugetlbfs, gigantic pages at boot",
  summary:
    "hugepagesz= and hugepages= take gigantic pages from memblock while memory is still in one piece. The pages are adjacent and certain, but idle until a process maps them: nothing else can use them.",
  configure:
    "hugepagesz=1G hugepages=N on the command line, a mount of hugetlbfs; vm.hugetlb_shm_group or CAP_IPC_LOCK for SHM_HUGETLB",
  control: "whoever boots the machine; processes take from the pool",
  since: "2.6.27",
  sources: [
    "mm/hugetlb.c alloc_bootmem_huge_page()",
    "LWN, 1 May 2018: this memory could be allocated with hugetlbfs",
  ],
  parameters: {
    ...HUGETLB_PARAMETERS,
    pages: filled(
      either(
        "hugepages=; `auto`: what a request and its alignment need on each node, because pages are spread over the nodes in turn",
        'must be a whole number of pages or "auto"',
        [pages, literal("auto"), asText],
        { default: "auto" },
      ),
    ),
  },
  machine(base, parameters, request) {
    const bytes = hugePageBytes("hugetlb-boot", base, parameters, request);
    const { nodes } = resolveBoot(base);
    const aligning = Math.max(0, request.alignBytes / bytes - 1);
    const count =
      parameters.pages === "auto" ? (Math.ceil(request.bytes / bytes) + aligning) * nodes : parameters.pages;
    const { pools = [], cmaBytes = 0 } = base.hugePages ?? {};
    return {
      ...base,
      cma: base.cma ?? { kind: "off" },
      hugePages: { cmaBytes, pools: [...pools.filter((p) => p.bytes !== bytes), { bytes, count }] },
    };
  },
  prepare: (system, parameters, request) => new PreparedHugetlb(system, parameters, request, -1),
});
