/** Parses untrusted JSON, and refuses it if it could harm its reader. */
import { at, errorOf, InputError } from "../base/errors";

/** Deeper JSON would exhaust the stack of recursive readers; notebooks and figures are far below. */
const DEPTH_MAX = 200;
const HARMFUL_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * The value of `json`, the content of `file`; `what` describes it in messages. Throws InputError that names the file.
 */
export function safeJson(json: string, file: string, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new InputError(`${at(file)}: ${what} must be JSON: ${errorOf(error).message.split("\n")[0]}`);
  }
  const open: [value: unknown, depth: number][] = [[value, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [inside, depth] = next;
    if (typeof inside !== "object" || inside === null) continue;
    if (depth > DEPTH_MAX)
      throw new InputError(`${at(file)}: ${what}: JSON must be at most ${DEPTH_MAX} levels deep`);
    for (const key of Object.keys(inside)) {
      if (HARMFUL_KEYS.has(key)) throw new InputError(`${at(file)}: ${what}: no key may be named ${key}`);
      open.push([(inside as Record<string, unknown>)[key], depth + 1]);
    }
  }
  return value;
}
