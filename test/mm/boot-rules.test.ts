/** Small rules of boot by hand counts: memblock, page-block orders, ZONE_MOVABLE, watermarks and the counters that a machine begins with. */
import assert from "node:assert/strict";
import test from "node:test";
import type { PageGeometry } from "../../lib/hardware/page-geometry";
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import { Memblock } from "../../lib/mm/boot/memblock";
import { pageblockOrder } from "../../lib/mm/boot/pageblock-order";
import { setupPerZoneWmarks } from "../../lib/mm/boot/watermarks";
import { findZoneMovablePfns } from "../../lib/mm/boot/zone-movable";
import { HOLDS_MOST, holdPage, holdsOf, releasePage } from "../../lib/mm/state/owners";
import { tinyMemory } from "./tiny-memory";

test("the order of a page block: of the huge page, or the largest; 4.17 does not cap it, and THP counts since 6.12", () => {
  const geometry = (pmdOrder: number, atBoot = false) =>
    ({ pmdOrder, largestBuddyOrder: 10, pageblockOrderSetAtBoot: atBoot }) as PageGeometry;
  const of = (
    release: "4.17" | "6.1" | "6.12" | "6.19",
    pmd: number,
    thp: boolean,
    hugetlb: boolean,
    atBoot = false,
    most?: number,
  ) => pageblockOrder(geometry(pmd, atBoot), release, { thp, hugetlb }, most);
  for (const release of ["4.17", "6.1", "6.12", "6.19"] as const) {
    assert.equal(of(release, 9, true, true), 9);
    assert.equal(of(release, 10, true, true), 10);
    assert.equal(of(release, 13, true, true), release === "4.17" ? 13 : 10);
    assert.equal(
      of(release, 13, true, true, true),
      10,
      "set at boot: only a huge page below the largest counts",
    );
    assert.equal(of(release, 9, false, false), 10);
    const follows = release === "6.12" || release === "6.19";
    assert.equal(of(release, 9, true, false), follows ? 9 : 10);
    assert.equal(of(release, 13, true, false), 10);
    // CONFIG_PAGE_BLOCK_MAX_ORDER.
    assert.equal(of(release, 9, true, true, false, 7), release === "6.19" ? 7 : 9);
    assert.equal(of(release, 9, true, true, false, 20), 9);
    assert.equal(of(release, 9, false, false, false, 20), 10);
  }
});

test("memblock: what is reserved is joined if it has one name and touches; nothing is reserved without bytes", () => {
  const memblock = new Memblock(4096);
  assert.deepEqual([memblock.startOfDram(), memblock.endOfDram(), memblock.totalBytes()], [0, 0, 0]);
  memblock.add(100, 200);
  memblock.add(300, 500);
  assert.deepEqual([memblock.startOfDram(), memblock.endOfDram(), memblock.totalBytes()], [100, 500, 300]);
  memblock.reserve("none", 120, 0);
  memblock.reserve("none", 120, -5);
  assert.deepEqual([memblock.reserved, memblock.claims], [[], []]);
  memblock.reserve("a", 120, 10);
  memblock.reserve("a", 130, 10);
  memblock.reserve("a", 110, 10);
  assert.deepEqual(memblock.claims, [{ what: "a", start: 110, end: 140 }]);
  memblock.reserve("b", 140, 10);
  memblock.reserve("b", 155, 5);
  assert.deepEqual(
    memblock.claims.map((c) => [c.what, c.start, c.end]),
    [
      ["a", 110, 140],
      ["b", 140, 150],
      ["b", 155, 160],
    ],
  );
  const reserved = (start: number, bytes: number) => memblock.isRegionReserved(start, bytes);
  assert.deepEqual(
    [
      reserved(100, 10),
      reserved(100, 11),
      reserved(150, 5),
      reserved(149, 1),
      reserved(159, 1),
      reserved(160, 9),
    ],
    [false, true, false, true, true, false],
  );
  memblock.free(145, 12);
  assert.deepEqual([reserved(145, 12), reserved(144, 1), reserved(157, 1)], [false, true, true]);
});

const node = (startPfn: number, pages: number) => [{ startPfn, endPfn: startPfn + pages }];

test("ZONE_MOVABLE: a start that rounds up to the node's end or beyond leaves the node none, and a node without memory has none", () => {
  const of = (pages: number, nodes = [node(0, 4096)]) =>
    findZoneMovablePfns({ nodes, topPages: 1024, usableStartPfn: 0, kernelcore: { pages } });
  assert.deepEqual(of(3072), [3072]);
  assert.deepEqual(of(3073), [0]);
  assert.deepEqual(of(4095), [0]);
  assert.deepEqual(of(4096), [0], "all of it");
  assert.deepEqual(of(1), [1024]);
  assert.deepEqual(of(0), [0]);
  assert.deepEqual(of(2048, [node(0, 4096), [], node(4096, 4096)]), [1024, 0, 5120]);
});

test("ZONE_MOVABLE: percentages, memory below the highest zone, and nodes that are below it as a whole", () => {
  const of = (request: Partial<Parameters<typeof findZoneMovablePfns>[0]>) =>
    findZoneMovablePfns({ nodes: [node(0, 8192)], topPages: 1024, usableStartPfn: 0, ...request });
  assert.deepEqual(of({ kernelcore: { percent: 25 } }), [2048]);
  assert.deepEqual(of({ movablecore: { percent: 25 } }), [6144]);
  assert.deepEqual(of({ movablecore: { pages: 1025 } }), [6144], "2,048 pages are movable: whole multiples");
  // The larger of what is asked to be unmovable counts.
  assert.deepEqual(of({ kernelcore: { pages: 1024 }, movablecore: { pages: 1024 } }), [7168]);
  assert.deepEqual(of({ kernelcore: { pages: 7168 }, movablecore: { pages: 4096 } }), [7168]);
  // 3,072 frames lie below the highest zone and count first.
  assert.deepEqual(of({ usableStartPfn: 3072, kernelcore: { pages: 4096 } }), [4096]);
  assert.deepEqual(of({ usableStartPfn: 3072, kernelcore: { pages: 1024 } }), [3072], "never below it");
  assert.deepEqual(
    of({ nodes: [node(0, 2048), node(2048, 6144)], usableStartPfn: 4096, kernelcore: { pages: 6144 } }),
    [0, 6144],
    "2,048 and 2,048 below, 2,048 more above",
  );
});

test("ZONE_MOVABLE of hot-pluggable memory begins with the first of it, and without mirrored memory at 4 GiB", () => {
  const nodes = [node(0, 4096), node(4096, 4096)];
  const of = (more: Partial<Parameters<typeof findZoneMovablePfns>[0]>) =>
    findZoneMovablePfns({ nodes, topPages: 1024, usableStartPfn: 0, ...more });
  assert.deepEqual(of({ hotpluggable: node(4096, 4096) }), [0, 4096]);
  assert.deepEqual(
    of({ hotpluggable: [...node(2048, 100), ...node(1500, 100)] }),
    [2048, 0],
    "1,500 rounded up",
  );
  assert.deepEqual(
    of({ hotpluggable: node(3000, 3000) }),
    [3072, 4096],
    "it begins in one node and ends in the other",
  );
  assert.deepEqual(of({ mirror: "unmirrored", from4GiBPfn: 4096 }), [0, 4096]);
  assert.deepEqual(of({ mirror: "unmirrored", from4GiBPfn: 9000 }), [0, 0]);
  assert.deepEqual(of({ mirror: "ignored", from4GiBPfn: 4096 }), [0, 0]);
});

test("watermarks of zones without a share of min_free_kbytes: a thousandth of the zone, 32 to 128 pages", () => {
  const of = (managed: number) =>
    setupPerZoneWmarks({ minFreeKbytes: 4096, pageSize: 4096 }, [1 << 20, managed], [false, true])[1]!;
  // 1,024 pages for 2^20 and their share: a quarter of it, or a thousandth of the zone.
  assert.equal(of(1000).min, 32);
  assert.equal(of(64 * 1024).min, 64);
  assert.equal(of(1 << 20).min, 128);
  const [only] = setupPerZoneWmarks({ minFreeKbytes: 4096, pageSize: 4096 }, [64 * 1024], [true]);
  assert.deepEqual(
    only,
    { min: 64, low: 64 + 65, high: 64 + 130 },
    "no zone has a share: 65,536 / 1,000 pages",
  );
});

test("a machine begins with counters at 0, nothing deferred, empty lists, and the limits of its lists", () => {
  const m = tinyMemory("6.1");
  assert.deepEqual(new Set(Object.values(m.counters)), new Set([0]));
  const [zone] = m.zones;
  // struct zone begins with zeros; the first run finds positions outside the zone and sets them.
  const { cachedMigratePfn, cachedFreePfn, ...compact } = zone!.compact;
  assert.deepEqual([cachedMigratePfn, cachedFreePfn], [[0, 0], 0]);
  assert.deepEqual(compact, {
    initMigratePfn: 0,
    initFreePfn: 0,
    considered: 0,
    deferShift: 0,
    orderFailed: 0,
    blockskipFlush: false,
  });
  const {
    count,
    high,
    highMin,
    highMax,
    batch,
    freeFactor,
    allocFactor,
    freeCount,
    flags,
    expire,
    diffNrFree,
    diffNrFreeCma,
  } = zone!.pcp;
  assert.deepEqual(
    { count, freeFactor, allocFactor, freeCount, flags, expire, diffNrFree, diffNrFreeCma },
    {
      count: 0,
      freeFactor: 0,
      allocFactor: 0,
      freeCount: 0,
      flags: 0,
      expire: 0,
      diffNrFree: 0,
      diffNrFreeCma: 0,
    },
  );
  assert.deepEqual({ batch, high, highMin, highMax }, { batch: 3, high: 320, highMin: 320, highMax: 320 });
  // Marks of 0, of which the 2 pages that the CPU may hold back are more: high + 2.
  assert.deepEqual(
    [
      zone!.watermarkBoost,
      zone!.percpuDriftMark,
      zone!.nrReservedHighatomic,
      zone!.nrFreeHighatomic,
      zone!.nrIsolatePageblock,
      zone!.nrFreeCma,
      zone!.cmaPages,
    ],
    [0, 2, 0, 0, 0, 0, 0],
  );
  assert.deepEqual([zone!.boostedWatermark, zone!.reclaimActive, zone!.belowHigh], [false, false, false]);
});

test("before the lists have their size, a CPU holds less than four batches: CMA pages freed at boot", () => {
  const shape = {
    ...{ release: "6.1" as const, pageSize: 4096, maxOrder: 10, pageblockOrder: 9, cma: true, thp: false },
    ...{ mobilityDisabled: false, cpus: 1 },
    zones: [
      {
        ...{ idx: 2, name: "Normal", startPfn: 1024, spanned: 2048, present: 2048, managed: 2048 },
        ...{
          watermarks: { min: 100, low: 120, high: 150 },
          lowmemReserve: [0, 0, 7],
          pageset: { batch: 3, high: 320 },
        },
        freeRanges: [{ startPfn: 1024, pages: 1024 }],
      },
    ],
  };
  for (const [pages, left] of [
    [11, 11],
    [12, 12 - 3],
  ] as const) {
    const m = bootMemory({ ...shape, uselessCma: [{ startPfn: 2048, pages }] });
    assert.equal(m.zones[0]!.pcp.count, left, `${pages} pages`);
    assert.deepEqual(
      [...m.zones[0]!.wmark],
      [100, 120, 150, 180],
      "promo is as far above high as high above low",
    );
    assert.deepEqual([...m.zones[0]!.lowmemReserve].slice(0, 5), [0, 0, 7, 7, 7]);
  }
});

test("holds of one kind by one holder are counted, and end one by one; one page more than a Map has room for is refused", () => {
  const m = tinyMemory("6.1");
  holdPage(m, 1030, "get", "a");
  holdPage(m, 1030, "get", "a", 2);
  holdPage(m, 1030, "pin", "a");
  holdPage(m, 1030, "get", "b");
  assert.deepEqual(
    holdsOf(m, 1030).map((h) => [h.kind, h.by, h.count]),
    [
      ["get", "a", 3],
      ["pin", "a", 1],
      ["get", "b", 1],
    ],
  );
  assert.deepEqual(
    [1, 2, 3, 4].map(() => releasePage(m, 1030, "get", "a")),
    [true, true, true, false],
  );
  m.holds = { size: HOLDS_MOST, get: () => undefined, set: () => {} } as unknown as NonNullable<
    typeof m.holds
  >;
  assert.throws(() => holdPage(m, 1031, "get", "a"), /at most 16777215 pages can be held at a time/);
});
