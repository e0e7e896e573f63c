/** The largest area on a map, beside maps whose answer can be counted. */
import assert from "node:assert/strict";
import test from "node:test";
import { explainReadings } from "../../lib/explain/explain-readings";
import { areaMapOf, largestArea, pagesAtBoot, placeArea } from "../../lib/explain/map-search";
import type { BootReading, Reading } from "../../lib/explain/reading";
import { readingOf } from "./hand-made";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

function mapOf(boot: Partial<BootReading>, more: Partial<Reading> = {}) {
  const reading = readingOf({ kind: "boot-memory", ...more });
  return readingOf({ ...reading, boot: { ...reading.boot, ...boot } });
}

const area = (reading: Reading, release = "6.6") => largestArea(areaMapOf(reading, release)!);
const reserved = (name: string, base: number, bytes: number, flags: string[] = []) => ({
  name,
  base,
  bytes,
  flags,
});

test("one range: all but what is reserved, in page blocks of 2 MiB", () => {
  // 0 to 1 GiB with the kernel at 2 MiB to 34 MiB: above it 990 MiB are free, below 2 MiB (but the first page).
  const reading = mapOf({ ram: [[0, GIB]], reserved: [reserved("Kernel", 2 * MIB, 32 * MIB)] });
  assert.deepEqual(area(reading), { bytes: 990 * MIB, base: 34 * MIB });
});

test("a reservation in the middle leaves the larger half", () => {
  const reading = mapOf({ ram: [[0, GIB]], reserved: [reserved("initrd", 301 * MIB, 40 * MIB)] });
  // Above: 1024 − 341 = 683 MiB, aligned from 342: 682 MiB. Below 301 MiB: 300.
  assert.deepEqual(area(reading), { bytes: 682 * MIB, base: 342 * MIB });
});

test("an area that is reusable, or CMA itself, is not in the way", () => {
  const reading = mapOf({
    ram: [[0, GIB]],
    reserved: [
      reserved("linux,cma", 512 * MIB, 64 * MIB),
      reserved("pool", 128 * MIB, 64 * MIB, ["reusable"]),
    ],
  });
  assert.equal(area(reading)!.bytes, 1022 * MIB);
});

test("case 09: 2 GiB below 4 GiB and 2 GiB above: 1900 MiB fit, 2048 do not", () => {
  const ram: [number, number][] = [
    [0, 2 * GIB],
    [32 * GIB, 34 * GIB],
  ];
  const reading = mapOf({ ram, reserved: [reserved("kernel", 0x80000, 32 * MIB)] }, { arch: "arm64" });
  const map = areaMapOf(reading, "4.17")!;
  // Before 5.19 an area is aligned to the largest buddy, 4 MiB.
  assert.equal(map.alignment, 4 * MIB);
  assert.notEqual(placeArea(map, 1900 * MIB), null);
  assert.equal(placeArea(map, 2048 * MIB), null);
  assert.ok(largestArea(map)!.bytes < 2048 * MIB);
});

test("pages of 64 KiB: an area is a multiple of 512 MiB", () => {
  const ram: [number, number][] = [[0, GIB]];
  const free = mapOf({ ram }, { arch: "arm64", pageBytes: 65536 });
  const taken = mapOf(
    { ram, reserved: [reserved("kernel", MIB, MIB), reserved("firmware", 948 * MIB, 76 * MIB)] },
    { pageBytes: 65536 },
  );
  assert.deepEqual(area(free), { bytes: 512 * MIB, base: 512 * MIB });
  assert.equal(area(taken), null);
});

test("huge pages at boot are aligned and in one piece", () => {
  // 1 GiB to 4 GiB less 100 MiB at 2 GiB: of 1, 2 and 3 GiB the middle one is cut.
  const reading = mapOf({ ram: [[GIB, 4 * GIB]], reserved: [reserved("kernel", 2 * GIB, 100 * MIB)] });
  const map = areaMapOf(reading, "6.6")!;
  assert.equal(pagesAtBoot(map, GIB), 2);
  assert.equal(pagesAtBoot(map, 2 * MIB), (3 * 1024 - 100) / 2);
});

test("a map in the same text gives the sizes of a refused area", () => {
  const map = mapOf(
    { ram: [[0, GIB]], reserved: [reserved("initrd", 301 * MIB, 40 * MIB)] },
    { release: "6.6" },
  );
  const failed = readingOf({
    kind: "cma-reservation",
    release: "6.6",
    cma: [
      {
        event: "reserve-failed",
        area: null,
        node: null,
        base: null,
        bytes: 800 * MIB,
        askedPages: null,
        alignOrder: null,
        errno: null,
        freePages: null,
        totalPages: null,
        runs: [],
        pfns: null,
        words: "cma: Failed to reserve 800 MiB",
        place: { source: "by hand", first: 1, last: 1 },
      },
    ],
  });
  const answer = explainReadings([map, failed])[1]!.answer;
  assert.deepEqual(answer.reasons, ["cma-not-reserved"]);
  assert.match(answer.verdict.join(" "), /largest area that fits.*682 MiB/);
  assert.match(answer.remedies[0]!.how, /cma=682M/);
  assert.equal(answer.remedies[0]!.basis, "search");
});
