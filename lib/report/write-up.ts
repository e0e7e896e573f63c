/** An executed notebook as a list of blocks of plain data, from which HTML and Markdown are made. */
import { stripVTControlCharacters } from "node:util";
import { sha256Of } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { type Figure, isFigure, type Run } from "../chart/figure";
import { numberReferences, type Reference, takeDefinitions } from "./citations";
import { describe } from "./describe";
import type { StoredLive } from "./live/live-figure-html";
import { LIVE_MIME, storedLive } from "./live/stored-live";
import { bundleText, isExecuted, type Notebook, type NotebookOutput } from "./notebook-file";
import { offline } from "./offline-figure";
import { RUNS_MIME } from "./runs";
import { storedResults, unchangedRuns } from "./stored-results";
import { staticSvg } from "./svg/static-svg";

/**
 * `runs`: indices of the write-up's runs that what a block shows was computed from. `tags`: those of its cell, if it has any. `computed`: prose that is the output
 * of a cell that names its runs. `summary`: prose of a cell with this tag.
 */
export type Block = { runs?: readonly number[]; tags?: readonly string[] } & (
  | {
      kind: "prose";
      markdown: string;
      attachments: Record<string, Picture>;
      computed?: true;
      summary?: true;
    }
  | { kind: "code"; source: string }
  | { kind: "text"; text: string; stream: "stdout" | "stderr" | "value" }
  | { kind: "error"; name: string; message: string; traceback: string }
  | { kind: "chart"; figure: Figure }
  /** A figure with knobs, and the answer of its own values. */
  | { kind: "live"; stored: StoredLive }
  | { kind: "picture"; picture: Picture }
  /** `text`: the same in plain text, or empty. */
  | { kind: "html"; html: string; text: string }
);

/** An image: its type and its bytes in base64. */
export interface Picture {
  mime: string;
  base64: string;
}

export interface WriteUp {
  title: string;
  blocks: Block[];
  /** Every run that any output was computed from, once, in order of first use. */
  runs: Run[];
  /** SHA-256 of the canonical JSON of the list of the runs' SHA-256. */
  resultsSha256: string;
  /** SHA-256 of the canonical JSON of the cells' sources. */
  sourceSha256: string;
  /** The kernel's language and its version, as Jupyter recorded them. */
  language: string;
  /** The references of the prose, numbered. */
  references: Reference[];
  /** How to cite it, from the notebook's metadata. */
  citation: Citation;
}

/** Jupyter's `metadata.authors`, and `metadata.pageblock.{year, url, doi}`. */
export interface Citation {
  authors: string[];
  year: string | undefined;
  url: string | undefined;
  doi: string | undefined;
}

/** Throws InputError if nothing has been executed, or if a result no longer has its stored SHA-256. */
export function writeUpOf(notebook: Notebook, file: string): WriteUp {
  if (!isExecuted(notebook))
    throw new InputError(
      `${file}: a write-up must be made of an executed notebook: this one has no outputs (run \`pageblock notebook run\`, or export with --execute)`,
    );
  const blocks: Block[] = [];
  const runs = new Map<string, Run>();
  const defined = new Map<string, string>();
  notebook.cells.forEach((cell, index) => {
    const tagged = cell.metadata?.tags?.includes("summary") ? ({ summary: true } as const) : {};
    if (cell.cell_type === "markdown") {
      const markdown = takeDefinitions(cell.source, defined);
      blocks.push({ kind: "prose", markdown, attachments: attachmentsOf(cell.attachments), ...tagged });
    }
    if (cell.cell_type !== "code") return;
    if (cell.source.trim() !== "") blocks.push({ kind: "code", source: cell.source });
    for (const output of cell.outputs) {
      const place = `${file}: cell ${index + 1}`;
      const stored = storedResults(output, place);
      const rests = stored === undefined ? [] : unchangedRuns(stored, place);
      for (const run of rests) runs.set(run.sha256, run);
      const block = blockOf(output);
      const all = [...runs.keys()];
      if (block !== undefined && rests.length > 0)
        block.runs = [...new Set(rests.map(({ sha256 }) => all.indexOf(sha256)))];
      if (block?.kind === "prose") Object.assign(block, tagged, isComputed(output) ? { computed: true } : {});
      if (block !== undefined && cell.metadata?.tags !== undefined) block.tags = cell.metadata.tags;
      const last = blocks.at(-1);
      if (
        block?.kind === "text" &&
        last?.kind === "text" &&
        block.stream !== "value" &&
        last.stream === block.stream
      )
        last.text += block.text;
      else if (block) blocks.push(block);
    }
  });
  const { authors = [], language_info: language, pageblock: ours } = notebook.metadata;
  const prose = blocks.map((block) => (block.kind === "prose" ? block.markdown : ""));
  return {
    title: titleOf(blocks) ?? file.replace(/^.*[\\/]/, "").replace(/\.ipynb$/, ""),
    blocks,
    runs: [...runs.values()],
    resultsSha256: sha256Of([...runs.keys()]),
    sourceSha256: sha256Of(notebook.cells.map((cell) => [cell.cell_type, cell.source])),
    language: `${language?.name ?? ""} ${language?.version ?? ""}`.trim(),
    references: numberReferences(prose, defined, file),
    citation: {
      authors: authors.map((author) => author.name),
      year: ours?.year,
      url: ours?.url,
      doi: ours?.doi,
    },
  };
}

const isComputed = (output: NotebookOutput) => "data" in output && output.data[RUNS_MIME] !== undefined;

function blockOf(output: NotebookOutput): Block | undefined {
  if (output.output_type === "stream")
    return { kind: "text", text: plain(output.text), stream: output.name === "stderr" ? "stderr" : "stdout" };
  if (output.output_type === "error")
    return {
      kind: "error",
      name: plain(output.ename),
      message: plain(output.evalue),
      traceback: plain(output.traceback.join("\n")),
    };
  return richBlock(output.data);
}

/** The richest part of a bundle that can be shown without running any of its content. */
function richBlock(data: Record<string, unknown>): Block | undefined {
  const live = storedLive(data[LIVE_MIME]);
  if (live !== undefined && isDrawable(live.figure))
    return {
      kind: "live",
      stored: { ...live, sentences: live.sentences.map(plain), figure: offline(live.figure) },
    };
  const figure = data["application/vnd.plotly.v1+json"];
  if (isFigure(figure) && isDrawable(figure))
    return { kind: "chart", figure: offline({ data: figure.data, layout: figure.layout }) };
  for (const mime of ["image/svg+xml", "image/png", "image/jpeg", "image/gif"]) {
    const picture = pictureOf(mime, data[mime]);
    if (picture) return { kind: "picture", picture };
  }
  const html = bundleText(data["text/html"]);
  if (html !== undefined) return { kind: "html", html, text: plain(bundleText(data["text/plain"]) ?? "") };
  const markdown = bundleText(data["text/markdown"]);
  if (markdown !== undefined) return { kind: "prose", markdown, attachments: {} };
  if (data["application/json"] !== undefined)
    return { kind: "text", text: JSON.stringify(data["application/json"], null, 2), stream: "value" };
  const words = bundleText(data["text/plain"]);
  return words === undefined ? undefined : { kind: "text", text: plain(words), stream: "value" };
}

/**
 * False for JSON that only looks like a figure: its picture cannot be drawn, and another form of the output is shown.
 */
function isDrawable(figure: Figure): boolean {
  const traces: unknown[] = figure.data;
  if (!traces.every((trace) => typeof (trace as { type?: unknown } | null)?.type === "string")) return false;
  try {
    describe(figure);
    staticSvg(figure);
    return true;
  } catch {
    return false;
  }
}

function pictureOf(mime: string, value: unknown): Picture | undefined {
  const given = bundleText(value);
  if (given === undefined) return undefined;
  if (mime === "image/svg+xml") return { mime, base64: Buffer.from(given).toString("base64") };
  return { mime, base64: Buffer.from(given, "base64").toString("base64") };
}

function attachmentsOf(
  attachments: Record<string, Record<string, unknown>> | undefined,
): Record<string, Picture> {
  const found: Record<string, Picture> = {};
  for (const [name, bundle] of Object.entries(attachments ?? {}))
    for (const mime of ["image/png", "image/jpeg", "image/gif", "image/svg+xml"]) {
      const picture = pictureOf(mime, bundle[mime]);
      if (picture) found[name] = picture;
    }
  return found;
}

const plain = (text: string) => stripVTControlCharacters(text);

/** The first heading of the prose. */
function titleOf(blocks: Block[]): string | undefined {
  for (const block of blocks) {
    const heading = block.kind === "prose" ? /^#{1,3}[ \t]+(\S.*)$/m.exec(block.markdown)?.[1] : undefined;
    // Signs that close the heading do not belong to it.
    if (heading !== undefined)
      return (heading.replace(/(?<!#)#+$/, "").trimEnd() || heading).replace(/[*_`]/g, "");
  }
  return undefined;
}
