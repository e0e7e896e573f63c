/** Many plans in a fixed order. */
import { sortedIndexBy } from "lodash";
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

/** Several lists of plans, one after the other. */
export function joined(lists: readonly Plans[]): Plans {
  const ends: number[] = [];
  for (const { count } of lists) ends.push((ends.at(-1) ?? 0) + count);
  return {
    count: ends.at(-1) ?? 0,
    at(index) {
      const list = sortedIndexBy(ends, index + 1, (end) => end);
      return lists[list]!.at(index - (list === 0 ? 0 : ends[list - 1]!));
    },
  };
}

/** All of them, one after the other. */
export function* everyPlan({ count, at }: Plans): Generator<Plan> {
  for (let i = 0; i < count; i++) yield at(i);
}
