/** Kinds of fields that people write by hand: sizes and times with units, whole numbers within limits, exact names. */
import { z } from "zod";
import { parseDuration } from "../base/duration";
import { InputError, unknownName } from "../base/errors";
import { parseSize } from "../base/units";

/** Limits of a plan. They keep a slip of the pen, or a stranger, from asking for a run that never ends. */
export const PLAN_LIMITS = {
  /** Requests of a run. */
  times: 1_000_000,
  /** Simulated time of the parts of a workload together, and between two requests: ten years. */
  durationMs: 3650 * 86_400_000,
  /** Parts of a workload, counted at every depth. */
  workloadParts: 256,
  /** Depth of a workload's composition. */
  workloadDepth: 16,
  /** Seeds are 32 bits. */
  seed: 2 ** 32 - 1,
} as const;

/** How a value is shown in a complaint: short, whatever it is. */
export function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Runs `convert`; an InputError becomes an issue of the field. */
export function attempt<T>(context: z.core.$RefinementCtx, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
}

/** Bytes: a number, or text such as "64MiB". At least `least`, at most `most`. */
export const size = (what: string, least = 0, most = 2 ** 50) =>
  z
    .union([z.number(), z.string()], { error: `${what}: must be a size such as "64MiB", or bytes` })
    .transform((given, context): number =>
      attempt(context, () => {
        const bytes = parseSize(given, what);
        if (bytes < least || bytes > most)
          throw new InputError(`${what}: must be from ${least} to ${most} bytes: got ${shown(given)}`);
        return bytes;
      }),
    );

/** Milliseconds: a number, or text such as "30 days". Finite. */
export const duration = (what: string, mostMs: number) =>
  z
    .union([z.number(), z.string()], { error: `${what}: must be a time such as "500ms", or milliseconds` })
    .transform((given, context): number =>
      attempt(context, () => {
        const ms = parseDuration(given, what);
        if (!(ms <= mostMs))
          throw new InputError(`${what}: must be at most ${mostMs / 86_400_000} days: got ${shown(given)}`);
        return ms;
      }),
    );

/** A whole number within limits. */
export const whole = (what: string, least: number, most: number) =>
  z.custom<number>((v) => Number.isSafeInteger(v) && (v as number) >= least && (v as number) <= most, {
    error: (issue) => `${what}: must be a whole number from ${least} to ${most}: got ${shown(issue.input)}`,
  });

export const truth = (what: string) =>
  z.boolean({ error: (issue) => `${what}: must be true or false: got ${shown(issue.input)}` });

/** One of `known`; the nearest is suggested. */
export const oneOf = <T extends string>(what: string, known: readonly T[]) =>
  z.string({ error: (issue) => `${what}: must be a name: got ${shown(issue.input)}` }).transform(
    (given, context): T =>
      attempt(context, () => {
        if (!known.includes(given as T)) throw unknownName(what, given, known);
        return given as T;
      }),
  );

/** Short names that an object takes besides those of its shape, for suggestions. */
export const SHORT_NAMES = new WeakMap<object, readonly string[]>();

/** Short names by the name of the plan: `bytes` → `size`. A complaint points at the field as it was written. */
export const WRITTEN_AS = new Map<string, Set<string>>();

/** An object without unknown fields. `short` maps names people write to the names of the plan: `memory` → `memoryBytes`. */
export function fields<S extends z.ZodRawShape>(what: string, shape: S, short: Record<string, string> = {}) {
  const object = z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? undefined
        : `${what}: must be an object with the fields ${Object.keys(shape).join(", ")}: got ${shown(issue.input)}`,
  });
  SHORT_NAMES.set(object, Object.keys(short));
  for (const [name, full] of Object.entries(short))
    WRITTEN_AS.set(full, (WRITTEN_AS.get(full) ?? new Set()).add(name));
  if (Object.keys(short).length === 0) return object as unknown as z.ZodType<z.output<typeof object>>;
  return z.preprocess((value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const given = value as Record<string, unknown>;
    const renamed: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(given)) {
      const full = Object.hasOwn(short, key) ? short[key]! : key;
      if (full !== key && Object.hasOwn(given, full)) renamed[key] = entry;
      else renamed[full] = entry;
    }
    return renamed;
  }, object) as unknown as z.ZodType<z.output<typeof object>>;
}
