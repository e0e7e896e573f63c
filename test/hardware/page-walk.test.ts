/** Page walks traced by hand: the loads of a walk and the caches they hit. */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, KiB, MiB } from "../../lib/base/units";
import { CPU_TLBS } from "../../lib/hardware/cpu-tlb-data";
import { LEAF_LEVEL, PageWalker } from "../../lib/hardware/page-walk";

const exact = (value: number) => ({ value, source: "test" });
/**
 * A core at 1 GHz with figures that are visible in the sum: 1000 for a walk, 1 for L2, 10 for the last level, 100 for
 * DRAM.
 */
const CORE = {
  ...CPU_TLBS.haswell,
  clockGHz: exact(1),
  walkCycles: exact(1000),
  l2LoadCycles: exact(1),
  llcLoadNs: exact(10),
  dramLoadNs: exact(100),
};

test("4 KiB pages: four loads when cold, one when the directory entry is cached", () => {
  const walker = new PageWalker(CORE, LEAF_LEVEL[4 * KiB]!);
  assert.equal(walker.walk(0), 1400, "cold: four loads from DRAM");
  assert.equal(walker.walk(0), 1001, "directory entry known, page-table entry in L2");
  assert.equal(walker.walk(7 * 4 * KiB), 1001, "the same line of eight entries");
  assert.equal(walker.walk(8 * 4 * KiB), 1100, "the next line");
  assert.equal(
    walker.walk(2 * MiB),
    1101,
    "another table: its directory entry shares the first's line, its own line is new",
  );
  assert.equal(
    walker.walk(GiB),
    1201,
    "another directory: its pointer shares a line, directory and table are new",
  );
  assert.equal(walker.loads, 4 + 1 + 1 + 1 + 2 + 3);
});

test("2 MiB pages take three loads when cold, 1 GiB pages two", () => {
  assert.equal(new PageWalker(CORE, LEAF_LEVEL[2 * MiB]!).walk(5 * GiB), 1300);
  const walker = new PageWalker(CORE, LEAF_LEVEL[GiB]!);
  assert.equal(walker.walk(5 * GiB), 1200);
  assert.equal(walker.walk(6 * GiB), 1001);
  assert.equal(
    walker.walk(512 * GiB),
    1101,
    "the next top entry: its line is known, the pointers' line is new",
  );
});

test("lines evicted from L2 are found in the last level, then in DRAM", () => {
  // 256 lines in L2, 1024 in the last level.
  const small = { ...CORE, tableInL2Bytes: exact(16 * KiB), tableInLlcBytes: exact(64 * KiB) };
  const walker = new PageWalker(small, LEAF_LEVEL[GiB]!);
  const round = (lines: number) => {
    let ns = 0;
    for (let line = 0; line < lines; line++) ns += walker.walk(line * 8 * GiB) - 1000;
    return ns / lines;
  };
  round(500);
  // 500 lines of pointers, 8 of top entries: more than L2 keeps in order, all in the last level.
  assert.ok(round(500) >= 10 && round(500) < 12.5, `${round(500)}`);
});
