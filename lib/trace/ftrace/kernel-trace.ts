/** What a trace of a real machine tells: every event put to the part that counts it, and what an exact replay would need besides. */
import { basename } from "node:path";
import { callerOf } from "./callers";
import { CmaEvents } from "./cma-events";
import { CompactionEvents } from "./compaction-events";
import { FallbackEvents } from "./fallback-events";
import { missingForExactness } from "./missing";
import { BATCHED_FREES, type PageCounts, PageEvents, type PageObserver, SINGLE_FREES } from "./page-events";
import { Tally } from "./tally";
import type { LineCounts, TraceRecord } from "./trace-record";
import type { Asker, TraceSummary } from "./trace-summary";
import { TypeNumbers } from "./type-numbers";

const ASKERS_SHOWN = 20;
const CPUS_MOST = 8192;

/** Takes the records of a trace one by one. */
export class KernelTrace {
  private readonly events = new Tally();
  private readonly cpus = new Set<number>();
  private readonly pages: PageEvents;
  private readonly fallbacks = new FallbackEvents();
  private readonly compaction = new CompactionEvents();
  private readonly cma = new CmaEvents();
  readonly types = new TypeNumbers();
  private readonly tasks = { requests: new Tally(), pages: new Tally() };
  private readonly callers = { requests: new Tally(), pages: new Tally() };
  private recordsWithChain = 0;
  private from = Number.NaN;
  private to = Number.NaN;
  private last: { cpu: number; seconds: number } = { cpu: -1, seconds: Number.NaN };
  private timesBackwards = 0;
  private closeNeighbours = 0;

  /** `observer` is told of requests and frees. */
  constructor(observer: PageObserver | null = null) {
    this.pages = new PageEvents(observer);
  }

  /** The last frame that a request or a free names; −1: none. */
  get largestPfn(): number {
    return this.pages.largestPfn;
  }

  /** Takes a record; false if it lacks a field that every release prints. */
  take(record: TraceRecord): boolean {
    this.events.add(record.event);
    this.types.see(record);
    this.place(record);
    if (record.chain.length > 0) this.recordsWithChain++;
    return this.count(record);
  }

  private place({ cpu, seconds }: TraceRecord): void {
    if (cpu >= 0 && this.cpus.size < CPUS_MOST) this.cpus.add(cpu);
    if (Number.isNaN(seconds)) return;
    const { last } = this;
    if (seconds < last.seconds) this.timesBackwards++;
    else if (cpu !== last.cpu && seconds - last.seconds < 1.5e-6) this.closeNeighbours++;
    this.last = { cpu, seconds };
    if (!(this.from <= seconds)) this.from = seconds;
    if (!(this.to >= seconds)) this.to = seconds;
  }

  private count(record: TraceRecord): boolean {
    const { event } = record;
    if (event === "mm_page_alloc") return this.allocation(record);
    if (SINGLE_FREES.includes(event) || BATCHED_FREES.includes(event)) return this.pages.free(record);
    if (event === "mm_page_alloc_zone_locked") return this.pages.zoneLocked(record);
    if (event === "mm_page_pcpu_drain") return this.pages.drained(record);
    if (event === "mm_page_alloc_extfrag") return this.fallbacks.see(record);
    return this.compaction.see(record) ?? this.cma.see(record, callerOf(record.chain) || record.task) ?? true;
  }

  private allocation(record: TraceRecord): boolean {
    if (!this.pages.allocation(record)) return false;
    const pages = 2 ** record.fields.order();
    if (record.fields.frame() < 0) return true;
    if (record.task !== "") add(this.tasks, record.task, pages);
    if (record.chain.length > 0) add(this.callers, callerOf(record.chain), pages);
    return true;
  }

  /** What was taken so far; `counted`: there are counts of /proc from before the trace. */
  summary(files: readonly string[], lines: LineCounts, counted: boolean): TraceSummary {
    const time = (seconds: number) => (Number.isNaN(seconds) ? null : seconds);
    const { types } = this;
    const known = {
      files: files.map((file) => basename(file)),
      lines,
      events: this.events.toJSON(),
      memoryEvents: this.events.total,
      cpus: [...this.cpus].sort((a, b) => a - b),
      fromSeconds: time(this.from),
      toSeconds: time(this.to),
      timesBackwards: this.timesBackwards,
      closeNeighbours: this.closeNeighbours,
      typeNumbers: {
        numbering: types.old ? ("up to 4.3" as const) : ("since 4.4" as const),
        assumed: !types.known,
      },
      pages: this.pageCounts(),
      fallbacks: this.fallbacks.result(types),
      compaction: this.compaction.compactionResult(),
      reclaim: this.compaction.reclaimResult(),
      migration: this.compaction.migrationResult(),
      cma: this.cma.result(),
      byTask: askers(this.tasks),
      byCaller: askers(this.callers),
      recordsWithChain: this.recordsWithChain,
    };
    return { ...known, missing: missingForExactness(known, { overfull: this.pages.overfull, counted }) };
  }

  private pageCounts(): PageCounts {
    const counts = this.pages.result();
    const { allocated } = counts;
    const byType = new Tally();
    for (const [type, pages] of Object.entries(allocated.byType))
      byType.add(/^\d+$/.test(type) ? this.types.name(Number(type)) : type, pages);
    return { ...counts, allocated: { ...allocated, byType: byType.toJSON() } };
  }
}

function add(by: { requests: Tally; pages: Tally }, who: string, pages: number): void {
  by.requests.add(who);
  by.pages.add(who, pages);
}

function askers(by: { requests: Tally; pages: Tally }): Asker[] {
  return by.pages
    .largest(ASKERS_SHOWN)
    .map(([who, pages]) => ({ who, requests: by.requests.get(who), pages }));
}
