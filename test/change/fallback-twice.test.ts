/** A change may answer otherwise when the engine asks a second time about the same request: nothing breaks. */
import assert from "node:assert/strict";
import test from "node:test";
import type { ChangePoints } from "../../lib/change/change";
import { validate } from "../../lib/mm/reports/validate";
import { movable, tiny, unmovable } from "./tiny";

/** Says how often it was asked; all points of a module share it. */
interface Counting {
  asked?: number;
}

/** Left are 512 free pages of a block that became unmovable: all others are taken. */
function movableFallsBack(points: ChangePoints): number {
  const m = tiny("6.1", points);
  assert.ok(unmovable(m, 9) >= 0);
  assert.ok(movable(m, 10) >= 0);
  const pfn = movable(m);
  validate(m, "everything", { ownersKnown: false });
  return pfn;
}

test("a fallback that finds a type at first and none afterwards gives no page", () => {
  const changing: ChangePoints = {
    fallbackOrder: (given, stock) => {
      if (given.type !== "movable") return stock.fallbackOrder(given);
      const state = globalThis as Counting;
      state.asked = (state.asked ?? 0) + 1;
      return state.asked === 1 ? ["unmovable"] : [];
    },
    shouldClaim: ({ type }) => type !== "movable",
  };
  assert.equal(movableFallsBack(changing), -1);
  assert.ok(movableFallsBack({ shouldClaim: changing.shouldClaim! }) >= 0, "the kernel finds it again");
});

test("a range that has a page at first and none afterwards gives no page", () => {
  const pfn = movableFallsBack({
    fallbackPage: ({ type, zoneStartPfn, zoneEndPfn }) => {
      if (type !== "movable") return "first";
      const state = globalThis as Counting;
      state.asked = (state.asked ?? 0) + 1;
      return state.asked === 1
        ? { from: zoneStartPfn, to: zoneEndPfn }
        : { from: zoneEndPfn, to: zoneEndPfn };
    },
    shouldClaim: ({ type }) => type !== "movable",
  });
  assert.equal(pfn, -1);
});
