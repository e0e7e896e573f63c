import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { GiB, MiB } from "../../lib/base/units";

test("raspberrypi/linux #6053: CM4 8 GB, 64 KB pages, 6.1 reserves nothing, in the words of the report", () => {
  const cm4 = machine("raspberry-pi-cm4-8gb").pageSize("64K").kernel("6.1.73").boot();
  assert.deepEqual(cm4.messages, [
    "Reserved memory: incorrect alignment of CMA region",
    "OF: reserved mem: node linux,cma compatible matching fail",
    "cma: Failed to reserve 512 MiB",
  ]);
  assert.equal(cm4.cma.ok, false);
  assert.equal(cm4.cma.requestedBytes, 64 * MiB);
  assert.equal(cm4.cma.reservedBytes, 0);
  assert.equal(cm4.cma.alignmentBytes, 512 * MiB);
  assert.match(cm4.cma.reason!, /64 MiB is not a multiple of 512 MiB/);
  assert.match(cm4.cma.reason!, /no free 512 MiB aligned to 512 MiB below 0x40000000/);
  assert.match(cm4.cma.reason!, /0x0-0x20000000 taken by the kernel image/);
  assert.match(cm4.cma.reason!, /0x20000000-0x40000000 .*with only 436 MiB of memory/);
});

test("raspberrypi/linux #6053: the same board with 4 KB pages has its 64 MiB at 0x2ae00000", () => {
  const cm4 = machine("raspberry-pi-cm4-8gb").pageSize("4K").kernel("6.1.73").boot();
  assert.deepEqual(cm4.messages, [
    "Reserved memory: created CMA memory pool at 0x000000002ae00000, size 64 MiB",
    "OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool",
  ]);
  assert.equal(cm4.cma.base, 0x2ae00000);
});

test("a cma= on the command line bypasses the device tree's region", () => {
  const pi4 = machine("raspberry-pi-4").memory("4GiB").pageSize("4K").cma("320M").boot();
  assert.equal(pi4.cma.reservedBytes, 320 * MiB);
  assert.ok(pi4.messages.every((m) => m.startsWith("cma: Reserved 320 MiB")));
});

test("zones of a Raspberry Pi 4 with 8 GB are those of a boot log (raspberrypi/linux #4600: pages of DMA32 and Normal)", () => {
  const pi4 = machine("raspberry-pi-4").memory("8GiB").pageSize("4K").boot();
  assert.deepEqual(
    pi4.zones.map((z) => [z.name, z.startPfn, z.present]),
    [
      ["DMA", 0, 0x3b400],
      ["DMA32", 0x40000, 770048],
      ["Normal", 0x100000, 1048576],
    ],
  );
});

test("4.17 reserves before the memmap exists: 1 GiB, 64 KB pages, where 6.1 fails", () => {
  const virt = machine("qemu-virt").pageSize("64K").memory("1GiB").cma("64M");
  const old = virt.kernel("4.17").boot();
  assert.equal(old.cma.base, 0x60000000);
  assert.equal(old.cma.reservedBytes, 512 * MiB);
  assert.equal(virt.kernel("6.1").boot().cma.ok, false);
});

test("each refusal is explained", () => {
  const virt = machine("qemu-virt").pageSize("64K").memory("4GiB");
  const reason = (request: string) => virt.cma(request).boot().cma.reason!;
  assert.match(
    reason("64M@0x60100000"),
    /Region at 0x0000000060100000 must be aligned to 0x0000000020000000/,
  );
  assert.match(reason("64M@0x100000000"), /exceeds limit \(0x0000000100000000\)/);
  assert.match(
    reason("512M@0x40000000"),
    /Failed to reserve 512 MiB: 0x40000000 is already taken by the .*kernel image/,
  );
  assert.match(reason("4G"), /no free 4 GiB aligned .* the longest aligned free range is 2.5 GiB/);
  assert.match(
    virt.memory("1GiB").cma("64M").boot().cma.reason!,
    /rounded up to 512 MiB.*kernel image.*memmap/,
  );
});

test("law: memory is conserved and the area is aligned, inside RAM and overlaps no other reservation", () => {
  for (const page of ["4K", "16K", "64K"])
    for (const memory of ["512M", "768M", "1G", "1536M", "3G", "3584M", "5G", "12G", "100G"])
      for (const kernel of ["4.17", "6.1", "6.19"])
        for (const cma of ["none", "16M", "300M", "1G", "64M@0-0x80000000", "off"]) {
          const b = machine("qemu-virt").pageSize(page).memory(memory).kernel(kernel).cma(cma).boot();
          const where = `${page} ${memory} ${kernel} ${cma}`;
          const bytes = b.zones.reduce((n, z) => n + z.present, 0) * b.pageSize;
          assert.equal(bytes, b.memoryBytes, where);
          for (let i = 1; i < b.reservations.length; i++) {
            const before = b.reservations[i - 1]!;
            assert.ok(
              before.start + before.bytes <= b.reservations[i]!.start,
              `${where}: reservations overlap`,
            );
          }
          const { cma: area } = b;
          if (area.base !== null) {
            assert.equal(area.base % area.alignmentBytes, 0, where);
            assert.equal(area.reservedBytes % area.alignmentBytes, 0, where);
            assert.ok(area.reservedBytes >= area.requestedBytes, where);
            assert.ok(area.base >= GiB && area.base + area.reservedBytes <= GiB + b.memoryBytes, where);
          }
          const free = b.zones.flatMap((z) => z.freeRanges).reduce((n, r) => n + r.pages, 0);
          const managed = b.zones.reduce((n, z) => n + z.managedAtBoot, 0);
          assert.equal(managed, free + area.reservedBytes / b.pageSize, where);
        }
});

test("a PC's area is at 4 GiB, as recorded on 7.3 (kernel-truth/x86-7.3.4/w7-cma: 128 blocks from page frame 1048576)", () => {
  const pc = machine("pc-x86-64").memory("4GiB").kernel("7.3").cma("256M").boot();
  assert.equal(pc.cma.base, 1048576 * 4096);
  assert.equal(pc.cma.reservedBytes, 128 * pc.pageblockBytes);
});

test("zones of a PC are those of the recorded boots at 4 and 8 GB", () => {
  // kernel-truth/w1-files and boot-8G, Sboot: start, spanned, present, managed, min, low, high; booted with THP never.
  const recorded: Record<string, number[][]> = {
    "4GiB": [
      [1, 4095, 3998, 3840, 7, 10, 13],
      [4096, 1044480, 782298, 754596, 1501, 2253, 3005],
      [1048576, 262144, 262144, 243403, 485, 728, 971],
    ],
    "8GiB": [
      [1, 4095, 3998, 3840, 5, 8, 11],
      [4096, 1044480, 782298, 754596, 1053, 1805, 2557],
      [1048576, 1310720, 1310720, 1274059, 1784, 3058, 4332],
    ],
  };
  for (const [memory, zones] of Object.entries(recorded)) {
    const pc = machine("pc-x86-64").memory(memory).thp("never").boot();
    assert.equal(pc.minFreeKbytes, memory === "4GiB" ? 7981 : 11378);
    assert.deepEqual(
      pc.zones.map(({ startPfn, spanned, present, managed, watermarks: { min, low, high } }) => [
        startPfn,
        spanned,
        present,
        managed,
        min,
        low,
        high,
      ]),
      zones,
      memory,
    );
  }
});
