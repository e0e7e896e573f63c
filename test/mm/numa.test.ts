import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { GiB, MiB } from "../../lib/base/units";
import { boot } from "../../lib/machine/boot";
import { startHugetlb } from "../../lib/machine/hugetlb";
import { startAllocator } from "../../lib/machine/start";
import { allocContigPages } from "../../lib/mm/contiguous/contig-pages";
import { HugetlbPool } from "../../lib/mm/contiguous/hugetlb";
import { PageAllocator } from "../../lib/mm/page-allocator";
import { __GFP_THISNODE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import { nodeOrders } from "../../lib/mm/state/zonelists";

/** Two nodes whose boundary, frame 3072, is not a multiple of 2048. */
function twoNodes(pages = 3072): PageAllocator {
  const zone = (nid: number) => ({
    idx: 2,
    name: "Normal",
    nid,
    startPfn: nid * pages,
    spanned: pages,
    present: pages,
    managed: pages,
    watermarks: { min: 8, low: 10, high: 12 },
    lowmemReserve: [0, 0, 0, 0],
    pageset: { batch: 1, high: 4 },
    freeRanges: [{ startPfn: nid * pages, pages }],
  });
  return PageAllocator.boot({
    release: "6.1",
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: false,
    thp: true,
    mobilityDisabled: false,
    cpus: 1,
    zones: [zone(0), zone(1)],
  });
}

test("equally distant nodes are tried in a ring: find_next_best_node() prefers the next number", () => {
  const orders = nodeOrders([0, 1, 2, 3]);
  assert.deepEqual(orders.get(0), [0, 1, 2, 3]);
  assert.deepEqual(orders.get(1), [1, 2, 3, 0]);
  assert.deepEqual(orders.get(2), [2, 3, 0, 1]);
  assert.deepEqual(orders.get(3), [3, 0, 1, 2]);
});

test("distance comes before number; the first node of a distance counts as loaded for the nodes after it", () => {
  // Two pairs: 0-1 and 2-3 are near each other, the others far.
  const distances = [
    [10, 15, 20, 20],
    [15, 10, 20, 20],
    [20, 20, 10, 15],
    [20, 20, 15, 10],
  ];
  const orders = nodeOrders([0, 1, 2, 3], distances);
  assert.deepEqual(orders.get(0), [0, 1, 2, 3]);
  // Node 0 loaded 1 and 2; for node 1 both far nodes cost 20, and 3 is the less loaded.
  assert.deepEqual(orders.get(1), [1, 0, 3, 2]);
  // Node 1 loaded 0 and 3. From 2: 3 is near; then 0 and 1 cost 21 each with one load each: the lower number.
  assert.deepEqual(orders.get(2), [2, 3, 0, 1]);
  // Now 0 has two loads, 1 has one.
  assert.deepEqual(orders.get(3), [3, 2, 1, 0]);
});

test("32 GiB on two nodes: node 0 has DMA, DMA32 and Normal, node 1 Normal from 17 GiB on", () => {
  const { zones } = machine("server-x86-64").boot();
  assert.deepEqual(
    zones.map((z) => [z.nid, z.name, z.startPfn, z.startPfn + z.spanned]),
    [
      [0, "DMA", 1, 4096],
      [0, "DMA32", 4096, GiB / 1024],
      [0, "Normal", GiB / 1024, (17 * GiB) / 4096],
      [1, "Normal", (17 * GiB) / 4096, (33 * GiB) / 4096],
    ],
  );
  // Each node holds its own memmap, 64 bytes for each of 4 Mi pages: 256 MiB per node.
  const node1 = zones[3]!;
  assert.ok(
    node1.managed <= 4 * MiB - 65536 && node1.managed > 4 * MiB - 65536 - 16384,
    String(node1.managed),
  );
  const min = zones.reduce((n, z) => n + z.watermarks.min, 0);
  const { minFreeKbytes } = machine("server-x86-64").boot();
  // 11 blocks for each of four populated zones: 4 × 11 × 2 MiB.
  assert.equal(minFreeKbytes, 4 * 11 * 2048);
  assert.ok(Math.abs(min - minFreeKbytes / 4) < 4);
  // lowmem_reserve counts the zones of the same node only.
  assert.deepEqual(node1.lowmemReserve, [0]);
  assert.equal(machine("server-x86-64").nodes(1).boot().zones.length, 3);
});

test("a request names its node, falls back to the other, and stays on its node with __GFP_THISNODE", () => {
  const k = twoNodes();
  assert.equal(k.memory.nrNodes, 2);
  const near = k.allocPages({ order: 10, nid: 1 });
  assert.ok(near.ok && near.nid === 1 && near.pfn === 3072);
  const second = k.allocPages({ order: 10, nid: 1 });
  assert.ok(second.ok && second.pfn === 4096);
  // The third block of node 1 is no longer above its watermark: 1024 − 1023 is not above 10.
  const third = k.allocPages({ order: 10, nid: 1, gfp: "GFP_ATOMIC|__GFP_THISNODE" });
  assert.ok(
    !third.ok &&
      /^order 10, unmovable.*: node 1, zone Normal: /.test(third.reason) &&
      !/node 0/.test(third.reason),
  );
  const away = k.allocPages({ order: 10, nid: 1 });
  assert.ok(away.ok && away.nid === 0);
  const home = k.allocPages({});
  assert.ok(home.ok && home.nid === 0);
  assert.throws(() => k.allocPages({ nid: 2 }), /nid: the machine has nodes 0 to 1: got 2/);
  k.validate();
});

test("alloc_contig_pages: no range straddles two nodes", () => {
  const { memory: m } = twoNodes();
  const ask = (nid: number, gfp = GFP_KERNEL) =>
    allocContigPages(m, { pages: 2048, gfp, kind: "driver", nid });
  assert.equal(ask(0), 0);
  // 2048 to 4095 is free but belongs to two nodes: the next is node 1's only multiple, 4096.
  assert.equal(ask(0, GFP_KERNEL | __GFP_THISNODE), -1);
  assert.equal(ask(0), 4096);
  assert.equal(ask(1), -1);
});

test("a pool of huge pages grows from the nodes in turn, and from one if the other has none left", () => {
  const { memory: m } = twoNodes();
  const pool = new HugetlbPool(m, { order: 9 });
  assert.equal(pool.setMaxHugePages(4), 4);
  assert.deepEqual(
    pool.free.map((p) => m.zoneOf(p)!.nid),
    [0, 1, 0, 1],
  );
  const used = [pool.alloc(1), pool.alloc(1), pool.alloc(1)];
  assert.deepEqual(
    used.map((p) => m.zoneOf(p)!.nid),
    [1, 1, 0],
  );
  // 12 blocks in all, one of each node below the watermark.
  assert.equal(pool.setMaxHugePages(12), 10);
});

test("hugetlb_cma=3G on two nodes: 2 GiB on the first, the rest on the second", () => {
  const booted = boot({ board: "server-x86-64", hugePages: { pools: [], cmaBytes: 3 * GiB } });
  assert.ok(booted.messages.includes("hugetlb_cma: reserve 3072 MiB, up to 2048 MiB per node"));
  assert.deepEqual(
    booted.hugePages.cma.map((a) => [a.nid, a.bytes, a.activated]),
    [
      [0, 2 * GiB, true],
      [1, GiB, true],
    ],
  );
  assert.equal(booted.hugePages.cma[1]!.base, 17 * GiB);
  const { memory: m } = startAllocator(booted);
  const { pools } = startHugetlb(booted, m);
  const pool = pools.get(GiB)!;
  assert.equal(pool.setMaxHugePages(2), 2);
  assert.deepEqual(
    pool.free.map((p) => m.zoneOf(p)!.nid),
    [0, 1],
  );
});

test("gigantic pages at boot come from the nodes in turn", () => {
  const { hugePages } = boot({
    board: "server-x86-64",
    hugePages: { pools: [{ bytes: GiB, count: 4 }], cmaBytes: 0 },
  });
  assert.deepEqual(
    hugePages.gigantic.map((p) => (p.start >= 17 * GiB ? 1 : 0)),
    [0, 1, 0, 1],
  );
});

test("eight nodes of 512 GiB boot and start without touching their columns", () => {
  const booted = machine("database-x86-64").boot();
  assert.deepEqual(
    booted.zones.map((z) => z.nid),
    [0, 0, 0, 1, 2, 3, 4, 5, 6, 7],
  );
  const k = booted.start();
  assert.equal(k.memory.endPfn, (4097 * GiB) / 4096);
  const last = k.allocPages({ order: 10, nid: 7 });
  assert.ok(last.ok && last.nid === 7 && last.pfn >= (4097 - 512) * (GiB / 4096));
  assert.throws(() => machine("database-x86-64").nodes(4), /nodes: database-x86-64 has 8: got 4/);
  assert.throws(() => machine("pc-x86-64").nodes(2), /nodes: pc-x86-64 has 1: got 2/);
});
