/** `knob(field, values)`: a field of a plan that a reader of the notebook or of its page may change. */
import { canonicalJson } from "../base/canonical-json";
import { InputError, quoted } from "../base/errors";
import { formatSize, parseSize, type Size } from "../base/units";
import { type KnobChoice, type LiveKnob, withValue } from "../report/live/live-figure";
import { isObject } from "../schema/check";
import { optionsOf } from "./given";

/** The values of a knob: a range, a list, or values by their words. */
export interface KnobIn {
  /** The least value of a range, and the greatest. A range of sizes doubles from value to value, unless there is a `step`. */
  from?: Size;
  to?: Size;
  step?: Size;
  /** Values as in a plan, or by the words that a reader sees: a list to choose from; a slider for numbers. */
  of?: readonly (string | number)[] | Readonly<Record<string, unknown>>;
  /** The plan's own value, as written above; default: the one that the plan has. */
  at?: string | number;
  /** What a reader sees before the value; default: the field. */
  label?: string;
}

/** A knob that is not yet part of a plan. */
export interface Knob {
  readonly field: string;
  readonly label: string;
  readonly slider: boolean;
  readonly choices: readonly KnobChoice[];
  readonly at: string | undefined;
}

const CHOICES_MOST = 200;

/**
 * A field that a reader may change. `field`: a name in the plan or in its machine (`memory`, `pageSize`, `cma`), or a path from the
 * plan's root: `workload.sequence.0.duration`.
 * @throws InputError for a range without values, and for fewer than 2 or more than 200 values
 * @example
 * ```ts
 * import { explore, knob, machine } from "pageblock";
 *
 * const memory = knob("memory", { from: "1GiB", to: "8GiB" }); // 1, 2, 4 and 8 GiB
 * const pi = machine("raspberry-pi-4").pageSize("64K").memory("2GiB").cma("64MiB");
 * const live = await explore(pi, { title: "Does it fit?", knobs: [memory], view: "cmaArea" });
 * console.log(live.sentences[0]); // "No area fits."
 * ```
 */
export function knob(field: string, values: KnobIn): Knob {
  if (typeof field !== "string" || field === "") throw new InputError("knob: needs the name of a field");
  const what = `knob ${quoted(field)}`;
  const { from, to, step, of, at, label = field } = optionsOf(what, values) as KnobIn;
  if ((of === undefined) === (from === undefined || to === undefined))
    throw new InputError(`${what}: needs from and to, or of`);
  const choices = of === undefined ? rangeOf(what, from!, to!, step) : listOf(of);
  if (choices.length < 2 || choices.length > CHOICES_MOST)
    throw new InputError(`${what}: must have 2 to ${CHOICES_MOST} values: got ${choices.length}`);
  const slider = of === undefined || (Array.isArray(of) && of.every((value) => typeof value === "number"));
  const own = at === undefined ? undefined : textOf(at, of === undefined);
  return Object.freeze({ field, label, slider, choices, at: own });
}

/** Sizes are shown with their unit. */
function textOf(value: string | number, size: boolean): string {
  if (size && typeof value === "string") return formatSize(parseSize(value, "knob"));
  return String(value);
}

function listOf(of: NonNullable<KnobIn["of"]>): KnobChoice[] {
  if (Array.isArray(of)) return of.map((value) => ({ text: String(value), value }));
  return Object.entries(of).map(([text, value]) => ({ text, value: JSON.parse(JSON.stringify(value)) }));
}

function rangeOf(what: string, from: Size, to: Size, step: Size | undefined): KnobChoice[] {
  const sizes = typeof from === "string";
  const number = (value: Size) => (sizes ? parseSize(value, what) : Number(value));
  const [least, most] = [number(from), number(to)];
  if (!(least < most)) throw new InputError(`${what}: from must be below to: got ${from} to ${to}`);
  if (step === undefined && !(sizes && least > 0))
    throw new InputError(`${what}: a range of numbers needs a step`);
  const by = step === undefined ? 0 : number(step);
  if (step !== undefined && !(by > 0)) throw new InputError(`${what}: step must be above 0: got ${step}`);
  const found: KnobChoice[] = [];
  const valueAt = (i: number) =>
    step === undefined ? least * 2 ** i : Number((least + i * by).toPrecision(12));
  for (let i = 0; valueAt(i) <= most && i <= CHOICES_MOST; i++)
    found.push({ text: sizes ? formatSize(valueAt(i)) : String(valueAt(i)), value: valueAt(i) });
  return found;
}

/** Names that people write for fields of a plan. */
const WORDS: Readonly<Record<string, string>> = { memory: "memoryBytes" };

type Json = Readonly<Record<string, unknown>>;

/**
 * `knobs` as parts of a live figure of `plan`, and the plan with their own values. `parse` checks a plan and gives it its numbers. A
 * value that the plan does not take beside its others is kept as it is written.
 */
export function knobsIn(
  plan: Json,
  knobs: readonly Knob[],
  parse: (plan: unknown) => Json,
): { plan: Json; knobs: LiveKnob[] } {
  let now = parse(plan);
  const placed = knobs.map((one): LiveKnob => {
    const path = pathOf(now, one.field);
    const choices = one.choices.map(({ text, value }) => ({
      text,
      value: readValue(withValue(now, path, value), path, parse) ?? value,
    }));
    const at = ownOf(one, choices, valueAt(now, path));
    now = withValue(now, path, choices[at]!.value) as Json;
    return { label: one.label, path, slider: one.slider, choices, at };
  });
  return { plan: now, knobs: placed };
}

/** A value as the checked plan has it; undefined if the plan is refused with it, whose reason a reader then sees. */
function readValue(plan: unknown, path: LiveKnob["path"], parse: (plan: unknown) => Json): unknown {
  try {
    return valueAt(parse(plan), path);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function pathOf(plan: Json, field: string): (string | number)[] {
  if (field.includes(".")) return field.split(".").map((key) => (/^\d{1,3}$/.test(key) ? Number(key) : key));
  const name = WORDS[field] ?? field;
  return Object.hasOwn(plan, name) || !isObject(plan.machine) ? [name] : ["machine", name];
}

const valueAt = (of: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce(
    (value, key) => (value === null || typeof value !== "object" ? undefined : (value as Json)[key]),
    of,
  );

function ownOf({ at, field }: Knob, choices: readonly KnobChoice[], own: unknown): number {
  const text = own === undefined ? undefined : canonicalJson(own);
  const found =
    at === undefined
      ? choices.findIndex(({ value }) => canonicalJson(value) === text)
      : choices.findIndex((choice) => choice.text === at);
  if (found >= 0) return found;
  const known = choices.map((choice) => choice.text).join(", ");
  const got = at ?? (text === undefined ? "nothing" : text.slice(0, 60));
  throw new InputError(`knob ${quoted(field)}: the plan's own value must be one of ${known}: got ${got}`);
}
