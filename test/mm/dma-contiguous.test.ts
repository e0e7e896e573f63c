/**
 * Memory for devices: alignment of at most 2^8 pages, and the buddy allocator as the fallback of the area. Also the
 * messages of cma_alloc() on failure.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { KiB, MiB } from "../../lib/base/units";
import { CMA_ALIGNMENT, getOrder } from "../../lib/mm/boot/dma-contiguous";
import { CmaArea } from "../../lib/mm/contiguous/cma-area";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { validate } from "../../lib/mm/reports/validate";
import { MIGRATE_CMA } from "../../lib/mm/state/migratetype";

const started = (kernel: string) => {
  const booted = machine("qemu-virt").memory("512MiB").kernel(kernel).cma("64MiB").boot();
  const k = booted.start();
  return { k, contig: new Contiguous(k.memory, booted.contiguousAreas(), booted.kernel) };
};

test("get_order(), and the alignment that follows from it", () => {
  assert.deepEqual(
    [1, 4 * KiB, 4 * KiB + 1, 8 * KiB, MiB, MiB + 1, 64 * MiB].map((b) => getOrder(b, 4 * KiB)),
    [0, 0, 1, 1, 8, 9, 14],
  );
  assert.equal(CMA_ALIGNMENT, 8);
  const { contig } = started("6.1");
  const base = contig.areas[0]!.basePfn;
  const at = (bytes: number) => {
    const got = contig.dmaAllocContiguous(bytes, 4 * KiB);
    assert.ok(got.ok && got.fromArea);
    return got.pfn - base;
  };
  // Calculated by hand: 3 pages at an alignment of 4, then 3 more; 300 pages at 256, whatever their own order of 9
  // would be.
  assert.deepEqual([at(12 * KiB), at(12 * KiB), at(300 * 4 * KiB), at(300 * 4 * KiB)], [0, 4, 0x100, 0x300]);
});

test("busy ranges are 0x100 frames apart, as in anholt/linux issue 76", () => {
  const { k, contig } = started("4.17");
  const [area] = contig.areas;
  const m = k.memory;
  // A page that does not move in every 1 MiB except the last.
  for (let p = area!.basePfn; p < area!.basePfn + area!.count - 0x100; p += 0x100)
    assert.ok(contig.allocContigRange(p, p + 1, MIGRATE_CMA).ok);
  const got = contig.dmaAllocContiguous(MiB, 4 * KiB);
  assert.ok(got.ok && got.fromArea);
  assert.equal(got.pfn, area!.basePfn + area!.count - 0x100);
  const again = contig.cmaAlloc(256, 8);
  assert.ok(!again.ok && again.errno === -16);
  assert.deepEqual(
    again.busyRanges.slice(0, 3).map((r) => r.startPfn - area!.basePfn),
    [0, 0x100, 0x200],
  );
  assert.equal(again.busyRanges.length, 63);
  assert.deepEqual(again.messages, ["cma: cma_alloc: alloc failed, req-size: 256 pages, ret: -16"]);
  validate(m, "everything");
});

test("single pages, and requests the area has no room for, come from the buddy allocator and return there", () => {
  const { k, contig } = started("6.1");
  const free = () =>
    k.memory.zones.reduce(
      (n, z) => n + z.nrFreePages + z.pcps.reduce((p, c) => p + c.count + c.diffNrFree, 0),
      0,
    );
  const before = free();
  const one = contig.dmaAllocContiguous(100, 4 * KiB);
  assert.ok(one.ok && !one.fromArea && one.count === 1);
  const old = started("4.17").contig.dmaAllocContiguous(100, 4 * KiB);
  assert.ok(old.ok && old.fromArea, "single pages, too, until 5.3");
  const own = contig.dmaAllocContiguous(100, 4 * KiB, { ownArea: 0 });
  assert.ok(own.ok && own.fromArea, "a device with an area of its own");
  const all = contig.cmaAlloc(contig.areas[0]!.available - 1024, 0);
  assert.ok(all.ok);
  const spill = contig.dmaAllocContiguous(4 * MiB + 1, 4 * KiB);
  assert.ok(!spill.ok && spill.errno === -12, "order 11 is beyond the buddy allocator");
  // The last 1024 pages of the area, which start at a multiple of 256.
  const some = contig.dmaAllocContiguous(4 * MiB, 4 * KiB);
  assert.ok(some.ok && some.fromArea);
  const next = contig.dmaAllocContiguous(4 * MiB, 4 * KiB);
  assert.ok(next.ok && !next.fromArea && next.order === 10);
  assert.deepEqual(next.messages, ["cma: cma_alloc: reserved: alloc failed, req-size: 1024 pages, ret: -12"]);
  assert.ok(!contig.areas[0]!.holds(next.pfn));
  const atomic = contig.dmaAllocContiguous(8 * KiB, 4 * KiB, { gfp: 0 });
  assert.ok(atomic.ok && !atomic.fromArea, "whoever may not sleep is not served from an area");
  for (const got of [one, own, some, next, atomic]) contig.dmaFreeContiguous(got);
  contig.cmaRelease(all.pfn, all.count);
  k.validate();
  assert.equal(free(), before, "all of it is back, some of it on the per-CPU lists");
  assert.throws(() => contig.dmaAllocContiguous(0, 4 * KiB), /at least 1: got 0/);
});

test("the messages of cma_alloc() on failure, by release, and when there is none", () => {
  // mm/cma.c of 4.17 and 6.1; "__cma_alloc: reserved: alloc failed" in logs of 6.12 to 6.17.
  const line: [string, string][] = [
    ["4.17", "cma: cma_alloc: alloc failed, req-size: 16 pages, ret: -12"],
    ["6.1", "cma: cma_alloc: reserved: alloc failed, req-size: 16 pages, ret: -12"],
    ["6.12", "cma: __cma_alloc: reserved: alloc failed, req-size: 16 pages, ret: -12"],
    ["6.19", "cma: __cma_alloc: reserved: alloc failed, req-size: 16 pages, ret: -16"],
    ["7.3", "cma: __cma_alloc_frozen: reserved: alloc failed, req-size: 16 pages, ret: -16"],
  ];
  for (const [kernel, text] of line) {
    const { contig } = started(kernel);
    const { count } = contig.areas[0]!;
    const none = contig.cmaAlloc(0);
    assert.ok(!none.ok && none.errno === -22);
    assert.deepEqual(none.messages, [], kernel);
    assert.match(none.reason, /0 pages/);
    const tooLarge = contig.cmaAlloc(count + 1);
    assert.ok(!tooLarge.ok);
    // Since areas have ranges (6.15), a range too small for the request gives only −EBUSY, with a message.
    const ranges = kernel === "6.19" || kernel === "7.3";
    assert.equal(tooLarge.errno, ranges ? -16 : -12);
    assert.equal(tooLarge.messages.length, ranges ? 1 : 0);
    assert.ok(contig.cmaAlloc(count).ok);
    const full = contig.cmaAlloc(16);
    assert.ok(!full.ok);
    assert.deepEqual(full.messages, [text]);
  }
  const { contig, k } = started("6.1");
  const named = new Contiguous(k.memory, [new CmaArea("camera", contig.areas[0]!.basePfn, 512)], "6.1");
  assert.ok(named.cmaAlloc(512).ok);
  const full = named.cmaAlloc(1);
  assert.ok(!full.ok && full.messages[0]!.startsWith("cma: cma_alloc: camera: "));
});
