/**
 * A write-up as one HTML page that asks the network for nothing: charts alive (Plotly inside, once), their pictures
 * where scripts are off. Its Content-Security-Policy admits exactly two scripts, ours, by their hash; whatever came
 * with the notebook is text, sanitised tables or pictures.
 */
import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import type { Figure } from "../chart/figure";
import { assetFacts, loaderHtml } from "./assets";
import { chartHtml } from "./chart-html";
import { describe } from "./describe";
import { escapeHtml } from "./escape";
import { proseHtml } from "./prose";
import { rerunOf } from "./provenance";
import { sanitizedHtml } from "./sanitize";
import { staticSvg } from "./static-svg";
import { STYLE } from "./style";
import type { Block, WriteUp } from "./write-up";

hljs.registerLanguage("typescript", typescript);

/** The whole page. */
export function htmlPage(writeUp: WriteUp): string {
  const charts = writeUp.blocks.some((block) => block.kind === "chart");
  const { plotly, runtime } = assetFacts();
  const scripts = charts ? `'${plotly.csp}' '${runtime.csp}'` : "'none'";
  const policy = [
    "default-src 'none'",
    `script-src ${scripts}`,
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
<style>${STYLE}</style>
</head>
<body>
<main>
${writeUp.blocks.map(blockHtml).join("\n")}
${rerunHtml(writeUp)}
</main>
${charts ? loaderHtml() : ""}
</body>
</html>
`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case "prose":
      return `<section class="prose">${proseHtml(block.markdown, block.attachments)}</section>`;
    case "code":
      return `<pre class="code"><code>${hljs.highlight(block.source, { language: "typescript" }).value}</code></pre>`;
    case "text":
      return `<pre class="output ${block.stream}">${escapeHtml(block.text)}</pre>`;
    case "error":
      return `<pre class="output error">${escapeHtml(block.traceback || `${block.name}: ${block.message}`)}</pre>`;
    case "chart":
      return `<figure>${needsMaps(block.figure) ? stillHtml(block.figure) : chartHtml(block.figure)}</figure>`;
    case "picture":
      return `<figure><img alt="" src="data:${block.picture.mime};base64,${block.picture.base64}"></figure>`;
    case "html":
      return `<div class="output table">${sanitizedHtml(block.html)}</div>`;
  }
}

/** Plotly fetches the ground of its maps, which a page without network cannot have. */
const needsMaps = (figure: Figure) =>
  figure.data.some((trace) => /geo|choropleth|map(?:box)?$/.test(trace.type) && trace.type !== "heatmap");

const stillHtml = (figure: Figure) =>
  `<img alt="${escapeHtml(describe(figure))}" src="data:image/svg+xml;base64,${Buffer.from(staticSvg(figure)).toString("base64")}">`;

function rerunHtml(writeUp: WriteUp): string {
  const { facts, plans } = rerunOf(writeUp);
  const rows = facts.map(
    ([name, value]) => `<tr><th scope="row">${name}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  const lines = plans.map(
    ({ plan, sha256 }) => `<li><code>${escapeHtml(plan)}</code><br><small>${sha256}</small></li>`,
  );
  return `<section class="rerun"><h2>To run this again</h2>
<p>Everything above was computed from these plans. The same plan gives the same result, byte for byte, on every computer; the SHA-256 under a plan is that of the plan with its result.</p>
<table>${rows.join("")}</table>
${plans.length === 0 ? "" : `<details><summary>The plans (${plans.length})</summary><ol>${lines.join("")}</ol></details>`}
</section>`;
}
