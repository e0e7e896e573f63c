/** The Pareto front: the points that no other point dominates. */

/**
 * True for each point that no other equals or exceeds in every coordinate and exceeds in one. All have equal
 * dimensions.
 */
export function front(points: readonly (readonly number[])[]): boolean[] {
  return points.map((p) => !points.some((q) => dominates(q, p)));
}

function dominates(q: readonly number[], p: readonly number[]): boolean {
  return q.every((x, i) => x >= p[i]!) && q.some((x, i) => x > p[i]!);
}
