/** What a write-up found, and the picture that shows it: from its computed outputs only. */
import type { Figure } from "../../chart/figure";
import type { Block, WriteUp } from "../write-up";

/** Tags of cells that say so where the rules below would choose another. */
const ANSWER_TAG = "answer";
const PICTURE_TAG = "picture";

/**
 * The items of the findings, as Markdown: the lists of the cells tagged `answer`, or else those of the last section that shows computed
 * lists. Empty if there are none.
 */
export function findingsOf({ blocks }: WriteUp): string[] {
  const tagged = blocks.filter((block) => block.tags?.includes(ANSWER_TAG));
  const found = tagged.length > 0 ? tagged : lastComputedSection(blocks);
  return found.flatMap((block) => (isComputed(block) ? itemsOf(block.markdown) : []));
}

type Computed = Block & { kind: "prose" };

const isComputed = (block: Block): block is Computed => block.kind === "prose" && block.runs !== undefined;

function lastComputedSection(blocks: readonly Block[]): Block[] {
  let section: Block[] = [];
  let last: Block[] = [];
  for (const block of blocks) {
    if (block.kind === "prose" && block.runs === undefined && /^#{1,2} /m.test(block.markdown)) section = [];
    section.push(block);
    if (isComputed(block) && itemsOf(block.markdown).length > 0) last = section;
  }
  return last;
}

/** Items of the lists in `markdown` that are not inside other items, each in one line. */
function itemsOf(markdown: string): string[] {
  const items: string[] = [];
  let open = false;
  for (const line of markdown.split("\n")) {
    if (/^[-*] /.test(line)) {
      items.push(line.slice(2).trim());
      open = true;
    } else if (line.trim() === "") open = false;
    else if (open) items.push(`${items.pop()} ${line.trim()}`);
  }
  return items;
}

/**
 * The answer: of one finding its first sentence, with the next one where the first is a verdict in bold; of several the first of each.
 * `chosen`: the numbers of the findings, from 1; those that are not there are left out.
 */
export function answerOf(findings: readonly string[], chosen: readonly number[] = [1]): string {
  const items = chosen.flatMap((number) => findings[number - 1] ?? []);
  if (items.length === 1) return sentences(items[0]!, items[0]!.startsWith("**") ? 2 : 1);
  return items.map((item) => sentences(item, 1)).join(" ");
}

/** The first `count` sentences. A full stop ends one before a blank and a capital, a figure or a mark; a bold lead is one. */
function sentences(item: string, count: number): string {
  let end = 0;
  for (let told = 0; told < count && end < item.length; told++) {
    const bold = /^\*\*[^*]{1,400}\*\*:?/.exec(item.slice(end));
    if (bold !== null && /[.:]\*\*$/.test(bold[0]) && told + 1 < count) {
      end += bold[0].length;
    } else {
      const stop = /[.!?](?:\*\*)?(?=\s+[\p{Lu}\d*_`(])/u.exec(item.slice(end));
      end = stop === null ? item.length : end + stop.index + stop[0].length;
    }
  }
  return item.slice(0, end).trim();
}

/** The chart of a cell tagged `picture`, or the last one; undefined if there is none. */
export function keyChart({ blocks }: WriteUp): Figure | undefined {
  const charts = blocks.filter((block) => block.kind === "chart");
  return (charts.find((block) => block.tags?.includes(PICTURE_TAG)) ?? charts.at(-1))?.figure;
}
