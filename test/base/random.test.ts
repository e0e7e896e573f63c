import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Random } from "../../lib/base/random";

test("equal seeds give equal sequences, different seeds different ones", () => {
  const draw = (r: Random) => Array.from({ length: 64 }, () => r.uint32());
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      assert.deepEqual(draw(new Random(seed)), draw(new Random(seed)));
      assert.notDeepEqual(draw(new Random(seed)), draw(new Random(seed + 1)));
    }),
  );
});

test("a fork depends on its name and the seed, not on what was drawn", () => {
  const a = new Random(7);
  const b = new Random(7);
  b.uint32();
  assert.equal(a.fork("x").uint32(), b.fork("x").uint32());
  assert.notEqual(a.fork("x").uint32(), a.fork("y").uint32());
  assert.notEqual(new Random(8).fork("x").uint32(), a.fork("x").uint32());
});

test("draws are uniform: chi-squared over 64 cells stays within six deviations", () => {
  for (const seed of [1, 2, 3]) {
    const r = new Random(seed);
    const cells = new Array(64).fill(0);
    const n = 64_000;
    for (let i = 0; i < n; i++) cells[r.below(64)]++;
    const chi = cells.reduce((sum, c) => sum + (c - n / 64) ** 2 / (n / 64), 0);
    assert.ok(Math.abs(chi - 63) < 6 * Math.sqrt(2 * 63), `seed ${seed}: ${chi}`);
  }
});

test("a shuffle keeps every item", () => {
  const items = Int32Array.from({ length: 1000 }, (_, i) => i);
  assert.deepEqual(
    [...new Random(3).shuffle(items)].sort((a, b) => a - b),
    [...Array(1000).keys()],
  );
});
