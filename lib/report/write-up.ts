/** An executed notebook as a list of blocks, in which everything is plain data: what HTML and Markdown are made of. */
import { stripVTControlCharacters } from "node:util";
import { sha256Of } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { type Figure, isFigure, type Run } from "../chart/figure";
import { bundleText, isExecuted, type Notebook, type NotebookOutput } from "./notebook-file";
import { RUNS_MIME } from "./runs";

export type Block =
  | { kind: "prose"; markdown: string; attachments: Record<string, Picture> }
  | { kind: "code"; source: string }
  | { kind: "text"; text: string; stream: "stdout" | "stderr" | "value" }
  | { kind: "error"; name: string; message: string; traceback: string }
  | { kind: "chart"; figure: Figure }
  | { kind: "picture"; picture: Picture }
  | { kind: "html"; html: string };

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
}

/** Throws InputError when nothing has been executed, or when a result no longer has the SHA-256 it carries. */
export function writeUpOf(notebook: Notebook, file: string): WriteUp {
  if (!isExecuted(notebook))
    throw new InputError(
      `${file}: a write-up must be made of an executed notebook: this one has no outputs (run \`pageblock notebook run\`, or export with --execute)`,
    );
  const blocks: Block[] = [];
  const runs = new Map<string, Run>();
  notebook.cells.forEach((cell, index) => {
    if (cell.cell_type === "markdown")
      blocks.push({ kind: "prose", markdown: cell.source, attachments: attachmentsOf(cell.attachments) });
    if (cell.cell_type !== "code") return;
    if (cell.source.trim() !== "") blocks.push({ kind: "code", source: cell.source });
    for (const output of cell.outputs) {
      const block = blockOf(output);
      const last = blocks.at(-1);
      if (
        block?.kind === "text" &&
        last?.kind === "text" &&
        block.stream !== "value" &&
        last.stream === block.stream
      )
        last.text += block.text;
      else if (block) blocks.push(block);
      for (const run of runsOf(output, `${file}: cell ${index + 1}`)) runs.set(run.sha256, run);
    }
  });
  const { name = "", version = "" } = notebook.metadata.language_info ?? {};
  return {
    title: titleOf(blocks) ?? file.replace(/^.*[\\/]/, "").replace(/\.ipynb$/, ""),
    blocks,
    runs: [...runs.values()],
    resultsSha256: sha256Of([...runs.keys()]),
    sourceSha256: sha256Of(notebook.cells.map((cell) => [cell.cell_type, cell.source])),
    language: `${name} ${version}`.trim(),
  };
}

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

/** The richest part of a bundle that can be shown without running anything that came with it. */
function richBlock(data: Record<string, unknown>): Block | undefined {
  const figure = data["application/vnd.plotly.v1+json"];
  if (isFigure(figure))
    return { kind: "chart", figure: offline({ data: figure.data, layout: figure.layout }) };
  for (const mime of ["image/svg+xml", "image/png", "image/jpeg", "image/gif"]) {
    const picture = pictureOf(mime, data[mime]);
    if (picture) return { kind: "picture", picture };
  }
  const html = bundleText(data["text/html"]);
  if (html !== undefined) return { kind: "html", html };
  const markdown = bundleText(data["text/markdown"]);
  if (markdown !== undefined) return { kind: "prose", markdown, attachments: {} };
  if (data["application/json"] !== undefined)
    return { kind: "text", text: JSON.stringify(data["application/json"], null, 2), stream: "value" };
  const words = bundleText(data["text/plain"]);
  return words === undefined ? undefined : { kind: "text", text: plain(words), stream: "value" };
}

/** The figure without pictures, styles and tiles that Plotly would fetch. */
function offline(figure: Figure): Figure {
  const far = (key: string, value: unknown) =>
    (key === "source" || key === "style" || key === "topojsonURL") &&
    typeof value === "string" &&
    /^\s*(?:[a-z+.-]+:)?\/\//i.test(value);
  return JSON.parse(JSON.stringify(figure, (key, value) => (far(key, value) ? undefined : value)));
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

function runsOf(output: NotebookOutput, place: string): Run[] {
  if (output.output_type !== "display_data" && output.output_type !== "execute_result") return [];
  const runs = (output.data[RUNS_MIME] as { runs?: unknown } | undefined)?.runs;
  if (runs === undefined) return [];
  if (!Array.isArray(runs))
    throw new InputError(`${place}: ${RUNS_MIME}: runs must be a list: got ${typeof runs}`);
  return runs.map((run: Partial<Run> | null) => {
    const { plan = null, result = null, sha256 = "" } = run ?? {};
    const now = sha256Of({ plan, result });
    if (now !== sha256)
      throw new InputError(
        `${place}: a result must have the SHA-256 it was stored with: it has ${now}, stored was ${JSON.stringify(sha256)}; run the notebook again`,
      );
    return { plan, result, sha256 };
  });
}

const plain = (text: string) => stripVTControlCharacters(text);

/** The first heading of the prose. */
function titleOf(blocks: Block[]): string | undefined {
  for (const block of blocks) {
    const heading = block.kind === "prose" ? /^#{1,3}\s+(.+?)\s*#*$/m.exec(block.markdown) : null;
    if (heading) return heading[1]!.replace(/[*_`]/g, "");
  }
  return undefined;
}
