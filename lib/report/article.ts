/**
 * The body of a page or of slides: the parts of a write-up as HTML, with named headings, numbered figures and tables,
 * and code folded.
 */
import { findLast } from "lodash";
import { type BlockContext, blockHtml } from "./block-html";
import { linkedCitations } from "./citations";
import { escapeHtml } from "./escape";
import { type Heading, hasTitle, outlined } from "./outline";
import { type Part, partsOf } from "./parts";
import { proseHtml } from "./prose";
import { PART_MARK } from "./shown-text";
import { summaryOf } from "./summary";
import { captioned } from "./table-captions";
import type { Block, WriteUp } from "./write-up";

/** Whether the code of a page is open or folded when the page is opened. */
export const CODE_STATES = ["folded", "open"] as const;
export type CodeState = (typeof CODE_STATES)[number];

export interface ArticleContext extends BlockContext {
  code: CodeState;
}

export interface Article {
  /** The HTML of each group: a text for each of its parts. */
  groups: string[][];
  headings: Heading[];
  /** False if no heading of the blocks is the title. */
  titled: boolean;
}

/** `groups` of blocks (a page has one, slides have many) and the sections at the end, each of which is a group. */
export function articleOf(
  groups: readonly (readonly Block[])[],
  closing: readonly string[],
  context: ArticleContext,
): Article {
  const parts = groups.map((blocks) => partsOf(blocks, context.code === "open"));
  const own = partsHtml(parts.flat(), context);
  const outline = outlined([...own, ...closing], own.length);
  const pieces = captioned(outline.pieces);
  const lengths = [...parts.map((group) => group.length), ...closing.map(() => 1)];
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
  return {
    groups: lengths.map((length, i) => pieces.slice(starts[i], starts[i]! + length)),
    headings: outline.headings,
    titled: hasTitle(outline),
  };
}

const FIGURES = new Set<Block["kind"]>(["chart", "live", "picture"]);

function partsHtml(parts: readonly Part[], context: ArticleContext): string[] {
  let figures = 0;
  return parts.map((part) => {
    if (part.kind === "how") return foldedHtml(part.blocks, context);
    if (FIGURES.has(part.block.kind)) figures++;
    return blockHtml(part.block, context, figures);
  });
}

/** On paper nothing can be opened: there the code follows at the end (html.ts). */
function foldedHtml(blocks: readonly Block[], context: ArticleContext): string {
  const html = blocks.map((block) => blockHtml(block, context, 0)).join("\n");
  if (context.still) return context.code === "open" ? html : "";
  const open = context.code === "open" ? " open" : "";
  return `<details class="how"${open}><summary>How this was computed</summary>${html}</details>`;
}

/**
 * The summary of `writeUp` as a section, or nothing. `headings` of the page: one of them has the name of the section
 * that says it at length.
 */
export function summaryHtml(writeUp: WriteUp, headings: readonly Heading[]): string {
  const summary = summaryOf(writeUp.blocks);
  if (summary === undefined) return "";
  const markdown = summary.markdown.join("\n\n");
  const html = proseHtml(linkedCitations(markdown, writeUp.references, (one) => `#ref-${one.number}`));
  const lower = html.replace(/<(\/?)h[1-6]>/g, "<$1h3>");
  const section = findLast(headings, ({ text }) => text === summary.section);
  const more =
    section === undefined
      ? ""
      : `<p class="more"><a href="#${section.id}">${escapeHtml(section.text)}</a>, at length</p>`;
  // What a summary shortens rests on the same runs.
  const mark = summary.runs.length === 0 ? "" : ` ${PART_MARK}="${summary.runs.join(" ")}"`;
  return `<section class="summary"${mark} aria-labelledby="in-short"><h2 id="in-short">In short</h2>${lower}${more}</section>`;
}

/** The blocks of `writeUp` that are not shown in its summary. */
export function blocksBelow({ blocks }: WriteUp): Block[] {
  return summaryOf(blocks)?.whole ? blocks.filter((block) => !("summary" in block)) : blocks;
}
