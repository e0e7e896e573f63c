/** The bits of a machine's columns `state` and `owner` (per frame) and `blocks` (per page block). */
/**
 * `state` of a frame. Free in the buddy lists: order + 1 (1..15). On a per-CPU list: ON_PCP, the migrate type stored
 * when it was freed or taken (page->index up to 6.9), and its order. In use, at the head of a page: ALLOCATED, its
 * order, and what is known about it. 0: in use with unknown order (left by a snapshot or by boot), or inside a larger
 * page.
 */
export const ORDER_MASK = 0x0f;
export const ON_PCP = 0x40;
export const ALLOCATED = 0x80;
/** With ALLOCATED: on the LRU or otherwise movable; a block claim counts such pages as movable. */
export const IN_USE_MOVABLE = 0x20;
/** With ALLOCATED: the owner column is valid; without it the owner is unknown. */
export const OWNER_VALID = 0x10;

/** The state of a single page in use that is movable and whose owner is known. */
export const MOVABLE_OWNED = ALLOCATED | IN_USE_MOVABLE | OWNER_VALID;

/** The same of one that never moves. */
export const FIXED_OWNED = ALLOCATED | OWNER_VALID;

/** The state of a per-CPU page; orders above 3 are the THP order. */
export function pcpState(order: number, mt: number): number {
  return ON_PCP | (mt << 3) | (order > 3 ? 4 : order);
}

/** The type stored in a per-CPU page's state. */
export function pcpStoredType(state: number): number {
  return (state >> 3) & 7;
}

/** Whether a state is that of a per-CPU page. */
export function isPcpState(state: number): boolean {
  return (state & (ON_PCP | ALLOCATED)) === ON_PCP;
}

/** `owner` of a page in use: movable or not, and its kind. Read it with ownerOf(), which knows when it is valid. */
export const MOVABLE_PAGE = 0x08;
/** The kind of a page in use, if known: the upper four bits. */
export const OWNER_MASK = 0xf0;
export const OWNER_SLAB = 0x10;
export const OWNER_RESERVED = 0x20;
/** No struct page. */
export const OWNER_HOLE = 0x30;

/** `blocks` of a page block: migrate type, then flags. */
export const BLOCK_MT = 0x07;
export const BLOCK_SKIP = 0x08;
export const BLOCK_ISOLATED = 0x10;
export const BLOCK_HOLE = 0x80;
