/** A chart as HTML: its static picture, and its JSON, from which the runtime draws the interactive chart over it. */
import type { Figure } from "../chart/figure";
import { describe } from "./describe";
import { escapeHtml } from "./escape";
import { staticSvg } from "./svg/static-svg";

/**
 * How a chart is shown: its picture, its words for readers who see none, and, where its title stands outside of it, the
 * pixels by which the drawing is lower.
 */
export interface ChartLook {
  svg?: string;
  words?: string;
  titlePixels?: number;
}

/** Inert markup: it shows the picture if scripts are off or the loader is missing. */
export function chartHtml(figure: Figure, look: ChartLook = {}): string {
  const { data, layout } = figure;
  const { svg = staticSvg(figure), words = describe(figure), titlePixels } = look;
  const untitled = titlePixels === undefined ? "" : ` data-untitled="${titlePixels}"`;
  return (
    `<div class="pageblock-chart"${untitled}>${pictureHtml(svg, words)}` +
    `<script type="application/json">${jsonForHtml({ data, layout })}</script></div>`
  );
}

export const pictureHtml = (svg: string, words: string) =>
  `<img alt="${escapeHtml(words)}" style="max-width:100%" ` +
  `src="data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}">`;

/** JSON that cannot end its script element. */
export function jsonForHtml(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
