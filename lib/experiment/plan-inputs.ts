/** Reads the files that a plan refers to (recordings used as workloads), so that running it needs no input. */
import { InputError } from "../base/errors";
import { kebab } from "../base/spelling";
import { type RecordedEvents, readRecordedEvents } from "../trace/recorded-events";
import { type LeafWorkload, leavesOf, type WorkloadInputs } from "../workload/workload";
import type { Plan } from "./plan";

/**
 * Reads the recordings that `plan` uses as workloads.
 * @throws InputError if a trace is not the one that the plan was made for
 * @example
 * ```ts
 * import { parsePlan, readPlanInputs } from "pageblock";
 *
 * const plan = parsePlan({
 *   machine: { board: "qemu-virt" },
 *   strategy: { name: "buddy" },
 *   request: { size: "1MiB" },
 * });
 * readPlanInputs(plan); // a plan without recordings needs none
 * ```
 */
export function readPlanInputs(plan: Pick<Plan, "workload">): WorkloadInputs {
  const recordings = new Map<string, RecordedEvents>();
  for (const leaf of leavesOf(plan.workload)) {
    if (kebab(leaf.kind) !== "recorded-trace" || recordings.has(String(leaf.sha256))) continue;
    const { sha256, events } = readRecordedEvents(String(leaf.path ?? ""));
    if (leaf.sha256 !== sha256)
      throw new InputError(
        `workload recorded-trace: sha256 must be that of the trace in ${leaf.path}, ${sha256}: got ${JSON.stringify(leaf.sha256)}`,
      );
    recordings.set(sha256, events);
  }
  return { recordings };
}

/**
 * A recording as a workload: its folder and the hash of its trace.
 * @example
 * ```ts
 * import { recordedTraceWorkload } from "pageblock";
 *
 * recordedTraceWorkload("test/fixtures/x86-6.1/boot-8G").kind; // => "recorded-trace"
 * ```
 */
export function recordedTraceWorkload(path: string): LeafWorkload {
  return { kind: "recorded-trace", path, sha256: readRecordedEvents(path).sha256 };
}
