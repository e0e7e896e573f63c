/** Every form in which traces are printed, counted by hand. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { lineHead } from "../../../lib/trace/ftrace/line-head";
import { perfTraceLine } from "../../../lib/trace/ftrace/perf-trace";
import { replayTrace } from "../../../lib/trace/ftrace/replay-trace";
import { FIXTURES } from "../../support/cli";

const fixture = (name: string) => join(FIXTURES, "field-traces", `${name}.txt`);
const tell = async (...names: string[]) => (await replayTrace(names.map(fixture))).trace;

test("what stands before an event, in every form", () => {
  const forms: [string, ReturnType<typeof lineHead>][] = [
    [
      "            bash-1977    [003] .... 17284.993652: ",
      { task: "bash", pid: 1977, cpu: 3, seconds: 17284.993652 },
    ],
    [
      "  bash-1977    (   1977) [000] d..1. 17284.99: ",
      { task: "bash", pid: 1977, cpu: 0, seconds: 17284.99 },
    ],
    [" <idle>-0       (-------) [011] d.h1. 1.5: ", { task: "<idle>", pid: 0, cpu: 11, seconds: 1.5 }],
    [
      "kworker/u4:2+fl-77  [000] d..1.   812.100020: ",
      { task: "kworker/u4:2+fl", pid: 77, cpu: 0, seconds: 812.10002 },
    ],
    [
      "  gnome-terminal-1567  [000]  4415.246466: ",
      { task: "gnome-terminal", pid: 1567, cpu: 0, seconds: 4415.246466 },
    ],
    ["perf  6429 [000]    22.498450:             ", { task: "perf", pid: 6429, cpu: 0, seconds: 22.49845 }],
    [
      "Web Content  12/34 [002]    22.498450123:   ",
      { task: "Web Content", pid: 34, cpu: 2, seconds: 22.498450123 },
    ],
    ["swapper     0    22.498450:   ", { task: "swapper", pid: 0, cpu: -1, seconds: 22.49845 }],
    ["    bash-1977    3d..1 259us+: ", { task: "bash", pid: 1977, cpu: 3, seconds: 259e-6 }],
    ["\t279.814717: ", { task: "", pid: -1, cpu: -1, seconds: 279.814717 }],
    ["-5972    [006] ....  7971.248176: ", { task: "", pid: 5972, cpu: 6, seconds: 7971.248176 }],
    [
      "  17.25 |   24)  bash-1979   |               |  /* ",
      { task: "bash", pid: 1979, cpu: 24, seconds: 17.25 },
    ],
  ];
  for (const [text, head] of forms) assert.deepEqual(lineHead(text), head, text);
  // A clock of ticks has no seconds.
  assert.ok(Number.isNaN(lineHead("  bash-1977  [000] .... 123456789: ").seconds));
});

test("ftrace of two CPUs", async () => {
  const trace = await tell("two-cpus");
  const { pages, fallbacks, compaction, reclaim, migration, cma } = trace;
  assert.equal(trace.memoryEvents, 38);
  assert.deepEqual(trace.lines, {
    ...{
      lines: 52,
      otherEvents: 1,
      passedOver: 0,
      firstPassedOver: null,
      malformed: 0,
      firstMalformed: null,
    },
    ...{ lostPlaces: 1, lostEvents: 123, cpusOfMachine: 2 },
  });
  // 2 + 1 + 8 + 1 + 1 + 512 + 1 pages; the transparent huge page that failed has no frame.
  assert.equal(pages.allocated.pages, 526);
  assert.deepEqual([pages.allocated.requests, pages.allocated.failed], [9, 1]);
  assert.deepEqual(pages.allocated.byOrder, [6, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual(pages.allocated.byType, { Movable: 515, Unmovable: 10, Reclaimable: 1 });
  // 0x119000 was in use before; both batched records tell once more of a single one.
  assert.deepEqual([pages.freed.records, pages.freed.pages, pages.freed.pagesNotSeenAllocated], [4, 515, 1]);
  assert.equal(pages.freed.duplicates, 2);
  assert.equal(pages.live.pages, 12);
  assert.deepEqual([pages.freesMissed, pages.allocationsMissed], [0, 0]);
  assert.deepEqual(pages.perCpu, { refilled: 2, fromLists: 0, drained: 1, drainedByOrder: [1] });
  const sum = (column: number[] | undefined) => column!.reduce((a, b) => a + b, 0);
  assert.deepEqual(
    [sum(pages.overTime.sums.allocatedPages), sum(pages.overTime.sums.freedPages)],
    [526, 515],
  );
  assert.deepEqual([fallbacks.wholeBlocks, fallbacks.claims, fallbacks.steals], [1, 1, 1]);
  assert.deepEqual(fallbacks.againstRule, {});
  assert.deepEqual(compaction.runs, {
    ended: 1,
    unfinished: 0,
    byStatus: { success: 1 },
    byMode: { async: 1 },
  });
  assert.ok(Math.abs(compaction.durations.totalSeconds - 150e-6) < 1e-9);
  assert.deepEqual(
    [compaction.migrateScanner, compaction.freeScanner].map((s) => [s.scanned, s.taken]),
    [
      [512, 32],
      [300, 40],
    ],
  );
  assert.deepEqual(compaction.finished, { "Normal, order 9: success": 1 });
  assert.deepEqual(migration.byReason, { compaction: { succeeded: 30, failed: 2 } });
  assert.deepEqual(
    [reclaim.direct.ended, reclaim.direct.reclaimed, reclaim.direct.byOrder],
    [1, 44, [0, 0, 1]],
  );
  const [area] = cma.areas;
  assert.equal(area!.area, "linux,cma");
  assert.deepEqual([area!.granted, area!.failed, area!.busyRetries, area!.released], [1, 1, 1, 1]);
  assert.deepEqual(
    cma.requests.map((r) => [
      r.pages,
      r.pfn,
      r.errno,
      r.busyRetries,
      Math.round(r.latencySeconds! * 1e6),
      r.by,
    ]),
    [
      [512, 0x3b200, 0, 1, 1500, "camera@1.0-servi"],
      [4096, null, -12, 0, 2000, "cat"],
    ],
  );
  assert.deepEqual([trace.timesBackwards, trace.closeNeighbours], [1, 1]);
  for (const what of [/events are lost: 123 events/, /2 CPUs: the order/, /no counts of free memory/])
    assert.ok(
      trace.missing.some((line) => what.test(line)),
      `${what}`,
    );
});

test("trace-cmd: call chains, dropped events, a failed request, CMA of before 5.12 with bare hexadecimal frames", async () => {
  const trace = await tell("trace-cmd");
  assert.deepEqual([trace.lines.passedOver, trace.lines.lostEvents, trace.cpus], [0, 17, [0, 1, 2]]);
  assert.deepEqual([trace.pages.allocated.pages, trace.pages.allocated.failedByOrder], [1, [0, 0, 0, 0, 1]]);
  assert.equal(trace.pages.live.pages, 0);
  assert.deepEqual(trace.byCaller, [{ who: "pgd_alloc", requests: 1, pages: 1 }]);
  assert.deepEqual(
    trace.cma.requests.map((r) => [r.pages, r.pfn]),
    [
      [256, 0x3c000],
      [1024, null],
    ],
  );
  assert.equal(trace.cma.requests[0]!.by, "Web Content");
});

test("perf trace: milliseconds, raw fields, of which those that are 0 are left out", async () => {
  const trace = await tell("perf-trace");
  assert.deepEqual(
    [trace.lines.passedOver, trace.lines.malformed, trace.lines.otherEvents, trace.memoryEvents],
    [0, 0, 1, 7],
  );
  // 1 + 4 + 1 pages in three requests, and a huge page that failed; the 4 pages are freed.
  const { allocated, freed, live } = trace.pages;
  assert.deepEqual([allocated.requests, allocated.pages, allocated.failed], [4, 6, 1]);
  assert.deepEqual(allocated.byOrder.slice(0, 3), [2, 0, 1]);
  assert.deepEqual(allocated.byType, { Unmovable: 1, Reclaimable: 4, Movable: 1 });
  assert.deepEqual([freed.records, freed.pages, freed.pagesNotSeenAllocated, live.pages], [1, 4, 0, 2]);
  assert.deepEqual(
    trace.byCaller.filter(({ who }) => who === "ext4_alloc_inode"),
    [{ who: "ext4_alloc_inode", requests: 1, pages: 4 }],
  );
  const [granted] = trace.cma.requests;
  assert.deepEqual(
    [granted!.area, granted!.pages, granted!.pfn, granted!.errno, granted!.by],
    ["linux,cma", 512, 242176, 0, "camera"],
  );
  assert.equal(Math.round(granted!.latencySeconds! * 1e6), 1500);
});

test("a line of perf trace: task, thread and time; other lines are none", () => {
  const line = perfTraceLine("     0.000 kworker/0:1/123 kmem:mm_page_alloc(pfn: 10, order: 3)")!;
  assert.deepEqual(line.head, { task: "kworker/0:1", pid: 123, cpu: -1, seconds: 0 });
  assert.equal(line.text, "pfn=0xa order=3 gfp_flags=0 migratetype=0");
  assert.ok(Number.isNaN(perfTraceLine("         ? a/1 kmem:mm_page_free(pfn: 10)")!.head.seconds));
  for (const other of [
    "\t279.814717: mm_page_alloc: page=0x1 pfn=1 order=0 migratetype=0 gfp_flags=GFP_KERNEL",
    "perf  6429 [000]    22.498450:  kmem:mm_page_alloc: page=0x176a17 pfn=1534487 order=0 (x)",
    "  bash-1977  [000] .... 1.500: mm_page_free: page=(null) pfn=1 order=0 (x)",
  ])
    assert.equal(perfTraceLine(other), null, other);
});

test("perf script: call chains name the callers", async () => {
  const trace = await tell("perf");
  assert.deepEqual(trace.byCaller, [
    { who: "ext4_alloc_inode", requests: 1, pages: 4 },
    { who: "pipe_write", requests: 1, pages: 1 },
  ]);
  assert.deepEqual(
    trace.byTask.map((a) => a.who),
    ["kworker/u8:1-ev", "perf"],
  );
  assert.deepEqual([trace.pages.live.pages, trace.recordsWithChain, trace.lines.passedOver], [1, 2, 0]);
});

test("up to 4.3, reclaimable was 1 and movable 2; a batched free has a single one behind it", async () => {
  const trace = await tell("old-numbers");
  assert.deepEqual(trace.typeNumbers, { numbering: "up to 4.3", assumed: false });
  assert.deepEqual(trace.fallbacks.byTypes, { "Unmovable from Movable": 1 });
  assert.deepEqual(trace.pages.allocated.byType, { Movable: 1 });
  assert.deepEqual([trace.pages.freed.records, trace.pages.freed.duplicates], [1, 1]);
});

test("latency format, thread groups, function_graph; a page freed in parts", async () => {
  const trace = await tell("latency-and-graph");
  assert.deepEqual([trace.memoryEvents, trace.lines.otherEvents, trace.lines.passedOver], [5, 2, 0]);
  assert.deepEqual([trace.pages.freed.pages, trace.pages.freed.pagesNotSeenAllocated], [2, 0]);
  assert.deepEqual(trace.cpus, [1, 2, 3]);
  assert.deepEqual(trace.byTask, [{ who: "bash", requests: 3, pages: 4 }]);
});

test("texts of one CPU each are merged by time", async () => {
  const { cpus, timesBackwards, memoryEvents } = await tell("perf", "trace-cmd");
  assert.deepEqual([cpus, timesBackwards, memoryEvents], [[0, 1, 2, 3], 0, 8]);
});

test("public mails: quoted, folded, without columns", async () => {
  const compaction = await tell("F01-compaction-vmscan-dmabuf");
  assert.deepEqual(compaction.compaction.runs.byStatus, { contended: 2, partial_skipped: 1, success: 1 });
  assert.equal(compaction.reclaim.direct.reclaimed, 17 + 18 + 22);
  // 2.6.34 traced a free of a single page twice.
  const { pages } = await tell("F03-page-free-direct-2634");
  assert.deepEqual([pages.allocated.pages, pages.freed.records, pages.freed.duplicates], [1, 2, 2]);
  const chain = await tell("F05-perf-script-callchain");
  assert.deepEqual([chain.pages.allocated.pages, chain.byCaller[0]!.who], [1, "__alloc_pages_nodemask"]);
  const scan = await tell("F07-compaction-5flags-65");
  assert.deepEqual(
    [scan.compaction.migrateScanner.scanned, scan.compaction.finished],
    [1026, { "DMA, order 9: no_suitable_page": 2 }],
  );
  const [area] = (await tell("F09-cma-alloc-start-625")).cma.areas;
  assert.deepEqual(
    [area!.area, area!.availablePages, area!.totalPages, area!.unfinished],
    ["reserved", 8088, 8192, 3],
  );
  const graph = await tell("F11-function-graph-event-comment");
  assert.deepEqual(
    [graph.cpus, graph.pages.allocated.failed, graph.pages.allocated.failedByOrder[9]],
    [[24], 1, 1],
  );
  assert.deepEqual(graph.pages.allocated.pages, 0);
});
