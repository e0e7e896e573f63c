/** Plans with fewer seeds, which a page offers in place of one that would take too long. Their results are other results. */
import { isObject } from "../schema/check";

/** The number of seeds of a comparison, a scorecard, a comparison of kernels or a plan of robustness; null if a plan has none to leave out. */
export function seedCount(plan: unknown): number | null {
  if (!isObject(plan)) return null;
  const seeds =
    plan.kind === "robust" || Object.hasOwn(plan, "statement") ? seedsIn(plan.plan) : seedsIn(plan);
  return seeds !== null && seeds > 1 ? seeds : null;
}

const seedsIn = (part: unknown): number | null =>
  isObject(part) && Number.isSafeInteger(part.seeds) ? (part.seeds as number) : null;

/** The same plan with its first `seeds` seeds. */
export function withSeeds(plan: unknown, seeds: number): unknown {
  if (!isObject(plan)) return plan;
  return seedsIn(plan) === null ? { ...plan, plan: withSeeds(plan.plan, seeds) } : { ...plan, seeds };
}
