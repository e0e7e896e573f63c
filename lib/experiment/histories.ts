/**
 * The order in which plans are run: those with the same history (the same machine, aged in the same way) follow one
 * another wherever they lie in the order of the plans, so that their machine ages once. Histories are numbers here,
 * four bytes per plan, because a sweep has up to a hundred thousand plans.
 */
import type { Plan } from "./plan";
import type { PlanName } from "./plan-names";
import { sharingKey } from "./run";

/** Plans without their seed whose history is remembered. */
const REMEMBERED = 4096;
/** The most plans that travel together; also what a message of the cluster holds. */
export const PART_MOST = 64;
/** The fewest plans that a history is cut into: ageing costs as much as several requests. */
const PART_LEAST = 4;
/** Parts that a worker should find, so that all of them end at about the same time. */
const PARTS_A_WORKER = 4;

/** How many plans of one history travel together if there are `plans` for so many workers. */
export function partSize(plans: number, workers: number): number {
  return Math.max(PART_LEAST, Math.min(PART_MOST, Math.ceil(plans / (workers * PARTS_A_WORKER))));
}

/** Numbers histories in the order in which they are met. */
export class Histories {
  /** By history without the seed; null: the plan shares its machine with no other. */
  private readonly unseeded = new Map<string, number | null>();
  private readonly shared = new Map<string, number>();
  private readonly numbers = new Map<string, number>();
  private next = 0;

  /** Equal for two plans that may run on one machine. */
  of(plan: Plan, { unseeded }: Pick<PlanName, "unseeded">): number {
    const shared = this.sharedBy(plan, unseeded);
    if (shared === null) return this.next++;
    const key = `${shared} ${plan.seed}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.next++;
      this.numbers.set(key, number);
    }
    return number;
  }

  private sharedBy(plan: Plan, unseeded: string): number | null {
    const known = this.unseeded.get(unseeded);
    if (known !== undefined) return known;
    const key = sharingKey({ ...plan, seed: 0 });
    let shared: number | null = null;
    if (key !== null) {
      shared = this.shared.get(key) ?? this.shared.size;
      this.shared.set(key, shared);
    }
    if (this.unseeded.size >= REMEMBERED) this.unseeded.delete(this.unseeded.keys().next().value!);
    this.unseeded.set(unseeded, shared);
    return shared;
  }
}

/**
 * Places 0 to `histories.length` − 1 in the order in which they are run: history by history, the one that is met first
 * coming first, each in the order of places and in parts of nearly equal size, `most` at most.
 */
export function* inParts(histories: readonly number[], most: number): Generator<number[]> {
  const ranks = new Map<number, number>();
  const sizes: number[] = [];
  const rank = Int32Array.from(histories, (history) => {
    const at = ranks.get(history) ?? ranks.size;
    ranks.set(history, at);
    sizes[at] = (sizes[at] ?? 0) + 1;
    return at;
  });
  const ends = new Int32Array(sizes.length);
  for (let i = 1; i < sizes.length; i++) ends[i] = ends[i - 1]! + sizes[i - 1]!;
  const order = new Int32Array(rank.length);
  rank.forEach((at, place) => {
    order[ends[at]!++] = place;
  });
  let from = 0;
  for (const size of sizes) {
    const parts = Math.ceil(size / most);
    for (let i = 0; i < parts; i++)
      yield [
        ...order.subarray(from + Math.floor((i * size) / parts), from + Math.floor(((i + 1) * size) / parts)),
      ];
    from += size;
  }
}
