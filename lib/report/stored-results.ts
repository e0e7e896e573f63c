/** The runs that an output states as its source, and whether it is unchanged. */
import { sha256Of } from "../base/canonical-json";
import { InputError, quoted } from "../base/errors";
import type { Run } from "../chart/figure";
import { shown as shownValue } from "../schema/place";
import type { NotebookOutput } from "./notebook-file";
import { RUNS_MIME, shownSha256 } from "./runs";

/** The stored runs of an output; `shown` says if its content still has its SHA-256, `unnamed` if it has none. */
export interface StoredResults {
  runs: Run[];
  shown: "as made" | "changed" | "unnamed";
}

/**
 * Undefined for an output without runs. Throws InputError that names `place` unless they have the form that `show`
 * writes.
 */
export function storedResults(output: NotebookOutput, place: string): StoredResults | undefined {
  if (output.output_type !== "display_data" && output.output_type !== "execute_result") return undefined;
  const stored = output.data[RUNS_MIME];
  if (stored === undefined) return undefined;
  const { runs, shown } = (stored ?? {}) as { runs?: unknown; shown?: unknown };
  if (!Array.isArray(runs))
    throw new InputError(
      `${place}: ${RUNS_MIME}: runs must be a list: got ${runs === null ? "null" : typeof runs}`,
    );
  const state = shown === undefined ? "unnamed" : shown === shownSha256(output.data) ? "as made" : "changed";
  return { runs: runs.map((run, i) => storedRun(run, `${place}: ${RUNS_MIME}: runs[${i}]`)), shown: state };
}

/** Any JSON as a run; missing parts are null, so that its SHA-256 does not match. Throws InputError for a SHA-256 that is no text. */
export function storedRun(run: unknown, place: string): Run {
  const { plan = null, result = null, sha256 = "" } = (run ?? {}) as Partial<Record<keyof Run, unknown>>;
  if (typeof sha256 !== "string")
    throw new InputError(`${place}.sha256: must be text: got ${shownValue(sha256)}`);
  return { plan, result, sha256 };
}

/** Undefined if the run still has its stored SHA-256, otherwise its current one. */
export function changedSha256({ plan, result, sha256 }: Run): string | undefined {
  const now = sha256Of({ plan, result });
  return now === sha256 ? undefined : now;
}

/** The runs of `stored` for a write-up; refuses runs that were changed. */
export function unchangedRuns(stored: StoredResults, place: string): Run[] {
  for (const run of stored.runs) {
    const now = changedSha256(run);
    if (now !== undefined)
      throw new InputError(
        `${place}: a result must have the SHA-256 it was stored with: it has ${now}, stored was ${quoted(run.sha256)}; run the notebook again`,
      );
  }
  if (stored.shown === "changed")
    throw new InputError(
      `${place}: what an output shows must have the SHA-256 it was made with; run the notebook again`,
    );
  return stored.runs;
}
