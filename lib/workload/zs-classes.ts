/**
 * The size classes of zsmalloc, which zram keeps compressed pages in: an object goes to the class whose size is next above
 * its own, and the objects of a class lie side by side in zspages, chains of single pages. mm/zsmalloc.c: zs_create_pool(),
 * get_pages_per_zspage() (6.1), calculate_zspage_chain_size() (6.3 and later).
 */
import { log2 } from "../base/elementary";
import { compareReleases, type KernelRelease } from "../hardware/kernel-release";

export interface ZsClass {
  /** Bytes of an object at most, with its handle. */
  size: number;
  /** Single pages of a zspage. */
  pages: number;
  /** Objects of a zspage. */
  objects: number;
}

export interface ZsClasses {
  /** By index; several indices may share one class. */
  classes: readonly ZsClass[];
  /** zs_huge_class_size(): zram stores what compresses to this many bytes or more as a whole page. */
  hugeBytes: number;
  /** Bytes between the sizes of two indices. */
  deltaBytes: number;
}

/** ZS_MIN_ALLOC_SIZE. */
const LEAST_BYTES = 32;
/** ZS_HANDLE_SIZE: what an object keeps of its handle. */
export const HANDLE_BYTES = 8;

/** Longest chain: 4 pages, since 6.3 8 (CONFIG_ZSMALLOC_CHAIN_SIZE, default; zsmalloc series of 18 January 2023). */
const longestChain = (release: KernelRelease) => (compareReleases(release, "6.3") < 0 ? 4 : 8);

/** Since 6.3: one page for a power of two, else the shortest chain that wastes the fewest bytes. */
function leastWaste(size: number, pageSize: number, most: number): number {
  if (Number.isInteger(log2(size))) return 1;
  let chain = 1;
  for (let pages = 2; pages <= most; pages++)
    if ((pages * pageSize) % size < (chain * pageSize) % size) chain = pages;
  return chain;
}

/** Up to 6.2: the shortest chain that uses most, in whole per cent. */
function mostUsed(size: number, pageSize: number, most: number): number {
  const used = (pages: number) =>
    Math.floor((100 * (pages * pageSize - ((pages * pageSize) % size))) / (pages * pageSize));
  let chain = 1;
  for (let pages = 2; pages <= most; pages++) if (used(pages) > used(chain)) chain = pages;
  return chain;
}

/** The classes of a pool on a machine with pages of `pageSize` bytes. */
export function zsClasses(pageSize: number, release: KernelRelease): ZsClasses {
  const deltaBytes = pageSize >> 8;
  const most = longestChain(release);
  const chainOf = compareReleases(release, "6.3") < 0 ? mostUsed : leastWaste;
  const indices = Math.ceil((pageSize - LEAST_BYTES) / deltaBytes) + 1;
  const classes: ZsClass[] = new Array(indices);
  let hugeBytes = 0;
  for (let i = indices - 1; i >= 0; i--) {
    const size = Math.min(pageSize, LEAST_BYTES + i * deltaBytes);
    const pages = chainOf(size, pageSize, most);
    const objects = Math.floor((pages * pageSize) / size);
    if (hugeBytes === 0 && pages !== 1 && objects !== 1) hugeBytes = size - (HANDLE_BYTES - 1);
    const above = classes[i + 1];
    // can_merge(): a class like the next larger one is that class.
    classes[i] = above?.pages === pages && above.objects === objects ? above : { size, pages, objects };
  }
  return { classes, hugeBytes, deltaBytes };
}

/** The class of an object of `bytes` without its handle. */
export function classOfBytes({ classes, deltaBytes }: ZsClasses, bytes: number): ZsClass {
  const index = Math.max(0, Math.ceil((bytes + HANDLE_BYTES - LEAST_BYTES) / deltaBytes));
  return classes[Math.min(classes.length - 1, index)]!;
}
