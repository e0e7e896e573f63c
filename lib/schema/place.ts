/** The place of a mistake, and how an error message shows a value. */
import { InputError, nearest } from "../base/errors";

/** Formats the place of a mistake: its field path and, for plans from files, file and line. */
export type Locate = (path: readonly PropertyKey[], key?: string) => string;

/** A mistake in the value of a field; `path` starts at the value that was checked. */
export class FieldError extends InputError {
  constructor(
    readonly path: readonly PropertyKey[],
    message: string,
    /** The unknown key of the object at `path`. */
    readonly key?: string,
  ) {
    super(message);
  }
}

/** `machine.memoryBytes`, `workload.sequence[1].kind`; `plan` for the whole. */
export function fieldPath(path: readonly PropertyKey[], key?: string): string {
  const whole = key === undefined ? path : [...path, key];
  if (whole.length === 0) return "plan";
  return whole
    .map((p, i) => (typeof p === "number" ? `[${p}]` : `${i === 0 ? "" : "."}${cut(String(p))}`))
    .join("");
}

/** A value as an error message shows it, shortened if needed. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  if (typeof value !== "object") return typeof value;
  return cut(JSON.stringify(beginning(value, LEVELS_SHOWN)));
}

/** Of a large value, a deep one, or one that holds itself, the first few entries suffice. */
const LEVELS_SHOWN = 4;
const ENTRIES_SHOWN = 8;

function beginning(value: unknown, levels: number): unknown {
  if (typeof value === "string") return cut(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return "…";
  if (Array.isArray(value)) return value.slice(0, ENTRIES_SHOWN).map((one) => beginning(one, levels - 1));
  const few: Record<string, unknown> = {};
  let left = ENTRIES_SHOWN;
  for (const key in value) {
    if (left-- === 0) break;
    // A key of this very object.
    few[cut(key)] = beginning(value[key as keyof typeof value], levels - 1);
  }
  return few;
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A sysctl's own name, such as `vm.min_free_kbytes`, as the name of a field. */
function asField(key: string): string {
  return key.replace(/^vm[./]/, "").replace(/_(\w)/g, (_, c: string) => c.toUpperCase());
}

/** The known name that somebody means by a sysctl's own name, also where it stands within `vm`. */
function ofSysctl(key: string, value: unknown, known: readonly string[]): string | undefined {
  const within =
    key === "vm" && typeof value === "object" && value !== null ? Object.keys(value).slice(0, 1) : [];
  return [key, ...within].map(asField).find((name) => known.includes(name));
}

/** The complaint about an unknown key; `value`: what it holds, if that can tell what is meant. */
export function unknownField(
  path: readonly PropertyKey[],
  key: string,
  known: readonly string[],
  value?: unknown,
): FieldError {
  const near = key.length > 80 ? undefined : (ofSysctl(key, value, known) ?? nearest(key, known));
  return new FieldError(
    path,
    `unknown field ${JSON.stringify(cut(key))}${near === undefined ? "" : `; did you mean ${near}?`}`,
    key,
  );
}
