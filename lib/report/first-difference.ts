/** The first difference of two JSON values, in words. */

/** `zones.0.managed: stored 5, now 6`; undefined if they are equal. */
export function firstDifference(stored: unknown, now: unknown, path = ""): string | undefined {
  if (Object.is(stored, now)) return undefined;
  if (isObject(stored) && isObject(now) && Array.isArray(stored) === Array.isArray(now)) {
    for (const key of new Set([...Object.keys(stored), ...Object.keys(now)])) {
      const [a, b] = [stored, now].map((value) => (Object.hasOwn(value, key) ? value[key] : undefined));
      const found = firstDifference(a, b, path === "" ? key : `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return `${path || "result"}: stored ${short(stored)}, now ${short(now)}`;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function short(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
