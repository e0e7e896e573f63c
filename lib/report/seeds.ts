/** The seeds of the plans of a write-up, in words, with consecutive seeds joined. */
import { append } from "../base/append";
import { largestOf } from "../base/extremes";

/** Whole numbers from `low` to `high`. */
interface Span {
  low: number;
  high: number;
}

/** Deeper than any valid plan; a plan may be from an untrusted source. */
const DEPTH_MAX = 12;
/** The most ranges listed; further ones are only counted. */
const SPANS_TOLD = 24;

/**
 * `1 to 16, 42`, or undefined if the plans have no seed. A comparison has `seeds` starting at `firstSeed` (1); a sweep
 * may vary the seed; runs, steps, curves and samples have a `seed`.
 */
export function seedsOf(plans: readonly unknown[]): string | undefined {
  const spans: Span[] = [];
  for (const plan of plans) collect(plan, spans, 0);
  const joined = joinedSpans(spans);
  if (joined.length === 0) return undefined;
  const told = joined
    .slice(0, SPANS_TOLD)
    .map(({ low, high }) => (high === low ? String(low) : `${low} to ${high}`));
  const more = joined.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more ranges`] : [])].join(", ");
}

function collect(value: unknown, spans: Span[], depth: number): void {
  if (depth > DEPTH_MAX || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const inner of value) collect(inner, spans, depth + 1);
    return;
  }
  const given = robustSeeds(value as Record<string, unknown>);
  const { firstSeed = 1 } = given;
  for (const [key, inner] of Object.entries(given))
    if (key === "seed") append(spans, spansOf(inner));
    else if (key === "seeds" && isSeed(inner) && inner > 0 && isSeed(firstSeed))
      spans.push({ low: firstSeed, high: firstSeed + inner - 1 });
    else if (key === "seeds") append(spans, spansOf(inner));
    else collect(inner, spans, depth + 1);
}

/**
 * A plan of robustness runs the seeds of its comparison, or the greatest number of seeds that it turns; its own seed orders
 * points and is no seed of a run.
 */
function robustSeeds(given: Record<string, unknown>): Record<string, unknown> {
  const { statement, over, plan } = given;
  if (statement === undefined || typeof over !== "object" || typeof plan !== "object") return given;
  const counts = ((over ?? {}) as { seeds?: unknown }).seeds;
  const most = Array.isArray(counts) ? Math.max(0, largestOf(counts.filter(isSeed))) : 0;
  return { plan: most > 0 ? { ...plan, seeds: most } : plan };
}

/** A seed, a list of seeds, or the axis of a sweep from one seed to another. */
function spansOf(value: unknown): Span[] {
  if (isSeed(value)) return [{ low: value, high: value }];
  if (Array.isArray(value)) return value.flatMap((one) => (isSeed(one) ? [{ low: one, high: one }] : []));
  const { from, to } = (value ?? {}) as { from?: unknown; to?: unknown };
  return isSeed(from) && isSeed(to) && to >= from ? [{ low: from, high: to }] : [];
}

const isSeed = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function joinedSpans(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const { low, high } of [...spans].sort((a, b) => a.low - b.low)) {
    const last = joined.at(-1);
    if (last !== undefined && low <= last.high + 1) last.high = Math.max(last.high, high);
    else joined.push({ low, high });
  }
  return joined;
}
