/**
 * The blocks of a write-up as the parts of an article: the code of a result is folded, together with the counts of
 * runs, and follows the result.
 */
import type { Block } from "./write-up";

/** A block that is read, or what made the results before it: code, and how many runs it took. */
export type Part = { kind: "shown"; block: Block } | { kind: "how"; blocks: Block[] };

/** What a comparison says when it is done (lib/fluent/running.ts). */
const COUNT_OF_RUNS = /^(?:stopped after )?\d+(?: of \d+)? runs\s*$/;

/** With `codeFirst`, code stands before its results, as in the notebook. */
export function partsOf(blocks: readonly Block[], codeFirst = false): Part[] {
  const parts: Part[] = [];
  let how: Block[] = [];
  const put = () => {
    if (how.length > 0) parts.push({ kind: "how", blocks: how });
    how = [];
  };
  let results = false;
  for (const block of blocks) {
    if (isHow(block)) {
      // The code of the next result begins.
      if (results && block.kind === "code") put();
      results = false;
      how.push(block);
      continue;
    }
    results = isResult(block);
    if (!results || codeFirst) put();
    parts.push({ kind: "shown", block });
  }
  put();
  return parts;
}

const isHow = (block: Block) =>
  block.kind === "code" ||
  (block.kind === "text" && block.stream === "value" && COUNT_OF_RUNS.test(block.text));

const isResult = (block: Block) => block.kind !== "prose" || block.computed === true;
