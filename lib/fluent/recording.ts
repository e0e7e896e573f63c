/**
 * A recording of a real kernel, checked from a script or a cell: `await recording("../test/fixtures/x86-6.1/w4-thp")`.
 */
import { runOf } from "../chart/run";
import { DISPLAY, type MimeBundle } from "../notebook/display";
import { tableBundle } from "../notebook/running-bundle";
import { type RecordingOutcome, recordingPlan, runRecordingPlan } from "../trace/recording-check";
import type { RecordingPlan } from "../trace/recording-statement";

/** The result of a check, with its plan. */
export class CheckedRecording {
  readonly plan: RecordingPlan;
  readonly outcome: RecordingOutcome;

  constructor(plan: RecordingPlan, outcome: RecordingOutcome) {
    this.plan = plan;
    this.outcome = outcome;
    Object.freeze(this);
  }

  /** The name of the recording: its path below test/fixtures. */
  get name(): string {
    return this.plan.path;
  }

  /** True if every compared row agrees. */
  get agrees(): boolean {
    return this.outcome.agreeing === this.outcome.compared;
  }

  toJSON(): RecordingOutcome {
    return this.outcome;
  }

  [DISPLAY](): MimeBundle {
    const { kind, agreeing, compared, allocations, exact, notes } = this.outcome;
    const rows: [string, string][] = [
      ["kind", kind],
      ["rows that agree", `${agreeing} of ${compared}`],
    ];
    if (allocations !== null) rows.push(["page frames predicted", `${exact} of ${allocations}`]);
    for (const note of notes) rows.push(["note", note]);
    return tableBundle(`recording ${this.name}`, rows, runOf(this.plan, this.outcome));
  }
}

/**
 * Checks a recording of this repository against the model.
 * @param path relative to the working directory: `../test/fixtures/…` in a notebook
 * @throws InputError for a path outside the repository's recordings, and for a malformed recording, with file and line
 * @example
 * ```ts
 * import { recording } from "pageblock";
 *
 * const checked = await recording("test/fixtures/x86-6.1/boot-8G");
 * checked.agrees; // => true
 * ```
 */
export async function recording(path: string): Promise<CheckedRecording> {
  const plan = recordingPlan(path);
  return new CheckedRecording(plan, await runRecordingPlan(plan));
}
