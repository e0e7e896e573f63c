/** Numbers of slots: never two owners of one, rows whole, and what is given back is used again before new ones are. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { NUMBER_FREE, SlotNumbers } from "../../lib/machine/slot-numbers";

test("rows of numbers do not overlap, whatever was given back in which parts", () => {
  for (const most of [8, 300, 2500]) {
    const r = new Random(most);
    const numbers = new SlotNumbers(1);
    const owner = new Int32Array(1 << 22);
    const rows: { base: number; n: number }[] = [];
    let id = 0;
    for (let step = 0; step < 1500; step++)
      if (rows.length === 0 || r.chance(0.55)) {
        const n = r.chance(0.2) ? 1 : 1 + r.below(most);
        const base = n === 1 && r.chance(0.5) ? numbers.one() : numbers.run(n);
        id++;
        for (let k = base; k < base + n; k++) {
          if (owner[k] !== 0 || numbers.cells[k]! > NUMBER_FREE)
            assert.fail(`number ${k} has an owner already`);
          owner[k] = id;
          numbers.cells[k] = 7;
        }
        rows.push({ base, n });
      } else {
        const i = r.below(rows.length);
        const { base, n } = rows[i]!;
        const part = r.chance(0.5) ? n : 1 + r.below(n);
        numbers.cells.fill(NUMBER_FREE, base, base + part);
        numbers.give(base, part);
        owner.fill(0, base, base + part);
        if (part < n) rows[i] = { base: base + part, n: n - part };
        else {
          rows[i] = rows[rows.length - 1]!;
          rows.pop();
        }
      }
    assert.ok(rows.length > 10 && id > 500);
  }
});

test("what was given back serves again: owners that come and go with the same lengths need no new numbers", () => {
  const numbers = new SlotNumbers(1);
  const lengths = Array.from({ length: 200 }, (_, i) => 1 + ((i * 37) % 1024));
  const take = () => lengths.map((n) => [numbers.run(n), n] as const);
  const give = (rows: readonly (readonly [number, number])[]) => {
    for (const [base, n] of rows) {
      numbers.cells.fill(NUMBER_FREE, base, base + n);
      numbers.give(base, n);
    }
  };
  const first = take();
  const end = Math.max(...first.map(([base, n]) => base + n));
  give(first);
  for (let round = 0; round < 5; round++) {
    const rows = take();
    assert.ok(
      rows.every(([base, n]) => base + n <= end),
      `round ${round}`,
    );
    give(rows);
  }
});
