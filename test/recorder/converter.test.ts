/** Rings become traces: every line stands where its page changed hands. The expected lines are written by hand. */
import assert from "node:assert/strict";
import test from "node:test";
import { Converter } from "../../lib/recorder/converter";
import { openRing, readRing } from "../../lib/recorder/ring-reader";
import { recordBytes, ringFile, type Written } from "../support/ring";

/** Kinds as lib/recorder/module/recorder.h numbers them. */
const ALLOC = 3;
const FREE = 4;
const BATCHED = 5;
const COMMIT = 6;
const BUDDY = 7;
const TAKE = 8;
const DRAINED = 9;
const EXTFRAG = 10;
const FLAGS = 11;
const ISOLATE = 13;
const ISOLATED = 14;
const PUTBACK = 15;
const BULK_ENTER = 16;
const BULK_PAGE = 17;
const BULK_EXIT = 18;
const TRYLOCK = 19;
const SEARCH = 20;
const SLOWPATH = 21;
const DRAIN_ZONE = 22;
const WATCH = 26;
const EVENT = 28;
const RANGE = 32;
const RANGE_END = 33;
const SOURCE = 34;
const UNMAPPED = 35;
const MOVED = 36;
const ROTATE = 37;

const GFP = 0x14dca;

function converted(records: readonly Written[]): { lines: string[]; converter: Converter } {
  const converter = new Converter();
  const ring = openRing(ringFile(records.map(recordBytes)), "ring");
  readRing(
    ring,
    (r) => converter.record(r),
    () => assert.fail("no text was written"),
  );
  const lines = [...converter.lines.pieces()].join("").split("\n");
  assert.equal(lines.pop(), "");
  return { lines, converter };
}

const linesOf = (records: readonly Written[]) => converted(records).lines;

test("a request stands behind the last page that it took under the zone's lock, another CPU's later take behind it", () => {
  assert.deepEqual(
    linesOf([
      { kind: SEARCH, args: [GFP, 0, 1], pid: 7 },
      { kind: TRYLOCK, args: [1, 1], pid: 7 },
      { kind: TAKE, args: [100, 0, 1, 1], pid: 7 },
      { kind: TAKE, args: [101, 0, 1, 1], pid: 7 },
      { kind: SEARCH, args: [GFP, 0, 1], pid: 8, cpu: 1 },
      { kind: TRYLOCK, args: [1, 1], pid: 8, cpu: 1 },
      { kind: TAKE, args: [102, 0, 1, 1], pid: 8, cpu: 1 },
      { kind: ALLOC, args: [102, 0, 1, GFP], pid: 8, cpu: 1 },
      { kind: ALLOC, args: [100, 0, 1, GFP], pid: 7 },
    ]),
    ["Z 100 0 1 1", "Z 101 0 1 1", "A 100 0 1 14dca 7", "c 1", "Z 102 0 1 1", "A 102 0 1 14dca 8"],
  );
});

test("a page from a per-CPU list is taken when its lock is: before a drain that another CPU made since", () => {
  assert.deepEqual(
    linesOf([
      { kind: SEARCH, args: [GFP, 0, 1], pid: 7 },
      { kind: TRYLOCK, args: [1, 1], pid: 7 },
      { kind: DRAIN_ZONE, args: [0, 1], pid: 9, cpu: 1 },
      { kind: BUDDY, args: [55, 0, 1], pid: 9, cpu: 1 },
      { kind: DRAINED, args: [55, 0, 1], pid: 9, cpu: 1 },
      { kind: ALLOC, args: [54, 0, 1, GFP], pid: 7 },
    ]),
    ["A 54 0 1 14dca 7", "c 1", "E 9 drain_pages_zone cpu=0 zone=1", "D 55 0 1"],
  );
});

test("a free stands where its page enters the list, and before the pages that it drains", () => {
  assert.deepEqual(
    linesOf([
      { kind: FREE, args: [60, 0], pid: 3 },
      { kind: FREE, args: [61, 0], pid: 3 },
      { kind: TRYLOCK, args: [1, 1], pid: 3 },
      { kind: BATCHED, args: [60], pid: 3 },
      { kind: COMMIT, args: [60, 0], pid: 3 },
      { kind: BATCHED, args: [61], pid: 3 },
      { kind: COMMIT, args: [61, 0], pid: 3 },
      // Another CPU has the zone's lock first.
      { kind: FREE, args: [80, 4], pid: 4, cpu: 1 },
      { kind: BUDDY, args: [80, 4, 1], pid: 4, cpu: 1 },
      { kind: BUDDY, args: [59, 0, 1], pid: 3 },
      { kind: DRAINED, args: [59, 0, 1], pid: 3 },
    ]),
    ["F 60 0 3", "B 60", "E 3 pcp_lock", "c 1", "F 80 4 4", "c 0", "F 61 0 3", "B 61", "D 59 0 1"],
  );
});

test("a drain of lists that are empty has no line", () => {
  assert.deepEqual(
    linesOf([
      { kind: DRAIN_ZONE, args: [1, 0] },
      { kind: DRAIN_ZONE, args: [1, 1] },
    ]),
    [],
  );
});

test("a refused lock is shown, and counted", () => {
  const { lines, converter } = converted([
    { kind: FREE, args: [70, 0], pid: 3, context: 1 },
    { kind: TRYLOCK, args: [1, 0], pid: 3, context: 1 },
    { kind: BUDDY, args: [70, 0, 1], pid: 3, context: 1 },
  ]);
  assert.deepEqual(lines, ["tf 1", "F 70 0 3"]);
  assert.equal(converter.found.refusedLocks, 1);
});

test("an interrupt of a task does not take the task's place", () => {
  assert.deepEqual(
    linesOf([
      { kind: SEARCH, args: [GFP, 0, 1], pid: 7 },
      { kind: TRYLOCK, args: [1, 1], pid: 7 },
      { kind: SEARCH, args: [0xa20, 0, 1], pid: 7, context: 2 },
      { kind: TRYLOCK, args: [1, 0], pid: 7, context: 2 },
      { kind: TAKE, args: [200, 0, 0, 1], pid: 7, context: 2 },
      { kind: ALLOC, args: [200, 0, 0, 0xa20], pid: 7, context: 2 },
      { kind: ALLOC, args: [54, 0, 1, GFP], pid: 7 },
    ]),
    ["A 54 0 1 14dca 7", "tf 1", "Z 200 0 0 1", "A 200 0 0 a20 7"],
  );
});

test("a task that goes to another CPU keeps its place on the first one", () => {
  assert.deepEqual(
    linesOf([
      { kind: SEARCH, args: [GFP, 0, 1], pid: 7, cpu: 1 },
      { kind: TRYLOCK, args: [1, 1], pid: 7, cpu: 1 },
      { kind: ALLOC, args: [54, 0, 1, GFP], pid: 7, cpu: 0 },
    ]),
    ["c 1", "A 54 0 1 14dca 7"],
  );
});

test("a request whose page was taken before the first snapshot has no line; a free announced before it has one", () => {
  assert.deepEqual(
    linesOf([
      { kind: ALLOC, args: [54, 0, 1, GFP], pid: 7 },
      { kind: COMMIT, args: [33, 1], pid: 8 },
      { kind: BUDDY, args: [96, 5, 0], pid: 9 },
      { kind: EVENT, args: [19, 0], pid: 9 },
    ]),
    ["F 33 1 8", "F 96 5 9", "E 9 mm_vmscan_kswapd_sleep nid=0"],
  );
});

test("a bulk request stands where it took its pages; a page of its single request is no page of the bulk", () => {
  assert.deepEqual(
    linesOf([
      { kind: BULK_ENTER, args: [3, 0xcc0], pid: 5 },
      { kind: TRYLOCK, args: [1, 1], pid: 5 },
      { kind: TAKE, args: [300, 0, 0, 1], pid: 5 },
      { kind: SEARCH, args: [GFP, 0, 1], pid: 6, cpu: 1 },
      { kind: TRYLOCK, args: [1, 1], pid: 6, cpu: 1 },
      { kind: ALLOC, args: [41, 0, 1, GFP], pid: 6, cpu: 1 },
      { kind: BULK_PAGE, args: [300, 0xcc0], pid: 5 },
      { kind: BULK_PAGE, args: [299, 0xcc0], pid: 5 },
      { kind: BULK_EXIT, args: [2], pid: 5 },
      { kind: BULK_ENTER, args: [2, 0xcc0], pid: 5 },
      { kind: SEARCH, args: [0xcc0, 0, 1], pid: 5 },
      { kind: TRYLOCK, args: [1, 1], pid: 5 },
      { kind: ALLOC, args: [298, 0, 0, 0xcc0], pid: 5 },
      { kind: BULK_PAGE, args: [298, 0xcc0], pid: 5 },
      { kind: BULK_EXIT, args: [1], pid: 5 },
    ]),
    [
      ...["Z 300 0 0 1", "bE 3 cc0 5", "b 300 cc0 5", "b 299 cc0 5", "bX 2 5", "c 1", "A 41 0 1 14dca 6"],
      ...["c 0", "A 298 0 0 cc0 5", "bE 2 cc0 5", "bX 1 5"],
    ],
  );
});

test("a bulk request that another CPU interrupted between two takes is marked", () => {
  const { lines, converter } = converted([
    { kind: BULK_ENTER, args: [2, 0xcc0], pid: 5 },
    { kind: TRYLOCK, args: [1, 1], pid: 5 },
    { kind: TAKE, args: [300, 0, 0, 1], pid: 5 },
    { kind: FREE, args: [80, 4], pid: 4, cpu: 1 },
    { kind: BUDDY, args: [80, 4, 1], pid: 4, cpu: 1 },
    { kind: TAKE, args: [301, 0, 0, 1], pid: 5 },
    { kind: BULK_PAGE, args: [300, 0xcc0], pid: 5 },
    { kind: BULK_PAGE, args: [301, 0xcc0], pid: 5 },
    { kind: BULK_EXIT, args: [2], pid: 5 },
  ]);
  assert.equal(converter.found.handovers, 1);
  assert.deepEqual(lines.slice(4, 7), ["Z 301 0 0 1", "E 5 handover", "bE 2 cc0 5"]);
});

test("isolation, putting back, block types and skip bits", () => {
  assert.deepEqual(
    linesOf([
      { kind: ISOLATE, args: [512, 9] },
      { kind: FLAGS, args: [512, 1, 7] },
      { kind: ISOLATED, args: [512] },
      { kind: FLAGS, args: [1024, 8, 8] },
      { kind: PUTBACK, args: [512, 9, 1] },
      { kind: BUDDY, args: [512, 9, 1] },
    ]),
    ["I 512 9 512", "M 512 1", "K 1024 8 8", "P 512 9 1"],
  );
});

test("pages announced one by one and freed as one, and a block that enters in pieces", () => {
  assert.deepEqual(
    linesOf([
      { kind: FREE, args: [64, 0], pid: 2 },
      { kind: FREE, args: [65, 0], pid: 2 },
      { kind: COMMIT, args: [64, 1], pid: 2 },
      { kind: FREE, args: [1024, 10], pid: 2 },
      { kind: BUDDY, args: [1024, 9, 1], pid: 2 },
      { kind: BUDDY, args: [1536, 9, 1], pid: 2 },
    ]),
    ["f 64 0 2", "f 65 0 2", "G 64 1 2", "F 1024 10 2"],
  );
});

test("a free page that is isolated in part enters the lists in pieces that nobody freed", () => {
  assert.deepEqual(
    linesOf([
      { kind: RANGE, args: [1536, 1600, 1, 1], pid: 7 },
      { kind: FLAGS, args: [1536, 16, 16], pid: 7 },
      { kind: BUDDY, args: [1024, 9, 1], pid: 7 },
      { kind: BUDDY, args: [1536, 9, 5], pid: 7 },
      { kind: FREE, args: [50, 4], pid: 7 },
      { kind: BUDDY, args: [50, 4, 1], pid: 7 },
      { kind: RANGE_END, args: [-16, 1], pid: 7 },
    ]),
    ["E 7 acr start=1536 end=1600 flags=1", "K 1536 16 16", "F 50 4 7", "E 7 acr_ret ret=-16"],
  );
});

test("a range of single pages is freed in the largest pieces, one seen in two halves is one", () => {
  const single = Array.from({ length: 1536 }, (_, i) => ({ kind: FREE, args: [1024 + i, 0], pid: 2 }));
  const lines = linesOf([
    ...single,
    { kind: BUDDY, args: [1024, 9, 1], pid: 2 },
    { kind: BUDDY, args: [1536, 9, 1], pid: 2 },
    { kind: COMMIT, args: [2048, 9], pid: 2 },
  ]);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("f ")),
    ["G 1024 10 2", "G 2048 9 2"],
  );
  assert.equal(lines.length, 1538);
  // No buddy is as large as 2^10 pages if the snapshot says so.
  const converter = new Converter();
  converter.snapshot("snapshot v1 slot=0 max_order=10 migratetypes=6\n");
  const records = single.slice(0, 1024).map(recordBytes);
  const halves = [1024, 1536].map((pfn) => recordBytes({ kind: BUDDY, args: [pfn, 9, 1], pid: 2 }));
  readRing(
    openRing(ringFile([...records, ...halves]), "ring"),
    (r) => converter.record(r),
    () => {},
  );
  const groups = [...converter.lines.pieces()].join("").match(/^G .*$/gm);
  assert.deepEqual(groups, ["G 1024 9 2", "G 1536 9 2"]);
});

test("each attempt of a contiguous request to move a page: it is moved, it stays mapped, or it keeps its content", () => {
  const asked = (source: number, target: number) => [
    { kind: SOURCE, args: [source], pid: 7 },
    { kind: SEARCH, args: [GFP, 0, 65], pid: 7 },
    { kind: TRYLOCK, args: [1, 1], pid: 7 },
    { kind: ALLOC, args: [target, 0, 1, GFP], pid: 7 },
  ];
  const freed = (pfn: number) => [
    { kind: FREE, args: [pfn, 0], pid: 7 },
    { kind: TRYLOCK, args: [1, 1], pid: 7 },
    { kind: COMMIT, args: [pfn, 0], pid: 7 },
  ];
  assert.deepEqual(
    linesOf([
      { kind: RANGE, args: [512, 515, 4, 0], pid: 7 },
      ...asked(512, 90),
      { kind: UNMAPPED, args: [512, 90], pid: 7 },
      { kind: MOVED, args: [512, 90, 0], pid: 7 },
      ...freed(512),
      ...asked(513, 91),
      ...freed(91),
      ...asked(514, 91),
      { kind: UNMAPPED, args: [514, 91], pid: 7 },
      { kind: MOVED, args: [514, 91, -11], pid: 7 },
      ...freed(91),
      { kind: RANGE_END, args: [-16, 0], pid: 7 },
      // Other migrations have no lines.
      ...asked(600, 91),
      { kind: UNMAPPED, args: [600, 91], pid: 7 },
      { kind: MOVED, args: [600, 91, 0], pid: 7 },
    ]),
    [
      ...["R 512 515 4", "A 90 0 1 14dca 7", "u 512 90 1", "m 512 90 0", "F 512 0 7"],
      ...["A 91 0 1 14dca 7", "u 513 91 -11", "F 91 0 7"],
      ...["A 91 0 1 14dca 7", "u 514 91 1", "m 514 91 -11", "F 91 0 7", "Rx -16", "A 91 0 1 14dca 7"],
    ],
  );
});

test("the slow path shows its passes; values that changed unannounced are lines of their own", () => {
  assert.deepEqual(
    linesOf([
      { kind: SEARCH, args: [GFP, 2, 65], pid: 7 },
      { kind: SLOWPATH, args: [GFP, 2], pid: 7 },
      { kind: WATCH, args: [3, 1, 2], pid: 7 },
      { kind: WATCH, args: [0, 1, 512], pid: 7 },
      { kind: WATCH, args: [3, 1, 3], pid: 7 },
      { kind: WATCH, args: [3, 1, 0], pid: 7 },
      { kind: SEARCH, args: [GFP, 2, 64], pid: 7 },
      { kind: ALLOC, args: [-1, 2, 1, GFP], pid: 7 },
    ]),
    [
      ...["E 7 slowpath gfp=85450 order=2", "W 1 1", "E 7 zone_flags zone=1 value=2"],
      ...["E 7 watermark_boost zone=1 value=512", "E 7 zone_flags zone=1 value=3"],
      ...["W 1 0", "E 7 zone_flags zone=1 value=0"],
      ...["E 7 search gfp=85450 order=2 alloc_flags=64", "A -1 2 1 14dca 7"],
    ],
  );
});

test("a free does not move to pages that something else drains later; a decay stands before its pages", () => {
  assert.deepEqual(
    linesOf([
      { kind: FREE, args: [60, 0], pid: 3 },
      { kind: TRYLOCK, args: [1, 1], pid: 3 },
      { kind: COMMIT, args: [60, 0], pid: 3 },
      { kind: SEARCH, args: [GFP, 0, 1], pid: 8, cpu: 1 },
      { kind: TRYLOCK, args: [1, 1], pid: 8, cpu: 1 },
      { kind: ALLOC, args: [90, 0, 1, GFP], pid: 8, cpu: 1 },
      { kind: 31, args: [1], pid: 3 },
      { kind: EVENT, args: [19, 0], pid: 8, cpu: 1 },
      { kind: BUDDY, args: [59, 0, 1], pid: 3 },
      { kind: DRAINED, args: [59, 0, 1], pid: 3 },
    ]),
    [
      ...["F 60 0 3", "c 1", "A 90 0 1 14dca 8", "E 8 mm_vmscan_kswapd_sleep nid=0"],
      ...["c 0", "E 3 decay_pcp_high zone=1", "D 59 0 1"],
    ],
  );
});

test("where another CPU came between a look at the zones and the page, the look has a line", () => {
  const { lines, converter } = converted([
    { kind: SEARCH, args: [GFP, 0, 65], pid: 7 },
    { kind: FREE, args: [80, 4], pid: 4, cpu: 1 },
    { kind: BUDDY, args: [80, 4, 1], pid: 4, cpu: 1 },
    { kind: TRYLOCK, args: [1, 1], pid: 7 },
    { kind: ALLOC, args: [54, 0, 1, GFP], pid: 7 },
  ]);
  assert.deepEqual(lines, [
    ...["E 7 search gfp=85450 order=0 alloc_flags=65", "c 1", "F 80 4 4", "c 0", "A 54 0 1 14dca 7"],
  ]);
  assert.equal(converter.found.oldReads, 1);
});

test("what a task frees between its page and its announcement does not take the page's place", () => {
  assert.deepEqual(
    linesOf([
      { kind: SEARCH, args: [GFP, 0, 65], pid: 7 },
      { kind: TRYLOCK, args: [1, 1], pid: 7 },
      { kind: SEARCH, args: [GFP, 0, 65], pid: 8 },
      { kind: TRYLOCK, args: [1, 1], pid: 8 },
      { kind: ALLOC, args: [55, 0, 1, GFP], pid: 8 },
      { kind: FREE, args: [60, 0], pid: 7 },
      { kind: TRYLOCK, args: [1, 1], pid: 7 },
      { kind: COMMIT, args: [60, 0], pid: 7 },
      { kind: ALLOC, args: [54, 0, 1, GFP], pid: 7 },
    ]),
    ["A 54 0 1 14dca 7", "A 55 0 1 14dca 8", "F 60 0 7"],
  );
});

test("a page captured by compaction stands behind the free that made it, with no lock of its own", () => {
  assert.deepEqual(
    linesOf([
      { kind: SEARCH, args: [GFP, 9, 64], pid: 7 },
      { kind: FREE, args: [512, 0], pid: 7 },
      { kind: TRYLOCK, args: [1, 1], pid: 7 },
      { kind: COMMIT, args: [512, 0], pid: 7 },
      { kind: BUDDY, args: [512, 0, 1], pid: 7 },
      { kind: DRAINED, args: [512, 0, 1], pid: 7 },
      { kind: ALLOC, args: [512, 9, 1, GFP], pid: 7 },
    ]),
    ["F 512 0 7", "D 512 0 1", "A 512 9 1 14dca 7"],
  );
});

test("a merge may change a block's type between a drained page's place and its drain: the page is not freed again", () => {
  assert.deepEqual(
    linesOf([
      { kind: FREE, args: [40, 0], pid: 7 },
      { kind: COMMIT, args: [40, 0], pid: 7 },
      { kind: BUDDY, args: [512, 9, 1], pid: 7 },
      { kind: FLAGS, args: [0, 1, 7], pid: 7 },
      { kind: DRAINED, args: [512, 9, 1], pid: 7 },
    ]),
    ["F 40 0 7", "M 0 1", "D 512 9 1"],
  );
});

test("a list that compaction rotates has a line where its lock is held, before a page is isolated from it", () => {
  assert.deepEqual(
    linesOf([
      { kind: ROTATE, args: [70, 0], pid: 7 },
      { kind: ISOLATE, args: [70, 0], pid: 7 },
      { kind: ISOLATED, args: [1], pid: 7 },
      { kind: ROTATE, args: [33, 0], pid: 8, cpu: 1 },
    ]),
    ["L 70 0", "I 70 0 1", "c 1", "L 33 0"],
  );
});

test("where a request got the lock of its lists, a line says so if another CPU came between that and its page", () => {
  const request = (between: readonly Written[]) =>
    linesOf([
      { kind: SEARCH, args: [GFP, 0, 1], pid: 7 },
      { kind: TRYLOCK, args: [1, 1], pid: 7 },
      ...between,
      { kind: TAKE, args: [100, 0, 1, 1], pid: 7 },
      { kind: ALLOC, args: [100, 0, 1, GFP], pid: 7 },
    ]);
  const other: Written = { kind: EVENT, args: [2, 0], pid: 9, cpu: 1 };
  assert.deepEqual(request([other]), [
    `E 7 search gfp=${GFP} order=0 alloc_flags=1`,
    "E 7 pcp_lock",
    "c 1",
    "E 9 balance_pgdat_end order=0",
    "c 0",
    "Z 100 0 1 1",
    "A 100 0 1 14dca 7",
  ]);
  assert.deepEqual(request([]), ["Z 100 0 1 1", "A 100 0 1 14dca 7"]);
});

test("a page stolen alone stands where its fallback does: it has no other record of the zone's lock", () => {
  assert.deepEqual(
    linesOf([
      { kind: SEARCH, args: [GFP, 0, 1], pid: 7 },
      { kind: TRYLOCK, args: [1, 1], pid: 7 },
      { kind: FREE, args: [80, 4], pid: 4, cpu: 1 },
      { kind: BUDDY, args: [80, 4, 0], pid: 4, cpu: 1 },
      { kind: EXTFRAG, args: [80, 0, 4, 1, 0, 0], pid: 7 },
      { kind: ALLOC, args: [80, 0, 1, GFP], pid: 7 },
    ]).slice(2),
    ["c 1", "F 80 4 4", "c 0", "X 80 0 4 1 0 0", "A 80 0 1 14dca 7"],
  );
});
