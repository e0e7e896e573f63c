/**
 * Why a contiguous request failed, as data and in words: for each range tried, the blocking pages by owner, their
 * holders, and what would have freed the range (docs/fidelity.md, "Why a page does not move"); and the nearest miss.
 */
import { leastOf } from "../../base/extremes";
import { buddyOrder } from "../compaction/isolate-freepages-block";
import type { Memory } from "../state/memory";
import {
  holdsOf,
  inUse,
  isMovablePage,
  type OwnerKind,
  orderInUse,
  ownerKind,
  type PageHold,
} from "../state/owners";
import { isPcpState } from "../state/page-state";
import type { ContigFailure } from "./contig-range";
import { hugetlbMoves } from "./hugetlb-moves";
import { EBUSY, ENOMEM } from "./page-isolation";

/** One page in the way. */
export interface Blocker {
  /** First frame. */
  pfn: number;
  /** 2^order frames. */
  order: number;
  /** First frame of its page block. */
  block: number;
  owner: OwnerKind;
  heldBy: readonly PageHold[];
  why: string;
  wouldFree: string;
}

/** One range that was tried and failed. */
export interface FailedRange {
  startPfn: number;
  /** One past the last frame. */
  endPfn: number;
  /** The kernel's error. */
  errno: number;
  /**
   * The step that failed: isolating the blocks, finding migration targets, or the final test that all pages are free.
   */
  step: "isolate" | "migrate" | "test";
  /** Pages in the way in the whole range. */
  blockedPages: number;
  /** Movable pages that were still there when the request gave up because of the others. */
  notReached: number;
  /** The first of them, at most `BLOCKERS_KEPT`. */
  blockers: readonly Blocker[];
  /** Further explanation, for example if target pages were lacking. */
  note: string | null;
}

export const BLOCKERS_KEPT = 64;

const IMMOVABLE: Partial<Record<OwnerKind, [why: string, wouldFree: string]>> = {
  reserved: ["was reserved at boot and never belonged to the allocator", "nothing while the machine runs"],
  hole: ["is no memory", "nothing"],
  slab: ["holds kernel objects, which have addresses and cannot move", "freeing every object in the slab"],
  slabReclaimable: [
    "holds cached kernel objects, which cannot move",
    "shrinking the cache until the slab is empty",
  ],
  pageTable: [
    "is a page table of a process, which does not move",
    "the process unmapping the range, or its end",
  ],
  kernelStack: ["is part of a kernel stack, which cannot move", "the end of that task"],
  networkBuffer: ["is a network buffer that a device may be writing to", "the packet being consumed"],
  hugetlb: [
    "is a huge page that does not move: it is pinned, gigantic, or the kernel is older than 5.13",
    "freeing that huge page",
  ],
  cmaBuffer: ["is a buffer already taken from a contiguous area", "its driver releasing it"],
  driver: ["belongs to a driver, which knows it by its address", "its driver freeing it"],
  unknown: ["is in use, not on the LRU and not movable", "its owner freeing it"],
};

const HOLDS: Record<PageHold["kind"], [why: string, wouldFree: string]> = {
  get: [
    "holds a reference for the time being",
    "that reference being dropped: it may be enough to try again later",
  ],
  pin: [
    "has it pinned for the length of a call",
    "the end of that call: it may be enough to try again later",
  ],
  longterm: [
    "has it pinned for long",
    "unpinning; FOLL_LONGTERM pins taken since 5.1 leave the area before they hold",
  ],
  writeback: ["is writing it back", "the end of that write"],
  locked: ["has it locked", "the unlocking"],
  buffers: [
    "uses its buffer heads",
    "the file system dropping the buffers, as after a commit of its journal",
  ],
  noMigrate: ["keeps it dirty in a file system that cannot migrate", "writing the page back first"],
  mlock: ["has it locked in memory", "nothing: that does not bar migration"],
  lruBatch: ["has it in its batch of pages that are yet to join the LRU", "draining the CPUs' LRU batches"],
  hwPoison: ["found it broken: it is out of use for good", "nothing: the memory at this place is faulty"],
};

export const MOVABLE_NOT_MOVED = "is movable, but was not moved";

/** has_unmovable_pages() refuses the page blocks of a CMA area to every request that is not the area's own. */
const AREA_BLOCK: Pick<Blocker, "owner" | "heldBy" | "why" | "wouldFree"> = {
  owner: "unknown",
  heldBy: [],
  why: "is a page block of a CMA area, which only the area's own requests may empty",
  wouldFree: "nothing while the machine runs: ask the area with cma_alloc()",
};

/** Whose a page in the way is, in words; `unknown` for an owner that nobody stated. */
export function ownerWords({ owner, why }: Pick<Blocker, "owner" | "why">, unknown: string): string {
  if (why === AREA_BLOCK.why) return "CMA area";
  return owner === "unknown" ? unknown : owner;
}

/** Whose the page at `pfn` is, what keeps it there, and what would free it. */
export function describePage(
  m: Memory,
  pfn: number,
): Pick<Blocker, "owner" | "heldBy" | "why" | "wouldFree"> {
  const owner = ownerKind(m, pfn);
  const heldBy = holdsOf(m, pfn).filter((h) => h.kind !== "mlock");
  const hold = heldBy[0];
  if (hold !== undefined) {
    const [why, wouldFree] = HOLDS[hold.kind];
    const times = hold.count > 1 ? ` (${hold.count} references)` : "";
    return { owner, heldBy, why: `${hold.by} ${why}${times}`, wouldFree };
  }
  if (isPcpState(m.state[pfn]!))
    return {
      owner,
      heldBy,
      why: "is free, but waits on a per-CPU list",
      wouldFree: "draining the per-CPU lists",
    };
  const fixed =
    isMovablePage(m, pfn) || hugetlbMoves(m, pfn) ? undefined : (IMMOVABLE[owner] ?? IMMOVABLE.unknown);
  if (fixed !== undefined) return { owner, heldBy, why: fixed[0], wouldFree: fixed[1] };
  return {
    owner,
    heldBy,
    why: MOVABLE_NOT_MOVED,
    wouldFree: "another try, with free pages to move to",
  };
}

/** The state of a range that has just failed: its pages that are not free. */
export function failedRange(
  m: Memory,
  startPfn: number,
  endPfn: number,
  failure: ContigFailure,
): FailedRange {
  const { errno, step, pfn: firstPfn } = failure;
  const blockers: Blocker[] = [];
  let blockedPages = 0;
  let notReached = 0;
  const add = (pfn: number, order: number) => {
    const pages = Math.min(1 << order, endPfn - pfn);
    const page = describePage(m, pfn);
    if (page.why === MOVABLE_NOT_MOVED) {
      notReached += pages;
      return;
    }
    blockedPages += pages;
    if (blockers.length < BLOCKERS_KEPT)
      blockers.push({ pfn, order, block: pfn - (pfn % m.pageblockPages), ...page });
  };
  if (failure.areaBlock === true) {
    const block = firstPfn - (firstPfn % m.pageblockPages);
    blockedPages = Math.min(block + m.pageblockPages, endPfn) - Math.max(block, startPfn);
    blockers.push({ pfn: block, order: m.pageblockOrder, block, ...AREA_BLOCK });
  } else if (step === "isolate") {
    if (firstPfn >= 0) add(firstPfn, orderInUse(m, firstPfn));
  } else {
    const head = m.freePlaceOf(startPfn);
    for (let p = head?.pcp === false ? head.head : startPfn; p < endPfn; ) {
      const free = buddyOrder(m, p);
      if (free >= 0) p += 1 << free;
      else {
        const order = inUse(m, p) ? orderInUse(m, p) : 0;
        add(p, order);
        p += 1 << order;
      }
    }
  }
  return {
    startPfn,
    endPfn,
    errno,
    step,
    blockedPages,
    notReached,
    blockers,
    note: noteOf(m, failure),
  };
}

function noteOf(m: Memory, { step, errno, pfn: firstPfn }: ContigFailure): string | null {
  if (errno === ENOMEM) {
    const zones = m.zones.map(
      (z) => `${z.name}: ${Math.max(0, z.nrFreePages)} free, min watermark ${z.wmark[0]}`,
    );
    return `no page could be had to move the contents to (${zones.join("; ")})`;
  }
  if (step === "isolate" && firstPfn < 0) return "a page block of the range is isolated by someone else";
  return null;
}

/** A failed request. */
export interface ContigFailureReport {
  /** The request, such as "cma_alloc of 256 pages". */
  request: string;
  errno: number;
  /** Ranges tried, in order; empty if the bitmap had no room. */
  ranges: readonly FailedRange[];
  /** Number of ranges tried, if `ranges` holds only the first of them. */
  rangesTried?: number;
  /** The reason if no range was tried. */
  reason: string;
}

const ERRNO_NAMES: Record<number, string> = {
  [-12]: "-12 (ENOMEM)",
  [-16]: "-16 (EBUSY)",
  [-22]: "-22 (EINVAL)",
};

/** The range with the fewest pages in the way; the first one in case of a tie. */
export function nearestMiss(ranges: readonly FailedRange[]): FailedRange | null {
  let best: FailedRange | null = null;
  for (const r of ranges)
    if (r.step !== "migrate" && (best === null || r.blockedPages < best.blockedPages)) best = r;
  return best ?? ranges[0] ?? null;
}

/** Pages in the way for one reason. */
export interface Cause {
  owner: OwnerKind;
  why: string;
  wouldFree: string;
  /** Each page counts once, even if it blocked several ranges. */
  pages: number;
  /** The first of them. */
  firstPfn: number;
}

/** The pages in the way over all ranges, by owner and reason, the largest group first. */
export function causesOf(ranges: readonly FailedRange[]): Cause[] {
  const seen = new Set<number>();
  const byWhy = new Map<string, Cause>();
  for (const range of ranges)
    for (const b of range.blockers) {
      if (seen.has(b.pfn)) continue;
      seen.add(b.pfn);
      const { owner, why, wouldFree, pfn: firstPfn } = b;
      const key = `${owner}: ${why}`;
      const known = byWhy.get(key);
      if (known === undefined) byWhy.set(key, { owner, why, wouldFree, pages: 1 << b.order, firstPfn });
      else known.pages += 1 << b.order;
    }
  return [...byWhy.values()].sort((a, b) => b.pages - a.pages);
}

/** A few lines that a driver's author understands. */
export function explainContigFailure(report: ContigFailureReport): string {
  const { request, errno, ranges, reason } = report;
  const lines = [`${request} failed: ${ERRNO_NAMES[errno] ?? errno}.`];
  if (ranges.length === 0) return `${lines[0]} ${reason}`;
  const step = ranges.length > 1 ? ranges[1]!.startPfn - ranges[0]!.startPfn : 0;
  const tried =
    ranges.length === 1
      ? `One range was tried, at frame ${ranges[0]!.startPfn}.`
      : `${ranges.length} ranges were tried, from frame ${ranges[0]!.startPfn} on in steps of ${step} (0x${step.toString(16)}) pages.`;
  lines.push(tried);
  for (const c of causesOf(ranges).slice(0, 4))
    lines.push(
      `In the way: ${c.pages} page${c.pages === 1 ? "" : "s"}, the first at frame ${c.firstPfn}: ${ownerWords(c, "page")}: ${c.why}. Would free it: ${c.wouldFree}.`,
    );
  const notMoved = leastOf(ranges.map((r) => r.notReached));
  if (notMoved > 0 && ranges.every((r) => r.blockedPages === 0 && r.errno === EBUSY))
    lines.push(
      `In every range at least ${notMoved} movable page${notMoved === 1 ? "" : "s"}, held by nobody, did not move: migration failed or is switched off.`,
    );
  const note = ranges.find((r) => r.note !== null)?.note;
  if (note != null) lines.push(`Besides: ${note}.`);
  const miss = nearestMiss(ranges);
  if (miss !== null && miss.blockedPages > 0)
    lines.push(
      `Nearest miss: frames ${miss.startPfn} to ${miss.endPfn - 1}, ${miss.blockedPages} of ${miss.endPfn - miss.startPfn} pages in the way.`,
    );
  return lines.join("\n");
}
