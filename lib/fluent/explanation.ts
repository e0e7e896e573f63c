/** `explain(text)`: from logs and files of /proc to the reason of a failure, and what to change. */
import { InputError } from "../base/errors";
import type { Figure } from "../chart/figure";
import type { ExplainAnswer, ReportAnswer, Topic } from "../explain/answer";
import { freeBlocksChart, watermarkChart } from "../explain/charts";
import { answerJson, type ExplainedReport, explainReadings } from "../explain/explain-readings";
import { readOutsideTexts, type SkippedFile } from "../explain/outside-texts";
import { leftOver, readTexts, type TextReadings } from "../explain/read-texts";
import { explainText, toldReports } from "../explain/text";
import type { InputText } from "../explain/text-lines";
import { topicsOf } from "../explain/topics";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import { textBundle } from "../notebook/text-bundle";

/** Reports whose pictures a cell shows; more are in `chart`. */
const PICTURES_MOST = 3;

/** The answers to all reports of some texts. */
export class Explanation {
  /** Files of a folder or an archive that were not read, and lines behind the last report that was. */
  readonly skipped: readonly SkippedFile[];
  private readonly explained: readonly ExplainedReport[];
  private readonly passedOver: TextReadings["passedOver"];
  private readonly topics: readonly Topic[];

  /** Use {@link explain}. */
  constructor(readings: TextReadings, inputs: readonly InputText[], skipped: readonly SkippedFile[] = []) {
    this.explained = explainReadings(readings.readings, readings.inputs);
    this.topics = this.found ? [] : topicsOf(inputs);
    this.passedOver = readings.passedOver;
    this.skipped = [...skipped, ...readings.unread.map(leftOver)];
    Object.freeze(this);
  }

  /** One answer per report, in the order of the texts. */
  get reports(): ReportAnswer[] {
    return this.explained.map(({ answer }) => answer);
  }

  /** False if no report of the kernel is in the texts; `pageblock explain` then exits with 1. */
  get found(): boolean {
    return toldReports(this.explained).length > 0;
  }

  /** The answer as `pageblock explain --json` prints it; EXPLAIN_SCHEMA states its form. */
  toJSON(): ExplainAnswer {
    return answerJson(this.explained, this.passedOver, this.topics);
  }

  /** A page of text per report. */
  text(): string {
    return explainText(this.explained, this.passedOver, this.topics);
  }

  /** Shows the text and its charts in a notebook, the text on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  /** Charts of a report, the first by default; they throw InputError if the report lacks what they draw. */
  get chart(): { freeBlocks(report?: number): Figure; watermarks(report?: number): Figure } {
    return {
      freeBlocks: (report = 0) => freeBlocksChart(this.at(report)),
      watermarks: (report = 0) => watermarkChart(this.at(report)),
    };
  }

  [DISPLAY](): MimeBundle {
    const figures = this.explained.flatMap((report) => [
      ...(report.zones.some(({ check, answer }) => check.marked && answer.allowed)
        ? [watermarkChart(report)]
        : []),
      ...(report.zones.some(({ zone }) => zone.counts !== null) ? [freeBlocksChart(report)] : []),
    ]);
    return textBundle(this.text(), figures.slice(0, 2 * PICTURES_MOST));
  }

  private at(report: number): ExplainedReport {
    const found = this.explained[report];
    if (found === undefined)
      throw new InputError(
        `explain: the number of a report must be from 0 to ${this.explained.length - 1}: got ${report}`,
      );
    return found;
  }
}

/**
 * What reports in a text say: page allocation failures and OOM reports of Linux 2.6.32 to 7.x, messages of CMA and huge
 * pages, boot logs, files of /proc. Several texts are taken as those of one machine. Nothing in a text is run.
 * @param input the text as pasted, or texts with their names
 * @throws InputError for a text beyond the limits of size, with the limit and the value
 * @example
 * ```ts
 * import { explain } from "pageblock";
 *
 * const why = explain("Node 0, zone DMA32 531 642 3751 306 0 0 0 0 0 0 0");
 * why.reports[0]!.kind; // => "memory-state"
 * why.reports[0]!.zones[0]!.largestFreeOrder; // => 3
 * ```
 */
export function explain(input: string | InputText | readonly InputText[]): Explanation {
  const inputs: readonly InputText[] =
    typeof input === "string"
      ? [{ name: "text", text: input }]
      : Array.isArray(input)
        ? input
        : [input as InputText];
  return new Explanation(readTexts(inputs), inputs);
}

/**
 * The same for files, folders (a sosreport, a copy of /proc), and tar and zip archives; `-` is standard input.
 * @throws InputError for a path that cannot be read, with the reason
 * @example
 * ```ts
 * import { explainFiles } from "pageblock";
 *
 * const why = explainFiles(["/proc/buddyinfo"]);
 * why.reports.every(({ kind }) => kind === "memory-state"); // => true
 * ```
 */
export function explainFiles(paths: readonly string[]): Explanation {
  const { inputs, skipped } = readOutsideTexts(paths);
  return new Explanation(readTexts(inputs), inputs, skipped);
}
