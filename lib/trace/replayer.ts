/** Applies one trace to the model, record by record. */
import { freeOnePage } from "../mm/allocation/free-one-page";
import { isolateFreePage } from "../mm/allocation/isolate-free-page";
import { allocPagesBulk, freePages, prepNewPage } from "../mm/allocation/page-alloc";
import { rotateFreeList } from "../mm/allocation/rotate-free-list";
import type { Memory } from "../mm/state/memory";
import { ALLOCATED, BLOCK_SKIP } from "../mm/state/page-state";
import { CompactionFollower } from "./compaction-follower";
import { FOLLOWED_RECORDS } from "./contig-events";
import { ContigFollower } from "./contig-follower";
import { DecisionCheck } from "./decision-check";
import { DrainsUnderWay } from "./drains-under-way";
import { FlagsRead } from "./flags-read";
import { noneGiven } from "./given-answers";
import { LockFailures } from "./lock-failures";
import { OpenDrains } from "./open-drains";
import { RecordCheck } from "./record-check";
import { RecordedDaemons } from "./recorded-daemons";
import { isolateByFlags, isolateByType, isolationRecord } from "./recorded-isolation";
import { RecordedRequests } from "./recorded-requests";
import { describeMismatch, type LostStep, type Mismatch, type WrongRequest } from "./replay-mismatch";
import { giveBack, takeExactly } from "./resync";
import { REC, type TraceHandler } from "./trace-reader";

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
  REC.CPU,
  REC.TRYLOCK_FAILED,
];

/** What the first snapshot says of the recording. */
export interface RecordedBy {
  pageSize?: number;
  /** The recorder's edition; 2: free lists that compaction rotates have records (`L`). 0: another recorder. */
  recorder?: number;
}

/** Reads it from the snapshot's first line. */
export function recordedBy(header: ReadonlyMap<string, string>): RecordedBy {
  const number = (key: string, otherwise: number) => Number(header.get(key) ?? otherwise);
  return { pageSize: number("page_size", 4096), recorder: number("recorder", 0) };
}

export class Replayer implements TraceHandler {
  readonly wanted: readonly number[];
  allocations = 0;
  exact = 0;
  firstMismatch: Mismatch | null = null;
  /** Where and why the model is known to be out of step with the kernel. */
  lostStep: LostStep | null = null;
  sawEnd = false;
  gaveUp = false;
  private readonly bulk = new Int32Array(1 << 16);
  private bulkAsked = 0;
  private bulkGot = 0;
  private bulkNext = 0;
  private readonly check: RecordCheck;
  private readonly daemons: RecordedDaemons;
  private readonly requests: RecordedRequests;
  /** Set if drains drop their lock between batches. */
  private readonly drains: OpenDrains | null = null;
  /** Set by the reader's owner: requests records of one more kind. */
  want: (kind: number) => void = () => {};
  /** Set once the recording shows compaction at work. */
  private compaction: CompactionFollower | null = null;
  /** Set if the recording is of a 6.1 kernel with CMA: its decisions and contiguous requests are predicted too. */
  readonly decisions: DecisionCheck | null = null;
  readonly contig: ContigFollower | null = null;
  /** A contiguous request was not predicted: the model may be out of step. */
  private diverged = false;
  private readonly failures: LockFailures;
  private readonly flagsRead: FlagsRead;
  /** Set if the recording is of several CPUs. */
  private readonly underWay: DrainsUnderWay | null = null;
  private readonly recorder: number;
  /** What was taken from the recording though the model could have decided it. */
  readonly given = noneGiven();

  constructor(
    private readonly m: Memory,
    private readonly file: string,
    private readonly maxMismatches: number,
    { pageSize = 4096, recorder = 0 }: RecordedBy = {},
  ) {
    this.recorder = recorder;
    const wanted = new Set(INPUTS);
    if (m.sw.pcpFreeInBatches) wanted.add(REC.DRAINED);
    if (m.sw.freelistHygiene) wanted.add(isolationRecord(m));
    this.check = new RecordCheck(m, file);
    this.failures = new LockFailures(m);
    this.flagsRead = new FlagsRead(m);
    this.daemons = new RecordedDaemons(m, this.check, pageSize);
    if (m.sw.pcpFreeInBatches) this.drains = new OpenDrains(m);
    else if (m.cma && !m.sw.freelistHygiene) {
      for (const kind of [...FOLLOWED_RECORDS, REC.HALF, REC.DRAINED, REC.ROTATE]) wanted.add(kind);
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
        fail: (line, message) => this.check.fail(line, message),
      });
      m.trace = { ...this.contig.points(), ...this.decisions.points() };
    }
    if (recorder >= 2) wanted.add(REC.ROTATE);
    if (m.zones[0]!.pcps.length > 1) {
      wanted.add(REC.DRAINED);
      this.underWay = new DrainsUnderWay(m);
    }
    this.wanted = [...wanted];
    this.requests = new RecordedRequests(m, this.underWay, this.given);
  }

  record(kind: number, f: Float64Array, n: number, line: number, text: string): void {
    if (this.contig !== null) {
      if (!this.contig.take(kind, f, n, line, text)) this.follow(kind, f, n, line, text);
      return;
    }
    if (kind === REC.CPU || kind === REC.TRYLOCK_FAILED || kind === REC.ROTATE) {
      this.dispatch(kind, f, line, text);
      return;
    }
    if (kind === REC.DRAINED) {
      if (this.compaction === null || this.recorder >= 1) this.drains?.drained();
      else this.compaction.drained(f[0]!);
      this.underWay?.drained();
      return;
    }
    const pid = kind === REC.E ? Number.parseInt(text, 10) : f[n - 1]!;
    this.drains?.endDrainsOf(pid, kind);
    this.compaction?.before(kind, pid, f);
    this.dispatch(kind, f, line, text);
    this.drains?.adopt(pid);
  }

  /** A record of a kernel whose decisions are checked. */
  private follow(kind: number, f: Float64Array, n: number, line: number, text: string): void {
    const decisions = this.decisions!;
    if (kind === REC.CPU || kind === REC.TRYLOCK_FAILED) this.dispatch(kind, f, line, text);
    else if (kind === REC.HALF) decisions.recordHalf(f);
    else if (kind === REC.DRAINED) {
      decisions.recordDrain(f);
      this.compaction?.drained(f[0]!);
      this.underWay?.drained();
    } else {
      this.compaction?.before(kind, kind === REC.E ? Number.parseInt(text, 10) : f[n - 1]!, f);
      this.dispatch(kind, f, line, text);
      if (kind === REC.A || kind === REC.BULK_PAGE || kind === REC.S) decisions.settleHalf();
      if (kind === REC.S) decisions.settleDrains();
    }
  }

  private dispatch(kind: number, f: Float64Array, line: number, text: string): void {
    this.failures.before(kind);
    this.underWay?.before(kind);
    this.requests.counted();
    switch (kind) {
      case REC.CPU:
        this.check.cpu(f[0]!, line);
        this.underWay?.leaves();
        this.m.runOn(f[0]!);
        this.compaction?.cpuActs();
        this.underWay?.returns(f[0]!);
        break;
      case REC.TRYLOCK_FAILED:
        this.failures.note();
        break;
      case REC.A:
        this.alloc(f, line);
        break;
      case REC.F:
      case REC.FREE_GROUP:
        if (this.checkFree(f[0]!, f[1]!, line))
          this.flagsRead.during(f[2]!, true, () => freePages(this.m, f[0]!, f[1]!));
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
        if (rotateFreeList(this.m, f[0]!, f[1] === 0)) this.given.rotations++;
        break;
      case REC.SKIP:
        this.setSkip(f[0]!, f[1]!, f[2]!, line);
        break;
      case REC.BLOCK_TYPE:
        this.check.frame(f[0]!, 0, line);
        this.check.type(f[1]!, line);
        isolateByType(this.m, f[0]!, f[1]!);
        break;
      case REC.FOLD:
        this.daemons.fold(f[0]!, f[1]!, line);
        break;
      case REC.DRAIN_ZONE:
        this.daemons.drainZone(f[0]!, this.m.cpu, line);
        break;
      case REC.RECLAIM_ACTIVE:
        this.check.zone(f[0]!, line).reclaimActive = f[1] !== 0;
        break;
      case REC.E:
        this.event(text, line);
        break;
    }
  }

  private alloc(f: Float64Array, line: number): void {
    const expected = f[0]!;
    const order = f[1]!;
    const mt = f[2]!;
    const gfp = f[3]!;
    this.check.order(order, line);
    if (expected !== -1) this.check.frame(expected, order, line);
    this.check.type(mt, line);
    this.allocations++;
    const predicted = this.flagsRead.during(f[4]!, false, () => this.request(f));
    if (predicted === expected) this.exact++;
    else this.mismatch({ expected, predicted, order, mt, gfp, line });
  }

  /** The model's answer to a request, which may have compacted before. */
  private request(f: Float64Array): number {
    const [recorded, order, mt, gfp, pid] = f as unknown as [number, number, number, number, number];
    const captured = this.compaction === null ? -2 : this.compaction.requestReturns(pid, order);
    if (captured === -2) return this.requests.answer(gfp, order, pid, recorded);
    if (captured === -1) return this.requests.again(gfp, order, pid, recorded);
    this.requests.captured(pid);
    prepNewPage(this.m, captured, order, mt);
    return captured;
  }

  private bulkPage(expected: number, gfp: number, line: number): void {
    this.check.frame(expected, 0, line);
    if (this.bulkNext === 0 && this.bulkAsked > 0)
      this.bulkGot = allocPagesBulk(this.m, gfp, Math.min(this.bulkAsked, this.bulk.length), this.bulk);
    this.allocations++;
    const predicted = this.bulkNext < this.bulkGot ? this.bulk[this.bulkNext]! : -1;
    this.bulkNext++;
    if (predicted === expected) this.exact++;
    else this.mismatch({ expected, predicted, order: 0, mt: (gfp >> 3) & 3, gfp, line });
  }

  /**
   * Whether a recorded free can be applied. While the model is in step, a frame that is already free is invalid
   * input. After a mismatch the model itself may be the cause, and the free is skipped.
   */
  private checkFree(pfn: number, order: number, line: number): boolean {
    this.check.frame(pfn, order, line);
    const place = this.m.state[pfn]! >= ALLOCATED ? undefined : this.m.freePlaceOf(pfn);
    if (place === undefined) return true;
    if (this.firstMismatch === null && !this.diverged)
      this.check.fail(
        line,
        `frame ${pfn} is freed but it is free already (${place.pcp ? "on a per-CPU list" : "in the buddy lists"}, page ${place.head} of order ${place.order})`,
      );
    return false;
  }

  /** Notes the first record that cannot be followed; the replay continues from the recorded state. */
  private lose(line: number, what: string): void {
    const before = ": the recording holds reclaim before it, whose drains and retries leave no record";
    this.lostStep ??= { file: this.file, line, why: this.daemons.reclaimed ? what + before : what };
  }

  private isolate(pfn: number, order: number, line: number): void {
    const { m } = this;
    this.check.frame(pfn, order, line);
    if (m.state[pfn] !== order + 1) {
      const what = `frame ${pfn} is isolated as a free page of order ${order}, which it is not`;
      const inStep = this.firstMismatch === null && !this.diverged;
      if (inStep && !this.daemons.reclaimed && this.compaction === null) this.check.fail(line, what);
      this.lose(line, `${what} here`);
      takeExactly(m, pfn, order, 1);
    } else isolateFreePage(m, m.zoneOf(pfn)!, pfn, order);
  }

  private putBack(pfn: number, order: number, mt: number, line: number): void {
    this.check.type(mt, line);
    if (!this.checkFree(pfn, order, line)) return;
    const type = !this.m.cma && mt === 4 ? 5 : mt;
    freeOnePage(this.m, this.m.zoneOf(pfn)!, pfn, order, type, true);
  }

  /** A page block's skip bit, as bit 3 of its flags in 6.1; 7.3 notes there that it is isolated, too. */
  private setSkip(pfn: number, flags: number, mask: number, line: number): void {
    this.check.frame(pfn, 0, line);
    isolateByFlags(this.m, pfn, flags, mask);
    if ((mask & 8) === 0) return;
    const i = pfn >>> this.m.pageblockOrder;
    if (flags & 8) this.m.blocks[i]! |= BLOCK_SKIP;
    else this.m.blocks[i]! &= ~BLOCK_SKIP;
  }

  /**
   * Events whose moment the recording gives; those of reclaim and compaction also show that drains must be followed.
   */
  private event(text: string, line: number): void {
    const words = text.split(" ");
    const name = words[1] ?? "";
    if (name.startsWith("mm_compaction_")) {
      this.followDrains();
      this.compaction?.event(name, Number(words[0]), text);
      return;
    }
    if (name === "pcp_lock") this.flagsRead.note(Number(words[0]));
    if (name === "slowpath" || name === "search") {
      this.failures.passBegins();
      this.requests.event(name, text);
    }
    this.daemons.event(name, text, line);
    if (name.startsWith("mm_vmscan_")) this.followDrains();
  }

  private followDrains(): void {
    const untold = this.recorder < 2 && (this.m.sw.pcpFreeInBatches || this.m.cma);
    if (this.compaction !== null || this.contig !== null || untold) return;
    this.compaction = new CompactionFollower(this.m, this.given, this.recorder);
    this.want(REC.DRAINED);
  }

  /**
   * A request that was answered with a frame other than the recorded one: brings the machine into the recorded state.
   */
  private mismatch(request: WrongRequest): void {
    const m = this.m;
    const { expected, predicted, order, mt, line } = request;
    if (this.daemons.reclaimed)
      this.lose(line, `the request was answered with frame ${predicted}, not ${expected}`);
    this.firstMismatch ??= describeMismatch(m, this.file, request);
    if (predicted >= 0) giveBack(m, predicted, order);
    if (expected >= 0) takeExactly(m, expected, order, mt);
    if (this.maxMismatches > 0 && this.allocations - this.exact >= this.maxMismatches) this.gaveUp = true;
  }
}
