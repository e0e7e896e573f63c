/** Many plans in a fixed order. */
import type { Plan } from "./plan";

/** Plans by index. Each is made when it is asked for, so that any number of them costs no memory. */
export interface Plans {
  readonly count: number;
  at(index: number): Plan;
}

/** The plans of a list. */
export function listed(plans: readonly Plan[]): Plans {
  return { count: plans.length, at: (index) => plans[index]! };
}

/** All of them, one after the other. */
export function* everyPlan({ count, at }: Plans): Generator<Plan> {
  for (let i = 0; i < count; i++) yield at(i);
}
