/** Whether a cell can be run as it stands, waits for more lines, or can never become right by adding some. */
import { parsed, readCell } from "./cell-source";

export type Completeness =
  | { readonly status: "complete" | "invalid" }
  | { readonly status: "incomplete"; readonly indent: string };

/** Messages of the parser that more text can make good, wherever they stand: something was opened and not closed. */
const UNTERMINATED = new Set([1010, 1160, 1126, 1161]);
/** `String.raw`, a line that ends within a string: closed or not, it is over. */
const INDENT = "  ";

/** TypeScript's parser decides: what it misses at the very end can still come. */
export function completeness(code: string): Completeness {
  const source = readCell(code);
  if (source.complaints.length === 0) return { status: "complete" };
  const text = source.text;
  const errors = (parsed(text, source.extension) as unknown as { parseDiagnostics: readonly Mistake[] })
    .parseDiagnostics;
  const end = text.trimEnd().length;
  const first = errors[0]!;
  const waits = UNTERMINATED.has(first.code) ? endsOpen(first, text) : first.start >= end;
  if (!waits) return { status: "invalid" };
  const lines = code.trimEnd().split("\n");
  const last = lines.at(-1) ?? "";
  const depth = /^\s*/.exec(last)![0];
  return { status: "incomplete", indent: /[{([]\s*$/.test(last) ? depth + INDENT : depth };
}

interface Mistake {
  readonly code: number;
  readonly start: number;
  readonly length: number;
}

/** A template or comment that is open at the end; a string or a regular expression ends with its line. */
function endsOpen(mistake: Mistake, text: string): boolean {
  return (mistake.code === 1010 || mistake.code === 1160) && mistake.start + mistake.length >= text.trimEnd().length;
}
