import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Memblock } from "../../lib/mm/boot/memblock";

const PAGE = 4096;

test("top-down takes the highest aligned fit, bottom-up the lowest, never the first page", () => {
  const memblock = new Memblock(PAGE);
  memblock.add(0, 64 * PAGE);
  memblock.reserve("image", 16 * PAGE, 4 * PAGE);
  assert.equal(memblock.findInRange(8 * PAGE, 8 * PAGE, 0, 64 * PAGE), 56 * PAGE);
  assert.equal(memblock.findInRange(8 * PAGE, 8 * PAGE, 0, 64 * PAGE, "bottom-up"), 8 * PAGE);
  assert.equal(memblock.findInRange(PAGE, PAGE, 0, 64 * PAGE, "bottom-up"), PAGE);
  assert.equal(memblock.findInRange(16 * PAGE, 16 * PAGE, 0, 32 * PAGE), undefined);
});

test("an allocation below the goal is the last resort", () => {
  const memblock = new Memblock(PAGE);
  memblock.add(PAGE, 32 * PAGE);
  memblock.reserve("rest", 16 * PAGE, 16 * PAGE);
  assert.equal(memblock.alloc("low", PAGE, PAGE, 16 * PAGE), 15 * PAGE);
});

const range = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 32 }))
  .map(([start, pages]) => ({ start: start * PAGE, bytes: pages * PAGE }));

test("law: after any reserves and frees, ranges are sorted and disjoint, and a byte is free iff it is memory and not reserved", () => {
  fc.assert(
    fc.property(
      fc.array(range, { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(fc.boolean(), range), { maxLength: 12 }),
      (memory, steps) => {
        const memblock = new Memblock(PAGE);
        const isMemory = new Set<number>();
        const isReserved = new Set<number>();
        const pages = ({ start, bytes }: { start: number; bytes: number }) =>
          Array.from({ length: bytes / PAGE }, (_, i) => start / PAGE + i);
        for (const m of memory) {
          memblock.add(m.start, m.start + m.bytes);
          for (const p of pages(m)) isMemory.add(p);
        }
        for (const [reserve, r] of steps) {
          if (reserve) memblock.reserve("x", r.start, r.bytes);
          else memblock.free(r.start, r.bytes);
          for (const p of pages(r)) reserve ? isReserved.add(p) : isReserved.delete(p);
        }
        for (const list of [memblock.memory, memblock.reserved])
          for (let i = 1; i < list.length; i++) assert.ok(list[i - 1]!.end < list[i]!.start);
        const free = new Set<number>();
        for (const { start, end } of memblock.freeRanges())
          for (let p = start / PAGE; p < end / PAGE; p++) free.add(p);
        const expected = [...isMemory].filter((p) => !isReserved.has(p)).sort((a, b) => a - b);
        assert.deepEqual(
          [...free].sort((a, b) => a - b),
          expected,
        );
        const claimed = new Set(
          memblock.claims.flatMap((c) => pages({ start: c.start, bytes: c.end - c.start })),
        );
        assert.deepEqual(claimed, isReserved);
      },
    ),
  );
});

test("law: the result is free, aligned and inside the range, and there is no better one", () => {
  fc.assert(
    fc.property(
      fc.array(range, { maxLength: 8 }),
      fc.integer({ min: 1, max: 16 }),
      fc.constantFrom(1, 2, 4, 8),
      fc.constantFrom("top-down" as const, "bottom-up" as const),
      (reserved, pages, align, direction) => {
        const memblock = new Memblock(PAGE);
        memblock.add(0, 256 * PAGE);
        for (const r of reserved) memblock.reserve("x", r.start, r.bytes);
        const fits = (at: number) =>
          at >= 1 && at + pages <= 256 && !memblock.isRegionReserved(at * PAGE, pages * PAGE);
        const all = Array.from({ length: 256 / align }, (_, i) => i * align).filter(fits);
        const best = direction === "top-down" ? all[all.length - 1] : all[0];
        const found = memblock.findInRange(pages * PAGE, align * PAGE, 0, 256 * PAGE, direction);
        assert.equal(found, best === undefined ? undefined : best * PAGE);
      },
    ),
  );
});
