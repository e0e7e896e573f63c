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

const MAX_CAUSES = 5;

/** The error of a value thrown while a cell ran; anything can be thrown. */
export function thrownError(thrown: unknown): CellError {
  if (!isErrorLike(thrown)) {
    const shown = wellFormed(typeof thrown === "string" ? thrown : inspect(thrown));
    return { ename: "Thrown", evalue: shown, traceback: [`Thrown: ${shown}`] };
  }
  const causes: unknown[] = [];
  for (let e: unknown = thrown; isErrorLike(e) && causes.length < MAX_CAUSES; e = e.cause) causes.push(e);
  const traceback = causes.flatMap((e, i) => {
    const lines = stackLines(e as Error);
    const { errors } = e as AggregateError;
    const parts = Array.isArray(errors) ? errors.filter(isErrorLike).slice(0, MAX_CAUSES) : [];
    const inner = parts.flatMap((part) => {
      const [first, ...rest] = stackLines(part);
      return [`one of them ${first}`, ...rest];
    });
    return [i === 0 ? lines[0]! : `caused by ${lines[0]}`, ...lines.slice(1), ...inner];
  });
  const evalue = wellFormed(String(thrown.message));
  return { ename: String(thrown.name || "Error"), evalue, traceback: traceback.map(wellFormed) };
}

const stackLines = ({ stack, name, message }: Error) => String(stack ?? `${name}: ${message}`).split("\n");

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

export const INTERRUPTED: CellError = {
  ename: "Interrupted",
  evalue: "the cell was interrupted",
  traceback: ["Interrupted: the cell was interrupted"],
};
