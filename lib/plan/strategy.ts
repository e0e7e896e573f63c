/** A strategy in a plan: its name, and the parameters that differ from their defaults. */
import { InputError } from "../base/errors";
import { isObject, mustBeFew, spelled } from "../schema/check";
import {
  type Field,
  type Fields,
  type In,
  literal,
  name,
  object,
  optional,
  parsed,
  text,
} from "../schema/field";
import { FieldError, shown } from "../schema/place";
import { findStrategy, resolveStrategy, STRATEGIES } from "../strategy";
import type { LabelledStrategy, StrategySpec } from "../strategy/strategy";

const names = () => [...STRATEGIES.keys()];

/** The parameters of a strategy as fields. */
export function strategyFields(strategyName: string): Fields {
  return findStrategy(strategyName).parameters;
}

/** Every strategy as an object with its name. */
const written = (): Field[] => [
  name("a strategy with its defaults", names),
  ...names().map((own) => object(STRATEGIES.get(own)!.title, { name: literal(own), ...strategyFields(own) })),
];

/** What people write for a strategy: a name, or an object. */
export type StrategyIn = string | StrategySpec;

/** The spec with the library's spelling of its name; parameters stay as written. */
function readStrategy(given: StrategyIn): StrategySpec {
  if (typeof given === "string") return readStrategy({ name: given });
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new InputError(`must be a name, or an object with a name: got ${shown(given)}`);
  mustBeFew(given, []);
  if (typeof given.name !== "string") throw new InputError(`must have a name: got ${shown(given)}`);
  for (const [key, value] of Object.entries(given))
    if (!["string", "number", "boolean"].includes(typeof value))
      throw new FieldError([key], `must be text, a number, true or false: got ${shown(value)}`);
  const spec = { ...given, name: spelled(given.name, names()) ?? given.name.slice(0, 80) };
  resolveStrategy(spec);
  return spec;
}

export const STRATEGY = parsed("the strategy: its name and parameters", readStrategy, written);

/**
 * What people write for a strategy of a comparison: a name, a strategy with a label beside it, or `{ label, spec }`.
 */
export type LabelledIn =
  | StrategyIn
  | { readonly label: string; readonly spec: StrategyIn }
  | (StrategySpec & { label?: string });

/** A strategy of a comparison, which may not have a label yet. */
export interface MaybeLabelled {
  label: string | null;
  spec: StrategySpec;
}

function readLabelled(given: LabelledIn): MaybeLabelled {
  if (!isObject(given)) return { label: null, spec: readStrategy(given) };
  mustBeFew(given, []);
  const { label, spec, ...beside } = given;
  const own = ["object", "string"].includes(typeof spec) && Object.keys(beside).length === 0;
  const rest = own ? spec : { ...beside, ...(spec !== undefined && { spec }) };
  if (label !== undefined && typeof label !== "string")
    throw new FieldError(["label"], `must be text: got ${shown(label)}`);
  return { label: label ?? null, spec: readStrategy(rest as unknown as StrategySpec) };
}

export const LABELLED_STRATEGY = parsed("a strategy and its label", readLabelled, () => [
  name("a strategy with its defaults", names),
  ...names().map((own) =>
    object(STRATEGIES.get(own)!.title, {
      name: literal(own),
      label: optional(text("its name in the comparison", { default: "its name" })),
      ...strategyFields(own),
    }),
  ),
  object("the form that results hold", { label: text("its name in the comparison"), spec: STRATEGY }),
]);

/** Gives the strategies distinct labels: `cma`, or `cma(pageSize=4KiB)` if there is another `cma`. */
export function labelled(strategies: readonly (LabelledIn | MaybeLabelled)[]): LabelledStrategy[] {
  const given = strategies.map((one) => (isRead(one) ? one : readLabelled(one)));
  const labels = given.map(({ label, spec }) => {
    if (label !== null) return label;
    const { name: own, ...parameters } = spec;
    const told = Object.entries(parameters).map(([k, v]) => `${k}=${v}`);
    const alone = given.filter((other) => other.spec.name === own).length === 1;
    return alone || told.length === 0 ? own : `${own}(${told.join(", ")})`;
  });
  const twin = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twin !== undefined)
    throw new InputError(
      `compare: two strategies are called ${JSON.stringify(twin)}: give one a label of its own`,
    );
  return given.map(({ spec }, i) => ({ label: labels[i]!, spec }));
}

function isRead(given: LabelledIn | MaybeLabelled): given is MaybeLabelled {
  return typeof given === "object" && given.label === null;
}

/** An entry of the list that `compare()` takes. */
export type StrategyOption = In<typeof LABELLED_STRATEGY>;
