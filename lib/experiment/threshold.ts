/**
 * The threshold of a share granted that falls as a quantity grows: up to where is at least half granted? Counts only, so that
 * a reader can do it by hand.
 */
import { sortBy, sumBy } from "lodash";
import { InputError } from "../base/errors";
import { type Interval, wilson } from "./statistics";

/** Requests at one value of the quantity. */
export interface ThresholdLevel {
  value: number;
  asked: number;
  granted: number;
}

export interface CountedLevel extends ThresholdLevel {
  /** Share granted, 0 to 1, with Wilson's 95 % interval over requests. */
  share: Interval;
}

export interface Threshold {
  /** In ascending order of the value. */
  levels: CountedLevel[];
  /**
   * The value at which half is granted: between the two values around it by a straight line through the shares, which are
   * made to fall first (pooling adjacent violators). Null if at least half is granted at every value, or less at every one.
   */
  at: number | null;
  /** The greatest value up to which the counts are sure of at least half at every value; null: of none. */
  sureTo: number | null;
  /** The least value from which on they are sure of less than half at every value; null: of none. */
  sureFrom: number | null;
}

const HALF = 0.5;

/**
 * Where a share granted falls below one half. `sureTo` and `sureFrom` are its interval: Wilson's 95 % intervals leave no other
 * answer up to the one and from the other on. Requests count as independent, so ask once per seed.
 * @throws InputError for no level, or for two of one value
 * @example
 * ```ts
 * import { thresholdOf } from "pageblock";
 *
 * const counts = [32, 28, 8, 0].map((granted, i) => ({ value: i, asked: 32, granted }));
 * const { at, sureTo, sureFrom } = thresholdOf(counts);
 * [at, sureTo, sureFrom]; // => [1.6, 1, 2]
 * ```
 */
export function thresholdOf(levels: readonly ThresholdLevel[]): Threshold {
  const counted = sortBy(levels, "value").map((level) => ({
    ...level,
    share: wilson(level.granted, level.asked),
  }));
  if (counted.length === 0) throw new InputError("threshold: there must be at least one value: got none");
  counted.slice(1).forEach(({ value }, i) => {
    if (value === counted[i]!.value)
      throw new InputError(`threshold: every value must be there once: got ${value} twice`);
  });
  const unsure = counted.findIndex(({ share }) => share.low < HALF);
  const sure = unsure < 0 ? counted.length : unsure;
  let from = counted.length;
  while (from > 0 && counted[from - 1]!.share.high < HALF) from--;
  return {
    levels: counted,
    at: crossing(counted),
    sureTo: counted[sure - 1]?.value ?? null,
    sureFrom: counted[from]?.value ?? null,
  };
}

function crossing(levels: readonly ThresholdLevel[]): number | null {
  const shares = falling(levels);
  const below = shares.findIndex((share) => share < HALF);
  if (below <= 0) return null;
  const [x0, x1] = [levels[below - 1]!.value, levels[below]!.value];
  const [y0, y1] = [shares[below - 1]!, shares[below]!];
  return Number((x0 + ((y0 - HALF) / (y0 - y1)) * (x1 - x0)).toPrecision(6));
}

/** The shares that fall and lie nearest to those counted, weighted by requests (Ayer et al., 1955). */
function falling(levels: readonly ThresholdLevel[]): number[] {
  const pools: ThresholdLevel[][] = [];
  for (const level of levels) {
    let pool = [level];
    while (pools.length > 0 && shareOf(pools.at(-1)!) < shareOf(pool)) pool = [...pools.pop()!, ...pool];
    pools.push(pool);
  }
  return pools.flatMap((pool) => pool.map(() => shareOf(pool)));
}

function shareOf(pool: readonly ThresholdLevel[]): number {
  const asked = sumBy(pool, "asked");
  return asked === 0 ? 0 : sumBy(pool, "granted") / asked;
}

/** A threshold in words: `up to 0.30 % (at least half for sure up to 0.22 %, less from 0.37 % on)`. */
export function thresholdText(
  { levels, at, sureTo, sureFrom }: Threshold,
  text: (value: number) => string,
): string {
  const [first, last] = [levels[0]!, levels.at(-1)!];
  if (at === null)
    return first.share.mid < HALF
      ? `nowhere: at ${text(first.value)} ${first.granted} of ${first.asked}`
      : `at all values tried, up to ${text(last.value)} (${last.granted} of ${last.asked})`;
  const sides = [
    ...(sureTo === null ? [] : [`at least half for sure up to ${text(sureTo)}`]),
    ...(sureFrom === null ? [] : [`less from ${text(sureFrom)} on`]),
  ];
  return `up to ${text(at)}${sides.length === 0 ? "" : ` (${sides.join(", ")})`}`;
}
