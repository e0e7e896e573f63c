/**
 * Text that was broken into lines for a terminal, as lines that a page breaks where its own width ends. A line that is
 * indented more than the one before, which was nearly full, goes on with it.
 */
import { largestOf } from "../base/extremes";

/** Narrower text was not broken because of its width. */
const WIDTH_LEAST = 50;
/** A line of at least this part of the width was full. */
const FULL = 0.7;
const DEEPER = 2;

/** The lines of `text`, whose continuations are joined to them. */
export function unwrapped(text: string): string[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const width = largestOf(lines.map((line) => line.length));
  const joined: string[] = [];
  let before = 0;
  for (const line of lines) {
    const last = joined.at(-1);
    const goesOn = last !== undefined && before >= FULL * width && indentOf(line) >= indentOf(last) + DEEPER;
    if (width >= WIDTH_LEAST && goesOn && isSentence(line))
      joined[joined.length - 1] = `${last} ${line.trim()}`;
    else joined.push(line);
    before = line.length;
  }
  return joined;
}

const indentOf = (line: string) => line.length - line.trimStart().length;

/** Words with single spaces; a gap would set them in columns. */
const isSentence = (line: string) => /\S/.test(line) && !/\S {2,}\S/.test(line);
