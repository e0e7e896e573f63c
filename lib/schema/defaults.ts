/** Defaults as the statements tell them: constants, or words where a default depends on others ("the board's"). */
import { isObject, readField } from "./check";
import type { Field, Fields } from "./field";
import { FieldError } from "./place";

/** What a field counts as where it is left out, checked as a value; undefined where its default is none or told in words. */
export function constantDefault(field: Field): unknown {
  const given = field.facts.default;
  if (given === undefined) return undefined;
  try {
    return readField(field, given, []);
  } catch (error) {
    if (error instanceof FieldError) return undefined;
    throw error;
  }
}

/** `value` with the constant defaults of its fields filled in, objects within it too where they are there. */
export function withDefaults<T extends object>(fields: Fields, value: T): T {
  const filled: Record<string, unknown> = Object.fromEntries(Object.entries(value));
  for (const [own, field] of Object.entries(fields)) {
    const given = filled[own];
    if (given === undefined) {
      const constant = constantDefault(field);
      if (constant !== undefined) filled[own] = constant;
    } else if (field.form.kind === "object" && isObject(given))
      filled[own] = withDefaults(field.form.fields, given);
  }
  // Only fields of T were added.
  return filled as T;
}
