/**
 * hugetlb_cma=: a CMA area at boot for gigantic pages. mm/hugetlb.c hugetlb_cma_reserve() and what
 * cma_declare_contiguous_nid() makes of it: the size is a multiple of the gigantic page, the base only of the default huge
 * page, so that an area may hold fewer gigantic pages than its size promises, or none. Each node gets its share.
 */
import { roundUp } from "../base/alignment";
import { MiB } from "../base/units";
import type { KernelRelease } from "../hardware/kernel-release";
import { cmaDeclareContiguous } from "./cma";
import type { Memblock, PhysicalRange } from "./memblock";

/** Name of the area's claim in memblock. */
export const HUGETLB_CMA_AREA = "hugetlb_cma area";

/** An area reserved: bytes, its physical address, its node. */
export interface HugetlbCmaArea {
  base: number;
  bytes: number;
  nid: number;
}

/** What became of the request; no areas where nothing was reserved. `messages`: the kernel's own words. */
export interface HugetlbCmaOutcome {
  areas: HugetlbCmaArea[];
  messages: string[];
}

/**
 * `giganticBytes`: the size to round up to; `hugePageBytes`: the default huge page; `minAlignment`: CMA's own. The bytes
 * are spread evenly over the nodes in multiples of a gigantic page: 3 GiB on four nodes are 1 GiB on the first three.
 */
export function hugetlbCmaReserve(
  memblock: Memblock,
  release: KernelRelease,
  asked: {
    bytes: number;
    giganticBytes: number;
    hugePageBytes: number;
    minAlignment: number;
    nodes?: readonly PhysicalRange[];
  },
): HugetlbCmaOutcome {
  const { bytes, giganticBytes } = asked;
  if (bytes < giganticBytes)
    return {
      areas: [],
      messages: [`hugetlb_cma: cma area should be at least ${giganticBytes / MiB} MiB`],
    };
  const nodes = asked.nodes ?? [{ start: 0, end: Number.MAX_SAFE_INTEGER }];
  const perNode = roundUp(Math.ceil(bytes / nodes.length), giganticBytes);
  const messages = [
    `hugetlb_cma: reserve ${Math.floor(bytes / MiB)} MiB, up to ${perNode / MiB} MiB per node`,
  ];
  const alignment = Math.max(asked.minAlignment, asked.hugePageBytes);
  const areas: HugetlbCmaArea[] = [];
  let reserved = 0;
  for (const [nid, node] of nodes.entries()) {
    const size = roundUp(Math.min(perNode, bytes - reserved), giganticBytes);
    const request = { bytes: size, base: 0, limit: 0, fixed: false, node };
    const outcome = cmaDeclareContiguous(memblock, release, alignment, request, HUGETLB_CMA_AREA);
    messages.push(...outcome.messages);
    if (!outcome.ok) {
      const errno = { EINVAL: -22, EBUSY: -16, ENOMEM: -12, ENOSPC: -28 }[outcome.errno];
      messages.push(`hugetlb_cma: reservation failed: err ${errno}, node ${nid}`);
      continue;
    }
    reserved += size;
    areas.push({ base: outcome.base, bytes: size, nid });
    messages.push(`hugetlb_cma: reserved ${size / MiB} MiB on node ${nid}`);
    if (reserved >= bytes) break;
  }
  return { areas, messages };
}
