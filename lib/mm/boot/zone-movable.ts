/**
 * Start of ZONE_MOVABLE on each node: mm/page_alloc.c find_zone_movable_pfns_for_nodes() (mm/mm_init.c since 6.4),
 * for kernelcore=, movablecore= and movable_node; the same rules in every modelled release. kernelcore=mirror on
 * machines without mirrored memory.
 */
import { leastOf } from "../../base/extremes";

/** Whole frames [startPfn, endPfn). */
export interface PfnRange {
  startPfn: number;
  endPfn: number;
}

/** The value of kernelcore= or movablecore=: pages, or a whole percentage of all memory. */
export type CoreSize = { pages: number } | { percent: number };

export interface MovableRequest {
  /** RAM of each node, ascending. */
  nodes: readonly (readonly PfnRange[])[];
  /** MAX_ORDER_NR_PAGES: the largest buddy. */
  topPages: number;
  /** The lowest frame of the highest zone (movable_zone): memory below it is never movable. */
  usableStartPfn: number;
  /**
   * kernelcore=mirror without mirrored memory. `unmirrored`: all RAM from 4 GiB on is movable; `ignored`: since 6.6
   * (6.12 here) the kernel says so and has no ZONE_MOVABLE.
   */
  mirror?: "unmirrored" | "ignored";
  /** The frame at 4 GiB; needed with `mirror`. */
  from4GiBPfn?: number;
  kernelcore?: CoreSize;
  movablecore?: CoreSize;
  /** movable_node: memory that the firmware marks hot-pluggable; the other two options are then ignored. */
  hotpluggable?: readonly PfnRange[];
}

function pagesOf(size: CoreSize | undefined, total: number): number {
  if (size === undefined) return 0;
  return "percent" in size ? Math.floor((total * 100 * size.percent) / 10000) : size.pages;
}

const lengthOf = (ranges: readonly PfnRange[]) => ranges.reduce((n, r) => n + r.endPfn - r.startPfn, 0);

/** zone_movable_pfn[] by node; 0: the node has no ZONE_MOVABLE. */
export function findZoneMovablePfns(request: MovableRequest): number[] {
  const { nodes, topPages } = request;
  const starts =
    request.hotpluggable !== undefined
      ? firstHotpluggable(request, request.hotpluggable)
      : request.mirror !== undefined
        ? firstUnmirrored(request)
        : afterKernelcore(request);
  return starts.map((start, nid) => {
    const rounded = Math.ceil(start / topPages) * topPages;
    return rounded >= (nodes[nid]!.at(-1)?.endPfn ?? 0) ? 0 : rounded;
  });
}

function firstUnmirrored({ nodes, mirror, from4GiBPfn = 0 }: MovableRequest): number[] {
  if (mirror === "ignored") return nodes.map(() => 0);
  return nodes.map((ranges) => ranges.find((r) => r.startPfn >= from4GiBPfn)?.startPfn ?? 0);
}

function firstHotpluggable({ nodes }: MovableRequest, hotpluggable: readonly PfnRange[]): number[] {
  return nodes.map((ranges) => {
    const starts = hotpluggable.flatMap((h) =>
      ranges.some((r) => h.startPfn < r.endPfn && h.endPfn > r.startPfn)
        ? [Math.max(h.startPfn, ranges[0]!.startPfn)]
        : [],
    );
    return starts.length === 0 ? 0 : leastOf(starts);
  });
}

/** Spreads the memory that any request may use evenly over the nodes; the rest of each node is movable. */
function afterKernelcore(request: MovableRequest): number[] {
  const { nodes, topPages, usableStartPfn } = request;
  const total = nodes.reduce((n, ranges) => n + lengthOf(ranges), 0);
  let required = pagesOf(request.kernelcore, total);
  const movable = pagesOf(request.movablecore, total);
  if (movable > 0) {
    const rounded = Math.min(total, Math.ceil(movable / topPages) * topPages);
    required = Math.max(required, total - rounded);
  }
  const starts = nodes.map(() => 0);
  if (required === 0 || required >= total) return starts;
  const take = (pages: number) => {
    required -= Math.min(required, pages);
  };
  for (let usable = nodes.filter((r) => r.length > 0).length; ; ) {
    let share = Math.floor(required / usable);
    for (const [nid, ranges] of nodes.entries()) {
      if (required < share) share = Math.floor(required / usable);
      let remaining = share;
      for (const { startPfn, endPfn } of ranges) {
        let start = Math.max(startPfn, starts[nid]!);
        if (start >= endPfn) continue;
        if (start < usableStartPfn) {
          const kernelPages = Math.min(endPfn, usableStartPfn) - start;
          remaining -= Math.min(kernelPages, remaining);
          take(kernelPages);
          if (endPfn <= usableStartPfn) {
            starts[nid] = endPfn;
            continue;
          }
          start = usableStartPfn;
        }
        const pages = Math.min(endPfn - start, remaining);
        starts[nid] = start + pages;
        take(pages);
        remaining -= pages;
        if (remaining === 0) break;
      }
    }
    // Spreads the remainder again, over one node fewer.
    usable--;
    if (usable === 0 || required <= usable) return starts;
  }
}
