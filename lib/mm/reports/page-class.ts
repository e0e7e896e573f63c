/** How pages behave towards a request for a contiguous range: classes of the owner kinds of mm/owners. */

import { OWNER_KINDS, type OwnerKind } from "../state/owners";
import { MOVABLE_PAGE, OWNER_MASK } from "../state/page-state";

/**
 * `movable`: moves out of the way unless held; `reclaimable`: kernel caches that can be shrunk; `unmovable`: stays;
 * `cma`: taken from a contiguous area by its user; `hugetlb`; `reserved`: never given to the allocator at boot;
 * `hole`: no memory.
 */
export const PAGE_CLASSES = [
  "movable",
  "reclaimable",
  "unmovable",
  "cma",
  "hugetlb",
  "reserved",
  "hole",
] as const;
export type PageClass = (typeof PAGE_CLASSES)[number];

const MOVABLE_KINDS = new Set<OwnerKind>(["anon", "fileClean", "fileDirty", "shmem", "zspage"]);
const OWN_CLASS: Partial<Record<OwnerKind, PageClass>> = {
  slabReclaimable: "reclaimable",
  cmaBuffer: "cma",
  hugetlb: "hugetlb",
  reserved: "reserved",
  hole: "hole",
};

/** Names by the upper four bits of an owner byte. */
export const KIND_NAMES: readonly OwnerKind[] = (Object.keys(OWNER_KINDS) as OwnerKind[]).sort(
  (a, b) => OWNER_KINDS[a] - OWNER_KINDS[b],
);

/** The kind in an owner byte (Memory.ownerOf). */
export function kindOf(owner: number): OwnerKind {
  return KIND_NAMES[(owner & OWNER_MASK) >> 4]!;
}

/**
 * The class of a page in use; pages of unknown kind are unmovable unless they are marked movable.
 * @example
 * ```ts
 * import { metrics } from "pageblock";
 *
 * metrics.classOf("anon", true); // => "movable"
 * metrics.classOf("slab", false); // => "unmovable"
 * ```
 */
export function classOf(kind: OwnerKind, movable: boolean): PageClass {
  return OWN_CLASS[kind] ?? (movable || MOVABLE_KINDS.has(kind) ? "movable" : "unmovable");
}

/** The class in an owner byte. */
export function classOfOwner(owner: number): PageClass {
  return classOf(kindOf(owner), (owner & MOVABLE_PAGE) !== 0);
}
