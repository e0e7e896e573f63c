/**
 * A failing cell as a Jupyter `error` message. Stock tslab only prints to stderr, so front ends and nbconvert do not
 * notice that a cell failed. Traces are readable already when they are made (cells/traces.ts).
 */
import { inspect } from "node:util";
import type { Complaint } from "./cells/cell-source";
import { wellFormed } from "./well-formed";

export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** So many errors are shown: the one thrown, and those that it names. */
const MAX_ERRORS = 12;
/** So many that an AggregateError names. */
const MAX_OF_ONE = 5;
const MAX_VALUE_CHARS = 200;

/** The error of a value thrown while a cell ran; anything can be thrown. */
export function thrownError(thrown: unknown): CellError {
  if (!isErrorLike(thrown)) {
    const shown = wellFormed(typeof thrown === "string" ? thrown : inspect(thrown));
    return { ename: "Thrown", evalue: shown, traceback: [`Thrown: ${shown}`] };
  }
  const traceback = traceOf("", thrown, new Set());
  const evalue = wellFormed(String(thrown.message));
  return { ename: String(thrown.name || "Error"), evalue, traceback: traceback.map(wellFormed) };
}

/** The lines of a value that was thrown, and of what it names: its cause, the errors it stands for. */
function traceOf(before: string, thrown: unknown, told: Set<unknown>): string[] {
  if (told.has(thrown) || told.size >= MAX_ERRORS) return [];
  told.add(thrown);
  if (!isErrorLike(thrown)) return [before + inspect(thrown, { depth: 1 }).slice(0, MAX_VALUE_CHARS)];
  const [first, ...rest] = String(thrown.stack ?? `${thrown.name}: ${thrown.message}`).split("\n");
  return [before + first, ...rest, ...named(thrown).flatMap(([how, one]) => traceOf(how, one, told))];
}

/** What an error names. `error` and `suppressed` are those of a SuppressedError, which `using` throws. */
function named(thrown: Error): (readonly [how: string, value: unknown])[] {
  const { errors, cause } = thrown as AggregateError;
  const { error, suppressed } = thrown as Error & { error?: unknown; suppressed?: unknown };
  const all: (readonly [string, unknown])[] = [];
  if (thrown.name === "SuppressedError") all.push(["while disposing ", error], ["suppressed ", suppressed]);
  if (Array.isArray(errors))
    all.push(...errors.slice(0, MAX_OF_ONE).map((one) => ["one of them ", one] as const));
  if (cause !== undefined) all.push(["caused by ", cause]);
  return all;
}

function isErrorLike(value: unknown): value is Error {
  if (value instanceof Error) return true;
  return (
    typeof value === "object" &&
    value !== null &&
    Object.prototype.toString.call(value) === "[object Error]" &&
    "message" in value
  );
}

/** The error of a cell that does not compile. */
export function compileError(complaints: readonly Complaint[], source: string): CellError {
  const lines = source.split("\n");
  const shown = complaints.flatMap(({ file, line, column, message }) => {
    const place = file.trim() === "" ? `line ${line}:${column}` : `${file.trim()}:${line}:${column}`;
    const text = file.trim() === "" ? lines[line - 1] : undefined;
    const pointer = text === undefined ? [] : [`    ${text}`, `    ${" ".repeat(Math.max(0, column - 1))}^`];
    return [`${place}: ${message}`, ...pointer];
  });
  const first = complaints[0]!;
  const evalue = `line ${first.line}:${first.column}: ${first.message}`;
  return { ename: "CompileError", evalue, traceback: ["CompileError", ...shown] };
}

/** The error of a cell that an interrupt ended, with the place where it was stopped, if that is known. */
export function interrupted(place: readonly string[] = []): CellError {
  const evalue = "the cell was interrupted";
  return { ename: "Interrupted", evalue, traceback: [`Interrupted: ${evalue}`, ...place] };
}
