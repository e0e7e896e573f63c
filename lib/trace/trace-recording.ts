/**
 * Kind `trace`: a folder with S0, S1 and every allocation and free between them. Its row agrees if the frame of every
 * recorded allocation was predicted and the final state is the recorded one. A recording with compaction has a second
 * row: its isolations are withheld, and the model decides for itself what to compact. Notes say where the model first
 * diverged from a recording.
 */

import { readdirSync } from "node:fs";
import { isFolder } from "../base/open-regular";
import { type FidelityKind, type FidelityResult, fidelityReport } from "./fidelity";
import { type ReplayResult, replay } from "./replay";
import { type FreeOfOrder, replayWithheld } from "./withheld";

const FILES = [/^S0\.txt(\.gz|\.br)?$/, /^trace\.txt(\.gz|\.br)?$/];

export const traceRecording: FidelityKind = {
  name: "trace",
  recognises(path) {
    if (!isFolder(path)) return false;
    const entries = readdirSync(path);
    return FILES.every((name) => entries.some((entry) => name.test(entry)));
  },
  async check(path) {
    const { result } = await replay(path);
    const { allocations, exact, finalStateIdentical } = result;
    const recorded = { allocations, exact: allocations, finalStateIdentical: true };
    const predicted = { allocations, exact, finalStateIdentical };
    const agrees = exact === allocations && finalStateIdentical;
    const rows: FidelityResult[] = [{ row: 0, recorded, predicted, agrees }];
    const own = await replayWithheld(path);
    if (own !== null) rows.push(ownCompaction(own));
    return { report: fidelityReport(path, "trace", rows), notes: notes(result) };
  },
};

/** Free pages of huge-page size after the model's own compaction: within 10 %, or one page of that size. */
function ownCompaction(own: readonly FreeOfOrder[]): FidelityResult {
  const named = (what: "recorded" | "predicted") =>
    Object.fromEntries(own.map((o) => [`ownCompactionFreeOrder${o.order}`, o[what]]));
  const agrees = own.every((o) => Math.abs(o.recorded - o.predicted) <= Math.max(1, 0.1 * o.recorded));
  return { row: 1, recorded: named("recorded"), predicted: named("predicted"), agrees };
}

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
