/** memblock on drawn additions, removals and reservations against an array of bytes, and areas of several ranges by the rule written down again. */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, MiB } from "../../lib/base/units";
import { cmaDeclareContiguousMulti } from "../../lib/mm/boot/cma-multi";
import { Memblock } from "../../lib/mm/boot/memblock";
import { Random } from "../laws/random";
import { tinyMemory } from "./tiny-memory";

const BYTES = 64;

/** Runs of bytes for which the array says yes. */
function runsOf(bytes: readonly boolean[]): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if (!bytes[i]) continue;
    const last = runs.at(-1);
    if (last?.end === i) last.end = i + 1;
    else runs.push({ start: i, end: i + 1 });
  }
  return runs;
}

test("what is memory, what is reserved, what is free, and where something fits: from below and from above", () => {
  for (let seed = 1; seed <= 500; seed++) {
    const r = new Random(seed);
    const memblock = new Memblock(1);
    const memory: boolean[] = new Array(BYTES).fill(false);
    const reserved: boolean[] = new Array(BYTES).fill(false);
    for (let step = 0; step < 14; step++) {
      const start = r.below(BYTES - 1);
      const end = start + 1 + r.below(BYTES - start);
      const kind = r.pick(["add", "add", "remove", "reserve", "reserve", "free"] as const);
      if (kind === "add") memblock.add(start, end);
      else if (kind === "remove") memblock.remove(start, end);
      else if (kind === "reserve") memblock.reserve(`${step}`, start, end - start);
      else memblock.free(start, end - start);
      (kind === "add" || kind === "remove" ? memory : reserved).fill(
        kind === "add" || kind === "reserve",
        start,
        end,
      );
      const at = `seed ${seed}, step ${step}`;
      assert.deepEqual(
        memblock.memory.map(({ start, end }) => ({ start, end })),
        runsOf(memory),
        at,
      );
      assert.deepEqual(
        memblock.reserved.map(({ start, end }) => ({ start, end })),
        runsOf(reserved),
        at,
      );
      const free = memory.map((is, i) => is && !reserved[i]);
      assert.deepEqual(memblock.freeRanges(), runsOf(free), at);
      assert.equal(memblock.totalBytes(), memory.filter(Boolean).length, at);
      assert.equal(memblock.startOfDram(), Math.max(memory.indexOf(true), 0), at);
      assert.equal(memblock.endOfDram(), memory.lastIndexOf(true) + 1, at);
      const [from, bytes, align] = [r.below(BYTES), 1 + r.below(8), r.pick([1, 2, 4, 8])];
      const to = r.pick([BYTES, from + r.below(40), Number.MAX_SAFE_INTEGER]);
      assert.equal(
        memblock.isRegionReserved(from, bytes),
        reserved.slice(from, from + bytes).some(Boolean),
        at,
      );
      // The first page, here the first byte, is never handed out.
      const fits = (p: number) =>
        p % align === 0 &&
        p >= Math.max(from, 1) &&
        p + bytes <= to &&
        free.slice(p, p + bytes).filter(Boolean).length === bytes;
      const places = Array.from({ length: BYTES }, (_, p) => p).filter(fits);
      assert.equal(memblock.findInRange(bytes, align, from, to, "bottom-up"), places[0], at);
      assert.equal(memblock.findInRange(bytes, align, from, to, "top-down"), places.at(-1), at);
    }
  }
});

test("an area that fits in no one place takes the largest free places above 4 GiB, at most eight, in the order of their addresses", () => {
  let granted = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const r = new Random(seed);
    const memblock = new Memblock(4096);
    // Gaps keep the places apart; one lies below 4 GiB.
    const places: [number, number][] = [[1 * GiB, 1 * GiB + 6 * MiB]];
    for (let i = 0, at = 4 * GiB; i < 12; i++) {
      const start = at + r.below(3) * MiB;
      const end = start + (1 + r.below(14)) * MiB;
      places.push([start, end]);
      at = end + 2 * MiB;
    }
    for (const [start, end] of places) memblock.add(start, end);
    const alignment = 2 * MiB;
    const bytes = (15 + r.below(60)) * MiB;
    const slots = { used: 3, most: 20 };
    const node = r.chance(30) ? { start: places[3]![0] + MiB, end: places[9]![1] - MiB } : undefined;
    const request = { bytes, base: 0, limit: 0, fixed: false, slots, ...(node && { node, nid: 0 }) };
    const got = cmaDeclareContiguousMulti(memblock, "6.19", alignment, request, "big");
    const total = Math.ceil(bytes / alignment) * alignment;
    const usable = places
      .map(([start, end]) => [Math.max(start, node?.start ?? 0), Math.min(end, node?.end ?? end)] as const)
      .filter(([start, end]) => start >= 4 * GiB && end > start)
      .map(([start, end]) => {
        const base = Math.ceil(start / alignment) * alignment;
        return { base, bytes: Math.floor(end / alignment) * alignment - base };
      })
      .filter((p) => p.bytes > 0)
      .sort((a, b) => b.bytes - a.bytes || a.base - b.base)
      .slice(0, 8);
    const at = `seed ${seed}`;
    let sum = 0;
    const chosen = usable.filter((p) => {
      const needed = sum < total;
      if (needed) sum += p.bytes;
      return needed;
    });
    assert.equal(got.ok, sum >= total, at);
    if (!got.ok) {
      assert.equal(slots.used, 3, at);
      continue;
    }
    granted++;
    chosen.sort((a, b) => a.base - b.base);
    // The last of them, by its address, gives only what is left.
    const before = chosen.slice(0, -1).reduce((n, p) => n + p.bytes, 0);
    const expected = chosen
      .map((p, i) => ({
        base: p.base,
        bytes: Math.min(p.bytes, i === chosen.length - 1 ? total - before : p.bytes),
      }))
      .filter((p) => p.bytes > 0);
    assert.deepEqual(got.ranges, expected, at);
    assert.equal(slots.used, 4, at);
    assert.ok(
      got.messages.includes(
        `cma: Reserved ${total / MiB} MiB in ${expected.length} range${expected.length > 1 ? "s" : ""}`,
      ),
      at,
    );
    for (const range of expected)
      assert.ok(
        memblock.isRegionReserved(range.base, 1) &&
          memblock.isRegionReserved(range.base + range.bytes - 1, 1),
        at,
      );
    assert.equal(
      memblock.reserved.reduce((n, s) => n + s.end - s.start, 0),
      total,
      at,
    );
  }
  assert.ok(granted > 50, `${granted} granted`);
});

test("6.7: the lists of a CPU tune themselves up to an eighth of the zone for each CPU, and four batches at least", () => {
  for (const [cpus, most] of [
    [1, 256],
    [2, 128],
    [3, 85],
    [32, 12],
  ] as const) {
    const { pcps } = tinyMemory("6.12", { cpus, high: 40 }).zones[0]!;
    assert.deepEqual(new Set(pcps.map((p) => p.highMax)), new Set([most]), `${cpus} CPUs`);
    assert.deepEqual(new Set(pcps.map((p) => p.highMin)), new Set([40]));
    assert.equal(tinyMemory("6.1", { cpus, high: 40 }).zones[0]!.pcp.highMax, 40);
  }
});
