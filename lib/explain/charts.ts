/** Pictures of a report: its free blocks by order, and its zones beside the marks that the request had to leave. */
import { InputError } from "../base/errors";
import { largestOf, leastOf } from "../base/extremes";
import { MiB } from "../base/units";
import { bars } from "../chart/bars";
import type { Figure } from "../chart/figure";
import { type FreeBlocks, freeByOrder } from "../chart/free-orders";
import type { ExplainedReport } from "./explain-readings";
import { orderInWords } from "./quantities";
import { zoneName } from "./zone-words";

/**
 * Free memory by order: by migrate type if the text has /proc/pagetypeinfo, by zone otherwise. Throws InputError for a
 * report without free lists.
 */
export function freeBlocksChart({ reading, asked }: ExplainedReport): Figure {
  const zones = reading.zones.filter((zone) => zone.counts !== null);
  if (zones.length === 0) throw new InputError("free blocks: the report has no free list: got none");
  const orders = largestOf(zones.map((zone) => zone.counts!.length));
  const several = new Set(zones.map((zone) => zone.node)).size > 1;
  const byType = zones.every((zone) => zone.countsByType !== null);
  const parts = byType
    ? typeParts(
        zones.map((zone) => zone.countsByType!),
        orders,
      )
    : zones.map((zone) => ({ name: zoneName(zone, several), freeBlocks: padded(zone.counts!, orders) }));
  const wanted = asked.order === null ? "" : `; asked: ${orderInWords(asked.order, asked.pageBytes)}`;
  return freeByOrder({
    title: "Free memory by order",
    subtitle: `${byType ? "by migrate type" : "by zone"}${wanted}`,
    parts,
    pageBytes: asked.pageBytes,
  });
}

function typeParts(zones: readonly Record<string, number[]>[], orders: number): FreeBlocks[] {
  const sums = new Map<string, number[]>();
  for (const zone of zones)
    for (const [type, counts] of Object.entries(zone)) {
      const sum = sums.get(type) ?? padded([], orders);
      sums.set(
        type,
        sum.map((n, order) => n + (counts[order] ?? 0)),
      );
    }
  return [...sums].map(([name, freeBlocks]) => ({ name, freeBlocks }));
}

function padded(counts: readonly number[], orders: number): number[] {
  return Array.from({ length: orders }, (_, order) => counts[order] ?? 0);
}

/**
 * Each zone that the request may use: what is free, what of it counts for the request, and the mark that must remain
 * (min watermark with boost and the zone's reserve). Throws InputError for a report without watermarks.
 */
export function watermarkChart({ asked, zones }: ExplainedReport): Figure {
  const open = zones.filter(({ answer, check }) => answer.allowed && check.marked);
  if (open.length === 0) throw new InputError("watermarks: the report has no watermarks: got none");
  const several = new Set(open.map(({ zone }) => zone.node)).size > 1;
  const size = (pages: number) => (Math.max(0, pages) * asked.pageBytes) / MiB;
  return bars({
    title: "Free memory beside the mark that the request must leave",
    subtitle: "refused where the second bar is not above the third",
    yTitle: "MiB",
    categories: open.map(({ zone }) => zoneName(zone, several)),
    series: [
      { name: "free", values: open.map(({ check }) => size(check.free)) },
      { name: "counts for this request", values: open.map(({ check }) => size(check.usable)) },
      { name: "must remain", values: open.map(({ check }) => size(check.mark + check.reserve)) },
    ],
    log: spread(open.map(({ check }) => check.free)) > 100,
  });
}

function spread(values: readonly number[]): number {
  const some = values.filter((value) => value > 0);
  return some.length === 0 ? 1 : largestOf(some) / leastOf(some);
}
