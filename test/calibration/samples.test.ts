/** Samples of real machines: what is read, what may be missing, and that both sides are measured alike. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { MiB } from "../../lib/base/units";
import { CLASS, settledClasses } from "../../lib/calibration/class-map";
import { FrameCounter } from "../../lib/calibration/frame-counter";
import { measureSample } from "../../lib/calibration/measure-sample";
import { measureSystem } from "../../lib/calibration/measure-system";
import {
  parseMeminfo,
  parsePagetypeinfo,
  parseSlabinfo,
  parseVmstat,
  parseZoneinfo,
} from "../../lib/calibration/proc-texts";
import { readSample, readSeries } from "../../lib/calibration/sample";
import { System } from "../../lib/machine/system";
import { FIXTURES, pageblock } from "../support/cli";

const SERIES = join(FIXTURES, "real-machine/series");
const S008 = join(SERIES, "s008");
const folder = mkdtempSync(join(tmpdir(), "pageblock-sample-"));
after(() => rmSync(folder, { recursive: true }));
const textOf = (name: string) =>
  brotliDecompressSync(readFileSync(join(S008, `${name}.br`))).toString("latin1");

test("a sample says what its texts say", () => {
  const q = measureSample(readSample(S008));
  assert.equal(q.pageSize, 4096);
  assert.equal(q.memoryPages, 24683652 / 4);
  assert.equal(q.slabReclaimable, 188210);
  assert.equal(q.pageTables, 7323);
  assert.equal(q.kernelStacks, 4192 / 4);
  // Its kernel had not initialised all memory: what MemFree counts beyond the lists is free, in the largest pages.
  assert.equal(
    q.freeByOrder!.reduce((a, b) => a + b),
    19183828 / 4,
  );
  assert.equal(q.freeByOrder![0], 223);
  assert.equal(q.blocksByType!.Reclaimable, 371);
  // The class map agrees with the counters of the kernel to one in a hundred.
  const slab = q.slabReclaimable! + q.slabUnreclaimable!;
  assert.ok(Math.abs(q.frames!.pages.slab - slab) < 0.01 * slab);
  assert.ok(Math.abs(q.frames!.pages.pageTable - q.pageTables!) < 0.01 * q.pageTables!);
  assert.equal(
    q.frames!.unmovableSpread.reduce((a, b) => a + b),
    q.frames!.unmovableBlocks,
  );
});

test("a series is in the order of its times", () => {
  assert.deepEqual(
    readSeries(SERIES).map((s) => s.name),
    ["s000", "s002", "s004", "s006", "s008"],
  );
});

test("meminfo alone is a sample, by whatever name", () => {
  const path = join(folder, "what-i-had");
  writeFileSync(path, textOf("meminfo"));
  const q = measureSample(readSample(path));
  assert.equal(q.slabReclaimable, 188210);
  assert.equal(q.freeByOrder, undefined);
  assert.equal(q.frames, undefined);
});

test("what is no text of /proc is refused with file and line", () => {
  const bad = (
    name: string,
    parse: (text: string, file: string) => unknown,
    change: (text: string) => string,
    says: RegExp,
  ) => assert.throws(() => parse(change(textOf(name)), `/proc/${name}`), says);
  bad(
    "meminfo",
    parseMeminfo,
    (t) => t.replace("MemFree:", "MemFree"),
    /\/proc\/meminfo:2: a line of meminfo is/,
  );
  bad("meminfo", parseMeminfo, (t) => t.replace("MemTotal", "Total"), /has no line MemTotal/);
  bad("vmstat", parseVmstat, (t) => t.replace(/\n/, " x\n"), /\/proc\/vmstat:1: /);
  bad("slabinfo", parseSlabinfo, (t) => t.replace(/^dentry.*$/m, "dentry 1 2"), /\/proc\/slabinfo:\d+: /);
  bad("zoneinfo", parseZoneinfo, (t) => `x\n${t}`, /\/proc\/zoneinfo:1: /);
  bad(
    "pagetypeinfo",
    parsePagetypeinfo,
    (t) => t.replace(/(DMA32 +)\d+( +\d+){4}\s*$/m, "$1 1 2"),
    /5 counts/,
  );
  for (const parse of [parseMeminfo, parseVmstat, parseSlabinfo, parseZoneinfo, parsePagetypeinfo])
    assert.throws(() => parse("\n", "f"), /f: is empty/);
  assert.throws(() => readSample(join(folder, "nothing")), /no such file or folder/);
  writeFileSync(join(folder, "diary"), "dear diary\n");
  assert.throws(() => readSample(join(folder, "diary")), /is none of uptime, meminfo/);
});

test("fields come and go: an older meminfo and a slabinfo without slabdata", () => {
  const old = textOf("meminfo").replace(/^(KReclaimable|SReclaimable|SUnreclaim|Percpu|Zswap\w*):.*\n/gm, "");
  writeFileSync(join(folder, "old"), old);
  assert.equal(measureSample(readSample(join(folder, "old"))).slabReclaimable, undefined);
  const [line] = parseSlabinfo("slabinfo - version: 2.1\ndentry 40 42 192 21 1 : tunables 0 0 0\n", "f");
  assert.equal(line!.slabs, 2);
});

test("long stretches without flags are untouched memory, or none where the zone says so", () => {
  const map = new Uint8Array(100_000).fill(CLASS.slab);
  map.fill(CLASS.unknown, 10_000, 10_100);
  map.fill(CLASS.unknown, 60_000, 100_000);
  const zone = { startPfn: 0, spanned: 100_000, present: 60_000 };
  assert.equal(settledClasses(map)[70_000], CLASS.free);
  assert.equal(settledClasses(map, [zone])[70_000], CLASS.hole);
  assert.equal(settledClasses(map, [zone])[10_050], CLASS.unknown);
});

test("frames are counted by block, by GiB and by run", () => {
  const counter = new FrameCounter({ frames: 4096, blockPages: 512, pageSize: 4096 });
  counter.add(0, 100, CLASS.free);
  counter.add(100, 500, CLASS.slab);
  counter.add(600, 3, CLASS.free);
  counter.add(603, 5, CLASS.free);
  counter.add(608, 3000, CLASS.anon);
  const { unmovableBlocks, unmovableSpread, freeRunPages, cells, usedBlocks } = counter.result();
  assert.equal(unmovableBlocks, 2);
  assert.deepEqual(unmovableSpread, [0, 0, 0, 0, 0, 0, 1, 0, 1]);
  assert.deepEqual(freeRunPages, [0, 0, 0, 8, 0, 0, 100]);
  assert.deepEqual(cells, [{ gib: 0, blocks: 2, pages: 500, used: 3500 }]);
  assert.equal(usedBlocks, 8);
});

test("a model machine is measured by the same rules", () => {
  const system = System.boot({ board: "pc-x86-64", memoryBytes: 512 * MiB });
  const before = measureSystem(system);
  for (let i = 0; i < 1000; i++) system.allocFixed("slabReclaimable");
  for (let i = 0; i < 300; i++) system.alloc("anon");
  system.allocFixed("pageTable");
  system.alloc("fileClean", 4);
  const q = measureSystem(system);
  assert.equal(q.slabReclaimable! - before.slabReclaimable!, 1000);
  assert.equal(q.frames!.pages.slab - before.frames!.pages.slab, 1000);
  assert.equal(q.anon! - before.anon!, 300);
  assert.equal(q.pageTables! - before.pageTables!, 1);
  assert.equal(q.frames!.pages.fileLarge - before.frames!.pages.fileLarge, 16);
  assert.equal(q.free, system.freePages);
  const runs = q.frames!.freeRunPages.reduce((a, b) => a + b);
  assert.equal(runs, q.frames!.pages.free);
  assert.equal(q.frames!.pages.free, q.free);
});

test("pageblock fit --measure prints the quantities; what a sample does not tell is a dash", () => {
  const run = pageblock(["fit", "--measure", S008]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^slab +204,554 {2}slab, reclaimable and not$/m);
  assert.match(run.stdout, /^unmovableBlocks +4\.83 %/m);
  writeFileSync(join(folder, "m"), textOf("meminfo"));
  assert.match(pageblock(["fit", "--measure", join(folder, "m")]).stdout, /^free0to3 +–/m);
  assert.equal(pageblock(["fit", "--measure", join(folder, "diary")]).status, 2);
  assert.ok(readdirSync(folder).length > 0);
});

test("zoneinfo of more zones than machines have, and an overlong line, are refused with their lines", () => {
  const zones = Array.from({ length: 1025 }, (_, i) => `Node ${i}, zone Normal\n  pages free 1\n`).join("");
  assert.throws(() => parseZoneinfo(zones, "z"), /^InputError: z:2049: up to 1024 zones can be read/);
  const line = `MemTotal: ${"1".repeat(3000)} kB\n`;
  assert.throws(
    () => parseMeminfo(line, "m"),
    /^InputError: m:1: a line may have 2000 characters: got .{0,120}$/,
  );
});
