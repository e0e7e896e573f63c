/**
 * Machines of public reports, described or read from their logs, beside what their kernels printed. The expected values
 * are the kernel's own lines, read here by expressions of their own.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "node:test";
import { MiB } from "../../lib/base/units";
import { machine } from "../../lib/fluent/machine";
import { machineFromBootLog } from "../../lib/fluent/machine-texts";

const LOGS = resolve(__dirname, "../fixtures/field-boots");

for (const file of readdirSync(LOGS).filter((name) => name.endsWith(".txt")))
  test(`${file}: the area lies where its kernel printed it`, () => {
    const text = readFileSync(resolve(LOGS, file), "utf8");
    const [, mib, base] = /cma: Reserved (\d+) MiB at 0x([0-9a-f]+)/.exec(text)!;
    const booted = machineFromBootLog(text).boot();
    assert.equal(booted.cma.base, Number.parseInt(base!, 16));
    assert.equal(booted.cma.reservedBytes, Number(mib) * MiB);
    assert.deepEqual(
      booted.areas.map((a) => a.name),
      ["reserved"],
    );
    const area = booted.messages.find((m) => m.startsWith("cma: Reserved"));
    assert.ok(text.includes(area!.replace(/ on node -1$/, "")), area);
  });

test("zones of a PC read from its log have the pages that its kernel counted", () => {
  const text = readFileSync(resolve(LOGS, "C49-x86-58-e820-cma.txt"), "utf8");
  const counted = [...text.matchAll(/ {2}(\w+) zone: (\d+) pages, LIFO/g)].map((m) => [m[1], Number(m[2])]);
  assert.deepEqual(
    machineFromBootLog(text)
      .boot()
      .zones.map((z) => [z.name, z.present]),
    counted,
  );
});

test("home-assistant/operating-system #4924: 512 MiB of the device tree cannot be had, 5 MiB asked become 8", () => {
  const booted = machine("raspberry-pi-4", {
    distribution: "haos",
    kernel: "6.18",
    firmware: { overlays: ["vc4-kms-v3d"] },
  }).boot();
  assert.deepEqual(booted.messages, [
    "OF: reserved mem: failed to allocate memory for node 'linux,cma': size 512 MiB",
    "cma: Reserved 5 MiB at 0x000000003ac00000",
  ]);
  assert.equal(booted.cma.reservedBytes, 8192 * 1024);
  assert.deepEqual(
    booted.areas.map(({ name, by, reservedBytes }) => [name, by, reservedBytes]),
    [
      ["linux,cma", "device tree", 0],
      ["reserved", "kernel configuration", 8 * MiB],
    ],
  );
  assert.match(booted.areas[0]!.reason, /U-Boot's copy/);
  assert.match(booted.warnings[0]!, /linux,cma: 512 MiB could not be had/);
  // What the project did: U-Boot's copy moved out of the range.
  const moved = machine("raspberry-pi-4", {
    kernel: "6.18",
    thp: false,
    hugetlb: false,
    firmware: { overlays: ["vc4-kms-v3d"] },
  }).boot();
  assert.equal(moved.cma.reservedBytes, 512 * MiB);
});

test("home-assistant/operating-system #4651: 64 MiB at 0x2ac00000 on page blocks of 4 MiB", () => {
  const booted = machine("raspberry-pi-cm4-8gb", { distribution: "haos", kernel: "6.12" }).boot();
  assert.equal(booted.pageblockBytes, 4 * MiB);
  assert.deepEqual(
    booted.messages.filter((m) => !m.includes("initialized")),
    [
      "Reserved memory: created CMA memory pool at 0x000000002ac00000, size 64 MiB",
      "OF: reserved mem: 0x000000002ac00000..0x000000002ebfffff (65536 KiB) map reusable linux,cma",
    ],
  );
});

test("raspberrypi/linux #5297: a 32-bit kernel has 768 MiB of low memory, and CMA takes 512 of them", () => {
  const booted = machine("raspberry-pi-4-32bit", {
    memory: "8GiB",
    kernel: "6.1",
    firmware: { overlays: ["vc4-kms-v3d,cma-512"] },
  }).boot();
  const [dma, high] = booted.zones;
  assert.deepEqual([dma!.name, high!.name], ["DMA", "HighMem"]);
  // present:786432kB, 1864704 pages HighMem/MovableOnly, lowmem_reserve[]: 0 0 7284 7284, 131072 pages cma reserved.
  assert.equal(dma!.present * 4, 786432);
  assert.equal(high!.present, 1864704);
  assert.deepEqual(dma!.lowmemReserve, [0, 7284]);
  assert.equal(booted.cma.reservedBytes / 4096, 131072);
});

test("ikwzm/udmabuf #97: a region of 2 GiB at 0x800000000 is an area, beyond devices of 32 bits", () => {
  const booted = machine("zynqmp-zcu102", {
    kernel: "5.4",
    deviceTree: [{ name: "image_buf@0", base: 0x800000000, size: "2GiB", alignment: "4K", reusable: true }],
  }).boot();
  const [region] = booted.cmaAreas;
  assert.equal(region!.ranges[0]!.base, 0x800000000);
  assert.equal(region!.ranges[0]!.bytes / 4096, 524288);
  assert.ok(region!.activated);
  assert.match(booted.warnings[0]!, /image_buf@0: 0x800000000-0x880000000 lies above 0x100000000/);
});

test("bperez77/xilinx_axidma #95: 1900 MiB can be had on a ZCU106, 2048 MiB cannot", () => {
  const zcu = machine("zynqmp-zcu106", { kernel: "4.17" });
  assert.equal(zcu.cma("1900M").boot().cma.reservedBytes, 1900 * MiB);
  const no = zcu.cma("2048M").boot();
  assert.equal(no.cma.reservedBytes, 0);
  assert.deepEqual(no.messages, ["cma: Failed to reserve 2048 MiB"]);
});

test("openwrt/mt76 #592: an MT7621 of 128 MiB has one zone of 131072 kB", () => {
  const { zones } = machine("mediatek-mt7621", { kernel: "5.4" }).boot();
  assert.deepEqual(
    zones.map((z) => [z.name, z.present * 4]),
    [["Normal", 131072]],
  );
});

test("linux-rockchip: an RK3588 of 16 GB has its configured area at the top of the low memory", () => {
  assert.equal(machine("rockchip-rk3588", { kernel: "6.1" }).boot().cma.base, 0xef000000);
});
