/** Defaults from the statements: constants, or words if a default depends on other fields ("the board's"). */
import { isObject, readField } from "./check";
import type { Field, Fields } from "./field";
import { FieldError } from "./place";

/** The checked default of a field that is left out; undefined if it has none, or one in words. */
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

/** `value` with the constant defaults of its fields filled in, also in the objects that it contains. */
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
