/**
 * Reduces the HTML of an output to tables and simple markup (no script, style, form, frame or address), or to plain
 * text.
 */
import sanitizeHtml from "sanitize-html";
import { escapeHtml } from "./escape";

const TAGS = [
  ...["table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"],
  ...["p", "br", "hr", "div", "span", "h1", "h2", "h3", "h4", "pre", "code", "blockquote"],
  ...["b", "i", "em", "strong", "sub", "sup", "small", "s", "u", "ul", "ol", "li", "dl", "dt", "dd"],
  ...["details", "summary", "img"],
];

/** Characters of one output that are read as HTML; a longer one is shown as text. Tables and pictures as data may be long. */
const HTML_CHARACTERS_MOST = 16 * 2 ** 20;
/** Elements within one another; HTML with more is shown as text: what it takes to read it grows with the square of their number. */
const NESTED_MOST = 256;
/** Elements that have no end, or that may leave it out. */
const WITHOUT_END = new Set(
  "area base br col embed hr img input link meta source wbr"
    .split(" ")
    .concat("td th tr thead tbody tfoot li p dd dt option caption colgroup".split(" ")),
);

/** Too long, or too many elements within one another, to be read as HTML. */
function isTooMuch(html: string): boolean {
  if (html.length > HTML_CHARACTERS_MOST) return true;
  let depth = 0;
  for (const [, closing, name] of html.matchAll(/<(\/?)([a-z][a-z0-9]{0,20})/gi)) {
    if (WITHOUT_END.has(name!.toLowerCase())) continue;
    depth = closing === "/" ? Math.max(0, depth - 1) : depth + 1;
    if (depth > NESTED_MOST) return true;
  }
  return false;
}

export function sanitizedHtml(html: string): string {
  if (isTooMuch(html)) return `<pre>${escapeHtml(html)}</pre>`;
  return sanitizeHtml(html, {
    allowedTags: TAGS,
    allowedAttributes: {
      th: ["colspan", "rowspan", "scope", "align"],
      td: ["colspan", "rowspan", "align"],
      img: ["src", "alt", "width", "height"],
    },
    allowedSchemes: [],
    allowedSchemesByTag: { img: ["data"] },
    allowProtocolRelative: false,
    exclusiveFilter: (frame) => frame.tag === "img" && !/^data:image\//i.test(frame.attribs.src ?? ""),
  });
}

/** The text of `html`, with one line per table row. */
export function wordsOf(html: string): string {
  if (isTooMuch(html)) return html;
  const lines = html
    .replace(/<\/(?:td|th)>/gi, " ")
    .replace(/<\/(?:tr|caption|p|div|h[1-6]|li|pre)>|<br\b/gi, "\n$&");
  const text = sanitizeHtml(lines, { allowedTags: [], allowedAttributes: {} });
  const read = text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
  return read
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
}
