/**
 * What a page shows, as one text that the page can also read from itself once a browser has parsed it: the words, the pictures, links
 * and looks of its elements, where cells, items and paragraphs begin and end, and the JSON of its charts, all in their order. A browser
 * may add elements and change the case of names, so neither is part of it.
 */
import { createHash } from "node:crypto";
import { type PartName, partNames } from "./judged-part";

/** A part of a page that rests on runs: the SHA-256 of its text, and the indices of the runs in the record. */
export interface ShownPart {
  sha256: string;
  runs: number[];
}

/** Marks the element of a part; its value names the indices of the runs. */
export const PART_MARK = "data-computed";
/** Attributes that a reader sees, or follows, or that say how an element looks. */
export const SHOWN_ATTRIBUTES: readonly string[] = [
  ...["src", "srcset", "href", "alt", "title", "style", "class", "hidden", "dir", "start", "value", "open"],
  ...["colspan", "rowspan", "aria-label", PART_MARK],
];
/** Elements whose beginning and end are told: what one holds cannot move into the next. */
export const BOUNDED: ReadonlySet<string> = new Set(["td", "th", "tr", "li", "p"]);
export const BOUNDARY = "\u001f";

/** SHA-256 of a text of a part or a page. */
export const sha256OfShown = (text: string): string => createHash("sha256").update(text).digest("hex");
/** White space of HTML as one blank; none at the ends, where a browser may add, drop or keep it. */
export const withoutSpace = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Elements without an end. */
const VOID = new Set([
  "area",
  "base",
  "br",
  "col",
  "embed",
  "hr",
  "img",
  "input",
  "link",
  "meta",
  "source",
  "wbr",
]);
export const HEADING = /^h[1-6]$/;
export const TABLE_ID = /^table-\d{1,6}$/;
const TAG = /<(\/?)([A-Za-z][A-Za-z0-9]*)(?![A-Za-z0-9])((?:"[^"]*"|'[^']*'|[^<>"'])*)>/g;
const ATTRIBUTE = /([^\s=/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

/** What a page of ours shows, from its title to its record, and every marked part of it. */
export function shownOf(page: string, recordSlot: string): { page: string; parts: ShownPart[] } {
  const { shown, parts } = namedOf(page, recordSlot);
  return { page: shown, parts: parts.map(({ sha256, runs }) => ({ sha256, runs })) };
}

/** The same, with the names of the parts. */
export function namedOf(
  page: string,
  recordSlot: string,
): { shown: string; parts: (ShownPart & { name: string })[] } {
  const shown = shownIn(page.slice(page.indexOf("<title>"), page.indexOf(recordSlot)));
  const names = partNames(shown.parts);
  const parts = shown.parts.map(({ text, mark }, i) => ({
    ...{ sha256: sha256OfShown(text), runs: mark.split(" ").map(Number) },
    name: names[i]!,
  }));
  return { shown: sha256OfShown(shown.page), parts };
}

/** The texts of well-formed HTML: of the whole, and of every marked part. */
function shownIn(html: string): { page: string; parts: (PartName & { text: string; mark: string })[] } {
  const page: string[] = [];
  const parts: (PartName & { text: string[]; mark: string; depth: number })[] = [];
  const open: typeof parts = [];
  let depth = 0;
  let heading = "";
  /** The text of the heading that is being read; null between headings. */
  let headed: string[] | null = null;
  const say = (text: string) => {
    if (text === "") return;
    page.push(text);
    for (const part of open) part.text.push(text);
  };
  let at = 0;
  TAG.lastIndex = 0;
  for (let tag = TAG.exec(html); tag !== null; tag = TAG.exec(html)) {
    const text = decoded(html.slice(at, tag.index));
    headed?.push(text);
    say(withoutSpace(text));
    at = TAG.lastIndex;
    const name = tag[2]!.toLowerCase();
    // The boundary of a part lies outside of it.
    if (tag[1] === "/") {
      depth--;
      while (open.length > 0 && open.at(-1)!.depth > depth) open.pop();
      if (BOUNDED.has(name)) say(BOUNDARY);
      if (HEADING.test(name) && headed !== null) {
        heading = withoutSpace(headed.join(""));
        headed = null;
      }
      continue;
    }
    if (HEADING.test(name)) headed = [];
    if (BOUNDED.has(name)) say(BOUNDARY);
    const attributes = attributesOf(tag[3]!);
    if (!VOID.has(name)) depth++;
    const mark = attributes.get(PART_MARK);
    const id = attributes.get("id") ?? "";
    if (TABLE_ID.test(id)) for (const part of open) part.table ||= id;
    if (mark !== undefined) {
      const classes = attributes.get("class") ?? "";
      const part = { text: [], mark, depth, id, table: "", classes, heading };
      parts.push(part);
      open.push(part);
    }
    for (const [key, value] of attributes)
      if (SHOWN_ATTRIBUTES.includes(key)) say(`[${key}=${withoutSpace(value)}]`);
    if (name !== "script" && name !== "style") continue;
    const end = html.indexOf(`</${name}`, at);
    const raw = html.slice(at, end);
    if (name === "style" || attributes.get("type") === "application/json") say(withoutSpace(raw));
    at = end;
    TAG.lastIndex = end;
  }
  return { page: page.join(""), parts: parts.map((part) => ({ ...part, text: part.text.join("") })) };
}

function attributesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, double, single, bare] of text.matchAll(ATTRIBUTE))
    found.set(name!.toLowerCase(), decoded(double ?? single ?? bare ?? ""));
  return found;
}

const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
};

function decoded(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]{1,6}));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
