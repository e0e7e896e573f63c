/**
 * The part of an output's bundle that holds its runs and the hash of its content: `{ runs: [{ plan, result, sha256 }],
 * shown }`. `shown` is the SHA-256 of the rest of the bundle, so that one changed number in a chart, a table or a
 * sentence is detected. It does not detect a forger who computes the hash again: cells are never executed to check.
 */
import { sha256Of } from "../base/canonical-json";
import type { Run } from "../chart/figure";

export const RUNS_MIME = "application/vnd.pageblock.result+json";

/** Adds runs and the SHA-256 of its content to `data`, for every output that shows computed numbers. */
export function withResults(data: Record<string, unknown>, runs: readonly Run[]): Record<string, unknown> {
  return { ...data, [RUNS_MIME]: { runs, shown: shownSha256(data) } };
}

/** SHA-256 of a bundle without its runs, whether it comes from a cell or from a stored notebook. */
export function shownSha256(data: Readonly<Record<string, unknown>>): string {
  const { [RUNS_MIME]: _runs, ...rest } = data;
  const stored: Record<string, unknown> = JSON.parse(JSON.stringify(rest));
  for (const [mime, value] of Object.entries(stored))
    if (isListOfLines(value) && !/[/+]json$/.test(mime)) stored[mime] = value.join("");
  return sha256Of(stored);
}

/** nbformat writes long text as a list of lines. */
const isListOfLines = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((line) => typeof line === "string");
