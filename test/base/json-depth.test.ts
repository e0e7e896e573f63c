import assert from "node:assert/strict";
import test from "node:test";
import { InputError } from "../../lib/base/errors";
import { isDeeperThan } from "../../lib/base/json-depth";
import { parseMachineSnapshot } from "../../lib/trace/machine-snapshot";

test("lists and objects count, brackets in strings do not", () => {
  assert.equal(isDeeperThan('[{"a": [1]}]', 3), false);
  assert.equal(isDeeperThan('[{"a": [1]}]', 2), true);
  assert.equal(isDeeperThan('["[[[[", "\\\\", "\\"[[["]', 1), false);
  assert.equal(isDeeperThan("[],[],[]", 1), false);
  assert.equal(isDeeperThan("1", 0), false);
});

test("a snapshot of nothing but levels is refused before it is parsed", () => {
  const deep = '{"a":'.repeat(5_000_000);
  const before = process.memoryUsage().heapUsed;
  assert.throws(
    () => parseMachineSnapshot(deep, "s.json"),
    (error) =>
      error instanceof InputError &&
      error.message === "s.json: is no snapshot: its JSON must be at most 64 levels deep",
  );
  assert.ok(process.memoryUsage().heapUsed - before < 100 * 2 ** 20);
});
