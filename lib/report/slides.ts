/**
 * A write-up as slides: an HTML page like that of html.ts, with one slide per heading. Keys, touch and #number
 * navigate. Code is folded. Without scripts and on paper, the page shows all slides in sequence.
 */
import MarkdownIt from "markdown-it";
import { slidesScript } from "./assets";
import { blockHtml } from "./block-html";
import { closingSections, type DataLink } from "./closing-html";
import { documentOf, hasCharts, hasKnobs, type PageUse } from "./html";
import { STYLE } from "./style";
import type { Block, WriteUp } from "./write-up";

/** The whole page, with a placeholder for its record. */
export function slidesPage(
  writeUp: WriteUp,
  data: readonly DataLink[],
  { live = false }: PageUse = {},
): string {
  const slides = [
    ...slidesOf(writeUp.blocks).map((blocks) => blocks.map((block) => slideBlock(block, writeUp)).join("\n")),
    ...closingSections(writeUp, data),
  ];
  const body = slides.map((html) => `<section class="slide"><div class="on">${html}</div></section>`);
  return documentOf(writeUp, `${body.join("\n")}\n<footer class="place"></footer>`, {
    charts: hasCharts(writeUp),
    live,
    knobs: live && hasKnobs(writeUp),
    style: STYLE + SLIDES_STYLE,
    script: slidesScript(),
  });
}

function slideBlock(block: Block, { references }: WriteUp): string {
  const html = blockHtml(block, { still: false, references });
  return block.kind === "code" ? `<details class="fold"><summary>code</summary>${html}</details>` : html;
}

/** The blocks of each slide; prose is split before headings. */
export function slidesOf(blocks: readonly Block[]): Block[][] {
  const slides: Block[][] = [[]];
  for (const block of blocks) {
    if (block.kind !== "prose") {
      slides.at(-1)!.push(block);
      continue;
    }
    for (const { heading, markdown } of sectionsOf(block.markdown)) {
      if (heading && slides.at(-1)!.length > 0) slides.push([]);
      if (markdown.trim() !== "") slides.at(-1)!.push({ ...block, markdown });
    }
  }
  return slides.filter((slide) => slide.length > 0);
}

function sectionsOf(markdown: string): { heading: boolean; markdown: string }[] {
  const lines = markdown.split("\n");
  const cuts = new MarkdownIt()
    .parse(markdown, {})
    .filter((token) => token.type === "heading_open" && token.level === 0)
    .map((token) => token.map![0]);
  const starts = cuts[0] === 0 ? cuts : [0, ...cuts];
  return starts.map((start, i) => ({
    heading: cuts.includes(start),
    markdown: lines.slice(start, starts[i + 1]).join("\n"),
  }));
}

const SLIDES_STYLE = `
.slide{padding:2rem 1.25rem}.slide .on{max-width:60rem;margin:0 auto;width:100%}.slide h1,.slide h2,.slide h3{margin-top:0}
.slide h1{font-size:2.4rem}.slide h2{font-size:1.8rem}.slide .rerun{margin-top:0;border:0}
.fold summary{cursor:pointer;color:var(--soft);font:13px system-ui,sans-serif;margin-bottom:.5rem}
.place{display:none}
@media screen{.live body{font-size:1.25rem;overflow:hidden}.live .slide{display:none;height:100vh;overflow-y:auto}.live .slide.shown{display:flex}
.live .slide .on{margin:auto}.live .place{display:block;position:fixed;right:1rem;bottom:.6rem;font:13px system-ui,sans-serif;color:var(--soft)}}
@media print{@page{size:A4 landscape;margin:12mm}.slide{display:block;padding:0;break-after:page}.fold{display:none}}
`;
