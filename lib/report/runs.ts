/** What a write-up needs to be run again: the plans behind its outputs, and the SHA-256 of what they gave. */
import { sha256Of } from "../base/canonical-json";
import type { Run } from "../chart/figure";

/** In an output's bundle: `{ runs: [{ plan, result, sha256 }] }`. */
export const RUNS_MIME = "application/vnd.pageblock.result+json";

/** A run named by the SHA-256 of the canonical JSON of `{plan, result}`. */
export function runOf(plan: unknown, result: unknown): Run {
  return { plan, result, sha256: sha256Of({ plan, result }) };
}
