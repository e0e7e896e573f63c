/** A result as a table with notes below it: HTML for notebooks and write-ups, text for terminals. */
import type { Interval } from "../experiment/statistics";
import type { MimeBundle } from "../notebook/display";
import { escapeHtml } from "../report/escape";
import { RUNS_MIME } from "../report/runs";

const LEFT = 'style="text-align:left"';

/** One line per strategy under `head`, ending with a bar of the share granted. */
export function tableHtml(
  title: string,
  head: readonly string[],
  cells: readonly string[][],
  strategies: readonly { successRate: Interval }[],
  notes: readonly string[],
): string {
  // The bar is made of characters, not of a coloured box: exported pages keep no table styles.
  const bars = strategies.map(({ successRate }) => "█".repeat(Math.round(10 * successRate.mid)));
  const rows = cells.map((row, i) => [...row, bars[i]!]);
  return plainTableHtml(title, [...head, "share granted"], rows, notes);
}

/** The same without bars. */
export function plainTableHtml(
  title: string,
  head: readonly string[],
  cells: readonly (readonly string[])[],
  notes: readonly string[],
): string {
  const top = head.map((h) => `<th ${LEFT}>${escapeHtml(h)}</th>`).join("");
  const rows = cells.map((row) => `<tr>${row.map((c) => `<td ${LEFT}>${escapeHtml(c)}</td>`).join("")}</tr>`);
  return `<table><caption ${LEFT}>${escapeHtml(title)}</caption><thead><tr>${top}</tr></thead><tbody>${rows.join("")}</tbody></table>${listHtml(notes)}`;
}

export function listHtml(notes: readonly string[]): string {
  return `<ul>${notes.map((n) => `<li>${escapeHtml(n)}</li>`).join("")}</ul>`;
}

/** A line that names plans by their SHA-256. */
const NAMES_PLANS = /^plans? [a-z-]{1,40} [0-9a-f]{64}\b/;

/** What a result says of itself, above its table; the names of its plans, long digits, are folded. */
export function aboutHtml(lines: readonly string[]): string {
  const plans = lines.filter((line) => NAMES_PLANS.test(line));
  const told = lines.filter((line) => !NAMES_PLANS.test(line));
  const folded = plans.map(
    (line) => `<details><summary>Names of the plans</summary><p>${escapeHtml(line)}</p></details>`,
  );
  return `<p>${told.map(escapeHtml).join("<br>")}</p>${folded.join("")}`;
}

export function tableText(
  title: string,
  head: readonly string[],
  cells: readonly (readonly string[])[],
  notes: readonly string[],
): string {
  return [title, ...[[...head], ...cells].map((row) => row.join(" | ")), ...notes].join("\n");
}

/** A bundle without its seal; a changed bundle gets a new one. */
export function unsealed(bundle: MimeBundle): MimeBundle {
  const { [RUNS_MIME]: _sealed, ...rest } = bundle;
  return rest;
}
