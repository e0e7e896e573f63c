/** What a plan of a recording says: which one, and the SHA-256 of its content. */
import { type Fields, filled, literal, type ObjectField, type OutOf, object, text } from "../schema/field";

/** The recording and its expected content. */
export const RECORDING_FIELDS = {
  kind: filled(literal("recording")),
  path: text("where it lies below test/fixtures of the repository, with `/`", { longest: 400 }),
  sha256: text("SHA-256 of what is in it", { longest: 64 }),
} satisfies Fields;

export interface RecordingField extends ObjectField<typeof RECORDING_FIELDS> {}

export const RECORDING: RecordingField = object(
  "a recording of the repository, checked against the model",
  RECORDING_FIELDS,
);

export interface RecordingPlan extends OutOf<typeof RECORDING_FIELDS> {}
