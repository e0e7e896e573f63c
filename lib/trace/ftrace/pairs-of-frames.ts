/** Which frame of the model holds a page of the trace. A large page may be freed in parts. */

/** Pages followed at once; a Map holds no more than 2^24. */
const PAIRS_MOST = 2 ** 23;
const MOST_ORDER = 16;

interface Pair {
  model: number;
  order: number;
}

/** Pairs of first frames: the recorded one and the model's. */
export class PairsOfFrames {
  private readonly pairs = new Map<number, Pair>();

  /** False if there are too many. */
  set(recorded: number, model: number, order: number): boolean {
    if (this.pairs.size >= PAIRS_MOST) return false;
    this.pairs.set(recorded, { model, order });
    return true;
  }

  /**
   * The model's frame of the 2^order frames at `recorded`, which are no longer followed; undefined if the model has no page there, or only
   * for a part of it.
   */
  take(recorded: number, order: number): number | undefined {
    for (let o = order; o <= MOST_ORDER; o++) {
      const head = recorded - (recorded % 2 ** o);
      const pair = this.pairs.get(head);
      if (pair === undefined || pair.order < o) continue;
      this.pairs.delete(head);
      this.keepRest(head, pair, recorded, order);
      return pair.model + (recorded - head);
    }
    return undefined;
  }

  private keepRest(head: number, { model, order: whole }: Pair, recorded: number, order: number): void {
    for (let o = whole - 1; o >= order; o--) {
      const half = recorded - (recorded % 2 ** o);
      const other = half % 2 ** (o + 1) === 0 ? half + 2 ** o : half - 2 ** o;
      this.pairs.set(other, { model: model + (other - head), order: o });
    }
  }
}
