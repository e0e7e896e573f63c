/**
 * A write-up as slides: an HTML page like that of html.ts, with one slide per heading. Keys, touch and #number
 * navigate. Code is folded. Without scripts and on paper, the page shows all slides in sequence.
 */
import { articleOf, blocksBelow, summaryHtml } from "./article";
import { slidesScript } from "./assets";
import { closingSections, type DataLink } from "./closing-html";
import { escapeHtml } from "./escape";
import { documentOf, hasCharts, hasKnobs, type PageUse } from "./html";
import { slidesOf } from "./slides-split";
import { STYLE } from "./style";
import type { WriteUp } from "./write-up";

/** The whole page, with a placeholder for its record. */
export function slidesPage(
  writeUp: WriteUp,
  data: readonly DataLink[],
  { live = false, code = "folded" }: PageUse = {},
): string {
  const context = { still: false, code, references: writeUp.references };
  const article = articleOf(slidesOf(blocksBelow(writeUp)), closingSections(writeUp, data), context);
  const slides = article.groups.map((pieces) => pieces.join("\n"));
  if (!article.titled) slides.unshift(`<h1>${escapeHtml(writeUp.title)}</h1>`);
  const summary = summaryHtml(writeUp, article.headings);
  if (summary !== "") slides.splice(1, 0, summary);
  const body = slides.map(
    (html, i) =>
      `<section class="slide" aria-label="Slide ${i + 1} of ${slides.length}"><div class="on">${html}</div></section>`,
  );
  return documentOf(writeUp, `<main>\n${body.join("\n")}\n</main>\n${PLACE}`, {
    charts: hasCharts(writeUp),
    live,
    knobs: live && hasKnobs(writeUp),
    style: STYLE + SLIDES_STYLE,
    scripts: [slidesScript()],
  });
}

/** Where the reader is, and the way on for those without a keyboard; shown by the script. */
const PLACE = `<footer class="place"><button type="button" class="back" aria-label="Previous slide">‹</button>
<span class="at" aria-live="polite"></span>
<button type="button" class="on" aria-label="Next slide">›</button></footer>`;

const SLIDES_STYLE = `
.slide{padding:2rem 1.25rem}.slide>.on{max-width:64rem;margin:0 auto;width:100%}.slide h1,.slide h2,.slide h3{margin-top:0}
.slide h1{font-size:1.9em}.slide h2{font-size:1.45em}.slide .rerun{margin-top:0;border:0}.slide .summary{margin:0}
.slide figure{margin:.6em 0}.slide .prose>:not(pre){max-width:none}.slide details{margin:0 0 .4em}
.place{display:none}
@media screen{.live body{font-size:1.25rem;overflow:hidden}.live .slide{display:none;height:calc(100vh - 2.2rem);height:calc(100dvh - 2.2rem);overflow-y:auto;padding:1.2rem 1.5rem .8rem}.live .slide.shown{display:flex}
.live .slide img{max-height:var(--picture,none)}.live .slide>.on{margin:auto;min-width:0}.live .slide pre,.live .slide table,.live .slide .rerun{font-size:.75em}
.live .slide .pageblock-controls{font-size:.8em;gap:.1rem 1rem;padding:.4rem .6rem;margin-bottom:.4rem;max-width:none;grid-template-columns:repeat(auto-fit,minmax(min(9rem,100%),1fr))}
.live .slide .pageblock-controls :is(input,select){min-height:1.5rem}.live .slide .pageblock-controls .pageblock-row{min-height:0}.live .slide .pageblock-knobs{margin:0}
.live .place{display:block;position:fixed;right:0;left:0;bottom:0;height:2.2rem;padding:.25rem .8rem;text-align:right;background:var(--paper);font:13px system-ui,sans-serif;color:var(--soft)}.place button{padding:0 .6em}}
@media print{@page{size:A4 landscape;margin:12mm}.slide{display:block;padding:0;break-after:page}.slide:last-child{break-after:auto}.place{display:none}.slide img{max-height:120mm;width:auto}}
`;
