/** Transparent huge pages: request flags as recorded, and what the defrag modes do on fragmented memory. */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib/index";
import { drainAllPages } from "../../lib/mm/allocation/drain-cpus";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { allocThp, collapseHugePage, thpGfp } from "../../lib/mm/allocation/thp";
import { RoomMaker } from "../../lib/mm/reclaim/vmscan";
import {
  __GFP_DIRECT_RECLAIM,
  __GFP_NORETRY,
  __GFP_THISNODE,
  GFP_HIGHUSER_MOVABLE,
} from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";

// w6-compact was recorded with transparent_hugepage=madvise: its huge page faults request with 3d24ca, then with
// 1c24ca.
test("the flags of a huge page fault are those recorded", () => {
  assert.equal(thpGfp("madvise", true), 0x1c24ca);
  assert.equal(thpGfp("madvise", true) | __GFP_THISNODE | __GFP_NORETRY, 0x3d24ca);
  assert.throws(() => thpGfp("sometimes" as never, true), /sometimes/);
});

function fragmented(): Memory {
  const { memory: m } = machine("pc-x86-64").memory("512MiB").cma("off").thp("off").start();
  m.help = new RoomMaker(m, { reclaim: true, compaction: true });
  const left: number[] = [];
  for (
    let p = allocPages(m, GFP_HIGHUSER_MOVABLE & ~0xc00, 0);
    p >= 0;
    p = allocPages(m, GFP_HIGHUSER_MOVABLE & ~0xc00, 0)
  )
    left.push(p);
  for (const p of left) if (p % 512 >= 128) freePages(m, p, 0);
  drainAllPages(m);
  return m;
}

test("on fragmented memory, a fault gets a huge page only if it may compact", () => {
  const got = (mode: "always" | "defer" | "madvise" | "never", madvised: boolean) => {
    const m = fragmented();
    let n = 0;
    while (n < 40 && allocThp(m, mode, madvised) >= 0) n++;
    return n;
  };
  assert.equal(got("madvise", true), 40);
  assert.equal(got("always", false), 40);
  assert.ok(got("madvise", false) < 10);
  assert.ok(got("never", true) < 10);
});

test("khugepaged merges single pages into one huge page and frees them", () => {
  const { memory: m } = machine("pc-x86-64").memory("512MiB").cma("off").thp("off").start();
  const free = () => m.zones.reduce((n, z) => n + z.nrFreePages + z.pcp.diffNrFree + z.pcp.count, 0);
  const pages = Array.from({ length: 100 }, () => allocPages(m, GFP_HIGHUSER_MOVABLE, 0));
  const before = free();
  const pfn = collapseHugePage(m, pages);
  assert.ok(pfn >= 0 && pfn % 512 === 0);
  assert.equal(free(), before - 512 + 100);
  for (const p of pages) assert.ok(m.freePlaceOf(p) !== undefined, `frame ${p} is still in use`);
  assert.throws(
    () =>
      collapseHugePage(
        m,
        Array.from({ length: 513 }, () => 0),
      ),
    /holds 512 frames: got 513/,
  );
});

test("a huge page fault that may wait asks with GFP_TRANSHUGE, whichever way it came to that", () => {
  const waits = thpGfp("madvise", true);
  assert.equal(thpGfp("always", true), waits);
  assert.equal(thpGfp("defer+madvise", true), waits);
  assert.equal(thpGfp("always", false), waits | __GFP_NORETRY);
  assert.equal(thpGfp("never", true), waits & ~__GFP_DIRECT_RECLAIM);
});
