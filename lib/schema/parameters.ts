/**
 * Parameters of a strategy or a workload, checked against their fields. Sizes become bytes and times become
 * milliseconds here, so that strategies and workloads never see text with a unit.
 */
import { InputError, unknownName } from "../base/errors";
import { readField } from "./check";
import { type Field, type Fields, type In, type OutOf, object } from "./field";
import { FieldError, fieldPath } from "./place";

type MustBeGiven<S extends Fields> = {
  [K in keyof S]: S[K] extends { readonly optional: true } | { readonly filled: true } ? never : K;
}[keyof S];

/**
 * The type people may write for parameters. It maps the names themselves, so that an editor shows each one's comment.
 */
export type ParametersIn<S extends Fields> = [MustBeGiven<S>] extends [never]
  ? { readonly [K in keyof S]?: In<S[K]> }
  : { readonly [K in keyof S as K extends MustBeGiven<S> ? K : never]: In<S[K]> } & {
      readonly [K in keyof S as K extends MustBeGiven<S> ? never : K]?: In<S[K]>;
    };

/** The fields of a strategy or a workload as one object, made once. */
const STATEMENTS = new WeakMap<Fields, Field>();

/**
 * The value of every field, with defaults filled in. `what` names the owner of the fields: `strategy cma`.
 * @throws InputError for an unknown name, with the nearest known one; for an invalid value, with the limit and the
 * value
 */
export function resolveFields<S extends Fields>(
  what: string,
  fields: S,
  given: Readonly<Record<string, unknown>>,
): OutOf<S> {
  let statement = STATEMENTS.get(fields);
  if (statement === undefined) {
    statement = object(what, fields);
    STATEMENTS.set(fields, statement);
  }
  try {
    return readField(statement, given, []) as OutOf<S>;
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    if (error.key !== undefined && error.path.length === 0)
      throw unknownName(`parameter of ${what}`, error.key, Object.keys(fields));
    throw new InputError(`${what}: ${fieldPath(error.path, error.key)}: ${error.message}`);
  }
}

/** The defaults of fields, in the notation of plans. */
export function writtenDefaults(fields: Fields): Record<string, string | number | boolean> {
  const defaults: Record<string, string | number | boolean> = {};
  for (const [name, { facts }] of Object.entries(fields))
    if (facts.default !== undefined) defaults[name] = facts.default as string | number | boolean;
  return defaults;
}
