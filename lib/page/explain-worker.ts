/** The program of a Web Worker that explains logs: `explain` with `{text, name}` gives the answer as JSON, as text, and its figures. */
import { InputError, unknownName } from "../base/errors";
import type { Figure } from "../chart/figure";
import { freeBlocksChart, watermarkChart } from "../explain/charts";
import { answerJson, type ExplainedReport, explainReadings } from "../explain/explain-readings";
import { leftOver, readTexts } from "../explain/read-texts";
import { explainText, toldReports } from "../explain/text";
import { topicsOf } from "../explain/topics";
import { isObject } from "../schema/check";
import { answerMessages } from "./worker-scope";

/** Characters of a pasted text: more than a kernel's log buffer by far. */
const TEXT_MOST = 16 * 2 ** 20;

/** The answer to `explain`. Throws InputError for another question, and for a text that is too long. */
export async function explained(ask: string, given: unknown): Promise<object> {
  if (ask !== "explain") throw unknownName("page", ask, ["explain"]);
  const { text, name } = inputOf(given);
  if (text.length > TEXT_MOST)
    throw new InputError(`explain: a text must have at most ${TEXT_MOST} characters: got ${text.length}`);
  const inputs = [{ name, text }];
  const { readings, inputs: read, passedOver, unread } = readTexts(inputs);
  const reports = explainReadings(readings, read);
  const found = toldReports(reports).length > 0;
  const topics = found ? [] : topicsOf(inputs);
  return {
    found,
    text: explainText(reports, passedOver, topics),
    skipped: unread.map(leftOver).map(({ name, why }) => `not read: ${name}: ${why}`),
    answer: answerJson(reports, passedOver, topics),
    figures: reports.slice(0, 1).flatMap(figuresOf),
  };
}

answerMessages(explained);

/** `name`: of the file that the text is from. */
function inputOf(given: unknown): { text: string; name: string } {
  const { text, name } = isObject(given) ? given : {};
  return { text: String(text ?? ""), name: typeof name === "string" && name !== "" ? name : "text" };
}

/** The figures that a report has the numbers for. */
function figuresOf(report: ExplainedReport): Figure[] {
  return [watermarkChart, freeBlocksChart].flatMap((draw) => {
    try {
      return [draw(report)];
    } catch (error) {
      if (error instanceof InputError) return [];
      throw error;
    }
  });
}
