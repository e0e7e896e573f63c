import assert from "node:assert/strict";
import test from "node:test";
import { ERRNO } from "../../lib/base/answer";
import { GiB, KiB, MiB } from "../../lib/base/units";
import { pageGeometry } from "../../lib/hardware/page-geometry";
import { cmaDeclareContiguous, cmaMinAlignmentBytes } from "../../lib/mm/boot/cma";
import { Memblock } from "../../lib/mm/boot/memblock";
import { pageblockOrder } from "../../lib/mm/boot/pageblock-order";
import { reservedMemInit } from "../../lib/mm/boot/reserved-mem";
import { mobilityGroupingEnabled } from "../../lib/mm/state/mobility-grouping";

type Arch = "arm64" | "x86-64" | "ppc64";

/** Fact sheet 1.1, read in the Kconfig and headers of 4.17 and 6.1: [largest buddy, page block, CMA alignment MiB]. */
const GEOMETRIES: [Arch, number, thp: boolean, hugetlb: boolean, v4_17: number[], v6_1: number[]][] = [
  ["x86-64", 4, true, true, [10, 9, 4], [10, 9, 2]],
  ["arm64", 4, true, true, [10, 9, 4], [10, 9, 2]],
  ["arm64", 16, true, true, [11, 11, 32], [11, 11, 32]],
  ["arm64", 16, false, true, [10, 11, 32], [11, 11, 32]],
  ["arm64", 64, true, true, [13, 13, 512], [13, 13, 512]],
  ["arm64", 64, false, true, [10, 13, 512], [13, 13, 512]],
  ["arm64", 64, false, false, [10, 10, 64], [13, 13, 512]],
  ["ppc64", 64, true, true, [8, 5, 16], [8, 5, 2]],
];

for (const [arch, kib, thp, hugetlb, v4_17, v6_1] of GEOMETRIES)
  test(`page block and CMA alignment: ${arch} ${kib}K, THP ${thp}, hugetlb ${hugetlb}`, () => {
    for (const [release, [largest, block, alignMib]] of [
      ["4.17", v4_17],
      ["6.1", v6_1],
      ["6.19", v6_1],
    ] as const) {
      const huge = { thp, hugetlb };
      const geometry = pageGeometry(arch, kib * KiB, release, huge)!;
      const order = pageblockOrder(geometry, release, huge);
      assert.equal(geometry.largestBuddyOrder, largest, `${release} largest buddy`);
      assert.equal(order, block, `${release} page block`);
      assert.equal(
        cmaMinAlignmentBytes(release, kib * KiB, order, largest!),
        alignMib! * MiB,
        `${release} alignment`,
      );
    }
  });

test("huge-page sizes of arm64", () => {
  const sizes = (kib: number) =>
    pageGeometry("arm64", kib * KiB, "6.1", { thp: true, hugetlb: true })!.hugePageSizes;
  assert.deepEqual(sizes(4), [64 * KiB, 2 * MiB, 32 * MiB, GiB]);
  assert.deepEqual(sizes(16), [2 * MiB, 32 * MiB, GiB]);
  assert.deepEqual(sizes(64), [2 * MiB, 512 * MiB, 16 * GiB]);
});

test("CONFIG_PAGE_BLOCK_MAX_ORDER=5 makes a 2 MiB page block of 64 KB pages", () => {
  const huge = { thp: true, hugetlb: true };
  const geometry = pageGeometry("arm64", 64 * KiB, "6.19", huge)!;
  assert.equal(pageblockOrder(geometry, "6.19", huge, 5), 5);
  assert.equal(pageblockOrder(geometry, "6.19", huge), 13);
});

function memory(from: number, to: number): Memblock {
  const memblock = new Memblock(4 * KiB);
  memblock.add(from, to);
  return memblock;
}

test("with memory above 4 GiB and no limit, the area starts at 4 GiB; 4.17 takes the top", () => {
  const request = { bytes: 64 * MiB, base: 0, limit: 0, fixed: false };
  const now = cmaDeclareContiguous(memory(GiB, 8 * GiB), "6.1", 2 * MiB, request);
  assert.ok(now.ok && now.base === 4 * GiB);
  const then = cmaDeclareContiguous(memory(GiB, 8 * GiB), "4.17", 4 * MiB, request);
  assert.ok(then.ok && then.base === 8 * GiB - 64 * MiB);
});

test("a fixed base: taken if free, busy if not, refused if misaligned", () => {
  const at = (base: number, memblock = memory(GiB, 4 * GiB)) =>
    cmaDeclareContiguous(memblock, "6.1", 2 * MiB, { bytes: 64 * MiB, base, limit: 4 * GiB, fixed: true });
  const good = at(0x60000000);
  assert.ok(good.ok && good.base === 0x60000000);
  const misaligned = at(0x60100000);
  assert.ok(!misaligned.ok && misaligned.errno === ERRNO.EINVAL);
  assert.deepEqual(misaligned.messages, [
    "cma: Region at 0x0000000060100000 must be aligned to 0x0000000000200000 bytes",
    "cma: Failed to reserve 64 MiB",
  ]);
  const taken = memory(GiB, 4 * GiB);
  taken.reserve("initrd", 0x61000000, MiB);
  const busy = at(0x60000000, taken);
  assert.ok(!busy.ok && busy.errno === ERRNO.EBUSY);
});

test("a device-tree region is searched with the CMA alignment but never rounded up", () => {
  const node = {
    name: "linux,cma",
    bytes: 64 * MiB,
    ranges: [{ start: 0, end: 0x30000000 }],
    reusable: true,
    noMap: false,
    cmaDefault: true,
    compatible: "shared-dma-pool",
  };
  const memblock = memory(0, GiB);
  const setUp = (minAlignment: number) =>
    reservedMemInit(memblock, [node], { release: "6.1", minAlignment, cmdline: false, cma: true, arm: false })
      .outcomes[0]!;
  const rejected = setUp(512 * MiB);
  assert.ok(!rejected.ok);
  assert.equal(rejected.messages[0], "Reserved memory: incorrect alignment of CMA region");
  assert.deepEqual(memblock.reserved, [], "its memory is given back");
  const accepted = setUp(2 * MiB);
  assert.ok(accepted.ok && accepted.base === 0x2c000000);
});

test("mobility grouping needs six page blocks", () => {
  assert.equal(mobilityGroupingEnabled(6 * 8192 - 1, 13, 6), false);
  assert.equal(mobilityGroupingEnabled(6 * 8192, 13, 6), true);
});
