/** A chart as HTML: its static picture, and its JSON, from which the runtime draws the interactive chart over it. */
import type { Figure } from "../chart/figure";
import { describe } from "./describe";
import { escapeHtml } from "./escape";
import { staticSvg } from "./svg/static-svg";

/** Inert markup: it shows the picture if scripts are off or the loader is missing. */
export function chartHtml(figure: Figure, svg: string = staticSvg(figure)): string {
  const { data, layout } = figure;
  return (
    `<div class="pageblock-chart"><img alt="${escapeHtml(describe(figure))}" style="max-width:100%" ` +
    `src="data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}">` +
    `<script type="application/json">${jsonForHtml({ data, layout })}</script></div>`
  );
}

/** JSON that cannot end its script element. */
export function jsonForHtml(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
