/** The time that a page says its results take: counted by hand from weights and from what was measured. */
import assert from "node:assert/strict";
import test from "node:test";
import { ExpectedTime } from "../../lib/page/expected-time";

test("before anything was computed a second of weight takes two; then the pace is the measured one", () => {
  const time = new ExpectedTime([1, 20, 0], 2);
  assert.equal(time.msOf(0), 2000);
  assert.equal(time.msOf(1), 40_000);
  assert.equal(time.msOf(2), 10, "a boot weighs nothing and takes some milliseconds");
  // Half a second of weight took 1 s by assumption, one second took 5 s: 6 s for 1.5 s of weight.
  time.took(0, 5000);
  assert.equal(time.msOf(1), 80_000);
});

test("results on several workers: the sum shared among them, and never less than the longest", () => {
  const time = new ExpectedTime([10, 10, 10, 10], 2);
  assert.equal(time.leftMs([0, 1, 2, 3]), 40_000);
  assert.equal(time.leftMs([0]), 20_000);
  assert.equal(time.leftMs([]), 0);
});

test("the shortest results come first, equal ones in the order of the page", () => {
  assert.deepEqual(new ExpectedTime([5, 0.1, 5, 0, 0], 1).shortestFirst(), [3, 4, 1, 0, 2]);
});
