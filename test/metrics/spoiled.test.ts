/** Spoiled page blocks, their places, and clean ranges: against hand counts, and against what the search finds. */
import assert from "node:assert/strict";
import test from "node:test";
import { System } from "../../lib/machine/system";
import { type BlockSummary, blockSummary } from "../../lib/metrics/block-summary";
import { halfwayShare } from "../../lib/metrics/runs";
import { cleanRanges, spoiledPlaces } from "../../lib/metrics/spoiled";
import { occupancy } from "../../lib/workload/age";
import { runOn } from "../workload/small";

/** Page blocks of 4 frames; `#` holds an unmovable page, `s` reclaimable slab, `m` a movable page, ` ` is no memory. */
function drawn(map: string, zones = "N".repeat(map.length)): BlockSummary {
  const at = [...map].flatMap((c, i) => (c === " " ? [] : [i]));
  const column = (c: string) => at.map((i) => (map[i] === c ? 1 : 0));
  const none = at.map(() => 0);
  return {
    pageblockPages: 4,
    blocksPerGroup: 1,
    startPfn: at.map((i) => 4 * i),
    zone: at.map((i) => (zones[i] === "M" ? "Movable" : zones[i]!)),
    blocks: {},
    freePages: none,
    perCpuPages: none,
    classPages: {
      movable: column("m"),
      reclaimable: column("s"),
      unmovable: column("#"),
      cma: none,
      hugetlb: none,
      reserved: column("r"),
      hole: none,
    },
    kindPages: {},
    pinnedPages: none,
  };
}

test("spoiled page blocks that are adjacent are one place; a hole ends a place", () => {
  assert.deepEqual(spoiledPlaces(drawn("..##.ms.r#")), { blocks: 10, spoiled: 5, places: 3 });
  assert.deepEqual(spoiledPlaces(drawn("# #")), { blocks: 2, spoiled: 2, places: 2 });
  assert.deepEqual(spoiledPlaces(drawn("m..")), { blocks: 3, spoiled: 0, places: 0 });
});

test("clean ranges begin at multiples of their size, in one zone, and not in ZONE_MOVABLE", () => {
  const four = (map: string, zones?: string) => cleanRanges(drawn(map, zones), 16);
  assert.equal(four("........"), 2);
  assert.equal(four(".....m.."), 2, "what moves does not count");
  assert.equal(four("...#...."), 1);
  assert.equal(four("..#.s..."), 0, "reclaimable slab does");
  assert.equal(four(".......#...."), 2);
  assert.equal(four("# ......"), 1, "a hole bars its range");
  assert.equal(four("........", "NNNNNNMM"), 1, "no range crosses a zone");
  assert.equal(four("........", "MMMMNNNN"), 1, "none in ZONE_MOVABLE");
  assert.equal(four("..."), 0);
  assert.equal(cleanRanges(drawn(".#.."), 4), 3);
});

test("one page block per group, and whole page blocks", () => {
  const coarse = { ...drawn("...."), blocksPerGroup: 2 };
  assert.throws(() => spoiledPlaces(coarse), /spoiled places: .* one page block per group: got 2/);
  assert.throws(() => cleanRanges(coarse, 16), /clean ranges: .* one page block per group: got 2/);
  assert.throws(() => cleanRanges(drawn("...."), 6), /clean ranges: pages must be a multiple .*\(4\): got 6/);
});

test("alloc_contig_pages() finds a range exactly if one is clean, however much moves", () => {
  const pages = (64 * 2 ** 20) / 4096;
  let found = 0;
  const seeds = 24;
  for (let seed = 1; seed <= seeds; seed++) {
    const s = System.boot({ board: "pc-x86-64", memoryBytes: 2 ** 30, cma: { kind: "off" } });
    if (seed % 2 === 0) while (occupancy(s) < 0.6) s.alloc("anon");
    runOn(s, { kind: "scatterUnmovable", share: 0.08 }, seed);
    const clean = cleanRanges(blockSummary(s.memory, { blocksPerGroup: 1 }), pages);
    const { ok } = s.contig.allocContigPages(pages);
    assert.equal(ok, clean > 0, `seed ${seed}: ${clean} clean ranges`);
    if (ok) found++;
  }
  assert.ok(found > 0 && found < seeds, `both answers occur: ${found} of ${seeds}`);
});

test("the halfway share gives one half: by counting every pattern", () => {
  // 2 ranges of 4 blocks, spoiled in runs of 1, 2, 4 or 8 blocks: the chance that one is clean, over all patterns of runs.
  for (const run of [1, 2, 4, 8]) {
    const p = halfwayShare(2, 4, run);
    const runs = 8 / run;
    let chance = 0;
    for (let bits = 0; bits < 2 ** runs; bits++) {
      const hit = (block: number) => ((bits >> Math.floor(block / run)) & 1) === 1;
      const clean = (from: number) => ![0, 1, 2, 3].some((i) => hit(from + i));
      const weight = Array.from({ length: runs }, (_, i) => ((bits >> i) & 1 ? p : 1 - p));
      if (clean(0) || clean(4)) chance += weight.reduce((a, b) => a * b, 1);
    }
    assert.ok(Math.abs(chance - 0.5) < 1e-12, `runs of ${run}: ${chance}`);
  }
  assert.equal(halfwayShare(0, 4), 0);
  assert.throws(() => halfwayShare(2, 4, 0), /run must be a whole number of blocks, 1 or more: got 0/);
});
