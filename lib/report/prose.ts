/** Prose of a notebook into HTML: CommonMark and tables; HTML in it is text; nothing is ever fetched. */

import MarkdownIt from "markdown-it";
import { largestOf } from "../base/extremes";
import { escapeHtml } from "./escape";
import type { Picture } from "./write-up";

/** Characters of one cell that are read as Markdown; a longer one is shown as it is. Pictures as data are long. */
const PROSE_CHARACTERS_MOST = 2 ** 18;

/** Too long to be read as Markdown, without the data of pictures: these are one word each. */
function isTooLong(markdown: string): boolean {
  if (markdown.length <= PROSE_CHARACTERS_MOST) return false;
  return markdown.replace(/;base64,[A-Za-z0-9+/=]*/g, "").length > PROSE_CHARACTERS_MOST;
}

/**
 * HTML of `markdown`. Pictures are those attached or written as data; any other picture becomes a link to it. What is too long is
 * plain text.
 */
export function proseHtml(markdown: string, attachments: Record<string, Picture> = {}): string {
  if (isTooLong(markdown)) return `<pre>${escapeHtml(markdown)}</pre>`;
  const md = new MarkdownIt({ html: false, linkify: false, typographer: false });
  md.validateLink = isSafeLink;
  md.renderer.rules.image = (tokens, at) => {
    const token = tokens[at]!;
    const source = String(token.attrGet("src") ?? "");
    const words = escapeHtml(token.content);
    const name = decodedName(source.replace(/^attachment:/, ""));
    const attached = Object.hasOwn(attachments, name) ? attachments[name] : undefined;
    if (attached) return `<img alt="${words}" src="data:${attached.mime};base64,${attached.base64}">`;
    if (/^data:image\//i.test(source)) return `<img alt="${words}" src="${escapeHtml(source)}">`;
    return `<a href="${escapeHtml(source)}">${words || escapeHtml(source)}</a>`;
  };
  return md.render(markdown);
}

/** A name as a link writes it; one with a bad percent sign is taken as it stands. */
function decodedName(name: string): string {
  try {
    return decodeURI(name);
  } catch {
    return name;
  }
}

/**
 * `markdown` made safe to stand in a Markdown file: the same prose when it holds no HTML and no link that runs
 * something, else with its HTML escaped, else as quoted text.
 */
export function safeMarkdown(markdown: string): string {
  if (isTooLong(markdown)) return fenced(markdown);
  if (isInert(markdown)) return markdown;
  const escaped = markdown.replace(/<(?=[a-z/!?])/gi, "&lt;");
  return isInert(escaped) ? escaped : fenced(markdown);
}

/** `text` as a code block whose fence no line of it can close. */
export function fenced(text: string, language = "text"): string {
  const longest = largestOf([2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length)]);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`;
}

const SCHEMES = /^(?:https?|mailto):/i;
const DATA_PICTURE = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml)[;,]/i;

/** Links to pages, places on this page and relative files; pictures as data. */
function isSafeLink(url: string): boolean {
  const bare = [...url].filter((c) => c > " ").join("");
  return (
    !/^[a-z][a-z0-9+.-]*:/i.test(bare) ||
    SCHEMES.test(bare) ||
    DATA_PICTURE.test(bare) ||
    /^attachment:/i.test(bare)
  );
}

function isInert(markdown: string): boolean {
  const md = new MarkdownIt({ html: true });
  md.validateLink = () => true;
  const tokens = md.parse(markdown, {}).flatMap((token) => [token, ...(token.children ?? [])]);
  return tokens.every((token) => {
    if (token.type === "html_block" || token.type === "html_inline") return false;
    const link = token.attrGet("href") ?? token.attrGet("src");
    return link === null || isSafeLink(String(link));
  });
}
