/** The cache behind the TLB and adapter models, against a plain list kept in order of use. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { lruCache } from "../../lib/hardware/lru-cache";

/** The definition: each set is a list, most recent first. */
function plainList(entries: number, ways: number): (tag: number) => boolean {
  const sets = entries / ways;
  const lists = Array.from({ length: sets }, () => [] as number[]);
  return (tag) => {
    const list = lists[tag % sets]!;
    const at = list.indexOf(tag);
    if (at >= 0) list.splice(at, 1);
    list.unshift(tag);
    if (list.length > ways) list.pop();
    return at >= 0;
  };
}

for (const [entries, ways] of [
  [1, 1],
  [4, 4],
  [24, 24],
  [64, 4],
  [15, 5],
  [30, 30],
  [72, 72],
] as const)
  test(`${entries} entries, ${ways} ways: hits as the definition says`, () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.nat(2 * entries),
            fc.nat(2 ** 31 - 2),
            fc.nat(7).map((n) => n * 4096),
          ),
          {
            maxLength: 600,
          },
        ),
        (tags) => {
          const cache = lruCache(entries, ways);
          const expected = plainList(entries, ways);
          for (const tag of tags) assert.equal(cache.touch(tag), expected(tag));
        },
      ),
      { numRuns: 60 },
    );
  });

test("a cycle one longer than a set never hits, one as long always does", () => {
  for (const ways of [4, 64]) {
    const cache = lruCache(ways, ways);
    const hits = (length: number) => {
      let n = 0;
      for (let i = 0; i < 10 * length; i++) if (cache.touch(i % length)) n++;
      return n;
    };
    assert.equal(hits(ways + 1), 0);
    hits(ways);
    assert.equal(hits(ways), 10 * ways);
  }
});

test("impossible sizes are refused", () => {
  assert.throws(() => lruCache(0, 1), /entries must be a whole number from 1/);
  assert.throws(() => lruCache(10, 4), /ways must divide the 10 entries: got 4/);
});
