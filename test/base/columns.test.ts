/** Columns are always zeroed; only those of medium size are kept. */
import assert from "node:assert/strict";
import test from "node:test";
import { int32Column, releaseColumns, uint8Column } from "../../lib/base/columns";

const LENGTH = 2 ** 21;

test("a released column is reused, zeroed, for the same kind and length", () => {
  const column = int32Column(LENGTH).fill(7);
  releaseColumns([column]);
  assert.notEqual(int32Column(LENGTH + 1), column);
  assert.equal(uint8Column(4 * LENGTH).constructor, Uint8Array);
  const again = int32Column(LENGTH);
  assert.equal(again, column);
  assert.ok(again.every((x) => x === 0));
  assert.notEqual(int32Column(LENGTH), column, "it is given once");
});

test("small and very large ones are not kept, and no more than half a GiB in all", () => {
  for (const length of [1000, 2 ** 27 + 1]) {
    const column = uint8Column(length);
    releaseColumns([column]);
    assert.notEqual(uint8Column(length), column);
  }
  const many = Array.from({ length: 5 }, () => uint8Column(2 ** 27));
  releaseColumns(many);
  const kept = many.map(() => uint8Column(2 ** 27)).filter((c) => many.includes(c));
  assert.equal(kept.length, 4);
  assert.ok(!kept.includes(many[0]!), "the oldest went");
});
