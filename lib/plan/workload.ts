/** The workload of a plan: known kinds with known parameters, in sequence or side by side, within limits. */
import { InputError } from "../base/errors";
import { isObject, mustBeFew, spelled } from "../schema/check";
import { type Field, type Fields, list, literal, object, parsed } from "../schema/field";
import { FieldError, shown, unknownField } from "../schema/place";
import { REQUEST_LIMITS } from "../strategy/request";
import { durationMs, resolveParameters, WORKLOADS, workloadKind } from "../workload";
import { partsOf } from "../workload/scheduler";
import type { LeafWorkload, WorkloadSpec } from "../workload/workload";

export const WORKLOAD_LIMITS = {
  /** The most parts of a workload, counted at every depth. */
  parts: 256,
  /** The deepest nesting of a workload. */
  depth: 16,
} as const;

const kinds = () => [...WORKLOADS.keys()];

/** The parameters of a kind of workload as fields. */
export function workloadFields(kind: string): Fields {
  return workloadKind(kind).parameters;
}

/** A workload as people write it: its spec, or a builder. */
export type WorkloadIn = WorkloadSpec | { toJSON(): WorkloadSpec };

export const WORKLOAD: Field<WorkloadSpec, WorkloadIn, never> = parsed(
  "load before and during the requests",
  (given: WorkloadIn) => new Reader().whole(given),
  () => [
    ...kinds().map((kind) =>
      object(WORKLOADS.get(kind)!.title, { kind: literal(kind), ...workloadFields(kind) }),
    ),
    object("in sequence", {
      sequence: list("the parts", WORKLOAD, { least: 1, most: WORKLOAD_LIMITS.parts }),
    }),
    object("side by side", {
      together: list("the parts", WORKLOAD, { least: 1, most: WORKLOAD_LIMITS.parts }),
    }),
  ],
  { default: "none: a machine fresh from boot" },
);

/** Reads compositions in code of its own: they nest, and an error message must name the part. */
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
    if (!isObject(value))
      throw new FieldError(
        path,
        `must be {kind, …}, {sequence: […]} or {together: […]}: got ${shown(value)}`,
      );
    for (const join of ["sequence", "together"] as const)
      if (Object.hasOwn(value, join)) return this.joined(value, join, path, depth);
    return leaf(value, path);
  }

  private joined(
    value: Record<string, unknown>,
    join: "sequence" | "together",
    path: PropertyKey[],
    depth: number,
  ): WorkloadSpec {
    const entries = value[join];
    if (Object.keys(value).length > 1 || !Array.isArray(entries) || entries.length === 0)
      throw new FieldError([...path, join], "must be a non-empty list, with no other field beside it");
    const parts = entries.map((part, i) => this.read(part, [...path, join, i], depth + 1));
    return join === "sequence" ? { sequence: parts } : { together: parts };
  }
}

function leaf(value: Record<string, unknown>, path: PropertyKey[]): LeafWorkload {
  mustBeFew(value, path);
  const { kind, ...parameters } = value;
  if (typeof kind !== "string")
    throw new FieldError(path, `must name its kind, or have sequence or together: got ${shown(value)}`);
  const keys = Object.keys(parameters);
  const plain: Record<string, string | number | boolean> = {};
  for (const key of keys) {
    if (key === "__proto__") throw unknownField(path, key, Object.keys(workloadFields(kind)));
    const given = parameters[key];
    if (typeof given !== "string" && typeof given !== "number" && typeof given !== "boolean")
      throw new FieldError([...path, key], `must be text, a number, true or false: got ${shown(given)}`);
    plain[key] = given;
  }
  const spec = {
    ...plain,
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
  return isObject(given) && typeof given.toJSON === "function";
}
