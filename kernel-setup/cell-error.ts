/**
 * A failing cell as a Jupyter `error` message. Stock tslab only prints to stderr, so front ends and nbconvert do not
 * notice that a cell failed. Frames of the notebook kernel and of Node are left out; a frame in a cell is named
 * `In[3]`, with the line as the user wrote it if it can be determined.
 */
import { inspect } from "node:util";
import { packageManifest, packageRoot } from "./package-resolution";

export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** One cell's text, and its compiled form: they map a compiled line back to a written one. */
export interface CellText {
  readonly source: string;
  readonly compiled: string;
}

const MAX_CAUSES = 5;
const HIDDEN =
  /node_modules[\\/](tslab|zeromq|@tslab)[\\/]|[\\/]kernel-setup[\\/]|\(?node:(vm|internal|async_hooks)/;

/** The line that tslab appends to a cell to call the function that wraps it. */
const CALL_OF_CELL = "})(__tslab__.exports";
const FRAME_IN_CELL = /In\[(\d+)\]:(\d+):\d+/;

/** The 1-based line of the cell for compiled line `line`, if exactly one written line matches. */
function writtenLine(cell: CellText, line: number): number | undefined {
  const plain = (text: string | undefined) => (text ?? "").replace(/\bexports\.|\s|;/g, "");
  const wanted = plain(cell.compiled.split("\n")[line - 1]);
  const written = cell.source.split("\n").map(plain);
  const alike = (text: string) =>
    text === wanted ||
    (text.length > 3 && wanted.endsWith(text)) ||
    (wanted.length > 3 && text.includes(wanted));
  const found = written.flatMap((text, i) => (text !== "" && alike(text) ? [i + 1] : []));
  return found.length === 1 ? found[0] : undefined;
}

function readableFrames(stack: string, cells: ReadonlyMap<number, CellText>): string[] {
  const shown: string[] = [];
  const root = packageRoot();
  const { name } = packageManifest();
  for (const line of stack.split("\n")) {
    const isFrame = /^\s+at /.test(line);
    if (isFrame && HIDDEN.test(line)) continue;
    const place = FRAME_IN_CELL.exec(line);
    const cell = place === null ? undefined : cells.get(Number(place[1]));
    if (!isFrame || place === null || cell === undefined) {
      shown.push(line.replace(root, name));
      continue;
    }
    const at = Number(place[2]);
    if (cell.compiled.split("\n")[at - 1]?.startsWith(CALL_OF_CELL)) continue;
    const found = writtenLine(cell, at);
    shown.push(
      line.replace(FRAME_IN_CELL, found === undefined ? `In[${place[1]}]` : `In[${place[1]}] line ${found}`),
    );
  }
  return shown;
}

/** The error of a value thrown while a cell ran; anything can be thrown. */
export function thrownError(thrown: unknown, cells: ReadonlyMap<number, CellText>): CellError {
  if (!isErrorLike(thrown)) {
    const shown = typeof thrown === "string" ? thrown : inspect(thrown);
    return { ename: "Thrown", evalue: shown, traceback: [`Thrown: ${shown}`] };
  }
  const causes: unknown[] = [];
  for (let e: unknown = thrown; isErrorLike(e) && causes.length < MAX_CAUSES; e = e.cause) causes.push(e);
  const traceback = causes.flatMap((e, i) => {
    const { stack, name, message } = e as Error;
    const lines = readableFrames(String(stack ?? `${name}: ${message}`), cells);
    return i === 0 ? lines : [`caused by ${lines[0]}`, ...lines.slice(1)];
  });
  return { ename: String(thrown.name || "Error"), evalue: String(thrown.message), traceback };
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

/** One compiler error: 1-based line and column. */
export interface Complaint {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
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
