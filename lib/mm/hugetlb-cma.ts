/**
 * hugetlb_cma=: a CMA area at boot for gigantic pages. mm/hugetlb.c hugetlb_cma_reserve() and what
 * cma_declare_contiguous_nid() makes of it: the size is a multiple of the gigantic page, the base only of the default huge
 * page, so that an area may hold fewer gigantic pages than its size promises, or none. One node.
 */
import { roundUp } from "../base/alignment";
import { MiB } from "../base/units";
import type { KernelRelease } from "../hardware/kernel-release";
import { cmaDeclareContiguous } from "./cma";
import type { Memblock } from "./memblock";

/** Name of the area's claim in memblock. */
export const HUGETLB_CMA_AREA = "hugetlb_cma area";

/** What became of the request. Bytes; `area` is null where nothing was reserved. `messages`: the kernel's own words. */
export interface HugetlbCmaOutcome {
  area: { base: number; bytes: number } | null;
  messages: string[];
}

/** `giganticBytes`: the size to round up to; `hugePageBytes`: the default huge page; `minAlignment`: CMA's own. */
export function hugetlbCmaReserve(
  memblock: Memblock,
  release: KernelRelease,
  asked: { bytes: number; giganticBytes: number; hugePageBytes: number; minAlignment: number },
): HugetlbCmaOutcome {
  const { bytes, giganticBytes } = asked;
  if (bytes < giganticBytes)
    return {
      area: null,
      messages: [`hugetlb_cma: cma area should be at least ${giganticBytes / MiB} MiB`],
    };
  const size = roundUp(bytes, giganticBytes);
  const messages = [`hugetlb_cma: reserve ${Math.floor(bytes / MiB)} MiB, up to ${size / MiB} MiB per node`];
  const alignment = Math.max(asked.minAlignment, asked.hugePageBytes);
  const outcome = cmaDeclareContiguous(
    memblock,
    release,
    alignment,
    { bytes: size, base: 0, limit: 0, fixed: false },
    HUGETLB_CMA_AREA,
  );
  messages.push(...outcome.messages);
  if (!outcome.ok) {
    const errno = { EINVAL: -22, EBUSY: -16, ENOMEM: -12 }[outcome.errno];
    messages.push(`hugetlb_cma: reservation failed: err ${errno}, node 0`);
    return { area: null, messages };
  }
  messages.push(`hugetlb_cma: reserved ${size / MiB} MiB on node 0`);
  return { area: { base: outcome.base, bytes: size }, messages };
}
