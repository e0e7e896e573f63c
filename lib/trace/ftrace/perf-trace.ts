/**
 * Lines of `perf trace`: `     0.000 kworker/0:1/123 kmem:mm_page_alloc(pfn: 1534487, gfp_flags: 3264)`. tools/perf/builtin-trace.c
 * prints milliseconds, the task with its thread, and the raw fields of an event; a field that is 0 is left out unless asked for. Before
 * 5.0 a colon stands behind the event and the kernel's own text up to a closing parenthesis; --libtraceevent_print gives that text too.
 */
import type { LineHead } from "./line-head";

/** A line as the readers of other traces take it. */
export interface PerfTraceLine {
  head: LineHead;
  event: string;
  /** Fields as `name=value`. */
  text: string;
}

const LINE =
  /^\s{0,16}(\d{1,12}\.\d{3}|\?) {1,8}(?:\([\d. ms]{0,20}\): )?(.{0,40}?)\b(?:[a-z_]{1,32}:)(\w{2,60})([(:])(.{0,3000})\)\s{0,4}$/;
const TASK = /^(.{0,32})\/(\d{1,9})$/;
const FIELD = /([a-z_]\w{0,40}): ("[^"]{0,200}"|[^,"]{1,400})/gi;
/** A function of a call chain, behind the columns of time and task. */
const CALL = /^\s{20,60}(\S{1,200}) \(\S{1,200}\)\s{0,4}$/;

/** Fields of each event that `perf trace` leaves out if they are 0. */
const OF_ALLOC = ["order", "gfp_flags", "migratetype"];
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  mm_page_alloc: OF_ALLOC,
  mm_page_free: ["order"],
  mm_page_free_direct: ["order"],
  mm_page_alloc_zone_locked: ["order", "migratetype", "percpu_refill"],
  mm_page_pcpu_drain: ["order", "migratetype"],
  mm_page_alloc_extfrag: [
    "alloc_order",
    "fallback_order",
    "alloc_migratetype",
    "fallback_migratetype",
    "change_ownership",
  ],
  cma_alloc_start: ["align"],
  cma_alloc_finish: ["align", "errorno"],
  cma_alloc_busy_retry: ["align"],
  mm_compaction_isolate_migratepages: ["nr_scanned", "nr_taken"],
  mm_compaction_isolate_freepages: ["nr_scanned", "nr_taken"],
  mm_compaction_migratepages: ["nr_migrated", "nr_failed"],
  mm_migrate_pages: ["nr_succeeded", "nr_failed"],
  mm_vmscan_direct_reclaim_begin: ["order"],
  mm_vmscan_direct_reclaim_end: ["nr_reclaimed"],
};

/** A line of `perf trace`, or null. */
export function perfTraceLine(line: string): PerfTraceLine | null {
  const match = LINE.exec(line);
  if (match === null) return null;
  const [, time, who, event, mark, inside] = match;
  const task = TASK.exec(who!.trim());
  const seconds = time === "?" ? Number.NaN : Number(time) / 1000;
  const head = { task: task?.[1]?.trim() ?? "", pid: task === null ? -1 : Number(task[2]), cpu: -1, seconds };
  // The kernel's own text has every field, those that are 0 too.
  const text = mark === ":" || /^\s*[a-z_]{1,40}=/.test(inside!) ? inside! : fieldsOf(event!, inside!);
  return { head, event: event!, text };
}

/** A function of a call chain of `perf trace`, or null. */
export function perfTraceCall(line: string): string | null {
  return CALL.exec(line)?.[1] ?? null;
}

function fieldsOf(event: string, inside: string): string {
  const fields = new Map<string, string>();
  for (const [, name, value] of inside.matchAll(FIELD)) fields.set(name!, written(value!.trim()));
  for (const name of LEFT_OUT[event] ?? []) if (!fields.has(name)) fields.set(name, "0");
  return Array.from(fields, ([name, value]) => `${name}=${value}`).join(" ");
}

/** Numbers are printed in decimal, frames of CMA too, which the kernel's own text of old releases has in hexadecimal. */
function written(value: string): string {
  if (value.startsWith('"')) return value.slice(1, -1);
  return /^\d{2,15}$/.test(value) ? `0x${Number(value).toString(16)}` : value;
}
