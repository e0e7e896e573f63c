/** The record of a page as its own script reads it. It may have been written by anybody. */
import { InputError } from "../base/errors";
import type { Run } from "../chart/figure";
import { safeJson } from "../report/safe-json";
import type { ShownPart } from "../report/shown-text";
import { storedRun } from "../report/stored-results";
import { isObject } from "../schema/check";

export interface PageRecord {
  runs: Run[];
  /** What the page shows, in its order, with the indices of the runs it rests on. */
  parts: ShownPart[];
  /** SHA-256 of all that the page shows. */
  page: string;
  /** SHA-256 of the list of the SHA-256 of the runs. */
  results: string;
  /** Names of files beside the page, which a page cannot read. */
  files: string[];
}

const SHA256 = /^[0-9a-f]{64}$/;
const PARTS_MOST = 100_000;

/** Throws InputError for a text that is no record of a page that can verify itself. */
export function readPageRecord(text: string): PageRecord {
  const record = safeJson(text, "this page", "the record of a write-up");
  const shown = isObject(record) ? record.shown : undefined;
  if (!isObject(record) || !Array.isArray(record.runs) || !isObject(shown) || !Array.isArray(shown.parts))
    throw refused("must have runs and what is shown");
  if (shown.parts.length > PARTS_MOST)
    throw refused(`must have at most ${PARTS_MOST} parts: got ${shown.parts.length}`);
  const runs = record.runs.map((run, i) => storedRun(run, `this page: runs[${i}]`));
  return {
    runs,
    parts: shown.parts.map((part) => partOf(part, runs.length)),
    page: sha256In(shown.page),
    results: sha256In(record.resultsSha256),
    files: isObject(record.files) ? Object.keys(record.files) : [],
  };
}

function partOf(part: unknown, count: number): ShownPart {
  if (!isObject(part) || !Array.isArray(part.runs)) throw refused("a part must name its runs");
  const runs = part.runs.filter((i): i is number => Number.isInteger(i) && i >= 0 && i < count);
  if (runs.length !== part.runs.length) throw refused("a part names a run that is not there");
  return { sha256: sha256In(part.sha256), runs };
}

function sha256In(value: unknown): string {
  if (typeof value !== "string" || !SHA256.test(value)) throw refused("what is shown must have a SHA-256");
  return value;
}

const refused = (why: string) => new InputError(`this page: the record of a write-up: ${why}`);
