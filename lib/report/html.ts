/**
 * A write-up as one HTML page that needs no network. Charts are interactive (the page contains Plotly once), or static
 * if scripts are off. Its Content-Security-Policy admits only our scripts, by their hash; content from the notebook is
 * text, sanitised tables or pictures.
 */
import { assetFacts, knobsHtml, liveFacts, liveHtml, loaderHtml } from "./assets";
import { blockHtml } from "./block-html";
import { closingSections, type DataLink } from "./closing-html";
import { escapeHtml } from "./escape";
import { RECORD_SLOT } from "./record";
import { STYLE } from "./style";
import type { WriteUp } from "./write-up";

/** How a page is used: on paper (`still`: charts are pictures and nothing runs), or as one that verifies itself (`live`). */
export interface PageUse {
  still?: boolean;
  live?: boolean;
}

/** The whole page, with a placeholder for its record. */
export function htmlPage(writeUp: WriteUp, data: readonly DataLink[], use: PageUse = {}): string {
  const { still = false, live = false } = use;
  const context = { still, references: writeUp.references };
  const body = [
    "<main>",
    ...writeUp.blocks.map((block) => blockHtml(block, context)),
    ...closingSections(writeUp, data),
    "</main>",
  ];
  return documentOf(writeUp, body.join("\n"), {
    ...{ charts: !still && hasCharts(writeUp), live, knobs: live && hasKnobs(writeUp), style: STYLE },
  });
}

export const hasCharts = (writeUp: WriteUp) =>
  writeUp.blocks.some((block) => block.kind === "chart" || block.kind === "live");

export const hasKnobs = (writeUp: WriteUp) => writeUp.blocks.some((block) => block.kind === "live");

/** The parts of a page besides its body; `script`: a script of ours and its hash for the policy. */
interface PageParts {
  charts: boolean;
  live: boolean;
  /** Live figures get their controls; needs `live`. */
  knobs: boolean;
  style: string;
  script?: { text: string; csp: string };
}

/** A document around `body`, which is safe HTML. */
export function documentOf(
  writeUp: WriteUp,
  body: string,
  { charts, live, knobs, style, script }: PageParts,
): string {
  const { plotly, runtime } = assetFacts();
  const hashes = [
    ...(live ? [liveFacts().csp] : []),
    ...(knobs ? [liveFacts().knobs] : []),
    ...(charts ? [plotly.csp, runtime.csp] : []),
    ...(script === undefined ? [] : [script.csp]),
  ];
  const policy = [
    "default-src 'none'",
    `script-src ${hashes.map((hash) => `'${hash}'`).join(" ") || "'none'"}`,
    ...(live ? ["worker-src blob:"] : []),
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escapeHtml(writeUp.title)}</title>
<style>${style}</style>
</head>
<body>
${body}
${RECORD_SLOT}
${live ? liveHtml() : ""}${knobs ? knobsHtml() : ""}${charts ? loaderHtml() : ""}
${script === undefined ? "" : `<script>${script.text}</script>`}
</body>
</html>
`;
}
