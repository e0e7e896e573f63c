/** A live figure as one MIME bundle: with controls in JupyterLab and in exported pages, otherwise the answer of its own values. */
import type { Run } from "../chart/figure";
import { engineHtml, loaderHtml } from "../report/assets";
import { liveFigureHtml, ownValues, type StoredLive } from "../report/live/live-figure-html";
import { LIVE_MIME } from "../report/live/stored-live";
import { withResults } from "../report/runs";
import { staticSvg } from "../report/svg/static-svg";
import type { MimeBundle } from "./display";
import { engineDue, plotlyDue } from "./once";

/** The bundle of a live figure with its run. The first one of a kernel session carries the engine (370 kB). */
export function liveBundle(stored: StoredLive, run: Run): MimeBundle {
  const { live, sentences, figure } = stored;
  const { data, layout } = figure;
  const scripts = (plotlyDue() ? loaderHtml() : "") + (engineDue() ? engineHtml() : "");
  const shown = {
    [LIVE_MIME]: { live, sentences, figure: { data, layout } },
    "text/html": scripts + liveFigureHtml(stored),
    "image/svg+xml": staticSvg(figure),
    "text/plain": [live.title, ownValues(live), ...sentences].join("\n"),
  };
  return withResults(shown, [run]);
}
