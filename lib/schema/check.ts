/**
 * Checks a value against its statement. Values come from people and, over a network, from strangers. A checked value
 * is plain data without unknown fields, with sizes in bytes and times in milliseconds, so that equal plans have equal
 * names however they were written. The check stops at the first mistake and reports its place, so that hostile input
 * costs nothing.
 */
import { parseDuration } from "../base/duration";
import { InputError, unknownName } from "../base/errors";
import { HARMFUL_KEYS } from "../base/harmful-keys";
import { camel } from "../base/spelling";
import { parseSize } from "../base/units";
import { type Field, type Fields, type Form, isObjectField, type Literal, type Out } from "./field";
import { FieldError, fieldPath, type Locate, shown, unknownField } from "./place";

type Path = readonly PropertyKey[];
type Of<K extends Form["kind"]> = Extract<Form, { kind: K }>;

/** The normalised value. Throws InputError with place, field, limit and value of the first mistake. */
export function check<F extends Field>(field: F, value: unknown, locate: Locate = fieldPath): Out<F> {
  try {
    return readField(field, value, []);
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    throw new InputError(`${locate(error.path, error.key)}: ${error.message}`);
  }
}

/** The same within another check: throws a FieldError, whose place continues `path`. */
export function readField<F extends Field>(field: F, value: unknown, path: Path): Out<F> {
  // The statement is the only proof of the type, here and nowhere else.
  return read(field, value, path) as Out<F>;
}

function read({ form }: Field, value: unknown, path: Path): unknown {
  if (value === undefined) throw new FieldError(path, "is missing");
  switch (form.kind) {
    case "size":
      return size(form, value, path);
    case "time":
      return time(form, value, path);
    case "whole":
    case "number":
      return count(form, value, path);
    case "truth":
      if (typeof value !== "boolean") throw must(path, "be true or false", value);
      return value;
    case "text":
      return text(form, value, path);
    case "name":
      return name(form, value, path);
    case "literal":
      return literal(form, value, path);
    case "list":
      return list(form, value, path);
    case "record":
      return record(form, value, path);
    case "object":
      return object(form, value, path);
    case "either":
      return either(form, value, path);
    case "parsed":
      return attempt(path, () => form.parse(value as never));
  }
}

/** A complaint that states the rule and the value. */
function must(path: Path, what: string, value: unknown): FieldError {
  return new FieldError(path, `must ${what}: got ${shown(value)}`);
}

/**
 * Turns an InputError of `convert` into a complaint at `path`. The place already names the field, so the text does
 * not.
 */
function attempt<T>(path: Path, convert: () => T, what = ""): T {
  try {
    return convert();
  } catch (error) {
    if (error instanceof FieldError) throw new FieldError([...path, ...error.path], error.message, error.key);
    if (!(error instanceof InputError)) throw error;
    const { message } = error;
    throw new FieldError(
      path,
      what !== "" && message.startsWith(`${what}: `) ? message.slice(what.length + 2) : message,
    );
  }
}

function size({ least, most }: Of<"size">, value: unknown, path: Path): number {
  if (typeof value !== "number" && typeof value !== "string")
    throw must(path, 'be a size such as "64MiB", or bytes', value);
  const bytes = attempt(path, () => parseSize(value, "size"), "size");
  if (bytes < least || bytes > most) throw must(path, `be from ${least} to ${most} bytes`, value);
  return bytes;
}

function time({ most, endless }: Of<"time">, value: unknown, path: Path): number {
  if (typeof value !== "number" && typeof value !== "string")
    throw must(path, 'be a time such as "500ms", or milliseconds', value);
  const ms = attempt(path, () => parseDuration(value, "time"), "time");
  if (!(ms <= most || (endless && ms === Number.POSITIVE_INFINITY)))
    throw must(path, `be at most ${most / 86_400_000} days`, value);
  return ms;
}

function count(form: Of<"whole"> | Of<"number">, value: unknown, path: Path): number {
  const { least, most } = form;
  const whole = form.kind === "whole";
  const above = form.kind === "number" && form.above;
  const kind = whole ? "a whole number" : "a number";
  const fits =
    typeof value === "number" &&
    (whole ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    (above ? value > least : value >= least) &&
    value <= most;
  if (fits) return value;
  const from = above ? `above ${least}` : `from ${least}`;
  throw must(
    path,
    `be ${kind} ${most === Number.MAX_SAFE_INTEGER ? (above ? from : `of ${least} or more`) : `${from} ${above ? "and at most" : "to"} ${most}`}`,
    value,
  );
}

function text({ longest }: Of<"text">, value: unknown, path: Path): string {
  if (typeof value === "number") throw must(path, "be text, in quotes in a file", value);
  if (typeof value !== "string") throw must(path, "be text", value);
  if (value.length > longest) throw must(path, `have at most ${longest} characters`, value);
  return value;
}

function name({ known }: Of<"name">, value: unknown, path: Path): string {
  if (typeof value !== "string") throw must(path, "be a name", value);
  const names = known();
  const found = spelled(value, names);
  if (found === undefined) throw new FieldError(path, unknownWord(value, names));
  return found;
}

function literal({ value: only, was }: Of<"literal">, value: unknown, path: Path): Literal {
  if (value !== only && !was.includes(value as never)) throw must(path, `be ${JSON.stringify(only)}`, value);
  return only;
}

/** The known name that `given` spells, in kebab-case or camelCase; undefined if there is none. */
export function spelled(given: string, known: readonly string[]): string | undefined {
  if (given.length > 80) return undefined;
  return known.includes(given) ? given : known.find((one) => camel(one) === camel(given));
}

/** `unknown name "cna": known are …; did you mean cma?` */
function unknownWord(given: string, known: readonly string[]): string {
  return given.length > 80
    ? `unknown name ${shown(given)}: known are ${known.join(", ")}`
    : unknownName("", given, known).message.slice(2);
}

function list({ of, least, most }: Of<"list">, value: unknown, path: Path): unknown[] {
  if (!Array.isArray(value)) throw must(path, "be a list", value);
  if (value.length < least)
    throw new FieldError(
      path,
      `must have at least ${least === 1 ? "one entry" : `${least} entries`}: got ${value.length}`,
    );
  if (value.length > most)
    throw new FieldError(path, `must have at most ${most} entries: got ${value.length}`);
  // A hole in a sparse list counts as a missing entry: map() would skip it.
  return Array.from(value, (entry, i) => readField(of, entry, [...path, i]));
}

function record({ of, keys }: Of<"record">, value: unknown, path: Path): Record<string, unknown> {
  if (!isObject(value)) throw must(path, "be an object", value);
  const known = keys?.();
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (HARMFUL_KEYS.has(key)) throw new FieldError(path, `no key may be named ${key}`, key);
    if (known !== undefined && !known.includes(key)) throw unknownField(path, key, known);
    if (value[key] !== undefined) out[key] = readField(of, value[key], [...path, key]);
  }
  return out;
}

/** Maps the name, the word and the earlier names of every field to its name. Made once per statement. */
const SPELLINGS = new WeakMap<Fields, ReadonlyMap<string, string>>();

export function spellings(fields: Fields): ReadonlyMap<string, string> {
  const known = SPELLINGS.get(fields);
  if (known !== undefined) return known;
  const made = new Map<string, string>();
  for (const [own, { facts }] of Object.entries(fields))
    for (const spelling of [own, ...(facts.word === undefined ? [] : [facts.word]), ...(facts.was ?? [])])
      made.set(spelling, own);
  SPELLINGS.set(fields, made);
  return made;
}

/** `value` with the fields that have moved where they belong now; the value itself if it has none of them. */
export function relocated(moved: Readonly<Record<string, string>>, value: unknown, path: Path = []): unknown {
  if (!isObject(value)) return value;
  let out = value;
  for (const [from, to] of Object.entries(moved)) {
    const [part, field] = from.split(".") as [string, string];
    const [newPart, newField] = to.split(".") as [string, string];
    const holder = out[part];
    const given = isObject(holder) ? holder[field] : undefined;
    if (!isObject(holder) || given === undefined) continue;
    const { [field]: _moved, ...rest } = holder;
    const target = out[newPart];
    if (target !== undefined && !isObject(target)) continue;
    if (target?.[newField] !== undefined)
      throw new FieldError([...path, part], `${from}: means the same as ${to}: give only one of them`, field);
    out = { ...out, [part]: rest, [newPart]: { ...target, [newField]: given } };
  }
  return out;
}

function object({ fields, gone, moved, refine }: Of<"object">, given: unknown, path: Path): unknown {
  const known = spellings(fields);
  const value = relocated(moved, given, path);
  if (!isObject(value))
    throw must(path, `be an object with the fields ${Object.keys(fields).join(", ")}`, value);
  /** The spelling in which each field was given. */
  const written = new Map<string, string>();
  for (const key of Object.keys(value)) {
    if (value[key] === undefined) continue;
    const own = known.get(key);
    if (own === undefined && Object.hasOwn(gone, key)) throw new FieldError(path, gone[key]!, key);
    if (own === undefined) throw unknownField(path, key, namesToTell(fields), value[key]);
    if (written.has(own))
      throw new FieldError(path, `${key}: means the same as ${written.get(own)}: give only one of them`, key);
    written.set(own, key);
  }
  const out: Record<string, unknown> = {};
  for (const [own, field] of Object.entries(fields)) {
    const key = written.get(own);
    if (key !== undefined) out[own] = readField(field, value[key], [...path, key]);
    else if (field.filled) out[own] = readField(field, field.facts.default, [...path, own]);
    else if (!field.optional) throw new FieldError([...path, field.facts.word ?? own], "is missing");
  }
  if (refine === null) return out;
  try {
    return attempt(path, () => refine(out as never)) ?? out;
  } catch (error) {
    const [own, ...rest] = error instanceof FieldError ? error.path.slice(path.length) : [];
    const key = own === undefined ? undefined : written.get(String(own));
    if (!(error instanceof FieldError) || key === undefined) throw error;
    throw new FieldError([...path, key, ...rest], error.message, error.key);
  }
}

/** Names and words, for suggestions. */
function namesToTell(fields: Fields): string[] {
  return Object.entries(fields).flatMap(([own, { facts }]) =>
    facts.word === undefined ? [own] : [own, facts.word],
  );
}

function either({ of, must: what }: Of<"either">, value: unknown, path: Path): unknown {
  const variants = of.filter(isObjectField);
  if (isObject(value)) {
    const key = discriminator(variants);
    if (key !== undefined) return readField(variantOf(variants, key, value, path), value, path);
    if (variants.length === 1) return readField(variants[0]!, value, path);
  }
  // Nothing else takes a list: the mistake is in one of its entries, or in their number.
  const lists = of.filter(({ form }) => form.kind === "list");
  if (Array.isArray(value) && lists.length === 1 && of.every(({ form }) => form.kind !== "parsed"))
    return readField(lists[0]!, value, path);
  for (const field of of) {
    try {
      return readField(field, value, path);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
    }
  }
  throw must(path, what.replace(/^must /, ""), value);
}

type ObjectField = Field & { readonly form: Of<"object"> };

/** The key that tells the objects of an `either` apart: a field that is a literal in each of them. */
export function discriminator(variants: readonly ObjectField[]): string | undefined {
  const literals = (field: Field | undefined) =>
    field?.form.kind === "literal" || field?.form.kind === "name";
  if (variants.length < 2) return undefined;
  return Object.keys(variants[0]!.form.fields).find((key) =>
    variants.every((v) => literals(v.form.fields[key]) && !v.form.fields[key]!.optional),
  );
}

function variantOf(
  variants: readonly ObjectField[],
  key: string,
  value: Record<string, unknown>,
  path: Path,
): Field {
  const given = value[key];
  if (given === undefined) throw new FieldError([...path, key], "is missing");
  const known: string[] = [];
  for (const variant of variants) {
    const { form } = variant.form.fields[key]!;
    if (form.kind === "literal") {
      if (form.value === given || form.was.includes(given as never)) return variant;
      known.push(String(form.value));
    } else if (form.kind === "name") {
      if (typeof given === "string" && spelled(given, form.known()) !== undefined) return variant;
      known.push(...form.known());
    }
  }
  if (typeof given !== "string") throw must([...path, key], "be a name", given);
  throw new FieldError([...path, key], unknownWord(given, known));
}

/** More than any object of parameters has: what has more is refused before it is read. */
const PARAMETERS_MAX = 64;

/** Throws for an object of more entries than anything takes, before they are copied one by one. */
export function mustBeFew(value: object, path: Path): void {
  const { length } = Object.keys(value);
  if (length > PARAMETERS_MAX)
    throw new FieldError(path, `must have at most ${PARAMETERS_MAX} fields: got ${length}`);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
