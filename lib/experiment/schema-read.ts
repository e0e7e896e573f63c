/** From zod's report to one line for a person: where, which field, what it must be, what it is. */
import type { z } from "zod";
import { InputError, nearest } from "../base/errors";
import { SHORT_NAMES } from "./schema-fields";

/** Where a complaint belongs: its field path, and the file with a way to find the line of a path. */
export type Locate = (path: readonly PropertyKey[], key?: string) => string;

/** Checks `value`; the first complaint becomes one InputError. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, locate: Locate = fieldPath): T {
  const read = schema.safeParse(value, { reportInput: true });
  if (read.success) return withoutUndefined(read.data as object) as T;
  const issue = read.error.issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const near = nearest(key, knownKeys(schema, issue.path));
    throw new InputError(
      `${locate(issue.path, key)}: unknown field ${JSON.stringify(key)}${near === undefined ? "" : `; did you mean ${near}?`}`,
    );
  }
  const missing = issue.code === "invalid_type" && issue.input === undefined;
  throw new InputError(
    `${locate(issue.path)}: ${missing ? "is missing" : issue.message === "" ? "is not valid" : issue.message}`,
  );
}

/** `machine.memoryBytes`, `workload.sequence[1].kind`; `plan` for the whole. */
export function fieldPath(path: readonly PropertyKey[], key?: string): string {
  const whole = key === undefined ? path : [...path, key];
  if (whole.length === 0) return "plan";
  return whole
    .map((p, i) => (typeof p === "number" ? `[${p}]` : `${i === 0 ? "" : "."}${String(p)}`))
    .join("");
}

/** Field names known at `path` of a schema. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.ZodType | undefined = schema;
  for (const step of path) {
    const object = unwrap(at);
    at =
      typeof step === "number"
        ? (object as unknown as { element?: z.ZodType })?.element
        : shapeOf(object)?.[String(step)];
  }
  const object = unwrap(at);
  return [
    ...Object.keys(shapeOf(object) ?? {}),
    ...(object === undefined ? [] : (SHORT_NAMES.get(object) ?? [])),
  ];
}

const shapeOf = (s: z.ZodType | undefined) =>
  (s as unknown as { shape?: Record<string, z.ZodType> } | undefined)?.shape;

function unwrap(schema: z.ZodType | undefined): z.ZodType | undefined {
  let at = schema;
  for (let i = 0; i < 20 && at !== undefined && shapeOf(at) === undefined; i++) {
    const def = (at as unknown as { def: { innerType?: z.ZodType; in?: z.ZodType; out?: z.ZodType } }).def;
    const inner: z.ZodType | undefined =
      def.innerType ?? (def.in !== undefined && shapeOf(unwrap(def.in)) !== undefined ? def.in : def.out);
    if (inner === undefined) return at;
    at = inner;
  }
  return at;
}

export function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, v]) => v !== undefined));
}
