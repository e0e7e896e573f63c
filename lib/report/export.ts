/** Writes a notebook's write-up into a folder, completely or not at all. */

import { mkdtempSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sumBy } from "lodash";
import { InputError } from "../base/errors";
import { makeFolder } from "../base/make-folder";
import { readOutsideText } from "../base/outside-file";
import { scratchOf } from "../base/scratch";
import { checkOutput, writeError } from "../base/write-atomically";
import type { CodeState } from "./article";
import { printedPdf } from "./chromium";
import type { DataLink } from "./closing-html";
import { dataAppendix, dataUrl } from "./data-appendix";
import { docFiles, hasDoc } from "./docs-pages";
import { htmlPage } from "./html";
import { docsNamed, relinked } from "./links";
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
  /** Why a page that was to verify itself does not; absent otherwise. */
  note?: string;
  resultsSha256: string;
}

/** Limit of a page, which people send to each other. */
export const PAGE_BYTES_MAX = 4_000_000;
/** Larger data goes into files next to the page. */
const EMBEDDED_DATA_BYTES_MAX = 500_000;

/**
 * Where a write-up is written; whether a page has the engine in it, to verify itself (by default if that leaves it small
 * enough); and whether the code of pages and slides is folded (the default) or open.
 */
export interface ExportPlace {
  out: string;
  live?: boolean | "if it fits";
  code?: CodeState;
}

/** Exports the executed notebook `file` into the folder `out`. Throws InputError for anything wrong with the input. */
export async function exportNotebook(
  file: string,
  format: ExportFormat,
  out: string,
  options: Omit<ExportPlace, "out"> = {},
): Promise<Exported> {
  return exportNotebookText(readNotebook(file), file, format, { out, ...options });
}

/** The same for a notebook's JSON, which need not be stored; `file` gives its name in messages and that of the page. */
export async function exportNotebookText(
  json: string,
  file: string,
  format: ExportFormat,
  { out, live = "if it fits", code = "folded" }: ExportPlace,
): Promise<Exported> {
  const made = writeUpOf(parseNotebook(json, file), file);
  const docs = format === "pdf" ? [] : docsNamed(made).filter(hasDoc);
  const writeUp = relinked(made, format, hasDoc);
  const stem = basename(file).replace(/\.ipynb$/, "");
  const name = `${stem}.${format === "slides" ? "slides.html" : format}`;
  const data = await dataAppendix(writeUp, stem);
  const { files, note } = await filesOf({ writeUp, stem, name, data }, format, { live, code });
  // The page comes last.
  const carried = docFiles(docs, format === "md" ? "md" : "html");
  writeTogether(out, new Map([...carried, ...files]));
  const { resultsSha256 } = writeUp;
  return { path: join(out, name), resultsSha256, ...(note !== undefined && { note }) };
}

function readNotebook(file: string): string {
  return readOutsideText(file);
}

type Files = Map<string, string | Uint8Array>;

/** What files are made of. `stem`: the notebook's name; `name`: that of the write-up; `data`: the tables of its results. */
interface Parts {
  writeUp: WriteUp;
  stem: string;
  name: string;
  data: Map<string, Uint8Array>;
}

type Look = Required<Omit<ExportPlace, "out">>;

async function filesOf(
  parts: Parts,
  format: ExportFormat,
  { live, code }: Look,
): Promise<{ files: Files; note?: string }> {
  if (format === "html" || format === "slides") return pageFiles(parts, format, { live, code });
  const { writeUp, stem, name, data } = parts;
  if (format === "md") return { files: markdownFiles(writeUp, stem, name, data) };
  const links = [...data].map(([file, bytes]): DataLink => ({ name: file, bytes: bytes.length }));
  const printed = await printedPdf(htmlPage(writeUp, links, { still: true, code }));
  const record = recordText(recordOf(writeUp, printed, data));
  const attached = new Map<string, string | Uint8Array>([...data, ["record.json", record]]);
  return { files: new Map([[name, withAttachments(printed, attached)]]) };
}

function pageFiles(
  { writeUp, stem, name, data }: Parts,
  format: "html" | "slides",
  { live, code }: Look,
): { files: Files; note?: string } {
  const small = sumBy([...data.values()], "length") <= EMBEDDED_DATA_BYTES_MAX;
  const beside = small ? new Map<string, Uint8Array>() : under(`${stem}-files`, data);
  const links = [...data].map(([file, bytes]): DataLink => {
    const href = small ? dataUrl(file, bytes) : encodeURI(`${stem}-files/${file}`);
    return { name: file, href, bytes: bytes.length };
  });
  const made = (alive: boolean) => {
    const page = (format === "slides" ? slidesPage : htmlPage)(writeUp, links, { live: alive, code });
    return pageWithRecord(writeUp, page, beside, alive);
  };
  // A page without results has nothing to verify.
  const wanted = live !== false && writeUp.runs.length > 0;
  let whole = made(wanted);
  let note: string | undefined;
  if (wanted && live === "if it fits" && whole.length > PAGE_BYTES_MAX) {
    note = `${name}: does not verify itself: with the engine it would have ${whole.length} bytes, more than ${PAGE_BYTES_MAX}`;
    whole = made(false);
  }
  if (whole.length > PAGE_BYTES_MAX)
    throw new InputError(
      `${name}: a page must be at most ${PAGE_BYTES_MAX} bytes: got ${whole.length}; show smaller charts, or fewer runs`,
    );
  const files = new Map<string, string | Uint8Array>([...beside, [name, whole]]);
  return note === undefined ? { files } : { files, note };
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
    makeFolder(out);
    scratch = mkdtempSync(`${scratchOf(join(out, "export"))}-`);
    for (const [name, content] of files) {
      checkOutput(join(out, name));
      makeFolder(dirname(join(scratch, name)));
      writeFileSync(join(scratch, name), content);
    }
    for (const name of files.keys()) {
      makeFolder(dirname(join(out, name)));
      renameSync(join(scratch, name), join(out, name));
    }
  } catch (error) {
    for (const name of files.keys()) removeEmpty(out, dirname(name));
    throw writeError(out, error);
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

/** A folder that was made for files that could not be written. */
function removeEmpty(out: string, folder: string): void {
  try {
    if (folder !== ".") rmdirSync(join(out, folder));
  } catch {
    // It holds files of before, or was never made.
  }
}
