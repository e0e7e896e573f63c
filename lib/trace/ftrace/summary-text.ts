/** A trace's summary as a page of text. */
import type { CmaAreaCounts } from "./cma-events";
import type { Durations } from "./open-spans";
import type { TimeColumns } from "./over-time";
import { plural } from "./tally";
import type { Asker, TraceSummary } from "./trace-summary";

const n = (value: number) => value.toLocaleString("en");

/** `12 µs`, `3.4 ms`, `1.5 s` */
export function seconds(value: number): string {
  if (value >= 1) return `${value.toFixed(2)} s`;
  return value >= 1e-3 ? `${(value * 1e3).toFixed(2)} ms` : `${(value * 1e6).toFixed(0)} µs`;
}

function counts(sums: Readonly<Record<string, number>>, most = 8): string {
  const all = Object.entries(sums).filter(([, sum]) => sum > 0);
  const shown = all.slice(0, most).map(([word, sum]) => `${word}: ${n(sum)}`);
  return shown.join(", ") + (all.length > most ? `, and ${all.length - most} more` : "");
}

const orders = (sums: readonly number[]) =>
  sums.flatMap((sum, order) => (sum > 0 ? [`order ${order}: ${n(sum)}`] : [])).join(", ");

function lengths({ timed, totalSeconds, longestSeconds }: Durations): string {
  if (timed === 0) return "";
  return `; mean ${seconds(totalSeconds / timed)}, longest ${seconds(longestSeconds)}`;
}

/** The summary of a trace in lines. */
export function summaryText(trace: TraceSummary): string {
  return [
    ...headLines(trace),
    ...pageLines(trace),
    ...fallbackLines(trace),
    ...compactionLines(trace),
    ...reclaimLines(trace),
    ...trace.cma.areas.map(areaLine),
    ...cmaLines(trace),
    ...askerLines("by task", trace.byTask),
    ...askerLines("by caller", trace.byCaller),
    "missing for an exact replay:",
    ...trace.missing.map((what) => `  ${what}`),
  ].join("\n");
}

function headLines({ files, memoryEvents, lines, cpus, fromSeconds, toSeconds }: TraceSummary): string[] {
  const time = fromSeconds === null ? "" : ` in ${seconds(toSeconds! - fromSeconds)}`;
  const on = cpus.length === 0 ? "" : ` on ${plural(cpus.length, "CPU")}`;
  const found = [
    `${files.join(", ")}: ${plural(memoryEvents, "event")} of memory${on}${time}; ${plural(lines.otherEvents, "event")} of other kinds`,
  ];
  const { firstPassedOver, firstMalformed } = lines;
  if (firstPassedOver !== null)
    found.push(
      `passed over: ${plural(lines.passedOver, "line")}, first line ${firstPassedOver.line}: ${JSON.stringify(firstPassedOver.text)}`,
    );
  if (firstMalformed !== null)
    found.push(
      `not as a kernel prints them: ${plural(lines.malformed, "event")}, first line ${firstMalformed.line}: ${firstMalformed.text}`,
    );
  return found;
}

function pageLines({ pages, typeNumbers }: TraceSummary): string[] {
  const { allocated, freed, live, perCpu } = pages;
  if (allocated.requests + freed.records + freed.duplicates + perCpu.refilled + perCpu.drained === 0)
    return [];
  const found = [
    `allocated: ${plural(allocated.pages, "page")} by ${plural(allocated.requests, "request")}, ${n(allocated.failed)} failed`,
  ];
  const list = (what: string, text: string) => text !== "" && found.push(`  ${what}: ${text}`);
  list("by order", orders(allocated.byOrder));
  list("failed", orders(allocated.failedByOrder));
  list(`pages by type${typeNumbers.assumed ? " (numbers as since 4.4)" : ""}`, counts(allocated.byType));
  found.push(
    `freed: ${plural(freed.pages, "page")} in ${plural(freed.records, "free")}, ${n(freed.pagesNotSeenAllocated)} of them allocated before or unseen`,
  );
  list("by order", orders(freed.byOrder));
  if (freed.duplicates > 0) found.push(`  records that tell once more of a free: ${n(freed.duplicates)}`);
  found.push(`in use at the end, of these: ${plural(live.pages, "page")}`);
  list("by order", orders(live.byOrder));
  if (perCpu.refilled + perCpu.drained > 0)
    found.push(
      `per-CPU lists: ${n(perCpu.refilled)} pages in by refills, ${n(perCpu.drained)} out by drains`,
    );
  found.push(...timeLines(pages.overTime));
  return found;
}

const STEPS_SHOWN = 10;

/** Pages allocated and freed in at most ten steps. */
function timeLines({ fromSeconds, stepSeconds, sums }: TimeColumns): string[] {
  const allocated = sums.allocatedPages ?? [];
  const freed = sums.freedPages ?? [];
  if (fromSeconds === null || allocated.length < 2) return [];
  const each = Math.ceil(allocated.length / STEPS_SHOWN);
  const part = (column: number[], i: number) => column.slice(i, i + each).reduce((a, b) => a + b, 0);
  const found = [`over time (pages allocated, freed, in steps of ${seconds(stepSeconds * each)}):`];
  for (let i = 0; i < allocated.length; i += each)
    if (part(allocated, i) + part(freed, i) > 0)
      found.push(
        `  from ${(fromSeconds + i * stepSeconds).toFixed(6)}: ${n(part(allocated, i))}, ${n(part(freed, i))}`,
      );
  return found;
}

function fallbackLines({ fallbacks: f }: TraceSummary): string[] {
  if (f.records === 0) return [];
  const against = counts(f.againstRule);
  return [
    `fallbacks: ${n(f.records)}: ${n(f.wholeBlocks)} took a whole page block, ${n(f.claims)} claimed a block, ${n(f.steals)} stole a page, ${n(f.homes)} found a page in a block of their own type`,
    `  ${counts(f.byTypes)}`,
    `  ${counts(f.byOrders)}`,
    `  the rule lets claim: ${n(f.rule.mayClaim.claimed)} claimed, ${n(f.rule.mayClaim.stolen)} stolen; does not: ${n(f.rule.mayNotClaim.claimed)} in blocks of their own type, ${n(f.rule.mayNotClaim.stolen)} stolen`,
    `  against the model's rule: ${against === "" ? "none" : against}`,
  ];
}

function compactionLines({ compaction: c, migration, fromSeconds, toSeconds }: TraceSummary): string[] {
  const found: string[] = [];
  const { runs, migrateScanner, freeScanner } = c;
  const list = (what: string, text: string) => text !== "" && found.push(`  ${what}: ${text}`);
  const span = fromSeconds === null ? 0 : toSeconds! - fromSeconds;
  const checked = Object.keys(c.finished).length + Object.keys(c.suitable).length;
  if (
    runs.ended + runs.unfinished + migrateScanner.scanned + freeScanner.scanned + c.deferred + checked >
    0
  ) {
    const rate = span > 0 ? ` (${(runs.ended / span).toFixed(1)} a second)` : "";
    found.push(
      `compaction: ${plural(runs.ended, "run")} ended${rate}, ${n(runs.unfinished)} not seen to end${lengths(c.durations)}`,
    );
    list("ended as", counts(runs.byStatus));
    list("direct, by order", orders(c.directByOrder));
    list("migrate scanner", `${n(migrateScanner.scanned)} pages scanned, ${n(migrateScanner.taken)} taken`);
    list("free scanner", `${n(freeScanner.scanned)} pages scanned, ${n(freeScanner.taken)} taken`);
    list("pages", `${n(c.migrated)} migrated, ${n(c.failedToMigrate)} not`);
    list("checks of an end", counts(c.finished));
    list("checks of a zone", counts(c.suitable));
    if (c.deferred > 0) found.push(`  deferred: ${n(c.deferred)}`);
  }
  const reasons = Object.entries(migration.byReason);
  if (reasons.length > 0)
    found.push(
      `migration: ${reasons.map(([why, m]) => `${why} ${n(m.succeeded)} moved, ${n(m.failed)} not`).join("; ")}`,
    );
  const { free, busy } = migration.rangesTested;
  if (free + busy > 0) found.push(`ranges tested: ${n(free)} free, ${n(busy)} busy`);
  return found;
}

function reclaimLines({ reclaim }: TraceSummary): string[] {
  const { direct, durations, kswapdWakeups } = reclaim;
  const found: string[] = [];
  if (direct.ended + direct.byOrder.length > 0)
    found.push(
      `direct reclaim: ${plural(direct.ended, "time")}, ${plural(direct.reclaimed, "page")}${lengths(durations)}`,
      `  by order: ${orders(direct.byOrder) || "not seen to begin"}`,
    );
  if (kswapdWakeups > 0) found.push(`kswapd was woken ${plural(kswapdWakeups, "time")}`);
  return found;
}

function areaLine(a: CmaAreaCounts): string {
  const errors = counts(a.errors);
  const free =
    a.availablePages === null
      ? ""
      : `; ${n(a.availablePages)} of ${n(a.totalPages ?? 0)} pages free at the last start`;
  const open = a.unfinished > 0 ? `, ${n(a.unfinished)} not seen to end` : "";
  return `CMA ${a.area}: ${n(a.granted)} granted (${n(a.grantedPages)} pages), ${n(a.failed)} failed (${n(a.failedPages)} pages${errors === "" ? "" : `: ${errors}`})${open}, ${plural(a.busyRetries, "busy retry", "busy retries")}, ${n(a.released)} released (${n(a.releasedPages)} pages)${lengths(a.durations)}${free}`;
}

const CMA_SHOWN = 8;

/** The failed requests, then the slowest. */
function cmaLines({ cma }: TraceSummary): string[] {
  const order = [...cma.requests].sort(
    (a, b) =>
      Number(a.pfn !== null) - Number(b.pfn !== null) || (b.latencySeconds ?? 0) - (a.latencySeconds ?? 0),
  );
  return order.slice(0, CMA_SHOWN).map((r) => {
    const result =
      r.pfn === null ? `failed${r.errno === null ? "" : ` (errno ${r.errno})`}` : `frame ${r.pfn}`;
    const took = r.latencySeconds === null ? "" : `, ${seconds(r.latencySeconds)}`;
    const retries = r.busyRetries > 0 ? `, ${plural(r.busyRetries, "busy retry", "busy retries")}` : "";
    return `  ${r.area}: ${plural(r.pages, "page")}: ${result}${took}${retries}${r.by === "" ? "" : `, by ${r.by}`}`;
  });
}

function askerLines(what: string, askers: readonly Asker[]): string[] {
  if (askers.length === 0) return [];
  const shown = askers.slice(0, 8).map((a) => `${a.who} ${n(a.pages)}`);
  return [`pages ${what}: ${shown.join(", ")}${askers.length > 8 ? ", …" : ""}`];
}
