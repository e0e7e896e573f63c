/**
 * The events of a contiguous request: the records that report them, the comparison of predicted with recorded events,
 * and their text.
 */
import { eventNumber, type KeptRecord } from "./contig-hints";
import { REC } from "./trace-reader";

/** Structural records, by kind; `A` and `F` only of the requesting task. */
const STRUCTURAL = new Set<number>([
  REC.RANGE_BEGIN,
  REC.RANGE_END,
  REC.BLOCK_TYPE,
  REC.MOVE_BLOCK,
  REC.SPLIT,
  REC.DRAIN_ZONE,
  REC.MIGRATE_UNMAP,
  REC.MIGRATE_MOVE,
  REC.ISOLATE,
  REC.PUTBACK,
  REC.SKIP,
]);
export const EVENTS = [
  "mm_compaction_isolate_migratepages",
  "test_pages_isolated",
  "cma_alloc_busy_retry",
  "cma_alloc_finish",
  "drain_pages_zone",
] as const;

/** Kinds that a follower needs in addition to the inputs of a replay. */
export const FOLLOWED_RECORDS: readonly number[] = [...STRUCTURAL];

/** A predicted event: the kind of its record, an event's name, the numbers to compare. */
export interface Predicted {
  kind: number;
  name: string;
  values: number[];
}

/** The task of a request that began with `R`: the task of its first event or allocation. */
export function bareTask(records: readonly KeptRecord[]): number {
  for (const r of records) {
    if (r.kind === REC.E) return Number.parseInt(r.text, 10);
    if (r.kind === REC.A) return r.f[r.n - 1]!;
  }
  return 0;
}

export function isStructural(r: KeptRecord, pid: number): boolean {
  if (r.kind === REC.A || r.kind === REC.F) return r.f[r.n - 1] === pid;
  if (r.kind !== REC.E) return STRUCTURAL.has(r.kind);
  const [task, name] = r.text.split(" ", 2);
  return Number(task) === pid && EVENTS.includes(name as (typeof EVENTS)[number]);
}

const EVENT_FIELDS: Record<string, readonly string[]> = {
  mm_compaction_isolate_migratepages: ["start", "end", "taken"],
  test_pages_isolated: ["start", "end", "fin"],
  cma_alloc_busy_retry: ["pfn", "count"],
  cma_alloc_finish: ["ok", "pfn", "count"],
};

export function sameEvent(r: KeptRecord, p: Predicted): boolean {
  if (r.kind === REC.E && p.kind === REC.DRAIN_ZONE) return sameDrain(r.text, p);
  if (r.kind !== p.kind) return false;
  if (r.kind !== REC.E) {
    // `N zone count` does not tell the CPU.
    const told = r.kind === REC.DRAIN_ZONE ? p.values.slice(0, 2) : p.values;
    return told.every((v, i) => v === r.f[i]);
  }
  if (r.text.split(" ", 2)[1] !== p.name) return false;
  return EVENT_FIELDS[p.name]!.every((key, i) => {
    if (key === "pfn" && p.name === "cma_alloc_finish" && p.values[0] === 0) return true;
    return eventNumber(r.text, key) === p.values[i];
  });
}

/** A drain of one CPU's lists as an event, in recordings of `pageblock record`; elsewhere it is `N zone count`. */
function sameDrain(text: string, { values: [zone, , cpu] }: Predicted): boolean {
  if (text.split(" ", 2)[1] !== "drain_pages_zone") return false;
  return eventNumber(text, "zone") === zone && eventNumber(text, "cpu") === cpu;
}

const LETTERS = new Map<number, string>([
  [REC.A, "A"],
  [REC.F, "F"],
  [REC.RANGE_BEGIN, "R"],
  [REC.RANGE_END, "Rx"],
  [REC.BLOCK_TYPE, "M"],
  [REC.MOVE_BLOCK, "V"],
  [REC.SPLIT, "Q"],
  [REC.DRAIN_ZONE, "N"],
  [REC.MIGRATE_UNMAP, "u"],
  [REC.MIGRATE_MOVE, "m"],
  [REC.ISOLATE, "I"],
  [REC.PUTBACK, "P"],
  [REC.SKIP, "K"],
]);

export function describe(p: Predicted): string {
  return `${p.kind === REC.E ? p.name : LETTERS.get(p.kind)} ${p.values.join(" ")}`;
}

export function recordText(r: KeptRecord): string {
  return r.kind === REC.E ? r.text : `${LETTERS.get(r.kind)} ${[...r.f.slice(0, r.n)].join(" ")}`;
}
