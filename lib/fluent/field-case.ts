/** `fieldCase(name)`: a report of a person, from the log to the reason, the remedy, and machines that show both. */

import { errnoText } from "../base/answer";
import { unknownName } from "../base/errors";
import { formatSize } from "../base/units";
import { CASES, type CaseData } from "../explain/cases";
import { wrapped } from "../explain/text";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import { textBundle } from "../notebook/text-bundle";
import { TriedMachine } from "./case-trial";
import { type Explanation, explain } from "./explanation";

/** The names of the field cases. */
export const FIELD_CASES: readonly string[] = CASES.map(({ name }) => name);

/** A trial as `pageblock case --json` prints it. */
export interface TrialJson {
  words: string;
  ok: boolean;
  errno: number;
  reason: string | null;
  /** Bytes. */
  askedBytes: number;
  /** Bytes after the request. */
  freeBytes: number;
  messages: readonly string[];
  plan: object;
}

/**
 * A report of a person whose machine had no memory to give.
 * @example
 * ```ts
 * import { fieldCase } from "pageblock";
 *
 * const story = fieldCase("orin-246-mib");
 * story.explanation.reports[0]!.reasons; // => ["cma-area-full"]
 * story.failing.errno; // => -12
 * story.remedied.ok; // => true
 * ```
 */
export class FieldCase {
  readonly name: string;
  readonly title: string;
  /** The machine of the report. */
  readonly machine: string;
  /** Where it was reported. */
  readonly source: string;
  /** The machine's own words. */
  readonly log: string;
  readonly question: string;
  /** What the report ended with. */
  readonly answer: string;
  /** The reason in plain words. */
  readonly why: readonly string[];
  /** What the simulated machines do not show of the real one. */
  readonly notShown: readonly string[];
  /** What `explain()` says of the log. */
  readonly explanation: Explanation;
  /** A simulated machine in which the failure happens. */
  readonly failing: TriedMachine;
  /** A simulated machine in which the remedy works. */
  readonly remedied: TriedMachine;

  /** Use {@link fieldCase}. */
  constructor(data: CaseData) {
    this.name = data.name;
    this.title = data.title;
    this.machine = data.machine;
    this.source = data.source;
    this.log = data.log;
    this.question = data.question;
    this.answer = data.answer;
    this.why = data.why;
    this.notShown = data.notShown;
    this.explanation = explain({ name: data.name, text: data.log });
    this.failing = new TriedMachine(data.failing);
    this.remedied = new TriedMachine(data.remedied);
    Object.freeze(this);
  }

  /** The story as a page of text. */
  text(): string {
    const log = this.log.trimEnd().split("\n");
    const parts = [
      [this.title, ...wrapped(this.machine, "  machine   "), ...wrapped(this.source, "  reported  ")],
      ["The log", ...log.map((line) => `  ${cut(line)}`)],
      ["The question", ...wrapped(this.question, "  ")],
      ["Why", ...this.why.flatMap((sentence) => wrapped(sentence, "  - "))],
      ["What explain reads from the log", ...this.explained().flatMap((said) => wrapped(said, "  - "))],
      ["How the report ended", ...wrapped(this.answer, "  ")],
      ["A machine in which it fails", ...trialLines(this.failing)],
      ["A machine in which the remedy works", ...trialLines(this.remedied)],
      ["What the machines do not show", ...this.notShown.flatMap((said) => wrapped(said, "  - "))],
    ];
    return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
  }

  /** The verdicts on reports of a failure, each once; on the state of memory where the log has no other report. */
  private explained(): string[] {
    const { reports } = this.explanation;
    const refused = reports.filter(({ reasons }) => reasons.length > 0);
    return [...new Set((refused.length > 0 ? refused : reports).flatMap(({ verdict }) => verdict))];
  }

  /** The form of `pageblock case NAME --json`. */
  toJSON(): object {
    const { name, title, machine, source, log, question, answer, why, notShown, explanation } = this;
    const trials = { failing: trialJson(this.failing), remedied: trialJson(this.remedied) };
    return {
      ...{ format: 1, name, title, machine, source, log, question, answer, why, notShown },
      ...{ explanation: explanation.toJSON(), ...trials },
    };
  }

  /** Shows the story in a notebook, its text on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  [DISPLAY](): MimeBundle {
    return textBundle(this.text(), []);
  }
}

/** Longest line of a log that the text shows. */
const LOG_COLUMNS = 98;
const cut = (line: string) => (line.length > LOG_COLUMNS ? `${line.slice(0, LOG_COLUMNS - 1)}…` : line);

/** Characters of a reason that the text shows; `--json` has all. */
const REASON_SHOWN = 600;
const brief = (reason: string) =>
  reason.length > REASON_SHOWN ? `${reason.slice(0, reason.lastIndexOf(" ", REASON_SHOWN))} …` : reason;

function trialLines({ words, ok, errno, reason, freeBytes, messages }: TriedMachine): string[] {
  const free = `${formatSize(freeBytes)} are free afterwards.`;
  return [
    ...wrapped(words, "  "),
    ...messages.slice(0, 3).map((message) => `  | ${cut(message)}`),
    ...wrapped(ok ? `Granted. ${free}` : `Refused: ${errnoText(errno)}. ${free}`, "  "),
    ...(ok ? [] : wrapped(brief(reason ?? ""), "  ")),
  ];
}

function trialJson(trial: TriedMachine): TrialJson {
  const { words, ok, errno, reason, askedBytes, freeBytes, messages, plan } = trial;
  return { words, ok, errno, reason, askedBytes, freeBytes, messages, plan };
}

/**
 * A field case by its name; {@link FIELD_CASES} lists them. Runs both machines of the case, a few seconds at most.
 * @throws InputError for an unknown name, with the known ones
 * @example
 * ```ts
 * import { FIELD_CASES, fieldCase } from "pageblock";
 *
 * FIELD_CASES.length; // => 10
 * fieldCase("pi-4-cma-512").remedied.ok; // => true
 * ```
 */
export function fieldCase(name: string): FieldCase {
  const found = CASES.find((one) => one.name === name);
  if (found === undefined) throw unknownName("case", String(name), FIELD_CASES);
  return new FieldCase(found);
}
