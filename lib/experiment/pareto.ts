/** The Pareto front: what nothing else beats in every respect. */

/** For each point, whether no other is as large in every coordinate and larger in one. All points have as many coordinates. */
export function front(points: readonly (readonly number[])[]): boolean[] {
  return points.map((p) => !points.some((q) => dominates(q, p)));
}

function dominates(q: readonly number[], p: readonly number[]): boolean {
  return q.every((x, i) => x >= p[i]!) && q.some((x, i) => x > p[i]!);
}
