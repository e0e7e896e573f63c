/** Why an area was not reserved: the reason is the kernel's own, and every place and size is counted by hand. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "node:test";
import { MiB } from "../../lib/base/units";
import { machine } from "../../lib/fluent/machine";
import { machineFromBootLog } from "../../lib/fluent/machine-texts";

const own = machine({
  architecture: "arm64",
  kernel: "6.6",
  ram: ["0x80000000-0xbfffffff"],
  deviceTree: [{ name: "linux,cma", size: "256MiB" }],
});

test("cma= alone is why a default region is bypassed, wherever its place would have been", () => {
  for (const described of [
    own,
    machine({ ...own.toJSON(), deviceTree: [{ name: "linux,cma", bytes: 64 * MiB, base: 0xb0000000 }] }),
  ]) {
    const { areas, cma } = described.cma("100M").boot();
    const [region] = areas;
    assert.match(
      region!.reason,
      /bypass linux,cma node, using cmdline CMA params instead.*: the command line has cma=/,
    );
    assert.doesNotMatch(region!.reason, /already taken|kernel image/);
    assert.equal(cma.reservedBytes, 100 * MiB);
  }
});

test("a region of the device tree is refused as large as it is stated, never rounded up", () => {
  const region = { name: "linux,cma", size: "256MiB", allocRanges: ["0xa1000000-0xbfffffff"] };
  // A multiple of 512 MiB lies at 0xa0000000 and at 0xc0000000: none in the range.
  const { areas } = machine({ ...own.toJSON(), pageSize: 65536, deviceTree: [region] } as never).boot();
  assert.match(areas[0]!.reason, /no free 256 MiB aligned to 512 MiB below 0xc0000000/);
  assert.match(areas[0]!.reason, /refused too: 256 MiB is not a multiple of 512 MiB/);
  assert.doesNotMatch(areas[0]!.reason, /rounded up to/);
});

test("no area crosses the end of low memory, and the refusal says so once", () => {
  const log = readFileSync(resolve(__dirname, "../fixtures/field-boots/C37-cyclone5-sockit-61.txt"), "utf8");
  const described = machineFromBootLog(log);
  const { reason } = described.cma("766M").boot().cma;
  assert.match(reason!, /low memory ends at 0x30000000/);
  assert.equal(reason!.match(/taken by the kernel image/g)?.length, 1);
  // The image, from 0x8000, ends below 0x1c00000: 768 - 28 MiB are left below the end of low memory, 256 MiB above it.
  assert.match(
    reason!,
    /0x0-0x1c00000 taken by the kernel image.*the longest aligned free range is 740 MiB$/,
  );
  assert.equal(described.cma("700M").boot().cma.base, (768 - 700) * MiB);
  assert.equal(described.cma("744M").boot().cma.ok, false);
});

test("a kernel image that is stated lies in memory, whole, and not in a hole of the board", () => {
  const small = (base: number, size = "8MiB") =>
    machine({ architecture: "mips", ram: ["0x0-0x3ffffff"], kernelImage: { base, size } });
  assert.equal(small(0x100000).boot().memoryBytes, 64 * MiB);
  assert.throws(
    () => small(0x10000000),
    /kernelImage: must lie in memory, 0x0-0x4000000: got 8 MiB at 0x10000000/,
  );
  assert.throws(() => small(0x3c00000), /got 8 MiB at 0x3c00000/);
  assert.throws(
    () => machine("raspberry-pi-4", { kernelImage: { base: 0xfd000000, size: "8MiB" } }),
    /without 0xfc000000-0x100000000: got 8 MiB at 0xfd000000/,
  );
  // Ranges that touch are one.
  const touching = {
    architecture: "arm64",
    ram: ["0x40000000-0x407fffff", "0x40800000-0x7fffffff"],
  } as const;
  const image = { base: 0x40400000, size: "8MiB" };
  assert.equal(machine({ ...touching, kernelImage: image }).boot().memoryBytes, 1024 * MiB);
});
