import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { readMachineSnapshot } from "../../lib/trace/machine-snapshot";
import { FIXTURES, pageblock } from "../support/cli";

const BOOT = join(FIXTURES, "x86-6.1/boot-8G");
const S1 = join(BOOT, "S1.txt.br");
const folder = mkdtempSync(join(tmpdir(), "pageblock-show-"));
after(() => rmSync(folder, { recursive: true }));

for (const report of ["buddyinfo", "pagetypeinfo"])
  test(`show --as ${report} prints what the kernel printed`, () => {
    const run = pageblock(["show", S1, "--as", report]);
    assert.equal(run.status, 0, run.stderr);
    assert.equal(run.stdout, readFileSync(join(BOOT, `${report}.s1`), "latin1"));
  });

test("show --zone limits every report to one zone", () => {
  const recorded = readFileSync(join(BOOT, "buddyinfo.s1"), "latin1");
  const line = recorded.split("\n").find((l) => l.includes("DMA32"));
  assert.equal(pageblock(["show", S1, "--as", "buddyinfo", "--zone", "DMA32"]).stdout, `${line}\n`);
  const zoneinfo = pageblock(["show", S1, "--as", "zoneinfo", "--zone", "DMA32"]).stdout;
  assert.deepEqual(zoneinfo.match(/^Node.*/gm), ["Node 0, zone    DMA32"]);
  const types = pageblock(["show", S1, "--as", "pagetypeinfo", "--zone", "DMA32"]).stdout;
  assert.equal(types.match(/zone\s+DMA32/g)!.length, 6);
});

test("without --as a summary in words", () => {
  const run = pageblock(["show", S1]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^profile 6\.1, pages of 4 KiB, page blocks of 2 MiB/);
  assert.match(run.stdout, /zone DMA32: managed 754,596 pages/);
});

test("a buddyinfo of any machine: its indices", () => {
  const row = join(FIXTURES, "x86-contig/2m-occ50-unm5-holes20-comp0");
  const run = pageblock(["show", join(row, "buddyinfo.s0"), "--as", "extfrag_index"]);
  assert.equal(run.status, 0, run.stderr);
  assert.equal(run.stdout, readFileSync(join(row, "extfrag_index.s0"), "latin1"));
  const zones = pageblock(["show", join(row, "buddyinfo.s0"), "--as", "zoneinfo"]);
  assert.equal(zones.status, 2);
  assert.match(zones.stderr, /buddyinfo, which tells only buddyinfo, extfrag_index, unusable_index/);
});

test("a buddyinfo without --as: rows with their names, by hand", () => {
  const file = join(folder, "buddyinfo");
  writeFileSync(file, "Node 0, zone   Normal      4      0      1\n");
  // 4 + 4 pages; below order 1 lie none of them, below order 2 the four single ones: half.
  assert.deepEqual(
    pageblock(["show", file])
      .stdout.split("\n")
      .map((line) => line.replace(/\s+/g, " ")),
    [
      "node 0, zone Normal: 8 pages free; largest block: order 2",
      " order: 0 1 2",
      " free blocks: 4 0 1",
      " share free in smaller blocks (%): 0 50 50",
      "",
    ],
  );
});

test("a snapshot of a machine on one screen, by --as summary or without", () => {
  const file = join(FIXTURES, "live-machine/vm-6.18.snapshot.json.gz");
  const run = pageblock(["show", file, "--as", "summary"]);
  assert.equal(run.status, 0, run.stderr);
  assert.equal(pageblock(["show", file]).stdout, run.stdout);
  const { texts } = readMachineSnapshot(file);
  const zones = [...texts.buddyinfo!.matchAll(/^Node (\d+), zone +(\S+)/gm)];
  assert.deepEqual(
    [...run.stdout.matchAll(/^node (\d+), zone (\S+):/gm)].map((m) => [m[1], m[2]]),
    zones.map((m) => [m[1], m[2]]),
  );
  assert.match(run.stdout, /^kernel 6\.18, .*page blocks of 2 MiB, largest free block 4 MiB$/m);
  assert.ok(run.stdout.split("\n").length <= 40);
  const other = pageblock(["show", file, "--as", "foo"]);
  assert.equal(other.status, 2);
  assert.match(other.stderr, /--as: unknown name "foo": known are summary/);
  const zoned = pageblock(["show", file, "--as", "zoneinfo", "--zone", "DMA"]);
  assert.match(zoned.stderr, /--zone: of a snapshot of a machine it limits summary/);
});

for (const [what, args, message] of [
  ["an unknown report", [S1, "--as", "budyinfo"], /--as: unknown name "budyinfo".*did you mean buddyinfo/],
  ["an unknown zone", [S1, "--zone", "Norml"], /--zone: unknown name "Norml": known are DMA, DMA32, Normal/],
  ["a folder", [BOOT], /boot-8G: is a folder: give a snapshot in it/],
  ["no such file", [join(BOOT, "S7.txt")], /S7\.txt: cannot be read/],
  ["another file", [join(BOOT, "cmdline")], /cmdline:1: a snapshot begins with/],
  ["an unknown profile", [S1, "--kernel", "7.4"], /kernel: 7.4 is newer than the newest modelled release/],
] as const)
  test(`bad input: ${what}: one line, exit 2`, () => {
    const run = pageblock(["show", ...args]);
    assert.equal(run.status, 2, run.stdout);
    assert.equal(run.stdout, "");
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1);
  });

test("a snapshot without its version file asks for the kernel, and takes it", () => {
  const alone = join(folder, "S1.txt");
  writeFileSync(alone, brotliDecompressSync(readFileSync(S1)));
  const run = pageblock(["show", alone]);
  assert.equal(run.status, 2);
  assert.match(run.stderr, /holds no version file: name the kernel with --kernel/);
  assert.equal(pageblock(["show", alone, "--kernel", "6.1", "--as", "buddyinfo"]).status, 0);
});
