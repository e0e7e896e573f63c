/** A figure as one MIME bundle: interactive if scripts run, otherwise a picture, or text on a terminal. */
import type { Figure } from "../chart/figure";
import { loaderHtml } from "../report/assets";
import { chartHtml } from "../report/chart-html";
import { describe } from "../report/describe";
import { withResults } from "../report/runs";
import { staticSvg } from "../report/svg/static-svg";
import type { MimeBundle } from "./display";
import { plotlyDue } from "./once";

/** Maximum size of a chart's JSON: a notebook holds many charts. */
const FIGURE_BYTES_MAX = 500_000;

/**
 * The bundle of `figure`: Plotly JSON, HTML, SVG, plain text and its runs. The first bundle of a kernel session carries
 * Plotly, as does the first bundle of that cell when it runs again.
 * @throws RangeError for a figure of more than 500 kB
 */
export function figureBundle(figure: Figure): MimeBundle {
  const { data, layout, runs } = figure;
  const bytes = JSON.stringify({ data, layout }).length;
  if (bytes > FIGURE_BYTES_MAX)
    throw new RangeError(`show: a figure must be at most ${FIGURE_BYTES_MAX} bytes of JSON: got ${bytes}`);
  const svg = staticSvg(figure);
  const shown = {
    "application/vnd.plotly.v1+json": { data, layout, config: { responsive: true, displaylogo: false } },
    "text/html": (plotlyDue() ? loaderHtml() : "") + chartHtml(figure, { svg }),
    "image/svg+xml": svg,
    "text/plain": describe(figure),
  };
  return withResults(shown, runs ?? []);
}

/** Several figures as HTML, one below the other, for a bundle that shows more than figures. */
export function figuresHtml(figures: readonly Figure[]): string {
  if (figures.length === 0) return "";
  return (plotlyDue() ? loaderHtml() : "") + figures.map((figure) => chartHtml(figure)).join("");
}
