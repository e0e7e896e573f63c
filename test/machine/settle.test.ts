/**
 * Machines whose state is drawn: the counts are those that were given, every law holds, and equal seeds give equal machines. The
 * states are of real machines, of rows that a kernel recorded, and of machines that the model aged itself.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { machineOf, systemFromSnapshot } from "../../lib/calibration/snapshot-state";
import { run } from "../../lib/experiment/run";
import { machine } from "../../lib/fluent/machine";
import { codeClasses } from "../../lib/machine/frame-map";
import { System } from "../../lib/machine/system";
import { validate } from "../../lib/mm/reports/validate";
import { listFrames } from "../../lib/mm/state/list-frames";
import { parsePlan } from "../../lib/plan/run";
import { snapshotFrom } from "../../lib/trace/collect-snapshot";
import type { MachineSnapshot } from "../../lib/trace/machine-snapshot";
import { FIXTURES } from "../support/cli";

const ROWS = join(FIXTURES, "live-machine");
const rowOf = (row: string) =>
  snapshotFrom([join(ROWS, row, "buddyinfo.s0"), join(ROWS, row, "pagetypeinfo.s0")]);
const kernels = ["4.17.0", "6.1.192", "6.12.107", "7.3.4"];

/** Lines of pagetypeinfo, with the blanks at their ends. */
const typesOf = (text: string) => text.split("\n").filter((line) => line.startsWith("Node"));

for (const kernel of kernels)
  test(`${kernel}: two texts make a machine with the same texts, and every law holds`, () => {
    for (const row of ["2m-occ20-unm10-holes20-comp0", "2m-occ50-unm0-holes0-comp1"]) {
      const snapshot = { ...rowOf(row), kernel };
      for (const seed of [1, 2]) {
        const system = systemFromSnapshot(snapshot, seed);
        validate(system.memory, "everything", { ownersKnown: true });
        assert.equal(system.allocator.buddyinfo(), snapshot.texts.buddyinfo);
      }
    }
  });

test("pagetypeinfo is the recorded one too: free blocks by type, and page blocks by type", () => {
  const snapshot = { ...rowOf("2m-occ80-unm0-holes0-comp0"), kernel: "6.1.192" };
  const system = systemFromSnapshot(snapshot, 5);
  assert.deepEqual(typesOf(system.allocator.pagetypeinfo()), typesOf(snapshot.texts.pagetypeinfo!));
});

test("equal seeds give equal machines, other seeds other ones", () => {
  const snapshot = rowOf("2m-occ80-unm0-holes0-comp0");
  const lists = (seed: number) => {
    const { memory: m } = systemFromSnapshot(snapshot, seed);
    const zone = m.zones[2]!;
    return [listFrames(m, zone.listBase + 1), listFrames(m, zone.listBase + 9 * 8 + 1), [...m.blocks]];
  };
  assert.deepEqual(lists(7), lists(7));
  assert.notDeepEqual(lists(7), lists(8));
});

const SERIES = join(FIXTURES, "real-machine/series/s008");
const real = (name: string) => brotliDecompressSync(readFileSync(join(SERIES, `${name}.br`))).toString();

test("a real machine: zones, watermarks, kinds of pages and per-CPU lists are those of its zoneinfo", () => {
  const snapshot: MachineSnapshot = { ...snapshotFrom([SERIES]), kernel: "6.18.1" };
  const { frames: _frames, ...drawn } = snapshot;
  const system = systemFromSnapshot(drawn, 1);
  validate(system.memory, "everything", { ownersKnown: true });
  const normal = system.memory.zones[2]!;
  // By hand from the fixture: the block of "Node 0, zone   Normal" in zoneinfo.
  const text = real("zoneinfo")
    .split(/^Node 0, zone /m)
    .find((part) => part.trimStart().startsWith("Normal"))!;
  const number = (label: string) => Number(new RegExp(`^\\s+${label}\\s+(\\d+)$`, "m").exec(text)![1]);
  assert.equal(normal.startPfn, number("start_pfn:"));
  assert.equal(normal.endPfn - normal.startPfn, number("spanned"));
  assert.equal(normal.present, number("present"));
  assert.equal(normal.wmark[0], number("min") - number("boost"));
  assert.equal(normal.wmark[2], number("high") - number("boost"));
  const onLists = [...text.matchAll(/^\s+count:\s+(\d+)$/gm)].reduce((n, m) => n + Number(m[1]), 0);
  assert.equal(
    normal.pcps.reduce((n, pcp) => n + pcp.count, 0),
    onLists,
  );
  const file = number("nr_zone_inactive_file") + number("nr_zone_active_file");
  const lru = system.lru.count;
  assert.ok(
    Math.abs(lru[3]! + lru[4]! - file) < 0.02 * file + 50_000,
    `${lru[3]! + lru[4]!} file pages for ${file}`,
  );
  const orders = (t: string) =>
    t
      .trim()
      .split("\n")
      .map((l) => l.trim().split(/\s+/).slice(4));
  // The kernel initialises memory as it is needed: what it had not yet is free memory of the largest order here.
  for (const [i, line] of orders(real("buddyinfo")).entries())
    assert.deepEqual(orders(system.allocator.buddyinfo())[i]!.slice(0, -1), line.slice(0, -1));
});

test("with the class of every frame each free frame is free, and each that is in use is in use", () => {
  const snapshot: MachineSnapshot = { ...snapshotFrom([SERIES]), kernel: "6.18.1" };
  const classes = brotliDecompressSync(readFileSync(join(SERIES, "class.br")));
  assert.equal(snapshot.frames, codeClasses(classes));
  const { memory: m } = systemFromSnapshot(snapshot, 1);
  validate(m, "everything", { ownersKnown: true });
  const zone = m.zones[2]!;
  for (let p = zone.startPfn; p < zone.endPfn; p += 997) {
    const free = m.freePlaceOf(p) !== undefined;
    if (classes[p] === 7) assert.ok(free, `frame ${p} is free`);
    else if (classes[p] !== 0) assert.ok(!free, `frame ${p} is in use`);
  }
});

test("states of aged model machines: two nodes, pages of 64 KiB, huge pages off", () => {
  for (const request of [
    { board: "server-x86-64", memoryBytes: 16 * 2 ** 30, nodes: 2, kernel: "6.12" },
    { board: "qemu-virt", memoryBytes: 8 * 2 ** 30, pageSize: 65_536, kernel: "6.1" },
    { board: "qemu-virt", memoryBytes: 2 ** 30, pageSize: 16_384, kernel: "6.12" },
    { board: "qemu-virt", memoryBytes: 2 ** 29, thp: false, hugetlb: false, kernel: "6.1" },
  ] as const) {
    const aged = System.boot(request);
    for (let i = 0; i < 20_000; i++)
      if (i % 3 === 0) aged.allocFixed("slab");
      else aged.alloc(i % 2 === 0 ? "anon" : "fileClean");
    const texts = {
      buddyinfo: aged.allocator.buddyinfo(),
      pagetypeinfo: aged.allocator.pagetypeinfo(),
      zoneinfo: aged.allocator.zoneinfo(),
    };
    const snapshot: MachineSnapshot = {
      ...rowOf("2m-occ80-unm0-holes0-comp0"),
      texts,
      kernel: request.kernel,
      pageSize: aged.pageSize,
      cpus: aged.cpus,
    };
    const drawn = systemFromSnapshot(snapshot, 3);
    validate(drawn.memory, "everything", { ownersKnown: true });
    assert.equal(drawn.allocator.buddyinfo(), texts.buddyinfo, JSON.stringify(request));
    assert.deepEqual(
      drawn.memory.zones.map((z) => [z.nid, z.name, z.startPfn, z.endPfn, [...z.wmark].slice(0, 3)]),
      aged.memory.zones.map((z) => [z.nid, z.name, z.startPfn, z.endPfn, [...z.wmark].slice(0, 3)]),
    );
  }
});

test("the state is a field of plans: the plan's seed draws, and equal plans give equal outcomes", () => {
  const described = machine.fromSnapshot(rowOf("2m-occ80-unm0-holes0-comp0"));
  const plan = (seed: number) =>
    parsePlan({
      machine: JSON.parse(JSON.stringify(described.toJSON())),
      strategy: { name: "buddy" },
      request: { size: "2MiB", times: 3 },
      seed,
    });
  const first = run(plan(1));
  assert.deepEqual(run(plan(1)), first);
  assert.equal(first.requests.granted.length, 3);
  assert.notDeepEqual(run(plan(2)).requests.pfn, first.requests.pfn);
  const fixed = machine.fromSnapshot(rowOf("2m-occ80-unm0-holes0-comp0"), { seed: 9 });
  assert.equal(fixed.toJSON().state?.seed, 9);
  assert.equal(fixed.start().buddyinfo(), described.start().buddyinfo());
  assert.throws(() => described.cma("64MiB"), /a CMA area is reserved at boot/);
});

/** A change to a text, and what the refusal says. */
const HOSTILE: readonly [
  what: string,
  name: "buddyinfo" | "pagetypeinfo" | "zoneinfo",
  (text: string) => string,
  RegExp,
][] = [
  [
    "page blocks of 2^60",
    "pagetypeinfo",
    (t) => t.replace("order: 9", "order: 60"),
    /pagetypeinfo:1: a number from 0 to 19.*"60"/,
  ],
  [
    "page blocks of 2^-1",
    "pagetypeinfo",
    (t) => t.replace("order: 9", "order: -1"),
    /pagetypeinfo:1: .*"-1"/,
  ],
  [
    "blocks of other pages",
    "pagetypeinfo",
    (t) => t.replace(/block: +512/, "block: 513"),
    /pagetypeinfo:2: 2\^9 pages.*513/,
  ],
  [
    "10^12 free blocks",
    "pagetypeinfo",
    (t) => t.replace(/(Movable {5,}) 0 /, "$11000000000000 "),
    /pagetypeinfo:\d+: a number from 0 to 1073741824/,
  ],
  [
    "more than memory holds",
    "buddyinfo",
    (t) => t.replace(/(DMA32 +)\d+/, "$199999999"),
    /zones\[1\]\.free: must add up to at most/,
  ],
  [
    "a million orders",
    "buddyinfo",
    (t) => `${t.split("\n")[0]}${" 1".repeat(1e6)}\n`,
    /buddyinfo:1: buddyinfo has up to/,
  ],
  [
    "30 orders",
    "buddyinfo",
    (t) => t.replace(/^(.*DMA .*)$/m, `$1${" 0".repeat(19)}`),
    /buddyinfo:1: up to 20 orders/,
  ],
  [
    "other orders",
    "buddyinfo",
    (t) => t.replace(/ +\d+ *$/gm, ""),
    /buddyinfo has 10 orders, pagetypeinfo 11/,
  ],
  [
    "more orders than counts",
    "pagetypeinfo",
    (t) => t.replace(/Movable +\d+ /, "Movable "),
    /pagetypeinfo:\d+: .*11 numbers/,
  ],
  [
    "orders out of order",
    "pagetypeinfo",
    (t) => t.replace("order       0      1", "order       0      7"),
    /orders from 0 to/,
  ],
  [
    "blocks beyond memory",
    "pagetypeinfo",
    (t) => t.replace(/(DMA32 +\d+ +)\d+/, "$1 1073741824"),
    /frame|at most|spanned|must be/,
  ],
  ["a cut text", "pagetypeinfo", (t) => t.slice(0, 300), /pagetypeinfo/],
];

for (const [what, name, change, message] of HOSTILE)
  test(`hostile texts: ${what}`, () => {
    const snapshot = rowOf("2m-occ80-unm0-holes0-comp0");
    const texts = { ...snapshot.texts, [name]: change(snapshot.texts[name]!) };
    assert.throws(
      () => systemFromSnapshot({ ...snapshot, texts }, 1),
      (error: Error) => {
        assert.equal(error.name, "InputError", error.stack);
        assert.match(error.message, message);
        assert.ok(error.message.length < 500 && !error.message.includes("\n"), error.message);
        return true;
      },
    );
  });

test("hostile zoneinfo: numbers beyond any machine, and more present than spanned", () => {
  const snapshot = snapshotFrom([SERIES]);
  for (const [from, to, message] of [
    [/spanned +\d+/, "spanned  99999999999", /zone DMA: spanned must be at most/],
    [/present +\d+/, "present  4096000", /present: must be at most the 4095 frames/],
    [/start_pfn: +\d+/, "start_pfn:  1048576", /startPfn: must not be below|spanned/],
    [/managed +\d+/, "managed  4000", /managed|free: must/],
  ] as const) {
    const texts = { ...snapshot.texts, zoneinfo: snapshot.texts.zoneinfo!.replace(from, to) };
    assert.throws(() => machineOf({ ...snapshot, texts }), message);
  }
});

test("a machine of a snapshot keeps its memory, and fromSnapshot() knows its one option", () => {
  const described = machine.fromSnapshot(rowOf("2m-occ80-unm0-holes0-comp0"));
  assert.throws(
    () => described.memory("4GiB"),
    /memory: the zones of this machine's state have .*: got 4 GiB/,
  );
  assert.throws(() => described.memory("1GiB"), /memory: the zones of this machine's state have/);
  assert.throws(() => described.cma("64MiB"), /a machine with a state has booted already/);
  assert.throws(
    () => machine.fromSnapshot(rowOf("2m-occ80-unm0-holes0-comp0"), { sed: 1 } as object),
    /fromSnapshot: option.*"sed".*did you mean seed/,
  );
});
