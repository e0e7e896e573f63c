/** Machines that a plan describes: ranges, image, initial RAM disk, device tree, build, firmware, unequal nodes. */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, MiB } from "../../lib/base/units";
import { machine } from "../../lib/fluent/machine";
import { parseRange } from "../../lib/machine/board-fields";

test("a range is read as the kernel prints it, with the address behind it, or as mem= has it", () => {
  const first = { base: 0, bytes: 0x3b400000 };
  for (const text of ["0x0-0x3b3fffff", "[mem 0x00000000-0x3b3fffff]", "0-0x3b400000", "0-948M", "948M@0"])
    assert.deepEqual(parseRange(text), first, text);
  assert.deepEqual(parseRange("256M@0x30000000"), { base: 0x30000000, bytes: 256 * MiB });
  for (const text of ["", "0x1000", "0x2000-0x1000", "a-b", "1G@", "0x0-0x3b3fffff-1"])
    assert.throws(() => parseRange(text), /must |size/, text);
});

test("a machine without a board has the memory, the image and the regions that are given", () => {
  const own = machine({
    ram: ["0x40000000-0x7fffffff", { base: 0x80000000, size: "1GiB" }],
    reserved: [{ name: "secure world", base: 0x7f000000, size: "16MiB" }],
    initrd: { base: 0x60000000, size: "24MiB" },
    kernelImage: { base: 0x41000000, size: "20MiB", init: "4MiB" },
    deviceTree: [{ name: "linux,cma", size: "512MiB", allocRanges: ["0x40000000-0x7fffffff"] }],
  });
  const booted = own.boot();
  assert.deepEqual(booted.memory, [{ start: GiB, bytes: 2 * GiB }]);
  assert.deepEqual(
    booted.areas.map((a) => [a.name, a.reservedBytes > 0]),
    [
      ["linux,cma", false],
      ["reserved", true],
    ],
    "the initial RAM disk lies in the middle of the gigabyte",
  );
  assert.deepEqual(booted.areas[0]!.ranges, []);
  assert.match(booted.areas[0]!.reason, /0x60000000-0x61800000 taken by the initrd/);
  assert.equal(own.fields({ initrd: "none" }).boot().cma.base, 0x7f000000 - 512 * MiB);
  const names = booted.reservations.map((r) => r.what);
  for (const what of ["secure world", "initrd", "kernel image"]) assert.ok(names.includes(what), what);
  assert.deepEqual(machine(own.toJSON()).boot().toJSON(), booted.toJSON());
  own.running().fill("anon", "16MiB");
});

test("a machine without a board and without memory is refused, and so is memory that does not fit", () => {
  assert.throws(() => machine({}), /machine: board: is missing; or ram is/);
  assert.throws(() => machine("blank-arm"), /ram: blank-arm has no memory of its own/);
  assert.throws(() => machine({ ram: ["0-1M"] }), /no range has room for a kernel image/);
  assert.throws(() => machine({ ram: ["0-1G", "512M-2G"] }), /ranges must not overlap: 0x20000000/);
  assert.throws(() => machine({ ram: ["0-1G"], memory: "2GiB" }), /memory: blank-arm64 has .* got 2 GiB/);
  assert.throws(
    () => machine({ board: "qemu-virt", architecture: "mips" }),
    /architecture: qemu-virt is arm64/,
  );
  assert.throws(() => machine({ architecture: "arm", ram: ["0-1G"], thp: true }), /huge pages: .* has none/);
});

test("unequal nodes: each has its memory, and one without processors counts all of them for its lists", () => {
  const base = machine("server-x86-64", { kernel: "6.1" });
  const uneven = base.nodes([
    { memory: "24GiB", cpus: 40 },
    { memory: "8GiB", cpus: 0 },
  ]);
  const booted = uneven.boot();
  const present = (nid: number) =>
    booted.zones.filter((z) => z.nid === nid).reduce((sum, z) => sum + z.present, 0) * 4096;
  assert.equal(present(1), 8 * GiB);
  assert.ok(present(0) > 23.9 * GiB);
  const [far] = booted.zones.filter((z) => z.nid === 1);
  assert.equal(far!.pageset.high, Math.max(Math.floor(far!.watermarks.low / 40), 4 * far!.pageset.batch));
  uneven.running().fill("anon", "16MiB");
  assert.throws(() => base.nodes([{ memory: "24GiB" }, { cpus: 1 }]), /node 1 has none/);
  assert.throws(() => base.nodes([{ cpus: 0 }, { cpus: 0 }]), /one at least must have processors/);
  assert.throws(() => base.nodes([{ memory: "24GiB" }, { memory: "1MiB" }]), /multiple of a memory section/);
  const ranges = machine({
    architecture: "x86-64",
    nodes: [
      { ram: ["0x1000-0x9efff", "1M-2G", "4G-6G"], cpus: 8 },
      { ram: ["6G-14G"], cpus: 8 },
    ],
  }).boot();
  assert.equal(ranges.nodes, 2);
  assert.deepEqual(
    ranges.zones.map((z) => [z.nid, z.name]),
    [
      [0, "DMA"],
      [0, "DMA32"],
      [0, "Normal"],
      [1, "Normal"],
    ],
  );
});

test("the build: orders, the configured area, and the alignment that drivers ask for", () => {
  const virt = machine("qemu-virt", { memory: "2GiB", kernel: "6.1" });
  const large = virt.fields({ build: { maxOrder: 13 }, hugetlb: false, thp: false }).boot();
  assert.equal(large.largestBuddyOrder, 13);
  assert.equal(large.pageblockBytes, 32 * MiB);
  const share = virt.fields({ build: { cmaPercentage: 10, cmaSelect: "max" } }).boot();
  assert.equal(share.cma.requestedBytes, Math.floor((2 * GiB) / 4096 / 10) * 4096);
  const least = virt.fields({ build: { cmaPercentage: 10, cmaSelect: "min" } }).boot();
  assert.equal(least.cma.requestedBytes, 64 * MiB);
  const full = virt
    .fields({ build: { cmaAreas: 1 } })
    .cmaArea("a", "16MiB")
    .cmaArea("b", "16MiB")
    .boot();
  assert.ok(full.messages.includes("cma: Not enough slots for CMA reserved regions!"));
});

test("config.txt of a Raspberry Pi: gpu_mem, total_mem and the overlays that size linux,cma", () => {
  const pi = machine("raspberry-pi-4", { memory: "2GiB" });
  const end = (m: ReturnType<typeof machine>) => {
    const [low] = m.boot().memory;
    return low!.start + low!.bytes;
  };
  assert.equal(end(pi.fields({ firmware: { gpuMem: "256MiB" } })), GiB - 256 * MiB);
  const half = machine("raspberry-pi-4", { firmware: { totalMem: "512MiB" } }).boot();
  assert.equal(half.memoryBytes, 512 * MiB);
  const size = (...overlays: string[]) =>
    pi.fields({ firmware: { overlays } }).boot().areas[0]!.requestedBytes / MiB;
  assert.equal(size("vc4-kms-v3d,cma-256"), 256);
  assert.equal(size("dtoverlay=cma,cma-size=134217728"), 128);
  assert.equal(size("vc4-kms-v3d"), 512);
  assert.equal(size("vc4-kms-v3d,cma-default"), 64);
  assert.throws(() => size("vc4-kms-v3d,cma-lots"), /overlay: must be cma-N/);
  assert.throws(() => machine("qemu-virt", { firmware: { gpuMem: "64MiB" } }), /settings of a Raspberry Pi/);
  assert.throws(() => machine("pc-x86-64", { distribution: "haos" }), /no build of pc-x86-64 but its own/);
  assert.throws(() => machine("raspberry-pi-4", { distribution: "haso" }), /did you mean haos/);
});

test("an area above what every device reaches is warned of, and one below is not", () => {
  const pi = machine("raspberry-pi-cm4-8gb", { kernel: "6.1" });
  const far = pi.cmaArea("camera", "64MiB", { base: "4GiB" }).boot();
  assert.match(far.warnings[0]!, /camera: .* lies above 0x40000000, .* \(30 bits\)/);
  assert.deepEqual(pi.cma("64MiB").boot().warnings, []);
});

test("from 6.15 on the kernel prints the size that was asked for, from 6.6 to 6.14 the node", () => {
  const said = (kernel: string) =>
    machine("raspberry-pi-4", { kernel, pageSize: "64K", cma: "5MiB", hugetlb: false, thp: false })
      .boot()
      .messages.find((m) => m.startsWith("cma:"));
  assert.match(said("6.1")!, /^cma: Reserved 512 MiB at 0x[0-9a-f]{16}$|^cma: Failed to reserve 512 MiB$/);
  assert.match(said("6.12")!, / on node -1$/);
  assert.match(said("6.18")!, / 5 MiB(?: at 0x[0-9a-f]{16})?$/);
});
