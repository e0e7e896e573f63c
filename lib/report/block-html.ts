/** One block of a write-up as HTML: content from the notebook becomes text, sanitised tables or pictures. */
import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import type { Figure } from "../chart/figure";
import { chartHtml } from "./chart-html";
import { linkedCitations, type Reference } from "./citations";
import { describe } from "./describe";
import { escapeHtml } from "./escape";
import { proseHtml } from "./prose";
import { sanitizedHtml } from "./sanitize";
import { staticSvg } from "./svg/static-svg";
import type { Block } from "./write-up";

hljs.registerLanguage("typescript", typescript);

/** How a page shows charts (`still`: as pictures, for paper), and the references of its citations. */
export interface BlockContext {
  still: boolean;
  references: readonly Reference[];
}

export function blockHtml(block: Block, { still, references }: BlockContext): string {
  switch (block.kind) {
    case "prose": {
      const markdown = linkedCitations(block.markdown, references, (one) => `#ref-${one.number}`);
      return `<section class="prose">${proseHtml(markdown, block.attachments)}</section>`;
    }
    case "code":
      return `<pre class="code"><code>${highlighted(block.source)}</code></pre>`;
    case "text":
      return `<pre class="output ${block.stream}">${escapeHtml(block.text)}</pre>`;
    case "error":
      return `<pre class="output error">${escapeHtml(block.traceback || `${block.name}: ${block.message}`)}</pre>`;
    case "chart":
      return `<figure>${still || needsMaps(block.figure) ? stillHtml(block.figure) : chartHtml(block.figure)}</figure>`;
    case "picture":
      return `<figure><img alt="" src="data:${block.picture.mime};base64,${block.picture.base64}"></figure>`;
    case "html":
      return `<div class="output table">${sanitizedHtml(block.html)}</div>`;
  }
}

/** Characters of code that are coloured; longer code is plain text. */
const COLOURED_CHARACTERS_MOST = 30_000;
/** The expressions of highlight.js take a time that grows with the square of such runs. */
const LONG_RUN = /[\w$]{200}|\s{200}/;

function highlighted(code: string): string {
  return code.length > COLOURED_CHARACTERS_MOST || LONG_RUN.test(code)
    ? escapeHtml(code)
    : hljs.highlight(code, { language: "typescript" }).value;
}

/** Plotly fetches map backgrounds from the network, which an exported page must not use. */
const needsMaps = (figure: Figure) =>
  figure.data.some((trace) => /geo|choropleth|map(?:box)?$/.test(trace.type) && trace.type !== "heatmap");

const stillHtml = (figure: Figure) =>
  `<img alt="${escapeHtml(describe(figure))}" src="data:image/svg+xml;base64,${Buffer.from(staticSvg(figure)).toString("base64")}">`;
