/**
 * hugetlb_cma=: a CMA area at boot for gigantic pages. mm/hugetlb.c hugetlb_cma_reserve() and
 * cma_declare_contiguous_nid(): the size is a multiple of the gigantic page, but the base only of the default huge
 * page (of the gigantic page since areas have ranges, 6.15). An area may therefore hold fewer gigantic pages than its
 * size suggests, or none. Each node gets an equal share, or the size requested for it.
 */
import { roundUp } from "../../base/alignment";
import { MiB } from "../../base/units";
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import { type CmaOutcome, cmaDeclareContiguous } from "./cma";
import { type CmaMultiOutcome, cmaDeclareContiguousMulti } from "./cma-multi";
import type { Memblock, PhysicalRange } from "./memblock";

/** Name of the area's claim in memblock. */
export const HUGETLB_CMA_AREA = "hugetlb_cma area";

/** A reserved area: the physical address of its first range, the bytes of all ranges, its node. */
export interface HugetlbCmaArea {
  base: number;
  bytes: number;
  /** Ascending; more than one only since 6.15. */
  ranges: { base: number; bytes: number }[];
  nid: number;
}

/** The result of the request; no areas if nothing was reserved. `messages`: the kernel's own words. */
export interface HugetlbCmaOutcome {
  areas: HugetlbCmaArea[];
  messages: string[];
}

/**
 * `giganticBytes`: the size to round up to; `hugePageBytes`: the default huge page; `minAlignment`: CMA's own. The
 * bytes are spread evenly over the nodes in multiples of a gigantic page: 3 GiB on four nodes become 1 GiB on each of
 * the first three.
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
    /** hugetlb_cma=0:1G,1:1G: the bytes of each node named; `bytes` is their sum. */
    byNode?: readonly NodeBytes[];
  },
): HugetlbCmaOutcome {
  const { giganticBytes } = asked;
  const nodes = asked.nodes ?? [{ start: 0, end: Number.MAX_SAFE_INTEGER }];
  const { messages: complaints, wanted } = checkNodes(asked.byNode ?? [], nodes.length, giganticBytes);
  const refused =
    (asked.byNode ?? []).reduce((n, a) => n + a.bytes, 0) - wanted.reduce((n, a) => n + a.bytes, 0);
  const bytes = asked.bytes - refused;
  if (bytes === 0) return { areas: [], messages: complaints };
  if (bytes < giganticBytes)
    return {
      areas: [],
      messages: [...complaints, `hugetlb_cma: cma area should be at least ${giganticBytes / MiB} MiB`],
    };
  const perNode = roundUp(Math.ceil(bytes / nodes.length), giganticBytes);
  const messages = complaints;
  if (wanted.length === 0)
    messages.push(`hugetlb_cma: reserve ${Math.floor(bytes / MiB)} MiB, up to ${perNode / MiB} MiB per node`);
  // Ranges of multi-range areas start at a gigantic-page boundary, so that each holds whole gigantic pages.
  const multi = bootRules(release).hugetlbCmaRanges;
  const alignment = Math.max(asked.minAlignment, multi ? giganticBytes : asked.hugePageBytes);
  const areas: HugetlbCmaArea[] = [];
  let reserved = 0;
  for (const [nid, node] of nodes.entries()) {
    const own = wanted.find((w) => w.nid === nid);
    if (wanted.length > 0 && own === undefined) continue;
    const size = roundUp(own?.bytes ?? Math.min(perNode, bytes - reserved), giganticBytes);
    const request = { bytes: size, base: 0, limit: 0, fixed: false, node };
    const outcome = multi
      ? cmaDeclareContiguousMulti(memblock, release, alignment, request, HUGETLB_CMA_AREA)
      : singleRange(cmaDeclareContiguous(memblock, release, alignment, request, HUGETLB_CMA_AREA));
    messages.push(...outcome.messages);
    if (!outcome.ok) {
      messages.push(`hugetlb_cma: reservation failed: err ${outcome.errno}, node ${nid}`);
      continue;
    }
    reserved += size;
    areas.push({ base: outcome.ranges[0]!.base, bytes: size, ranges: outcome.ranges, nid });
    messages.push(`hugetlb_cma: reserved ${size / MiB} MiB on node ${nid}`);
    if (reserved >= bytes) break;
  }
  return { areas, messages };
}

/** Bytes requested for one node. */
export interface NodeBytes {
  nid: number;
  bytes: number;
}

/** The valid entries of hugetlb_cma=nid:size,…: nodes that exist, with room for a gigantic page. */
function checkNodes(asked: readonly NodeBytes[], nodes: number, giganticBytes: number) {
  const messages: string[] = [];
  const wanted = [...asked]
    .sort((a, b) => a.nid - b.nid)
    .filter(({ nid, bytes }) => {
      if (bytes === 0) return false;
      if (nid >= nodes) messages.push(`hugetlb_cma: invalid node ${nid} specified`);
      else if (bytes < giganticBytes)
        messages.push(`hugetlb_cma: cma area of node ${nid} should be at least ${giganticBytes / MiB} MiB`);
      else return true;
      return false;
    });
  return { messages, wanted };
}

function singleRange(o: CmaOutcome): CmaMultiOutcome {
  return o.ok ? { ...o, ranges: [{ base: o.base, bytes: o.bytes }] } : o;
}
