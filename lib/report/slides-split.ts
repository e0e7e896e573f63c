/** The blocks of a write-up as slides: one per heading, and no more on one than a screen holds. */
import { chunk, sumBy } from "lodash";
import MarkdownIt from "markdown-it";
import type { Block } from "./write-up";

/** Lines of text that a slide holds, of about so many letters; a chart or picture leaves room for a few. */
const LINES_MAX = 18;
const LETTERS = 80;
const CHART_LINES = 11;
const HEADING_LINES = 3;
/** Rows of a table, besides the names of its columns. */
const ROWS_MAX = 12;

/** The blocks of each slide; prose is split before headings, and what follows a full slide goes to the next. */
export function slidesOf(blocks: readonly Block[]): Block[][] {
  return sectionsOf(blocks).flatMap(screensOf);
}

function sectionsOf(blocks: readonly Block[]): Block[][] {
  const slides: Block[][] = [[]];
  for (const block of blocks) {
    if (block.kind !== "prose") {
      slides.at(-1)!.push(block);
      continue;
    }
    for (const { heading, markdown } of headed(block.markdown)) {
      if (heading && slides.at(-1)!.length > 0) slides.push([]);
      if (markdown.trim() !== "") slides.at(-1)!.push({ ...block, markdown });
    }
  }
  return slides.filter((slide) => slide.length > 0);
}

function headed(markdown: string): { heading: boolean; markdown: string }[] {
  const cuts = new MarkdownIt()
    .parse(markdown, {})
    .filter((token) => token.type === "heading_open" && token.level === 0)
    .map((token) => token.map![0]);
  return cutAt(markdown, cuts).map(({ start, text }) => ({ heading: cuts.includes(start), markdown: text }));
}

function cutAt(markdown: string, cuts: readonly number[]): { start: number; text: string }[] {
  const lines = markdown.split("\n");
  const starts = cuts[0] === 0 ? cuts : [0, ...cuts];
  return starts.map((start, i) => ({ start, text: lines.slice(start, starts[i + 1]).join("\n") }));
}

/** One section as as many slides as it needs. Code is folded and takes no room; it stays with what it made. */
function screensOf(section: readonly Block[]): Block[][] {
  const screens: Block[][] = [[]];
  let used = 0;
  for (const block of section.flatMap(pieces)) {
    const lines = linesOf(block);
    if (used > 0 && lines > 0 && used + lines > LINES_MAX && !isOnlyHeading(screens.at(-1)!)) {
      screens.push(codeAtEnd(screens.at(-1)!));
      used = 0;
    }
    screens.at(-1)!.push(block);
    used += lines;
  }
  return screens.map((screen, i) =>
    i === 0 ? screen : [...titleOf(section, i + 1, screens.length), ...screen],
  );
}

/** The heading of a section again, on a slide that goes on with it. */
function titleOf([first]: readonly Block[], number: number, of: number): Block[] {
  const heading = first?.kind === "prose" ? /^(#{1,6}) (.*)/.exec(first.markdown.trimStart()) : null;
  if (heading === null) return [];
  const level = heading[1] === "#" ? "##" : heading[1]!;
  return [{ kind: "prose", markdown: `${level} ${heading[2]} (${number} of ${of})`, attachments: {} }];
}

/** Takes the code at the end of a slide off it: it makes what comes on the next. */
function codeAtEnd(slide: Block[]): Block[] {
  const last = slide.findIndex((_, i) => slide.slice(i).every((block) => block.kind === "code"));
  return last < 0 ? [] : slide.splice(last);
}

const isOnlyHeading = (slide: readonly Block[]) =>
  slide.every(
    (block) =>
      block.kind === "code" || (block.kind === "prose" && /^#{1,6} .*\n?$/.test(block.markdown.trim())),
  );

/** Prose by its top-level blocks, and lists by their items, joined again as long as a slide holds them. */
function pieces(block: Block): Block[] {
  if (block.kind === "text") return textPieces(block.text).map((text) => ({ ...block, text }));
  if (block.kind === "html") return tablePieces(block.html).map((html) => ({ ...block, html, text: "" }));
  if (block.kind !== "prose" || linesOf(block) <= LINES_MAX) return [block];
  const tokens = new MarkdownIt().parse(block.markdown, {});
  const cuts = tokens
    .filter(
      (token) => token.map && (token.level === 0 || (token.level === 1 && token.type === "list_item_open")),
    )
    .map((token) => token.map![0]);
  const parts = cutAt(
    block.markdown,
    [...new Set(cuts)].sort((a, b) => a - b),
  ).flatMap(({ text }) => longPieces(text));
  return packed(parts).map((markdown) => ({ ...block, markdown }));
}

/** A fenced block or a table that is longer than a slide, as several. */
function longPieces(text: string): string[] {
  const fence = /^(```+)(\w*)\n([\s\S]*)\n\1\s*$/.exec(text);
  if (fence !== null)
    return textPieces(fence[3]!).map((part) => `${fence[1]}${fence[2]}\n${part}\n${fence[1]}\n`);
  const [names, rule, ...rows] = text.trim().split("\n");
  if (!names?.startsWith("|") || !/^\|[-:| ]+$/.test(rule ?? "") || rows.length <= ROWS_MAX) return [text];
  return chunk(rows, ROWS_MAX).map((part) => `${[names, rule, ...part].join("\n")}\n`);
}

const ROW_END = "</tr>";

/** The rows of a table, and where each begins. */
function rowsOf(html: string): { row: string; at: number }[] {
  const found: { row: string; at: number }[] = [];
  for (let from = html.indexOf("<tr"); from >= 0; ) {
    const end = html.indexOf(ROW_END, from);
    if (end < 0) break;
    if (/^<tr\b/.test(html.slice(from, from + 4)))
      found.push({ row: html.slice(from, end + ROW_END.length), at: from });
    from = html.indexOf("<tr", end);
  }
  return found;
}

/** A table of more rows than a slide holds, as several with the same names of columns. */
function tablePieces(html: string): string[] {
  const rows = rowsOf(html);
  if (rows.length <= ROWS_MAX || html.split("<table").length !== 2) return [html];
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const named = !first.row.includes("<td");
  const [before, after] = [html.slice(0, first.at), html.slice(last.at + last.row.length)];
  const [end, notes] = [
    after.slice(0, after.indexOf("</table>") + 8),
    after.slice(after.indexOf("</table>") + 8),
  ];
  const head = named ? `${before}${first.row}` : before;
  // What closes the head of a table stands between its rows.
  const between = named && before.includes("<thead>") ? "</thead><tbody>" : "";
  const parts = chunk(rows.slice(named ? 1 : 0), ROWS_MAX);
  const tables = parts.map((part) => `${head}${between}${part.map(({ row }) => row).join("")}${end}`);
  return notes.trim() === "" ? tables : [...tables, notes];
}

function textPieces(text: string): string[] {
  const lines = text.replace(/\n$/, "").split("\n");
  return chunk(lines, LINES_MAX).map((part) => part.join("\n"));
}

function packed(parts: readonly string[]): string[] {
  const joined: string[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last !== undefined && textLines(last) + textLines(part) <= LINES_MAX)
      joined[joined.length - 1] = `${last}\n${part}`;
    else joined.push(part);
  }
  return joined;
}

function linesOf(block: Block): number {
  switch (block.kind) {
    case "code":
      return 0;
    case "chart":
    case "live":
    case "picture":
      return CHART_LINES;
    case "prose":
      return textLines(block.markdown);
    case "text":
      return printedLines(block.text);
    case "error":
      return printedLines(block.traceback || block.message);
    case "html":
      return printedLines(block.text || block.html.replace(/<\/tr>/g, "\n").replace(/<[^<>]*>/g, ""));
  }
}

/** Lines of printed text, each of which begins anew. */
const printedLines = (text: string) =>
  sumBy(text.trim().split("\n"), (line) => Math.max(1, Math.ceil(line.length / LETTERS)));

/** Lines on a slide, with the room between paragraphs; a heading is as high as several. */
function textLines(text: string): number {
  return sumBy(text.trim().split(/\n\s*\n/), (paragraph) => {
    if (/^#/.test(paragraph)) return HEADING_LINES;
    const kept = /^(?:[|>`]|[-*] |\d+\. | {2,})/m.test(paragraph);
    const lines = kept ? paragraph.split("\n") : [paragraph];
    return 0.5 + sumBy(lines, (line) => Math.max(1, Math.ceil(line.length / LETTERS)));
  });
}
