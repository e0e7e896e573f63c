/** A result as a table with notes below it: HTML for notebooks and write-ups, text for terminals. */
import type { Interval } from "../experiment/statistics";
import { escapeHtml } from "../report/escape";

const LEFT = 'style="text-align:left"';

/** One line per strategy under `head`, ending with a bar of the share granted. */
export function tableHtml(
  title: string,
  head: readonly string[],
  cells: readonly string[][],
  strategies: readonly { successRate: Interval }[],
  notes: readonly string[],
): string {
  const top = [...head, "granted"].map((h) => `<th ${LEFT}>${escapeHtml(h)}</th>`).join("");
  const rows = cells.map((row, i) => {
    // The bar is made of characters, not of a coloured box: exported pages keep no table styles.
    const bar = `<td ${LEFT}>${"█".repeat(Math.round(10 * strategies[i]!.successRate.mid))}</td>`;
    return `<tr>${row.map((c) => `<td ${LEFT}>${escapeHtml(c)}</td>`).join("")}${bar}</tr>`;
  });
  const list = notes.map((n) => `<li>${escapeHtml(n)}</li>`).join("");
  return `<table><caption ${LEFT}>${escapeHtml(title)}</caption><thead><tr>${top}</tr></thead><tbody>${rows.join("")}</tbody></table><ul>${list}</ul>`;
}

export function tableText(
  title: string,
  head: readonly string[],
  cells: readonly string[][],
  notes: readonly string[],
): string {
  return [title, ...[[...head], ...cells].map((row) => row.join(" | ")), ...notes].join("\n");
}
