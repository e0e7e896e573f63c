/** The largest and the least of many numbers: Math.max(...) takes no more arguments than the stack has room for. */

/** The largest number; −∞ of none, as Math.max() says. */
export function largestOf(values: Iterable<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > largest) largest = value;
  return largest;
}

/** The least number; ∞ of none. */
export function leastOf(values: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) if (value < least) least = value;
  return least;
}
