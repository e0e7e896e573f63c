/** A figure as one MIME bundle: alive where scripts run, a picture where they do not, words where nothing is drawn. */
import type { Figure } from "../chart/figure";
import { loaderHtml } from "../report/assets";
import { chartHtml } from "../report/chart-html";
import { describe } from "../report/describe";
import { withResults } from "../report/runs";
import { staticSvg } from "../report/svg/static-svg";
import { type CellRun, cellRun, type MimeBundle } from "./display";

/** A chart's JSON with its words must stay below this: a notebook holds many. */
const FIGURE_BYTES_MAX = 500_000;

/** Whether Plotly has been sent, and by which run of which cell. */
let sent = false;
let sentBy: CellRun | undefined;

/**
 * The bundle of `figure`: Plotly JSON, HTML, SVG, plain text and the runs behind it. Throws RangeError for a figure of more than 500 kB.
 * The first bundle of a kernel's life carries Plotly, and so does the first of the same cell when it runs again.
 */
export function figureBundle(figure: Figure): MimeBundle {
  const { data, layout, runs } = figure;
  const bytes = JSON.stringify({ data, layout }).length;
  if (bytes > FIGURE_BYTES_MAX)
    throw new RangeError(`show: a figure must be at most ${FIGURE_BYTES_MAX} bytes of JSON: got ${bytes}`);
  const svg = staticSvg(figure);
  const shown = {
    "application/vnd.plotly.v1+json": { data, layout, config: { responsive: true, displaylogo: false } },
    "text/html": (loaderDue() ? loaderHtml() : "") + chartHtml(figure, svg),
    "image/svg+xml": svg,
    "text/plain": describe(figure),
  };
  return withResults(shown, runs ?? []);
}

function loaderDue(): boolean {
  const now = cellRun();
  if (sent) {
    if (sentBy === undefined || now?.cell !== sentBy.cell || now.count === sentBy.count) return false;
  }
  sent = true;
  sentBy = now;
  return true;
}
