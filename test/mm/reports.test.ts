/**
 * Simulated reports against those that the kernel wrote. It wrote them a moment before or after the snapshot, so the
 * fixtures are those in which the free lists did not change in between. Per-CPU counts did change if the reader
 * itself took pages.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { machine } from "../../lib/fluent/machine";
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { PageAllocator } from "../../lib/mm/page-allocator";
import {
  buddyinfoLines,
  buddyinfoText,
  extfragIndexLines,
  extfragIndexText,
  unusableIndexLines,
  unusableIndexText,
} from "../../lib/mm/reports/buddyinfo";
import {
  fillContigPageInfo,
  fragmentationIndex,
  unusableFreeIndex,
} from "../../lib/mm/reports/fragmentation-index";
import { pagetypeinfoText } from "../../lib/mm/reports/pagetypeinfo";
import { vmstatText, zoneinfoText } from "../../lib/mm/reports/zoneinfo";
import { closestRelease } from "../../lib/mm/state/closest-release";
import { nrFreePagesBlocks } from "../../lib/mm/state/free-area";
import { Memory } from "../../lib/mm/state/memory";
import { KERNEL_PROFILES, kernelProfile } from "../../lib/mm/state/profile";
import { parseBuddyinfo } from "../../lib/trace/buddyinfo-text";
import { needInput, readInput } from "../../lib/trace/input";
import { loadSnapshot } from "../../lib/trace/snapshot-load";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { FIXTURES } from "../support/cli";

/** Lines that the model omits: counters it does not keep, and per-node figures. */
const NOT_KEPT =
  /^ {6}(?!nr_free_(pages|pages_blocks|cma) )\S+ +\d+$|^ {2}per-node stats$|^ {2}node_unreclaimable:/;

function load(folder: string, stage: string, release: KernelRelease) {
  const path = needInput(join(FIXTURES, folder), `${stage.toUpperCase()}.txt`);
  const snapshot = parseSnapshot(readInput(path), path);
  return { snapshot, m: loadSnapshot(snapshot, kernelProfile(release)) };
}
const recorded = (folder: string, report: string) => readFileSync(join(FIXTURES, folder, report), "latin1");
const known = (zoneinfo: string) =>
  zoneinfo
    .split("\n")
    .filter((line) => !NOT_KEPT.test(line))
    .join("\n");

/** `moved`: fields of the per-CPU lists that changed between the snapshot and the report. */
for (const [folder, stage, release, moved] of [
  ["x86-6.1/boot-8G", "s0", "6.1", /^( +count: +)\d+$/gm],
  ["x86-6.1/boot-8G", "s1", "6.1", /^( +count: +)\d+$/gm],
  ["x86-6.1/w1-files", "s0", "6.1", /^( +count: +)\d+$/gm],
  ["x86-6.1/w1-files", "s1", "6.1", /^( +count: +)\d+$/gm],
  ["x86-6.1/w4-thp", "s0", "6.1", /^( +count: +)\d+$/gm],
  ["x86-6.12.107/w1-files", "s1", "6.12", /^( +count: +)\d+$/gm],
  ["x86-7.3.4/w4-thp", "s0", "7.3", /^( +(?:count|high): +)\d+$/gm],
  ["x86-7.3.4/w7-cma", "s0", "7.3", /^( +(?:count|high): +)\d+$/gm],
  ["arm64-cma/c4-64k-mobility-off", "s0", "6.1", null],
  ["arm64-cma/c4-64k-mobility-off", "s1", "6.1", null],
] as const)
  test(`${folder} ${stage}: buddyinfo, pagetypeinfo, zoneinfo and vmstat are the recorded bytes`, () => {
    const { snapshot, m } = load(folder, stage, release);
    assert.equal(buddyinfoText(m), recorded(folder, `buddyinfo.${stage}`));
    assert.equal(pagetypeinfoText(m), recorded(folder, `pagetypeinfo.${stage}`));
    const vmstat = recorded(folder, `vmstat.${stage}`).match(/^nr_free_(?:pages|pages_blocks|cma) .*\n/gm)!;
    assert.equal(vmstatText(m), vmstat.join(""));
    const nrZones = Number(snapshot.header.get("max_nr_zones"));
    const still = (text: string) => (moved === null ? text : text.replace(moved, "$1*"));
    assert.equal(
      still(zoneinfoText(m, undefined, { nrZones })),
      still(known(recorded(folder, `zoneinfo.${stage}`))),
    );
  });

test("x86-contig, after a request at 80 %: the reports of the snapshot are the recorded bytes", () => {
  const folder = "x86-contig/2m-occ80-unm0-holes0-comp0";
  const { m } = load(folder, "s1", "6.1");
  assert.equal(buddyinfoText(m), recorded(folder, "buddyinfo.s1"));
  assert.equal(pagetypeinfoText(m), recorded(folder, "pagetypeinfo.s1"));
  assert.equal(unusableIndexText(m), recorded(folder, "unusable_index.s1"));
  const zones = parseBuddyinfo(recorded(folder, "buddyinfo.s1"), folder);
  assert.equal(extfragIndexText(m), extfragIndexLines(zones));
});

const contig = join(FIXTURES, "x86-contig");
for (const row of readdirSync(contig))
  for (const stage of ["s0", "s1", "compacted"]) {
    if (!existsSync(join(contig, row, `buddyinfo.${stage}`))) continue;
    test(`x86-contig ${row} ${stage}: the indices follow from buddyinfo`, () => {
      const text = readFileSync(join(contig, row, `buddyinfo.${stage}`), "latin1");
      const zones = parseBuddyinfo(text, row);
      assert.equal(buddyinfoLines(zones), text);
      let compared = 0;
      for (const [report, lines] of [
        ["unusable_index", unusableIndexLines],
        ["extfrag_index", extfragIndexLines],
      ] as const) {
        const path = join(contig, row, `${report}.${stage}`);
        if (!existsSync(path)) continue;
        assert.equal(lines(zones), readFileSync(path, "latin1"));
        compared++;
      }
      assert.ok(compared > 0);
    });
  }

test("nr_free_pages_blocks is the counter that 7.3 keeps", () => {
  for (const stage of ["s0", "s1"]) {
    const { snapshot, m } = load("x86-7.3.4/w4-thp", stage, "7.3");
    for (const z of snapshot.zones) {
      const zone = m.zones.find((o) => o.idx === z.idx)!;
      assert.equal(nrFreePagesBlocks(m, zone), Number(z.fields.get("nr_free_pages_blocks")), z.name);
    }
  }
});

test("indices by hand: two free blocks of order 0 and one of order 1, a request of order 2", () => {
  const nrFree = [2, 1, 0];
  assert.deepEqual(fillContigPageInfo(nrFree, 2), {
    freePages: 4,
    freeBlocksTotal: 3,
    freeBlocksSuitable: 0,
  });
  // 1000 − (1000 + 4 × 1000 / 4) / 3, each division rounded down
  assert.equal(fragmentationIndex(nrFree, 2), 334);
  assert.equal(fragmentationIndex(nrFree, 1), -1000);
  assert.equal(unusableFreeIndex(nrFree, 1), 500);
  assert.equal(unusableFreeIndex(nrFree, 2), 1000);
});

test("nothing free: the fragmentation index is 0, all is unusable; one block too small goes below zero as C prints it", () => {
  assert.equal(
    extfragIndexLines([{ nid: 0, name: "Normal", nrFree: [0, 0] }]),
    "Node 0, zone   Normal  0.000  0.000 \n",
  );
  assert.equal(
    unusableIndexLines([{ nid: 0, name: "Normal", nrFree: [0, 0] }]),
    "Node 0, zone   Normal 1.000 1.000 \n",
  );
  // 1000 − (1000 + 1000 / 2) / 1 = −500: C prints -500 / 1000 as 0 and -500 % 1000 as -500
  assert.equal(
    extfragIndexLines([{ nid: 0, name: "Normal", nrFree: [1, 0] }]),
    "Node 0, zone   Normal -1.000  0.-500 \n",
  );
});

test("a list longer than 100,000 blocks is only reported as longer since 5.4; 4.17 counted on", () => {
  const frames = 2 ** 18;
  const m = new Memory({
    maxOrder: 10,
    pageblockOrder: 9,
    zones: [{ idx: 2, name: "Normal", nid: 0, startPfn: 0, endPfn: frames }],
    cpus: 1,
    switches: kernelProfile("6.1"),
    cma: false,
    thp: true,
    mobilityDisabled: false,
  });
  const zone = m.zones[0]!;
  zone.present = frames;
  const head = zone.listBase + 1;
  let last = head;
  for (let pfn = 0; pfn < 2 * 100_001; pfn += 2) {
    m.next[last] = pfn;
    m.prev[pfn] = last;
    last = pfn;
  }
  m.next[last] = head;
  m.prev[head] = last;
  assert.match(pagetypeinfoText(m), /type {6}Movable >100000 {6}0 /);
  assert.match(pagetypeinfoText(m, m.zones, "4.17"), /type {6}Movable 100001 {6}0 /);
});

test("a set of switches counts as the release it is nearest to", () => {
  assert.equal(closestRelease(KERNEL_PROFILES["4.17"]), "4.17");
  assert.equal(closestRelease(KERNEL_PROFILES["6.1"]), "6.1");
  assert.equal(closestRelease(kernelProfile("6.12", { nofragment: false })), "6.12");
  assert.equal(closestRelease(KERNEL_PROFILES["7.3"]), "7.3");
});

for (const [what, text, message] of [
  ["an empty text", "\n", /buddyinfo: is empty/],
  ["another text", "MemTotal: 5 kB\n", /buddyinfo:1: a line of buddyinfo is .*: got "MemTotal: 5 kB"/],
  [
    "lines of unlike length",
    "Node 0, zone DMA 1 2 3\nNode 0, zone Normal 1 2\n",
    /buddyinfo:2: 3 orders as in the lines before were expected: got 2/,
  ],
] as const)
  test(`bad buddyinfo: ${what}`, () => {
    assert.throws(() => parseBuddyinfo(text, "buddyinfo"), message);
  });

test("an allocator's reports are those of its memory; a zone's reports are its lines of them", () => {
  const folder = "x86-6.1/w1-files";
  const { m } = load(folder, "s1", "6.1");
  const kernel = new PageAllocator(m, "6.1");
  assert.equal(kernel.buddyinfo(), recorded(folder, "buddyinfo.s1"));
  assert.equal(kernel.pagetypeinfo(), recorded(folder, "pagetypeinfo.s1"));
  assert.equal(kernel.vmstat(), vmstatText(m));
  assert.equal(kernel.zoneinfo(), zoneinfoText(m));
  const zone = kernel.zone("Normal");
  assert.equal(zone.buddyinfo(), recorded(folder, "buddyinfo.s1").split(/^/m)[2]);
  assert.ok(kernel.zoneinfo().includes(zone.zoneinfo()));
  assert.equal(
    zone.extfragIndex() + zone.unusableIndex(),
    kernel.extfragIndex().split(/^/m)[2]! + kernel.unusableIndex().split(/^/m)[2]!,
  );
  assert.equal(zone.pagetypeinfo().match(/zone +Normal/g)!.length, 6);
  // the recorded line: 514 229 81 17 6 4 4 3 2 0 151, of them 513 movable of order 0
  assert.equal(zone.freeBlocks(0), 514);
  assert.equal(zone.freeBlocks(0, 1), 513);
  assert.equal(zone.freePages, 157_432);
  assert.equal(zone.extfragIndex(10), -1);
  assert.equal(zone.unusableIndex(0), 0);
  assert.throws(() => zone.unusableIndex(11), /order: must be a whole number from 0 to 10: got 11/);
  assert.throws(() => kernel.zone("Norml"), /zone: unknown name "Norml": known are DMA, DMA32, Normal/);
});

test("a booted machine reports itself: buddyinfo and zoneinfo add up to its free pages", () => {
  const kernel = machine("pc-x86-64").memory("4GiB").kernel("6.1").start();
  const zones = parseBuddyinfo(kernel.buddyinfo(), "buddyinfo");
  const free = zones.map((z) =>
    Array.from(z.nrFree).reduce((n, blocks, order) => n + blocks * 2 ** order, 0),
  );
  assert.deepEqual(
    [...kernel.zoneinfo().matchAll(/pages free +(\d+)/g)].map((m) => Number(m[1])).filter((n) => n > 0),
    free,
  );
});
