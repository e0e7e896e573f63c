/**
 * Skip bits of compaction and contiguous requests, by mm/compaction.c: isolate_migratepages_block() asked no_set_skip_hint up
 * to 5.0, did not from e380bebe4771 (5.1) on, and asks it again since 8b71b499ff98 (6.5). The scan never heeds the bits
 * (ignore_skip_hint), and never moves the scanner of later runs (update_cached_migrate() asks no_set_skip_hint in every release).
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { kernelSwitches } from "../../lib/hardware/kernel-release";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { CompactControl, MIGRATE_SYNC_LIGHT } from "../../lib/mm/compaction/compact-control";
import { isolateMigratepages } from "../../lib/mm/compaction/compaction-migrate-scanner";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { ALLOCATED, BLOCK_SKIP, IN_USE_MOVABLE } from "../../lib/mm/state/page-state";
import { readInput } from "../../lib/trace/input";
import { openRecording } from "../../lib/trace/recording";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { FIXTURES } from "../support/cli";
import { takeAll, tinyMemory } from "./tiny-memory";

const MARKS: readonly [KernelRelease, boolean][] = [
  ["4.17", false],
  ["5.0", false],
  ["5.1", true],
  ["6.1", true],
  ["6.4", true],
  ["6.5", false],
  ["6.12", false],
  ["7.3", false],
];

/** Page blocks 2 to 5; block 3 alone is in use, all of it by single pages that can move. */
function oneBlockInUse(release: KernelRelease): Memory {
  const m = tinyMemory(release);
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  for (let pfn = 1024; pfn < 3072; pfn++)
    if (pfn < 1536 || pfn >= 2048) freeOnePage(m, m.zones[0]!, pfn, 0, MIGRATE_MOVABLE, false);
  return m;
}

const skipped = (m: Memory) => [2, 3, 4, 5, 6].filter((block) => (m.blocks[block]! & BLOCK_SKIP) !== 0);

test("a contiguous request marks a page block without a movable page from 5.1 to 6.4, and one with such pages never", () => {
  for (const [release, marks] of MARKS) {
    const m = oneBlockInUse(release);
    m.blocks[3]! |= BLOCK_SKIP;
    const cached = [...m.zones[0]!.compact.cachedMigratePfn];
    const got = new Contiguous(m).allocContigRange(1024, 2048);
    assert.ok(got.ok);
    assert.equal(got.migrated, 512, "the pages of block 3, whose mark is not heeded");
    assert.deepEqual(skipped(m), marks ? [2, 3] : [3], release);
    assert.deepEqual([...m.zones[0]!.compact.cachedMigratePfn], cached);
  }
});

test("compaction passes a marked block by when its pages can move again: from 5.1 to 6.4 it begins with the next", () => {
  for (const [release, marks] of MARKS) {
    const m = oneBlockInUse(release);
    assert.ok(new Contiguous(m).allocContigRange(1024, 2048).ok);
    // The buffer is given back, and programs fill both blocks.
    m.state.fill(ALLOCATED | IN_USE_MOVABLE, 1024, 2048);
    const options = { order: 3, gfp: GFP_HIGHUSER_MOVABLE, mode: MIGRATE_SYNC_LIGHT };
    const cc = new CompactControl(m, m.zones[0]!, options);
    assert.ok(isolateMigratepages(m, cc));
    assert.equal(cc.migratepages[0], marks ? 1536 : 1024, release);
  }
});

test("a request in an area does the same, and marks no block of which it scans a part", () => {
  for (const [release, marks] of MARKS) {
    const m = tinyMemory(release, { cma: 512 });
    const contig = new Contiguous(m);
    assert.ok(contig.allocContigRange(3072 + 256, 3584, MIGRATE_CMA).ok);
    assert.deepEqual(skipped(m), [], "valid_page is the first page of a block");
    contig.freeContigRange(3072 + 256, 256);
    assert.ok(contig.cmaAlloc(512).ok);
    assert.deepEqual(skipped(m), marks ? [6] : [], release);
  }
});

// What recorded kernels did: blocks that a contiguous request scanned as a whole without taking a page, and how many of them
// are marked in the last snapshot. In none of these recordings does compaction run, which would mark blocks too.
for (const [name, release, scanned, marked] of [
  ["arm64-cma/c2-4k-cmaalloc", "6.1", 39, 39],
  ["x86-7.3.4/w8b-cmatight", "7.3", 1, 0],
] as const)
  test(`${name}: ${marked} of ${scanned} blocks in which nothing was found are marked`, () => {
    const { s0, s1, trace } = openRecording(join(FIXTURES, name));
    const empty = new Set<number>();
    const scan =
      /isolate_migratepages start(?:_pfn)?=(\d+) end(?:_pfn)?=(\d+) (?:nr_scanned=\d+ )?(?:nr_)?taken=0$/gm;
    for (const [, from, to] of readInput(trace).toString("latin1").matchAll(scan))
      if (Number(from) % 512 === 0 && Number(to) - Number(from) === 512) empty.add(Number(from));
    assert.equal(empty.size, scanned);
    const marks = (file: string) =>
      parseSnapshot(readInput(file), file)
        .zones.flatMap((zone) => zone.blocks)
        .filter((run) => run.skip !== 0)
        .flatMap((run) => Array.from({ length: run.count }, (_, i) => run.start + 512 * i))
        .filter((block) => empty.has(block)).length;
    assert.equal(marks(s0), 0);
    assert.equal(marks(s1), marked);
    assert.equal(kernelSwitches(release).contigSetsSkip, marked > 0);
  });
