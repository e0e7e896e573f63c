import { printableLine } from "./printable";

/**
 * Errors for invalid input. Every message names the action, the limit and the value and, if there is an input file or
 * option, its place (file:line or option). Our own bugs throw plain `Error`s from `assert`.
 * @example
 * ```ts
 * import { InputError, machine } from "pageblock";
 *
 * try {
 *   machine("raspberry-pi-3").memory("3 bananas");
 * } catch (error) {
 *   error instanceof InputError; // => true
 * }
 * ```
 */
export class InputError extends Error {
  /** Exit status of the command line for invalid input. */
  readonly exitCode: number = 2;
  constructor(message: string) {
    super(told(message));
    this.name = "InputError";
  }
}

/** The most characters of a message: whatever it quotes, it stays a line that people read. */
export const MESSAGE_MOST = 480;
const MESSAGE_END = 140;

/** A message without its middle if it is too long: the place stands at its beginning, the limit and the advice at its end. */
export function shortened(message: string, most = MESSAGE_MOST): string {
  if (message.length <= most) return message;
  return `${message.slice(0, most - MESSAGE_END - 3)}...${message.slice(-MESSAGE_END)}`;
}

/** A message as a terminal may show it, in one line: it can quote whatever a file, an argument or another program holds. */
export const told = (message: string): string => shortened(printableLine(shortened(message)));

/** What cannot be done here or now, but may be elsewhere or later: unlike other invalid input it is no result, and nothing keeps it. */
export class NoResult extends InputError {}

/** What was thrown, as an error: JavaScript lets anything be thrown. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** A place in an input file, printed as `file:line`. */
export function at(file: string, line?: number): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** Reports a bug of ours; never used for invalid input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal error: ${message}`);
}

/** The least number of characters by which a name is known from its beginning. */
const BEGINNING = 3;

/** The known name nearest to `given` by edit distance, else the first that begins with it; undefined if none is close. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(3, Math.floor(given.length / 2)) + 1;
  for (const name of known) {
    const d = editDistance(given.toLowerCase(), name.toLowerCase());
    if (d < bestDistance) {
      best = name;
      bestDistance = d;
    }
  }
  if (best !== undefined || given.length < BEGINNING) return best;
  return known.find((name) => name.toLowerCase().startsWith(given.toLowerCase()));
}

const SHOWN_CHARACTERS = 80;

/** A given text or number as messages quote it: what is longer than a line is cut. */
export function quoted(given: unknown): string {
  if (typeof given !== "string") return String(given).slice(0, SHOWN_CHARACTERS);
  return JSON.stringify(
    given.length > SHOWN_CHARACTERS ? `${given.slice(0, SHOWN_CHARACTERS - 3)}...` : given,
  );
}

/** `what "given" is not known; known: a, b, c; did you mean b?` */
export function unknownName(what: string, given: string, known: readonly string[]): InputError {
  const near = nearest(given, known);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return new InputError(`${what}: unknown name ${quoted(given)}: known are ${known.join(", ")}${hint}`);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + cost);
    }
    row = next;
  }
  return row[b.length]!;
}
