/** `pageblock advise`: chances over seeds, beside what a real kernel gave (rows.csv), and what cannot be asked. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { readSeries } from "../../lib/calibration/sample";
import { adviseOn } from "../../lib/explain/advise/advise";
import { adviceText } from "../../lib/explain/advise/text";
import { parseWant } from "../../lib/explain/advise/want";
import { snapshotFrom } from "../../lib/trace/collect-snapshot";
import { type MachineSnapshot, writeMachineSnapshot } from "../../lib/trace/machine-snapshot";
import { FIXTURES, pageblock } from "../support/cli";

const ROW = join(FIXTURES, "live-machine/2m-occ80-unm0-holes0-comp0");
const snapshot = {
  ...snapshotFrom([join(ROW, "buddyinfo.s0"), join(ROW, "pagetypeinfo.s0")]),
  kernel: "6.1.192",
};
/** What the kernel gave in this row when it was asked for all of memory: rows.csv. */
const RECORDED = 132;
const dir = mkdtempSync(join(tmpdir(), "pageblock-advise-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, "m.snapshot.json.gz");
writeMachineSnapshot(file, snapshot);

test("what the kernel gave lies between the 5 % and the 95 % of machines; fewer are granted, more are not", () => {
  const enough = once(8);
  const most = adviseOn(snapshot, { want: "1000x2MiB", seeds: 8, enough });
  const now = most.chances.find((c) => c.situation === "now")!;
  assert.equal(now.of, 8);
  assert.equal(now.granted, 0);
  assert.ok(now.had!.low <= RECORDED && RECORDED <= now.had!.high, JSON.stringify(now.had));
  const less = adviseOn(snapshot, { want: "100x2MiB", seeds: 1 });
  assert.deepEqual(
    less.chances.map((c) => [c.situation, c.granted, c.of]),
    [
      ["now", 1, 1],
      ["compacted", 1, 1],
      ["dropped", 1, 1],
    ],
  );
});

test("page blocks are free, movable or fixed, and the types of the fixed ones add up", () => {
  const { obstacles: o } = adviseOn(snapshot, {
    want: "2MiB",
    by: ["hugetlb-runtime"],
    seeds: 1,
    enough: once(1),
  });
  assert.equal(o.free + o.movable + o.fixed, o.blocks);
  assert.equal(
    Object.values(o.fixedByType).reduce((n, blocks) => n + blocks, 0),
    o.fixed,
  );
  for (const { blocks, pages } of Object.values(o.kinds))
    assert.ok(blocks <= o.fixed && pages <= blocks * 512);
});

test("a block above the largest order is refused by rule, without machines asked", () => {
  const advice = adviseOn(snapshot, { want: "order 11", by: ["buddy"], seeds: 1 });
  for (const c of advice.chances) assert.equal(c.of, 0);
  assert.match(advice.chances[0]!.never!, /largest block has order 10, 4 MiB/);
  assert.match(adviceText(advice), /never: the page allocator's largest block/);
});

/** One zone of 1 GiB: 64 page blocks of CMA in one run; free blocks of 4 MiB by type, everything else in use. */
function withArea(freeMovable: number, freeCma: number): MachineSnapshot {
  const row = (type: string, blocks: number) =>
    `Node    0, zone    DMA32, type ${type.padStart(12)} 0 0 0 0 0 0 0 0 0 0 ${blocks} \n`;
  const types = ["Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate"];
  const free = [4, freeMovable, 0, 0, freeCma, 0];
  const texts = {
    buddyinfo: `Node 0, zone    DMA32 0 0 0 0 0 0 0 0 0 0 ${free.reduce((a, b) => a + b)} \n`,
    pagetypeinfo: [
      "Page block order: 9\nPages per block:  512\n\n",
      "Free pages count per migrate type at order 0 1 2 3 4 5 6 7 8 9 10 \n",
      ...types.map((type, i) => row(type, free[i]!)),
      `\nNumber of blocks type ${types.join(" ")} \nNode 0, zone DMA32 16 176 0 0 64 0 \n`,
    ].join(""),
  };
  const root = mkdtempSync(join(dir, "area-"));
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(root, name), text);
  return { ...snapshotFrom([root]), kernel: "6.1.192" };
}

test("a CMA area grants what is free or can move elsewhere, and never more than its run", () => {
  const granted = (free: [movable: number, cma: number], want: string) =>
    adviseOn(withArea(...free), { want, by: ["cma"], seeds: 2 }).chances.map((c) => c.granted);
  // 64 of 128 MiB are free; the other 64 MiB move to 96 MiB elsewhere.
  assert.deepEqual(granted([20, 16], "128MiB"), [2, 2, 2]);
  // 16 of 128 MiB are free, and 96 MiB elsewhere hold less than the other 112 MiB; half of the area can be had.
  assert.deepEqual(granted([20, 4], "128MiB"), [0, 0, 0]);
  assert.deepEqual(granted([20, 4], "64MiB"), [2, 2, 2]);
  const more = adviseOn(withArea(20, 16), { want: "129MiB", by: ["cma"], seeds: 1 }).chances;
  for (const { of, never } of more)
    assert.deepEqual([of, never], [0, "the largest run of CMA page blocks has 128 MiB"]);
  assert.throws(() => adviseOn(snapshot, { want: "2MiB", by: ["cma"], seeds: 1 }), /has no cma/);
});

test("after a day of the present mix: only what comes and goes runs, and fragments what was in one piece", () => {
  const samples = readSeries(join(FIXTURES, "real-machine/series")).slice(0, 2);
  const asked = { want: "1000x2MiB", by: ["hugetlb-runtime"], seeds: 1 } as const;
  const { chances, day } = adviseOn(withArea(40, 0), { ...asked, samples });
  assert.deepEqual(
    chances.map((c) => [c.situation, c.of]),
    [
      ["now", 1],
      ["compacted", 1],
      ["dropped", 1],
      ["day", 1],
    ],
  );
  const [now, , , later] = chances.map((c) => c.values[0]!);
  assert.ok(later! < now!, `${later} after a day, ${now} now`);
  assert.equal(day!.samples, 2);
  const mix = day!.workload as unknown as Record<string, number>;
  for (const part of ["settled", "base", "kept", "slabReclaimable", "slabUnreclaimable", "stacks", "peak"])
    assert.equal(mix[part], 0, part);
  assert.ok(mix.jobs! > 0);
  const without = adviseOn(withArea(40, 0), { ...asked, enough: once(1) });
  assert.equal(without.day, null);
  assert.ok(without.chances.every((c) => c.situation !== "day"));
});

test("equal seeds give equal advice; the time given only cuts the number of machines, which is said", () => {
  const asked = ["advise", file, "--want", "100x2MiB", "--no-day", "--json"];
  const one = pageblock([...asked, "--seeds", "1"]);
  assert.equal(one.status, 0, one.stderr);
  assert.equal(pageblock([...asked, "--seeds", "1"]).stdout, one.stdout);
  const cut = pageblock([...asked, "--seeds", "3", "--within", "0ms"]);
  const counts = JSON.parse(cut.stdout).chances.map((c: { of: number }) => c.of);
  assert.deepEqual(counts, [1, 0, 0]);
  assert.deepEqual(JSON.parse(cut.stdout).chances[0], JSON.parse(one.stdout).chances[0]);
  const text = pageblock([
    "advise",
    file,
    "--want",
    "100x2MiB",
    "--no-day",
    "--seeds",
    "3",
    "--within",
    "0ms",
  ]);
  assert.match(text.stdout, /The time given ended the draws/);
  assert.match(text.stdout, /after compaction: not run in the time given/);
});

test("remedies are those of the release, each with where it works from", () => {
  const of = (kernel: string) =>
    adviseOn({ ...snapshot, kernel }, { want: "1x1GiB", seeds: 1, enough: once(1) }).remedies;
  // vm.defrag_mode came with 6.15 (e3aa7df331bc), hugetlb_cma= with 5.7 (cf11e85fc08c).
  assert.ok(of("6.18").some((r) => r.how.includes("defrag_mode") && r.releases === "since 6.15"));
  assert.ok(of("6.1").every((r) => !r.how.includes("defrag_mode")));
  assert.ok(of("6.1").some((r) => r.how.startsWith("hugetlb_cma=1G") && r.releases === "since 5.7"));
  assert.ok(of("5.4").every((r) => !r.how.includes("hugetlb_cma")));
  assert.ok(of("5.4").some((r) => r.how.startsWith("hugepagesz=1G hugepages=1 ")));
});

test("no remedy exceeds the machine's memory", () => {
  const of = (want: string) => adviseOn(snapshot, { want, seeds: 1, enough: once(1) }).remedies;
  const beyond = of("64GiB");
  assert.equal(beyond.length, 1);
  assert.match(beyond[0]!.how, /less than the/);
  // Twice 1 GiB for ZONE_MOVABLE would leave nothing to a machine of 2 GiB.
  assert.ok(of("1x1GiB").every(({ how }) => !how.includes("movablecore")));
});

test("wants are sizes, huge pages or orders", () => {
  assert.deepEqual(parseWant("2GiB", "w"), { kind: "bytes", bytes: 2 ** 31 });
  assert.deepEqual(parseWant("8x1GiB", "w"), { kind: "huge", count: 8, bytes: 2 ** 30 });
  assert.deepEqual(parseWant("order=9", "w"), { kind: "order", order: 9 });
});

for (const [what, args, message] of [
  ["no size", ["--want", "much"], /--want: must be a size such as 2GiB/],
  ["nothing", ["--want", "0x2MiB"], /--want: the number of huge pages must be from 1 to .*: got 0/],
  ["an odd page", ["--want", "2x3MiB"], /--want: huge pages of this machine have 1 GiB, 2 MiB: got 3 MiB/],
  ["an order too high", ["--want", "order 99"], /--want: the order must be from 0 to 18: got 99/],
  ["no way", ["--want", "2MiB", "--by", "wish"], /--by.*wish/],
  [
    "a way it cannot go",
    ["--want", "2x2MiB", "--by", "buddy"],
    /--by: huge pages come from hugetlb-runtime only/,
  ],
  ["no CMA area", ["--want", "2MiB", "--by", "cma"], /--by: this machine has no cma/],
  ["no seeds", ["--want", "2MiB", "--seeds", "0"], /--seeds: must be a whole number from 1 to 10000: got 0/],
  ["no time", ["--want", "2MiB", "--within", "soon"], /--within: must be a time/],
] as const)
  test(`advise: ${what}: one line, exit 2`, () => {
    const run = pageblock(["advise", file, "--no-day", ...args]);
    assert.equal(run.status, 2, run.stdout);
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1);
  });

/** True after so many machines. */
function once(machines: number): () => boolean {
  let drawn = 0;
  return () => ++drawn >= machines;
}
