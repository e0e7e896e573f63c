/**
 * The order of a cache's slabs, as SLUB chooses it (calculate_order(), mm/slub.c, 6.1 to 6.18). More CPUs want more objects in
 * a slab, so that a large machine has larger slabs of the same objects: ext4's inodes are in slabs of order 2 on two CPUs, and
 * of order 3 on forty.
 */
import { log2 } from "../base/elementary";

/** PAGE_ALLOC_COSTLY_ORDER: larger slabs only for objects that need them. */
const SLUB_MAX_ORDER = 3;

/** The smallest order whose slab holds `bytes`. */
function orderOf(bytes: number, pageSize: number): number {
  return Math.max(0, Math.ceil(log2(bytes / pageSize)));
}

/** The smallest order from `least` objects on that wastes at most one part in `fraction`; above SLUB_MAX_ORDER: none does. */
function orderThatFits(bytes: number, pageSize: number, least: number, fraction: number): number {
  for (let order = orderOf(least * bytes, pageSize); order <= SLUB_MAX_ORDER; order++) {
    const slab = pageSize << order;
    if (slab % bytes <= slab / fraction) return order;
  }
  return SLUB_MAX_ORDER + 1;
}

/**
 * Order of a slab of objects of `bytes` (aligned, as in the objsize of /proc/slabinfo), on a machine with pages of
 * `pageSize` bytes and `cpus` CPUs.
 */
export function slabOrder(bytes: number, pageSize: number, cpus: number): number {
  const wanted = 4 * (Math.floor(log2(cpus)) + 2);
  const most = Math.floor((pageSize << SLUB_MAX_ORDER) / bytes);
  for (let least = Math.min(wanted, most); least > 1; least--)
    for (const fraction of [16, 8, 4]) {
      const order = orderThatFits(bytes, pageSize, least, fraction);
      if (order <= SLUB_MAX_ORDER) return order;
    }
  return orderOf(bytes, pageSize);
}
