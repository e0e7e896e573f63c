/**
 * Parameters of workloads: what a plan may write, and the numbers a generator gets. Sizes become bytes and times become
 * milliseconds here, so that a generator never sees text with a unit.
 */

import { parseDuration } from "../base/duration";
import { InputError, unknownName } from "../base/errors";
import { parseSize, type Size } from "../base/units";

/** A time as people write it: "30 days", "2h", "500ms", "endless", or milliseconds. */
export type Time = string | number;
export type { Size };

/** One parameter. `unit` "size" and "time" take text with a unit or a plain number (bytes, milliseconds). */
export interface Parameter {
  unit: string;
  default: string | number | boolean;
  meaning: string;
  /** Limits of a number, after its unit is resolved; `least` is 0 unless given. */
  least?: number;
  most?: number;
  /** A number that must be whole. */
  whole?: boolean;
  /** The only texts allowed. */
  oneOf?: readonly string[];
}

/** Parameters as the generator gets them: sizes in bytes, times in milliseconds. */
export type Resolved<P> = { [K in keyof P]-?: number extends P[K] ? number : NonNullable<P[K]> };

export type ResolvedValues = Record<string, string | number | boolean>;

/** A share, from 0 to 1. */
export function share(value: number, meaning: string): Parameter {
  return { unit: "share", default: value, meaning, most: 1 };
}

/** A whole number of things. */
export function count(value: number, unit: string, meaning: string, least = 0): Parameter {
  return { unit, default: value, meaning, whole: true, least };
}

export function size(value: string, meaning: string, least = 0): Parameter {
  return { unit: "size", default: value, meaning, least };
}

export function time(value: string, meaning: string): Parameter {
  return { unit: "time", default: value, meaning };
}

/** How long a kind lasts: the parameter that all of them have. */
export const DURATION = (value: string): Parameter =>
  time(value, 'how long it lasts; "endless": until stopped');

/** Every parameter of `kind` resolved; throws InputError naming the parameter, its limit and the value. */
export function resolveAll(
  kind: string,
  parameters: Record<string, Parameter>,
  given: Record<string, unknown>,
): ResolvedValues {
  for (const name of Object.keys(given))
    if (name !== "kind" && !Object.hasOwn(parameters, name))
      throw unknownName(`parameter of workload ${kind}`, name, Object.keys(parameters));
  const resolved: ResolvedValues = {};
  for (const [name, p] of Object.entries(parameters))
    resolved[name] = resolveOne(`workload ${kind}: ${name}`, p, given[name] ?? p.default);
  return resolved;
}

function resolveOne(what: string, p: Parameter, value: unknown): string | number | boolean {
  if (p.unit === "time") return parseDuration(value as Time, what);
  if (p.unit === "size") {
    if (typeof value !== "string" && typeof value !== "number")
      throw new InputError(`${what}: must be a size such as "64MiB": got ${JSON.stringify(value)}`);
    return inLimits(what, p, parseSize(value, what));
  }
  if (typeof value !== typeof p.default)
    throw new InputError(`${what} must be a ${typeof p.default}: got ${JSON.stringify(value)}`);
  if (typeof value === "number") return inLimits(what, p, value);
  if (p.oneOf !== undefined && !p.oneOf.includes(value as string))
    throw unknownName(what, String(value), [...p.oneOf]);
  return value as string | boolean;
}

function inLimits(what: string, p: Parameter, value: number): number {
  const least = p.least ?? 0;
  const most = p.most ?? Number.MAX_SAFE_INTEGER;
  if (!(value >= least && value <= most) || (p.whole && !Number.isInteger(value))) {
    const kind = p.whole ? "a whole number" : "a number";
    const limit = p.most === undefined ? `${least} or more` : `from ${least} to ${most}`;
    throw new InputError(`${what} must be ${kind}, ${limit}: got ${value}`);
  }
  return value;
}
