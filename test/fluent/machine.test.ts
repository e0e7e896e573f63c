import assert from "node:assert/strict";
import test from "node:test";
import { BOARD_NAMES, InputError, machine } from "../../lib";

const MiB = 1024 * 1024;

test("the article's board: 64 KB pages on 1 GiB cannot reserve any area with 4.17", () => {
  const pi = machine("raspberry-pi-3").pageSize("64K").memory("1GiB").cma("64MiB").kernel("4.17").boot();
  assert.equal(pi.pageblockBytes, 512 * MiB);
  assert.equal(pi.mobilityGrouping, false);
  assert.deepEqual(
    { ...pi.cma, reason: "" },
    {
      requestedBytes: 64 * MiB,
      reservedBytes: 0,
      base: null,
      alignmentBytes: 512 * MiB,
      ok: false,
      errno: -12,
      reason: "",
      details: null,
    },
  );
  assert.match(pi.cma.reason!, /Failed to reserve 512 MiB/);
  assert.match(pi.cma.reason!, /kernel image/);
});

test("the same board with 4 KB pages gets what it asks", () => {
  const pi = machine("raspberry-pi-3").pageSize("4K").memory("1GiB").cma("64MiB").kernel("4.17").boot();
  assert.equal(pi.cma.ok, true);
  assert.equal(pi.cma.reservedBytes, 64 * MiB);
  assert.equal(pi.cma.alignmentBytes, 4 * MiB, "4.17 aligns to the largest buddy");
  assert.equal(pi.mobilityGrouping, true);
});

test("steps are immutable and independent", () => {
  const base = machine("qemu-virt").memory("2GiB");
  const small = base.pageSize("4K");
  const large = base.pageSize(65536);
  assert.equal(small.boot().pageSize, 4096);
  assert.equal(large.boot().pageSize, 65536);
  assert.equal(base.boot().pageSize, 4096, "the first description is as it was");
  assert.ok(Object.isFrozen(base));
  assert.deepEqual(small.boot().toJSON(), small.boot().toJSON());
});

test("the JSON has exactly the documented keys", () => {
  const json = JSON.parse(JSON.stringify(machine("qemu-virt").cma("64M@0x60000000").boot()));
  assert.deepEqual(Object.keys(json), [
    "cpus",
    "pageSize",
    "pageblockOrder",
    "pageblockBytes",
    "largestBuddyOrder",
    "hugePageSizes",
    "mobilityGrouping",
    "minFreeKbytes",
    "zones",
    "cma",
    "areas",
    "warnings",
    "messages",
  ]);
  assert.deepEqual(Object.keys(json.zones[0]), [
    "name",
    "startPfn",
    "spanned",
    "present",
    "managed",
    "watermarks",
    "perCpu",
  ]);
  assert.deepEqual(Object.keys(json.cma), [
    "requestedBytes",
    "reservedBytes",
    "base",
    "alignmentBytes",
    "ok",
    "reason",
  ]);
  assert.equal(json.cma.base, 0x60000000);
});

test("a page size that a board's processor lacks is refused, with the reason", () => {
  const refusals: [board: string, size: string, message: RegExp][] = [
    ["raspberry-pi-3", "16KiB", /has 4 KiB, 64 KiB; its processor, a Cortex-A53, .* for 16 KiB: got 16 KiB$/],
    ["raspberry-pi-4", "16KiB", /has 4 KiB, 64 KiB; its processor, a Cortex-A72, .* for 16 KiB: got 16 KiB$/],
    ["raspberry-pi-cm4-8gb", "16KiB", /a Cortex-A72, has no translation granule/],
    ["raspberry-pi-5", "64KiB", /has 16 KiB, 4 KiB; nobody has documented a boot with 64 KiB: got 64 KiB$/],
    ["raspberry-pi-4", "8KiB", /has 4 KiB, 64 KiB: got 8 KiB$/],
  ];
  for (const [board, size, message] of refusals) assert.throws(() => machine(board).pageSize(size), message);
  assert.equal(machine("raspberry-pi-5").pageSize("16KiB").boot().pageblockBytes, 32 * 2 ** 20);
});

test("every board boots in every page size it offers, in every kernel", () => {
  for (const name of BOARD_NAMES)
    for (const kernel of ["4.17", "6.1", "6.12", "6.19", "7.3"])
      for (const pageSize of ["4K", "16K", "64K"]) {
        let described: ReturnType<typeof machine>;
        try {
          described = machine(name).kernel(kernel).pageSize(pageSize);
        } catch (error) {
          assert.match(String(error), /page size: .* has /);
          continue;
        }
        const booted = described.boot();
        for (const zone of booted.zones) {
          const ram = booted.memory.reduce(
            (n, r) =>
              n +
              Math.max(
                0,
                Math.min(r.start + r.bytes, (zone.startPfn + zone.spanned) * booted.pageSize) -
                  Math.max(r.start, zone.startPfn * booted.pageSize),
              ),
            0,
          );
          assert.equal(
            zone.present * booted.pageSize,
            ram,
            `${name} ${zone.name}: present pages are the RAM in it`,
          );
          assert.ok(zone.managed <= zone.present && zone.managed > 0, `${name} ${zone.name}: managed`);
          assert.ok(zone.watermarks.min < zone.watermarks.low && zone.watermarks.low < zone.watermarks.high);
        }
      }
});

test("bad values name the limit and the value", () => {
  const cases: [() => unknown, RegExp][] = [
    [
      () => machine("raspbery-pi-3"),
      /board: unknown name "raspbery-pi-3": known are qemu-virt, .*did you mean raspberry-pi-3\?/,
    ],
    [() => machine("qemu-virt").cma(0), /cma: size must be > 0: got 0/],
    [() => machine("qemu-virt").cma("0M"), /cma: size must be > 0: got "0M"/],
    [() => machine("qemu-virt").cma(-1), /cma: size must be > 0: got -1/],
    [() => machine("qemu-virt").cma("64 elephants"), /cma: size must be a number/],
    [() => machine("qemu-virt").memory(0), /memory: size must be > 0/],
    [
      () => machine("raspberry-pi-3").memory("2GiB"),
      /memory: raspberry-pi-3 has 512 MiB to 1 GiB: got 2 GiB/,
    ],
    [() => machine("pc-x86-64").pageSize("64K"), /page size: pc-x86-64 \(x86-64\) has 4 KiB: got 64 KiB/],
    [() => machine("qemu-virt").kernel("4.4"), /kernel: 4.4 is older than .* modelled are 4.17, 6.1/],
    [() => machine("qemu-virt").huge("maybe" as "on"), /huge: must be on or off/],
    [() => machine("qemu-virt").pageblockMaxOrder(5).boot(), /exists since 6.16: got kernel 6.1/],
  ];
  for (const [run, message] of cases)
    assert.throws(
      run,
      (error) => error instanceof InputError && message.test(error.message),
      String(message),
    );
});

test("a smaller page block lets 6.19 reserve what was asked", () => {
  const asked = machine("raspberry-pi-3").pageSize("64K").memory("1GiB").cma("64MiB").kernel("6.19");
  assert.equal(asked.boot().cma.ok, false);
  const small = asked.pageblockMaxOrder(5).boot();
  assert.equal(small.pageblockBytes, 2 * MiB);
  assert.equal(small.cma.reservedBytes, 64 * MiB);
});
