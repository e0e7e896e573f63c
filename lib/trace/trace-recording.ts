/**
 * Kind `trace`: a folder with S0, S1 and every allocation and free between them. One row: it agrees when the frame of
 * every recorded allocation was predicted and the final state is the recorded one. Notes say where the model first
 * left a recording.
 */
import { readdirSync, statSync } from "node:fs";
import { type FidelityKind, fidelityReport } from "./fidelity";
import { type ReplayResult, replay } from "./replay";

const FILES = [/^S0\.txt(\.gz|\.br)?$/, /^trace\.txt(\.gz|\.br)?$/];

export const traceRecording: FidelityKind = {
  name: "trace",
  recognises(path) {
    if (!statSync(path).isDirectory()) return false;
    const entries = readdirSync(path);
    return FILES.every((name) => entries.some((entry) => name.test(entry)));
  },
  async check(path) {
    const { result } = await replay(path);
    const { allocations, exact, finalStateIdentical } = result;
    const recorded = { allocations, exact: allocations, finalStateIdentical: true };
    const predicted = { allocations, exact, finalStateIdentical };
    const agrees = exact === allocations && finalStateIdentical;
    return {
      report: fidelityReport(path, "trace", [{ row: 0, recorded, predicted, agrees }]),
      notes: notes(result),
    };
  },
};

function notes(result: ReplayResult): string[] {
  const found: string[] = [];
  const first = result.firstMismatch;
  if (first !== null)
    found.push(
      `first mismatch: ${first.file}:${first.line}: order ${first.order}, gfp ${first.gfp}: recorded ${first.expected}, predicted ${first.predicted}; the recorded frame was ${first.expectedPlace}`,
    );
  const state = result.finalDifferences[0];
  if (state !== undefined)
    found.push(
      `final state: ${result.finalDifferences.length} differences, first: ${state.zone} ${state.what}: recorded ${state.expected}, predicted ${state.predicted}`,
    );
  return found;
}
