/** The cost table: sources, changes, sums. */
import assert from "node:assert/strict";
import test from "node:test";
import { costTable, DEFAULT_COSTS, elapsedNs } from "../../lib/hardware/costs";

test("every cost names its source", () => {
  for (const [name, cost] of Object.entries(DEFAULT_COSTS)) assert.ok(cost.source.length > 10, name);
});

test("a changed cost is used and marked as given", () => {
  const table = costTable({ migratePage: 5000 });
  assert.equal(elapsedNs({ migratePage: 3, scanFrame: 2 }, table), 15_000 + 2 * DEFAULT_COSTS.scanFrame.ns);
  assert.equal(table.migratePage.source, "given");
  assert.throws(() => costTable({ migratepage: 1 } as never), /migratepage/);
  assert.throws(() => costTable({ migratePage: -1 }), /0 or more: got -1/);
});

// FACTS section 9: emptying a 64 MB area full of anonymous pages takes about 50 ms.
test("emptying 64 MB of anonymous pages is modelled at about 50 ms", () => {
  assert.equal(Math.round(elapsedNs({ migratePage: 16_384 }) / 1e6), 49);
});
