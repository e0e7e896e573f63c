/**
 * Huge pages of hugetlb in the way of a contiguous request: mm/page_alloc.c pfn_range_valid_contig(), mm/hugetlb.c
 * isolate_or_dissolve_huge_page(). Sources: eb14d4eefdc4, 369fa227c219, ae37c7ff79f1 (5.13); 4d73ba5fa710 (6.3); "page_alloc:
 * allow migration of smaller hugepages during contig_alloc", v4 of 3 December 2025 (7.0).
 */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { giganticFromAnywhere } from "../../lib/mm/contiguous/contig-pages";
import { HugetlbPool } from "../../lib/mm/contiguous/hugetlb";
import { validate } from "../../lib/mm/reports/validate";

/** A PC of 4 GiB whose every aligned GiB holds huge pages of 2 MiB, half of them in use. */
function pools(release: string, memory = "4GiB") {
  const { memory: m } = machine("pc-x86-64").memory(memory).kernel(release).start();
  const pool = new HugetlbPool(m, { order: 9 });
  pool.setMaxHugePages(1900);
  const all = [...pool.free].sort((a, b) => a - b);
  // Every 64th stays, so that there is room to move the rest to.
  const kept = new Set(all.filter((_, i) => i % 64 === 0));
  while (pool.free.some((p) => !kept.has(p))) pool.dissolve(pool.free.find((p) => !kept.has(p))!);
  const held = Array.from({ length: Math.ceil(kept.size / 2) }, () => pool.alloc());
  return { m, pool, held, gigantic: new HugetlbPool(m, { order: 18, gigantic: giganticFromAnywhere(m) }) };
}

for (const [release, had] of [
  ["5.10", 0],
  ["5.15", 1],
  ["6.1", 0],
  ["6.19", 0],
  ["7.3", 1],
] as const)
  test(`${release}: ${had} pages of 1 GiB where each range holds huge pages of 2 MiB`, () => {
    const { m, pool, gigantic } = pools(release);
    const before = { total: pool.total, used: pool.used.size, moved: m.counters.pgmigrate_success };
    assert.equal(gigantic.setMaxHugePages(1), had);
    assert.deepEqual([pool.total, pool.used.size], [before.total, before.used], "the pool keeps its pages");
    for (const pfn of [...pool.free, ...pool.used]) {
      assert.equal(m.freePlaceOf(pfn), undefined);
      for (const g of gigantic.free) assert.ok(pfn < g || pfn >= g + 2 ** 18, "none is left in the range");
    }
    const moved = m.counters.pgmigrate_success - before.moved;
    assert.equal(moved % 512, 0);
    assert.equal(moved > 0, had > 0, "those in use are copied, free ones only replaced");
    for (const pfn of [...pool.used]) pool.release(pfn);
    pool.setMaxHugePages(0);
    gigantic.setMaxHugePages(0);
    validate(m, "everything");
  });

test("a holder gives a huge page back by the frame that it was given, wherever the page has moved since", () => {
  const { m, pool, held, gigantic } = pools("5.15");
  assert.equal(gigantic.setMaxHugePages(1), 1);
  assert.ok(
    held.some((pfn) => !pool.used.has(pfn)),
    "some have moved",
  );
  for (const pfn of held) pool.release(pfn);
  assert.equal(pool.used.size, 0);
  assert.throws(() => pool.release(held[0]!), /is not the first of a huge page in use/);
  pool.setMaxHugePages(0);
  gigantic.setMaxHugePages(0);
  validate(m, "everything");
});

test("7.3: a huge page as large as the range bars it", () => {
  const { m, gigantic } = pools("7.3", "6GiB");
  assert.equal(gigantic.setMaxHugePages(1), 1);
  const [first] = gigantic.free as [number];
  const next = giganticFromAnywhere(m).take(18);
  assert.ok(next >= 0 && next !== first);
  assert.deepEqual(gigantic.free, [first]);
  validate(m, "everything");
});
