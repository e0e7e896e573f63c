/** Text in columns, for terminals. */
import { largestOf } from "./extremes";

/** Columns of words: all begin at the left. */
export const leftAligned = (rows: readonly (readonly string[])[]): string => aligned(rows, Infinity);

/** Columns of text, the first one left-aligned, or so many of them. */
export function aligned(rows: readonly (readonly string[])[], left = 1): string {
  const widths = (rows[0] ?? []).map((_, i) => largestOf(rows.map((r) => (r[i] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i < left ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
