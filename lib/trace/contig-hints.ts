/**
 * Facts that a recorded contiguous request takes from its trace: which pages were pinned, and whether an attempt to
 * move a page failed. Everything else is predicted.
 */

import type { MigrationWorld } from "../mm/contiguous/migrate";
import { ENOMEM } from "../mm/contiguous/page-isolation";
import type { Memory } from "../mm/state/memory";
import { isMovablePage, orderInUse } from "../mm/state/owners";
import { REC } from "./trace-reader";

/** A stored record. */
export interface KeptRecord {
  kind: number;
  f: Float64Array;
  n: number;
  line: number;
  text: string;
}

/**
 * The number after `key=` in an event's text, or −1. Recordings of `pageblock record` have the names of the kernel's
 * own text for `start`, `end` and `taken`: `start_pfn`, `end_pfn` and `nr_taken`.
 */
export function eventNumber(text: string, key: string): number {
  const m = new RegExp(`(?:^| )(?:${key}|${key}_pfn|nr_${key})=(-?\\d+)`).exec(text);
  return m === null ? -1 : Number(m[1]);
}

/** The given facts of one alloc_contig_range(), gathered from the records between its `R` and `Rx`. */
export class ContigHints {
  /** Source frame → order of the page that was tried. */
  private readonly sources = new Map<number, number>();
  /** Results of the attempts, by source, in order: unmap, move. */
  private readonly attempts = new Map<number, { unmap: number; move: number }[]>();
  private readonly droppedPages = new Set<number>();
  /** Pages whose last user went while they were isolated. */
  private readonly leftPages = new Set<number>();
  /** Pages whose target was freed before them. */
  private readonly targetsLeft = new Set<number>();
  /** Frames after whose scan memory ran out: those below the last one tried were not pinned. */
  private untried = { start: 0, end: 0 };

  constructor(records: readonly KeptRecord[], from: number, pid: number) {
    let order = 0;
    let scanStart = -1;
    let scanEnd = -1;
    let lowest = -1;
    let tested = false;
    const targets = new Set<number>();
    const freed: { pfn: number; to: Set<number> }[] = [];
    /** Of the scanned pages one was tried: what is clean was dropped before. */
    let trying = false;
    /** The page that was moved last, until it is freed. */
    let moved = { from: -1, to: -1 };
    for (let i = from; i < records.length; i++) {
      const { kind, f, n, text } = records[i]!;
      if (kind === REC.RANGE_END) {
        if (f[0] === ENOMEM && scanStart >= 0)
          this.untried = { start: scanStart, end: lowest >= 0 ? lowest : scanEnd };
        break;
      }
      if (kind === REC.A && f[n - 1] === pid) {
        order = f[1]!;
        trying = true;
      }
      if (kind === REC.MIGRATE_UNMAP) {
        this.sources.set(f[0]!, order);
        targets.add(f[1]!);
        lowest = f[0]!;
        const list = this.attempts.get(f[0]!) ?? [];
        list.push({ unmap: f[2]!, move: 0 });
        this.attempts.set(f[0]!, list);
      } else if (kind === REC.MIGRATE_MOVE) {
        const attempt = this.attempts.get(f[0]!)?.at(-1);
        if (attempt !== undefined) attempt.move = f[2]!;
        if (f[2] === 0) moved = { from: f[0]!, to: f[1]! };
      } else if (kind === REC.F && f[n - 1] === pid && !tested) {
        if (f[0] === moved.to) this.targetsLeft.add(moved.from);
        if (f[0] === moved.from) moved = { from: -1, to: -1 };
        freed.push({ pfn: f[0]!, to: trying ? this.leftPages : this.droppedPages });
      } else if (kind === REC.E && text.includes(" test_pages_isolated ")) tested = true;
      else if (kind === REC.E && text.includes(" mm_compaction_isolate_migratepages ")) {
        if (scanStart < 0 || lowest >= 0) scanStart = eventNumber(text, "start");
        scanEnd = eventNumber(text, "end");
        lowest = -1;
        trying = false;
      }
    }
    for (const { pfn, to } of freed) if (!this.sources.has(pfn) && !targets.has(pfn)) to.add(pfn);
  }

  world(m: Memory): MigrationWorld {
    const next = (from: number) => this.attempts.get(from)?.[0] ?? { unmap: 1, move: 0 };
    return {
      isolate: (pfn) => {
        const order = this.sources.get(pfn);
        if (order !== undefined) return order;
        if (this.droppedPages.has(pfn) || this.leftPages.has(pfn)) return orderInUse(m, pfn);
        const { start, end } = this.untried;
        return pfn >= start && pfn < end && isMovablePage(m, pfn) ? orderInUse(m, pfn) : -1;
      },
      dropped: (pfn) => this.droppedPages.has(pfn),
      left: (pfn) => this.leftPages.has(pfn),
      targetLeft: (pfn) => this.targetsLeft.has(pfn),
      unmap: (from) => {
        const { unmap } = next(from);
        if (unmap !== 1) this.attempts.get(from)?.shift();
        return unmap;
      },
      move: (from) => {
        const { move } = next(from);
        this.attempts.get(from)?.shift();
        return move;
      },
      moved() {},
      gone() {},
    };
  }
}
