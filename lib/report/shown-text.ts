/**
 * What a page shows, as one text that the page can also read from itself once a browser has parsed it: the words without their white
 * space, the pictures, links and measures of its elements, and the JSON of its charts, all in their order. A browser may add elements
 * and change the case of names, so neither is part of it.
 */
import { createHash } from "node:crypto";

/** A part of a page that rests on runs: the SHA-256 of its text, and the indices of the runs in the record. */
export interface ShownPart {
  sha256: string;
  runs: number[];
}

/** Marks the element of a part; its value names the indices of the runs. */
export const PART_MARK = "data-computed";
/** Attributes that a reader sees, or follows. */
export const SHOWN_ATTRIBUTES = [
  "src",
  "href",
  "alt",
  "title",
  "style",
  "colspan",
  "rowspan",
  PART_MARK,
] as const;

/** SHA-256 of a text of a part or a page. */
export const sha256OfShown = (text: string): string => createHash("sha256").update(text).digest("hex");
/** White space of HTML, which a browser may add, drop or keep. */
export const withoutSpace = (text: string): string => text.replace(/\s+/g, "");

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
const TAG = /<(\/?)([A-Za-z][A-Za-z0-9]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/g;
const ATTRIBUTE = /([^\s=/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

/** What a page of ours shows, from its title to its record, and every marked part of it. */
export function shownOf(page: string, recordSlot: string): { page: string; parts: ShownPart[] } {
  const shown = shownIn(page.slice(page.indexOf("<title>"), page.indexOf(recordSlot)));
  const parts = shown.parts.map(({ text, mark }) => ({
    sha256: sha256OfShown(text),
    runs: mark.split(" ").map(Number),
  }));
  return { page: sha256OfShown(shown.page), parts };
}

/** The texts of well-formed HTML: of the whole, and of every marked part. */
function shownIn(html: string): { page: string; parts: { text: string; mark: string }[] } {
  const page: string[] = [];
  const parts: { text: string[]; mark: string; depth: number }[] = [];
  const open: typeof parts = [];
  let depth = 0;
  const say = (text: string) => {
    if (text === "") return;
    page.push(text);
    for (const part of open) part.text.push(text);
  };
  let at = 0;
  TAG.lastIndex = 0;
  for (let tag = TAG.exec(html); tag !== null; tag = TAG.exec(html)) {
    say(withoutSpace(decoded(html.slice(at, tag.index))));
    at = TAG.lastIndex;
    const name = tag[2]!.toLowerCase();
    if (tag[1] === "/") {
      depth--;
      while (open.length > 0 && open.at(-1)!.depth > depth) open.pop();
      continue;
    }
    const attributes = attributesOf(tag[3]!);
    if (!VOID.has(name)) depth++;
    const mark = attributes.get(PART_MARK);
    if (mark !== undefined) {
      const part = { text: [], mark, depth };
      parts.push(part);
      open.push(part);
    }
    for (const [key, value] of attributes)
      if ((SHOWN_ATTRIBUTES as readonly string[]).includes(key)) say(`[${key}=${withoutSpace(value)}]`);
    if (name !== "script" && name !== "style") continue;
    const end = html.indexOf(`</${name}`, at);
    const raw = html.slice(at, end);
    if (name === "style" || attributes.get("type") === "application/json") say(withoutSpace(raw));
    at = end;
    TAG.lastIndex = end;
  }
  return { page: page.join(""), parts: parts.map(({ text, mark }) => ({ text: text.join(""), mark })) };
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
