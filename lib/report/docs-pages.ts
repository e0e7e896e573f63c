/** Pages of the package's documentation, carried along with write-ups that name them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { makeFolder } from "../base/make-folder";
import { writeAtomically } from "../base/write-atomically";
import { escapeHtml } from "./escape";
import { type LinkChange, notebookOf, withLinks } from "./links";
import { proseHtml } from "./prose";
import { sitePage } from "./site-page";
import type { Picture } from "./write-up";

/** From the built library and, when sources are run directly, from the tree. */
const DOCS = join(__dirname, "../../docs");

/** True if the package has this page: a path below docs/. */
export const hasDoc = (path: string): boolean => existsSync(join(DOCS, path));

/** Every page below docs/. */
export const allDocs = (): string[] =>
  readdirSync(DOCS, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".md"))
    .sort();

/**
 * The files of `paths` below a folder of write-ups: `docs/strategies/README.html`, or `.md`. Links among them work; other files of the
 * package are told by their place.
 */
export function docFiles(paths: readonly string[], form: "html" | "md"): Map<string, string> {
  const carried = new Set(paths);
  return new Map(
    paths.map((path) => {
      const text = withLinks(
        readFileSync(join(DOCS, path), "utf8").replace(/^<!-- [a-z ]{1,80} -->\n/gm, ""),
        (href) => changeIn(path, href, carried, form),
      );
      return [
        `docs/${path.replace(/\.md$/, `.${form}`)}`,
        form === "html" ? pageOf(path, text) : withoutPictures(text),
      ];
    }),
  );
}

/** Writes every page of the documentation into `folder`. */
export function writeDocs(folder: string): void {
  for (const [name, text] of docFiles(allDocs(), "html")) {
    makeFolder(dirname(join(folder, name)));
    writeAtomically(join(folder, name), text);
  }
}

function changeIn(path: string, href: string, carried: ReadonlySet<string>, form: "html" | "md"): LinkChange {
  if (/^[a-z][a-z0-9+.-]*:|^#/i.test(href)) return undefined;
  const [file = "", fragment] = href.split("#", 2);
  const part = fragment === undefined ? "" : `#${fragment}`;
  const target = posix.normalize(posix.join("docs", posix.dirname(path), decoded(file)));
  const notebook = notebookOf(target);
  const up = "../".repeat(path.split("/").length);
  if (notebook !== undefined && target.startsWith("notebooks/"))
    return { href: `${up}${notebook.stem}.${form}${part}` };
  if (target.startsWith("docs/") && carried.has(target.slice("docs/".length)))
    return { href: `${file.replace(/\.md$/, `.${form}`)}${part}` };
  return { words: `${target} of pageblock` };
}

function decoded(name: string): string {
  try {
    return decodeURI(name);
  } catch {
    return name;
  }
}

/** Pictures below docs/ go into the page. */
function picturesOf(path: string, markdown: string): Record<string, Picture> {
  const pictures: Record<string, Picture> = {};
  for (const [, source] of markdown.matchAll(/!\[[^\]]{0,300}\]\(([\w./-]{1,300}\.svg)\)/g)) {
    const file = posix.normalize(posix.join(posix.dirname(path), source!));
    if (file.startsWith("..") || !existsSync(join(DOCS, file))) continue;
    const base64 = readFileSync(join(DOCS, file)).toString("base64");
    pictures[source!] = { mime: "image/svg+xml", base64 };
  }
  return pictures;
}

/** Markdown carried along has no pictures beside it. */
const withoutPictures = (markdown: string) =>
  markdown.replace(/!\[([^\]]{0,300})\]\([\w./-]{1,300}\.svg\)/g, "$1");

function pageOf(path: string, markdown: string): string {
  const title = /^#\s+(.+)$/m.exec(markdown)?.[1]?.replace(/[*_`]/g, "") ?? path;
  const body = withAnchors(withIds(proseHtml(markdown, picturesOf(path, markdown))));
  return sitePage({ title, style: ".sheet{max-width:50rem}", body: `<div class="prose">\n${body}\n</div>` });
}

/** Places that the reference names with empty anchors: HTML in Markdown is text otherwise. */
const withAnchors = (html: string) =>
  html.replace(/&lt;a id=&quot;([\w-]{1,100})&quot;&gt;&lt;\/a&gt;/g, '<a id="$1"></a>');

/** Headings get the ids that links of the documentation name: those that code forges make, counted where words are the same. */
function withIds(html: string): string {
  const met = new Map<string, number>();
  return html.replace(/<h([1-6])>(.*?)<\/h\1>/g, (_, level: string, inner: string) => {
    const words = inner
      .replace(/<[^>]{1,200}>/g, "")
      .replace(/&\w{1,8};/g, "")
      .toLowerCase();
    const id = words.replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
    const before = met.get(id) ?? 0;
    met.set(id, before + 1);
    return `<h${level} id="${escapeHtml(before === 0 ? id : `${id}-${before}`)}">${inner}</h${level}>`;
  });
}
