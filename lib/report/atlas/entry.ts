/** What the site says of one write-up: question, answer, picture, how sure it is, and the files. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readOutsideText } from "../../base/outside-file";
import type { Figure } from "../../chart/figure";
import { parseNotebook } from "../notebook-file";
import { recordOfPage, type WriteUpRecord } from "../record";
import { writeUpOf } from "../write-up";
import { answerOf, findingsOf, keyChart } from "./findings";
import { type Robustness, storedRobustness, sureOfRuns } from "./how-sure";

export interface AtlasEntry {
  /** File names without their ending. */
  stem: string;
  title: string;
  /** As the notebook states it; the title if it states none. */
  question: string;
  /** Markdown; empty if nothing computed answers. */
  answer: string;
  /** All findings, Markdown. */
  findings: readonly string[];
  picture: Figure | undefined;
  robust: readonly Robustness[];
  /** `seeds 1 to 32`, or that there is none. */
  seeds: string;
  plans: number;
  resultsSha256: string;
  /** Other forms beside the page: words and file names. */
  links: readonly (readonly [words: string, file: string])[];
}

const FORMS = [
  ["slides", ".slides.html"],
  ["Markdown", ".md"],
  ["PDF", ".pdf"],
  ["notebook with outputs", ".ipynb"],
] as const;

/** The entry of a page in `folder`. Throws InputError if the page or the notebook beside it is damaged. */
export function atlasEntry(folder: string, page: string): AtlasEntry {
  const { record } = recordOfPage(readOutsideText(join(folder, page)), page);
  const stem = page.replace(/\.html$/, "");
  const links = FORMS.map(([words, ending]) => [words, `${stem}${ending}`] as const).filter(([, file]) =>
    existsSync(join(folder, file)),
  );
  const { robust, seeds } = sureOfRuns(record.runs);
  const { title, runs, resultsSha256 } = record;
  const told = ofNotebook(folder, `${stem}.ipynb`, record);
  return {
    ...{ stem, title, question: title, answer: "", findings: [], picture: undefined },
    ...{ seeds, plans: runs.length, resultsSha256, links },
    ...told,
    // Named results were tried over whole ranges; those of a notebook's own cells are often a part of a question.
    robust: told.robust !== undefined && told.robust.length > 0 ? told.robust : robust,
  };
}

/** Nothing of a notebook that is not there, or whose results are not those of the page. */
function ofNotebook(folder: string, file: string, record: WriteUpRecord): Partial<AtlasEntry> {
  const path = join(folder, file);
  if (!existsSync(path)) return {};
  const notebook = parseNotebook(readOutsideText(path), file);
  const writeUp = writeUpOf(notebook, file);
  if (writeUp.resultsSha256 !== record.resultsSha256 || writeUp.sourceSha256 !== record.sourceSha256)
    return {};
  const { question, answer, robustness = [] } = notebook.metadata.pageblock ?? {};
  const findings = findingsOf(writeUp);
  return {
    ...(question !== undefined && { question }),
    ...{ findings, answer: answerOf(findings, answer), picture: keyChart(writeUp) },
    robust: storedRobustness(robustness, file),
  };
}
