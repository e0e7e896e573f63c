/**
 * Reduces the HTML of an output to tables and simple markup (no script, style, form, frame or address), or to plain
 * text.
 */
import sanitizeHtml from "sanitize-html";

const TAGS = [
  ...["table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"],
  ...["p", "br", "hr", "div", "span", "h1", "h2", "h3", "h4", "pre", "code", "blockquote"],
  ...["b", "i", "em", "strong", "sub", "sup", "small", "s", "u", "ul", "ol", "li", "dl", "dt", "dd"],
  ...["details", "summary", "img"],
];

export function sanitizedHtml(html: string): string {
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
