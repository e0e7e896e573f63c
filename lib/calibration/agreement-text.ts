/** Agreements as Markdown tables, as docs/calibration.md shows them. */
import type { Agreement, Prediction } from "./agreement";
import { PASS } from "./agreement";
import { shownValue } from "./quantities-text";

const HEAD = ["sample", "quantity", "recorded", "model: median", "5 % to 95 %", "inside"];

/** A table with a row per quantity and time; `fitted`: those of the first half too. */
export function agreementTable(rows: readonly Prediction[]): string {
  const lines = rows.map((r) => [
    r.sample,
    r.quantity,
    shownValue(r.recorded, r.unit),
    shownValue(r.mid, r.unit),
    `${shownValue(r.low, r.unit)} to ${shownValue(r.high, r.unit)}`,
    r.inside ? "yes" : "**no**",
  ]);
  return [HEAD, HEAD.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The verdict in a sentence. */
export function agreementVerdict({ inside, of, seeds }: Agreement): string {
  const share = of === 0 ? 0 : inside / of;
  const verdict = share >= PASS ? "the measure is met" : "the measure is missed";
  return `Of ${of} predicted values, ${inside} lie inside the model's 90 % interval over ${seeds} seeds: ${Math.round(100 * share)} %.\n${100 * PASS} % are needed: ${verdict}.`;
}
