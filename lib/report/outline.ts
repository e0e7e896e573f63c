/**
 * The headings of a page: one h1, no level left out, and a name (`id`) for each, to which the contents link. Works on
 * HTML that this library has made, in which a heading is a tag without attributes.
 */
import { plain } from "./plain-text";

/** A heading as it stands in the page. `text` is plain. */
export interface Heading {
  level: number;
  id: string;
  text: string;
}

export interface Outlined {
  /** The pieces with named headings. */
  pieces: string[];
  headings: Heading[];
}

/** Names that a page uses for something else. */
const RESERVED = ["text", "code", "in-short", "contents"];
const HEADING = /<h([1-6])>([\s\S]*?)<\/h\1>/g;
/** The lowest level that may be the title of a page. */
const TITLE_LEVEL_MAX = 3;
const NAME_LENGTH_MAX = 60;

/**
 * Gives the headings of `pieces`, which follow each other on a page, their levels and names. The first heading becomes
 * the title if it is in the first `own` pieces and of a high level; otherwise all headings are below a title to come.
 */
export function outlined(pieces: readonly string[], own = pieces.length): Outlined {
  const levels = pieces.map((piece) => [...piece.matchAll(HEADING)].map((found) => Number(found[1])));
  const placed = placedLevels(
    levels.flat(),
    levels.slice(0, own).some((found) => found.length > 0),
  );
  const taken = new Set(RESERVED);
  const headings: Heading[] = [];
  const named = pieces.map((piece) =>
    piece.replace(HEADING, (_all, _level: string, html: string) => {
      const text = plain(html).replace(/&#(\d+);|&quot;/g, (_e, code) => String.fromCharCode(code ?? 34));
      const heading = { level: placed[headings.length]!, id: nameOf(text, taken), text };
      headings.push(heading);
      return `<h${heading.level} id="${heading.id}">${html}</h${heading.level}>`;
    }),
  );
  return { pieces: named, headings };
}

/** True if the first of the headings is the title of the page. */
export const hasTitle = ({ headings }: Outlined) => headings[0]?.level === 1;

function placedLevels(levels: readonly number[], own: boolean): number[] {
  const titled = own && levels[0]! <= TITLE_LEVEL_MAX;
  const rest = titled ? levels.slice(1) : levels;
  const shift = rest.includes(1) ? 1 : 0;
  let last = 1;
  const below = rest.map((level) => {
    last = Math.max(2, Math.min(6, level + shift, last + 1));
    return last;
  });
  return titled ? [1, ...below] : below;
}

/** A name made of the letters and digits of `text` that `taken` does not hold yet; it is added. */
function nameOf(text: string, taken: Set<string>): string {
  const words = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .slice(0, NAME_LENGTH_MAX)
    .replace(/^-+|-+$/g, "");
  const name =
    /^\p{L}/u.test(words) && !/^(?:ref|figure|table)-\d+$/.test(words) ? words : `section-${words}`;
  let free = name;
  for (let times = 2; taken.has(free); times++) free = `${name}-${times}`;
  taken.add(free);
  return free;
}
