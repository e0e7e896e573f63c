/** One trace put to the model, record by record. */
import { at, InputError } from "../base/errors";
import type { BatchedDrain } from "../mm/allocation/batched-drain";
import { freeOnePage } from "../mm/allocation/free-one-page";
import { isolateFreePage } from "../mm/allocation/isolate-free-page";
import {
  allocPages,
  allocPagesAgain,
  allocPagesBulk,
  freePages,
  prepNewPage,
} from "../mm/allocation/page-alloc";
import { decayPcpHigh, drainPagesZone, stepDrain } from "../mm/allocation/pcp-free";
import { rotateFreeList } from "../mm/allocation/rotate-free-list";
import { listFrames } from "../mm/state/list-frames";
import { ALLOCATED, BLOCK_SKIP, type Memory } from "../mm/state/memory";
import { foldDiffs } from "../mm/state/vmstat";
import { CompactionFollower } from "./compaction-follower";
import { ContigFollower, FOLLOWED_RECORDS } from "./contig-follower";
import { DecisionCheck } from "./decision-check";
import { giveBack, takeExactly } from "./resync";
import { REC, type TraceHandler } from "./trace-reader";

/** The first allocation whose frame was not predicted. Frames; −1 is a failed allocation. */
export interface Mismatch {
  file: string;
  line: number;
  order: number;
  gfp: string;
  migratetype: number;
  expected: number;
  predicted: number;
  /** Where the recorded frame was free in the model when it was asked for. */
  expectedPlace: string;
  /** Heads of the lists around: the per-CPU list of the request, and the buddy list of its type. */
  lists: { name: string; pfns: number[] }[];
}

/** The first record that the model could not follow, and why. */
export interface LostStep {
  file: string;
  line: number;
  why: string;
}

const SHOWN = 10;

/** The records that a replay takes as given. */
const INPUTS: readonly number[] = [
  REC.A,
  REC.BULK_ENTER,
  REC.BULK_PAGE,
  REC.BULK_EXIT,
  REC.F,
  REC.S,
  REC.ISOLATE,
  REC.PUTBACK,
  REC.E,
  REC.FOLD,
  REC.DRAIN_ZONE,
  REC.FREE_ANNOUNCED,
  REC.FREE_GROUP,
  REC.RECLAIM_ACTIVE,
  REC.SKIP,
];

export class Replayer implements TraceHandler {
  readonly wanted: readonly number[];
  allocations = 0;
  exact = 0;
  firstMismatch: Mismatch | null = null;
  /** Where and why the model is known to have lost the kernel's step. */
  lostStep: LostStep | null = null;
  sawEnd = false;
  gaveUp = false;
  private readonly bulk = new Int32Array(1 << 16);
  private bulkAsked = 0;
  private bulkGot = 0;
  private bulkNext = 0;
  /** Drains begun and not ended, innermost last, each with the task that does it. */
  private readonly drains: { pid: number; drain: BatchedDrain }[] = [];
  private readonly newDrains: BatchedDrain[] = [];
  /** Predicted D records that the trace has not shown yet. */
  private drainsAhead = 0;
  /** The recording shows reclaim at work. */
  private reclaimed = false;
  /** Told by the reader's owner: asks for records of one more kind. */
  want: (kind: number) => void = () => {};
  /** There once the recording shows compaction at work. */
  private compaction: CompactionFollower | null = null;
  /** Where a 6.1 kernel with CMA is recorded: its decisions and its contiguous requests are predicted too. */
  readonly decisions: DecisionCheck | null = null;
  readonly contig: ContigFollower | null = null;
  /** A contiguous request was not predicted: the model may be out of step. */
  private diverged = false;

  constructor(
    private readonly m: Memory,
    private readonly file: string,
    private readonly maxMismatches: number,
  ) {
    this.wanted = m.sw.pcpFreeInBatches ? [...INPUTS, REC.DRAINED] : INPUTS;
    if (m.sw.pcpFreeInBatches) {
      m.interruptedDrains = this.newDrains;
      m.trace = {
        pcpuDrain: () => {
          this.drainsAhead++;
        },
      };
    } else if (m.cma && !m.sw.freelistHygiene) {
      this.wanted = [...new Set([...INPUTS, ...FOLLOWED_RECORDS, REC.HALF, REC.DRAINED, REC.ROTATE])];
      this.decisions = new DecisionCheck();
      this.contig = new ContigFollower(m, {
        dispatch: (r) => this.follow(r.kind, r.f, r.n, r.line, r.text),
        allocated: () => {
          this.allocations++;
          this.exact++;
          this.decisions!.settleHalf();
        },
        diverged: () => {
          this.diverged = true;
        },
        fail: (line, message) => this.fail(line, message),
      });
      m.trace = { ...this.contig.points(), ...this.decisions.points() };
    }
  }

  record(kind: number, f: Float64Array, n: number, line: number, text: string): void {
    if (this.contig !== null) {
      if (!this.contig.take(kind, f, n, line, text)) this.follow(kind, f, n, line, text);
      return;
    }
    if (kind === REC.DRAINED) {
      if (this.compaction === null) this.drained();
      else this.compaction.drained(f[0]!);
      return;
    }
    const pid = kind === REC.E ? Number.parseInt(text, 10) : f[n - 1]!;
    if (this.drains.length > 0) this.endDrainsOf(pid, kind);
    this.compaction?.before(kind, pid, f);
    this.dispatch(kind, f, line, text);
    if (this.newDrains.length === 0) return;
    for (const drain of this.newDrains) this.drains.push({ pid, drain });
    // Setting a length is slow even where it is 0 already: once a drain, not once a record.
    this.newDrains.length = 0;
  }

  /** A record of a kernel whose decisions are checked. */
  private follow(kind: number, f: Float64Array, n: number, line: number, text: string): void {
    const decisions = this.decisions!;
    if (kind === REC.HALF) decisions.recordHalf(f);
    else if (kind === REC.DRAINED) {
      decisions.recordDrain(f);
      this.compaction?.drained(f[0]!);
    } else {
      this.compaction?.before(kind, kind === REC.E ? Number.parseInt(text, 10) : f[n - 1]!, f);
      this.dispatch(kind, f, line, text);
      if (kind === REC.A || kind === REC.BULK_PAGE || kind === REC.S) decisions.settleHalf();
      if (kind === REC.S) decisions.settleDrains();
    }
  }

  /** A `D` record: when every predicted one has been shown, the innermost unfinished drain does its next batch. */
  private drained(): void {
    while (this.drainsAhead === 0 && this.drains.length > 0) {
      if (stepDrain(this.m, this.drains.at(-1)!.drain)) this.drains.pop();
    }
    if (this.drainsAhead > 0) this.drainsAhead--;
  }

  /**
   * A task that goes on to something else has ended its drains. Another task's record leaves them open: it came in
   * between two batches.
   */
  private endDrainsOf(pid: number, kind: number): void {
    for (let i = this.drains.length - 1; i >= 0; i--) {
      const open = this.drains[i]!;
      if (open.pid !== pid && kind !== REC.S) continue;
      while (!stepDrain(this.m, open.drain));
      this.drains.splice(i, 1);
    }
    if (this.drains.length === 0) this.drainsAhead = 0;
  }

  private dispatch(kind: number, f: Float64Array, line: number, text: string): void {
    switch (kind) {
      case REC.A:
        this.alloc(f[0]!, f[1]!, f[2]!, f[3]!, f[4]!, line);
        break;
      case REC.F:
      case REC.FREE_GROUP:
        if (this.checkFree(f[0]!, f[1]!, line)) freePages(this.m, f[0]!, f[1]!);
        break;
      case REC.FREE_ANNOUNCED:
        this.checkFree(f[0]!, f[1]!, line);
        break;
      case REC.BULK_ENTER:
        this.bulkAsked = f[0]!;
        this.bulkGot = 0;
        this.bulkNext = 0;
        break;
      case REC.BULK_PAGE:
        this.bulkPage(f[0]!, f[1]!, line);
        break;
      case REC.BULK_EXIT:
        this.bulkAsked = 0;
        break;
      case REC.S:
        if (f[0] === 1) this.sawEnd = true;
        break;
      case REC.ISOLATE:
        if (f[2] !== 0) this.isolate(f[0]!, f[1]!, line);
        break;
      case REC.PUTBACK:
        this.putBack(f[0]!, f[1]!, f[2]!, line);
        break;
      case REC.ROTATE:
        rotateFreeList(this.m, f[0]!, f[1] === 0);
        break;
      case REC.SKIP:
        this.setSkip(f[0]!, f[1]!, f[2]!, line);
        break;
      case REC.FOLD:
        this.fold(f[0]!, f[1]!, line);
        break;
      case REC.DRAIN_ZONE:
        this.zone(f[0]!, line, (zone) => drainPagesZone(this.m, zone, zone.pcp));
        break;
      case REC.RECLAIM_ACTIVE:
        this.zone(f[0]!, line, (zone) => {
          zone.reclaimActive = f[1] !== 0;
        });
        break;
      case REC.E:
        this.event(text, line);
        break;
    }
  }

  private fail(line: number, message: string): never {
    throw new InputError(`${at(this.file, line)}: ${message}`);
  }

  private zone(idx: number, line: number, act: (zone: Memory["zones"][number]) => void): void {
    const zone = this.m.zones.find((z) => z.idx === idx);
    if (zone === undefined) this.fail(line, `zone ${idx} is not in the snapshot`);
    act(zone);
  }

  private alloc(expected: number, order: number, mt: number, gfp: number, pid: number, line: number): void {
    this.checkOrder(order, line);
    if (expected !== -1) this.checkFrame(expected, order, line);
    this.checkType(mt, line);
    this.allocations++;
    const predicted = this.request(gfp, order, mt, pid);
    if (predicted === expected) this.exact++;
    else this.mismatch(expected, predicted, order, mt, gfp, line);
  }

  /** The model's answer to a request, which may have compacted before. */
  private request(gfp: number, order: number, mt: number, pid: number): number {
    const captured = this.compaction === null ? -2 : this.compaction.requestReturns(pid, order);
    if (captured === -2) return allocPages(this.m, gfp, order);
    if (captured === -1) return allocPagesAgain(this.m, gfp, order);
    prepNewPage(this.m, captured, order, mt);
    return captured;
  }

  private bulkPage(expected: number, gfp: number, line: number): void {
    this.checkFrame(expected, 0, line);
    if (this.bulkNext === 0 && this.bulkAsked > 0)
      this.bulkGot = allocPagesBulk(this.m, gfp, Math.min(this.bulkAsked, this.bulk.length), this.bulk);
    this.allocations++;
    const predicted = this.bulkNext < this.bulkGot ? this.bulk[this.bulkNext]! : -1;
    this.bulkNext++;
    if (predicted === expected) this.exact++;
    else this.mismatch(expected, predicted, 0, (gfp >> 3) & 3, gfp, line);
  }

  private checkOrder(order: number, line: number): void {
    if (order > this.m.maxOrder) this.fail(line, `order ${order} is above the largest, ${this.m.maxOrder}`);
    if (order < 0) this.fail(line, `order ${order} is below 0`);
  }

  /** Every kernel counts at most six migratetypes. */
  private checkType(mt: number, line: number): void {
    if (mt < 0 || mt > 5) this.fail(line, `migratetype ${mt} is none of 0 to 5`);
  }

  private checkFrame(pfn: number, order: number, line: number): void {
    this.checkOrder(order, line);
    const zone = this.m.zoneOf(pfn);
    if (zone === undefined || pfn + 2 ** order > zone.endPfn)
      this.fail(line, `frame ${pfn} (order ${order}) lies outside every zone`);
    if (pfn % 2 ** order !== 0) this.fail(line, `frame ${pfn} is not aligned to its order ${order}`);
  }

  /**
   * Whether a recorded free can be done. A frame that is free already is bad input as long as the model is in step;
   * after a mismatch it may be the model's own doing, and the free is left out.
   */
  private checkFree(pfn: number, order: number, line: number): boolean {
    this.checkFrame(pfn, order, line);
    if (this.m.state[pfn]! >= ALLOCATED) return true;
    const place = this.m.freePlaceOf(pfn);
    if (place === undefined) return true;
    if (this.firstMismatch === null && !this.diverged)
      this.fail(
        line,
        `frame ${pfn} is freed but it is free already (${place.pcp ? "on a per-CPU list" : "in the buddy lists"}, page ${place.head} of order ${place.order})`,
      );
    return false;
  }

  /** Notes the first record that cannot be followed; the replay goes on from what is recorded. */
  private lose(line: number, what: string): void {
    const why = this.reclaimed
      ? `${what}: the recording holds reclaim before it, whose drains and retries leave no record`
      : what;
    this.lostStep ??= { file: this.file, line, why };
  }

  private isolate(pfn: number, order: number, line: number): void {
    this.checkFrame(pfn, order, line);
    if (this.m.state[pfn] !== order + 1) {
      const what = `frame ${pfn} is isolated as a free page of order ${order}, which it is not`;
      const inStep = this.firstMismatch === null && !this.diverged;
      if (inStep && !this.reclaimed && this.compaction === null) this.fail(line, what);
      this.lose(line, `${what} here`);
      takeExactly(this.m, pfn, order, 1);
      return;
    }
    isolateFreePage(this.m, this.m.zoneOf(pfn)!, pfn, order);
  }

  private putBack(pfn: number, order: number, mt: number, line: number): void {
    this.checkType(mt, line);
    if (!this.checkFree(pfn, order, line)) return;
    const type = !this.m.cma && mt === 4 ? 5 : mt;
    freeOnePage(this.m, this.m.zoneOf(pfn)!, pfn, order, type, true);
  }

  /** A page block's skip bit, as bit 3 of its flags in 6.1. */
  private setSkip(pfn: number, flags: number, mask: number, line: number): void {
    this.checkFrame(pfn, 0, line);
    if ((mask & 8) === 0) return;
    const i = pfn >>> this.m.pageblockOrder;
    if (flags & 8) this.m.blocks[i]! |= BLOCK_SKIP;
    else this.m.blocks[i]! &= ~BLOCK_SKIP;
  }

  private fold(idx: number, item: number, line: number): void {
    this.zone(idx, line, (zone) => {
      if (item === 0) {
        zone.nrFreePages += zone.pcp.diffNrFree;
        zone.pcp.diffNrFree = 0;
      } else {
        zone.nrFreeCma += zone.pcp.diffNrFreeCma;
        zone.pcp.diffNrFreeCma = 0;
      }
    });
  }

  /** Events whose moment the recording gives: refresh of counters, decay and drain of per-CPU lists, kswapd. */
  private event(text: string, line: number): void {
    const words = text.split(" ");
    const name = words[1];
    const zoneOf = () => Number(/zone=(\d+)/.exec(text)?.[1] ?? -1);
    if (name?.startsWith("mm_vmscan_")) {
      this.followReclaim(name);
      return;
    }
    if (name?.startsWith("mm_compaction_")) {
      this.followCompaction(name, Number(words[0]), text);
      return;
    }
    switch (name) {
      case "decay_pcp_high":
        this.zone(zoneOf(), line, (zone) => {
          foldDiffs(zone, zone.pcp);
          decayPcpHigh(this.m, zone, zone.pcp);
        });
        break;
      case "refresh_cpu_vm_stats":
        if (/pagesets=0/.test(text)) for (const zone of this.m.zones) foldDiffs(zone, zone.pcp);
        break;
      case "drain_pages_zone":
        this.zone(zoneOf(), line, (zone) => drainPagesZone(this.m, zone, zone.pcp));
        break;
      case "balance_pgdat":
      case "balance_pgdat_end":
        for (const zone of this.m.zones) zone.reclaimActive = name === "balance_pgdat";
        break;
    }
  }

  /**
   * kswapd's wake and sleep bound the time in which frees drain sooner; its first pass takes the boost of the watermarks
   * away. Whole drains show as for compaction.
   */
  private followReclaim(name: string): void {
    if (name === "mm_vmscan_kswapd_wake" || name === "mm_vmscan_kswapd_sleep")
      for (const zone of this.m.zones) {
        zone.reclaimActive = name === "mm_vmscan_kswapd_wake";
        zone.watermarkBoost = 0;
      }
    else this.reclaimed = true;
    this.followDrains();
  }

  private followDrains(): void {
    if (this.compaction !== null || this.m.sw.pcpFreeInBatches || this.m.cma) return;
    this.compaction = new CompactionFollower(this.m);
    this.want(REC.DRAINED);
  }

  private followCompaction(name: string, pid: number, text: string): void {
    this.followDrains();
    this.compaction?.event(name, pid, text);
  }

  private mismatch(
    expected: number,
    predicted: number,
    order: number,
    mt: number,
    gfp: number,
    line: number,
  ): void {
    const m = this.m;
    if (this.reclaimed) this.lose(line, `the request was answered with frame ${predicted}, not ${expected}`);
    if (this.firstMismatch === null) {
      const place = expected < 0 ? undefined : m.freePlaceOf(expected);
      this.firstMismatch = {
        file: this.file,
        line,
        order,
        gfp: `0x${gfp.toString(16)}`,
        migratetype: mt,
        expected,
        predicted,
        expectedPlace:
          expected < 0
            ? "the recorded allocation failed"
            : place === undefined
              ? "in use"
              : `${place.pcp ? "on a per-CPU list" : "in the buddy lists"}, page ${place.head} of order ${place.order}`,
        lists: this.listsAround(expected >= 0 ? expected : predicted, order, mt),
      };
    }
    if (predicted >= 0) giveBack(m, predicted, order);
    if (expected >= 0) takeExactly(m, expected, order, mt);
    if (this.maxMismatches > 0 && this.allocations - this.exact >= this.maxMismatches) this.gaveUp = true;
  }

  private listsAround(pfn: number, order: number, mt: number): { name: string; pfns: number[] }[] {
    const m = this.m;
    const zone = pfn >= 0 ? m.zoneOf(pfn) : m.zonelist[0];
    if (zone === undefined) return [];
    const lists = [];
    if (m.pcpAllowedOrder(order)) {
      const index = m.pindex(order, mt);
      lists.push({
        name: `zone ${zone.name}: pcplist ${index}`,
        pfns: listFrames(m, zone.pcp.listBase + index).slice(0, SHOWN),
      });
    }
    for (let o = order; o <= m.maxOrder; o++) {
      const pfns = listFrames(m, zone.listBase + o * 8 + mt);
      if (pfns.length === 0 && o < m.maxOrder) continue;
      lists.push({
        name: `zone ${zone.name}: free list of order ${o}, type ${mt}`,
        pfns: pfns.slice(0, SHOWN),
      });
      break;
    }
    return lists;
  }
}
