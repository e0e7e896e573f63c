/**
 * The mark of a notebook that `pageblock notebook run` has executed: the SHA-256 of its cells and outputs, in
 * `metadata.pageblock.executed`. It also covers content that no run computes: prose, printed text, tables made by hand.
 */
import { sha256Of } from "../base/canonical-json";
import type { Notebook } from "./notebook-file";
import { type NotebookOutput, parseNotebook } from "./notebook-file";
import { RUNS_MIME, shownSha256 } from "./runs";

/** SHA-256 of cells and outputs, independent of how nbformat wrote their text, without counts and metadata. */
export function executedSha256(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => [
    cell.cell_type,
    cell.source,
    cell.cell_type === "code" ? cell.outputs.map(outputParts) : [],
  ]);
  return sha256Of(cells);
}

function outputParts(output: NotebookOutput): unknown[] {
  switch (output.output_type) {
    case "stream":
      return [output.output_type, output.name, output.text];
    case "error":
      return [output.output_type, output.ename, output.evalue, output.traceback];
    default:
      return [output.output_type, shownSha256(output.data), output.data[RUNS_MIME] ?? null];
  }
}

/** The executed notebook `json`, the content of `file`, with its mark. */
export function marked(json: unknown, file: string): unknown {
  const executed = executedSha256(parseNotebook(JSON.stringify(json), file));
  const { metadata, ...rest } = json as { metadata?: { pageblock?: object } };
  return { ...rest, metadata: { ...metadata, pageblock: { ...metadata?.pageblock, executed } } };
}
