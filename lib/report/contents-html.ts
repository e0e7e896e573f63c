/** The contents of a page: links to its sections. They stand at the side of a wide screen. */
import { escapeHtml } from "./escape";
import type { Heading } from "./outline";

const LEVELS = [2, 3];
/** A page with fewer sections needs no contents. */
const SECTIONS_LEAST = 2;

export function contentsHtml(headings: readonly Heading[]): string {
  const listed = headings.filter(({ level }) => LEVELS.includes(level));
  if (listed.length < SECTIONS_LEAST) return "";
  const items = listed.map(
    ({ level, id, text }) => `<li class="level-${level}"><a href="#${id}">${escapeHtml(text)}</a></li>`,
  );
  return `<nav class="contents" aria-label="Contents"><details open><summary>Contents</summary><ul>${items.join("")}</ul></details></nav>`;
}
