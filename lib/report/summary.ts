/**
 * What a write-up found, in its own words: the cells that carry the tag `summary`, or else the computed sentences of
 * its section of findings (of its last section that has any), each cut to its first sentences.
 */
import { findLast } from "lodash";
import type { Block } from "./write-up";

/** `whole`: all of it stands in the summary, and nowhere else. */
export interface Summary {
  markdown: string[];
  whole: boolean;
  /** The heading of the section that it is taken from, in plain text. */
  section?: string | undefined;
  /** Indices of the runs that its computed sentences rest on. */
  runs: number[];
}

const union = (runs: readonly number[]) => [...new Set(runs)].sort((a, b) => a - b);

type Prose = Extract<Block, { kind: "prose" }>;

/** How a heading of a section begins that says what was found. */
const FINDINGS =
  /^(?:\d+[.)]? )?(?:what (?:we|i) found|(?:main |key )?findings|results|conclusions?|summary|in short)\b/i;
const HEADING = /^#{1,6}\s+(?=\S)/;
const ITEMS_MAX = 6;
/** Letters of a finding; a longer one ends with the sentence that passes them. */
const ITEM_LENGTH = 150;
const ENOUGH = 60;

/** The summary of `blocks`, or undefined if nothing in them was computed or tagged. */
export function summaryOf(blocks: readonly Block[]): Summary | undefined {
  const tagged = blocks.filter((block): block is Prose => block.kind === "prose" && block.summary === true);
  if (tagged.length > 0)
    return {
      markdown: tagged.map((block) => block.markdown),
      whole: true,
      runs: union(tagged.flatMap(({ runs = [] }) => runs)),
    };
  const found = findings(blocks);
  if (found === undefined) return undefined;
  const { items, heading, runs } = found;
  return {
    markdown: [items.slice(0, ITEMS_MAX).join("\n")],
    whole: false,
    section: heading,
    runs: union(runs),
  };
}

interface Section {
  heading?: string;
  items: string[];
  /** Indices of the runs that they rest on. */
  runs: number[];
}

/** The section with computed sentences: the last whose heading says that it has findings, or else the last. */
function findings(blocks: readonly Block[]): Section | undefined {
  const sections: Section[] = [{ items: [], runs: [] }];
  for (const block of blocks) {
    if (block.kind !== "prose") continue;
    if (block.computed === true) {
      sections.at(-1)!.items.push(...itemsOf(block.markdown));
      sections.at(-1)!.runs.push(...(block.runs ?? []));
      continue;
    }
    const heading = lastHeading(block.markdown);
    if (heading !== undefined)
      sections.push({ heading: heading.replace(/[*_`]/g, "").trim(), items: [], runs: [] });
  }
  const computed = sections.filter(({ items }) => items.length > 0);
  return findLast(computed, ({ heading }) => FINDINGS.test(heading ?? "")) ?? computed.at(-1);
}

const lastHeading = (markdown: string) =>
  findLast(markdown.split("\n"), (line) => HEADING.test(line))?.replace(HEADING, "");

/** The list items and paragraphs of computed prose, without code and tables, as list items. */
function itemsOf(markdown: string): string[] {
  const paragraphs = markdown
    .replace(/^```[\s\S]*?^```/gm, "")
    .split(/\n\s*\n|\n(?=[-*] )/)
    .map((text) => text.trim())
    .filter((text) => text !== "" && !/^[|>#]/.test(text));
  return paragraphs.map(
    (text) =>
      `- ${lead(
        text
          .replace(/^[-*] /, "")
          .split("\n")
          .map((line) => line.trim())
          .filter(Boolean)
          .join(" "),
      )}`,
  );
}

/** The first sentences of `text`; never cut inside emphasis, code or a link. */
function lead(text: string): string {
  if (text.length <= ITEM_LENGTH) return text;
  let end = 0;
  for (const stop of text.matchAll(/[.?!](?:\*\*|[")])?\s+(?=[\p{Lu}\d*`"[(])/gu)) {
    const upTo = stop.index + stop[0].trimEnd().length;
    if (!isClosed(text.slice(0, upTo))) continue;
    if (upTo > ITEM_LENGTH && saysEnough(text.slice(0, end))) break;
    end = upTo;
    if (end > ITEM_LENGTH) break;
  }
  return saysEnough(text.slice(0, end)) ? text.slice(0, end) : text;
}

/** Not a few words, and not only a headline, whose answer is in the next sentence. */
const saysEnough = (text: string) => text.length >= ENOUGH && !isHeadline(text);

const isHeadline = (text: string) => /^\*\*[^*]*\*\*$/.test(text);

function isClosed(text: string): boolean {
  const count = (mark: string) => text.split(mark).length - 1;
  return (
    count("**") % 2 === 0 && count("`") % 2 === 0 && count("[") === count("]") && count("(") === count(")")
  );
}
