/**
 * Sweeps: one plan with some of its fields varied: every combination (a grid), random samples, or a Latin hypercube (each
 * parameter's range cut into as many strata as samples, every stratum used once). Plans come one at a time, so a sweep of a
 * hundred thousand costs no memory.
 */
import { InputError } from "../base/errors";
import { Random } from "../base/random";
import { isCode } from "../change/code";
import { PLAN_LIMITS, type Plan, parsePlan } from "../plan/run";
import {
  type Sampling,
  SWEEP_LIMITS,
  type SweepAxis,
  type SweepRange,
  type SweepSpec,
  type SweepValue,
} from "../plan/sweep";
import { fieldPath, type Locate, shown } from "../schema/place";
import type { Plans } from "./plans";
import { setter } from "./sweep-setter";

export type { Sampling, SweepAxis, SweepRange, SweepSpec, SweepValue };

/** Plans without their seed that are kept for others with another seed. */
const PLANS_REMEMBERED = 4096;

/** A value as results name it: a change by its name and SHA-256, `stock` for none, `default` for a field that is left out. */
export type ShownValue = string | number | boolean;

/** Plans of a sweep, by index or one after the other. */
export interface Sweep extends Plans {
  readonly parameters: readonly string[];
  plans(): Generator<Plan>;
  /** The values of the parameters in the plan with this index, as results name them. */
  values(index: number): ShownValue[];
}

/** Checks the whole sweep's axes; throws InputError naming the parameter. Every plan is checked when it is made. */
export function expandSweep(spec: SweepSpec, locate: Locate = fieldPath): Sweep {
  const names = Object.keys(spec.over);
  const where = (name: string) => locate(["over", name]);
  if (names.length > SWEEP_LIMITS.parameters)
    throw new InputError(
      `${locate(["over"])}: a sweep varies at most ${SWEEP_LIMITS.parameters} parameters: got ${names.length}`,
    );
  const setters = names.map((name) => setter(name, spec.plan, where(name)));
  const axes = names.map((name) => readAxis(spec.over[name]!, where(name)));
  const sampling = spec.sample ?? { kind: "grid" };
  const { count, values } =
    sampling.kind === "grid" ? grid(axes, names, where) : sampled(axes, sampling, locate);
  if (count > SWEEP_LIMITS.plans)
    throw new InputError(`sweep: at most ${SWEEP_LIMITS.plans} plans: got ${count}`);
  const made = (index: number, chosen: SweepValue[]): Plan => {
    const draft = structuredClone(spec.plan);
    chosen.forEach((value, i) => setters[i]!(draft, value));
    const parameters = names.map((name, i) => `${name} = ${JSON.stringify(shownValue(name, chosen[i]!))}`);
    return parsePlan(
      draft,
      (path, key) =>
        `sweep: plan ${index + 1} of ${count} (${parameters.join(", ")}): ${fieldPath(path, key)}`,
    );
  };
  const seedAt = names.indexOf("seed");
  const known = new Map<string, Plan>();
  // Plans that differ in the seed alone have all else in common: it is checked once, and they share it.
  const plan = (index: number): Plan => {
    const chosen = values(index);
    const seed = seedAt < 0 ? null : chosen[seedAt];
    if (!Number.isSafeInteger(seed) || (seed as number) < 0 || (seed as number) > PLAN_LIMITS.seed)
      return made(index, chosen);
    const key = JSON.stringify(chosen.map((value, i) => (i === seedAt ? 0 : value)));
    let twin = known.get(key);
    if (twin === undefined) {
      twin = made(index, chosen);
      if (known.size >= PLANS_REMEMBERED) known.delete(known.keys().next().value!);
      known.set(key, twin);
    }
    return { ...twin, seed: seed as number };
  };
  plan(0);
  return {
    count,
    parameters: names,
    values: (index) => values(index).map((value, i) => shownValue(names[i]!, value)),
    at: plan,
    *plans() {
      for (let i = 0; i < count; i++) yield plan(i);
    },
  };
}

function shownValue(name: string, value: SweepValue): ShownValue {
  if (value === null) return /(^|\.)change$/.test(name) ? "stock" : "default";
  return typeof value === "object" ? `${value.name} (${value.sha256.slice(0, 12)})` : value;
}

interface Axis {
  /** Number of values, or Infinity. */
  size: number;
  at(index: number): SweepValue;
  /** The value at `u` in [0, 1). */
  point(u: number): SweepValue;
}

function readAxis(axis: SweepAxis, where: string): Axis {
  if (Array.isArray(axis)) {
    // Array.isArray() does not know lists that are only read.
    const list: readonly SweepValue[] = axis;
    if (list.length === 0) throw new InputError(`${where}: must have at least one value`);
    for (const v of list)
      if (!["string", "number", "boolean"].includes(typeof v) && v !== null && !isCode(v))
        throw new InputError(
          `${where}: values must be text, numbers, truth values, null or changes: got ${shown(v)}`,
        );
    return { size: list.length, at: (i) => list[i]!, point: (u) => list[Math.floor(u * list.length)]! };
  }
  const { from, to, step } = axis as SweepRange;
  if (
    typeof axis !== "object" ||
    axis === null ||
    !Number.isFinite(from) ||
    !Number.isFinite(to) ||
    to < from
  )
    throw new InputError(
      `${where}: must be a list of values or {from, to, step} with from ≤ to: got ${JSON.stringify(axis)}`,
    );
  if (step === undefined)
    return { size: Number.POSITIVE_INFINITY, at: () => from, point: (u) => from + u * (to - from) };
  if (!(step > 0)) throw new InputError(`${where}: step must be > 0: got ${step}`);
  const size = Math.floor((to - from) / step + 1e-9) + 1;
  if (size > SWEEP_LIMITS.plans)
    throw new InputError(`${where}: at most ${SWEEP_LIMITS.plans} values: got ${size}`);
  const at = (i: number) => stepped(from, step, i);
  return { size, at, point: (u) => at(Math.floor(u * size)) };
}

/** `from + i × step` without the dust of binary fractions: 0.1 × 3 is 0.3. */
function stepped(from: number, step: number, i: number): number {
  return Number((from + i * step).toPrecision(12));
}

/**
 * Values from `from` to `to` in steps, both ends included: `range(0, 0.1, 0.01)` is 0, 0.01 … 0.1.
 * @example
 * ```ts
 * import { range } from "pageblock";
 *
 * range(1, 4); // => [1, 2, 3, 4]
 * range(0, 10, 5); // => [0, 5, 10]
 * ```
 */
export function range(from: number, to: number, step = 1): number[] {
  const axis = readAxis({ from, to, step }, `range(${from}, ${to}, ${step})`);
  return Array.from({ length: axis.size }, (_, i) => axis.at(i) as number);
}

/** The last parameter changes fastest. */
function grid(axes: Axis[], names: string[], where: (name: string) => string) {
  axes.forEach((axis, i) => {
    if (axis.size === Number.POSITIVE_INFINITY)
      throw new InputError(`${where(names[i]!)}: a grid needs a list, or a range with a step`);
  });
  const count = axes.reduce((n, axis) => n * axis.size, 1);
  const values = (index: number) => {
    const chosen: SweepValue[] = new Array(axes.length);
    let rest = index;
    for (let i = axes.length - 1; i >= 0; i--) {
      const { size, at } = axes[i]!;
      chosen[i] = at(rest % size);
      rest = Math.floor(rest / size);
    }
    return chosen;
  };
  return { count, values };
}

function sampled(axes: Axis[], sampling: Exclude<Sampling, { kind: "grid" }>, locate: Locate) {
  const { kind, count, seed = 1 } = sampling;
  if (!Number.isSafeInteger(count) || count < 1 || count > SWEEP_LIMITS.plans)
    throw new InputError(
      `${locate(["sample", "count"])}: must be a whole number from 1 to ${SWEEP_LIMITS.plans}: got ${count}`,
    );
  const random = new Random(seed);
  const strata =
    kind === "latin-hypercube"
      ? axes.map((_, i) =>
          random.fork(`strata ${i}`).shuffle(Int32Array.from({ length: count }, (_, k) => k)),
        )
      : null;
  const values = (index: number) =>
    axes.map((axis, i) => {
      const u = random.fork(`sample ${index} of ${i}`).float();
      return axis.point(strata === null ? u : (strata[i]![index]! + u) / count);
    });
  return { count, values };
}
