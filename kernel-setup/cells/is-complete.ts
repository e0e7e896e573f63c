/** Whether a cell can be run as it stands, waits for more lines, or can never become right by adding some. */

import { parsed, readCell } from "./cell-source";
import { isTooDeep } from "./too-deep";

export type Completeness =
  | { readonly status: "complete" | "invalid" | "unknown" }
  | { readonly status: "incomplete"; readonly indent: string };

/** The parser's messages on what was opened and not closed. */
const OPEN_STRING = 1002;
const OPEN_REGULAR_EXPRESSION = 1161;
const OPEN_COMMENT = 1010;
const OPEN_TEMPLATE = 1160;
const INDENT = "  ";

/** TypeScript's parser decides: what it misses at the very end can still come. Nothing is known of code too deep for it. */
export function completeness(code: string): Completeness {
  try {
    return decided(code);
  } catch (error) {
    if (isTooDeep(error)) return { status: "unknown" };
    throw error;
  }
}

function decided(code: string): Completeness {
  const source = readCell(code);
  if (source.complaints.length === 0) return { status: "complete" };
  const text = source.text;
  const errors = (parsed(text, source.extension) as unknown as { parseDiagnostics: readonly Mistake[] })
    .parseDiagnostics;
  const end = text.trimEnd().length;
  const first = errors[0]!;
  if (!canBecomeRight(first, end)) return { status: "invalid" };
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

/** Comments and templates can be closed on a later line; strings and regular expressions end with their own. */
function canBecomeRight({ code, start, length }: Mistake, end: number): boolean {
  if (code === OPEN_STRING || code === OPEN_REGULAR_EXPRESSION) return false;
  if (code === OPEN_COMMENT || code === OPEN_TEMPLATE) return start + length >= end;
  return start >= end;
}
