/** Parts of the reader of traces, each on its own; hostile lines; what is not a trace. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { InputError } from "../../../lib/base/errors";
import { validate } from "../../../lib/mm/reports/validate";
import { agreementOf, type OrderRow } from "../../../lib/trace/ftrace/aligned-replay";
import { countedMachine } from "../../../lib/trace/ftrace/counted-machine";
import { EventFields } from "../../../lib/trace/ftrace/event-fields";
import { gfpOfWords } from "../../../lib/trace/ftrace/gfp-words";
import { LivePages } from "../../../lib/trace/ftrace/live-pages";
import { OverTime } from "../../../lib/trace/ftrace/over-time";
import { PairsOfFrames } from "../../../lib/trace/ftrace/pairs-of-frames";
import { readProcCounts } from "../../../lib/trace/ftrace/proc-counts";
import { replayText } from "../../../lib/trace/ftrace/replay-text";
import { replayTrace } from "../../../lib/trace/ftrace/replay-trace";

type T = { after(fn: () => void): void };

function file(t: T, text: string | Buffer, name = "trace.txt"): string {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

const told = async (t: T, lines: readonly string[]) =>
  (await replayTrace([file(t, `${lines.join("\n")}\n`)])).trace;

test("frames of every release: decimal, hexadecimal, and what failed", () => {
  const frames: [string, number][] = [
    ["page=ffffea0003db9f40 pfn=1155800 order=0", 1155800],
    ["page=00000000f0a1b2c3 pfn=0x11a400 order=0", 0x11a400],
    ["page=0x176a17 pfn=1534487 order=0", 1534487],
    // libtraceevent cannot follow pfn_to_page().
    ["page=(nil) pfn=0x176a17 order=0", 0x176a17],
    ["page=(nil) pfn=0 order=4", -1],
    ["page=          (null) pfn=0 order=4", -1],
    ["page=0000000000000000 pfn=0x0 order=9", -1],
    // What follows from no page, before page_to_pfn() was left out for it.
    ["page=(null) pfn=377957122048 order=2", -1],
    ["page=0x0 pfn=18446744073709551615 order=2", -1],
    ["[FAILED TO PARSE] pfn=0x1a2b order=0 gfp_flags=3264 migratetype=0", 0x1a2b],
  ];
  for (const [text, frame] of frames) assert.equal(new EventFields(text).frame(), frame, text);
  assert.ok(Number.isNaN(new EventFields("pfn=12x order=0").frame()));
  const cma = new EventFields("name=linux,cma pfn=3c000 page=0xffffea0000f00000 count=256, align=4");
  assert.deepEqual(
    [cma.word("name"), cma.hex("pfn"), cma.number("count"), cma.has("nam")],
    ["linux,cma", 0x3c000, 256, false],
  );
});

test("flags of a request: words of old and new releases, the recorded type decides on mobility", () => {
  // GFP_KERNEL | __GFP_ZERO is 0xdc0, GFP_HIGHUSER_MOVABLE 0x100cca (6.1).
  assert.equal(gfpOfWords("GFP_KERNEL|__GFP_ZERO", 0), 0xdc0);
  assert.equal(gfpOfWords("GFP_KERNEL|GFP_ZERO", 0), 0xdc0);
  assert.equal(gfpOfWords("GFP_HIGHUSER_MOVABLE", 1), 0x100cca);
  assert.equal(gfpOfWords("GFP_NOFS|__GFP_RECLAIMABLE", 2), 0xc50);
  assert.equal(gfpOfWords("GFP_KERNEL|0x8000000", 1), 0xcc8);
});

test("pages are found by any of their frames, in numbers that a table must grow for", () => {
  const live = new LivePages();
  for (let i = 0; i < 5000; i++) live.set(i * 8, 4);
  assert.deepEqual(live.byOrder(), [0, 0, 0, 5000]);
  assert.deepEqual(live.holder(4001), { head: 4000, order: 3 });
  assert.equal(live.holder(40001), undefined);
  live.set(2 ** 35, 1);
  assert.deepEqual(live.holder(2 ** 35), { head: 2 ** 35, order: 0 });
});

test("sums over time keep their total while the steps widen", () => {
  const time = new OverTime(["pages"]);
  for (let i = 0; i < 1000; i++) time.add(0, 5 + i * 0.01, 2);
  const { fromSeconds, stepSeconds, sums } = time.columns();
  assert.equal(fromSeconds, 5);
  assert.equal(
    sums.pages!.reduce((a, b) => a + b, 0),
    2000,
  );
  assert.ok(sums.pages!.length <= 60 && sums.pages!.length * stepSeconds > 9.98);
});

test("a page of the model follows a page that is freed in parts", () => {
  const pairs = new PairsOfFrames();
  pairs.set(64, 1024, 3);
  assert.equal(pairs.take(70, 1), 1030);
  assert.equal(pairs.take(64, 2), 1024);
  assert.equal(pairs.take(68, 1), 1028);
  assert.equal(pairs.take(64, 0), undefined);
});

test("agreement is the share of pages in equal rows", () => {
  const row = (order: number, after: number | null, model: number) => ({
    zone: "Normal",
    nid: 0,
    type: "all",
    order,
    before: 0,
    after,
    model,
  });
  assert.equal(agreementOf([row(0, 4, 4), row(1, 2, 2)], "model"), 1);
  // 4 + 2 of 4 + 4 pages.
  assert.equal(agreementOf([row(0, 4, 4), row(1, 2, 1)], "model"), 6 / 8);
  assert.equal(agreementOf([row(0, null, 4)], "model"), null);
});

const BUDDYINFO = `Node 0, zone      DMA      0      0      0      0      0      0      0      0      0      1      3
Node 0, zone    DMA32    759    572    791    475    194     45     12      0      0      0      0
Node 0, zone   Normal   4381   1093    185   1530    567    102      4      0      0      0      1
`;

test("a machine from buddyinfo alone has exactly its counts, wherever the seed puts them, and keeps the laws", (t) => {
  const path = file(t, BUDDYINFO, "buddyinfo");
  const counts = readProcCounts([path]);
  const places = [1, 2].map((seed) => {
    const options = { release: "6.1" as const, seed, cpus: 2, largestPfn: 0x11a400 };
    const { memory, assumed } = countedMachine(counts, options);
    validate(memory, "everything");
    memory.zones.forEach((zone, i) => {
      assert.deepEqual(Array.from(zone.nrFree), counts.zones[i]!.nrFree, zone.name);
    });
    assert.ok(assumed.some((what) => /no zoneinfo/.test(what)));
    return memory.state
      .slice(0, 2 ** 21)
      .reduce((hash, state, i) => (state === 0 ? hash : (hash * 31 + i) % 1e9), 7);
  });
  assert.notEqual(places[0], places[1]);
});

test("zoneinfo beside buddyinfo tells where zones begin, their marks, reserves and per-CPU lists; damaged numbers give a line", (t) => {
  const zoneinfo = [
    "Node 0, zone   Normal",
    "  pages free     12",
    "        boost    0",
    "        min      3",
    "        low      4",
    "        high     5",
    "        spanned  100",
    "        present  90",
    "        managed  80",
    "        protection: (0, 7, 9)",
    "      nr_free_pages 12",
    "  pagesets",
    "    cpu: 0",
    "              count:    6",
    "              high:     186",
    "              batch:    31",
    "    cpu: 1",
    "              count:    1",
    "              high:     190",
    "              batch:    63",
    "  start_pfn:           4096",
  ];
  const lists = file(t, "Node 0, zone Normal 12 0 0\n");
  const read = (lines: readonly string[]) =>
    readProcCounts([lists, file(t, `${lines.join("\n")}\n`)]).zones[0];
  assert.deepEqual(read(zoneinfo), {
    nid: 0,
    name: "Normal",
    nrFree: [12, 0, 0],
    startPfn: 4096,
    spanned: 100,
    present: 90,
    managed: 80,
    watermarks: [3, 4, 5],
    protection: [0, 7, 9],
    batch: 31,
    high: 186,
  });
  const reserve = zoneinfo.map((line) => line.replace("(0, 7, 9)", "(0, 99999999999, 9)"));
  assert.throws(() => read(reserve), /:10: a number from 0 to 1073741824 was expected: got "99999999999"/);
});

test("counts that a text cuts or that contradict each other are refused or left out", (t) => {
  const cut =
    "Page block order: 9\nFree pages count per migrate type\nNode 0, zone Normal, type Movable >100000 2 3\n";
  assert.throws(() => readProcCounts([file(t, cut)]), /cuts counts of zone Normal short/);
  const both = readProcCounts([file(t, cut), file(t, "Node 0, zone Normal 120000 2 3\n")]);
  assert.deepEqual(
    [both.zones[0]!.nrFree, both.zones[0]!.byType, both.blockPages],
    [[120000, 2, 3], undefined, 512],
  );
  assert.throws(
    () => readProcCounts([file(t, "Node 0, zone Normal, type Movable 1 x 3\n")]),
    /:1: counts were expected/,
  );
  assert.throws(
    () => readProcCounts([file(t, "Node 0, zone Normal 99999999999 1\n")]),
    /up to 1073741824 free blocks/,
  );
  assert.throws(
    () => readProcCounts([file(t, "Node 0, zone Normal 0 0 0 1000000000\n")]),
    /at most 2\^32 free pages/,
  );
});

test("a machine that is too large, or of orders that no kernel has, is refused", (t) => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(() => {
      const options = { release: "6.1" as const, seed: 1, cpus: 1, largestPfn: 2 ** 35 };
      countedMachine(readProcCounts([file(t, text)]), options);
    }, message);
  refused(BUDDYINFO, /at most 268435456 frames can be loaded: its last zone ends at 34359/);
  refused(`Node 0, zone Normal ${"1 ".repeat(40)}\n`, /up to 20 orders .*got 40/);
  refused(`Node 0, zone Normal ${"1 ".repeat(18)}\n`, /16 at most: got 18/);
  refused("Page block order: 60\nNode 0, zone Normal, type Movable 1 1\n", /16 at most: got 61/);
});

test("hostile lines are passed over and counted, and each takes time in proportion to its length", async (t) => {
  const alloc = "page=0000000012345678 pfn=0x10 order=0 migratetype=0 gfp_flags=GFP_KERNEL";
  const trace = await told(t, [
    `a-1 [000] .... 1.000001: mm_page_alloc: ${alloc}`,
    "a-1 [000] .... 1.000002: mm_page_alloc: pfn=999999999999999999999999 order=0",
    "a-1 [000] .... 1.000003: mm_page_alloc: page=00000000f0a1b2c3 pfn=0x20 order=4000000000 migratetype=0",
    "a-1 [000] .... 1.000004: mm_page_free: page=00000000f0a1b2c3 order=0",
    `${"1".repeat(500_000)}: x`,
    `${"[1]".repeat(100_000)} mm_page_alloc: ${alloc}`,
    `${"a-1 ".repeat(100_000)}`,
    "\u001b[31mred\u0007",
    `x=${"a=".repeat(200_000)}`,
    ...Array.from({ length: 3000 }, (_, i) => `t${i}-1 [000] .... 2.0: mm_compaction_end: status=s${i}`),
  ]);
  assert.deepEqual(
    [trace.pages.allocated.requests, trace.lines.malformed, trace.lines.firstMalformed!.line],
    [1, 3, 2],
  );
  assert.ok(trace.lines.passedOver >= 4);
  assert.ok(Object.keys(trace.compaction.runs.byStatus).length <= 1025);
  assert.equal(
    Object.values(trace.compaction.runs.byStatus).reduce((a, b) => a + b, 0),
    3000,
  );
});

test("what is no trace is refused in one line", async (t) => {
  const refusals: [string, string | Buffer, RegExp][] = [
    [
      "prose",
      "hello\nworld\n",
      /no event of kmem, compaction, cma or vmscan is in its 2 lines; line 1 is "hello"/,
    ],
    ["perf.data", Buffer.from("PERFILE2\x68\0\0\0"), /recording of perf: give the text of `perf script`/],
    [
      "trace.dat",
      Buffer.from("\x17\x08Dtracing6\0\0"),
      /recording of trace-cmd: give the text of `trace-cmd report`/,
    ],
    ["binary", Buffer.from("ab\0cd\n"), /is no text/],
  ];
  for (const [what, text, message] of refusals)
    await assert.rejects(
      replayTrace([file(t, text)]),
      (error) => error instanceof InputError && message.test(error.message),
      what,
    );
  const good = file(t, "1.0: mm_vmscan_kswapd_wake: nid=0 order=0\n");
  await assert.rejects(
    replayTrace([good], { after: [good] }),
    /counts from after the trace need counts from before/,
  );
  await assert.rejects(replayTrace([]), /1 to 1024 files/);
});

test("mails fold lines anywhere between words", async (t) => {
  const trace = await told(t, [
    "> bash-1977  [003] .... 17284.993652: mm_page_alloc:",
    "> page=00000000f0a1b2c3 pfn=0x40 order=2",
    "> migratetype=0 gfp_flags=GFP_KERNEL|__GFP_NOWARN|",
    "> __GFP_COMP",
    ">  bash-1977    [003] .... 17284.993700:",
    ">  mm_page_free: page=00000000f0a1b2c3 pfn=0x40 order=2",
  ]);
  assert.deepEqual([trace.pages.allocated.pages, trace.pages.freed.pages, trace.pages.live.pages], [4, 4, 0]);
  assert.deepEqual([trace.cpus, trace.lines.passedOver, trace.lines.malformed], [[3], 0, 0]);
  assert.equal(trace.toSeconds, 17284.9937);
});

test("lost events show in pages allocated twice and freed twice", async (t) => {
  const at = (time: string, event: string) => `a-1 [000] .... ${time}: ${event}`;
  const page = "page=00000000f0a1b2c3 pfn=0x40 order=0";
  const trace = await told(t, [
    at("1.1", `mm_page_alloc: ${page} migratetype=0 gfp_flags=GFP_KERNEL`),
    at("1.2", `mm_page_alloc: ${page} migratetype=0 gfp_flags=GFP_KERNEL`),
    at("1.3", `mm_page_free: ${page}`),
    at("1.4", "mm_page_free: page=00000000f0a1b2c4 pfn=0x41 order=0"),
    at("1.5", `mm_page_free: ${page}`),
  ]);
  assert.deepEqual(
    [trace.pages.freesMissed, trace.pages.allocationsMissed, trace.pages.freed.duplicates],
    [1, 1, 0],
  );
  assert.equal(trace.pages.live.pages, 0);
});

test("fallbacks that the rule does not know are named", async (t) => {
  const extfrag = (rest: string) => `1.0: mm_page_alloc_extfrag: page=00000000f0a1b2c3 pfn=0x40 ${rest}`;
  const trace = await told(t, [
    extfrag(
      "alloc_order=3 fallback_order=2 pageblock_order=9 alloc_migratetype=0 fallback_migratetype=1 fragmenting=1 change_ownership=0",
    ),
    extfrag(
      "alloc_order=0 fallback_order=10 pageblock_order=9 alloc_migratetype=0 fallback_migratetype=1 fragmenting=1 change_ownership=0",
    ),
    extfrag(
      "alloc_order=0 fallback_order=1 pageblock_order=9 alloc_migratetype=1 fallback_migratetype=4 fragmenting=1 change_ownership=0",
    ),
  ]);
  assert.deepEqual(trace.fallbacks.againstRule, {
    "a whole page block was taken and kept its type": 1,
    "fragmenting does not follow from the orders": 1,
    "the page found is smaller than the request": 1,
    "the type taken from is no fallback of the request's type": 1,
  });
});

test("callers are functions of the kernel: what perf prints behind them is the process's", async (t) => {
  const event = (task: string, pfn: number) =>
    `${task}  1 [000]  1.0000${pfn}: kmem:mm_page_alloc: page=0x${pfn} pfn=${pfn} order=0 migratetype=0 gfp_flags=GFP_KERNEL`;
  const trace = await told(t, [
    event("a", 10),
    "\tffffffffbe23e32e __alloc_pages+0x22e ([kernel.kallsyms])",
    "\tffffffffc0aa0010 my_ring_open+0x10 ([my_ring])",
    "\t7efdf7f7d3e8 __open+0x18 (/usr/lib64/libc.so.6)",
    "",
    event("b", 11),
    "\tffffffffbe23e32e __alloc_pages+0x22e (/lib/modules/6.1/build/vmlinux)",
    "\t7efdf7f7d3e8 __poll+0x18 (/usr/lib64/libc.so.6)",
    "\t7ffe00001111 __vdso_gettimeofday+0x18 ([vdso])",
    "",
    // 32-bit ARM: addresses do not tell, files do.
    event("c", 12),
    "\tc0208d20 __alloc_pages+0x22e ([kernel.kallsyms])",
    "\tbf000120 vc4_bo_create+0x20 (/lib/modules/5.10/kernel/drivers/gpu/drm/vc4/vc4.ko.xz)",
    "\tb6f0d3e8 ioctl+0x18 (/usr/lib/arm-linux-gnueabihf/libc.so.6)",
    "",
  ]);
  assert.deepEqual(trace.byCaller.map(({ who }) => who).sort(), [
    "__alloc_pages",
    "my_ring_open",
    "vc4_bo_create",
  ]);
});

test("a replay that is no nearer than none says so, with the pages that changed; one that is nearer does not", () => {
  const row = (before: number, after: number, model: number): OrderRow => ({
    ...{ zone: "Normal", nid: 0, type: "Movable", order: 1, before, after, model },
  });
  const text = (rows: OrderRow[]) =>
    replayText({
      ...{ profile: "6.1", seed: 1, sameZone: 0, assumed: [], rows },
      served: { model: 0, recorded: 0 },
      fallbacks: { model: 0, recorded: 0 },
      earlierPages: { freedThere: 0, freedElsewhere: 0, notFreed: 0 },
      agreement: agreementOf(rows, "model"),
      agreementOfBefore: agreementOf(rows, "before"),
    });
  // By hand: blocks of 2 pages; of two rows one loses a block and one gains it, so that 2 pages change their row.
  assert.match(
    text([row(4, 3, 1), row(3, 4, 6)]),
    /no nearer .* 2 pages changed their row, and the replay has 4 /,
  );
  assert.doesNotMatch(text([row(4, 3, 3), row(3, 4, 4)]), /no nearer/);
});
