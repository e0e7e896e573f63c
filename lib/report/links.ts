/**
 * Links of a write-up that led to files beside the notebook: those to notebooks lead to their pages, those to the documentation of
 * this package to pages that are carried along. On paper, where neither is there, their places are told in words.
 */
import MarkdownIt from "markdown-it";
import type { Block, WriteUp } from "./write-up";

/** What a link becomes: another address, or words behind the text that it had; undefined leaves it as it is. */
export type LinkChange = { href: string } | { words: string } | undefined;

/** Addresses longer than this are left as they are. */
const HREF_MAX = 500;

/** `markdown` with its links as `change` says. Pictures, and addresses in code, stay. */
export function withLinks(markdown: string, change: (href: string) => LinkChange): string {
  let changed = markdown;
  for (const href of hrefsOf(markdown)) {
    const one = change(href);
    if (one === undefined) continue;
    const pattern = new RegExp(`(?<!!)\\[([^\\[\\]]{1,${HREF_MAX}})\\]\\(${escaped(href)}\\)`, "g");
    changed = changed.replace(pattern, (_, text: string) =>
      "href" in one ? `[${text}](${one.href})` : `${text} (${one.words})`,
    );
  }
  return changed;
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** Addresses of the links of `markdown`, each once, as they are written. */
export function hrefsOf(markdown: string): string[] {
  const tokens = new MarkdownIt().parse(markdown, {}).flatMap((token) => token.children ?? []);
  const hrefs = tokens.flatMap((token) =>
    token.type === "link_open" ? [String(token.attrGet("href") ?? "")] : [],
  );
  return [...new Set(hrefs)].filter((href) => href !== "" && href.length <= HREF_MAX);
}

/** The forms in which pages are written. */
type Form = "html" | "md" | "pdf" | "slides";

/** The documentation that a link of a notebook names: `strategies/README.md` of `../docs/strategies/README.md`. */
export function docOf(href: string): { path: string; fragment: string } | undefined {
  const found = /^(?:\.\.\/)+docs\/([\w./-]{1,300}\.md)(#[\w-]{0,200})?$/.exec(href);
  if (found === null || found[1]!.split("/").includes("..")) return undefined;
  return { path: found[1]!, fragment: found[2] ?? "" };
}

/** The notebook that a link names, and its part: `21-arm64-64k-cma`. */
export function notebookOf(href: string): { stem: string; fragment: string } | undefined {
  const found = /^(?:[\w.-]{1,200}\/)*([\w.-]{1,200})\.ipynb(#.{0,200})?$/.exec(href);
  return found === null ? undefined : { stem: found[1]!, fragment: found[2] ?? "" };
}

/** The write-up with links that work where its `form` is read; `has`: whether the package has this page of the documentation. */
export function relinked(writeUp: WriteUp, form: Form, has: (path: string) => boolean): WriteUp {
  const change = (href: string) => changeFor(href, form, has);
  const blocks = writeUp.blocks.map(
    (block): Block =>
      block.kind === "prose" ? { ...block, markdown: withLinks(block.markdown, change) } : block,
  );
  return { ...writeUp, blocks };
}

function changeFor(href: string, form: Form, has: (path: string) => boolean): LinkChange {
  const ending = form === "md" ? "md" : "html";
  const notebook = notebookOf(href);
  if (notebook !== undefined)
    return form === "pdf"
      ? { words: `${notebook.stem}.ipynb` }
      : { href: `${notebook.stem}.${ending}${notebook.fragment}` };
  const doc = docOf(href);
  if (doc === undefined || !has(doc.path)) return undefined;
  if (form === "pdf") return { words: `docs/${doc.path} of pageblock` };
  return { href: `docs/${doc.path.replace(/\.md$/, `.${ending}`)}${doc.fragment}` };
}

/** The pages of the documentation that a notebook's prose names. */
export function docsNamed(writeUp: WriteUp): string[] {
  const prose = writeUp.blocks.flatMap((block) => (block.kind === "prose" ? hrefsOf(block.markdown) : []));
  return [...new Set(prose.flatMap((href) => docOf(href)?.path ?? []))];
}
