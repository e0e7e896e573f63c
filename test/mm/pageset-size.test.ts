import assert from "node:assert/strict";
import test from "node:test";
import { parseSize } from "../../lib/base/units";
import { zonePagesetSize } from "../../lib/mm/boot/pageset-size";
import { calculateMinFreeKbytes, setupPerZoneWmarks } from "../../lib/mm/boot/watermarks";

/**
 * One zone and one CPU, min_free_kbytes not raised by THP, managed pages equal to the nominal size. The values are
 * derived by hand from the rules of mm/page_alloc.c (fact sheet 2.7), not from this library.
 */
const TABLE: [
  page: string,
  memory: string,
  kbytes: number,
  marks: [number, number, number],
  v6_1: [number, number],
  v4_17: [number, number],
  v6_19: [number, number],
][] = [
  ["4K", "16M", 512, [128, 160, 192], [1, 160], [1, 0], [1, 160]],
  ["4K", "64M", 1024, [256, 320, 384], [3, 320], [3, 18], [3, 320]],
  ["4K", "256M", 2048, [512, 640, 768], [15, 640], [15, 90], [15, 640]],
  ["4K", "512M", 2896, [724, 905, 1086], [31, 905], [31, 186], [31, 905]],
  ["4K", "1G", 4096, [1024, 1286, 1548], [63, 1286], [31, 186], [63, 1286]],
  ["4K", "4G", 8192, [2048, 3096, 4144], [63, 3096], [31, 186], [63, 3096]],
  ["4K", "16G", 16384, [4096, 8290, 12484], [63, 8290], [31, 186], [63, 8290]],
  ["4K", "64G", 32768, [8192, 24969, 41746], [63, 24969], [31, 186], [63, 24969]],
  ["16K", "1G", 4096, [256, 321, 386], [15, 321], [7, 42], [15, 321]],
  ["64K", "1G", 4096, [64, 80, 96], [3, 80], [1, 6], [3, 80]],
  ["64K", "8G", 11585, [181, 312, 443], [3, 312], [1, 6], [3, 312]],
];

for (const [page, memory, kbytes, [min, low, high], v6_1, v4_17, v6_19] of TABLE)
  test(`watermarks and per-CPU lists of one zone of ${memory}, ${page} pages`, () => {
    const pageSize = parseSize(page, "page");
    const managed = parseSize(memory, "memory") / pageSize;
    const minFree = calculateMinFreeKbytes((managed * pageSize) / 1024, "6.1");
    assert.equal(minFree, kbytes);
    const [marks] = setupPerZoneWmarks({ minFreeKbytes: minFree, pageSize }, [managed]);
    assert.deepEqual(marks, { min, low, high });
    for (const [release, expected] of [
      ["6.1", v6_1],
      ["4.17", v4_17],
      ["6.19", v6_19],
    ] as const) {
      const { batch, high: listHigh } = zonePagesetSize(managed, low, 1, pageSize, release);
      assert.deepEqual([batch, listHigh], expected, release);
    }
  });

test("min_free_kbytes is capped at 64 MiB in 4.17 and at 256 MiB later", () => {
  const lowmemKbytes = 16 * 1024 ** 3;
  assert.equal(calculateMinFreeKbytes(lowmemKbytes, "4.17"), 65536);
  assert.equal(calculateMinFreeKbytes(lowmemKbytes, "6.1"), 262144);
  assert.equal(calculateMinFreeKbytes(1, "6.1"), 128);
});
