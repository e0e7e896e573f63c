/** Free pages that a test draws, on the movable lists of a tiny machine's zone. */
import { addToFreeListTail } from "../../lib/mm/state/free-area";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import type { Random } from "../laws/random";

/** Shuffles the pages of each order, and frees them into their list in that order, without a merge; `lists[order]`: their frames. */
export function putInDrawnOrder(m: Memory, r: Random, lists: number[][]): void {
  lists.forEach((list, order) => {
    for (let i = list.length - 1; i > 0; i--) {
      const j = r.below(i + 1);
      [list[i], list[j]] = [list[j]!, list[i]!];
    }
    for (const p of list) {
      m.state.fill(0, p, p + 2 ** order);
      addToFreeListTail(m, m.zones[0]!, p, order, MIGRATE_MOVABLE);
    }
  });
}
