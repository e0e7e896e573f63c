/** The cost table: sources, changes, sums. */
import assert from "node:assert/strict";
import test from "node:test";
import { BOARDS, findBoard } from "../../lib/hardware/boards";
import { costTable, costText, DEFAULT_COSTS, elapsedNs } from "../../lib/hardware/costs";

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

test("the table without a machine is that of a server with 4 KiB pages", () => {
  const { speed } = findBoard("server-x86-64");
  const table = costTable({}, { pageSize: 4096, speed });
  for (const [name, { ns }] of Object.entries(DEFAULT_COSTS))
    assert.equal(table[name as keyof typeof table].ns, ns, name);
});

// FACTS 14: copying 64 KiB costs about 16 times copying 4 KiB, and a Raspberry Pi 4 moves a few GB/s: STREAM Copy of
// 5,527 MB/s, bytes read and written (sci-pi.org.uk), so 2.76 GB/s copied.
test("no board moves pages of any size faster than it copies; 16 times the bytes take 16 times the copying", () => {
  for (const { name, speed, pageSizes } of BOARDS)
    for (const pageSize of pageSizes) {
      const table = costTable({}, { pageSize, speed });
      assert.ok((pageSize / table.migratePage.ns) * 1e9 < speed.copyBytesPerSecond, `${name} ${pageSize}`);
      assert.match(table.migratePage.source, /GB\/s/);
    }
  const { speed } = findBoard("raspberry-pi-4");
  const of = (kib: number) => costTable({}, { pageSize: kib * 1024, speed });
  for (const [event, fixed] of [
    ["migratePage", 2600],
    ["zeroPage", 0],
    ["writePage", 92_000],
    ["refault", 92_000],
  ] as const) {
    const ratio = (of(64)[event].ns - fixed) / (of(4)[event].ns - fixed);
    assert.ok(Math.abs(ratio - 16) < 0.01, `${event} ${ratio}`);
  }
  // 38 MiB took 1.9 ms before costs had bytes: 20 GB/s.
  const ns = elapsedNs({ migratePage: (38 * 2 ** 20) / 65_536 }, of(64));
  assert.ok(ns > 14e6 && ns < 20e6, `${ns}`);
  assert.match(
    costText(of(64), { pageSize: 65_536, speed }),
    /page of 64 KiB takes 26\.3 µs \(copied at 2\.76 GB\/s\)/,
  );
});
