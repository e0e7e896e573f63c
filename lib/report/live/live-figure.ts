/**
 * A live figure: a plan, the knobs by which a reader may change fields of it, and the name of the view that tells its result. It is
 * plain JSON, because a page carries no code but ours; it may have been written by anybody.
 */
import { canonicalJson } from "../../base/canonical-json";
import { InputError, quoted } from "../../base/errors";
import { HARMFUL_KEYS } from "../../base/harmful-keys";
import { isObject } from "../../schema/check";
import { CHOICES_MOST, KNOBS_MOST } from "./limits";

/** One value of a knob, and its words. */
export interface KnobChoice {
  text: string;
  value: unknown;
}

/** A field of the plan and the values it may have; `at`: the index of the plan's own. `slider`: they have an order. */
export interface LiveKnob {
  label: string;
  path: (string | number)[];
  slider: boolean;
  choices: KnobChoice[];
  at: number;
}

export interface LiveFigure {
  format: 1;
  title: string;
  /** With the knobs' own values. */
  plan: Readonly<Record<string, unknown>>;
  knobs: LiveKnob[];
  /** One of VIEWS (views.ts). */
  view: string;
}

const DEPTH_MOST = 12;
const WORDS_MOST = 120;

/** Any JSON as a live figure. Throws InputError for what is none, and for a plan that has not the knobs' own values. */
export function readLiveFigure(given: unknown): LiveFigure {
  if (!isObject(given) || given.format !== 1 || !isObject(given.plan) || !Array.isArray(given.knobs))
    throw refused("must have format 1, a plan and knobs");
  const { knobs, plan } = given;
  if (knobs.length === 0 || knobs.length > KNOBS_MOST)
    throw refused(`must have 1 to ${KNOBS_MOST} knobs: got ${knobs.length}`);
  const view = wordsOf(given.view, "its view");
  const live: LiveFigure = { format: 1, title: wordsOf(given.title, "its title"), plan, knobs: [], view };
  live.knobs = knobs.map(readKnob);
  if (canonicalJson(turnedPlan(live, ownChoice(live))) !== canonicalJson(plan))
    throw refused("the plan must have the knobs' own values");
  return live;
}

function readKnob(given: unknown): LiveKnob {
  if (!isObject(given)) throw refused("a knob must be an object");
  const { path, choices, at } = given;
  const label = wordsOf(given.label, "a knob's label");
  if (!Array.isArray(path) || path.length === 0 || path.length > DEPTH_MOST || !path.every(isKey))
    throw refused(`knob ${quoted(label)}: its path must have 1 to ${DEPTH_MOST} names and indices`);
  if (!Array.isArray(choices) || choices.length < 2 || choices.length > CHOICES_MOST)
    throw refused(`knob ${quoted(label)}: must have 2 to ${CHOICES_MOST} values`);
  if (!Number.isInteger(at) || !((at as number) >= 0 && (at as number) < choices.length))
    throw refused(`knob ${quoted(label)}: its own value must be one of the ${choices.length}`);
  const read = choices.map((choice): KnobChoice => {
    if (!isObject(choice) || !Object.hasOwn(choice, "value"))
      throw refused(`knob ${quoted(label)}: a value is missing`);
    return { text: wordsOf(choice.text, "the words of a value"), value: choice.value };
  });
  return {
    label,
    path: path as LiveKnob["path"],
    slider: given.slider === true,
    choices: read,
    at: at as number,
  };
}

const isKey = (key: unknown) =>
  (typeof key === "string" && !HARMFUL_KEYS.has(key) && key.length <= WORDS_MOST) ||
  (Number.isInteger(key) && (key as number) >= 0 && (key as number) < 1000);

function wordsOf(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "" && value.length <= WORDS_MOST) return value;
  throw refused(`${what} must be a text of 1 to ${WORDS_MOST} characters`);
}

/** The indices of the plan's own values. */
export const ownChoice = ({ knobs }: LiveFigure): number[] => knobs.map((knob) => knob.at);

/** The plan with the values of `choice`, one index for each knob. Throws InputError for an index that a knob has not. */
export function turnedPlan(
  { plan, knobs }: LiveFigure,
  choice: readonly unknown[],
): Readonly<Record<string, unknown>> {
  if (choice.length !== knobs.length)
    throw refused(`must be given ${knobs.length} values, one for each knob: got ${choice.length}`);
  return knobs.reduce((turned: unknown, { label, path, choices }, i) => {
    const chosen = Number.isInteger(choice[i]) ? choices[choice[i] as number] : undefined;
    if (chosen === undefined)
      throw refused(
        `knob ${quoted(label)}: must be from 0 to ${choices.length - 1}: got ${quoted(String(choice[i]))}`,
      );
    return withValue(turned, path, chosen.value);
  }, plan) as Readonly<Record<string, unknown>>;
}

/** A copy of plain data with another value at `path`. Throws InputError if what should hold it is not there. */
export function withValue(of: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(of) && typeof key === "number" && key < of.length)
    return of.map((one, i) => (i === key ? withValue(one, rest, value) : one));
  if (isObject(of) && typeof key === "string" && (rest.length === 0 || Object.hasOwn(of, key)))
    return { ...of, [key]: withValue(of[key], rest, value) };
  throw refused(`the plan has no field ${quoted(path.join("."))}`);
}

const refused = (why: string) => new InputError(`live figure: ${why}`);
