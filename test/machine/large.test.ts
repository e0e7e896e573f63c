import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import test from "node:test";
import { System } from "../../lib/machine/system";
import type { SystemOptions } from "../../lib/machine/system-options";

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

test("granules are no more: an option that names them is refused with the reason", () => {
  const options = { granuleOrder: 6 } as SystemOptions;
  assert.throws(
    () => System.boot({ board: "raspberry-pi-3" }, options),
    /granuleOrder: machines of every size work page by page now/,
  );
});

test("a host of 64 GiB holds page cache page by page", () => {
  const s = System.boot({ board: "pc-x86-64", memoryBytes: 64 * GiB });
  const n = 2 ** 20;
  const before = s.counters.allocations;
  const base = s.reserveSlots(n);
  assert.equal(s.allocRun("fileClean", base, n), n);
  assert.equal(s.counters.allocations - before, n, "a request a page");
  for (let slot = base; slot < base + n; slot += 4099) assert.equal(s.pagesOf(slot), 1);
  s.freeRun(base, n);
  assert.equal(s.counters.frees, n);
  assert.equal(
    s.lru.count.reduce((a, b) => a + b, 0),
    0,
  );
});
