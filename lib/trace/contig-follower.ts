/**
 * Follows the contiguous requests of a recording (6.1's trace format): at each cma_alloc() the model runs its own,
 * and each structural event it predicts is compared with the next record: isolation (M, V, Q), drain (N), scans,
 * targets (A), attempts (u, m), frees (F), grab (I), put-back (P), retries and the end. After a mismatch, the rest of
 * the request is applied as recorded and counted as wrong.
 */

import { buddyOrder } from "../mm/compaction/isolate-freepages-block";
import { type CmaArea, cmaAlloc } from "../mm/contiguous/cma-area";
import { allocContigRange, type ContigContext, cpusWithPages } from "../mm/contiguous/contig-range";
import { areasOf } from "../mm/contiguous/contiguous";
import type { ContigObserver, MigrationWorld } from "../mm/contiguous/migrate";
import { isolateBlock, splitFreePage, unisolateBlock } from "../mm/contiguous/page-isolation";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_ISOLATE } from "../mm/state/migratetype";
import type { TracePoints } from "../mm/state/trace-points";
import {
  bareTask,
  describe,
  EVENTS,
  isStructural,
  type Predicted,
  recordText,
  sameEvent,
} from "./contig-events";
import { ContigHints, eventNumber, type KeptRecord } from "./contig-hints";
import { REC } from "./trace-reader";

/** The first event that was not predicted. */
export interface WrongContigEvent {
  line: number;
  recorded: string;
  predicted: string;
}

export interface FollowerHost {
  /** Applies a record as recorded: one that is not the request's own, or one that could not be predicted. */
  dispatch(record: KeptRecord): void;
  /** Rejects the input. */
  fail(line: number, message: string): never;
  /** Counts a predicted allocation of a request. */
  allocated(): void;
  /** The model is out of step from here on. */
  diverged(): void;
}

export class ContigFollower {
  predicted = 0;
  wrong = 0;
  firstWrong: WrongContigEvent | null = null;
  /** The areas, derived from the CMA blocks; null until the first request. */
  private areas: CmaArea[] | null = null;
  private kept: KeptRecord[] = [];
  private pid = -1;
  /** The current request began with `R` alone: not from a CMA area. */
  private bare = false;
  private readonly queue: Predicted[] = [];
  private following = false;
  /** The ascending run of single pages that each task freed last: [start, end). */
  private readonly runs = new Map<number, { start: number; end: number }>();

  constructor(
    private readonly m: Memory,
    private readonly host: FollowerHost,
  ) {}

  /** Trace points that report the model's own isolations and drains. */
  points(): TracePoints {
    const on = (kind: number, ...values: number[]) => {
      if (this.following) this.queue.push({ kind, name: "", values });
    };
    return {
      blockType: (pfn, mt) => on(REC.BLOCK_TYPE, pfn, mt),
      moveBlock: (pfn, mt) => on(REC.MOVE_BLOCK, pfn, mt),
      drainZone: (zone, count, cpu) => on(REC.DRAIN_ZONE, zone, count, cpu),
      isolateFree: (pfn, order) => on(REC.ISOLATE, pfn, order),
      putBack: (pfn, order, mt) => on(REC.PUTBACK, pfn, order, mt),
      splitFree: (pfn, order, offset) => on(REC.SPLIT, pfn, order, offset),
    };
  }

  /** Inspects a record before it is applied; true if it was kept for the current request. */
  take(kind: number, f: Float64Array, n: number, line: number, text: string): boolean {
    if (this.pid < 0) {
      if (kind === REC.F) this.noteFree(f[0]!, f[1]!, f[n - 1]!);
      if (kind === REC.E && / cma_(alloc_start|release) /.test(text)) {
        if (text.includes(" cma_release ")) {
          this.release(text, line);
          return false;
        }
        this.pid = Number.parseInt(text, 10);
        this.bare = false;
      } else if (kind === REC.RANGE_BEGIN) {
        this.pid = 0;
        this.bare = true;
      } else return false;
      this.kept.push(keep(kind, f, n, line, text));
      return true;
    }
    this.kept.push(keep(kind, f, n, line, text));
    const ends = this.bare
      ? kind === REC.RANGE_END
      : kind === REC.E && text.includes(" cma_alloc_finish ") && Number.parseInt(text, 10) === this.pid;
    if (ends) this.follow();
    return true;
  }

  private noteFree(pfn: number, order: number, pid: number): void {
    const run = this.runs.get(pid);
    if (run !== undefined && order === 0 && pfn === run.end) run.end++;
    else this.runs.set(pid, { start: pfn, end: pfn + (order === 0 ? 1 : 0) });
  }

  /** cma_release(): its frees precede its record: single pages, ascending. */
  private release(text: string, line: number): void {
    const pfn = eventNumber(text, "pfn");
    const count = eventNumber(text, "count");
    this.predicted += count;
    const run = this.runs.get(Number.parseInt(text, 10));
    if (run === undefined || run.end !== pfn + count || run.start > pfn) {
      this.wrong += count;
      this.firstWrong ??= { line, recorded: text, predicted: "the pages freed one by one, ascending" };
    }
    this.areas?.find((a) => a.holds(pfn, count))?.mark(pfn, count, 0);
  }

  private follow(): void {
    const records = this.kept;
    const { m } = this;
    this.areas ??= areasOf(m);
    const first = records.find((r) => r.kind === REC.RANGE_BEGIN);
    const pid = this.bare ? bareTask(records) : this.pid;
    this.kept = [];
    this.pid = -1;
    this.queue.length = 0;
    const area = first === undefined ? this.areas[0] : this.areas.find((a) => a.holds(first.f[0]!));
    let range = 0;
    let world: MigrationWorld | null = null;
    const cx: ContigContext = {
      m,
      world: {
        isolate: (p) => world!.isolate(p),
        dropped: (p) => world!.dropped(p),
        left: (p) => world!.left!(p),
        targetLeft: (p) => world!.targetLeft!(p),
        unmap: (a, b) => world!.unmap(a, b),
        move: (a, b) => world!.move(a, b),
        moved() {},
        gone() {},
      },
      stepwise: true,
      seen: this.observer(() => {
        let from = range;
        while (from < records.length && records[from]!.kind !== REC.RANGE_BEGIN) from++;
        world = new ContigHints(records, from, pid).world(m);
        range = from + 1;
        cx.drainedCpus = undefined;
      }),
      kind: "cmaBuffer",
      stats: { migrated: 0, failedAttempts: 0, dropped: 0 },
    };
    const bitmap = area?.bitmap.slice();
    let steps = this.stepsOf(cx, records, first, area);
    let acting = m.cpu;
    const own = acting;
    for (let i = this.bare ? 0 : 1; i < records.length; i++) {
      const record = records[i]!;
      if (record.kind === REC.CPU) acting = record.f[0]!;
      if (record.text.startsWith(`${pid} drain_all_pages `)) this.chooses(cx, area);
      // Without a task's name what another CPU does meanwhile is told by the CPU.
      if (!isStructural(record, pid) || acting !== own) {
        this.host.dispatch(record);
        continue;
      }
      this.predicted++;
      if (steps !== null && this.matches(record, steps)) {
        if (record.kind === REC.A) this.host.allocated();
        continue;
      }
      this.wrong++;
      if (steps !== null) {
        if (area !== undefined) area.bitmap.set(bitmap!);
        this.host.diverged();
        steps = null;
      }
      this.asRecorded(record);
    }
    this.following = true;
    if (steps !== null) {
      while (!steps.next().done);
      if (this.queue.length > 0) {
        this.wrong++;
        this.firstWrong ??= {
          line: records.at(-1)!.line,
          recorded: "the end of the request",
          predicted: describe(this.queue[0]!),
        };
      }
    }
    this.following = false;
    this.queue.length = 0;
    if (steps === null && !this.bare && area !== undefined) {
      const text = records.at(-1)!.text;
      if (eventNumber(text, "ok") === 1) area.mark(eventNumber(text, "pfn"), eventNumber(text, "count"), 1);
    }
  }

  /** The drain of all CPUs has begun, as recordings of `pageblock record` tell. */
  private chooses(cx: ContigContext, area: CmaArea | undefined): void {
    const zone = area === undefined ? undefined : this.m.zoneOf(area.ranges[0]!.basePfn);
    cx.drainedCpus = zone === undefined ? undefined : cpusWithPages(zone);
  }

  /** The model at the start of the request that the records begin with; null where its area is not known. */
  private stepsOf(
    cx: ContigContext,
    [start]: readonly KeptRecord[],
    first: KeptRecord | undefined,
    area: CmaArea | undefined,
  ): Generator<void, unknown> | null {
    if (this.bare) {
      const [from, to, mt] = first!.f as unknown as [number, number, number];
      const zone = cx.m.zoneOf(from);
      if (zone === undefined || to <= from || to > zone.endPfn)
        this.host.fail(first!.line, `the range ${from} to ${to} does not lie in one zone`);
      return allocContigRange(cx, zone!, from, to, mt);
    }
    if (area === undefined) return null;
    const { text, line } = start!;
    const count = eventNumber(text, "count");
    const align = Math.max(0, eventNumber(text, "align"));
    if (count < 1 || align > 30)
      this.host.fail(line, `cma_alloc of ${count} pages, align ${align}: no such request is possible`);
    return cmaAlloc(cx, area, count, align);
  }

  /** Runs the model up to its next event and compares it with the record. */
  private matches(record: KeptRecord, steps: Generator<void, unknown>): boolean {
    this.following = true;
    while (this.queue.length === 0 && !steps.next().done);
    this.following = false;
    const next = this.queue.shift();
    const same = next !== undefined && sameEvent(record, next);
    if (!same)
      this.firstWrong ??= {
        line: record.line,
        recorded: recordText(record),
        predicted: next === undefined ? "the end of the request" : describe(next),
      };
    return same;
  }

  private observer(rangeBegins: () => void): ContigObserver {
    const on = (kind: number, name: string, ...values: number[]) => this.queue.push({ kind, name, values });
    return {
      rangeBegin: (start, end) => {
        rangeBegins();
        on(REC.RANGE_BEGIN, "", start, end);
      },
      rangeEnd: (errno) => on(REC.RANGE_END, "", errno),
      alloc: (pfn, order) => on(REC.A, "", pfn, order),
      free: (pfn, order) => on(REC.F, "", pfn, order),
      unmap: (from, to, rc) => on(REC.MIGRATE_UNMAP, "", from, to, rc),
      move: (from, to, rc) => on(REC.MIGRATE_MOVE, "", from, to, rc),
      skipBit: (pfn) => on(REC.SKIP, "", pfn),
      scanned: (start, end, taken) => on(REC.E, EVENTS[0], start, end, taken),
      tested: (start, end, fin) => on(REC.E, EVENTS[1], start, end, fin),
      busyRetry: (pfn, count) => on(REC.E, EVENTS[2], pfn, count),
      finish: (pfn, count) => on(REC.E, EVENTS[3], pfn >= 0 ? 1 : 0, pfn, count),
    };
  }

  /** A structural record that was not predicted: brings the machine into the recorded state. */
  private asRecorded(record: KeptRecord): void {
    const { m } = this;
    const f = record.f;
    const zone = m.zoneOf(f[0]!);
    switch (record.kind) {
      case REC.BLOCK_TYPE:
        if (zone === undefined) return;
        if (f[1] === MIGRATE_ISOLATE)
          isolateBlock(m, zone, f[0]!, m.blockType(f[0]!), { startPfn: f[0]!, endPfn: f[0]! });
        else unisolateBlock(m, zone, f[0]!, f[1]!);
        return;
      case REC.SPLIT:
        if (zone !== undefined && buddyOrder(m, f[0]!) === f[1]) splitFreePage(m, zone, f[0]!, f[1]!, f[2]!);
        return;
      case REC.A:
      case REC.F:
      case REC.ISOLATE:
      case REC.PUTBACK:
      case REC.DRAIN_ZONE:
        this.host.dispatch(record);
        return;
    }
  }
}

function keep(kind: number, f: Float64Array, n: number, line: number, text: string): KeptRecord {
  return { kind, f: f.slice(0, Math.max(n, 4)), n, line, text };
}
