/**
 * How many pages the per-CPU lists hold and give back (nr_pcp_high(), nr_pcp_free(), decay_pcp_high(), free_pcppages_bulk()), for every small
 * case, against the kernel's rules written down a second time.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import {
  decayPcpHigh,
  freePcppagesBulk,
  nrPcpFree,
  nrPcpFreeCounted,
  nrPcpHigh,
} from "../../lib/mm/allocation/pcp-free";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { pcpState } from "../../lib/mm/state/page-state";
import { PerCpuPages } from "../../lib/mm/state/per-cpu-pages";
import { takeAll, tinyMemory } from "./tiny-memory";

const clamp = (n: number, low: number, high: number) => Math.min(Math.max(n, low), high);

test("5.14: a drain is batch << free_factor, at least a batch and at most high - batch; the factor grows up to 5", () => {
  for (const batch of [1, 3, 8])
    for (let high = 0; high <= 70; high++)
      for (let factor = 0; factor <= 6; factor++)
        for (const freeHigh of [false, true]) {
          const pcp = Object.assign(new PerCpuPages(3), { batch, count: 17, freeFactor: factor });
          const drained = nrPcpFree({ sw: { pcpFree: "freeFactor" } }, pcp, high, freeHigh);
          const at = `batch ${batch} high ${high} factor ${factor} ${freeHigh}`;
          const untouched = freeHigh || high < batch;
          const wanted = batch * 2 ** factor;
          const grows = !untouched && wanted < high - batch && factor < 5;
          assert.equal(pcp.freeFactor, factor + (grows ? 1 : 0), at);
          if (freeHigh) assert.equal(drained, 17, at);
          else if (high < batch) assert.equal(drained, 1, at);
          // clamp() asks for the lower bound first.
          else assert.equal(drained, wanted < batch ? batch : Math.min(wanted, high - batch), at);
          assert.equal(
            nrPcpFree({ sw: { pcpFree: "fixed" } }, pcp, high, freeHigh),
            batch,
            "before: a batch",
          );
        }
});

test("6.7: a drain is what was freed in a row, between a batch and high - batch; 32 batches at most if it is of high orders", () => {
  for (const batch of [1, 3])
    for (let high = 0; high <= 20; high++)
      for (let freeCount = 0; freeCount <= 25; freeCount++)
        for (const count of [5, 31, 33, 97]) {
          const pcp = Object.assign(new PerCpuPages(3), { batch, count, freeCount });
          const at = `batch ${batch} high ${high} freed ${freeCount} count ${count}`;
          assert.equal(nrPcpFreeCounted(pcp, batch, high, true), Math.min(count, batch * 32), at);
          const most = high - batch;
          const expected = high < batch ? 1 : Math.min(Math.max(freeCount, batch), most);
          assert.equal(nrPcpFreeCounted(pcp, batch, high, false), expected, at);
        }
});

test("6.7: the limit of the lists tunes itself between its bounds", () => {
  for (const [highMin, highMax] of [
    [0, 0],
    [4, 4],
    [4, 30],
    [0, 30],
  ] as const)
    for (let high = 0; high <= 40; high += 3)
      for (const count of [0, 6, 14, 15, 16, 30, 41])
        for (const freeCount of [0, 1, 9, 40])
          for (const mode of ["none", "freeHigh", "reclaim", "belowHigh", "both"]) {
            const batch = 2;
            const pcp = Object.assign(new PerCpuPages(3), {
              batch,
              high,
              highMin,
              highMax,
              count,
              freeCount,
            });
            const zone = {
              reclaimActive: mode === "reclaim" || mode === "both",
              belowHigh: mode === "belowHigh" || mode === "both",
            };
            const got = nrPcpHigh(zone, pcp, batch, mode === "freeHigh");
            const at = `${highMin} ${high} ${highMax} count ${count} freed ${freeCount} ${mode}`;
            const first = clamp(high, highMin, highMax);
            const lowered = Math.max(first - Math.max(freeCount, batch), highMin);
            let [limit, kept] = [first, first];
            if (first === 0) [limit, kept] = [0, 0];
            else if (mode === "freeHigh") [limit, kept] = [0, Math.max(first - batch * 32, highMin)];
            else if (zone.reclaimActive) [limit, kept] = [Math.min(batch * 4, lowered), lowered];
            else if (highMin === highMax) [limit, kept] = [first, first];
            else if (zone.belowHigh) [limit, kept] = [Math.max(count, highMin), lowered];
            else if (count >= first) kept = clamp(Math.max(first, freeCount + batch), highMin, highMax);
            assert.deepEqual([got, pcp.high], [limit, kept], at);
          }
});

/** A machine in use, with pages on the lists of its CPU: [frame, list], the oldest first. */
function listed(
  release: Parameters<typeof tinyMemory>[0],
  pages: readonly (readonly [number, number])[],
): Memory {
  const m = tinyMemory(release, { high: 100 });
  takeAll(m, (order) => allocPages(m, GFP_HIGHUSER_MOVABLE, order));
  const { pcp } = m.zones[0]!;
  for (const [pfn, list] of pages) {
    const order = m.pindexOrder(list);
    pcp.lists[list]!.addHead(pfn);
    m.state[pfn] = pcpState(order, list % 3);
    for (let p = pfn + 1; p < pfn + 2 ** order; p++) m.state[p] = 0;
    pcp.count += 2 ** order;
  }
  return m;
}

/** The frames that a bulk free gives back, in order. */
function freed(m: Memory, count: number, pindex = 0): number[] {
  const frames: number[] = [];
  m.trace = { pcpuDrain: (pfn) => void frames.push(pfn) };
  freePcppagesBulk(m, m.zones[0]!, count, m.zones[0]!.pcp, pindex);
  m.trace = null;
  return frames;
}

/** Far apart, so that nothing merges: the i-th page of a list. */
const page = (list: number, i: number) => 1040 + 200 * list + 16 * i;
const stock = (...lengths: number[]) =>
  lengths.flatMap((n, list) => Array.from({ length: n }, (_, i) => [page(list, i), list] as const));

test("4.17: the lists give a page each in turn, one more for each empty list before them, and the only one left gives all the rest", () => {
  const p = page;
  // It begins with the second list.
  for (const [lengths, count, expected] of [
    [[3, 3, 3], 1, [p(1, 0)]],
    [[3, 3, 3], 3, [p(1, 0), p(2, 0), p(0, 0)]],
    [[3, 3, 3], 4, [p(1, 0), p(2, 0), p(0, 0), p(1, 1)]],
    [[4, 1, 1], 6, [p(1, 0), p(2, 0), p(0, 0), p(0, 1), p(0, 2), p(0, 3)]],
    [[4, 0, 0], 3, [p(0, 0), p(0, 1), p(0, 2)]],
    [[0, 5, 0], 5, [p(1, 0), p(1, 1), p(1, 2), p(1, 3), p(1, 4)]],
    [[2, 0, 3], 4, [p(2, 0), p(2, 1), p(0, 0), p(2, 2)]],
  ] as const) {
    const m = listed("4.17", stock(...lengths));
    const had = m.zones[0]!.pcp.count;
    assert.deepEqual(freed(m, count), expected, `${lengths.join(" ")}, ${count}`);
    assert.equal(m.zones[0]!.pcp.count, had - count);
  }
  const few = listed("4.17", stock(1, 1, 0));
  assert.equal(freed(few, 50).length, 2, "never more than there are");
});

for (const release of ["6.1", "6.12", "7.3"] as const)
  test(`${release}: a list is emptied, the oldest page first, before the next; it begins with the list of the free`, () => {
    const p = page;
    for (const [lengths, count, pindex, expected] of [
      [[2, 2, 2], 3, 0, [p(0, 0), p(0, 1), p(1, 0)]],
      [[2, 2, 2], 3, 1, [p(1, 0), p(1, 1), p(2, 0)]],
      [[2, 2, 2], 5, 2, [p(2, 0), p(2, 1), p(0, 0), p(0, 1), p(1, 0)]],
      [[0, 2, 0], 2, 2, [p(1, 0), p(1, 1)]],
      [[1, 0, 1], 2, 1, [p(2, 0), p(0, 0)]],
      // Lists 3 to 5 have pages of two frames: one of them satisfies what is left.
      [[0, 1, 0, 0, 2], 2, 0, [p(1, 0), p(4, 0)]],
      [[0, 1, 0, 0, 2], 5, 4, [p(4, 0), p(4, 1), p(1, 0)]],
    ] as const) {
      const m = listed(release, stock(...lengths));
      const { pcp } = m.zones[0]!;
      const had = pcp.count;
      assert.deepEqual(freed(m, count, pindex), expected, `${lengths.join(" ")}, ${count} from ${pindex}`);
      assert.equal(pcp.count, had - expected.reduce((n, pfn) => n + (pfn >= page(3, 0) ? 2 : 1), 0));
    }
    // Without an observer the pages go in runs, to the same place.
    const [seen, unseen] = [listed(release, stock(4, 4, 4)), listed(release, stock(4, 4, 4))];
    freed(seen, 7, 1);
    freePcppagesBulk(unseen, unseen.zones[0]!, 7, unseen.zones[0]!.pcp, 1);
    assert.deepEqual(unseen.state, seen.state);
    assert.deepEqual(unseen.next, seen.next);
  });

test("6.7: once a second the limit falls by an eighth, or to 32 batches below what is listed, never below its bound; the rest drains", () => {
  for (const [high, highMin, count, after] of [
    [80, 4, 0, 70],
    [81, 4, 0, 71],
    [7, 4, 0, 7],
    [8, 4, 0, 7],
    [8, 8, 12, 8],
    [4, 4, 6, 4],
    [3, 4, 2, 3],
    // 40 - 32 · 1 is below 9 - 1, and above the bound.
    [9, 4, 40, 8],
    [9, 4, 41, 9],
    [40, 4, 80, 48],
    [8, 20, 3, 8],
  ] as const) {
    const m = listed(
      "6.12",
      stock(...[0, count]).map(([, list], i) => [1024 + 8 * i, list] as const),
    );
    const zone = m.zones[0]!;
    Object.assign(zone.pcp, { high, highMin, highMax: 100, batch: 1 });
    decayPcpHigh(m, zone, zone.pcp);
    const at = `high ${high}, at least ${highMin}, ${count} listed`;
    assert.equal(zone.pcp.high, after, at);
    assert.equal(zone.pcp.count, Math.min(count, after), at);
  }
});

test("6.7: a free that drains the lists ends the state below the high mark, once free pages are above it", () => {
  for (const [high, boost, reserve] of [
    [0, 0, 0],
    [160, 0, 0],
    [160, 5, 0],
    [160, 0, 3],
  ] as const)
    for (const above of [-2, -1, 0, 1, 2])
      for (const release of ["6.12", "7.3"] as const) {
        // Nothing is free on the buddy lists, so that only the counter says so; the lists hold one page at most.
        const m = listed(release, []);
        const zone = m.zones[0]!;
        zone.wmark[2] = high;
        zone.lowmemReserve[3] = reserve;
        Object.assign(zone.pcp, { batch: 1, high: 1, highMin: 1, highMax: 1, count: 0 });
        Object.assign(zone, {
          watermarkBoost: boost,
          belowHigh: true,
          nrFreePages: high + boost + reserve + above,
        });
        freePages(m, 1300, 0);
        assert.equal(zone.pcp.count, 1, "not even a page goes: high less a batch is 0");
        assert.equal(
          zone.belowHigh,
          above <= 0,
          `${release}: ${high} + ${boost} + ${reserve}, ${above} above`,
        );
      }
});
