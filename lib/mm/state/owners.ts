/**
 * The kind of each page in use, and the holds that keep it in place. The kind is in the upper four bits of the owner
 * byte at the page's head. The exceptional state of a few pages (pins, locks, writeback) is in a sparse map. The
 * rules for why a page does not move are from has_unmovable_pages() of mm/page_isolation.c, folio_expected_refs() of
 * mm/migrate.c, 6.1; docs/fidelity.md.
 */
import { InputError } from "../../base/errors";
import type { Memory } from "./memory";
import type { PageHold } from "./page-hold";
import {
  ALLOCATED,
  FIXED_OWNED,
  IN_USE_MOVABLE,
  MOVABLE_PAGE,
  ORDER_MASK,
  OWNER_HOLE,
  OWNER_MASK,
  OWNER_RESERVED,
  OWNER_SLAB,
} from "./page-state";

export type { PageHold } from "./page-hold";

/** Kinds of pages in use, by name; 0 is "unknown". */
export const OWNER_KINDS = {
  unknown: 0x00,
  slab: OWNER_SLAB,
  reserved: OWNER_RESERVED,
  hole: OWNER_HOLE,
  anon: 0x40,
  fileClean: 0x50,
  fileDirty: 0x60,
  shmem: 0x70,
  slabReclaimable: 0x80,
  pageTable: 0x90,
  kernelStack: 0xa0,
  networkBuffer: 0xb0,
  hugetlb: 0xc0,
  cmaBuffer: 0xd0,
  driver: 0xe0,
  /** Pages that are on no LRU list and have an operation of their own to move them: those of zsmalloc. */
  zspage: 0xf0,
} as const;

export type OwnerKind = keyof typeof OWNER_KINDS;

const NAMES: string[] = [];
for (const [name, value] of Object.entries(OWNER_KINDS)) NAMES[value >> 4] = name;

const NO_HOLDS: readonly PageHold[] = [];

/** The bits of a state that tell a single movable page. */
const FREE_TO_MOVE_BITS = ALLOCATED | IN_USE_MOVABLE | ORDER_MASK;

/** The kind of the page in use at `head`. */
export function ownerKind(m: Memory, head: number): OwnerKind {
  return NAMES[(m.ownerOf(head) & OWNER_MASK) >> 4] as OwnerKind;
}

/**
 * Sets the kind of the page at `head`; whether it is movable does not change.
 * @example
 * ```ts
 * import { machine, metrics, setOwnerKind } from "pageblock";
 *
 * const kernel = machine("qemu-virt").memory("512MiB").start();
 * const page = kernel.allocPages({ order: 3 });
 * if (page.ok) setOwnerKind(kernel.memory, page.pfn, "networkBuffer");
 * metrics.holderFlows(kernel.memory).some((flow) => flow.kind === "networkBuffer"); // => true
 * ```
 */
export function setOwnerKind(m: Memory, head: number, kind: OwnerKind): void {
  m.setOwner(head, (m.ownerOf(head) & MOVABLE_PAGE) | OWNER_KINDS[kind]);
}

/** Pages that can be held at a time: a Map of Node.js has room for 2^24. */
export const HOLDS_MOST = 2 ** 24 - 1;

/** The error of one more. */
export function tooManyHeld(): InputError {
  return new InputError(`hold: at most ${HOLDS_MOST} pages can be held at a time: got more`);
}

/**
 * Holds the page at `head`: it does not move until it is released as many times.
 * @example
 * ```ts
 * import { holdPage, machine, releasePage } from "pageblock";
 *
 * const kernel = machine("qemu-virt").memory("512MiB").start();
 * const page = kernel.allocPages();
 * if (page.ok) holdPage(kernel.memory, page.pfn, "get", "O_DIRECT");
 * if (page.ok) releasePage(kernel.memory, page.pfn, "get", "O_DIRECT"); // => true
 * ```
 */
export function holdPage(m: Memory, head: number, kind: PageHold["kind"], by: string, count = 1): void {
  m.holds ??= new Map();
  const { holds } = m;
  const list = holds.get(head);
  const same = list?.find((h) => h.kind === kind && h.by === by);
  if (same !== undefined) same.count += count;
  else if (list !== undefined) list.push({ kind, by, count });
  else {
    if (holds.size === HOLDS_MOST) throw tooManyHeld();
    holds.set(head, [{ kind, by, count }]);
  }
}

/**
 * Releases one hold on the page at `head`; false if there was no such hold.
 * @example
 * ```ts
 * import { machine, releasePage } from "pageblock";
 *
 * const kernel = machine("qemu-virt").memory("512MiB").start();
 * const page = kernel.allocPages();
 * if (page.ok) releasePage(kernel.memory, page.pfn, "get", "nobody"); // => false
 * ```
 */
export function releasePage(m: Memory, head: number, kind: PageHold["kind"], by: string): boolean {
  const { holds } = m;
  const list = holds?.get(head);
  const hold = list?.find((h) => h.kind === kind && h.by === by);
  if (holds === null || list === undefined || hold === undefined) return false;
  if (--hold.count === 0) list.splice(list.indexOf(hold), 1);
  if (list.length === 0) holds.delete(head);
  return true;
}

/** Everything that holds the page at `head`. */
export function holdsOf(m: Memory, head: number): readonly PageHold[] {
  return m.holds?.get(head) ?? NO_HOLDS;
}

/** Every page with a hold, by its head, in the order in which they were first held. */
export function heldPages(m: Memory): Iterable<readonly [head: number, holds: readonly PageHold[]]> {
  return m.holds ?? [];
}

/** Drops every hold on the page at `head`, which was freed or moved together with its holds. */
export function forgetHolds(m: Memory, head: number): void {
  if (m.holds !== null) m.holds.delete(head);
}

/** Whether a hold moves with a migrated page: it belongs to the mapping, not to the frame. */
export function moveHolds(m: Memory, from: number, to: number): void {
  const { holds } = m;
  const list = holds?.get(from);
  if (holds === null || list === undefined) return;
  holds.delete(from);
  holds.set(to, list);
}

/** References beyond the expected ones: pins of any kind. */
export function extraReferences(m: Memory, head: number): number {
  let n = 0;
  for (const h of holdsOf(m, head))
    if (h.kind === "get" || h.kind === "pin" || h.kind === "longterm") n += h.count;
  return n;
}

/**
 * Whether the page at `head` is kept off the LRU, so that no scanner takes it: it is in a CPU's batch, or poisoned.
 */
export function offLru(m: Memory, head: number): boolean {
  return holdsOf(m, head).some((h) => h.kind === "lruBatch" || h.kind === "hwPoison");
}

/** lru_add_drain_all(): pages in the CPUs' batches join the LRU. */
export function drainLruBatches(m: Memory): void {
  dropHolds(m, (h) => h.kind === "lruBatch");
}

/** Ends what a waiter waits for: writeback is complete, the lock is released. */
export function waitForPage(m: Memory, head: number): void {
  const list = m.holds?.get(head);
  if (list !== undefined) keepHolds(m, head, list, (h) => h.kind === "writeback" || h.kind === "locked");
}

function dropHolds(m: Memory, over: (hold: PageHold) => boolean): void {
  for (const [head, list] of m.holds ?? []) keepHolds(m, head, list, over);
}

function keepHolds(m: Memory, head: number, list: PageHold[], over: (hold: PageHold) => boolean): void {
  const left = list.filter((h) => !over(h));
  if (left.length === list.length) return;
  if (left.length > 0) m.holds!.set(head, left);
  else m.holds!.delete(head);
}

/** Whether any page of the machine is held: if none is, scanners need not check. */
export function anyHolds(m: Memory): boolean {
  return m.holds !== null && m.holds.size > 0;
}

/** Whether the page in use at head `pfn` is on the LRU or otherwise movable. */
export function isMovablePage(m: Memory, pfn: number): boolean {
  return (m.ownerOf(pfn) & MOVABLE_PAGE) !== 0 && m.headOf(pfn) === pfn;
}

/** Whether anything holds the page at `head`. */
export function isHeld(m: Memory, head: number): boolean {
  const { holds } = m;
  return holds !== null && holds.size > 0 && holds.has(head);
}

/** Whether `pfn` is a single page in use that may move and that nothing holds, as most pages are. */
export function isFreeToMove(m: Memory, pfn: number): boolean {
  return (m.state[pfn]! & FREE_TO_MOVE_BITS) === (ALLOCATED | IN_USE_MOVABLE) && !isHeld(m, pfn);
}

/** Order of the page in use at head `pfn`; 0 if unknown. */
export function orderInUse(m: Memory, pfn: number): number {
  const s = m.state[pfn]!;
  return s >= ALLOCATED ? s & ORDER_MASK : 0;
}

/** Whether `pfn` is in use: not in a free page, neither in the buddy lists nor on a per-CPU list. */
export function inUse(m: Memory, pfn: number): boolean {
  const s = m.state[pfn]!;
  return s >= ALLOCATED || (s === 0 && !m.insideFree(pfn));
}

/** Copies what is known about the page at `from` to its new place `to`. */
export function moveOwner(m: Memory, from: number, to: number): void {
  m.setOwner(to, m.ownerOf(from));
  moveHolds(m, from, to);
}

/** Marks each frame in [start, end) as a single page in use, of one kind, as a contiguous request returns them. */
export function markTaken(m: Memory, start: number, end: number, kind: OwnerKind): void {
  m.state.fill(FIXED_OWNED, start, end);
  m.owner.fill(OWNER_KINDS[kind], start, end);
}

/** Clears all state inside a free page that was taken and is about to be put back whole. */
export function clearInside(m: Memory, start: number, order: number): void {
  m.state.fill(0, start, start + (1 << order));
}
