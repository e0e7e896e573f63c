/**
 * Contiguous memory for a device: kernel/dma/contiguous.c dma_alloc_contiguous() and kernel/dma/direct.c
 * __dma_direct_alloc_pages(), which falls back to the buddy allocator if the area cannot serve the request. In 4.17
 * the callers of dma_alloc_from_contiguous() do the same with the same alignment; there, single pages also came from
 * the area.
 */

import { ERRNO, GRANTED, type Granted, type Refused, refusedWith } from "../../base/answer";
import { log2 } from "../../base/elementary";
import { InputError } from "../../base/errors";
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import { allocPages, freePages } from "../allocation/page-alloc";
import type { MigrationWorld } from "../contiguous/migrate";
import { explainFailure } from "../reports/explain-failure";
import { __GFP_DIRECT_RECLAIM, GFP_KERNEL } from "../state/gfp";
import type { Memory } from "../state/memory";
import { OWNER_KINDS } from "../state/owners";

/** CONFIG_CMA_ALIGNMENT of a usual build: requests to an area are aligned to at most 2^8 pages. */
export const CMA_ALIGNMENT = 8;

/** The order to which dma_alloc_contiguous() aligns a request: that of its size, but no more than the build allows. */
export function dmaAlignOrder(bytes: number, pageSize: number, most: number = CMA_ALIGNMENT): number {
  return Math.min(getOrder(bytes, pageSize), most);
}

/** A request that an area refused. */
export interface FailedArea extends Refused {
  messages: readonly string[];
}

/** The part of a Contiguous used here. */
interface AreaUser {
  memory: Memory;
  areas: readonly unknown[];
  release: KernelRelease;
  cmaAlloc(
    count: number,
    align: number,
    area: number,
    options: { world?: MigrationWorld },
  ): { ok: true; pfn: number } | FailedArea;
  cmaRelease(pfn: number, count: number): void;
}

/** Options of a device's request. */
export interface DmaContigOptions {
  /** Decides whether pages move; default: the owners recorded in the machine. */
  world?: MigrationWorld;
  /** dev->cma_area: index of the device's own area; single pages also come from it. Default: the default area, 0. */
  ownArea?: number;
  /** CONFIG_CMA_ALIGNMENT, an order; default 8. */
  mostAlign?: number;
  /** Flags; default GFP_KERNEL. Without __GFP_DIRECT_RECLAIM no area is tried. */
  gfp?: number;
}

/** Pages for a device: frames [pfn, pfn + count). */
export interface DmaContigAllocation extends Granted {
  pfn: number;
  /** PAGE_ALIGN(bytes) in pages. */
  count: number;
  /** From an area, or from the buddy allocator, which holds 2^order pages for the request. */
  fromArea: boolean;
  order: number;
  /** The kernel's message if the area failed first. */
  messages: readonly string[];
}

export interface FailedDmaContig extends Refused {
  messages: readonly string[];
  /** The request to the area, if there was one. */
  area: FailedArea | null;
}

export type DmaContigResult = DmaContigAllocation | FailedDmaContig;

/** get_order(): the smallest order that holds `bytes`. */
export function getOrder(bytes: number, pageSize: number): number {
  return Math.max(0, Math.ceil(log2(Math.ceil(bytes / pageSize))));
}

/** See Contiguous.dmaAllocContiguous(). */
export function dmaAllocContiguous(
  contig: AreaUser,
  bytes: number,
  pageSize: number,
  { ownArea, gfp = GFP_KERNEL, mostAlign, ...options }: DmaContigOptions,
): DmaContigResult {
  if (!Number.isInteger(bytes) || bytes < 1)
    throw new InputError(`dma_alloc_contiguous: must be whole bytes, at least 1: got ${bytes}`);
  const m = contig.memory;
  const order = getOrder(bytes, pageSize);
  const count = Math.ceil(bytes / pageSize);
  let messages: readonly string[] = [];
  let area: FailedArea | null = null;
  if (asksArea(contig, count, gfp, ownArea)) {
    const align = dmaAlignOrder(bytes, pageSize, mostAlign);
    const got = contig.cmaAlloc(count, align, ownArea ?? 0, options);
    if (got.ok) return { ...GRANTED, pfn: got.pfn, count, fromArea: true, order, messages };
    messages = got.messages;
    area = got;
  }
  const pfn = order > m.maxOrder ? -1 : allocPages(m, gfp, order);
  if (pfn < 0) {
    const buddy = explainFailure(m, gfp, order);
    const reason = area === null ? buddy : `${area.reason}; then ${buddy}`;
    return { ...refusedWith(ERRNO.ENOMEM, reason, area?.details), messages, area };
  }
  m.setOwner(pfn, OWNER_KINDS.driver);
  return { ...GRANTED, pfn, count, fromArea: false, order, messages };
}

/** The caller must be able to sleep. Single pages do not use an area, unless it is the device's own (since 5.3). */
function asksArea(
  { areas, release }: AreaUser,
  count: number,
  gfp: number,
  ownArea: number | undefined,
): boolean {
  if ((gfp & __GFP_DIRECT_RECLAIM) === 0) return false;
  if (ownArea !== undefined) return true;
  return areas.length > 0 && (count > 1 || !bootRules(release).dmaSinglePageFromBuddy);
}

/** See Contiguous.dmaFreeContiguous(). */
export function dmaFreeContiguous(contig: AreaUser, got: DmaContigAllocation): void {
  if (got.fromArea) contig.cmaRelease(got.pfn, got.count);
  else freePages(contig.memory, got.pfn, got.order);
}
