/**
 * Numbers of a recorded snapshot that no kernel can have: each is refused with file, line, limit and value, before memory is taken
 * for it. The snapshot itself is a machine of four pages, written by hand.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { InputError } from "../../lib/base/errors";
import { kernelProfile } from "../../lib/mm/state/profile";
import { parseBuddyinfo } from "../../lib/trace/buddyinfo-text";
import { loadSnapshot } from "../../lib/trace/snapshot-load";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";

const SOUND = [
  "snapshot v1 slot=0 max_order=2 migratetypes=5 pcp_lists=14 pageblock_order=1 max_nr_zones=5 mobility_disabled=0 cpus=1",
  "zone 0 DMA start=0 spanned=4 present=4 managed=4 wmark_min=0 wmark_low=0 wmark_high=0 wmark_promo=0 watermark_boost=0 nr_reserved_highatomic=0 lowmem_reserve=0,0,0,0,0 nr_free_pages=2 nr_free_cma=0 flags=0 nr_isolate_pageblock=0",
  "pb 0 2 1 0",
  "area 0 nr_free=0",
  "area 1 nr_free=1",
  "free 1 1 1 : 2",
  "pcp 0 count=0 high=0 batch=1 free_factor=0 expire=0 vmstat_diff_nr_free=0 stat_threshold=2",
  "pcplist 0 0 :",
  "class 0 4 : 02 81 01",
];

const load = (lines: readonly string[]) =>
  loadSnapshot(parseSnapshot(Buffer.from(`${lines.join("\n")}\n`), "S0.txt"), kernelProfile("6.1"));

test("the snapshot that is changed below is sound", () => {
  assert.equal(load(SOUND).zones[0]!.nrFreePages, 2);
});

/** Line from 1, what is replaced, by what, and what the message says beside the place. */
const CASES: readonly (readonly [line: number, from: string, to: string, message: RegExp])[] = [
  [1, "pageblock_order=1", "pageblock_order=60", /pageblock_order must be from 1 to 19: got 60/],
  [1, "pageblock_order=1", "pageblock_order=-1", /pageblock_order must be from 1 to 19: got -1/],
  [1, "pageblock_order=1", "pageblock_order=2", /pageblock_order must be from 1 to 1: got 2/],
  [1, "cpus=1", "cpus=1000000000", /cpus must be from 1 to 8192: got 1000000000/],
  [1, "cpus=1", "cpus=0", /cpus must be from 1 to 8192: got 0/],
  [1, "migratetypes=5", "migratetypes=99", /migratetypes must be from 4 to 6: got 99/],
  [1, "max_nr_zones=5", "max_nr_zones=1000000000", /max_nr_zones must be from 1 to 16: got 1000000000/],
  [1, "max_order=2", "max_order=1000000", /max_order must be from 2 to 20: got 1000000/],
  [1, "pcp_lists=14", "pcp_lists=99999999", /pcp_lists must be from 1 to 64/],
  [2, "zone 0", "zone 9", /zone: its number must be below 5.*got 9/],
  [2, "spanned=4", "spanned=1000000000000", /spanned must be from 1 to 1073741824: got 1000000000000/],
  [2, "start=0", "start=-4", /start must be from 0/],
  [2, "managed=4", "managed=5", /managed must be from 0 to 4: got 5/],
  [2, "nr_free_pages=2", "nr_free_pages=1e300", /nr_free_pages must be/],
  [2, "lowmem_reserve=0,0,0,0,0", `lowmem_reserve=${"0,".repeat(400)}0`, /may have 16 numbers: got 401/],
  [2, "lowmem_reserve=0,0,0,0,0", "lowmem_reserve=x", /lowmem_reserve must be whole numbers: got x/],
  [2, "flags=0", "flags=0 compact_defer_shift=64", /compact_defer_shift must be from 0 to 6: got 64/],
  [3, "pb 0 2", "pb 0 3", /page blocks from frame 0 to 4: got 0 to 6/],
  [3, "pb 0 2", "pb 8 1", /page blocks from frame 0 to 4: got 8 to 10/],
  [3, "pb 0 2", "pb 0 1000000000000", /page blocks from frame 0 to 4/],
  [3, "pb 0 2 1", "pb 0 2 99", /pb: its migrate type must be below 5.*got 99/],
  [3, "pb 0 2 1 0", "pb 0 2 4 0 under=300", /under: its migrate type must be below 5.*got 300/],
  [6, "free 1 1 1", "free 1 1 1000000000000", /1000000000000 frames announced, 1 there/],
  [6, "free 1 1", "free 1 99", /its migrate type must be below 5.*got 99/],
  [6, "free 1 1", "free 9 1", /free: its order must be below 2.*got 9/],
  [6, ": 2", ": 99999999999", /a frame must be from 0 to 1073741824: got 99999999999/],
  [7, "pcp 0", "pcp 7", /pcp: its CPU must be below 1.*got 7/],
  [7, "batch=1", "batch=0", /batch must be from 1/],
  [7, "free_factor=0", "free_factor=99", /free_factor must be from 0 to 31: got 99/],
  [8, "pcplist 0 0 :", "pcplist 0 1000000000000 : 1", /1000000000000 frames announced, 1 there/],
  [8, "pcplist 0 0 :", "pcplist 0 1 : 1/300", /its migrate type must be below 5.*got 300/],
  [9, "02 81 01", "02 8999999999999 01", /class: 4 frames announced/],
];

for (const [line, from, to, message] of CASES)
  test(`line ${line}: ${to.slice(0, 60)}`, () => {
    const lines = SOUND.map((text, i) => (i === line - 1 ? text.replace(from, to) : text));
    assert.notDeepEqual(lines, SOUND);
    assert.throws(
      () => load(lines),
      (error: Error) => {
        assert.ok(error instanceof InputError, error.stack);
        assert.match(error.message, new RegExp(`^S0\\.txt:${line}: `));
        assert.match(error.message, message);
        return error.message.length <= 500;
      },
    );
  });

test("zones without end, a second first line, and a buddyinfo of a million orders are refused", () => {
  const zone = SOUND.slice(1);
  const many = [SOUND[0]!, ...Array.from({ length: 1025 }, () => zone).flat()];
  assert.throws(() => load(many), /S0\.txt:8194: a snapshot may have 1024 zones/);
  assert.throws(() => load([...SOUND, SOUND[0]!]), /S0\.txt:10: a snapshot has one first line/);
  const line = `Node 0, zone Normal ${"1 ".repeat(1_000_000)}\n`;
  assert.throws(
    () => parseBuddyinfo(line, "b"),
    (error: Error) => {
      assert.match(error.message, /^b:1: buddyinfo has up to 1024 lines of up to 2000 characters/);
      return error instanceof InputError && error.message.length <= 500;
    },
  );
});
