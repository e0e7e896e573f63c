/**
 * A field states one fact of a plan, once: its meaning, unit, limits, default and source. The type, the check, the
 * options of the fluent API, the flags of the command line, the JSON Schema and the tables of the documentation are
 * all derived from it; nothing repeats it.
 *
 * A field is plain, frozen data. `Out<F>` is the type of its checked value, `In<F>` what people may write for it.
 */

/** A size as people write it: "64MiB", or bytes. */
export type SizeIn = string | number;
/** A time as people write it: "30 days", "500ms", or milliseconds. */
export type TimeIn = string | number;

/** The documentation of a field; its form says how it is checked. */
export interface Facts {
  /** Its meaning: a phrase that follows "Name: ", with a lower-case start and no full stop. */
  readonly doc: string;
  /** A value, where the parts of an object fit only together. */
  readonly example?: unknown;
  /** Unit of the checked value, such as `bytes`, `ms`, `pages`, `share`; absent for names and texts. */
  readonly unit?: string;
  /** The value of a field that is left out; words if it depends on other fields ("the board's"). */
  readonly default?: unknown;
  /** A synonym of its name that people may write: `size` for `bytes`. */
  readonly word?: string;
  /** Its names in earlier formats of plans. */
  readonly was?: readonly string[];
  /** Its command-line flag without dashes; default: the word or the name in kebab-case. `false`: it has no flag. */
  readonly flag?: string | false;
  /** The source of its meaning or default: a document, a C function, `modelling choice`. */
  readonly source?: string;
}

/** The only value of a field that has one. */
export type Literal = string | number | null;

/** How a value is checked. */
export type Form =
  | { readonly kind: "size"; readonly least: number; readonly most: number }
  | { readonly kind: "time"; readonly most: number; readonly endless: boolean }
  | { readonly kind: "whole"; readonly least: number; readonly most: number }
  | { readonly kind: "number"; readonly least: number; readonly most: number; readonly above: boolean }
  | { readonly kind: "truth" }
  | { readonly kind: "text"; readonly longest: number }
  | { readonly kind: "name"; readonly known: () => readonly string[] }
  | { readonly kind: "literal"; readonly value: Literal; readonly was: readonly (string | number)[] }
  | { readonly kind: "list"; readonly of: Field; readonly least: number; readonly most: number }
  | { readonly kind: "record"; readonly of: Field; readonly keys: (() => readonly string[]) | null }
  | {
      readonly kind: "object";
      readonly fields: Fields;
      readonly gone: Readonly<Record<string, string>>;
      readonly moved: Readonly<Record<string, string>>;
      readonly refine: ((value: never) => unknown) | null;
    }
  | { readonly kind: "either"; readonly of: readonly Field[]; readonly must: string }
  | {
      readonly kind: "parsed";
      readonly parse: (given: never) => unknown;
      /** May refer to the field itself: a workload contains workloads. */
      readonly written: () => readonly Field[];
    };

/** One stated fact. `types` does not exist at run time; W is the synonym of the field's name. */
export interface Field<O = unknown, I = O, W extends string = string> {
  readonly form: Form;
  readonly facts: Facts;
  /** May be left out; the code that uses it then resolves `facts.default`. */
  readonly optional?: true;
  /** May be left out; the check writes the default into the plan. */
  readonly filled?: true;
  readonly types?: { readonly out: O; readonly in: I; readonly word: W };
}

/** The fields of an object by name, in the order of the tables. */
export type Fields = Readonly<Record<string, Field>>;

/** Facts that a constructor takes; it sets unit and limits itself. */
type More<T, W extends string = never> = Partial<Omit<Facts, "doc" | "unit" | "default" | "word">> & {
  readonly default?: T | (string & {});
  readonly word?: W;
};

const made = <O, I, W extends string = never>(form: Form, facts: Facts): Field<O, I, W> =>
  Object.freeze({ form, facts: Object.freeze(facts) });

/** Upper limit of every size: 1 PiB. */
const MOST_BYTES = 2 ** 50;

/** Bytes, written as "64MiB" or a number. */
export function size<const W extends string = never>(
  doc: string,
  { least = 0, most = MOST_BYTES, ...facts }: More<SizeIn, W> & { least?: number; most?: number } = {},
): Field<number, SizeIn, W> {
  return made({ kind: "size", least, most }, { doc, unit: "bytes", ...facts });
}

/** Milliseconds, written as "30 days" or a number; Infinity for "endless" if that is allowed. */
export function time<const W extends string = never>(
  doc: string,
  { most, endless = false, ...facts }: More<TimeIn, W> & { most: number; endless?: boolean },
): Field<number, TimeIn, W> {
  return made({ kind: "time", most, endless }, { doc, unit: "ms", ...facts });
}

/** A whole number of `unit`. */
export function whole<const W extends string = never>(
  doc: string,
  unit: string,
  { least = 0, most = 2 ** 31, ...facts }: More<number, W> & { least?: number; most?: number } = {},
): Field<number, number, W> {
  return made({ kind: "whole", least, most }, { doc, unit, ...facts });
}

/** A number of `unit`; `above`: greater than `least`, not equal to it. */
export function number<const W extends string = never>(
  doc: string,
  unit: string,
  {
    least = 0,
    most = Number.MAX_SAFE_INTEGER,
    above = false,
    ...facts
  }: More<number, W> & { least?: number; most?: number; above?: boolean } = {},
): Field<number, number, W> {
  return made({ kind: "number", least, most, above }, { doc, unit, ...facts });
}

/** A share, from 0 to 1. */
export function share<const W extends string = never>(
  doc: string,
  facts: More<number, W> = {},
): Field<number, number, W> {
  return number(doc, "share", { most: 1, ...facts });
}

/** true or false. */
export function truth<const W extends string = never>(
  doc: string,
  facts: More<boolean, W> = {},
): Field<boolean, boolean, W> {
  return made({ kind: "truth" }, { doc, ...facts });
}

/** Any text up to a length. */
export function text<const W extends string = never>(
  doc: string,
  { longest = 200, ...facts }: More<string, W> & { longest?: number } = {},
): Field<string, string, W> {
  return made({ kind: "text", longest }, { doc, ...facts });
}

/** One of a few names; `known` may be a function if the list is long or made elsewhere. */
export function name<const T extends string, const W extends string = never>(
  doc: string,
  known: readonly T[] | (() => readonly T[]),
  facts: More<T, W> = {},
): Field<T, T, W> {
  return made({ kind: "name", known: typeof known === "function" ? known : () => known }, { doc, ...facts });
}

/** Exactly this value; `was`: its values in earlier formats of plans. */
export function literal<const T extends Literal>(
  value: T,
  doc = "",
  was: readonly (string | number)[] = [],
): Field<T, T, never> {
  return made({ kind: "literal", value, was }, { doc, default: value });
}

/** A list of at least `least` and at most `most` entries. */
export function list<O, I, const W extends string = never>(
  doc: string,
  of: Field<O, I>,
  { least = 0, most, ...facts }: More<readonly I[], W> & { least?: number; most: number },
): Field<O[], readonly I[], W> {
  return made({ kind: "list", of, least, most }, { doc, ...facts });
}

/** Values by name; `keys` are the only names allowed, null for any. */
export function record<O, I, const W extends string = never>(
  doc: string,
  of: Field<O, I>,
  keys: (() => readonly string[]) | null = null,
  facts: More<Readonly<Record<never, never>>, W> = {},
): Field<Record<string, O>, Readonly<Record<string, I>>, W> {
  return made({ kind: "record", of, keys }, { doc, ...facts });
}

/**
 * A field of an object with fields S. State it as an interface, `interface RunField extends ObjectField<typeof RUN_FIELDS>`:
 * in declarations the compiler writes an interface by its name, and any other type in full wherever it is used.
 */
export type ObjectField<S extends Fields, W extends string = never> = Field<OutOf<S>, InOf<S>, W> & {
  readonly fields: S;
};

/**
 * An object without unknown fields. `refine` checks rules across fields, and may replace the value. `gone`: fields of
 * earlier plans, each with the reason why it is refused. `moved`: those that another part has now, `"part.field"` by
 * `"part.field"`; they are still read.
 */
export function object<const S extends Fields, const W extends string = never>(
  doc: string,
  fields: S,
  {
    refine,
    gone = {},
    moved = {},
    ...facts
  }: More<Readonly<Record<never, never>>, W> & {
    refine?: (value: OutOf<S>) => OutOf<S>;
    gone?: Readonly<Record<string, string>>;
    moved?: Readonly<Record<string, string>>;
  } = {},
): ObjectField<S, W> {
  const form: Form = {
    kind: "object",
    fields,
    gone,
    moved,
    refine: (refine as ((value: never) => unknown) | undefined) ?? null,
  };
  return Object.freeze({ form, facts: Object.freeze({ doc, ...facts }), fields });
}

/** One of several forms; `must` completes the error message: `must be a size or "none"`. */
export function either<const F extends readonly Field[], const W extends string = never>(
  doc: string,
  must: string,
  of: F,
  facts: More<unknown, W> = {},
): Field<Out<F[number]>, In<F[number]>, W> {
  return made({ kind: "either", of: of as readonly Field[], must }, { doc, ...facts });
}

/** A value with a notation of its own: `parse` throws InputError; `written` lists its forms for JSON Schema. */
export function parsed<O, I, const W extends string = never>(
  doc: string,
  parse: (given: I) => O,
  written: readonly Field[] | (() => readonly Field[]),
  // Not More<I>: a default in words would widen I, the argument of parse(), to text.
  facts: More<unknown, W> = {},
): Field<O, I, W> {
  const forms = typeof written === "function" ? written : () => written;
  return made(
    { kind: "parsed", parse: parse as (given: never) => unknown, written: forms },
    { doc, ...facts },
  );
}

/** True if a field is an object with stated fields. */
export function isObjectField(
  field: Field,
): field is Field & { readonly form: Extract<Form, { kind: "object" }> } {
  return field.form.kind === "object";
}

/** May be left out. */
export function optional<F extends Field>(field: F): F & { readonly optional: true } {
  return Object.freeze({ ...field, optional: true as const });
}

/** May be left out; the check fills the default in. */
export function filled<F extends Field>(field: F): F & { readonly filled: true } {
  return Object.freeze({ ...field, filled: true as const });
}

/** The type of the checked value. */
export type Out<F> = F extends { readonly types?: { readonly out: infer O } } ? O : never;
/** The type of what people may write. */
export type In<F> = F extends { readonly types?: { readonly in: infer I } } ? I : never;

type OptionalOut<F> = F extends { readonly optional: true } ? true : false;
type OptionalIn<F> = F extends { readonly optional: true } | { readonly filled: true } ? true : false;

/** The checked value of an object with fields S. */
export type OutOf<S extends Fields> = {
  -readonly [K in keyof S as OptionalOut<S[K]> extends true ? never : K]: Out<S[K]>;
} & { -readonly [K in keyof S as OptionalOut<S[K]> extends true ? K : never]?: Out<S[K]> };

/** The synonym of a field's name; never if it has none. */
type WordOf<F> = F extends { readonly types?: { readonly word: infer W } }
  ? string extends W
    ? never
    : W
  : never;
type Worded<S extends Fields> = { [K in keyof S]: [WordOf<S[K]>] extends [never] ? never : K }[keyof S];
type Open<S extends Fields> = { [K in keyof S]: OptionalIn<S[K]> extends true ? K : never }[keyof S];

/** A field under its name or its word; one of them is required. */
type UnderEither<S extends Fields, K extends keyof S> =
  | { readonly [P in K]: In<S[P]> }
  | { readonly [P in K as WordOf<S[P]> & string]: In<S[P]> };

/** All of `{ under: U }` at once: the intersection of the U. */
type AllOf<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer A) => void
  ? A extends { readonly under: infer T }
    ? T
    : unknown
  : unknown;

type NeededUnderEither<S extends Fields, K extends keyof S = Exclude<Worded<S>, Open<S>>> = [K] extends [
  never,
]
  ? unknown
  : AllOf<{ [P in K]: { readonly under: UnderEither<S, P> } }[K]>;

/** The type people may write for an object with fields S: each field under its name, or under its word. */
export type InOf<S extends Fields> = {
  readonly [K in Exclude<keyof S, Open<S> | Worded<S>>]: In<S[K]>;
} & { readonly [K in Open<S>]?: In<S[K]> } & {
  readonly [K in Worded<S> & Open<S> as WordOf<S[K]> & string]?: In<S[K]>;
} & NeededUnderEither<S>;

/** Omit<>, applied to each member of a union separately. */
export type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
