/**
 * A write-up as one HTML page that needs no network. It reads like an article: a summary first, code folded, contents
 * at the side. Charts are interactive (the page contains Plotly once), or static if scripts are off. Its
 * Content-Security-Policy admits only our scripts, by their hash; content from the notebook is text, sanitised tables
 * or pictures.
 */
import { type Article, articleOf, blocksBelow, type CodeState, summaryHtml } from "./article";
import {
  assetFacts,
  knobsHtml,
  liveFacts,
  liveHtml,
  loaderHtml,
  type PageScript,
  pageScript,
} from "./assets";
import { blockHtml } from "./block-html";
import { closingSections, type DataLink } from "./closing-html";
import { contentsHtml } from "./contents-html";
import { escapeHtml } from "./escape";
import { htmlDocument } from "./html-document";
import { packageVersion } from "./provenance";
import { RECORD_SLOT } from "./record";
import { STYLE } from "./style";
import type { WriteUp } from "./write-up";

/**
 * How a page is used: on paper (`still`: charts are pictures and nothing runs), or as one that verifies itself (`live`);
 * and whether its code is folded.
 */
export interface PageUse {
  still?: boolean;
  live?: boolean;
  code?: CodeState;
}

/** The whole page, with a placeholder for its record. */
export function htmlPage(
  writeUp: WriteUp,
  data: readonly DataLink[],
  { still = false, live = false, code = "folded" }: PageUse = {},
): string {
  const context = { still, code, references: writeUp.references };
  const closing = [
    ...(still && code === "folded" ? [codeAtEnd(writeUp)] : []),
    ...closingSections(writeUp, data),
  ];
  const article = articleOf([blocksBelow(writeUp)], closing, context);
  const { title, rest } = withoutTitle(article, writeUp);
  const body = [
    '<a class="skip" href="#text">Skip to the text</a>',
    '<div class="sheet">',
    contentsHtml(article.headings),
    '<main id="text" tabindex="-1">',
    `<header>${title}${bylineHtml(writeUp, still)}</header>`,
    summaryHtml(writeUp, article.headings),
    ...rest,
    "</main>",
    "</div>",
  ];
  return documentOf(writeUp, body.filter(Boolean).join("\n"), {
    charts: !still && hasCharts(writeUp),
    live,
    knobs: live && hasKnobs(writeUp),
    style: STYLE,
    scripts: still ? [] : [pageScript()],
  });
}

const TITLE_END = "</h1>";

/** The title of the page, and everything below it. */
function withoutTitle({ groups, titled }: Article, writeUp: WriteUp): { title: string; rest: string[] } {
  const pieces = groups.flat();
  if (!titled) return { title: `<h1>${escapeHtml(writeUp.title)}</h1>`, rest: pieces };
  let title = "";
  const rest = pieces.map((piece) => {
    const from = title === "" ? piece.indexOf('<h1 id="') : -1;
    const end = from < 0 ? -1 : piece.indexOf(TITLE_END, from);
    if (end < 0) return piece;
    title = piece.slice(from, end + TITLE_END.length);
    return piece.slice(0, from) + piece.slice(end + TITLE_END.length).replace(/^\n/, "");
  });
  return { title, rest };
}

function bylineHtml({ citation, runs, resultsSha256 }: WriteUp, still: boolean): string {
  const who = [citation.authors.join(", "), citation.year ?? ""].filter((part) => part !== "").join(", ");
  const made = `pageblock ${packageVersion()} · ${runs.length} plans · results <code>${resultsSha256.slice(0, 16)}</code>`;
  const button = still
    ? ""
    : '<button type="button" class="all-code" hidden aria-pressed="false">Show all code</button>';
  return `<p class="byline">${who === "" ? "" : `${escapeHtml(who)} · `}${made} ${button}</p>`;
}

/** The code of a page on paper, where nothing can be opened. */
function codeAtEnd({ blocks, references }: WriteUp): string {
  const code = blocks.filter((block) => block.kind === "code");
  if (code.length === 0) return "";
  const html = code.map((block) => blockHtml(block, { still: true, references }, 0));
  return `<section class="rerun"><h2>How this was computed</h2>${html.join("\n")}</section>`;
}

export const hasCharts = (writeUp: WriteUp) =>
  writeUp.blocks.some((block) => block.kind === "chart" || block.kind === "live");

export const hasKnobs = (writeUp: WriteUp) => writeUp.blocks.some((block) => block.kind === "live");

/** The parts of a page besides its body; `scripts` of ours, each with its hash for the policy. */
interface PageParts {
  charts: boolean;
  live: boolean;
  /** Live figures get their controls; needs `live`. */
  knobs: boolean;
  style: string;
  scripts: readonly PageScript[];
}

/** A document around `body`, which is safe HTML. */
export function documentOf(
  writeUp: WriteUp,
  body: string,
  { charts, live, knobs, style, scripts }: PageParts,
): string {
  const { plotly, runtime } = assetFacts();
  const hashes = [
    ...(live ? [liveFacts().csp] : []),
    ...(knobs ? [liveFacts().knobs] : []),
    ...(charts ? [plotly.csp, runtime.csp] : []),
    ...scripts.map(({ csp }) => csp),
  ];
  return htmlDocument({
    title: writeUp.title,
    scripts: [
      `script-src ${hashes.map((hash) => `'${hash}'`).join(" ") || "'none'"}`,
      ...(live ? ["worker-src blob:"] : []),
    ],
    pictures: "data: blob:",
    style,
    body: `${body}
${RECORD_SLOT}
${live ? liveHtml() : ""}${knobs ? knobsHtml() : ""}${charts ? loaderHtml() : ""}
${scripts.map(({ text }) => `<script>${text}</script>`).join("\n")}`,
  });
}
