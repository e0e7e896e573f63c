/**
 * Results with former names: an old write-up is still verified against today's result of its plan. Only names, units and
 * wording changed, never a number.
 */

/** Former names and today's. */
const RENAMED: Readonly<Record<string, string>> = {
  latencyUs: "latencyNs",
  refusedUs: "refusedNs",
  pageBlockBytes: "pageblockBytes",
  pageBlocksFree: "pageblocksFree",
};
/** Formerly in microseconds, now in nanoseconds. */
const IN_MICROSECONDS: ReadonlySet<string> = new Set(["latencyUs", "refusedUs"]);
/** Relative error of a quantile that was computed in another unit. */
const ROUNDING = 1e-12;

/** A hash over all runs of a result. Names are part of what it hashes, so it changed with them. */
const HASH = "resultsHash";
/** Sentences about a strategy in a scorecard, and whether its memory can be used; they have been reworded. */
const PROSE: ReadonlySet<string> = new Set(["title", "control", "since", "configure", "text", "example"]);

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

/**
 * The stored result with today's names. Values that it did not have are taken from `now`. A result that already has
 * today's names is returned unchanged.
 */
export function inTodaysNames(stored: unknown, now: unknown): unknown {
  if (Array.isArray(stored)) {
    const others = Array.isArray(now) ? now : [];
    return stored.map((one, i) => inTodaysNames(one, others[i]));
  }
  if (!isObject(stored)) return stored;
  const other = isObject(now) ? now : {};
  if (isFormerStep(stored)) return stepOfToday(stored, other);
  return Object.fromEntries(
    Object.entries(stored).map(([key, value]) => {
      const name = RENAMED[key] ?? key;
      const one = IN_MICROSECONDS.has(key)
        ? thousandfold(value, other[name])
        : inTodaysNames(value, other[name]);
      return [name, one];
    }),
  );
}

/** True for a result of the time before the renaming: its plan has format 1, or it has a former name. */
export function isFormer(plan: unknown, result: unknown): boolean {
  return isFormatOne(plan) || (isObject(plan) && isFormatOne(plan.plan)) || hasFormerName(result);
}

const isFormatOne = (plan: unknown) => isObject(plan) && plan.format === 1;

function hasFormerName(value: unknown): boolean {
  if (!isObject(value)) return false;
  return Object.entries(value).some(([key, one]) => Object.hasOwn(RENAMED, key) || hasFormerName(one));
}

/** A former result with everything that can be compared, and the names of what cannot. */
export interface Comparable {
  stored: unknown;
  leftOut: string[];
}

/**
 * The former result `stored`, already in today's names, with the hash and the wording of `now` wherever only these
 * differ. The numbers in a sentence are compared: they must be those of today's sentence, in the same order.
 */
export function withoutHashAndWording(stored: unknown, now: unknown): Comparable {
  const leftOut = new Set<string>();
  const visit = (then: unknown, today: unknown, key: string): unknown => {
    if (then === today) return then;
    if (typeof then === "string" && typeof today === "string") {
      if (!(key === HASH ? isHash(then) : PROSE.has(key) && numbersIn(then) === numbersIn(today)))
        return then;
      leftOut.add(key === HASH ? HASH : `wording of ${key}`);
      return today;
    }
    if (Array.isArray(then))
      return then.map((one, i) => visit(one, Array.isArray(today) ? today[i] : null, key));
    if (!isObject(then) || !isObject(today)) return then;
    return Object.fromEntries(
      Object.entries(then).map(([name, one]) => [name, visit(one, today[name], name)]),
    );
  };
  return { stored: visit(stored, now, ""), leftOut: [...leftOut] };
}

const isHash = (text: string) => /^[0-9a-f]{64}$/.test(text);
const numbersIn = (text: string) => (text.match(/\d+/g) ?? []).join(" ");

/** Numbers times 1000, or today's number if the two differ only by rounding. */
function thousandfold(value: unknown, now: unknown): unknown {
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, thousandfold(one, isObject(now) ? now[key] : null)]),
    );
  if (typeof value !== "number") return value;
  const ns = value * 1000;
  return typeof now === "number" && Math.abs(ns - now) <= ROUNDING * Math.abs(now) ? now : ns;
}

const isFormerStep = (value: Json) => "granted" in value && "why" in value && "count" in value;

/** The result of a step had `granted` and `why`; an incomplete fill or pool gave neither an error nor a reason. */
function stepOfToday({ granted, why, timeline, ...rest }: Json, now: Json): Json {
  const told = isObject(why) ? { reason: why.text, details: why.data } : { reason: null, details: null };
  const step: Json = { ...rest, ok: granted, ...told, ...(timeline !== undefined && { timeline }) };
  if (granted === false && why === null) {
    step.errno = now.errno;
    step.reason = now.reason;
  }
  if (isObject(step.details) && isObject(now.details) && "causes" in now.details)
    step.details = { ...step.details, causes: now.details.causes };
  return step;
}
