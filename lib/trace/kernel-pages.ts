/**
 * The pages that the kernel of the recorded arm64 machines has taken soon after boot, and their order. Counts are
 * from the recordings' states soon after boot (Sboot of c1 to c8): pages in use by the type of their page block,
 * minus the DMA pools, which are in the CMA area.
 */
import { log2 } from "../base/elementary";
import type { BootResult } from "../machine/boot";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import type { Contiguous } from "../mm/contiguous/contiguous";
import { __GFP_DMA, __GFP_DMA32, __GFP_RECLAIMABLE, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { setOwnerKind } from "../mm/state/owners";
import { ALLOCATED } from "../mm/state/page-state";

/** Pages by the type of their request. */
interface KernelPages {
  /** Slabs, stacks, page tables. */
  unmovable: number;
  /** Slabs of the caches of names and inodes. */
  reclaimable: number;
  /** The unpacked initrd (tmpfs) and the first process. */
  movable: number;
}

/** By page size. 16 KB pages were not recorded; their counts are the geometric mean of the other two. */
const KERNEL_PAGES: Readonly<Record<number, KernelPages>> = {
  4096: { unmovable: 449, reclaimable: 310, movable: 597 },
  16384: { unmovable: 197, reclaimable: 83, movable: 164 },
  65536: { unmovable: 86, reclaimable: 22, movable: 45 },
};

/**
 * Before subsys_initcall, that is before pools of huge pages are filled: the first unmovable and the first reclaimable page
 * each claim a page block of their own, which can no longer become a huge page.
 */
export function takeEarlyPages(m: Memory, pageSize: number): void {
  const pages = KERNEL_PAGES[pageSize];
  if (pages === undefined) return;
  for (let i = 0; i < pages.unmovable; i++) allocPages(m, GFP_KERNEL, 0);
  for (let i = 0; i < pages.reclaimable; i++) allocPages(m, GFP_KERNEL | __GFP_RECLAIMABLE, 0);
}

/** After it: the initrd is unpacked, and its memory and the init sections are released. */
export function finishBoot(m: Memory, booted: BootResult): void {
  for (let i = 0; i < (KERNEL_PAGES[booted.pageSize]?.movable ?? 0); i++) {
    const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
    if (pfn >= 0) setOwnerKind(m, pfn, "shmem");
  }
  for (const { startPfn, pages } of booted.givenBack)
    for (let p = startPfn; p < startPfn + pages; p++) {
      m.zoneOf(p)!.managed++;
      m.setOwner(p, 0);
      m.state[p] = ALLOCATED;
      freePages(m, p, 0);
    }
}

/** Flags of the requests for the pools: GFP_KERNEL, GFP_KERNEL | GFP_DMA, GFP_KERNEL | GFP_DMA32. */
const ATOMIC_POOLS = [GFP_KERNEL, GFP_KERNEL | __GFP_DMA, GFP_KERNEL | __GFP_DMA32];
const MIB = 2 ** 20;

/**
 * dma_atomic_pool_init(): one pool each for GFP_KERNEL, GFP_DMA and GFP_DMA32, of 128 KiB per GiB of memory, rounded
 * up to a power of two; from the CMA area if there is one, otherwise from the buddy allocator.
 */
export function takeDmaPools(contig: Contiguous, pageSize: number): void {
  const { memory: m } = contig;
  const total = m.zones.reduce((pages, z) => pages + z.managed, 0) * pageSize;
  const bytes = Math.max(total / 8192, MIB / 8);
  const order = Math.min(Math.ceil(log2(bytes / pageSize)), m.maxOrder);
  for (const gfp of ATOMIC_POOLS)
    if (contig.areas.length === 0 || !contig.cmaAlloc(2 ** order, order).ok) allocPages(m, gfp, order);
}
