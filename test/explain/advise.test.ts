/** `pageblock advise`: chances over seeds, beside what a real kernel gave (rows.csv), and what cannot be asked. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { readSeries, sampleOf } from "../../lib/calibration/sample";
import { adviseOn } from "../../lib/explain/advise/advise";
import { RECORD } from "../../lib/explain/advise/chance";
import type { Counted } from "../../lib/explain/advise/counts";
import type { TimeGiven } from "../../lib/explain/advise/draws";
import { adviceText } from "../../lib/explain/advise/text";
import { parseWant } from "../../lib/explain/advise/want";
import { memparseSize } from "../../lib/explain/quantities";
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
  const most = adviseOn(snapshot, { want: "1000x2MiB", seeds: 8 });
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
  const asked = { want: "200x2MiB", by: ["hugetlb-runtime"], seeds: 1 } as const;
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
  const without = adviseOn(withArea(40, 0), { ...asked, time: { nowMs: () => 1, endMs: 0 } });
  assert.equal(without.day, null);
  assert.ok(without.chances.every((c) => c.situation !== "day"));
});

test("equal seeds give equal advice; the time given only cuts the number of machines, which is said", () => {
  const asked = ["advise", file, "--want", "100x2MiB", "--no-day", "--json"];
  const one = pageblock([...asked, "--seeds", "1"]);
  assert.equal(one.status, 0, one.stderr);
  assert.equal(pageblock([...asked, "--seeds", "1"]).stdout, one.stdout);
  const cut = pageblock([...asked, "--seeds", "3", "--within", "0ms"]);
  const chances = JSON.parse(cut.stdout).chances as { of: number; drawMs: number }[];
  assert.deepEqual(
    chances.map((c) => c.of),
    [1, 1, 1],
  );
  assert.ok(chances.every((c) => c.drawMs > 0));
  assert.match(one.stderr, /^\[\d+\.\d s\] machine 1 of 1: now: 100 huge pages of 2 MiB: 100 of 100$/m);
  const whole = JSON.parse(one.stdout).chances.map((c: { values: number[] }) => c.values);
  assert.deepEqual(
    JSON.parse(cut.stdout).chances.map((c: { values: number[] }) => c.values),
    whole,
  );
});

test("each row is drawn once whatever the time; a day that takes too long is given up, and its time told", () => {
  const day = [sampleOf(snapshot, "snapshot")];
  const told: string[] = [];
  const advice = adviseOn(snapshot, {
    want: "100x2MiB",
    seeds: 3,
    samples: day,
    time: clock(0),
    tell: (line) => told.push(line),
  });
  assert.deepEqual(
    advice.chances.map((c) => [c.situation, c.of]),
    [
      ["now", 1],
      ["compacted", 1],
      ["dropped", 1],
      ["day", 0],
    ],
  );
  // One tick of the clock in a hundredth of the day.
  assert.equal(advice.chances[3]!.drawMs, 100 * 1000);
  assert.ok(told.includes("a day takes longer than there is time: given up after 1 % of it"), told.join());
  const text = adviceText(advice);
  assert.match(text, /after a day more of its mix: not drawn: one machine takes about 100 s \(measured\)/);
  assert.match(text, /now: granted in 1 of 1 machine .*; 1 of 3 machines in the time given, /);
  assert.match(text, /The time given ended the draws: each row says/);
});

test("every way has a machine that no other way has changed", () => {
  const all = adviseOn(snapshot, { want: "8MiB", seeds: 2 });
  for (const by of ["alloc-contig-pages", "hugetlb-runtime"] as const) {
    const alone = adviseOn(snapshot, { want: "8MiB", by: [by], seeds: 2 });
    assert.deepEqual(
      alone.chances,
      all.chances.filter((c) => c.by === by),
    );
  }
});

test("the counts come first: free blocks of the size, less what the watermarks keep", () => {
  // buddyinfo.s0 by hand: of order 9 one in DMA and one in DMA32, of order 10 three and eight, which are two pieces each.
  const pieces = 1 + 1 + 2 * (3 + 8);
  let first: Counted | undefined;
  const advice = adviseOn(snapshot, { want: "2x2MiB", seeds: 1, first: (c) => (first = c) });
  assert.deepEqual(advice.counted, first);
  assert.equal(advice.counted.whole, pieces);
  assert.ok(advice.counted.usable <= pieces);
  const lines = adviceText(advice).split("\n");
  assert.equal(lines[0], "By the counts, before any draw:");
});

test("more than the machine has is refused by rule: no draw, no chance, no setting that could give it", () => {
  const advice = adviseOn(snapshot, { want: "64GiB", seeds: 4 });
  assert.equal(advice.counted.verdict, "too large");
  assert.deepEqual(advice.remedies, []);
  for (const c of advice.chances) {
    assert.equal(c.of, 0);
    assert.match(c.never!, /the machine has 2 GiB of memory|largest block has order 10/);
    assert.deepEqual([c.chance.high, c.withModel.high], [0, 0]);
  }
  const text = adviceText(advice);
  assert.match(text, /nothing: the machine needs more memory/);
  assert.doesNotMatch(text, /cma=|hugepages=|movablecore=/);
});

test("all of a machine's memory fits into no zone, and no setting sets it aside", () => {
  const advice = adviseOn(snapshot, {
    want: "2GiB",
    by: ["alloc-contig-pages", "hugetlb-runtime"],
    seeds: 1,
  });
  const rules = advice.chances.filter((c) => c.situation === "now").map((c) => [c.what, c.never]);
  // x86-64 with 2 GiB: zone DMA up to 16 MiB, DMA32 from there: one aligned GiB, no two.
  assert.match(rules[0]![1]!, /room for 0 aligned ranges of 2 GiB/);
  assert.match(rules[1]![1]!, /room for 1 aligned ranges of 1 GiB/);
  assert.equal(rules[2]![1], null);
  assert.doesNotMatch(adviceText(advice), /cma=|hugepages=|movablecore=/);
});

test("one piece comes from an area; separate huge pages come last and are called separate", () => {
  const { remedies, chances } = adviseOn(snapshot, { want: "10MiB", seeds: 1 });
  const how = remedies.map((r) => r.how);
  const area = how.findIndex((h) => h.startsWith("cma="));
  const pages = how.findIndex((h) => h.startsWith("hugepagesz=2M hugepages=5"));
  assert.ok(area >= 0 && pages > area, how.join("\n"));
  // Page blocks of 2 MiB: 10 MiB are five. Before 5.19 an area is made of the largest blocks, of 4 MiB: 10 MiB become 12.
  assert.match(how[area]!, /^cma=10M .*cma_alloc\(\)$/);
  const old = adviseOn({ ...snapshot, kernel: "5.10.0" }, { want: "10MiB", seeds: 1 }).remedies;
  assert.ok(old.some((r) => /^cma=12M .*10 MiB are rounded up to whole blocks/.test(r.how)));
  assert.match(remedies[pages]!.what, /^If one piece is not needed/);
  assert.match(remedies[pages]!.effect, /5 separate pages of 2 MiB/);
  assert.ok(chances.some((c) => c.what === "5 huge pages of 2 MiB, each a piece of its own"));
});

test("arm64 with pages of 64 KiB: its own huge pages, in words that memparse() reads, and no hugetlb_cma= of 1 GiB", () => {
  const counts = (top: number) => [...new Array<number>(13).fill(0), top].join(" ");
  const pagetypeinfo = [
    "Page block order: 13",
    "Pages per block:  8192",
    "",
    `Free pages count per migrate type at order ${Array.from({ length: 14 }, (_, o) => o).join(" ")}`,
    `Node    0, zone   Normal, type    Unmovable ${counts(0)}`,
    `Node    0, zone   Normal, type      Movable ${counts(6)}`,
    "",
    "Number of blocks type     Unmovable      Movable",
    "Node 0, zone   Normal            1            7",
    "",
  ].join("\n");
  const arm: MachineSnapshot = {
    ...snapshot,
    kernel: "6.1.0",
    arch: "aarch64",
    pageSize: 65_536,
    texts: { pagetypeinfo },
  };
  const large = adviseOn(arm, { want: "1GiB", seeds: 1 });
  const how = large.remedies.map((r) => r.how).join("\n");
  assert.match(how, /hugepagesz=512M hugepages=2 /);
  assert.doesNotMatch(how, /hugepagesz=1G|hugetlb_cma/);
  assert.deepEqual(
    [65_536, 2 ** 21, 3 * 2 ** 30, 2 ** 30 + 2 ** 20].map((bytes) => memparseSize(bytes)),
    ["64K", "2M", "3G", "1025M"],
  );
});

test("the interval with the model's error contains that of the draws, by the record that the docs have", () => {
  const [c] = adviseOn(snapshot, { want: "100x2MiB", by: ["hugetlb-runtime"], seeds: 2 }).chances;
  // Wilson, 95 %, by hand: 2 of 2 is 34.2 % to 100 %, 6 of 9 is 35.4 % to 87.9 %; 0.342 * 0.354 = 0.121.
  assert.ok(Math.abs(c!.chance.low - 0.342) < 0.001);
  assert.ok(Math.abs(c!.withModel.low - 0.121) < 0.001);
  assert.equal(c!.withModel.high, 1);
  const docs = readFileSync(join(__dirname, "../../docs/live-machine.md"), "utf8");
  const rows = docs.split("\n").filter((l) => /^\| hp\d.*\| (yes|\*\*no\*\*) \|$/.test(l));
  assert.deepEqual(
    { inside: rows.filter((l) => l.endsWith("| yes |")).length, of: rows.length },
    { inside: RECORD.inside, of: RECORD.of },
  );
  // Of three machines drawn the one in the middle is the median.
  const large = rows
    .map((l) => l.split("|").map((cell) => cell.trim()))
    .map(([, , wanted, , got, drawn]) => [
      Number.parseInt(wanted!, 10),
      Number(got),
      drawn!
        .split(", ")
        .map(Number)
        .sort((a, b) => a - b)[1]!,
    ])
    .filter(([wanted]) => wanted! >= 8000);
  assert.deepEqual(large, RECORD.large);
  // By hand: 7176 is 21.6 % above 5899, 10,773 is 2.1 % below 11,000; 24 GiB are 12,288 pages of 2 MiB.
  const text = adviceText(adviseOn(snapshot, { want: "1x2MiB", seeds: 1 }));
  assert.match(
    text,
    /machine of 24 GiB, in 6 .*Where 8,000 or more .* of its 12,288, it gave from 2 % fewer to 22 % more/,
  );
});

test("a machine is told of no remedy that its architecture lacks", () => {
  const how = (arch: string) =>
    adviseOn({ ...snapshot, arch }, { want: "64MiB", seeds: 1 })
      .remedies.map((r) => r.how)
      .join("\n");
  // arch/*/Kconfig: x86-64 takes no areas from a device tree, 64-bit PowerPC has no CMA for devices.
  assert.match(how("x86_64"), /^cma=64M /m);
  assert.doesNotMatch(how("x86_64"), /device tree/);
  assert.match(how("aarch64"), /in the device tree under reserved-memory/);
  assert.doesNotMatch(how("ppc64le"), /cma=|device tree/);
});

test("what the counts settle is drawn once; other ways are drawn as if they were asked alone", () => {
  // 60 blocks of 4 MiB are free beside 4 unmovable ones, which leaves far more than the watermarks keep.
  const free = withArea(60, 0);
  const both = adviseOn(free, { want: "2MiB", by: ["buddy", "alloc-contig-pages"], seeds: 4 });
  const alone = adviseOn(free, { want: "2MiB", by: ["alloc-contig-pages"], seeds: 4 });
  assert.equal(both.counted.verdict, "enough");
  const of = (by: string) => both.chances.filter((c) => c.by === by);
  assert.deepEqual(
    of("buddy").map((c) => [c.situation, c.values, c.ended, c.chance.low]),
    ["now", "compacted", "dropped"].map((situation) => [situation, [1], "counts", 1]),
  );
  assert.deepEqual(of("alloc-contig-pages"), alone.chances);
  assert.deepEqual(
    alone.chances.map((c) => [c.of, c.ended]),
    [4, 4, 4].map((n) => [n, null]),
  );
  const text = adviceText(both);
  assert.match(text, /now: granted: the counts suffice on every machine like this one/);
  assert.match(text, /\n {2}nothing: it is to be had now\n/);
  assert.deepEqual(adviseOn(free, { want: "2MiB", by: ["buddy", "alloc-contig-pages"], seeds: 4 }), both);
});

test("if the counts settle everything, no second machine is drawn, and that is told", () => {
  const told: string[] = [];
  const advice = adviseOn(withArea(60, 0), { want: "8x2MiB", seeds: 8, tell: (line) => told.push(line) });
  assert.ok(advice.chances.every((c) => c.ended === "counts" && c.of === 1));
  assert.equal(told.length, 4);
  assert.match(told.at(-1)!, /the counts settle the rest/);
  // One piece more than the counts leave: every machine is drawn.
  const { usable } = advice.counted;
  const more = adviseOn(withArea(60, 0), { want: `${usable + 1}x2MiB`, seeds: 2 });
  assert.ok(more.chances.every((c) => c.ended === null && c.of === 2));
});

test("a day that leaves twice what is wanted is run once, unless so many machines were asked for", () => {
  const free = { ...withArea(60, 0), kernel: "6.1.192" };
  const samples = [sampleOf(snapshot, "s")];
  const asked = { want: "4x2MiB", samples };
  const day = (options: object) =>
    adviseOn(free, { ...asked, ...options }).chances.find((c) => c.situation === "day")!;
  const brief = day({});
  const full = day({ seeds: 2 });
  assert.deepEqual([brief.of, brief.granted, brief.ended], [1, 1, "spare"]);
  assert.deepEqual([full.of, full.ended], [2, null]);
  assert.equal(full.values[0], brief.values[0]);
});

test("remedies are those of the release, each with where it works from", () => {
  const of = (kernel: string) => adviseOn({ ...snapshot, kernel }, { want: "1x1GiB", seeds: 1 }).remedies;
  // vm.defrag_mode came with 6.15 (e3aa7df331bc), hugetlb_cma= with 5.7 (cf11e85fc08c).
  assert.ok(of("6.18").some((r) => r.how.includes("defrag_mode") && r.releases === "since 6.15"));
  assert.ok(of("6.1").every((r) => !r.how.includes("defrag_mode")));
  assert.ok(of("6.1").some((r) => r.how.startsWith("hugetlb_cma=1G") && r.releases === "since 5.7"));
  assert.ok(of("5.4").every((r) => !r.how.includes("hugetlb_cma")));
  assert.ok(of("5.4").some((r) => r.how.startsWith("hugepagesz=1G hugepages=1 ")));
});

test("no remedy exceeds the machine's memory", () => {
  const of = (want: string) => adviseOn(snapshot, { want, seeds: 1 }).remedies;
  assert.deepEqual(of("64GiB"), []);
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

/** A clock that goes a second on each time it is asked. */
function clock(endMs: number): TimeGiven {
  let nowMs = 0;
  return { nowMs: () => (nowMs += 1000), endMs };
}
