/** Quantities as text: one machine, or several side by side. */
import { largestOf } from "../base/extremes";
import { formatSize } from "../base/units";
import { BESIDE, type Compared, MEASURE, type Quantities } from "./quantities";

/** A value as people read it: pages with separators, shares as per cent. */
export function shownValue(value: number | undefined, unit: Compared["unit"]): string {
  if (value === undefined) return "–";
  return unit === "share" ? `${(100 * value).toFixed(2)} %` : Math.round(value).toLocaleString("en");
}

/** A machine and its quantities. */
export interface Column {
  name: string;
  q: Quantities;
}

/**
 * A table with a row per quantity and a column per machine.
 * @example
 * ```ts
 * import { measureSample, quantitiesText, readSeries } from "pageblock";
 *
 * const [first] = readSeries("test/fixtures/real-machine/series");
 * quantitiesText([{ name: "real", q: measureSample(first!) }]).includes("175,506"); // => true
 * ```
 */
export function quantitiesText(columns: readonly Column[]): string {
  const rows = [
    ["", ...columns.map((c) => c.name)],
    ["memory", ...columns.map(({ q }) => formatSize(q.memoryPages * q.pageSize))],
    ["uptime", ...columns.map(({ q }) => (q.uptime === undefined ? "–" : `${Math.round(q.uptime)} s`))],
    ...[...MEASURE, ...BESIDE].map((c) => [
      c.name,
      ...columns.map(({ q }) => shownValue(c.of(q), c.unit)),
      c.meaning,
    ]),
  ];
  const widths = rows[0]!.map((_, i) => largestOf(rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) =>
        i === 0 ? cell.padEnd(widths[0]!) : i < widths.length ? cell.padStart(widths[i]!) : cell,
      )
      .join("  "),
  );
  return `${[...lines, ...columns.flatMap(({ name, q }) => spreadLines(name, q))].join("\n")}\n`;
}

/** Histograms of where unmovable pages lie and of free runs, and the cells of one GiB. */
function spreadLines(name: string, { frames, pageSize }: Quantities): string[] {
  if (frames === undefined) return [];
  const powers = (histogram: readonly number[]) =>
    histogram.map((n, i) => `${2 ** i}: ${Math.round(n).toLocaleString("en")}`).join(", ");
  return [
    "",
    `${name}: page blocks of ${formatSize(frames.blockPages * pageSize)} by their slab pages and page tables (from so many up)`,
    `  ${powers(frames.unmovableSpread)}`,
    `${name}: free pages by the length of their run`,
    `  ${powers(frames.freeRunPages)}`,
    `${name}: GiB in use: which, page blocks with such pages, such pages, pages in use`,
    ...frames.cells.map((c) =>
      [
        `  ${String(c.gib).padStart(3)}`,
        ...[c.blocks, c.pages, c.used].map((n) => n.toLocaleString("en").padStart(8)),
      ].join(" "),
    ),
  ];
}
