/** Writes a notebook's write-up into a folder, whole or not at all. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { InputError } from "../base/errors";
import { htmlPage } from "./html";
import { markdownOf } from "./markdown";
import { parseNotebook } from "./notebook-file";
import { type WriteUp, writeUpOf } from "./write-up";

export const EXPORT_FORMATS = ["html", "md"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What was written: the path of the page and the SHA-256 of the results it shows. */
export interface Exported {
  path: string;
  resultsSha256: string;
}

/** Exports the executed notebook `file` into the folder `out`. Throws InputError for anything wrong with the input. */
export function exportNotebook(file: string, format: ExportFormat, out: string): Exported {
  return exportNotebookText(readNotebook(file), file, format, out);
}

/** The same for a notebook's JSON that need not be stored; `file` names it in messages and names the page. */
export function exportNotebookText(json: string, file: string, format: ExportFormat, out: string): Exported {
  const writeUp = writeUpOf(parseNotebook(json, file), file);
  const stem = basename(file).replace(/\.ipynb$/, "");
  const path = join(out, `${stem}.${format}`);
  writeTogether(out, filesOf(writeUp, stem, format));
  return { path, resultsSha256: writeUp.resultsSha256 };
}

function readNotebook(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new InputError(`${file}: cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function filesOf(writeUp: WriteUp, stem: string, format: ExportFormat): Map<string, string | Uint8Array> {
  if (format === "html") return new Map([[`${stem}.html`, htmlPage(writeUp)]]);
  const { text, files } = markdownOf(writeUp, `${stem}-files`);
  return new Map<string, string | Uint8Array>([...files, [`${stem}.md`, text]]);
}

/** Everything is written beside its place first, and then moved; the page itself, which needs the rest, last. */
function writeTogether(out: string, files: Map<string, string | Uint8Array>): void {
  let scratch: string | undefined;
  try {
    mkdirSync(out, { recursive: true });
    scratch = mkdtempSync(join(out, ".export-"));
    for (const [name, content] of files) {
      mkdirSync(dirname(join(scratch, name)), { recursive: true });
      writeFileSync(join(scratch, name), content);
    }
    for (const name of files.keys()) {
      mkdirSync(dirname(join(out, name)), { recursive: true });
      renameSync(join(scratch, name), join(out, name));
    }
  } catch (error) {
    throw new InputError(`${out}: cannot be written: ${(error as NodeJS.ErrnoException).code ?? error}`);
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}
