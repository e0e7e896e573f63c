/** The adversaries do what their closed forms say. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { parseCma } from "../../lib/machine/cma-request";
import { System } from "../../lib/machine/system";
import { compactMemory } from "../../lib/mm/compaction/compaction";
import { unusableFreeIndex } from "../../lib/mm/reports/fragmentation-index";
import { validate } from "../../lib/mm/reports/validate";
import { MIGRATE_CMA } from "../../lib/mm/state/migratetype";
import { holdsOf } from "../../lib/mm/state/owners";
import { findInput, readInput } from "../../lib/trace/input";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { occupancy, unusable } from "../../lib/workload/age";
import { fitSnapshot } from "../../lib/workload/fit-snapshot";
import { shares } from "../../lib/workload/mix";
import { pollution } from "../../lib/workload/pollution";
import { holdsFixed, ordinaryBlocks } from "../../lib/workload/take-frames";
import { FIXTURES } from "../support/cli";
import { layoutHash, pc, runOn } from "./small";

test("scatterUnmovable: the number of blocks hit is Binomial, and runs of clean blocks are as the closed form says", () => {
  const p = 0.05;
  let blocks = 0;
  let hit = 0;
  let pairs = 0;
  let clean = 0;
  for (let seed = 1; seed <= 4; seed++) {
    const s = pc(2048);
    const candidates = ordinaryBlocks(s.memory).filter((b) => !holdsFixed(s.memory, b));
    runOn(s, { kind: "scatterUnmovable", share: p }, seed);
    const dirty = new Set(candidates.filter((b) => holdsFixed(s.memory, b)));
    blocks += candidates.length;
    hit += dirty.size;
    for (let i = 0; i + 8 <= candidates.length; i += 8) {
      pairs++;
      if (candidates.slice(i, i + 8).every((b) => !dirty.has(b))) clean++;
    }
  }
  const near = (k: number, n: number, q: number, what: string) =>
    assert.ok(
      Math.abs(k - n * q) < 6 * Math.sqrt(n * q * (1 - q)),
      `${what}: ${k} of ${n}, expected ${n * q}`,
    );
  near(hit, blocks, p, "blocks hit");
  near(clean, pairs, (1 - p) ** 8, "runs of 8 blocks without an unmovable page");
});

test("scatterUnmovable with runs: aligned runs of blocks are hit as a whole, as many of them as the probability says", () => {
  const p = 0.1;
  const run = 16;
  let hit = 0;
  let runs = 0;
  for (let seed = 1; seed <= 8; seed++) {
    const s = pc(2048);
    const places = new Map<number, number[]>();
    for (const b of ordinaryBlocks(s.memory)) {
      const place = Math.floor(b / (run * s.memory.pageblockPages));
      if (!holdsFixed(s.memory, b)) places.set(place, [...(places.get(place) ?? []), b]);
    }
    runOn(s, { kind: "scatterUnmovable", share: p, run }, seed);
    for (const blocks of places.values()) {
      const dirty = blocks.filter((b) => holdsFixed(s.memory, b)).length;
      assert.ok(dirty === 0 || dirty === blocks.length, `seed ${seed}: ${dirty} of ${blocks.length}`);
      runs++;
      if (dirty > 0) hit++;
    }
    validate(s.memory, "everything", { ownersKnown: true });
  }
  assert.ok(Math.abs(hit - runs * p) < 6 * Math.sqrt(runs * p * (1 - p)), `${hit} of ${runs} runs`);
});

test("scatterUnmovable with runs of one block is scatterUnmovable", () => {
  const [usual, one, two] = [{}, { run: 1 }, { run: 2 }].map((more) =>
    layoutHash(runOn(pc(512), { kind: "scatterUnmovable", share: 0.2, ...more }, 3)),
  );
  assert.equal(one, usual);
  assert.notEqual(two, usual);
});

test("scatterUnmovable hits blocks that are full of movable pages too", () => {
  const s = pc(512);
  while (occupancy(s) < 0.9) s.alloc("anon");
  const before = pollution(s.memory);
  runOn(s, { kind: "scatterUnmovable", share: 0.3 });
  const after = pollution(s.memory);
  assert.ok(after.polluted - before.polluted > 0.2 * (before.blocks - before.polluted));
  assert.equal(after.movable, before.movable, "what was there has moved away");
  validate(s.memory, "everything", { ownersKnown: true });
});

/** M. Gupta's test module of the proactive compaction series (merged in 5.9): fills memory and frees 3/4 of each 2 MB chunk. */
test("fragmenter: no free memory is usable for order 9, and compaction mends it (Gupta 2020)", () => {
  const s = runOn(pc(1024), { kind: "fragmenter" });
  const index = () => s.memory.zones.map((z) => unusableFreeIndex(z.nrFree, 9));
  assert.deepEqual(index(), [1000, 1000]);
  const free = s.freePages;
  assert.ok(free > 0.65 * s.managedPages, "although two thirds of memory are free");
  compactMemory(s.memory);
  assert.ok(index()[1]! < 400, `after compact_memory: ${index()[1]}`);
  validate(s.memory, "everything", { ownersKnown: true });
});

test("pinPages: long pins leave CMA, short ones end", () => {
  const pi = () => System.boot({ board: "raspberry-pi-4", memoryBytes: 2 ** 30, cma: parseCma("128M") });
  const pinned = (s: System) => {
    const frames: number[] = [];
    for (let p = 0; p < s.memory.endPfn; p++)
      if (s.slots.slotAt(p) >= 0 && holdsOf(s.memory, p).length > 0) frames.push(p);
    return frames;
  };
  const s = pi();
  while (occupancy(s) < 0.8) s.alloc("anon");
  const inCma = (p: number) => s.memory.blockType(p) === MIGRATE_CMA;
  let movable = 0;
  let cma = 0;
  for (let p = 0; p < s.memory.endPfn; p++)
    if (s.slots.slotAt(p) >= 0) {
      movable++;
      if (inCma(p)) cma++;
    }
  assert.ok(cma > 0, "there were pages in the area");
  runOn(s, { kind: "pinPages", share: 0.1, term: "long" });
  const long = pinned(s);
  assert.ok(Math.abs(long.length - 0.1 * movable) < 6 * Math.sqrt(0.09 * movable));
  assert.ok(long.every((p) => !inCma(p)));
  validate(s.memory, "everything", { ownersKnown: true });
  const short = pi();
  while (occupancy(short) < 0.3) short.alloc("anon");
  runOn(short, { kind: "pinPages", share: 0.1, duration: "3s" });
  assert.deepEqual(pinned(short), []);
});

test("age stops at its targets, clock and all", () => {
  const s = runOn(pc(512), { kind: "age", untilOccupancy: 0.9, untilUnusable: 0.2 }, 2);
  assert.ok(occupancy(s) >= 0.9 && unusable(s, 0) >= 0.2);
  assert.ok(s.nowMs > 0 && s.nowMs < 90 * 86_400_000);
  const late = runOn(pc(512), { kind: "age", untilOccupancy: 1, most: "1 day" });
  assert.equal(late.nowMs, 86_400_000);
});

for (const name of readdirSync(join(FIXTURES, "x86-6.1")))
  test(`fitSnapshot: ${name} comes out within 2 % of memory and of page blocks`, () => {
    const dir = join(FIXTURES, "x86-6.1", name);
    const file = findInput(dir, "S0.txt")!;
    const snapshot = parseSnapshot(readInput(file), file);
    const vmstat = join(dir, "vmstat.s0");
    const spec = fitSnapshot(snapshot, existsSync(vmstat) ? { vmstat: readFileSync(vmstat, "utf8") } : {});
    const pages = snapshot.zones.reduce((n, z) => n + Number(z.fields.get("present")), 0);
    // As recorded: transparent_hugepage=never, and the half gigabyte that `present` is short of.
    const memoryBytes = Math.ceil(pages / 2 ** 17) * 2 ** 29;
    const s = System.boot({ board: "pc-x86-64", memoryBytes, thpEnabled: false });
    runOn(s, spec);
    const got = shares(s);
    for (const key of ["movable", "reclaimable", "unmovable", "polluted"] as const)
      assert.ok(
        Math.abs(got[key] - Number(spec[key])) < 0.02,
        `${key}: ${got[key]} against ${spec[key]} recorded`,
      );
    validate(s.memory, "everything", { ownersKnown: true });
  });

test("a mix of another seed differs, its shares do not", () => {
  const spec = { kind: "mix", movable: 0.5, reclaimable: 0.05, unmovable: 0.12, polluted: 0.4 };
  const [a, b] = [1, 2].map((seed) => runOn(pc(1024), spec, seed));
  for (const s of [a!, b!]) assert.ok(Math.abs(shares(s).polluted - 0.4) < 0.01);
  assert.notDeepEqual(
    ordinaryBlocks(a!.memory).filter((x) => holdsFixed(a!.memory, x)),
    ordinaryBlocks(b!.memory).filter((x) => holdsFixed(b!.memory, x)),
  );
});

test("a mix in runs spoils as many page blocks, in as many fewer places", () => {
  const spec = { kind: "mix", movable: 0, reclaimable: 0, unmovable: 0.06, polluted: 0.25 };
  const [alone, inRuns] = [{}, { run: 16 }].map((more) => runOn(pc(1024), { ...spec, ...more }));
  const fixed = (s: System) => ordinaryBlocks(s.memory).filter((b) => holdsFixed(s.memory, b));
  const boot = new Set(fixed(runOn(pc(1024), { ...spec, unmovable: 0, polluted: 0 })));
  const added = (s: System) => fixed(s).filter((b) => !boot.has(b));
  const places = (s: System) =>
    new Set(added(s).map((b) => Math.floor(b / (16 * s.memory.pageblockPages)))).size;
  assert.equal(added(alone!).length, added(inRuns!).length);
  // n whole runs, a run cut by what the boot holds, and the one that the share ends in.
  const n = added(inRuns!).length / 16;
  assert.ok(places(inRuns!) >= n && places(inRuns!) <= n + 5, `${places(inRuns!)} places for ${n} runs`);
  assert.ok(places(alone!) > 2 * places(inRuns!));
});

test("a mix spoils its share of page blocks also if the boot's pages are unmovable memory enough", () => {
  const before = shares(
    runOn(pc(1024), { kind: "mix", movable: 0, reclaimable: 0, unmovable: 0, polluted: 0 }),
  );
  const s = runOn(pc(1024), { kind: "mix", movable: 0, reclaimable: 0, unmovable: 0, polluted: 0.4 });
  assert.ok(before.polluted < 0.2, `${before.polluted} since boot`);
  assert.ok(Math.abs(shares(s).polluted - 0.4) < 0.01, `${shares(s).polluted}`);
  assert.ok(shares(s).unmovable < before.unmovable + 0.001);
});
