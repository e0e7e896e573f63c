/**
 * Page blocks that a recorded request isolates: what becomes of free pages larger than a block, on counts made by hand from the rules of
 * mm/page_isolation.c since 6.10. Blocks of 512 frames; frames 1024 to 3071 are two free pages of order 10.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { MIGRATE_ISOLATE, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { Replayer } from "../../lib/trace/replayer";
import { REC } from "../../lib/trace/trace-reader";
import { freeList, tinyMemory } from "../mm/tiny-memory";

/** `M pfn mt` where isolation is a type, `K pfn flags mask` where it is a bit: what says that a block is isolated, or is not. */
const RECORDS = {
  "6.12": { on: [REC.BLOCK_TYPE, 4, 0], off: [REC.BLOCK_TYPE, 1, 0] },
  "7.3": { on: [REC.SKIP, 16, 16], off: [REC.SKIP, 0, 16] },
} as const;

for (const release of ["6.12", "7.3"] as const) {
  const { on, off } = RECORDS[release];
  const begun = () => {
    const m = tinyMemory(release);
    const replayer = new Replayer(m, "trace.txt", 0);
    let line = 0;
    const record = (kind: number, ...numbers: number[]) =>
      replayer.record(kind, Float64Array.from([...numbers, 0, 0]), numbers.length, ++line, "");
    const set = ([kind, a, b]: readonly [number, number, number]) => record(kind, 1024, a, b);
    return { m, replayer, record, set, zone: m.zones[0]! };
  };

  test(`${release}: the records that show isolation are asked for`, () => {
    assert.ok(begun().replayer.wanted.includes(on[0]));
  });

  test(`${release}: a free page of two blocks is split, and only the isolated half leaves the free pages`, () => {
    const { m, set, zone } = begun();
    assert.deepEqual([...freeList(m, 10, MIGRATE_MOVABLE)].sort(), [1024, 2048]);
    const free = zone.nrFreePages;
    set(on);
    assert.deepEqual(freeList(m, 10, MIGRATE_MOVABLE), [2048]);
    assert.deepEqual(freeList(m, 9, MIGRATE_ISOLATE), [1024]);
    assert.deepEqual(freeList(m, 9, MIGRATE_MOVABLE), [1536]);
    assert.equal(zone.nrFreePages, free - 512);
    assert.equal(zone.nrIsolatePageblock, 1);
  });

  test(`${release}: given back, a free block is taken out, put back and merges with its free neighbour`, () => {
    const { m, record, set, zone } = begun();
    const free = zone.nrFreePages;
    set(on);
    record(REC.ISOLATE, 1024, 9, 512);
    set(off);
    record(REC.PUTBACK, 1024, 9, 1);
    assert.equal(m.blockType(1024), MIGRATE_MOVABLE);
    assert.deepEqual([...freeList(m, 10, MIGRATE_MOVABLE)].sort(), [1024, 2048]);
    assert.deepEqual(freeList(m, 9, MIGRATE_ISOLATE), []);
    assert.equal(zone.nrFreePages, free);
    assert.equal(zone.nrIsolatePageblock, 0);
  });

  test(`${release}: pages freed into an isolated block go to its lists, past the per-CPU list`, () => {
    const { m, record, set, zone } = begun();
    record(REC.A, 1024, 10, 1, 0x100cca, 7);
    set(on);
    for (const pfn of [1024, 1025, 1030]) record(REC.F, pfn, 0, 7);
    assert.equal(zone.pcp.count, 0);
    assert.deepEqual(freeList(m, 1, MIGRATE_ISOLATE), [1024]);
    assert.deepEqual(freeList(m, 0, MIGRATE_ISOLATE), [1030]);
    record(REC.F, 1536, 0, 7);
    assert.equal(zone.pcp.count, 1, "the neighbour's pages take the usual way");
  });
}
