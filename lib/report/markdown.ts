/** A write-up as Markdown for code forges, with its pictures as separate files. It contains no HTML. */

import { linkedCitations, type Reference } from "./citations";
import { howToCite } from "./cite-this";
import { describe } from "./describe";
import { ownValues } from "./live/live-figure-html";
import { fenced, safeMarkdown } from "./prose";
import { rerunOf } from "./provenance";
import { wordsOf } from "./sanitize";
import { staticSvg } from "./svg/static-svg";
import type { Block, Picture, WriteUp } from "./write-up";

/** Files by their name relative to the Markdown file. */
export interface MarkdownWriteUp {
  text: string;
  files: Map<string, Uint8Array>;
}

/**
 * `folder` is the name of the folder for pictures, next to the Markdown file; record.json and the `data` files go
 * there too.
 */
export function markdownOf(writeUp: WriteUp, folder: string, data: readonly string[]): MarkdownWriteUp {
  const files = new Map<string, Uint8Array>();
  const add = (extension: string, bytes: Uint8Array): string => {
    const name = `${folder}/${String(files.size + 1).padStart(2, "0")}.${extension}`;
    files.set(name, bytes);
    return encodeURI(name);
  };
  const { references } = writeUp;
  const parts = [
    ...writeUp.blocks.map((block) => blockMarkdown(block, references, add)),
    ...referencesMarkdown(references),
    ...citeMarkdown(writeUp),
    ...dataMarkdown(data, folder),
    ...rerunMarkdown(writeUp, folder),
  ];
  return { text: `${parts.filter((part) => part.trim() !== "").join("\n\n")}\n`, files };
}

const EXTENSIONS: Record<string, string> = {
  "image/svg+xml": "svg",
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
};

function blockMarkdown(
  block: Block,
  references: readonly Reference[],
  add: (extension: string, bytes: Uint8Array) => string,
): string {
  switch (block.kind) {
    case "prose": {
      const cited = linkedCitations(block.markdown, references, () => "#references");
      return safeMarkdown(withAttachments(cited, block.attachments, add));
    }
    case "code":
      return fenced(block.source, "typescript");
    case "text":
      return fenced(block.text);
    case "error":
      return fenced(block.traceback || `${block.name}: ${block.message}`);
    case "chart":
      return `![${altText(describe(block.figure))}](${add("svg", bytesOf(staticSvg(block.figure), "utf8"))})`;
    case "live": {
      const { live, sentences, figure } = block.stored;
      const words = [`**${live.title}** (${ownValues(live)})`, ...sentences].map(safeMarkdown).join("\n\n");
      return `${words}\n\n![${altText(describe(figure))}](${add("svg", bytesOf(staticSvg(figure), "utf8"))})`;
    }
    case "picture":
      return `![](${add(EXTENSIONS[block.picture.mime] ?? "bin", bytesOf(block.picture.base64, "base64"))})`;
    case "html":
      return fenced(block.text || wordsOf(block.html));
  }
}

function withAttachments(
  markdown: string,
  attachments: Record<string, Picture>,
  add: (extension: string, bytes: Uint8Array) => string,
): string {
  return Object.entries(attachments).reduce((text, [name, { mime, base64 }]) => {
    if (!text.includes(`attachment:${name}`)) return text;
    return text.replaceAll(`attachment:${name}`, add(EXTENSIONS[mime] ?? "bin", bytesOf(base64, "base64")));
  }, markdown);
}

const bytesOf = (text: string, encoding: "utf8" | "base64") => Uint8Array.from(Buffer.from(text, encoding));

/** Text that cannot close its brackets and contains no markup. */
const altText = (words: string) => words.replace(/[\\[\]<>*_`!]/g, " ").replace(/\s+/g, " ");

function referencesMarkdown(references: readonly Reference[]): string[] {
  if (references.length === 0) return [];
  const items = references.map(
    ({ number, markdown }) => `${number}. ${safeMarkdown(markdown).replaceAll("\n", "\n   ")}`,
  );
  return ["## References", items.join("\n")];
}

function citeMarkdown(writeUp: WriteUp): string[] {
  const { sentence, bibtex } = howToCite(writeUp);
  return ["## How to cite this", safeMarkdown(sentence), fenced(bibtex, "bibtex")];
}

function dataMarkdown(data: readonly string[], folder: string): string[] {
  if (data.length === 0) return [];
  const links = data.map((name) => `- [${altText(name)}](${encodeURI(`${folder}/${name}`)})`);
  return ["## Data", links.join("\n")];
}

function rerunMarkdown(writeUp: WriteUp, folder: string): string[] {
  const { facts, plans } = rerunOf(writeUp);
  const rows = facts.map(([name, value]) => `| ${name} | ${value.replace(/[|<>`\\\n]/g, " ")} |`);
  const lines = plans.map(({ plan, sha256 }) => `${sha256}  ${plan}`);
  return [
    "## To run this again",
    `Everything above was computed from these plans. The same plan gives the same result, byte for byte, on every computer; the SHA-256 before a plan is that of the plan with its result. \`pageblock verify\` with this file runs them all and compares with [record.json](${encodeURI(`${folder}/record.json`)}).`,
    ["| | |", "|---|---|", ...rows].join("\n"),
    ...(plans.length === 0 ? [] : [fenced(lines.join("\n"))]),
  ];
}
