/** Where a share granted falls below one half: hand counts, and Wilson's interval by its own formula. */
import assert from "node:assert/strict";
import test from "node:test";
import { thresholdOf, thresholdText } from "../../lib/experiment/threshold";

const of = (counts: readonly number[], asked = 32) =>
  thresholdOf(counts.map((granted, value) => ({ value, asked, granted })));

test("the threshold lies where a straight line through the shares passes one half", () => {
  // 28 of 32 is 12 above the half, 8 of 32 is 8 below it: 12/20 of the way from 1 to 2.
  assert.equal(of([32, 28, 8, 0]).at, 1.6);
  // Half exactly counts as half; the next share is below.
  assert.equal(of([32, 16, 0]).at, 1);
  assert.equal(of([32, 0]).at, 0.5);
});

test("shares that rise are pooled first, weighted by their requests", () => {
  // 12 and 24 of 32 become 18 of 32 each: above one half, so the line goes from 2 (18) to 3 (2), 2/16 of the way.
  assert.equal(of([32, 12, 24, 2]).at, 2.125);
  const weighted = thresholdOf([
    { value: 0, asked: 10, granted: 10 },
    { value: 1, asked: 90, granted: 30 },
    { value: 2, asked: 10, granted: 9 },
  ]);
  // 39 of 100 in both: the line from 1 at 0 to 0.39 at 1.
  assert.ok(Math.abs(weighted.at! - 0.5 / 0.61) < 1e-6, `${weighted.at}`);
});

test("the interval ends where Wilson's 95 % interval leaves no other answer", () => {
  // Lower ends by hand from (p + z²/2n − z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), n = 32: 22 → 0.514, 21 → 0.483.
  assert.deepEqual([of([32, 22, 0]).sureTo, of([32, 21, 0]).sureTo], [1, 0]);
  // By symmetry 10 is sure of less, and 11 is not.
  assert.deepEqual([of([32, 10, 0]).sureFrom, of([32, 11, 0]).sureFrom], [1, 2]);
  const none = of([20, 18, 14]);
  assert.deepEqual([none.sureTo, none.sureFrom], [null, null]);
  // A sure count behind an unsure one is no "up to": the one in between might be below.
  assert.equal(of([32, 18, 32, 0]).sureTo, 0);
  assert.equal(of([4, 4, 0], 4).sureTo, 1, "4 of 4 are sure of at least half");
  assert.equal(of([3, 3, 0], 3).sureTo, null, "3 of 3 are not");
});

test("no threshold: all values have at least half, or none has", () => {
  const percent = (value: number) => `${value} %`;
  assert.equal(of([32, 20]).at, null);
  assert.equal(thresholdText(of([32, 20]), percent), "at all values tried, up to 1 % (20 of 32)");
  assert.equal(of([3, 0]).at, null);
  assert.equal(thresholdText(of([3, 0]), percent), "nowhere: at 0 % 3 of 32");
  assert.equal(
    thresholdText(of([32, 28, 8, 0]), percent),
    "up to 1.6 % (at least half for sure up to 1 %, less from 2 % on)",
  );
});

test("values in any order, each once, at least one", () => {
  const mixed = thresholdOf([
    { value: 2, asked: 32, granted: 8 },
    { value: 0, asked: 32, granted: 32 },
    { value: 1, asked: 32, granted: 28 },
  ]);
  assert.deepEqual(mixed, of([32, 28, 8]));
  assert.throws(() => thresholdOf([]), /threshold: there must be at least one value: got none/);
  const one = { value: 0.5, asked: 2, granted: 1 };
  assert.throws(() => thresholdOf([one, one]), /threshold: every value must be there once: got 0\.5 twice/);
});
