import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { compactMemory } from "../../lib/mm/compaction/compaction";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { OWNER_KINDS } from "../../lib/mm/state/owners";
import { MOVABLE_PAGE } from "../../lib/mm/state/page-state";

const virt = machine("qemu-virt").pageSize("4K").memory("512MiB").cma("64MiB");

test("pcp off: every request and free goes to the buddy lists", () => {
  const k = virt.with({ pcp: false }).start();
  // 6.1 boots as usual: the pages come one by one, split from the smallest.
  for (let i = 0; i < 100; i++) {
    const got = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
    assert.ok(got.ok && got.path === "buddy");
    if (i % 3 === 0) k.freePages(got);
  }
  assert.equal(k.allocPagesBulk(10).length, 1);
  assert.ok(k.memory.zones.every((z) => z.pcps.every((pcp) => pcp.count === 0)));
  k.validate();
});

test("mobilityGrouping off: every request is unmovable and gets no CMA memory", () => {
  const off = virt.with({ mobilityGrouping: false });
  assert.equal(off.boot().mobilityGrouping, false);
  assert.equal(virt.boot().mobilityGrouping, true);
  const k = off.start();
  const cmaFree = () => k.memory.zones.reduce((n, z) => n + z.nrFreeCma, 0);
  k.drainAllPages();
  const before = cmaFree();
  let got = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE|__GFP_NORETRY", order: 4 });
  for (; got.ok; got = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE|__GFP_NORETRY", order: 4 }))
    assert.equal(got.migratetype, 0);
  assert.equal(cmaFree(), before);
});

test("migration off: a contiguous request gets free ranges only, and compaction moves nothing", () => {
  for (const migration of [true, false]) {
    const booted = virt.with({ migration }).boot();
    const k = booted.start();
    const m = k.memory;
    const area = booted.contiguousAreas()[0]!;
    // One movable page of an unknown process in the middle of the area.
    const contig = new Contiguous(m, [area]);
    const whole = contig.cmaAlloc(area.count);
    assert.ok(whole.ok);
    contig.cmaRelease(whole.pfn, whole.count);
    for (let n = 0; n < 100_000; n++) {
      const got = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
      assert.ok(got.ok);
      m.setOwner(got.pfn, OWNER_KINDS.anon | MOVABLE_PAGE);
    }
    const again = contig.cmaAlloc(area.count);
    assert.equal(again.ok, migration);
    assert.equal(again.ok || again.errno === -16, true);
    const before = m.counters.pgmigrate_success;
    compactMemory(m);
    if (!migration) assert.equal(m.counters.pgmigrate_success, before);
    k.validate();
  }
});
