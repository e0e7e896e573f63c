/**
 * A failing cell as a Jupyter `error` message. Stock tslab only prints to stderr, so front ends and nbconvert take
 * a failed cell for a good one. Frames of the kernel and of Node are left out; a frame in a cell is named
 * `In[3]`, with the line as the user wrote it when it can be told.
 */
import { inspect } from "node:util";

export interface CellError {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** One cell's text, and what tslab made of it: needed to turn a compiled line back into a written one. */
export interface CellText {
  readonly source: string;
  readonly compiled: string;
}

const HIDDEN =
  /node_modules[\\/](tslab|zeromq|@tslab)[\\/]|[\\/]kernel-setup[\\/]|\(?node:(vm|internal|async_hooks)/;

/** The 1-based line of the cell that compiled line `line` came from, if exactly one written line looks the same. */
function writtenLine(cell: CellText, line: number): number | undefined {
  const plain = (text: string | undefined) => (text ?? "").replace(/\bexports\.|\s|;/g, "");
  const wanted = plain(cell.compiled.split("\n")[line - 1]);
  if (wanted === "") return undefined;
  const written = cell.source.split("\n").map(plain);
  const same = written.filter(
    (text) => text !== "" && (text === wanted || (text.length > 3 && wanted.endsWith(text))),
  );
  return same.length === 1 ? written.indexOf(same[0]!) + 1 : undefined;
}

function readableFrames(stack: string, cells: ReadonlyMap<number, CellText>): string[] {
  const lines = stack.split("\n").filter((line) => !(/^\s+at /.test(line) && HIDDEN.test(line)));
  return lines.map((line) =>
    line.replace(/In\[(\d+)\]:(\d+):\d+/, (_, count, at) => {
      const cell = cells.get(Number(count));
      const found = cell === undefined ? undefined : writtenLine(cell, Number(at));
      return found === undefined ? `In[${count}]` : `In[${count}] line ${found}`;
    }),
  );
}

/** The error of a value thrown while a cell ran; anything can be thrown. */
export function thrownError(thrown: unknown, cells: ReadonlyMap<number, CellText>): CellError {
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) {
    const shown = typeof thrown === "string" ? thrown : inspect(thrown);
    return { ename: "Thrown", evalue: shown, traceback: [`Thrown: ${shown}`] };
  }
  const ename = String(thrown.name || "Error");
  const evalue = String(thrown.message);
  let shown: string;
  try {
    shown = inspect(thrown);
  } catch {
    shown = String(thrown.stack ?? `${ename}: ${evalue}`);
  }
  return { ename, evalue, traceback: readableFrames(shown, cells) };
}

function isErrorLike(value: unknown): value is Error {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.prototype.toString.call(value) === "[object Error]" &&
    "message" in value
  );
}

/** One complaint of the compiler: 1-based line and column. */
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
