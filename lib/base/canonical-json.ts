/** Canonical JSON (keys sorted, no spaces) and SHA-256 of it: the name of a plan or of a result. */
import { createHash } from "node:crypto";

/**
 * Plain JSON text with sorted keys; throws on values that JSON cannot represent faithfully (NaN, functions, bigint…).
 * @example
 * ```ts
 * import { canonicalJson } from "pageblock";
 *
 * canonicalJson({ seed: 1, machine: { board: "qemu-virt" } }); // => '{"machine":{"board":"qemu-virt"},"seed":1}'
 * ```
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON: a number must be finite: got ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v ?? null)).join(",")}]`;
  if (typeof value === "object") {
    const object = value as Record<string, unknown>;
    const parts: string[] = [];
    for (const key of Object.keys(object).sort()) {
      if (object[key] === undefined) continue;
      parts.push(`${JSON.stringify(key)}:${canonicalJson(object[key])}`);
    }
    return `{${parts.join(",")}}`;
  }
  throw new TypeError(`canonical JSON: a ${typeof value} cannot be written`);
}

/**
 * Lower-case hexadecimal SHA-256 of the canonical JSON of `value`.
 * @example
 * ```ts
 * import { sha256Of } from "pageblock";
 *
 * sha256Of({ a: 1, b: 2 }) === sha256Of({ b: 2, a: 1 }); // => true
 * ```
 */
export function sha256Of(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
