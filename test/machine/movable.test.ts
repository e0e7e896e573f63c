import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { GiB } from "../../lib/base/units";
import { findZoneMovablePfns } from "../../lib/mm/boot/zone-movable";

const zonesOf = (m: ReturnType<typeof machine>) =>
  m.boot().zones.map((z) => [z.nid, z.name, z.startPfn, z.startPfn + z.spanned]);

test("kernelcore=4G on a PC with 8 GiB: memory below 4 GiB counts, the rest is above, rounded up to 4 MiB", () => {
  // Below 4 GiB: frames 1 to 158 and 256 to 786393, 786,296 pages. 1,048,576 − 786,296 = 262,280 more from frame
  // 1,048,576 on end at 1,310,856; the next multiple of 1024 is 1,311,744.
  const pc = machine("pc-x86-64").memory("8GiB").kernelcore("4GiB");
  assert.deepEqual(zonesOf(pc), [
    [0, "DMA", 1, 4096],
    [0, "DMA32", 4096, 1048576],
    [0, "Normal", 1048576, 1311744],
    [0, "Movable", 1311744, 2359296],
  ]);
  const { zones } = pc.boot();
  // lowmem_reserve: NORMAL reserves 1/32 of ZONE_MOVABLE against requests that could use that zone.
  assert.deepEqual(zones[2]!.lowmemReserve, [0, 0, 0, Math.floor(zones[3]!.managedAtBoot / 32)]);
  const k = pc.start();
  const user = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
  assert.ok(user.ok && user.zone === "Movable");
  const kernel = k.allocPages({ gfp: "GFP_KERNEL" });
  assert.ok(kernel.ok && kernel.zone === "Normal");
  k.validate();
});

test("movablecore=: rounded up to the largest buddy page, the kernel's part spread over the nodes", () => {
  // 3000 MiB are 768,000 pages, 750 × 1024 exactly; one page more is 751 × 1024.
  const size = (bytes: number) => {
    const zone = machine("pc-x86-64").memory("8GiB").movablecore(bytes).boot().zones.at(-1)!;
    assert.equal(zone.name, "Movable");
    return zone.present;
  };
  const exact = size(3000 * 2 ** 20);
  // The start is rounded up once more, so the zone can be up to 1023 pages smaller than requested.
  assert.ok(exact <= 768000 && exact > 768000 - 1024, String(exact));
  assert.equal(size(3000 * 2 ** 20 + 4096) - exact, 1024);
  const nodes = machine("server-x86-64")
    .kernelcore("8GiB")
    .boot()
    .zones.filter((z) => z.name === "Movable");
  // 4 GiB of kernelcore per node: node 1 starts at 17 GiB, so its ZONE_MOVABLE starts at 21.
  assert.deepEqual(
    nodes.map((z) => [z.nid, z.startPfn]),
    [
      [0, 1311744],
      [1, (21 * GiB) / 4096],
    ],
  );
});

test("a node too small for its share leaves the rest to the others: the second pass", () => {
  const node = (startPfn: number, pages: number) => [{ startPfn, endPfn: startPfn + pages }];
  // 8192 pages of kernelcore: 4096 each; node 0 has 2048, so node 1 gives 6144 of its 16384 from frame 2048 on.
  const nodes = [node(0, 2048), node(2048, 16384)];
  assert.deepEqual(
    findZoneMovablePfns({ nodes, topPages: 1024, usableStartPfn: 0, kernelcore: { pages: 8192 } }),
    [0, 8192],
  );
  // The largest of both: movablecore=2048 leaves 16384 pages to the kernel, more than kernelcore requests.
  const both = { kernelcore: { pages: 8192 }, movablecore: { pages: 2048 } };
  assert.deepEqual(findZoneMovablePfns({ nodes, topPages: 1024, usableStartPfn: 0, ...both }), [0, 16384]);
});

test("values that leave no ZONE_MOVABLE: kernelcore=110%, movablecore= above all memory", () => {
  const over = machine("pc-x86-64").kernelcore("110%").boot();
  assert.ok(over.zones.every((z) => z.name !== "Movable"));
  assert.match(over.movable.reason!, /kernelcore: .* is not less than all memory/);
  // cmdline_parse_core() only warns: WARN_ON(coremem > 100).
  assert.match(over.messages[0]!, /^WARNING: at mm\/page_alloc.c cmdline_parse_core/);
  assert.match(machine("pc-x86-64").kernel("6.12").kernelcore("110%").boot().messages[0]!, /mm\/mm_init.c/);
  // All memory movable would leave required_kernelcore 0, which reads as "not given".
  const all = machine("pc-x86-64").movablecore("5GiB").boot();
  assert.ok(all.zones.every((z) => z.name !== "Movable"));
  assert.match(all.movable.reason!, /leaves nothing .* to the kernel/);
  assert.equal(machine("pc-x86-64").boot().movable.asked, false);
  assert.throws(() => machine("pc-x86-64").kernelcore("half"), /kernelcore/);
});

test("movable_node: hot-pluggable nodes become ZONE_MOVABLE and hold nothing from early boot", () => {
  const server = machine("server-x86-64").kernelcore("1GiB").movableNode();
  const { zones, minFreeKbytes, reservations } = server.boot();
  assert.deepEqual(
    zones.map((z) => [z.nid, z.name]),
    [
      [0, "DMA"],
      [0, "DMA32"],
      [0, "Normal"],
      [1, "Movable"],
    ],
  );
  assert.equal(zones[3]!.managed, (16 * GiB) / 4096);
  assert.ok(reservations.every((r) => r.start + r.bytes <= 17 * GiB));
  // khugepaged counts populated zones up to NORMAL: three.
  assert.equal(minFreeKbytes, 3 * 11 * 2048);
  // x86 clears the flag of every node that holds the kernel (numa_clear_kernel_node_hotplug()).
  const low = machine("server-x86-64")
    .movableNode([{ start: "8GiB", bytes: "4GiB" }])
    .boot();
  assert.match(low.movable.reason!, /the kernel lies on every node/);
});

test("watermarks of ZONE_MOVABLE: a share of min_free_kbytes in 6.1; at most 128 pages and not low memory in 6.12", () => {
  const movable = (release: string) => {
    const booted = machine("server-x86-64").kernel(release).movablecore("50%").boot();
    const { zones, minFreeKbytes } = booted;
    const pagesMin = minFreeKbytes / 4;
    const sum = (of: typeof zones) => of.reduce((n, z) => n + z.managedAtBoot, 0);
    const low = sum(zones.filter((z) => z.name !== "Movable"));
    return { zone: zones.find((z) => z.name === "Movable")!, pagesMin, low, all: sum(zones) };
  };
  const old = movable("6.1");
  assert.equal(old.zone.watermarks.min, Math.floor((old.pagesMin * old.zone.managedAtBoot) / old.all));
  const now = movable("6.12");
  assert.equal(now.zone.watermarks.min, 128);
  // The gap still depends on the share: a quarter of it.
  const share = Math.floor((now.pagesMin * now.zone.managedAtBoot) / now.low);
  assert.equal(now.zone.watermarks.low - 128, Math.floor(share / 4));
});
