import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { kernelProfile } from "../../lib/mm/state/profile";
import { readInput } from "../../lib/trace/input";
import { compareWithSnapshot } from "../../lib/trace/snapshot-compare";
import { loadSnapshot } from "../../lib/trace/snapshot-load";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { writeSnapshot } from "../../lib/trace/snapshot-write";
import { FIXTURES } from "../support/cli";

const file = (name: string) => join(FIXTURES, "x86-6.1", name);

for (const name of ["w1-files/S0.txt.gz", "w1-files/S1.txt.gz", "w4-thp/S1.txt.gz", "boot-8G/S0.txt.br"])
  test(`${name}: loaded and saved, it is the same text`, () => {
    const bytes = readInput(file(name));
    const snapshot = parseSnapshot(bytes, name);
    const memory = loadSnapshot(snapshot, kernelProfile("6.1"));
    assert.deepEqual(compareWithSnapshot(memory, snapshot), []);
    assert.equal(writeSnapshot(memory, snapshot), bytes.toString("latin1"));
  });

test("S0 and S1 of one recording differ, and the comparison says where", () => {
  const s0 = parseSnapshot(readInput(file("w1-files/S0.txt.gz")), "S0");
  const s1 = parseSnapshot(readInput(file("w1-files/S1.txt.gz")), "S1");
  const found = compareWithSnapshot(loadSnapshot(s0, kernelProfile("6.1")), s1);
  assert.ok(found.some((d) => d.what.startsWith("free list")));
  assert.ok(found.some((d) => d.what.startsWith("pcplist")));
});

const TINY = [
  "snapshot v1 slot=0 max_order=2 migratetypes=5 pcp_lists=14 pageblock_order=1 max_nr_zones=5 mobility_disabled=0 cpus=1",
  "zone 0 DMA start=0 spanned=4 present=4 managed=4 wmark_min=0 wmark_low=0 wmark_high=0 wmark_promo=0 watermark_boost=0 nr_reserved_highatomic=0 lowmem_reserve=0,0,0,0,0 nr_free_pages=2 nr_free_cma=0 flags=0 nr_isolate_pageblock=0",
  "pb 0 2 1 0",
  "area 0 nr_free=0",
  "area 1 nr_free=1",
  "free 1 1 1 : 2",
  "pcp 0 count=0 high=0 batch=1 free_factor=0 expire=0 vmstat_diff_nr_free=0 stat_threshold=2",
  "class 0 4 : 02 81 01",
];
const load = (lines: string[], end = "\n") => {
  const snapshot = parseSnapshot(Buffer.from(lines.join("\n") + end), "S0.txt");
  return loadSnapshot(snapshot, kernelProfile("6.1"));
};
const without = (i: number) => TINY.filter((_, k) => k !== i);
const changed = (i: number, from: string, to: string) =>
  TINY.map((l, k) => (k === i ? l.replace(from, to) : l));

test("the tiny snapshot of these tests is valid", () => {
  assert.equal(load(TINY).zones[0]!.nrFreePages, 2);
});

for (const [what, lines, message] of [
  ["no first line", without(0), /S0\.txt:1: a snapshot begins with/],
  ["no page blocks", without(2), /S0\.txt:7: the snapshot is cut short: zone DMA lacks its page blocks/],
  [
    "an area missing",
    TINY.slice(0, 4),
    /S0\.txt:4: the snapshot is cut short: zone DMA lacks its free areas/,
  ],
  ["no classes", TINY.slice(0, 7), /cut short: zone DMA lacks its frame classes/],
  [
    "a count that its list contradicts",
    changed(4, "nr_free=1", "nr_free=2"),
    /area 1 says nr_free=2 but its lists hold 1/,
  ],
  [
    "fewer frames than announced",
    changed(5, "1 : 2", "2 : 2"),
    /S0\.txt:6: free 1 1: 2 frames announced, 1 there/,
  ],
  ["an unknown record", [...TINY, "zebra 1"], /S0\.txt:9: unknown record "zebra"/],
  ["a frame outside the zone", changed(5, ": 2", ": 8"), /free page 8 of order 1 is outside the zone/],
  [
    "runs that do not cover the zone",
    changed(7, "01", "09"),
    /S0\.txt:8: class: 4 frames announced, the runs cover 12/,
  ],
  [
    "a field that is no number",
    changed(1, "managed=4", "managed=x"),
    /S0\.txt:2: field managed must be a whole number: got x/,
  ],
] as const)
  test(`bad snapshot: ${what}`, () => {
    assert.throws(() => load([...lines]), message);
  });

test("bad snapshot: cut inside a record", () => {
  assert.throws(() => load(TINY, ""), /S0\.txt:8: the snapshot is cut short inside a "class" record/);
});
