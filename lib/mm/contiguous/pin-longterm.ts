/**
 * Long-term pins (FOLL_LONGTERM: RDMA, VFIO, io_uring fixed buffers) and the pages that may not be pinned long-term:
 * mm/gup.c __gup_longterm_locked() and its callees, by release (switch `longtermPin`).
 *
 * - `stays` (4.17): pages are pinned in place.
 * - `leavesCma` (5.1 to 5.12, check_and_migrate_cma_pages()): pages in CMA blocks are moved out first. If one of them
 *   cannot be moved, all are pinned in place.
 * - `leavesCmaAndMovable` (5.13+): also pages in ISOLATE blocks and in ZONE_MOVABLE; if one cannot be moved, the call fails and
 *   nothing is pinned. Pages that were moved stay at their new place. If a page is not on the LRU, the kernel retries
 *   forever; here the call fails.
 */

import { GRANTED, type Granted, type Refused, refusedWith } from "../../base/answer";
import { allocPages } from "../allocation/page-alloc";
import {
  __GFP_COMP,
  __GFP_DIRECT_RECLAIM,
  __GFP_NOMEMALLOC,
  __GFP_NOWARN,
  __GFP_RECLAIM,
  GFP_HIGHUSER,
  GFP_USER,
  ZONE_MOVABLE,
} from "../state/gfp";
import type { Memory } from "../state/memory";
import { MIGRATE_CMA, MIGRATE_ISOLATE } from "../state/migratetype";
import { holdPage, holdsOf, isMovablePage, orderInUse, ownerKind, releasePage } from "../state/owners";
import { type IsolatedPage, type MigrationWorld, migratePages, ownersWorld } from "./migrate";
import { ENOMEM } from "./page-isolation";

/**
 * memalloc_pin_save() clears __GFP_MOVABLE in every request: targets are neither in CMA blocks nor in ZONE_MOVABLE.
 */
const GFP_TARGET = GFP_USER | __GFP_NOWARN;
const GFP_TARGET_LARGE =
  ((GFP_TARGET | GFP_HIGHUSER | __GFP_COMP | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM) | __GFP_DIRECT_RECLAIM;

/** One page that could not be moved away. */
export interface UnpinnablePage {
  /** Its first frame. */
  pfn: number;
  /** The place that prevents the pin. */
  place: "CMA block" | "isolated block" | "ZONE_MOVABLE";
  why: string;
}

/** Success. `heads`: where the pages are now, in the order of the request. */
export interface LongtermPin extends Granted {
  heads: number[];
  /** Base pages that were moved first. */
  migrated: number;
  /** Pages pinned in place although they may block a request, because they could not be moved (`leavesCma` only). */
  leftBehind: UnpinnablePage[];
}

/** Failure: no page is pinned, errno is −ENOMEM. `heads`: where the pages are now. */
export interface FailedLongtermPin extends Refused {
  readonly details: UnpinnablePage[];
  heads: number[];
  migrated: number;
}

/**
 * folio_is_longterm_pinnable(), by release: the place that forbids a long-term pin of the page at `head`, or null.
 */
export function longtermBarrier(m: Memory, head: number): UnpinnablePage["place"] | null {
  const rule = m.sw.longtermPin;
  if (rule === "stays") return null;
  const type = m.blockType(head);
  if (type === MIGRATE_CMA) return "CMA block";
  if (rule === "leavesCma") return null;
  if (type === MIGRATE_ISOLATE) return "isolated block";
  return m.zoneOf(head)!.idx === ZONE_MOVABLE ? "ZONE_MOVABLE" : null;
}

/** alloc_migration_target() of a long-term pin: on the node of the source, if there is room. */
function target(m: Memory, pfn: number, order: number): number {
  const gfp = order === 0 ? GFP_TARGET : GFP_TARGET_LARGE;
  return allocPages(m, gfp, order, m.zonelistOf(m.zoneOf(pfn)!.nid, gfp));
}

/**
 * Pins the pages with these heads (first frames) long-term on behalf of `by`, in one call. `world` decides whether
 * pages move and is notified; default: the owners recorded in the machine.
 * @example
 * ```ts
 * import { Contiguous, machine, pinLongterm } from "pageblock";
 *
 * const kernel = machine("qemu-virt").memory("512MiB").cma("64MiB").start();
 * const page = kernel.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
 * if (page.ok) pinLongterm(kernel.memory, [page.pfn], "an RDMA application").ok; // => true
 * ```
 */
export function pinLongterm(
  m: Memory,
  heads: readonly number[],
  by: string,
  world: MigrationWorld = ownersWorld(m),
): LongtermPin | FailedLongtermPin {
  const now = new Map(heads.map((head) => [head, head]));
  const list: IsolatedPage[] = [];
  const stuck: UnpinnablePage[] = [];
  for (const pfn of now.keys()) {
    const place = longtermBarrier(m, pfn);
    if (place === null) continue;
    if (isMovablePage(m, pfn)) list.push({ pfn, order: orderInUse(m, pfn) });
    else stuck.push({ pfn, place, why: `is ${ownerKind(m, pfn)}, not on the LRU` });
  }
  const stats = { migrated: 0, failedAttempts: 0, dropped: 0 };
  const told: MigrationWorld = {
    ...world,
    moved(from, to, order) {
      if (now.has(from)) now.set(from, to);
      world.moved(from, to, order);
    },
  };
  const steps = migratePages({ m, world: told, seen: {}, stats }, list, target);
  let ret = steps.next();
  while (!ret.done) ret = steps.next();
  const outOfMemory = ret.value === ENOMEM;
  for (const { pfn } of list)
    stuck.push({ pfn, place: longtermBarrier(m, pfn)!, why: whyNot(m, pfn, outOfMemory) });
  const placed = heads.map((head) => now.get(head)!);
  if (stuck.length > 0 && m.sw.longtermPin !== "leavesCma")
    return { ...refusedPin(stuck), heads: placed, migrated: stats.migrated };
  for (const head of placed) holdPage(m, head, "longterm", by);
  return { ...GRANTED, heads: placed, migrated: stats.migrated, leftBehind: stuck };
}

function refusedPin(stuck: UnpinnablePage[]): Refused & { details: UnpinnablePage[] } {
  const [{ pfn, place, why }] = stuck as [UnpinnablePage];
  const more = stuck.length === 1 ? "" : `, and ${stuck.length - 1} more`;
  const reason = `page ${pfn} is in ${place} and cannot leave: it ${why}${more}`;
  return { ...refusedWith(ENOMEM, reason), details: stuck };
}

function whyNot(m: Memory, pfn: number, outOfMemory: boolean): string {
  if (!m.migration) return "pages do not migrate on this machine";
  const hold = holdsOf(m, pfn).find((h) => h.kind !== "mlock");
  if (hold !== undefined) return `${hold.by} holds it (${hold.kind})`;
  return outOfMemory ? "no page to move it to, or another of the call had none" : "could not be moved";
}

/**
 * unpin_user_pages(): ends the pins that `by` holds on these pages; returns their number.
 * @example
 * ```ts
 * import { machine, pinLongterm, unpinLongterm } from "pageblock";
 *
 * const kernel = machine("qemu-virt").memory("512MiB").start();
 * const page = kernel.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
 * const heads = page.ok ? pinLongterm(kernel.memory, [page.pfn], "VFIO").heads : [];
 * unpinLongterm(kernel.memory, heads, "VFIO"); // => 1
 * ```
 */
export function unpinLongterm(m: Memory, heads: readonly number[], by: string): number {
  return heads.filter((head) => releasePage(m, head, "longterm", by)).length;
}
