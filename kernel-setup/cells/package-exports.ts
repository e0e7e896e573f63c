/**
 * Entry points of a package by Node's rules: `exports` and `imports` in its package.json.
 * Source: https://nodejs.org/api/esm.html#resolution-algorithm-specification
 */
import { join } from "node:path";

/** What a package.json says about loading. */
export interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
  readonly exports?: unknown;
  readonly imports?: unknown;
}

type Conditions = ReadonlySet<string>;

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The first target whose conditions hold: undefined if none is meant, null if the package forbids it. */
function chosen(target: unknown, rest: string, conditions: Conditions): string | null | undefined {
  if (typeof target === "string") return target.replaceAll("*", rest);
  if (target === null) return null;
  if (Array.isArray(target)) {
    for (const one of target) {
      const found = chosen(one, rest, conditions);
      if (typeof found === "string") return found;
    }
    return undefined;
  }
  if (!isTable(target)) return undefined;
  for (const [condition, value] of Object.entries(target)) {
    if (condition !== "default" && !conditions.has(condition)) continue;
    const found = chosen(value, rest, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The entry of a table of `exports` or `imports` for `key`: the exact one, or the pattern with the longest beginning.
 */
function entry(
  table: Record<string, unknown>,
  key: string,
  conditions: Conditions,
): string | null | undefined {
  if (key in table && !key.includes("*")) return chosen(table[key], "", conditions);
  let best: { pattern: string; head: string; tail: string } | undefined;
  for (const pattern of Object.keys(table)) {
    const star = pattern.indexOf("*");
    if (star < 0) continue;
    const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
    const isMatch = key.startsWith(head) && key.length >= pattern.length && key.endsWith(tail);
    if (isMatch && (best === undefined || head.length > best.head.length)) best = { pattern, head, tail };
  }
  if (best === undefined) return undefined;
  const rest = key.slice(best.head.length, key.length - best.tail.length);
  return chosen(table[best.pattern], rest, conditions);
}

/** The file that a package with `exports` gives for `inside` ("" is the package itself). Throws as Node does. */
export function exportedPath(
  manifest: Manifest,
  folder: string,
  inside: string,
  conditions: Conditions,
): string {
  const { exports } = manifest;
  const hasPaths = isTable(exports) && Object.keys(exports).some((key) => key.startsWith("."));
  const table = hasPaths ? (exports as Record<string, unknown>) : { ".": exports };
  const key = inside === "" ? "." : `./${inside}`;
  const target = entry(table, key, conditions);
  if (typeof target === "string") return join(folder, target);
  const error = new Error(
    `Package subpath '${key}' is not defined by "exports" in ${join(folder, "package.json")}`,
  );
  throw Object.assign(error, { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" });
}

/** What `#name` means in the package: a path, the name of another package, or undefined. */
export function importedPath(
  manifest: Manifest,
  folder: string,
  name: string,
  conditions: Conditions,
): string | undefined {
  if (!isTable(manifest.imports)) return undefined;
  const target = entry(manifest.imports, name, conditions);
  if (typeof target !== "string") return undefined;
  return target.startsWith("./") ? join(folder, target) : target;
}
