/** What an exact replay needs and a trace of trace points has not. */

import { plural } from "./tally";
import type { TraceSummary } from "./trace-summary";

/** Kinds of events, each with what is unknown without them. */
const KINDS: readonly [events: readonly string[], unknown: string][] = [
  [["mm_page_alloc"], "no mm_page_alloc: which pages were asked for is unknown"],
  [["mm_page_free", "mm_page_free_direct"], "no mm_page_free: which pages came back is unknown"],
  [
    ["mm_page_alloc_zone_locked"],
    "no mm_page_alloc_zone_locked: when per-CPU lists were refilled, and with which pages, is unknown",
  ],
  [["mm_page_pcpu_drain"], "no mm_page_pcpu_drain: when per-CPU lists gave pages back is unknown"],
  [["mm_page_alloc_extfrag"], "no mm_page_alloc_extfrag: fallbacks did not happen or were not recorded"],
  [
    ["mm_compaction_isolate_migratepages", "mm_compaction_isolate_freepages"],
    "no mm_compaction_isolate_*: compaction did not run or was not recorded",
  ],
];

/** In words, the gravest first. */
export function missingForExactness(
  trace: Omit<TraceSummary, "missing">,
  { overfull, counted }: { overfull: boolean; counted: boolean },
): string[] {
  const found: string[] = [];
  const { lines, cpus, closeNeighbours, timesBackwards, pages } = trace;
  if (lines.lostPlaces > 0)
    found.push(
      `events are lost: ${lines.lostEvents > 0 ? `${plural(lines.lostEvents, "event")} ` : ""}at ${plural(lines.lostPlaces, "place")}`,
    );
  for (const [events, unknown] of KINDS)
    if (!events.some((event) => Object.hasOwn(trace.events, event))) found.push(unknown);
  if (pages.freesMissed > 0)
    found.push(
      `${plural(pages.freesMissed, "page was", "pages were")} allocated twice without a free between: frees are missing`,
    );
  if (pages.allocationsMissed > 0)
    found.push(
      `${plural(pages.allocationsMissed, "page was", "pages were")} freed twice without an allocation between: allocations are missing`,
    );
  if (cpus.length > 1)
    found.push(
      `${cpus.length} CPUs: the order in which they took the zone's lock is not recorded (${plural(closeNeighbours, "pair")} of neighbours of different CPUs, at most 1 µs apart)`,
    );
  if (trace.fromSeconds === null) found.push("the events have no times in seconds");
  if (timesBackwards > 0)
    found.push(`${plural(timesBackwards, "record is", "records are")} earlier than the record in front`);
  if (overfull) found.push("more pages than can be followed: counts of pages in use are too small");
  if (trace.compaction.migrated > 0)
    found.push(
      `compaction moved ${plural(trace.compaction.migrated, "page")}: from and to which frames is not recorded`,
    );
  if (!counted) found.push("no counts of free memory from before the trace: give buddyinfo or pagetypeinfo");
  found.push(
    "the order of free lists and the pages on per-CPU lists at the start: no file of /proc has them",
    "the moments at which counters are folded and per-CPU lists decay: no trace point tells them",
    "pages that are asked for many at a time (alloc_pages_bulk(), since 5.13): they have no trace point",
  );
  return found;
}
