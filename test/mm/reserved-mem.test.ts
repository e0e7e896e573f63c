/** Regions of the device tree: drivers/of/of_reserved_mem.c and rmem_cma_setup(), with the words of each release. */
import assert from "node:assert/strict";
import test from "node:test";
import { ERRNO } from "../../lib/base/answer";
import { GiB, KiB, MiB } from "../../lib/base/units";
import { Memblock } from "../../lib/mm/boot/memblock";
import { type ReservedMemNode, reservedMemInit } from "../../lib/mm/boot/reserved-mem";

const SETUP = { release: "6.1", minAlignment: 2 * MiB, cmdline: false, cma: true, arm: false };

function memory(): Memblock {
  const memblock = new Memblock(4 * KiB);
  memblock.add(GiB, 2 * GiB);
  return memblock;
}

const pool = (more: Partial<ReservedMemNode> & { name: string; bytes: number }): ReservedMemNode => ({
  reusable: true,
  noMap: false,
  cmaDefault: false,
  compatible: "shared-dma-pool",
  ...more,
});

test("regions at an address are taken before the others look for a place", () => {
  const memblock = memory();
  const high = pool({ name: "vpu@7e000000", bytes: 32 * MiB, base: 0x7e000000 });
  const cma = pool({ name: "linux,cma", bytes: 64 * MiB, cmaDefault: true });
  const { outcomes } = reservedMemInit(memblock, [cma, high], SETUP);
  const base = (name: string) => outcomes.find((o) => o.node.name === name)!.base;
  assert.equal(base("vpu@7e000000"), 0x7e000000);
  assert.equal(base("linux,cma"), 0x7e000000 - 64 * MiB);
});

test("alloc-ranges are tried in order, and an alignment of one's own counts where it is larger", () => {
  const ranges = [
    { start: 0, end: GiB },
    { start: GiB, end: GiB + 200 * MiB },
  ];
  const node = pool({ name: "linux,cma", bytes: 64 * MiB, ranges, alignment: 32 * MiB });
  const { outcomes } = reservedMemInit(memory(), [node], SETUP);
  assert.equal(outcomes[0]!.base, GiB + 128 * MiB);
});

test("the words change with the release: a size from 5.16 on, the range from 6.3 on", () => {
  const failed = (release: string) =>
    reservedMemInit(memory(), [pool({ name: "linux,cma", bytes: 2 * GiB })], { ...SETUP, release })
      .outcomes[0]!.messages;
  assert.deepEqual(failed("5.6"), ["OF: reserved mem: failed to allocate memory for node 'linux,cma'"]);
  assert.deepEqual(failed("6.1"), [
    "OF: reserved mem: failed to allocate memory for node 'linux,cma': size 2048 MiB",
  ]);
  const made = (release: string) =>
    reservedMemInit(memory(), [pool({ name: "linux,cma", bytes: 64 * MiB })], { ...SETUP, release })
      .outcomes[0]!.messages;
  assert.equal(made("6.1").length, 2);
  assert.equal(
    made("6.6").at(-1),
    "OF: reserved mem: 0x000000007c000000..0x000000007fffffff (65536 KiB) map reusable linux,cma",
  );
});

test("cma= goes before the default region since 5.6, whose memory is given back", () => {
  const memblock = memory();
  const node = pool({ name: "linux,cma", bytes: 64 * MiB, cmaDefault: true });
  const asked = { ...SETUP, cmdline: true };
  const { outcomes } = reservedMemInit(memblock, [node], asked);
  assert.equal(outcomes[0]!.errno, ERRNO.EBUSY);
  assert.deepEqual(outcomes[0]!.messages, [
    "Reserved memory: bypass linux,cma node, using cmdline CMA params instead",
    "OF: reserved mem: node linux,cma compatible matching fail",
  ]);
  assert.deepEqual(memblock.reserved, []);
  assert.ok(reservedMemInit(memory(), [node], { ...asked, release: "5.4" }).outcomes[0]!.ok);
});

test("a region that is not mapped cannot be where memory is taken already; another one can", () => {
  const taken = () => {
    const memblock = memory();
    memblock.reserve("kernel image", GiB + 2 * MiB, 30 * MiB);
    return memblock;
  };
  const at = { bytes: MiB, base: GiB + 4 * MiB, reusable: false, compatible: null };
  const secure = pool({ name: "secmon@40400000", ...at, noMap: true });
  assert.deepEqual(reservedMemInit(taken(), [secure], SETUP).messages, [
    "OF: fdt: Reserved memory: failed to reserve memory for node 'secmon@40400000': base 0x0000000040400000, size 1 MiB",
  ]);
  assert.deepEqual(reservedMemInit(taken(), [pool({ name: "log@40400000", ...at })], SETUP).messages, []);
});

test("regions that overlap are told", () => {
  const a = pool({ name: "a@50000000", bytes: 4 * MiB, base: 0x50000000 });
  const b = pool({ name: "b@50200000", bytes: 4 * MiB, base: 0x50200000 });
  const { messages } = reservedMemInit(memory(), [b, a], SETUP);
  assert.deepEqual(messages, [
    "OF: reserved mem: OVERLAP DETECTED! a@50000000 (0x0000000050000000--0x0000000050400000) overlaps with b@50200000 (0x0000000050200000--0x0000000050600000)",
  ]);
});

test("a pool of a device is no CMA area, and 32-bit ARM refuses one that is mapped", () => {
  const node = pool({ name: "vdev0buffer@50000000", bytes: MiB, base: 0x50000000, reusable: false });
  const [made] = reservedMemInit(memory(), [node], SETUP).outcomes;
  assert.equal(made!.kind, "pool");
  assert.equal(
    made!.messages[0],
    "Reserved memory: created DMA memory pool at 0x0000000050000000, size 1 MiB",
  );
  const [refused] = reservedMemInit(memory(), [node], { ...SETUP, arm: true }).outcomes;
  assert.equal(refused!.messages[0], "Reserved memory: regions without no-map are not yet supported");
  assert.equal(refused!.base, null);
});

// fdt_init_reserved_mem(): the undoing came with d0b8ed47e83a (pull request for 5.2); before, the error was not looked at.
test("a region that cannot be set up is given back with a line since 5.2; before, its memory is lost without one", () => {
  const node = pool({ name: "linux,cma", bytes: 5 * MiB, base: 0x50000000, cmaDefault: true });
  for (const release of ["4.17", "5.1"]) {
    const memblock = memory();
    const { outcomes } = reservedMemInit(memblock, [node], { ...SETUP, release });
    assert.deepEqual(outcomes[0]!.messages, ["Reserved memory: incorrect alignment of CMA region"]);
    assert.equal(outcomes[0]!.base, null);
    assert.deepEqual(memblock.reserved, [{ start: 0x50000000, end: 0x50500000 }], release);
  }
  const memblock = memory();
  const { outcomes } = reservedMemInit(memblock, [node], { ...SETUP, release: "5.2" });
  assert.equal(outcomes[0]!.messages[1], "OF: reserved mem: node linux,cma compatible matching fail");
  assert.deepEqual(memblock.reserved, []);
});
