/** `pageblock top`, the pure part: from texts to numbers, rates and lines. Expected values are worked out by hand. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { labelled, shortCount, shortRate, shortSize, shortTime } from "../../../lib/cli/top/cells";
import { topJson } from "../../../lib/cli/top/json";
import { topLines } from "../../../lib/cli/top/page";
import { ratesOf } from "../../../lib/cli/top/rates";
import { readingOf } from "../../../lib/cli/top/reading";
import { firstLine, fitted, moveOf } from "../../../lib/cli/top/screen";
import { snapshotFrom } from "../../../lib/trace/collect-snapshot";
import { type MachineSnapshot, readMachineSnapshot } from "../../../lib/trace/machine-snapshot";
import { FIXTURES } from "../../support/cli";
import { LATER, SMALL_TEXTS, vmstat } from "../../support/small-machine";

const snapshot = (texts: MachineSnapshot["texts"], more: Partial<MachineSnapshot> = {}): MachineSnapshot => ({
  format: "pageblock-snapshot",
  version: 1,
  pageSize: 4096,
  texts,
  sysctls: {},
  thp: {},
  hugepages: [],
  unread: [],
  ...more,
});
const reading = (texts: MachineSnapshot["texts"], more: Partial<MachineSnapshot> = {}) =>
  readingOf(snapshot(texts, more), "small");
const without = (name: keyof typeof SMALL_TEXTS) => {
  const { [name]: _left, ...rest } = SMALL_TEXTS;
  return rest;
};
const texts = (...args: Parameters<typeof topLines>) => topLines(...args).map(({ text }) => text.trimEnd());

const before = { atMs: 1000, reading: reading(SMALL_TEXTS) };
const after = { atMs: 5000, reading: reading({ ...SMALL_TEXTS, vmstat: vmstat(LATER) }) };

test("rates are differences over the time between two readings", () => {
  const rates = ratesOf(after, before)!;
  assert.equal(rates.since, "last");
  assert.equal(rates.seconds, 4);
  const { perSecond } = rates;
  assert.equal(perSecond.compact_stall, 2, "(18 - 10) / 4");
  assert.equal(perSecond.compact_fail, 0);
  assert.equal(perSecond.pgscan_direct, 100, "400 / 4, without pgscan_direct_throttle");
  assert.equal(perSecond.pgsteal_direct, 0.5, "2 / 4");
  assert.equal(perSecond.pgalloc, 110, "(40 of DMA32 + 400 of Normal) / 4");
  assert.equal(perSecond.allocstall, null, "a counter that ran backwards tells nothing");
  assert.equal(perSecond.cma_alloc_success, null, "this kernel does not count it");
});

test("the first reading shows the mean since boot, and none without uptime or vmstat", () => {
  const rates = ratesOf(after)!;
  assert.equal(rates.since, "boot");
  assert.equal(rates.seconds, 200);
  assert.equal(rates.perSecond.compact_stall, 0.09, "18 / 200");
  assert.equal(rates.perSecond.pgalloc, 7.7, "1540 / 200");
  assert.equal(ratesOf({ atMs: 1, reading: reading(without("uptime")) }), undefined);
  assert.equal(ratesOf({ atMs: 1, reading: reading(without("vmstat")) }), undefined);
  const blind = { atMs: 0, reading: reading(without("vmstat")) };
  assert.equal(ratesOf(after, blind)!.since, "boot", "a reading without vmstat is no start of a difference");
});

test("a page of 60 columns, line by line", () => {
  const lines = texts(after.reading, ratesOf(after, before), 60);
  const zone = lines.indexOf("Node 0 Normal   free 300K of 3.9M, below min, min 320K,");
  // 75 pages free; 3, 7, 11 and 11 of them are in blocks below orders 1, 2, 3 and 4: 0.04, 0.093, 0.146.
  assert.deepEqual(lines.slice(zone, zone + 11), [
    "Node 0 Normal   free 300K of 3.9M, below min, min 320K,",
    "                low 400K, high 480K, CMA 1M (free 64K),",
    "                largest free block: order 4",
    "Page blocks     Unmovable 5, Movable 41, CMA 16",
    "order              0       1       2       3       4",
    "block             4K      8K     16K     32K     64K",
    "Unmovable          1       2       0       0       0",
    "Movable      >100000       0       1       0       3",
    "CMA                0       0       0       0       1",
    "all types          3       2       1       0       4",
    "unusable        0.00    0.04    0.09    0.14    0.14",
  ]);
  const movable = lines.indexOf("Node 1 Movable  free 476K of 1.3M, below high, min 320K,");
  assert.equal(lines[movable + 1], "                low 400K, high 480K, no free block");
  assert.equal(lines.at(-1), "unusable     1.00 1.00 1.00 1.00 1.00");
  assert.ok(lines.includes("CMA             total 1M, free 64K"));
  assert.ok(lines.includes("Huge pages      64K: 8 (free 3, reserved 1, surplus 0)"));
  assert.ok(lines.includes("Per second, in the last 4.0 s"));
  assert.ok(lines.includes("Pages           allocated 110, freed -"));
  assert.ok(!lines.some((line) => line.startsWith("CMA requests")), "a group that no kernel counter is for");
});

test("in 40 columns orders are rows", () => {
  const lines = texts(after.reading, undefined, 40);
  const from = lines.indexOf("   ord block Unmov   Mov   CMA   all");
  assert.deepEqual(lines.slice(from + 1, from + 6), [
    "     0    4K     1 >100k     0     3",
    "     1    8K     2     0     0     2",
    "     2   16K     0     1     0     1",
    "     3   32K     0     0     0     0",
    "     4   64K     0     3     1     4",
  ]);
  assert.equal(lines[from + 6], "   ord block  unus");
  assert.equal(lines[from + 8], "     1    8K  0.04");
});

test("colour follows the watermarks", () => {
  const looks = (free: number) => {
    const zoneinfo = SMALL_TEXTS.zoneinfo.replace("pages free     75", `pages free     ${free}`);
    const lines = topLines(reading({ ...SMALL_TEXTS, zoneinfo }), undefined, 100);
    const line = lines.find(({ text }) => text.startsWith("Node 0 Normal"))!;
    return [line.look, /(below|above) \w+/.exec(line.text)![0]];
  };
  assert.deepEqual(looks(79), ["alarm", "below min"]);
  assert.deepEqual(looks(80), ["warning", "below low"]);
  assert.deepEqual(looks(100), ["heading", "below high"]);
  assert.deepEqual(looks(120), ["heading", "above high"]);
});

test("without pagetypeinfo the free blocks are shown by order only, and one line says why", () => {
  const unread = [{ what: "/proc/pagetypeinfo", why: "permission denied" }];
  const own = reading(without("pagetypeinfo"), { unread });
  const lines = texts(own, undefined, 100);
  assert.ok(
    lines.includes("Not read        /proc/pagetypeinfo (permission denied): free blocks by order only"),
  );
  const from = lines.findIndex((line) => line.startsWith("order "));
  assert.deepEqual(
    lines.slice(from + 2, from + 4).map((line) => line.split(/ {2,}/)[0]),
    ["all types", "unusable"],
  );
});

test("every text may be the only one", () => {
  for (const name of ["buddyinfo", "zoneinfo", "meminfo", "vmstat", "uptime", "pagetypeinfo"] as const) {
    const own = reading({ [name]: SMALL_TEXTS[name] });
    assert.ok(texts(own, ratesOf({ atMs: 0, reading: own }), 80).length > 1, name);
    assert.equal(JSON.parse(topJson(own, undefined)).unread.length, 5, name);
  }
});

const MACHINES: readonly (readonly [string, () => MachineSnapshot])[] = [
  ["6.18", () => readMachineSnapshot(join(FIXTURES, "live-machine/vm-6.18.snapshot.json.gz"))],
  ["a series", () => snapshotFrom([join(FIXTURES, "real-machine/series/s008")])],
  ["zoneinfo that somebody posted", () => posted("memstrack4-zoneinfo.txt")],
  ["buddyinfo that somebody posted", () => posted("coreos489-buddyinfo.txt")],
  ["small", () => snapshot(SMALL_TEXTS)],
  [
    "hostile",
    () =>
      snapshot(
        {
          ...SMALL_TEXTS,
          buddyinfo: `Node 0, zone \x1b[2J\u202e宽${"x".repeat(900)} ${"1073741824 ".repeat(20)}\n`,
          meminfo: `MemTotal: ${2 ** 53} kB\nCmaTotal: ${2 ** 53} kB\nCmaFree: 1 kB\n`,
        },
        {
          kernel: `\x07${"k".repeat(190)}`,
          unread: [{ what: "/proc/vmstat", why: "\x1b]0;x\x07".repeat(20) }],
        },
      ),
  ],
];
const posted = (file: string) => snapshotFrom([join(FIXTURES, "live-machine/22-proc-files", file)]);

for (const [name, machine] of MACHINES)
  test(`no line is wider than its terminal, of 40 to 200 columns: ${name}`, () => {
    const own = readingOf(machine(), name);
    const rates = ratesOf({ atMs: 0, reading: own });
    for (let width = 40; width <= 200; width++)
      for (const line of texts(own, rates, width)) {
        assert.ok(line.length <= width, `${width}: ${line}`);
        assert.match(line, /^[\x20-\x7e]*$/, "one column for each character");
      }
  });

test("a machine of 24 GB: what a separate count gives for its Normal zone", () => {
  const own = readingOf(readMachineSnapshot(join(FIXTURES, "live-machine/vm-6.18.snapshot.json.gz")), "6.18");
  const { zones } = JSON.parse(topJson(own, undefined));
  const normal = zones.find((zone: { name: string }) => zone.name === "Normal");
  // 174 + 2 x 1573 + 4 x 817 + 8 x 20271 + … + 1024 x 189 = 1076644 pages; 193536 of them in blocks of order 10.
  assert.deepEqual(
    normal.unusable,
    [0, 0, 0.003, 0.006, 0.156, 0.336, 0.519, 0.655, 0.733, 0.777, 0.82],
    "thousandths, rounded down as the kernel does",
  );
  assert.equal(normal.watermark, "above high");
  assert.deepEqual(normal.pageBlocks, {
    Unmovable: 163,
    Movable: 6114,
    Reclaimable: 315,
    HighAtomic: 0,
    Isolate: 0,
  });
});

test("docs/live-machine.md shows what is printed for that zone", () => {
  const own = readingOf(readMachineSnapshot(join(FIXTURES, "live-machine/vm-6.18.snapshot.json.gz")), "6.18");
  const lines = texts(own, undefined, 100);
  const zone = lines.slice(lines.findIndex((line) => line.startsWith("Node 0 Normal"))).join("\n");
  const docs = readFileSync(join(FIXTURES, "../../docs/live-machine.md"), "utf8");
  assert.ok(docs.includes(`\`\`\`text\n${zone}\n\`\`\``), zone);
});

test("JSON: the same numbers", () => {
  const json = JSON.parse(topJson(after.reading, ratesOf(after, before)));
  assert.deepEqual(json.cma, { totalBytes: 1048576, freeBytes: 65536 });
  assert.deepEqual(json.hugePages, [{ bytes: 65536, total: 8, free: 3, reserved: 1, surplus: 0 }]);
  assert.equal(json.rates.perSecond.compact_stall, 2);
  const [normal] = json.zones;
  assert.deepEqual(normal.unusable, [0, 0.04, 0.093, 0.146, 0.146]);
  assert.deepEqual(normal.freeBlocksByType.Movable, [100000, 0, 1, 0, 3]);
  assert.deepEqual(normal.cappedOrders, { Movable: [0] });
  assert.deepEqual(
    [normal.freePages, normal.minPages, normal.lowPages, normal.highPages, normal.managedPages],
    [75, 80, 100, 120, 1000],
  );
  assert.deepEqual([normal.cmaPages, normal.freeCmaPages], [256, 16]);
  assert.equal(json.zones.length, 2, "zones without memory are left out");
});

test("pools of every size come before the one of meminfo", () => {
  const pools = [
    { bytes: 2 ** 30, total: 2, free: 1, reserved: 0, surplus: 0 },
    { bytes: 2 ** 21, total: 4, free: 4, reserved: 2, surplus: 1 },
    { node: 0, bytes: 2 ** 21, total: 4, free: 4 },
  ];
  const lines = texts(reading(SMALL_TEXTS, { hugepages: pools }), undefined, 120);
  assert.ok(
    lines.includes(
      "Huge pages      2M: 4 (free 4, reserved 2, surplus 1), 1G: 2 (free 1, reserved 0, surplus 0)",
    ),
  );
});

test("without CmaFree, vmstat tells how much of CMA is free", () => {
  const meminfo = SMALL_TEXTS.meminfo.replace(/CmaFree.*\n/, "");
  assert.deepEqual(reading({ ...SMALL_TEXTS, meminfo }).cma, { totalBytes: 1048576, freeBytes: 65536 });
  const none = SMALL_TEXTS.meminfo.replace(/Cma.*\n/g, "");
  assert.ok(
    texts(reading({ ...SMALL_TEXTS, meminfo: none }), undefined, 80).includes("CMA             none"),
  );
});

test("numbers that no kernel prints are refused with their text", () => {
  const huge = "9".repeat(400);
  assert.throws(
    () => reading({ vmstat: `pgfree ${huge}\n` }),
    /^InputError: small: vmstat: "pgfree" must be at/,
  );
  assert.throws(
    () => reading({ meminfo: `MemTotal: ${huge} kB\n` }),
    /small: meminfo: "MemTotal" must be at/,
  );
  assert.throws(() => reading({ uptime: huge }), /small: uptime: must be at most 10000000000 seconds/);
  assert.throws(
    () => reading({ buddyinfo: "Node 0, zone Normal\n" }),
    /small: buddyinfo:1: a line of buddyinfo/,
  );
});

test("numbers in few characters, rounded down where they count", () => {
  const counts = [0, 999, 1000, 9999, 22_427, 999_999, 1_000_000, 2 ** 30];
  assert.deepEqual(counts.map(shortCount), ["0", "999", "1.0k", "9.9k", "22k", "999k", "1.0M", "1.0G"]);
  const rates = [null, 0, 0.004, 0.126, 9.99, 10.4, 9999, 31_024.6];
  assert.deepEqual(rates.map(shortRate), ["-", "0", "<0.01", "0.13", "9.99", "10", "9999", "31k"]);
  const sizes = [0, 4096, 1.5 * 2 ** 20, 1023.9 * 2 ** 20, 24 * 2 ** 30, 2 ** 42];
  assert.deepEqual(sizes.map(shortSize), ["0", "4K", "1.5M", "1G", "24G", "4T"]);
  const times = [2, 119.9, 120, 3190.91, 36_502, 300_000];
  assert.deepEqual(times.map(shortTime), ["2.0 s", "119.9 s", "2 min", "53 min", "10 h 8 min", "3 d 11 h"]);
});

test("items go to the next line as wholes; only what is wider than a line is divided", () => {
  assert.deepEqual(
    labelled("Label", ["one two", "three", "x".repeat(30)], 28).map(({ text }) => text.trimEnd()),
    ["Label           one two,", "                three,", `${" ".repeat(16)}${"x".repeat(12)}`].concat(
      `${" ".repeat(16)}${"x".repeat(12)}`,
      `${" ".repeat(16)}${"x".repeat(6)}`,
    ),
  );
});

test("a screen shows the part that fits, and the last page is full", () => {
  const lines = Array.from({ length: 50 }, (_, i) => ({ text: `line ${i + 1}`, look: "plain" as const }));
  const shown = (rows: number, from: number, columns = 80) =>
    fitted(lines, { rows, columns }, from).map(({ text }) => text);
  assert.equal(shown(60, 0).length, 51);
  assert.equal(shown(60, 9)[0], "line 1", "nothing to move");
  assert.equal(shown(60, 0).at(-1), "q quits");
  assert.deepEqual(shown(4, 10), ["line 11", "line 12", "line 13", "lines 11 to 13 of 50, arrows; q quits"]);
  assert.equal(shown(24, 1000)[0], "line 28");
  assert.deepEqual(shown(1, 0), ["line 1"], "a single row");
  assert.ok(shown(24, 0, 5).every((text) => text.length <= 5));
  assert.equal(firstLine(50, 24, Number.POSITIVE_INFINITY), 27);
});

test("keys move by lines and pages; other keys do nothing", () => {
  assert.deepEqual(
    ["up", "k", "down", "j", "pageup", "pagedown", "space"].map((key) => moveOf(key, 24)),
    [-1, -1, 1, 1, -22, 22, 22],
  );
  assert.equal(moveOf("home", 24), Number.NEGATIVE_INFINITY);
  assert.equal(moveOf("x", 24), undefined);
  assert.equal(moveOf("constructor", 24), undefined);
  assert.equal(moveOf(undefined, 24), undefined);
});
