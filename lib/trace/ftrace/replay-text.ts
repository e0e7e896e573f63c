/** How a replay on counts went, as text. */
import { largestOf } from "../../base/extremes";
import type { AlignedReplay, OrderRow } from "./aligned-replay";

const n = (value: number) => value.toLocaleString("en");
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** The replay in lines. */
export function replayText(r: AlignedReplay): string {
  const { served, earlierPages: e, fallbacks } = r;
  const lines = [
    `replay on the counts from before (profile ${r.profile}, seed ${r.seed}): ${n(served.model)} of ${n(served.recorded)} requests served, ${n(r.sameZone)} from the recorded zone`,
    `  fallbacks: ${n(fallbacks.model)} in the model, ${n(fallbacks.recorded)} recorded`,
    `  pages from before that were freed: ${n(e.freedThere)} at the recorded frame, ${n(e.freedElsewhere)} elsewhere, ${n(e.notFreed)} not`,
  ];
  if (r.agreement !== null) lines.push(...agreementLines(r, r.agreement));
  lines.push(...table(r.rows).map((line) => `  ${line}`));
  if (r.assumed.length > 0) lines.push("assumed:", ...r.assumed.map((what) => `  ${what}`));
  return lines.join("\n");
}

/** Where the counts hardly changed, what was there before agrees as it is, and a share close to it tells nothing of the replay. */
function agreementLines({ agreementOfBefore, rows }: AlignedReplay, agreement: number): string[] {
  const before = agreementOfBefore ?? 0;
  const changed = pagesIn(rows, ({ before: from, after }) => Math.abs(from - (after ?? 0))) / 2;
  const off = pagesIn(rows, ({ model, after }) => Math.abs(model - (after ?? 0))) / 2;
  const lines = [
    `  free pages by order as after the trace: ${percent(agreement)}; without a replay: ${percent(before)}`,
  ];
  if (agreement <= before)
    lines.push(
      `  no nearer than without a replay: during the trace ${n(changed)} pages changed their row, and the replay has ${n(off)} in another row. ` +
        "Where pages lay before is drawn, so that a trace of few changes cannot test the replay",
    );
  return lines;
}

function pagesIn(rows: readonly OrderRow[], blocks: (row: OrderRow) => number): number {
  return rows.reduce((sum, row) => sum + blocks(row) * 2 ** row.order, 0);
}

function table(rows: readonly OrderRow[]): string[] {
  const cells = [
    ["zone", "type", "order", "before", "after", "model"],
    ...rows
      .filter((r) => r.before + (r.after ?? 0) + r.model > 0)
      .map((r) => [
        `${r.nid} ${r.zone}`,
        r.type,
        `${r.order}`,
        n(r.before),
        r.after === null ? "?" : n(r.after),
        n(r.model),
      ]),
  ];
  const widths = cells[0]!.map((_, i) => largestOf(cells.map((row) => row[i]!.length)));
  return cells.map((row) =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
  );
}
