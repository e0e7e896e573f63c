/** Writes a notebook's write-up into a folder, completely or not at all. */

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sumBy } from "lodash";
import { InputError } from "../base/errors";
import { readOutsideText } from "../base/outside-file";
import { checkOutput } from "../base/write-atomically";
import { printedPdf } from "./chromium";
import type { DataLink } from "./closing-html";
import { dataAppendix, dataUrl } from "./data-appendix";
import { htmlPage } from "./html";
import { markdownOf } from "./markdown";
import { parseNotebook } from "./notebook-file";
import { withAttachments } from "./pdf-attachments";
import { pageWithRecord, recordOf, recordText } from "./record";
import { slidesPage } from "./slides";
import { type WriteUp, writeUpOf } from "./write-up";

export const EXPORT_FORMATS = ["html", "md", "pdf", "slides"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The path of the written page and the SHA-256 of the results it shows. */
export interface Exported {
  path: string;
  resultsSha256: string;
}

/** Limit of a page, which people send to each other. */
export const PAGE_BYTES_MAX = 4_000_000;
/** Larger data goes into files next to the page. */
const EMBEDDED_DATA_BYTES_MAX = 500_000;

/** Exports the executed notebook `file` into the folder `out`. Throws InputError for anything wrong with the input. */
export async function exportNotebook(file: string, format: ExportFormat, out: string): Promise<Exported> {
  return exportNotebookText(readNotebook(file), file, format, out);
}

/** The same for a notebook's JSON, which need not be stored; `file` gives its name in messages and that of the page. */
export async function exportNotebookText(
  json: string,
  file: string,
  format: ExportFormat,
  out: string,
): Promise<Exported> {
  const writeUp = writeUpOf(parseNotebook(json, file), file);
  const stem = basename(file).replace(/\.ipynb$/, "");
  const name = `${stem}.${format === "slides" ? "slides.html" : format}`;
  const data = await dataAppendix(writeUp, stem);
  writeTogether(out, await filesOf(writeUp, stem, name, format, data));
  return { path: join(out, name), resultsSha256: writeUp.resultsSha256 };
}

function readNotebook(file: string): string {
  return readOutsideText(file);
}

type Files = Map<string, string | Uint8Array>;

async function filesOf(
  writeUp: WriteUp,
  stem: string,
  name: string,
  format: ExportFormat,
  data: Map<string, Uint8Array>,
): Promise<Files> {
  if (format === "md") return markdownFiles(writeUp, stem, name, data);
  if (format === "pdf") {
    const links = [...data].map(([file, bytes]): DataLink => ({ name: file, bytes: bytes.length }));
    const printed = await printedPdf(htmlPage(writeUp, links, true));
    const record = recordText(recordOf(writeUp, printed, data));
    const attached = new Map<string, string | Uint8Array>([...data, ["record.json", record]]);
    return new Map([[name, withAttachments(printed, attached)]]);
  }
  const small = sumBy([...data.values()], "length") <= EMBEDDED_DATA_BYTES_MAX;
  const beside = small ? new Map<string, Uint8Array>() : under(`${stem}-files`, data);
  const links = [...data].map(([file, bytes]): DataLink => {
    const href = small ? dataUrl(file, bytes) : encodeURI(`${stem}-files/${file}`);
    return { name: file, href, bytes: bytes.length };
  });
  const page = (format === "slides" ? slidesPage : htmlPage)(writeUp, links);
  const whole = pageWithRecord(writeUp, page, beside);
  if (whole.length > PAGE_BYTES_MAX)
    throw new InputError(
      `${name}: a page must be at most ${PAGE_BYTES_MAX} bytes: got ${whole.length}; show smaller charts, or fewer runs`,
    );
  return new Map<string, string | Uint8Array>([...beside, [name, whole]]);
}

function markdownFiles(writeUp: WriteUp, stem: string, name: string, data: Map<string, Uint8Array>): Files {
  const folder = `${stem}-files`;
  const { text, files } = markdownOf(writeUp, folder, [...data.keys()]);
  const beside: Files = new Map([...files, ...under(folder, data)]);
  const record = recordText(recordOf(writeUp, text, beside));
  return new Map<string, string | Uint8Array>([...beside, [`${folder}/record.json`, record], [name, text]]);
}

const under = (folder: string, files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> =>
  new Map([...files].map(([name, bytes]) => [`${folder}/${name}`, bytes]));

/** Writes everything under temporary names first, then moves it; the page, which needs the other files, comes last. */
function writeTogether(out: string, files: Files): void {
  let scratch: string | undefined;
  try {
    mkdirSync(out, { recursive: true });
    scratch = mkdtempSync(join(out, ".export-"));
    for (const [name, content] of files) {
      checkOutput(join(out, name));
      mkdirSync(dirname(join(scratch, name)), { recursive: true });
      writeFileSync(join(scratch, name), content);
    }
    for (const name of files.keys()) {
      mkdirSync(dirname(join(out, name)), { recursive: true });
      renameSync(join(scratch, name), join(out, name));
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${out}: cannot be written: ${(error as NodeJS.ErrnoException).code ?? error}`);
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}
