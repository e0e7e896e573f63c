/** DMA masks: the zone, refused masks, and ranges out of reach, by the kernel's comparisons. */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, MiB } from "../../lib/base/units";
import { DMA_PLATFORMS, maskProblem, rangeProblem, zoneLimit } from "../../lib/hardware/dma-limits";

const X86 = DMA_PLATFORMS["x86-64"];
const PI = DMA_PLATFORMS["raspberry-pi-4"];
const device = (bits: number) => ({ title: `${bits}-bit device`, maskBits: { value: bits, source: "test" } });

test("the zone is the one that the mask falls into", () => {
  assert.deepEqual(zoneLimit("connectx", X86), { zone: "Normal", endAddress: Number.POSITIVE_INFINITY });
  assert.deepEqual(zoneLimit("pci-32", X86), { zone: "DMA32", endAddress: 4 * GiB });
  assert.deepEqual(zoneLimit("isa", X86), { zone: "DMA", endAddress: 16 * MiB });
  assert.deepEqual(zoneLimit("raspberry-pi-4", PI), { zone: "DMA", endAddress: GiB });
  assert.deepEqual(zoneLimit("pci-32", PI), { zone: "DMA32", endAddress: 4 * GiB });
  assert.deepEqual(zoneLimit("pci-32", DMA_PLATFORMS.arm64), { zone: "DMA", endAddress: 4 * GiB });
  // 31 bits on x86-64: DMA32 first; the allocator falls back to DMA if the page is above the mask.
  assert.equal(zoneLimit(device(31), X86).zone, "DMA32");
});

test("a mask below ZONE_DMA is refused, unless it reaches all memory", () => {
  assert.equal(maskProblem("isa", X86, 64 * GiB), undefined);
  assert.match(
    maskProblem(device(23), X86, 64 * GiB)!,
    /23 bits ends at 0x800000, below the end of ZONE_DMA at 0x1000000: .*-EIO/,
  );
  assert.equal(maskProblem(device(23), X86, 8 * MiB), undefined);
  assert.equal(maskProblem("pci-32", DMA_PLATFORMS.arm64, 64 * GiB), undefined);
  assert.match(maskProblem("isa", PI, 8 * GiB)!, /at 0x40000000/);
});

test("a range is out of reach as soon as its last byte is", () => {
  assert.equal(rangeProblem("pci-32", { physicalAddress: 4 * GiB - 4096, bytes: 4096 }), undefined);
  assert.match(
    rangeProblem("pci-32", { physicalAddress: 4 * GiB - 4096, bytes: 4097 })!,
    /0xfffff000 to 0x100000000 lie above its 32-bit DMA mask 0xffffffff/,
  );
  assert.match(
    rangeProblem("raspberry-pi-4", { physicalAddress: GiB, bytes: 1 })!,
    /30-bit DMA mask 0x3fffffff/,
  );
  assert.equal(rangeProblem("connectx", { physicalAddress: 2 ** 52, bytes: 2 * GiB }), undefined);
});

test("invalid input is refused with limit and value", () => {
  assert.throws(
    () => rangeProblem("pci-32", { physicalAddress: 0, bytes: 0 }),
    /bytes must be a whole number from 1/,
  );
  assert.throws(() => rangeProblem("pci-32", { physicalAddress: -1, bytes: 1 }), /physical address/);
  assert.throws(() => zoneLimit(device(65), X86), /1 to 64 bits: got 65/);
  assert.throws(() => zoneLimit("pci32" as "pci-32", X86), /did you mean pci-32/);
});
