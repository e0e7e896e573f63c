/**
 * Releases by name: what the table says about those between the modelled ones, and that a new row is enough
 * everywhere.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib/fluent/machine";
import { BOOT_RULES } from "../../lib/hardware/kernel-boot-rules";
import {
  bootRules,
  compareReleases,
  KERNEL_RELEASES,
  kernelRelease,
  kernelSwitches,
  resolveKernel,
  valueIn,
} from "../../lib/hardware/kernel-release";
import { came, choice, type KernelSwitch } from "../../lib/hardware/kernel-switch";
import {
  ALLOCATOR_SWITCHES,
  MODELLED_KERNELS,
  type ModelledKernel,
} from "../../lib/hardware/kernel-switches";
import { kernelProfile } from "../../lib/mm/state/profile";

const ALL: readonly [string, KernelSwitch][] = [
  ...Object.entries(ALLOCATOR_SWITCHES as Record<string, KernelSwitch>),
  ...Object.entries(BOOT_RULES as Record<string, KernelSwitch>),
];

test("a version names its series", () => {
  const spelled = { "6.6.30-1": "6.6", "v6.18.2": "6.18", " 5.10 ": "5.10", "6.1.192": "6.1" };
  for (const [text, series] of Object.entries(spelled)) assert.equal(kernelRelease(text), series);
  assert.equal(kernelRelease("6.12.107+deb13-amd64"), "6.12");
});

test("text that is not a release, or a release outside the modelled range, is refused with the limit and the value", () => {
  const cases: [string, RegExp][] = [
    [
      "4.16",
      /^kernel: 4\.16 is older than the oldest modelled release: releases from 4\.17 to 7\.3 .*: got "4\.16"$/,
    ],
    [
      "7.4",
      /^kernel: 7\.4 is newer than the newest modelled release: .* 4\.17, 6\.1, 6\.12, 6\.19, 7\.3: got "7\.4"$/,
    ],
    ["5.20", /^kernel: Linux 5\.x ended with 5\.19: .*: got "5\.20"$/],
    ["6.01", /^kernel: a release is written like 6\.1 or 6\.1\.192: .*: got "6\.01"$/],
    ["six", /^kernel: a release is written like 6\.1/],
    ["6", /^kernel: a release is written like 6\.1/],
  ];
  for (const [text, message] of cases)
    assert.throws(() => kernelRelease(text), { name: "InputError", message });
});

test("the order of releases is that of their numbers", () => {
  const sorted = ["6.1", "5.10", "4.17", "5.9", "6.12", "6.2", "7.0"].sort(compareReleases);
  assert.deepEqual(sorted, ["4.17", "5.9", "5.10", "6.1", "6.2", "6.12", "7.0"]);
});

/** By the commits of the mainline kernel, not by our table. */
const DATED: Record<string, [older: unknown, release: string, newer: unknown]> = {
  longtermPin: ["stays", "5.1", "leavesCma"],
  cmaBalance: [false, "5.8", true],
  isolateBit: [false, "6.17", true],
  rmqueueMode: [false, "6.15", true],
  bootFreeToTail: [false, "5.10", true],
  nofragment: [false, "5.0", true],
  proactiveCompaction: [false, "5.9", true],
  pcpHighOrders: [false, "5.14", true],
  pcpAutoTune: [false, "6.7", true],
  freelistHygiene: [false, "6.10", true],
  cmaAlignment: ["largestBuddy", "5.19", "pageblock"],
  hugetlbCma: [false, "5.7", true],
  pageblockMaxOrder: [false, "6.16", true],
  cmaRanges: [false, "6.15", true],
  arm64CmaAfterMemmap: [false, "5.11", true],
  cmaFrom4GiB: [false, "5.12", true],
  cmaFrom4GiBFirst: [false, "6.3", true],
  reservedMemGivenBack: [false, "5.2", true],
  thpOffRestoresMinFree: [false, "5.16", true],
  pageblockFollowsThp: [false, "6.10", true],
  freeSplitsAtPageblock: [false, "6.12", true],
  highatomicUnusable: ["reserved", "6.12", "free"],
  zoneinfoPcpBounds: [false, "6.13", true],
  highatomicFastPath: [false, "7.3", true],
  statThresholdsDeferred: [false, "6.13", true],
  contigInUse: ["refused", "5.13", "migrated"],
  cmaFailedArea: ["stopsAll", "5.9", "lost"],
  compactionLargeFolios: [false, "6.9", true],
  ext4LargeFolios: ["none", "6.16", "readWrite"],
  xfsLargeFolios: ["read", "6.6", "readWrite"],
  readaheadOrder: ["marked", "6.17", "own"],
  folioOrderOne: [false, "6.9", true],
};

test("each value starts with the release that introduced it, not with the next modelled one", () => {
  for (const [name, [older, release, newer]] of Object.entries(DATED)) {
    const s = ALL.find(([n]) => n === name)![1];
    const [major, minor] = release.split(".").map(Number) as [number, number];
    const before = minor > 0 ? `${major}.${minor - 1}` : `${major - 1}.20`;
    assert.equal(valueIn(s, before), older, `${name} in ${before}`);
    assert.equal(valueIn(s, release), newer, `${name} in ${release}`);
  }
});

// mm/page_alloc.c pfn_range_valid_contig(): eb14d4eefdc4 (5.13) dropped the check for huge pages, 4d73ba5fa710 (6.3) brought
// it back, and since 7.0 smaller huge pages do not count (v4 of 3 December 2025). 6.1.192 has the fix of 6.3.
test("a search for a range minds huge pages of hugetlb up to 5.12, since 6.3, and since 7.0 only large ones", () => {
  const of = (release: string) => kernelSwitches(release).contigHugetlb;
  assert.deepEqual(["4.17", "5.12", "5.13", "6.2"].map(of), ["refused", "refused", "tried", "tried"]);
  assert.deepEqual(["6.1", "6.3", "6.19", "7.0"].map(of), ["refused", "refused", "refused", "smaller"]);
});

// mm/compaction.c isolate_migratepages_block(): e380bebe4771 (5.1) marks a block whatever no_set_skip_hint says, 8b71b499ff98
// (6.5) asks it again. 6.1.192 has not got the second.
test("a contiguous request sets skip bits from 5.1 to 6.4", () => {
  const of = (release: string) => kernelSwitches(release).contigSetsSkip;
  assert.deepEqual(["5.0", "5.1", "6.1", "6.4"].map(of), [false, true, true, true]);
  assert.deepEqual(["4.17", "6.5", "6.12", "7.3"].map(of), [false, false, false, false]);
});

test("5.4, 5.10, 5.15, 6.6 and 6.18 get what mainline had by then", () => {
  const names = [
    "cmaBalance",
    "bootFreeToTail",
    "pcpHighOrders",
    "pcpFree",
    "longtermPin",
    "isolationUnit",
    "fallback",
    "freelistHygiene",
    "isolateBit",
  ] as const;
  const expected: Record<string, unknown[]> = {
    "5.4": [false, false, false, "fixed", "leavesCma", "maxOrder", "steal", false, false],
    "5.10": [true, true, false, "fixed", "leavesCma", "maxOrder", "steal", false, false],
    "5.15": [true, true, true, "freeFactor", "leavesCmaAndMovable", "maxOrder", "steal", false, false],
    "6.6": [true, true, true, "freeFactor", "leavesCmaAndMovable", "pageblock", "steal", false, false],
    "6.18": [true, true, true, "freeCount", "leavesCmaAndMovable", "pageblock", "claim", true, true],
  };
  for (const [release, values] of Object.entries(expected)) {
    const switches = kernelSwitches(release);
    assert.deepEqual(
      names.map((n) => switches[n]),
      values,
      release,
    );
  }
});

test("a modelled stable version has its back-ports; the mainline releases after it do not", () => {
  assert.equal(kernelSwitches("6.12").rmqueueMode, true);
  assert.equal(kernelSwitches("6.14").rmqueueMode, false);
  assert.equal(kernelSwitches("6.1").atomicRights, "graded");
  assert.equal(kernelSwitches("6.2").atomicRights, "harder");
  assert.match(resolveKernel("6.2").notes.join("\n"), /stable versions of 6\.2 may carry .*atomicRights/);
});

test("the note on later fixes names what the stable versions of the neighbouring rows carry, nothing else", () => {
  const laterFixes = (release: string) => {
    const note = resolveKernel(release).notes.find((one) => one.includes("may carry later fixes"));
    return note === undefined ? [] : note.slice(note.lastIndexOf(": ") + 2).split(", ");
  };
  assert.deepEqual(laterFixes("6.13"), ["rmqueueMode"]);
  assert.deepEqual(laterFixes("6.18"), [], "6.19 stands for a mainline release");
  assert.deepEqual(laterFixes("7.0"), []);
  assert.ok(!laterFixes("5.4").includes("rmqueueMode"), "6.12 is no neighbour of 5.4");
  assert.ok(laterFixes("5.15").includes("pcpDrain") && laterFixes("6.6").includes("pcpDrain"));
  for (const release of ["5.4", "5.15", "6.6", "6.13", "6.18", "7.0", "7.2"])
    assert.ok(!laterFixes(release).includes("highatomicFastPath"), release);
});

test("a release between two rows says what is known, what is inferred and what is not modelled", () => {
  const { release, row, known, inferred, notes } = resolveKernel("6.6.30");
  assert.equal(release, "6.6");
  assert.equal(row, null);
  assert.equal(known.length + inferred.length, ALL.length);
  assert.ok(known.includes("cmaBalance") && known.includes("pcpFree") && known.includes("isolateBit"));
  assert.deepEqual(inferred, ["fallback"]);
  assert.match(notes[0]!, /between the modelled 6\.1 and 6\.12; \d+ are known, \d+ inferred: fallback$/);
  assert.ok(resolveKernel("5.4").notes.some((n) => n.includes("alloc_contig_pages() did not exist")));
  assert.ok(!resolveKernel("5.5").notes.some((n) => n.includes("alloc_contig_pages() did not exist")));
  for (const modelled of KERNEL_RELEASES) {
    const { row: own, inferred: guessed, notes: none } = resolveKernel(modelled);
    assert.equal(own?.release, modelled);
    assert.deepEqual([guessed, none], [[], []]);
  }
});

test("every entry is in order, states its source, and its back-ports name modelled releases", () => {
  const names = new Set(ALL.map(([name]) => name));
  assert.equal(names.size, ALL.length, "no name in both tables");
  for (const [name, s] of ALL) {
    assert.ok(s.concerns.endsWith("."), name);
    let last = "4.17";
    let value = s.oldest;
    for (const [next, { release, by }] of s.values) {
      assert.ok(compareReleases(last, release) < 0, `${name}: ${release} comes after ${last}`);
      assert.equal(kernelRelease(release), release, name);
      assert.notEqual(next, value, name);
      assert.ok(by.length > 5, name);
      last = release;
      value = next;
    }
    for (const [release, early] of Object.entries(s.backports)) {
      assert.ok(
        KERNEL_RELEASES.some((r) => r === release),
        name,
      );
      assert.ok(
        s.values.some(([v, a]) => v === early && compareReleases(a.release, release) > 0),
        `${name}: ${release} has it before mainline`,
      );
    }
  }
});

test("a new kernel is one row and the switches it changes: names, profiles, boots and reports follow", () => {
  const rows = MODELLED_KERNELS as unknown as ModelledKernel[];
  const moved = ALLOCATOR_SWITCHES.pcpBulkFree as { values: KernelSwitch<string>["values"] };
  const before = moved.values;
  rows.push({ release: "7.9", standsFor: "7.9.0", provedBy: "nothing: it does not exist" });
  moved.values = choice<string>("", "counting", [...before, ["narrowing", came("7.9", "a test")]]).values;
  try {
    assert.equal(kernelRelease("7.9.2"), "7.9");
    assert.equal(kernelProfile("7.9").pcpBulkFree, "narrowing");
    assert.equal(kernelProfile("7.8").pcpBulkFree, "wrapping");
    assert.deepEqual(bootRules("7.9"), bootRules("7.3"));
    assert.deepEqual(resolveKernel("7.9").notes, []);
    assert.match(resolveKernel("7.8").notes[0]!, /between the modelled 7\.3 and 7\.9/);
    assert.throws(() => kernelRelease("8.0"), /releases from 4\.17 to 7\.9/);
    for (const board of ["qemu-virt", "pc-x86-64", "raspberry-pi-4", "power-64k"]) {
      const booted = machine(board).kernel("7.9").boot();
      assert.equal(booted.kernel, "7.9");
      const started = booted.start();
      assert.ok(started.allocPages({ order: 0, gfp: "GFP_KERNEL" }).ok);
      assert.match(started.zoneinfo(), /high_max/);
      assert.equal(started.zoneinfo(), afterOnePage(machine(board).kernel("7.3").boot()));
    }
  } finally {
    rows.pop();
    moved.values = before;
  }
  assert.throws(() => kernelRelease("7.9"), /newer than/);
});

function afterOnePage(booted: ReturnType<ReturnType<typeof machine>["boot"]>): string {
  const started = booted.start();
  started.allocPages({ order: 0, gfp: "GFP_KERNEL" });
  return started.zoneinfo();
}
