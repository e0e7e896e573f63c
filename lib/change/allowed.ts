/**
 * Code that this process may run: changes that its user made or loaded here, and those he allowed by their SHA-256. All other code
 * is data: it travels in plans, write-ups and messages, and nothing runs it.
 */
import { InputError } from "../base/errors";

const allowed = new Set<string>();

/** A SHA-256 in hexadecimal digits. */
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Lets this process run changes with these SHA-256, which came from elsewhere: from a plan file, a write-up or a message. Read
 * their source first: the sandbox keeps results reproducible, it does not keep out an attacker.
 * @throws InputError if one is no SHA-256
 * @example
 * ```ts
 * import { allowCode, change, isCodeAllowed } from "pageblock";
 *
 * const mine = change({ name: "no boost", watermarkBoost: () => 0 });
 * isCodeAllowed(mine.sha256); // => true
 * isCodeAllowed("0".repeat(64)); // => false
 * allowCode("0".repeat(64));
 * isCodeAllowed("0".repeat(64)); // => true
 * ```
 */
export function allowCode(...sha256: readonly string[]): void {
  for (const one of sha256) {
    checkSha256(one, "allowCode");
    allowed.add(one);
  }
}

/** Throws InputError unless `value` is a SHA-256 in lower-case hexadecimal digits; `what` names the place. */
export function checkSha256(value: string, what: string): void {
  if (typeof value !== "string" || !SHA256.test(value))
    throw new InputError(
      `${what}: must be a SHA-256, 64 hexadecimal digits in lower case: got ${JSON.stringify(String(value).slice(0, 80))}`,
    );
}

/**
 * Whether this process may run the change with this SHA-256.
 * @example
 * ```ts
 * import { isCodeAllowed } from "pageblock";
 *
 * isCodeAllowed("f".repeat(64)); // => false
 * ```
 */
export function isCodeAllowed(sha256: string): boolean {
  return allowed.has(sha256);
}
