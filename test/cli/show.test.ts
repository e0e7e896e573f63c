import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { brotliDecompressSync } from "node:zlib";
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
