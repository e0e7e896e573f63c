/** hugetlb_cma= by node and with ranges, kernelcore=mirror, and the options of `pageblock boot` for them. */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { GiB, MiB } from "../../lib/base/units";
import { parseHugePages } from "../../lib/machine/huge-pages";
import { hugetlbCmaReserve } from "../../lib/mm/boot/hugetlb-cma";
import { Memblock } from "../../lib/mm/boot/memblock";
import { pageblock } from "../support/cli";

const asked = { giganticBytes: GiB, hugePageBytes: 2 * MiB, minAlignment: 2 * MiB };
const memory = (...ranges: [number, number][]) => {
  const memblock = new Memblock(4096);
  for (const [start, end] of ranges) memblock.add(start, end);
  return memblock;
};

test("hugetlb_cma=nid:size,… is read as the kernel reads it", () => {
  const parse = (value: string) => {
    const { cmaBytes, cmaByNode } = parseHugePages([`hugetlb_cma=${value}`], {
      sizes: [GiB],
      defaultBytes: 2 * MiB,
    });
    return [cmaBytes / MiB, cmaByNode?.map((n) => [n.nid, n.bytes / MiB])];
  };
  assert.deepEqual(parse("3G"), [3072, undefined]);
  assert.deepEqual(parse("0:1G,1:2G"), [
    3072,
    [
      [0, 1024],
      [1, 2048],
    ],
  ]);
  // sscanf() finds no number after the comma: the rest is skipped.
  assert.deepEqual(parse("0:1G,x"), [1024, [[0, 1024]]]);
});

test("by node: each its own size, invalid ones refused with the kernel's messages", () => {
  const nodes = [
    { start: 0, end: 8 * GiB },
    { start: 8 * GiB, end: 16 * GiB },
  ];
  const reserve = (byNode: { nid: number; bytes: number }[]) =>
    hugetlbCmaReserve(memory([0, 16 * GiB]), "6.1", {
      ...asked,
      ...{ nodes, byNode, bytes: byNode.reduce((n, a) => n + a.bytes, 0) },
    });
  const both = reserve([
    { nid: 1, bytes: 2 * GiB },
    { nid: 0, bytes: 1.5 * GiB },
  ]);
  assert.deepEqual(
    both.areas.map((a) => [a.nid, a.bytes / GiB]),
    [
      [0, 2],
      [1, 2],
    ],
  );
  assert.ok(both.areas[1]!.base >= 8 * GiB);
  assert.deepEqual(
    both.messages.filter((text) => text.startsWith("hugetlb_cma")),
    ["hugetlb_cma: reserved 2048 MiB on node 0", "hugetlb_cma: reserved 2048 MiB on node 1"],
  );
  const wrong = reserve([
    { nid: 0, bytes: 512 * MiB },
    { nid: 1, bytes: GiB },
    { nid: 5, bytes: GiB },
  ]);
  assert.deepEqual(
    wrong.areas.map((a) => a.nid),
    [1],
  );
  assert.deepEqual(wrong.messages.slice(0, 2), [
    "hugetlb_cma: cma area of node 0 should be at least 1024 MiB",
    "hugetlb_cma: invalid node 5 specified",
  ]);
  assert.deepEqual(reserve([{ nid: 7, bytes: GiB }]), {
    areas: [],
    messages: ["hugetlb_cma: invalid node 7 specified"],
  });
});

test("6.19 takes several ranges above 4 GiB if a single one is not available, each at a gigantic page; 6.1 takes none", () => {
  const holes = () => memory([0, GiB], [4 * GiB + MiB, 7 * GiB], [9 * GiB, 11 * GiB]);
  const request = { ...asked, bytes: 3 * GiB };
  const old = hugetlbCmaReserve(holes(), "6.1", request);
  assert.deepEqual(old.areas, []);
  assert.ok(old.messages.includes("hugetlb_cma: reservation failed: err -12, node 0"));
  // By hand: after 4 GiB + 1 MiB, the first gigantic page starts at 5 GiB: 2 GiB there, 2 GiB at 9.
  const now = hugetlbCmaReserve(holes(), "6.19", request);
  assert.deepEqual(now.areas, [
    {
      base: 5 * GiB,
      bytes: 3 * GiB,
      nid: 0,
      ranges: [
        { base: 5 * GiB, bytes: 2 * GiB },
        { base: 9 * GiB, bytes: GiB },
      ],
    },
  ]);
});

test("fluent: gigantic pages at boot, and areas by node that the pools draw on", () => {
  const pool = machine("server-x86-64").hugePages("1GiB", 1).hugePages("1GiB", 2).boot();
  assert.equal(pool.hugePages.gigantic.length, 2);
  const cma = machine("server-x86-64").kernel("6.19").hugetlbCma("0:1GiB,1:2GiB").boot();
  assert.deepEqual(
    cma.hugePages.cma.map((a) => [a.nid, a.bytes / GiB, a.activated]),
    [
      [0, 1, true],
      [1, 2, true],
    ],
  );
  assert.ok(cma.hugePages.cma.every((a) => a.base % GiB === 0));
  assert.throws(
    () => machine("pc-x86-64").hugePages("3MiB", 1),
    /huge pages: a machine with pages of 4 KiB has/,
  );
  assert.throws(() => machine("pc-x86-64").kernel("4.17").hugetlbCma("2GiB"), /kernel 5.7 or newer/);
});

test("kernelcore=mirror without mirrored memory: memory above 4 GiB becomes movable; since 6.6 it is ignored", () => {
  const pc = (kernel: string) =>
    machine("pc-x86-64").memory("8GiB").kernel(kernel).kernelcore("mirror").boot();
  for (const kernel of ["4.17", "6.1"]) {
    const old = pc(kernel);
    assert.equal(old.movable.startPfns[0], (4 * GiB) / 4096);
    assert.deepEqual(
      old.zones.map((z) => z.name),
      ["DMA", "DMA32", "Movable"],
    );
    assert.ok(old.messages.includes("This configuration results in unmirrored kernel memory."));
    old.start().validate();
  }
  const now = pc("6.12");
  assert.deepEqual(now.movable.startPfns, [0]);
  assert.ok(now.messages.includes("The system has no mirror memory, ignore kernelcore=mirror."));
  assert.match(now.movable.reason!, /nothing|no memory is mirrored/);
});

test("pageblock boot accepts all of these options", () => {
  const run = (text: string) => pageblock(["boot", ...text.split(" ")]);
  const server = run(
    "--board server-x86-64 --nodes 2 --kernelcore 8GiB --hugepages 2MiB:10 --hugetlb-cma 0:1GiB,1:1GiB",
  );
  assert.equal(server.status, 0, server.stderr);
  assert.match(server.stdout, /Movable/);
  assert.match(server.stdout, /hugetlb_cma +1 GiB at 0x[0-9a-f]+, node 1/);
  assert.match(server.stdout, /huge pages asked +10 of 2 MiB/);
  const none = run("--board pc-x86-64 --movablecore 100GiB");
  assert.match(none.stdout, /ZONE_MOVABLE +none: movablecore/);
  assert.match(run("--board pc-x86-64 --hugepages lots").stderr, /must be SIZE:COUNT/);
  assert.match(run("--board pc-x86-64 --nodes 3").stderr, /nodes: pc-x86-64 has/);
});
