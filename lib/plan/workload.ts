/** The workload of a plan: known kinds with known parameters, one after the other or side by side, within limits. */
import { InputError } from "../base/errors";
import { spelled } from "../schema/check";
import {
  type Field,
  type Fields,
  list,
  literal,
  name,
  number,
  object,
  optional,
  parsed,
  size,
  text,
  time,
  truth,
  whole,
} from "../schema/field";
import { FieldError, shown } from "../schema/place";
import { REQUEST_LIMITS } from "../strategy/request";
import { WORKLOADS } from "../workload/kinds";
import type { Parameter } from "../workload/parameters";
import { durationMs, partsOf, resolveParameters } from "../workload/scheduler";
import type { LeafWorkload, WorkloadSpec } from "../workload/workload";

export const WORKLOAD_LIMITS = {
  /** Parts of a workload, counted at every depth. */
  parts: 256,
  /** Depth of a workload's composition. */
  depth: 16,
} as const;

const kinds = () => [...WORKLOADS.keys()];

function parameterField(p: Parameter): Field {
  const most = p.most ?? Number.MAX_SAFE_INTEGER;
  const { meaning, least = 0, default: given } = p;
  if (p.unit === "size") return size(meaning, { least, default: given as string });
  if (p.unit === "time")
    return time(meaning, { most: Number.MAX_SAFE_INTEGER, endless: true, default: given as string });
  if (typeof given === "boolean") return truth(meaning, { default: given });
  if (typeof given === "number")
    return (p.whole ? whole : number)(meaning, p.unit, { least, most, default: given });
  return p.oneOf === undefined
    ? text(meaning, { default: given })
    : name(meaning, p.oneOf, { default: given });
}

/** The parameters of a kind of workload as fields. */
export function workloadFields(kind: string): Fields {
  const { parameters } = WORKLOADS.get(kind)!;
  return Object.fromEntries(Object.entries(parameters).map(([own, p]) => [own, optional(parameterField(p))]));
}

/** What people write for a workload: its spec, or what a script builds. */
export type WorkloadIn = WorkloadSpec | { toJSON(): WorkloadSpec };

export const WORKLOAD: Field<WorkloadSpec, WorkloadIn, never> = parsed(
  "what happened before and happens while the requests are put",
  (given: WorkloadIn) => new Reader().whole(given),
  () => [
    ...kinds().map((kind) =>
      object(WORKLOADS.get(kind)!.title, { kind: literal(kind), ...workloadFields(kind) }),
    ),
    object("one after the other", {
      sequence: list("the parts", WORKLOAD, { least: 1, most: WORKLOAD_LIMITS.parts }),
    }),
    object("side by side", {
      together: list("the parts", WORKLOAD, { least: 1, most: WORKLOAD_LIMITS.parts }),
    }),
  ],
  { default: "none: a machine fresh from boot" },
);

/** Composition is read by hand: it nests, and a complaint must name the part. */
class Reader {
  private parts = 0;

  whole(given: unknown): WorkloadSpec {
    const plain = hasToJson(given) ? given.toJSON() : given;
    const spec = this.read(plain, [], 0);
    const { before } = partsOf(spec);
    const ms = before.reduce((sum, part) => sum + durationMs(part), 0);
    if (ms > REQUEST_LIMITS.durationMs)
      throw new InputError(`must end within 3650 simulated days: got ${Math.round(ms / 86_400_000)}`);
    return spec;
  }

  private read(value: unknown, path: PropertyKey[], depth: number): WorkloadSpec {
    if (++this.parts > WORKLOAD_LIMITS.parts)
      throw new FieldError(path, `must have at most ${WORKLOAD_LIMITS.parts} parts`);
    if (depth > WORKLOAD_LIMITS.depth)
      throw new FieldError(path, `may be nested ${WORKLOAD_LIMITS.depth} deep`);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new FieldError(
        path,
        `must be {kind, …}, {sequence: […]} or {together: […]}: got ${shown(value)}`,
      );
    for (const join of ["sequence", "together"] as const)
      if (Object.hasOwn(value, join)) return this.joined(value as Record<string, unknown>, join, path, depth);
    return leaf(value as Record<string, unknown>, path);
  }

  private joined(
    value: Record<string, unknown>,
    join: "sequence" | "together",
    path: PropertyKey[],
    depth: number,
  ): WorkloadSpec {
    const entries = value[join];
    if (Object.keys(value).length > 1 || !Array.isArray(entries) || entries.length === 0)
      throw new FieldError([...path, join], "must be a list with parts and nothing beside it");
    const parts = entries.map((part, i) => this.read(part, [...path, join, i], depth + 1));
    return join === "sequence" ? { sequence: parts } : { together: parts };
  }
}

function leaf(value: Record<string, unknown>, path: PropertyKey[]): LeafWorkload {
  const { kind, ...parameters } = value;
  if (typeof kind !== "string")
    throw new FieldError(path, `must name its kind, or have sequence or together: got ${shown(value)}`);
  const keys = Object.keys(parameters);
  for (const key of keys)
    if (!["string", "number", "boolean"].includes(typeof parameters[key]))
      throw new FieldError(
        [...path, key],
        `must be text, a number or a truth value: got ${shown(parameters[key])}`,
      );
  const spec = {
    ...(parameters as Record<string, string | number | boolean>),
    kind: spelled(kind, kinds()) ?? kind.slice(0, 80),
  };
  try {
    resolveParameters(spec);
    durationMs(spec);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const at =
      keys.find((k) => error.message.includes(`"${k}"`)) ??
      keys.find((k) => error.message.includes(`: ${k}`));
    throw new FieldError([...path, at ?? "kind"], error.message);
  }
  return spec;
}

function hasToJson(given: unknown): given is { toJSON(): unknown } {
  return typeof (given as { toJSON?: unknown } | null | undefined)?.toJSON === "function";
}
