/** One block of a write-up as HTML: content from the notebook becomes text, sanitised tables or pictures. */
import hljs from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import type { Figure } from "../chart/figure";
import { alternativeText, captionHtml, dataHtml, titlePixels, untitled } from "./captions";
import { chartHtml, pictureHtml } from "./chart-html";
import { linkedCitations, type Reference } from "./citations";
import { escapeHtml } from "./escape";
import { liveFigureHtml, type StoredLive } from "./live/live-figure-html";
import { needsMaps } from "./offline-figure";
import { proseHtml } from "./prose";
import { sanitizedHtml } from "./sanitize";
import { PART_MARK } from "./shown-text";
import { staticSvg } from "./svg/static-svg";
import { unwrapped } from "./unwrapped";
import type { Block } from "./write-up";

hljs.registerLanguage("typescript", typescript);

/** How a page shows charts (`still`: as pictures, for paper), and the references of its citations. */
export interface BlockContext {
  still: boolean;
  references: readonly Reference[];
}

/** `figure`: the number of a chart or picture. */
export function blockHtml(block: Block, context: BlockContext, figure: number): string {
  const html = plainHtml(block, context, figure);
  // The page's own script says there whether the runs give the same again (shown-text.ts).
  return block.runs === undefined ? html : html.replace(/^<\w+/, `$& ${PART_MARK}="${block.runs.join(" ")}"`);
}

function plainHtml(block: Block, { still, references }: BlockContext, figure: number): string {
  switch (block.kind) {
    case "prose": {
      const markdown = linkedCitations(block.markdown, references, (one) => `#ref-${one.number}`);
      return `<section class="prose">${withBoxes(proseHtml(markdown, block.attachments))}</section>`;
    }
    case "code":
      return `<pre class="code" tabindex="0"><code>${highlighted(block.source)}</code></pre>`;
    case "text":
      return pre(`output ${block.stream}`, block.text);
    case "error":
      return pre("output error", block.traceback || `${block.name}: ${block.message}`);
    case "chart":
      return figureHtml(
        figure,
        captionHtml(block.figure, figure),
        chartWithData(block.figure, figure, still),
      );
    case "live":
      return figureHtml(
        figure,
        liveCaption(block.stored, figure),
        liveHtml(block.stored, figure, still),
        "live",
      );
    case "picture":
      return figureHtml(
        figure,
        `<figcaption><b>Figure ${figure}.</b></figcaption>`,
        `<img alt="Picture: figure ${figure}" src="data:${block.picture.mime};base64,${block.picture.base64}">`,
      );
    case "html":
      return `<div class="output">${sanitizedHtml(block.html)}</div>`;
  }
}

const figureHtml = (number: number, caption: string, content: string, kind = "") =>
  `<figure id="figure-${number}"${kind === "" ? "" : ` class="${kind}"`}>${caption}${content}</figure>`;

const liveCaption = ({ live }: StoredLive, number: number) =>
  `<figcaption><b>Figure ${number}.</b> ${escapeHtml(live.title)}</figcaption>`;

function liveHtml(stored: StoredLive, number: number, still: boolean): string {
  const { figure } = stored;
  const svg = staticSvg(figure);
  const words = alternativeText(figure);
  const chart = still || needsMaps(figure) ? pictureHtml(svg, words) : chartHtml(figure, { svg, words });
  const picture = chart + (still ? "" : dataHtml(figure, number));
  return liveFigureHtml(stored, { picture, title: false });
}

function chartWithData(figure: Figure, number: number, still: boolean): string {
  const svg = staticSvg(untitled(figure));
  const words = alternativeText(figure);
  const chart =
    still || needsMaps(figure)
      ? pictureHtml(svg, words)
      : chartHtml(figure, { svg, words, titlePixels: titlePixels(figure) });
  return chart + (still ? "" : dataHtml(figure, number));
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

/** Text as it was printed: in lines as long as the page is wide, unless it is set in columns, which scroll in a box. */
function pre(kind: string, text: string): string {
  if (isInColumns(text)) return `<pre class="${kind} columns" tabindex="0">${escapeHtml(text)}</pre>`;
  return `<pre class="${kind} lines">${linesHtml(unwrapped(text).map(escapeHtml))}</pre>`;
}

const linesHtml = (lines: readonly string[]) => lines.map((line) => `<span>${line}\n</span>`).join("");

/** The same for the code blocks of prose: those in a language keep their lines. */
const withBoxes = (html: string) =>
  html.replace(/<pre><code([^>]*)>([^<]*)<\/code><\/pre>/g, (_all, attributes: string, text: string) => {
    if (isInColumns(text) || !/^(?: class="language-text")?$/.test(attributes))
      return `<pre class="columns" tabindex="0"><code${attributes}>${text}</code></pre>`;
    return `<pre class="lines"><code${attributes}>${linesHtml(unwrapped(text))}</code></pre>`;
  });

/** Lines that stand in columns, or boxes drawn with letters. */
const LINES_LEAST = 3;
function isInColumns(text: string): boolean {
  if (/[│┃├└┌╔║]/.test(text)) return true;
  const lines = text.split("\n").filter((line) => line.trim().split(/ {2,}|\t/).length >= 3);
  return lines.length >= LINES_LEAST;
}
