/** Keys that reach the prototype of an object: what is copied key by key loses them in silence, or takes their value for a prototype. */
import { InputError } from "./errors";

export const HARMFUL_KEYS: ReadonlySet<PropertyKey> = new Set(["__proto__", "constructor", "prototype"]);

/** Deeper values are searched too; their place is then told without its end. */
const PLACE_DEPTH = 200;

/** Throws InputError with the path of the first such key in parsed JSON; `place` says where that comes from. */
export function refuseHarmfulKeys(value: unknown, place: string): void {
  const open: unknown[] = [value];
  for (let inside = open.pop(); inside !== undefined; inside = open.pop()) {
    if (typeof inside !== "object" || inside === null) continue;
    for (const key of Object.keys(inside)) {
      if (HARMFUL_KEYS.has(key)) {
        const within = pathTo(value, [])?.join("") ?? "";
        throw new InputError(`${place}: ${within === "" ? "" : `${within}: `}no key may be named ${key}`);
      }
      open.push((inside as Record<string, unknown>)[key]);
    }
  }
}

/** The path of the first object that has such a key, as in `cells[3].metadata`. */
function pathTo(value: unknown, path: readonly string[]): readonly string[] | undefined {
  if (typeof value !== "object" || value === null || path.length > PLACE_DEPTH) return undefined;
  if (Object.keys(value).some((key) => HARMFUL_KEYS.has(key))) return path;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner !== "object" || inner === null) continue;
    const step = Array.isArray(value) ? `[${key}]` : `${path.length === 0 ? "" : "."}${key.slice(0, 80)}`;
    const found = pathTo(inner, [...path, step]);
    if (found !== undefined) return found;
  }
  return undefined;
}
