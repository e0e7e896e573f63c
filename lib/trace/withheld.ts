/**
 * Runs a recording with compaction without its isolations. The model knows when compaction begins and how often a
 * background run got the CPU for one more turn; it decides for itself what to move where. Requests and frees stay as
 * recorded; pages at other places in the model than in the recording are tracked. At the end, the numbers of free
 * pages of huge-page size are compared.
 */

import {
  allocPages,
  allocPagesBulk,
  allocPagesOnce,
  freePages,
  prepNewPage,
} from "../mm/allocation/page-alloc";
import { decayPcpHigh } from "../mm/allocation/pcp-free";
import { CompactControl, MIGRATE_SYNC, MIGRATE_SYNC_LIGHT } from "../mm/compaction/compact-control";
import { COMPACT_CONTINUE, COMPACT_SUCCESS } from "../mm/compaction/compact-result";
import { captureFor, directControl, noteDirectResult } from "../mm/compaction/compaction";
import { type CaptureControl, CompactionRun } from "../mm/compaction/compaction-run";
import { GFP_KERNEL } from "../mm/state/gfp";
import type { Memory } from "../mm/state/memory";
import { kernelProfile } from "../mm/state/profile";
import { foldDiffs } from "../mm/state/vmstat";
import type { Zone } from "../mm/state/zone";
import { readInput, streamInput } from "./input";
import { openRecording } from "./recording";
import type { Snapshot } from "./snapshot";
import { loadSnapshot } from "./snapshot-load";
import { parseSnapshot } from "./snapshot-parse";
import { REC, type TraceHandler, TraceReader } from "./trace-reader";

/** Free pages of one order in all zones: at the end of the recording and at the end of the model's own run. */
export interface FreeOfOrder {
  order: number;
  recorded: number;
  predicted: number;
}

const WANTED = [
  REC.A,
  REC.BULK_ENTER,
  REC.BULK_PAGE,
  REC.BULK_EXIT,
  REC.F,
  REC.ISOLATE,
  REC.E,
  REC.FREE_GROUP,
  REC.CPU,
];

/** Each completion check in a recorded compaction; recordings of CMA requests have no such line. */
const COMPACTION_MARK = "mm_compaction_finished";

async function holdsCompaction(trace: string): Promise<boolean> {
  let end = Buffer.alloc(0);
  for await (const chunk of streamInput(trace)) {
    if (
      chunk.includes(COMPACTION_MARK) ||
      Buffer.concat([end, chunk.subarray(0, 64)]).includes(COMPACTION_MARK)
    )
      return true;
    end = Buffer.from(chunk.subarray(-64));
  }
  return false;
}

/**
 * Runs the recording in `dir` with the model's own compaction; null if it holds none. Invalid input throws
 * InputError.
 */
export async function replayWithheld(dir: string): Promise<FreeOfOrder[] | null> {
  const recording = openRecording(dir);
  if (!(await holdsCompaction(recording.trace))) return null;
  const m = loadSnapshot(
    parseSnapshot(readInput(recording.s0), recording.s0),
    kernelProfile(recording.release),
  );
  m.watermarkBoostFactor = recording.watermarkBoostFactor;
  const run = new WithheldRun(m);
  const reader = new TraceReader(recording.trace, run, WANTED);
  for await (const chunk of streamInput(recording.trace)) reader.feed(chunk);
  reader.finish();
  return freeCounts(m, parseSnapshot(readInput(recording.s1), recording.s1));
}

function freeCounts(m: Memory, s1: Snapshot): FreeOfOrder[] {
  return [m.pageblockOrder, m.maxOrder].map((order) => ({
    order,
    recorded: s1.zones.reduce((n, z) => n + z.nrFree[order]!, 0),
    predicted: m.zones.reduce((n, z) => n + z.nrFree[order]!, 0),
  }));
}

/** A request that waits for compaction; `priority` is a COMPACT_PRIO_ number. */
interface Ask {
  order: number;
  gfp: number;
  priority: number;
}

interface OpenRun {
  run: CompactionRun;
  zone: Zone;
  capc: CaptureControl | null;
  ask: Ask | undefined;
}

class WithheldRun implements TraceHandler {
  /** Maps a frame in the recording to the frame of the same page in the model, and back; −1: none. */
  private readonly at: Int32Array;
  private readonly of: Int32Array;
  /** Targets that a recorded run has isolated but not used, by task; the last is used next. */
  private readonly targets = new Map<number, number[]>();
  private readonly captured = new Map<number, { pfn: number; order: number }>();
  /** A task's last request for direct compaction. */
  private readonly asks = new Map<number, Ask>();
  /** Runs under way, by task. */
  private readonly runs = new Map<number, OpenRun>();
  private kcompactd = -1;
  private current = -1;
  private asked = 0;
  private got: number[] = [];

  constructor(private readonly m: Memory) {
    this.at = Int32Array.from({ length: m.endPfn }, (_, i) => i);
    this.of = Int32Array.from({ length: m.endPfn }, (_, i) => i);
    m.trace = { ...m.trace, migrated: (from, to, order) => this.follow(from, to, order) };
  }

  /** The model moved a page of 2^order frames. */
  private follow(from: number, to: number, order: number): void {
    for (let i = 0; i < 1 << order; i++) this.bind(this.of[from + i]!, to + i);
  }

  /** From now on, the page recorded at `recorded` is at `model`. */
  private bind(recorded: number, model: number): void {
    if (recorded < 0) return;
    this.at[recorded] = model;
    this.of[model] = recorded;
  }

  record(kind: number, f: Float64Array, n: number, _line: number, text: string): void {
    if (kind === REC.ISOLATE) {
      if (f[2]! > 0) this.isolated(f[0]!, f[1]!);
      return;
    }
    if (kind === REC.CPU) {
      if (this.m.zones[0]!.pcps[f[0]!] !== undefined) this.m.runOn(f[0]!);
      return;
    }
    const pid = kind === REC.E ? Number.parseInt(text, 10) : f[n - 1]!;
    this.current = pid;
    if (kind === REC.A) this.alloc(f[0]!, f[1]!, f[2]!, f[3]!, pid);
    else if (kind === REC.F || kind === REC.FREE_GROUP) this.free(f[0]!, f[1]!, pid);
    else if (kind === REC.BULK_ENTER) this.asked = f[0]!;
    else if (kind === REC.BULK_PAGE) this.bulkPage(f[0]!, f[1]!);
    else if (kind === REC.BULK_EXIT) this.endBulk();
    else if (kind === REC.E) this.event(pid, text);
  }

  private alloc(recorded: number, order: number, mt: number, gfp: number, pid: number): void {
    const { m } = this;
    const kept = this.captured.get(pid);
    let pfn: number;
    if (kept?.order === order) {
      this.captured.delete(pid);
      this.asks.delete(pid);
      pfn = kept.pfn >= 0 ? kept.pfn : allocPagesOnce(m, gfp, order, true);
      if (kept.pfn >= 0) prepNewPage(m, pfn, order, mt);
    } else pfn = allocPages(m, gfp, order);
    if (recorded < 0 && pfn >= 0) freePages(m, pfn, order);
    if (recorded < 0) return;
    for (let i = 0; i < 2 ** order; i++) {
      this.at[recorded + i] = pfn < 0 ? -1 : pfn + i;
      if (pfn >= 0) this.of[pfn + i] = recorded + i;
    }
  }

  private bulkPage(recorded: number, gfp: number): void {
    if (this.asked > 0) {
      const out = new Int32Array(this.asked);
      this.got = Array.from(out.subarray(0, allocPagesBulk(this.m, gfp, this.asked, out)));
      this.asked = 0;
    }
    const pfn = this.got.shift() ?? allocPages(this.m, gfp, 0);
    this.at[recorded] = pfn;
    if (pfn >= 0) this.of[pfn] = recorded;
  }

  private endBulk(): void {
    for (const pfn of this.got) freePages(this.m, pfn, 0);
    this.got = [];
    this.asked = 0;
  }

  private isolated(pfn: number, order: number): void {
    let list = this.targets.get(this.current);
    if (list === undefined) for (const other of this.targets.values()) list = other;
    for (let i = 0; i < 2 ** order; i++) list?.push(pfn + i);
  }

  /** A free: of a page that the recorded run moved away, of a target it returns, or of a page in use. */
  private free(pfn: number, order: number, pid: number): void {
    const targets = this.targets.get(pid);
    if (targets !== undefined && order === 0) {
      const unused = targets.indexOf(pfn);
      if (unused >= 0) {
        targets.splice(unused, 1);
        return;
      }
      const to = targets.pop();
      if (to !== undefined) {
        this.bindMoved(pfn, to);
        return;
      }
    }
    const model = this.at[pfn]!;
    if (model < 0 || this.m.freePlaceOf(model) !== undefined) return;
    freePages(this.m, model, order);
    this.at[pfn] = -1;
  }

  /** The recording moved a page from one frame to another; in the model it stays in place. */
  private bindMoved(from: number, to: number): void {
    const model = this.at[from]!;
    this.at[from] = -1;
    this.at[to] = model;
    if (model >= 0) this.of[model] = to;
  }

  private event(pid: number, text: string): void {
    const { m } = this;
    const field = (key: string) => Number(new RegExp(` ${key}=(-?\\d+)`).exec(text)?.[1] ?? Number.NaN);
    const name = text.split(" ", 2)[1];
    if (name === "mm_compaction_kcompactd_sleep") this.kcompactd = pid;
    else if (name === "mm_compaction_try_to_compact_pages") {
      const order = field("order");
      this.asks.set(pid, { order, gfp: field("gfp_mask"), priority: field("prio") });
      this.captured.set(pid, { pfn: this.captured.get(pid)?.pfn ?? -1, order });
    } else if (name === "mm_compaction_begin") {
      this.targets.set(pid, []);
      this.begin(pid, field("zone_start"));
    } else if (name === "mm_compaction_finished") {
      this.step(pid);
    } else if (name === "mm_compaction_end") {
      this.targets.delete(pid);
      this.finish(pid);
    } else if (name === "decay_pcp_high") {
      const zone = m.zones.find((z) => z.idx === field("zone"));
      if (zone === undefined) return;
      foldDiffs(zone, zone.pcp);
      decayPcpHigh(m, zone, zone.pcp);
    } else if (name === "refresh_cpu_vm_stats" && field("pagesets") === 0)
      for (const zone of m.zones) foldDiffs(zone, zone.pcp);
  }

  /** A run over a zone begins: for a blocked request, or in the background. */
  private begin(pid: number, zoneStart: number): void {
    const { m } = this;
    const zone = m.zoneOf(zoneStart);
    if (zone === undefined) return;
    const ask = this.asks.get(pid);
    const proactive = pid === this.kcompactd;
    const cc =
      ask !== undefined
        ? directControl(m, zone, { gfp: ask.gfp, order: ask.order, allocFlags: 0 }, ask.priority)
        : new CompactControl(m, zone, {
            order: -1,
            gfp: GFP_KERNEL,
            mode: proactive ? MIGRATE_SYNC_LIGHT : MIGRATE_SYNC,
            wholeZone: true,
            ignoreSkipHint: true,
            proactive,
          });
    const capc = ask === undefined ? null : { pfn: -1 };
    this.runs.set(pid, { run: new CompactionRun(m, cc, capc), zone, capc, ask });
  }

  /** One turn of the task's run; it may capture pages that it frees meanwhile. */
  private step(pid: number): number {
    const { m } = this;
    const open = this.runs.get(pid);
    if (open === undefined) return COMPACT_SUCCESS;
    const before = m.capture;
    if (open.capc !== null && open.ask !== undefined && m.sw.compactionCapture)
      m.capture = captureFor(m, open.zone, open.ask.order, open.capc);
    const result = open.run.step();
    m.capture = before;
    return result;
  }

  /** The recorded run has ended: the model's run continues to its own end. */
  private finish(pid: number): void {
    const open = this.runs.get(pid);
    if (open === undefined) return;
    while (this.step(pid) === COMPACT_CONTINUE);
    this.runs.delete(pid);
    const { ask, capc, zone, run } = open;
    if (ask === undefined || capc === null) return;
    noteDirectResult(zone, ask.order, ask.priority, capc.pfn >= 0 ? COMPACT_SUCCESS : run.result);
    if (capc.pfn >= 0) this.captured.set(pid, { pfn: capc.pfn, order: ask.order });
  }
}
