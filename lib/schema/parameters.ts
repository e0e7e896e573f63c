/**
 * Parameters of a strategy or a workload, checked against the fields that state them. Sizes become bytes and times become
 * milliseconds here, so that the code behind never sees text with a unit.
 */
import { parseDuration } from "../base/duration";
import { InputError, unknownName } from "../base/errors";
import { parseSize } from "../base/units";
import type { Field, Fields, Form, OutOf } from "./field";

type Of<K extends Form["kind"]> = Extract<Form, { kind: K }>;

/**
 * The value of every field, with defaults filled in. `what` names the owner of the fields: `strategy cma`.
 * @throws InputError for an unknown name, with the nearest known one, and for a bad value, with the limit and the value
 */
export function resolveFields<S extends Fields>(
  what: string,
  fields: S,
  given: Readonly<Record<string, unknown>>,
): OutOf<S> {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(fields, name)) throw unknownName(`parameter of ${what}`, name, Object.keys(fields));
  const resolved: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = given[name] ?? field.facts.default;
    if (value !== undefined) resolved[name] = valueIn(`${what}: ${name}`, field, value);
    else if (field.optional === undefined) throw new InputError(`${what}: ${name}: must be given`);
  }
  return resolved as OutOf<S>;
}

/** The defaults of fields as they are written in plans. */
export function writtenDefaults(fields: Fields): Record<string, string | number | boolean> {
  const defaults: Record<string, string | number | boolean> = {};
  for (const [name, { facts }] of Object.entries(fields))
    if (facts.default !== undefined) defaults[name] = facts.default as string | number | boolean;
  return defaults;
}

function valueIn(where: string, { form }: Field, given: unknown): unknown {
  switch (form.kind) {
    case "size":
      return sizeOf(where, form, given);
    case "time":
      return timeOf(where, form, given);
    case "whole":
    case "number":
      return numberOf(where, form, given);
    case "truth":
      if (typeof given !== "boolean") throw complaint(where, "must be true or false", given);
      return given;
    case "text":
      if (typeof given !== "string" || given.length > form.longest)
        throw complaint(where, `must be text of at most ${form.longest} characters`, given);
      return given;
    case "name":
      return nameOf(where, form, given);
    case "literal":
      if (given !== form.value) throw complaint(where, `must be ${JSON.stringify(form.value)}`, given);
      return given;
    case "either":
      return eitherOf(where, form, given);
    case "parsed":
      return form.parse(given as never);
    default:
      throw new Error(`${where}: a parameter cannot be of the form ${form.kind}`);
  }
}

function complaint(where: string, must: string, given: unknown): InputError {
  return new InputError(`${where}: ${must}: got ${JSON.stringify(given)}`);
}

function sizeOf(where: string, { least, most }: Of<"size">, given: unknown): number {
  if (typeof given !== "string" && typeof given !== "number")
    throw complaint(where, 'must be a size such as "64MiB", or bytes', given);
  const bytes = parseSize(given, where);
  if (bytes < least || bytes > most) throw complaint(where, `must be from ${least} to ${most} bytes`, given);
  return bytes;
}

function timeOf(where: string, { most, endless }: Of<"time">, given: unknown): number {
  if (typeof given !== "string" && typeof given !== "number")
    throw complaint(where, 'must be a time such as "2h", or milliseconds', given);
  const ms = parseDuration(given, where);
  if (endless && ms === Number.POSITIVE_INFINITY) return ms;
  if (ms > most) throw complaint(where, `must be at most ${most / 86_400_000} days`, given);
  return ms;
}

function numberOf(where: string, form: Of<"whole"> | Of<"number">, given: unknown): number {
  const { least, most } = form;
  const above = form.kind === "number" && form.above;
  const ok =
    typeof given === "number" &&
    (above ? given > least : given >= least) &&
    given <= most &&
    (form.kind === "number" || Number.isInteger(given));
  if (ok) return given;
  const a = form.kind === "whole" ? "a whole number" : "a number";
  const from = above ? `above ${least}, at most` : `from ${least} to`;
  throw complaint(where, `must be ${a} ${from} ${most}`, given);
}

function nameOf(where: string, form: Of<"name">, given: unknown): string {
  const known = form.known();
  if (typeof given !== "string") throw complaint(where, `must be a name: ${known.join(", ")}`, given);
  if (!known.includes(given)) throw unknownName(where, given, known);
  return given;
}

function eitherOf(where: string, { of, must }: Of<"either">, given: unknown): unknown {
  for (const field of of) {
    try {
      return valueIn(where, field, given);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  throw complaint(where, must, given);
}
