/** Compaction, reclaim and migration: the events mm_compaction_*, mm_vmscan_*, mm_migrate_pages and test_pages_isolated. */
import { addDuration, type Durations, noDurations, OpenSpans } from "./open-spans";
import { addToOrder, Tally } from "./tally";
import type { TraceRecord } from "./trace-record";

/** Counts of compaction. */
export interface CompactionCounts {
  /** Runs through a zone: ended ones, begun ones without an end, and how they ended. */
  runs: {
    ended: number;
    unfinished: number;
    byStatus: Record<string, number>;
    byMode: Record<string, number>;
  };
  durations: Durations;
  /** Pages that the scanners looked at and isolated. */
  migrateScanner: { scanned: number; taken: number };
  freeScanner: { scanned: number; taken: number };
  migrated: number;
  failedToMigrate: number;
  /** Requests that compacted directly, by order. */
  directByOrder: number[];
  /** What the checks said, by zone and result. */
  suitable: Record<string, number>;
  finished: Record<string, number>;
  deferred: number;
  kcompactdWakeups: number;
}

/** Counts of reclaim. */
export interface ReclaimCounts {
  direct: { ended: number; unfinished: number; byOrder: number[]; reclaimed: number };
  durations: Durations;
  kswapdWakeups: number;
}

/** Counts of migration by its reason, and of the last test of contiguous ranges. */
export interface MigrationCounts {
  byReason: Record<string, { succeeded: number; failed: number }>;
  rangesTested: { free: number; busy: number };
}

const sumInto = (sums: { scanned: number; taken: number }, { fields }: TraceRecord): boolean => {
  const taken = fields.number("nr_taken");
  if (Number.isNaN(taken)) return false;
  sums.scanned += fields.number("nr_scanned") || 0;
  sums.taken += taken;
  return true;
};

/** Follows compaction and reclaim in a trace. */
export class CompactionEvents {
  private readonly open = new OpenSpans<null>();
  private readonly reclaims = new OpenSpans<null>();
  private ended = 0;
  private readonly statuses = new Tally();
  private readonly modes = new Tally();
  private readonly suitable = new Tally();
  private readonly finished = new Tally();
  private readonly durations = noDurations();
  private readonly reclaimDurations = noDurations();
  private readonly migrateScanner = { scanned: 0, taken: 0 };
  private readonly freeScanner = { scanned: 0, taken: 0 };
  private readonly sums = { migrated: 0, failedToMigrate: 0, deferred: 0, kcompactdWakeups: 0 };
  private readonly directByOrder: number[] = [];
  private readonly direct = { ended: 0, byOrder: [] as number[], reclaimed: 0 };
  private kswapdWakeups = 0;
  private readonly succeeded = new Tally();
  private readonly failed = new Tally();
  private readonly tested = { free: 0, busy: 0 };

  /** Takes a record; false if it lacks a field, undefined if it is no event of these. */
  see(record: TraceRecord): boolean | undefined {
    const { event } = record;
    if (event.startsWith("mm_compaction_")) return this.compaction(record);
    if (event.startsWith("mm_vmscan_")) return this.reclaim(record);
    if (event === "mm_migrate_pages") return this.migration(record);
    if (event !== "test_pages_isolated") return undefined;
    if (record.fields.word("ret") === "success") this.tested.free++;
    else this.tested.busy++;
    return record.fields.has("ret");
  }

  private compaction(record: TraceRecord): boolean {
    const { event, fields } = record;
    switch (event.slice("mm_compaction_".length)) {
      case "begin":
        this.open.begin(record, null);
        if (fields.has("mode")) this.modes.add(fields.word("mode"));
        return true;
      case "end":
        return this.end(record);
      case "isolate_migratepages":
        return sumInto(this.migrateScanner, record);
      case "isolate_freepages":
      case "fast_isolate_freepages":
        return sumInto(this.freeScanner, record);
      case "migratepages":
        this.sums.migrated += fields.number("nr_migrated") || 0;
        this.sums.failedToMigrate += fields.number("nr_failed") || 0;
        return fields.has("nr_migrated");
      case "try_to_compact_pages": {
        const order = fields.order();
        if (!Number.isNaN(order)) addToOrder(this.directByOrder, order);
        return !Number.isNaN(order);
      }
      case "suitable":
        return answer(this.suitable, record);
      case "finished":
        return answer(this.finished, record);
      case "deferred":
        this.sums.deferred++;
        return true;
      case "wakeup_kcompactd":
        this.sums.kcompactdWakeups++;
        return true;
      default:
        return true;
    }
  }

  private end(record: TraceRecord): boolean {
    this.ended++;
    this.statuses.add(record.fields.word("status"));
    const run = this.open.end(record);
    if (run !== undefined) addDuration(this.durations, run.seconds);
    return true;
  }

  private reclaim(record: TraceRecord): boolean {
    const { event, fields } = record;
    if (event === "mm_vmscan_wakeup_kswapd") this.kswapdWakeups++;
    if (event === "mm_vmscan_direct_reclaim_begin") {
      const order = fields.order();
      if (Number.isNaN(order)) return false;
      addToOrder(this.direct.byOrder, order);
      this.reclaims.begin(record, null);
    }
    if (event !== "mm_vmscan_direct_reclaim_end") return true;
    const pages = fields.number("nr_reclaimed");
    if (Number.isNaN(pages)) return false;
    this.direct.ended++;
    this.direct.reclaimed += pages;
    const run = this.reclaims.end(record);
    if (run !== undefined) addDuration(this.reclaimDurations, run.seconds);
    return true;
  }

  private migration({ fields }: TraceRecord): boolean {
    const reason = fields.word("reason") || "(none)";
    this.succeeded.add(reason, fields.number("nr_succeeded") || 0);
    this.failed.add(reason, fields.number("nr_failed") || 0);
    return fields.has("nr_succeeded");
  }

  compactionResult(): CompactionCounts {
    return {
      runs: {
        ended: this.ended,
        unfinished: this.open.unfinished,
        byStatus: this.statuses.toJSON(),
        byMode: this.modes.toJSON(),
      },
      durations: this.durations,
      migrateScanner: this.migrateScanner,
      freeScanner: this.freeScanner,
      ...this.sums,
      directByOrder: this.directByOrder,
      suitable: this.suitable.toJSON(),
      finished: this.finished.toJSON(),
    };
  }

  reclaimResult(): ReclaimCounts {
    return {
      direct: { ...this.direct, unfinished: this.reclaims.unfinished },
      durations: this.reclaimDurations,
      kswapdWakeups: this.kswapdWakeups,
    };
  }

  migrationResult(): MigrationCounts {
    const byReason = Object.fromEntries(
      this.succeeded.largest().map(([reason, succeeded]) => {
        return [reason, { succeeded, failed: this.failed.get(reason) }];
      }),
    );
    return { byReason, rangesTested: this.tested };
  }
}

/** `DMA, order 9: no_suitable_page`. */
function answer(tally: Tally, { fields }: TraceRecord): boolean {
  if (!fields.has("ret")) return false;
  tally.add(`${fields.word("zone") || "?"}, order ${fields.word("order") || "?"}: ${fields.word("ret")}`);
  return true;
}
