/** Reads a write-up or an executed notebook for `pageblock verify`: its runs, and its changes since it was made. */
import { dirname, extname, join, normalize, sep } from "node:path";
import { sha256Of } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { readOutside } from "../base/outside-file";
import type { Run } from "../chart/figure";
import { executedSha256 } from "./executed-mark";
import { partsMissing } from "./judged-part";
import { isExecuted, parseNotebook } from "./notebook-file";
import { attachmentsOf } from "./pdf-attachments";
import { parseRecord, RECORD_SLOT, recordOfPage, sha256OfBytes, type WriteUpRecord } from "./record";
import { namedOf } from "./shown-text";
import { storedResults } from "./stored-results";

export interface StoredWriteUp {
  form: "notebook" | "page" | "Markdown" | "PDF";
  /** Each run once, with the cells that contain it, if known. */
  runs: { run: Run; places: string[] }[];
  /** Changes since it was made, one line each. */
  changes: string[];
  /** The parts that were compared with their SHA-256, in words. */
  compared: string[];
  /** Figures, tables and sentences of a page that names them: the indices of `runs` that they rest on. */
  parts: StoredPart[];
}

export interface StoredPart {
  /** As the page calls it (judged-part.ts). */
  name: string;
  runs: number[];
  asMade: boolean;
}

/** Larger files are not write-ups: they come from anybody, and reading one takes three times its size in memory. */
const FILE_BYTES_MAX = 128 * 2 ** 20;

/** Throws InputError that names the file if it is of another type, damaged, or too large. */
export function readStoredWriteUp(file: string): StoredWriteUp {
  const bytes = contentOf(file);
  const stored = storedIn(bytes, file);
  if (stored.runs.length === 0)
    throw new InputError(
      `${file}: there is nothing to verify: no output in it carries a plan with its result`,
    );
  return stored;
}

function storedIn(bytes: Buffer, file: string): StoredWriteUp {
  const extension = extname(file).toLowerCase();
  if (extension === ".ipynb") return fromNotebook(bytes.toString("utf8"), file);
  if (extension === ".md") return fromMarkdown(bytes.toString("utf8"), file);
  if (extension === ".pdf") return fromPdf(bytes, file);
  if (extension === ".html" || extension === ".htm") return fromPage(bytes.toString("utf8"), file);
  throw new InputError(`${file}: must be a notebook (.ipynb) or a write-up (.html, .md, .pdf)`);
}

function contentOf(file: string): Buffer {
  return readOutside(file, { bytes: FILE_BYTES_MAX });
}

function fromNotebook(json: string, file: string): StoredWriteUp {
  const notebook = parseNotebook(json, file);
  if (!isExecuted(notebook))
    throw new InputError(
      `${file}: there is nothing to verify: the notebook is stored without outputs (run it with \`pageblock notebook run ${file} --out <folder>\`)`,
    );
  const runs = new Map<string, StoredWriteUp["runs"][number]>();
  const changes: string[] = [];
  let outputs = 0;
  notebook.cells.forEach((cell, index) => {
    for (const output of cell.cell_type === "code" ? cell.outputs : []) {
      const place = `cell ${index + 1}`;
      const stored = storedResults(output, `${file}: ${place}`);
      if (stored === undefined) continue;
      outputs++;
      if (stored.shown === "changed") changes.push(`${place}: what it shows was changed after it was made`);
      if (stored.shown === "unnamed")
        changes.push(`${place}: what it shows carries no SHA-256: run the notebook again`);
      for (const run of stored.runs) {
        const key = `${run.sha256} ${sha256Of(run)}`;
        const known = runs.get(key) ?? { run, places: [] };
        runs.set(key, known);
        if (known.places.at(-1) !== place) known.places.push(place);
      }
    }
  });
  const mark = notebook.metadata.pageblock?.executed;
  if (mark !== undefined && mark !== executedSha256(notebook))
    changes.push("cells or outputs were changed after `pageblock notebook run` wrote them");
  const compared = [`${outputs} outputs`, ...(mark === undefined ? [] : ["all cells and printed text"])];
  return { form: "notebook", runs: [...runs.values()], changes, compared, parts: [] };
}

function fromPage(html: string, file: string): StoredWriteUp {
  const { record, page } = recordOfPage(html, file);
  return fromRecord(record, "page", page, besideOf(file));
}

function fromMarkdown(text: string, file: string): StoredWriteUp {
  const link = /\]\(([^()\s]+\/record\.json)\)\.\n/.exec(text)?.[1];
  if (link === undefined)
    throw new InputError(
      `${file}: names no record.json: it was not written by \`pageblock export\`, or it was cut off`,
    );
  const path = safePath(file, decoded(link));
  const record = parseRecord(contentOf(path).toString("utf8"), path);
  return fromRecord(record, "Markdown", text, besideOf(file));
}

function fromPdf(bytes: Uint8Array, file: string): StoredWriteUp {
  const { pdf, files } = attachmentsOf(bytes, file);
  const record = files.get("record.json");
  if (record === undefined) throw new InputError(`${file}: no record.json is attached to it`);
  return fromRecord(parseRecord(Buffer.from(record).toString("utf8"), file), "PDF", pdf, (name) =>
    files.get(name),
  );
}

/** The content of a file next to the write-up, or undefined. */
type Beside = (name: string) => Uint8Array | undefined;

function besideOf(file: string): Beside {
  return (name) => {
    const path = safePath(file, name);
    try {
      return contentOf(path);
    } catch {
      return undefined;
    }
  };
}

/** The path of `name` next to `file`; an untrusted record must not name files elsewhere. */
function safePath(file: string, name: string): string {
  const relative = normalize(name);
  const inside = !relative.startsWith("..") && !relative.startsWith(sep) && !/^[a-z]:|^\\|\0/i.test(relative);
  if (!inside) throw new InputError(`${file}: its files must lie beside it: got ${JSON.stringify(name)}`);
  return join(dirname(file), relative);
}

function decoded(link: string): string {
  try {
    return decodeURI(link);
  } catch {
    return link;
  }
}

function fromRecord(
  record: WriteUpRecord,
  form: StoredWriteUp["form"],
  page: string | Uint8Array,
  beside: Beside,
): StoredWriteUp {
  const changes: string[] = [];
  if (sha256OfBytes(page) !== record.page) changes.push(`the ${form} was changed after it was written`);
  for (const [name, sha256] of Object.entries(record.files)) {
    const content = beside(name);
    if (content === undefined) changes.push(`${name} is missing`);
    else if (sha256OfBytes(content) !== sha256) changes.push(`${name} was changed after it was written`);
  }
  if (sha256Of(record.runs.map((run) => run.sha256)) !== record.resultsSha256)
    changes.push("the list of results was changed after it was written");
  const parts = partsIn(record, form, String(page), changes);
  const places: string[][] = record.runs.map(() => []);
  for (const { name, runs } of parts) for (const index of runs) places[index]?.push(name);
  if (parts.some(({ runs }) => runs.some((index) => index >= places.length)))
    changes.push("a part names a run that is not there");
  const files = Object.keys(record.files).length;
  return {
    form,
    runs: record.runs.map((run, index) => ({ run, places: places[index]! })),
    changes,
    compared: [`the ${form}`, ...(files === 0 ? [] : [`${files} files with it`])],
    parts,
  };
}

/** The parts of a page, each compared with the record; what else differs is added to `changes`. */
function partsIn(
  { shown }: WriteUpRecord,
  form: StoredWriteUp["form"],
  page: string,
  changes: string[],
): StoredPart[] {
  if (shown === undefined) return [];
  const here = namedOf(page, RECORD_SLOT);
  if (here.shown !== shown.page) changes.push(`what the ${form} shows was changed after it was written`);
  const missing = Math.abs(here.parts.length - shown.parts.length);
  if (missing > 0) changes.push(partsMissing(missing));
  return shown.parts.slice(0, here.parts.length).map((recorded, i) => {
    const { name, ...now } = here.parts[i]!;
    return { name, runs: recorded.runs, asMade: sha256Of(now) === sha256Of(recorded) };
  });
}
