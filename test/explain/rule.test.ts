/** The rule of one zone, on readings made by hand: numbers in pages of 4 KiB, worked out in the comments. */
import assert from "node:assert/strict";
import test from "node:test";
import { explainReading } from "../../lib/explain/explain-readings";
import type { Reading, ZoneReading } from "../../lib/explain/reading";
import { highestZone, zoneKinds } from "../../lib/explain/zone-kinds";
import { inNodeMask } from "../../lib/explain/zone-rule";
import { readingOf, zoneOf } from "./hand-made";

const KERNEL = { text: "GFP_KERNEL", value: null };
const ATOMIC = { text: "GFP_ATOMIC", value: null };
const MOVABLE = { text: "GFP_HIGHUSER_MOVABLE", value: null };
const ORDERS = 11;

/** Free blocks: [order, blocks, letters]. */
function lists(...blocks: [number, number, string?][]): Pick<ZoneReading, "counts" | "types"> {
  const counts = new Array<number>(ORDERS).fill(0);
  const types = new Array<string>(ORDERS).fill("");
  for (const [order, n, letters = "UM"] of blocks) {
    counts[order] = n;
    types[order] = letters;
  }
  return { counts, types };
}

function reasons(reading: Partial<Reading>): string[][] {
  return explainReading(readingOf({ release: "6.6.0", order: 0, gfp: KERNEL, ...reading })).answer.zones.map(
    (zone) => zone.reasons,
  );
}

test("at the mark is refused, one page above is granted", () => {
  // 400 kB = 100 pages, min 400 kB; 404 kB = 101 pages.
  const at = (free: number) => reasons({ zones: [zoneOf("Normal", { free, min: 400 }, lists([0, 100]))] })[0];
  assert.deepEqual(at(400), ["watermark"]);
  assert.deepEqual(at(404), []);
});

test("an atomic request may use five eighths of the mark since 6.3, and half of it and a quarter of that before", () => {
  // min 1600 kB = 400 pages: 400 − 200 − 50 = 150 pages must remain in both.
  for (const release of ["6.6.0", "5.10.0"]) {
    const at = (free: number) =>
      reasons({ release, gfp: ATOMIC, zones: [zoneOf("Normal", { free, min: 1600 }, lists([0, 100]))] })[0];
    assert.deepEqual(at(600), ["watermark"], release);
    assert.deepEqual(at(604), [], release);
  }
});

test("an atomic single page overlooks the boost", () => {
  // 500 pages of mark, of them 300 boost: (200 − 100 − 25) = 75 must remain; 80 pages are free.
  const zones = [zoneOf("Normal", { free: 320, min: 2000, boost: 1200 }, lists([0, 80]))];
  assert.deepEqual(reasons({ gfp: ATOMIC, zones })[0], []);
  assert.deepEqual(reasons({ zones })[0], ["watermark"]);
});

test("a zone keeps from higher requests: alone, and beside the mark", () => {
  const zone = (free: number) =>
    zoneOf(
      "DMA32",
      { free, min: 400, managed: 400_000 },
      { ...lists([0, 500]), lowmemReserve: [0, 0, 300, 300, 300] },
    );
  const high = zoneOf(
    "Normal",
    { free: 0, min: 400, managed: 300_000 },
    { lowmemReserve: [0, 0, 0, 0, 0], ...lists() },
  );
  // 100 + 300 pages = 1600 kB.
  assert.deepEqual(reasons({ zones: [zone(1600), high] })[0], ["lowmem-reserve"]);
  assert.deepEqual(reasons({ zones: [zone(1604), high] })[0], []);
  assert.deepEqual(reasons({ zones: [zone(400), high] })[0], ["watermark", "lowmem-reserve"]);
  // A request for 32-bit addresses is the zone's own.
  const own = { text: "GFP_KERNEL|GFP_DMA32", value: null };
  assert.deepEqual(reasons({ gfp: own, zones: [zone(1600), high] }), [[], ["zone-not-allowed"]]);
});

test("CMA pages count for movable requests only", () => {
  const zones = [zoneOf("Normal", { free: 4000, min: 400, cma: 3700 }, lists([0, 100], [8, 3, "C"]))];
  // 1000 − 925 = 75 ≤ 100; with them 1000 > 100.
  assert.deepEqual(reasons({ zones })[0], ["watermark", "cma-only"]);
  assert.deepEqual(reasons({ zones, gfp: MOVABLE })[0], []);
  // Order 8: only CMA blocks are that large.
  const wide = [zoneOf("Normal", { free: 40_000, min: 400, cma: 3700 }, lists([0, 9000], [8, 3, "C"]))];
  assert.deepEqual(reasons({ zones: wide, order: 8 })[0], ["cma-only", "no-block"]);
  assert.deepEqual(reasons({ zones: wide, order: 8, gfp: MOVABLE })[0], []);
});

test("the reserve of atomic requests: whole before 6.12, its free pages since; not against atomic ones", () => {
  const zone = zoneOf("Normal", { free: 2400, min: 400, highatomic: 2048 }, lists([0, 88], [9, 1, "H"]));
  const zones = [{ ...zone, freeHighatomicBytes: 1024 * 1024 }];
  // 600 − 512 = 88 ≤ 100; 600 − 256 = 344 > 100.
  assert.deepEqual(reasons({ zones })[0], ["watermark", "highatomic"]);
  assert.deepEqual(reasons({ zones, release: "6.12.3" })[0], []);
  // Order 9 lies on the list of the reserve alone.
  const large = [
    zoneOf("Normal", { free: 24_000, min: 400, highatomic: 2048 }, lists([0, 5488], [9, 1, "H"])),
  ];
  assert.deepEqual(reasons({ zones: large, order: 9 })[0], ["highatomic", "no-block"]);
  assert.deepEqual(reasons({ zones: large, order: 9, gfp: ATOMIC })[0], []);
});

test("no block, and an order above the kernel's largest", () => {
  const zones = [zoneOf("Normal", { free: 40_000, min: 400 }, lists([0, 4000], [3, 750]))];
  assert.deepEqual(reasons({ zones, order: 3 })[0], []);
  assert.deepEqual(reasons({ zones, order: 4 })[0], ["no-block"]);
  const answer = explainReading(readingOf({ order: 11, gfp: KERNEL, zones, release: "6.6" })).answer;
  assert.deepEqual(answer.reasons, ["no-block"]);
  assert.match(answer.verdict[0]!, /can ever succeed.*largest block of this kernel is of order 10/);
});

test("isolated blocks are nobody's", () => {
  const zones = [zoneOf("Normal", { free: 40_000, min: 400 }, lists([0, 4000], [9, 2, "I"]))];
  assert.deepEqual(reasons({ zones, order: 9 })[0], ["no-block"]);
});

test("before 4.4 the rest must exceed a halved mark at every order", () => {
  // Order 2, 600 pages: 300 single, 100 pairs, 25 of order 2; min 400 pages. 600 − 3 = 597 > 400;
  // order 0: 297 > 200; order 1: 97 ≤ 100: refused, though 25 blocks are there.
  const zones = [zoneOf("Normal", { free: 2400, min: 1600 }, lists([0, 300], [1, 100], [2, 25]))];
  assert.deepEqual(reasons({ zones, order: 2, release: "3.10.0" })[0], ["watermark"]);
  assert.deepEqual(reasons({ zones, order: 2, release: "4.4.0" })[0], []);
});

test("a request without watermarks is refused only if no block is there", () => {
  const gfp = { text: "GFP_KERNEL|__GFP_MEMALLOC", value: null };
  const zones = [zoneOf("Normal", { free: 40, min: 400 }, lists([0, 10]))];
  assert.deepEqual(reasons({ zones, gfp })[0], []);
  assert.deepEqual(reasons({ zones, gfp, order: 1 })[0], ["no-block"]);
});

test("a node mask excludes nodes, a cpuset only requests within it", () => {
  const zones = [0, 1].map((node) =>
    zoneOf("Normal", { free: 4000, min: 400 }, { node, ...lists([0, 1000]) }),
  );
  assert.deepEqual(reasons({ zones, nodemask: "1" }), [["node-not-allowed"], []]);
  assert.deepEqual(reasons({ zones, memsAllowed: "0" }), [[], []]);
  assert.deepEqual(reasons({ zones, memsAllowed: "0", gfp: MOVABLE }), [[], ["node-not-allowed"]]);
  assert.equal(inNodeMask(3, "0-1,3-4"), true);
  assert.equal(inNodeMask(2, "0-1,3-4"), false);
  assert.equal(inNodeMask(2, "(null)"), true);
});

test("free memory of zones that the request may not use is named", () => {
  const zones = [
    zoneOf("Normal", { free: 400, min: 400 }, lists([0, 100])),
    zoneOf("HighMem", { free: 2 ** 20, min: 512 }, lists([10, 256])),
  ];
  const { verdict, remedies } = explainReading(
    readingOf({ release: "5.10", order: 0, gfp: KERNEL, zones }),
  ).answer;
  assert.match(verdict.join(" "), /1 GiB in zone HighMem are free, but this request may not use them/);
  assert.ok(remedies.length > 0);
});

test("the highest zone of a request: GFP_ZONE_TABLE", () => {
  const kinds = ["DMA", "DMA32", "Normal", "Movable"] as const;
  const high = (...flags: string[]) => highestZone(new Set(flags), [...kinds]);
  assert.equal(high(), "Normal");
  assert.equal(high("DMA"), "DMA");
  assert.equal(high("DMA32"), "DMA32");
  assert.equal(high("HIGHMEM"), "Normal");
  assert.equal(high("MOVABLE"), "Normal");
  assert.equal(high("MOVABLE", "HIGHMEM"), "Movable");
  assert.equal(highestZone(new Set(["HIGHMEM"]), ["DMA", "Normal", "HighMem", "Movable"]), "HighMem");
  // Without ZONE_DMA the flag means Normal.
  assert.equal(highestZone(new Set(["DMA"]), ["Normal", "Movable"]), "Normal");
});

test("zones of the build follow from the length and the steps of lowmem_reserve[]", () => {
  const dma = (lowmemReserve: number[]) => [
    zoneOf("DMA", { free: 4000, min: 40, managed: 15_000 }, { lowmemReserve }),
  ];
  assert.deepEqual(zoneKinds(dma([0, 237, 237]), "i386"), ["DMA", "Normal", "Movable"]);
  assert.deepEqual(zoneKinds(dma([0, 1823, 14802, 14802, 14802]), "x86_64"), [
    "DMA",
    "DMA32",
    "Normal",
    "Movable",
    "Device",
  ]);
  assert.deepEqual(zoneKinds(dma([0, 0, 7284, 7284]), "arm"), ["DMA", "Normal", "HighMem", "Movable"]);
  assert.deepEqual(zoneKinds([zoneOf("Normal", { free: 1, min: 1 })], "ppc64le"), [
    "Normal",
    "Movable",
    "Device",
  ]);
});
