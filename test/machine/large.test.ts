import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import test from "node:test";
import { fixedShare, granuleOrder } from "../../lib/machine/granules";
import { System } from "../../lib/machine/system";

const GiB = 2 ** 30;

test("a host of 4 TiB and eight nodes boots without touching its memory map", () => {
  const script = `
    const { System } = require(${JSON.stringify(join(__dirname, "../../lib/machine/system.ts"))});
    const before = process.memoryUsage().rss;
    const s = System.boot({ board: "database-x86-64" });
    console.log(JSON.stringify({ pages: s.managedPages, nodes: s.memory.nrNodes, grown: process.memoryUsage().rss - before }));`;
  const out = execFileSync(
    process.execPath,
    ["--require", join(__dirname, "../support/register.cjs"), "-e", script],
    {
      encoding: "utf8",
    },
  );
  const { pages, nodes, grown } = JSON.parse(out) as { pages: number; nodes: number; grown: number };
  assert.equal(nodes, 8);
  assert.ok(pages * 4096 > 4000 * GiB && pages * 4096 < 4096 * GiB);
  // The columns of its frames are 11 GiB of address space.
  assert.ok(grown < 400 * 2 ** 20, `resident memory grew by ${grown} bytes`);
});

test("granules grow with memory, and there are none up to 4 GiB", () => {
  assert.deepEqual(
    [1, 4, 8, 16, 32, 64, 128, 256, 4096].map((g) => granuleOrder(g * GiB)),
    [0, 0, 2, 3, 5, 6, 8, 9, 9],
  );
  assert.equal(fixedShare(2 * GiB), 1);
  assert.equal(fixedShare(64 * GiB), 1 / 8);
});

test("a granule is counted, moved, reclaimed and freed with all its frames", () => {
  const s = System.boot({ board: "raspberry-pi-3" }, { granuleOrder: 4 });
  const slot = s.allocUpTo("fileClean", 100);
  assert.equal(s.pagesOf(slot), 16);
  assert.equal(
    s.lru.count.reduce((a, b) => a + b, 0),
    16,
  );
  s.free(slot);
  assert.equal(
    s.lru.count.reduce((a, b) => a + b, 0),
    0,
  );
  assert.equal(s.counters.frees, 1, "one page, whatever its order");
  let asked = 0;
  while (s.counters.dropped < 4096) asked += s.pagesOf(s.allocUpTo("fileClean", 16));
  assert.equal(s.counters.dropped % 16, 0, "reclaim takes whole granules");
  assert.ok(asked > 100_000);
});
