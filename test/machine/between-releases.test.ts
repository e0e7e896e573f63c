/** Releases between the modelled ones boot by the rules that mainline had at that time. */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, MiB } from "../../lib/base/units";
import { machine } from "../../lib/fluent/machine";
import { findBoard } from "../../lib/hardware/boards";

const BETWEEN = ["5.4", "5.10", "5.15", "6.6", "6.18"];
const BOARDS = ["qemu-virt", "pc-x86-64", "raspberry-pi-4", "raspberry-pi-3", "power-64k"];

for (const release of BETWEEN)
  test(`${release} boots, allocates a page, and states its basis`, () => {
    for (const board of BOARDS) {
      const booted = machine(board).kernel(`v${release}.7-arch1`).boot();
      assert.equal(booted.kernel, release);
      assert.equal(booted.plan.kernel, release);
      assert.match(
        booted.kernelNotes[0]!,
        new RegExp(`^Linux ${release.replace(".", "\\.")} is not recorded`),
      );
      assert.deepEqual(booted.toJSON().kernelNotes, booted.kernelNotes);
      assert.ok(booted.start().allocPages({ order: 0, gfp: "GFP_HIGHUSER_MOVABLE" }).ok);
    }
  });

test("a modelled release has no notes, in any of its spellings", () => {
  const booted = machine("qemu-virt").kernel("6.1").boot();
  assert.deepEqual(booted.kernelNotes, []);
  assert.ok(!("kernelNotes" in booted.toJSON()));
});

test("CMA is aligned to the largest buddy up to 5.18, to a page block since 5.19", () => {
  const alignment = (release: string) =>
    machine("pc-x86-64").cma("64M").kernel(release).boot().cma.alignmentBytes;
  assert.deepEqual(["5.4", "5.15", "5.18"].map(alignment), [4 * MiB, 4 * MiB, 4 * MiB]);
  assert.deepEqual(["5.19", "6.6", "6.18"].map(alignment), [2 * MiB, 2 * MiB, 2 * MiB]);
});

test("CONFIG_PAGE_BLOCK_MAX_ORDER: 6.18 has it, 6.15 refuses it", () => {
  const small = (release: string) =>
    machine("raspberry-pi-3")
      .pageSize("64K")
      .memory("1GiB")
      .cma("64MiB")
      .kernel(release)
      .pageBlockMaxOrder(5);
  assert.equal(small("6.18").boot().pageblockBytes, 2 * MiB);
  assert.throws(() => small("6.15").boot(), /exists since 6\.16: got kernel 6\.15/);
});

test("hugetlb_cma: 5.10 has it, 5.4 refuses it", () => {
  const asked = (release: string) => machine("pc-x86-64").memory("4GiB").hugetlbCma("1GiB").kernel(release);
  assert.equal(asked("5.10").boot().hugePages.cma[0]!.bytes, GiB);
  assert.throws(() => asked("5.4").boot(), /kernel 5\.7 or newer: got kernel 5\.4/);
});

test("arm64's ZONE_DMA: none before 5.5, the first GiB of RAM up to 5.10, then the memory that devices reach", () => {
  const zones = (release: string) =>
    machine("qemu-virt")
      .memory("8GiB")
      .kernel(release)
      .boot()
      .zones.map(({ name, startPfn, spanned }) => `${name} to ${((startPfn + spanned) * 4096) / GiB}`);
  assert.deepEqual(zones("5.4"), ["DMA32 to 4", "Normal to 9"]);
  // RAM of this board begins at 1 GiB.
  assert.deepEqual(zones("5.10"), ["DMA to 2", "DMA32 to 4", "Normal to 9"]);
  assert.deepEqual(zones("5.11"), ["DMA to 4", "Normal to 9"]);
});

test("per-CPU lists: batch 31 in 4.18, 63 since 4.19; high by the low watermark since 5.14", () => {
  const normal = (release: string) => machine("pc-x86-64").kernel(release).boot().zones.at(-1)!;
  assert.equal(normal("4.18").pageset.batch, 31);
  assert.equal(normal("4.19").pageset.batch, 63);
  assert.equal(normal("5.10").pageset.high, 6 * 63);
  const { pageset, watermarks } = normal("5.15");
  assert.equal(pageset.high, Math.max(4 * 63, Math.floor(watermarks.low / findBoard("pc-x86-64").cpus)));
});

// arch/arm64/mm/init.c: dma_contiguous_reserve(arm64_dma32_phys_limit) up to 5.10 (bff3b04460a8 for 5.5 and later),
// dma_contiguous_reserve(arm64_dma_phys_limit) since d78050ee3544 (5.11).
test("arm64's default area lies below 4 GiB up to 5.10 whatever ZONE_DMA is, then below what devices reach", () => {
  const end = (board: string, release: string) => {
    const { base, reservedBytes } = machine(board).memory("8GiB").cma("1GiB").kernel(release).boot().cma;
    return base === null ? null : (base + reservedBytes) / GiB;
  };
  for (const release of ["5.4", "5.5", "5.10"]) {
    // Top-down below 4 GiB: RAM of a Raspberry Pi 4 ends at 0xfc000000 there, that of the others at or above 4 GiB.
    assert.ok(end("raspberry-pi-4", release)! > 1 && end("raspberry-pi-4", release)! <= 4, release);
    assert.ok(end("server-arm64", release)! > 1 && end("server-arm64", release)! <= 4, release);
  }
  // 30 bits of every device: the kernel image and the firmware's share lie in the first GiB.
  assert.equal(end("raspberry-pi-4", "5.11"), null);
  assert.ok(end("server-arm64", "5.11")! <= 4);
  // The bounce buffer stays in ZONE_DMA: memblock_alloc_low() ends at arm64_dma_phys_limit.
  const bounce = (release: string) =>
    machine("raspberry-pi-4")
      .memory("8GiB")
      .kernel(release)
      .boot()
      .reservations.find((r) => r.what === "bounce buffer (swiotlb)")!;
  assert.ok(bounce("5.10").start + bounce("5.10").bytes <= GiB);
  assert.ok(bounce("5.4").start + bounce("5.4").bytes > GiB);
});
