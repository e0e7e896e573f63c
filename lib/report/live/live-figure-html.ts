/**
 * A live figure as HTML: the answer and the picture of the plan's own values, and the JSON from which the script in a page
 * (kernel-setup/browser/live/knobs.mjs) makes the controls. Where scripts are off it is an answer and a picture.
 */
import type { Figure } from "../../chart/figure";
import { chartHtml, jsonForHtml } from "../chart-html";
import { escapeHtml } from "../escape";
import type { LiveFigure } from "./live-figure";

/** A live figure with the answer of its own values; what a notebook stores of it. */
export interface StoredLive {
  live: LiveFigure;
  sentences: string[];
  figure: Figure;
}

/** The knobs' own values in one line. */
export const ownValues = ({ knobs }: LiveFigure): string =>
  knobs.map(({ label, choices, at }) => `${label}: ${choices[at]!.text}`).join("; ");

/** `picture`: HTML of the figure. `title`: it stands here, unless a caption has it. */
export function liveFigureHtml(
  { live, sentences, figure }: StoredLive,
  { picture = chartHtml(figure), title = true }: { picture?: string; title?: boolean } = {},
): string {
  const [answer = "", ...reasons] = sentences.map((text) => escapeHtml(text));
  const named = title ? `<b>${escapeHtml(live.title)}</b><br>` : "";
  return (
    `<div class="pageblock-knobs"><script type="application/json" class="pageblock-live-figure">${jsonForHtml(live)}</script>` +
    `<div class="pageblock-own"><p>${named}<small>${escapeHtml(ownValues(live))}</small></p>` +
    `<p><b>${answer}</b></p>${reasons.map((text) => `<p style="white-space:pre-wrap;overflow-wrap:anywhere">${text}</p>`).join("")}` +
    `${picture}</div></div>`
  );
}
