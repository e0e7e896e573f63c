/** Files of /proc and /sys, configurations and traces; values counted by hand beside each text. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { type Reading, readTexts } from "../../lib/explain";
import { FIXTURES } from "../support/cli";
import { fieldLog, read } from "./field-logs";

const MiB = 1024 * 1024;
const KiB = 1024;
const GiB = 1024 * MiB;

function only(text: string, kind: Reading["kind"] = "memory-state", name = "log"): Reading {
  const found = read(text, name).filter((r) => r.kind === kind);
  assert.equal(found.length, 1);
  return found[0]!;
}

test("/proc/buddyinfo: folded rows, line numbers and prompts", () => {
  const folded = only(fieldLog("D01-buddyinfo-folded-el7"));
  assert.deepEqual(
    folded.zones.map((z) => `${z.node} ${z.name} ${z.counts!.length}`),
    ["0 DMA 11", "0 DMA32 11", "0 Normal 11", "1 Normal 11"],
  );
  // 1*16 + 1*64 + 1*2048 + 3*4096 KiB.
  assert.equal(folded.zones[0]!.freeBytes, 14416 * KiB);
  assert.equal(folded.zones[0]!.minBytes, null);
  assert.deepEqual([folded.pageBytes, folded.assumed], [4096, ["pageBytes"]]);
  const numbered = only(fieldLog("D03-buddyinfo-numbered-prompt"));
  assert.deepEqual(
    numbered.zones[3]!.counts,
    [89112, 6693, 12613, 8784, 3675, 552, 318, 1948, 684, 486, 1429],
  );
});

test("/proc/buddyinfo before and after is two states", () => {
  const row = "Node 0, zone   Normal    949      0      1\n";
  const states = read(
    `$ cat /proc/buddyinfo\n${row}$ echo 1 > /proc/sys/vm/compact_memory\n$ cat /proc/buddyinfo\n${row}`,
  );
  assert.deepEqual(
    states.map((s) => [s.place.first, s.zones[0]!.counts]),
    [
      [2, [949, 0, 1]],
      [5, [949, 0, 1]],
    ],
  );
});

test("/proc/pagetypeinfo: lists and blocks by type, and lists that the kernel stopped counting", () => {
  const r = only(fieldLog("D09-pagetypeinfo-hotsos"));
  assert.equal(r.pageblockOrder, 9);
  const [dma, dma32] = r.zones;
  assert.deepEqual(dma!.countsByType!.Unmovable, [1, 0, 0, 1, 2, 1, 1, 0, 1, 0, 0]);
  assert.deepEqual(dma32!.blocksByType, {
    Unmovable: 40,
    Movable: 1426,
    Reclaimable: 62,
    HighAtomic: 0,
    CMA: 0,
    Isolate: 0,
  });
  // Order 0 of DMA32: 53 + 0 + 1.
  assert.equal(dma32!.counts![0], 54);
  const capped = only("Node    0, zone   Normal, type    Movable >100000   5   1");
  assert.deepEqual(
    [capped.zones[0]!.countsByType!.Movable, capped.assumed.includes("countsByType")],
    [[100000, 5, 1], true],
  );
});

test("/proc/zoneinfo: watermarks, sizes, reserves and per-CPU lists", () => {
  const r = only(fieldLog("D11-zoneinfo-hotsos"));
  const dma32 = r.zones[1]!;
  const pages = (n: number) => n * 4096;
  assert.deepEqual(
    [dma32.freeBytes, dma32.minBytes, dma32.lowBytes, dma32.highBytes],
    [21173, 12698, 15872, 19046].map(pages),
  );
  assert.deepEqual(
    [dma32.spannedBytes, dma32.presentBytes, dma32.managedBytes],
    [1044480, 782300, 758582].map(pages),
  );
  assert.deepEqual([dma32.lowmemReserve, dma32.startPfn], [[0, 0, 952, 952, 952], 4096]);
  assert.equal(dma32.pcpBytes, pages(113 + 310));
  assert.equal(dma32.freeCmaBytes, 0);
  assert.equal(dma32.counters.active_file, pages(219601));
  assert.equal(r.nodes[0]!.counters.slab_unreclaimable, pages(21079));
  assert.equal(r.zones[3]!.presentBytes, 0);
  assert.deepEqual(r.passedOver, []);
});

test("/proc/meminfo: totals, huge pages, nodes", () => {
  const r = only(fieldLog("D15-meminfo-cma-mail"));
  assert.equal(r.totals.CmaFree, 40480 * KiB);
  assert.equal(r.totals["Active(anon)"], 128372 * KiB);
  assert.deepEqual(r.hugetlb, [
    { node: null, pageBytes: 2 * MiB, total: 0, free: 0, surplus: 0, reserved: 0, asked: null },
  ]);
  const node = only("Node 1 MemTotal:       16777216 kB\nNode 1 MemFree:        1024 kB");
  assert.deepEqual(node.nodes[0]!.counters, { MemTotal: 16 * GiB, MemFree: MiB });
});

test("buddyinfo and meminfo of one machine are one state", () => {
  const r = only(fieldLog("D19-buddy-meminfo-android-order3"));
  assert.equal(r.zones[0]!.counts![0], 949);
  assert.equal(r.totals.LowFree, 7000 * KiB);
});

test("/proc/vmstat, /proc/slabinfo and files of huge pages", () => {
  const r = only(`nr_free_pages 1234
nr_zone_inactive_anon 5
compact_stall 17
slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
kmalloc-8192         280    284   8192    4    8 : tunables    0    0    0 : slabdata     70     71      0
/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages:512
/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages:500
/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages:2`);
  assert.deepEqual([r.vmstat.nr_free_pages, r.vmstat.compact_stall], [1234, 17]);
  assert.deepEqual(r.slabs, [{ name: "kmalloc-8192", usedBytes: 280 * 8192, totalBytes: 71 * 8 * 4096 }]);
  assert.deepEqual(
    r.hugetlb.map((p) => [p.node, p.pageBytes, p.total, p.free]),
    [
      [null, 2 * MiB, 512, 500],
      [1, GiB, 2, 0],
    ],
  );
});

test("a slab cache of hugetlbfs is no message about huge pages", () => {
  const header = "slabinfo - version: 2.1\n";
  const row = "hugetlbfs_inode_cache   52   52  616   26   4 : tunables  0  0  0 : slabdata  2  2  0";
  assert.deepEqual(
    read(header + row).map((r) => [r.kind, r.slabs.length]),
    [["memory-state", 1]],
  );
});

test("/proc/iomem, with and without addresses", () => {
  const text = `00001000-0009ffff : System RAM
00100000-3fffffff : System RAM
  01000000-01dfffff : Kernel code
  20000000-27ffffff : Crash kernel
fee00000-fee00fff : Local APIC`;
  const { boot } = only(text, "boot-memory");
  assert.deepEqual(boot.ram, [
    [0x1000, 0xa0000],
    [0x100000, 0x40000000],
  ]);
  assert.deepEqual(
    boot.reserved.map((r) => r.name),
    ["Kernel code", "Crash kernel"],
  );
  assert.deepEqual(read("00000000-00000000 : System RAM"), []);
});

test("a kernel configuration tells its page size, and /proc/cmdline is known by its name", () => {
  const texts = [
    {
      name: "config-6.1",
      text: "CONFIG_ARM64_64K_PAGES=y\n# CONFIG_CMA is not set\nCONFIG_ARCH_FORCE_MAX_ORDER=13\n",
    },
    { name: "proc/cmdline", text: "root=/dev/vda1 hugepagesz=1G hugepages=4\n" },
    { name: "proc/buddyinfo", text: "Node 0, zone      DMA      1      0      2\n" },
  ];
  const { readings } = readTexts(texts);
  assert.deepEqual(
    readings.map((r) => r.kind),
    ["boot-memory", "memory-state"],
  );
  const [boot, state] = readings as [Reading, Reading];
  assert.deepEqual(boot.boot.config, {
    CONFIG_ARM64_64K_PAGES: "y",
    CONFIG_CMA: "n",
    CONFIG_ARCH_FORCE_MAX_ORDER: "13",
  });
  assert.equal(boot.boot.commandLine, "root=/dev/vda1 hugepagesz=1G hugepages=4");
  // One page of 64 KiB, and two blocks of four.
  assert.deepEqual([state.pageBytes, state.zones[0]!.freeBytes, state.assumed], [65536, 9 * 65536, []]);
});

test("traces are recognised and their events counted", () => {
  const events = (name: string) => only(fieldLog(name), "trace").events;
  assert.deepEqual(events("F01-compaction-vmscan-dmabuf"), {
    mm_compaction_begin: 4,
    mm_compaction_end: 4,
    mm_vmscan_direct_reclaim_begin: 3,
    mm_vmscan_direct_reclaim_end: 3,
  });
  assert.deepEqual(events("F03-page-free-direct-2634"), { mm_page_free_direct: 4, mm_page_alloc: 1 });
  assert.deepEqual(events("F05-perf-script-callchain"), { mm_page_alloc: 1 });
  assert.deepEqual(events("F09-cma-alloc-start-625"), { cma_alloc_start: 3 });
  const perfTrace = readFileSync(join(FIXTURES, "field-traces", "perf-trace.txt"), "utf8");
  assert.deepEqual(only(perfTrace, "trace").events, {
    mm_page_alloc: 4,
    sys_enter_read: 1,
    mm_page_free: 1,
    cma_alloc_start: 1,
    cma_alloc_finish: 1,
  });
  assert.deepEqual(events("F11-function-graph-event-comment"), { mm_page_alloc: 1 });
});

test("what is understood and what is passed over is told by place", () => {
  const { understood, passedOver } = readTexts([
    { name: "log", text: "hello\nNode 0, zone DMA 1 2\nworld\n" },
  ]);
  assert.deepEqual(understood, [
    { what: "/proc/buddyinfo", lines: 1, place: { source: "log", first: 2, last: 2 } },
  ]);
  assert.deepEqual(
    passedOver.map((p) => [p.first, p.last]),
    [
      [1, 1],
      [3, 3],
    ],
  );
});

test("rows that a poster shortened with dots are no whole lists", () => {
  const zone = only("Node 0, zone   Normal   1650    310      5      0      0      ...").zones[0]!;
  assert.deepEqual(
    [zone.counts, zone.countsCut, zone.freeBytes],
    [null, [1650, 310, 5, 0, 0], (1650 + 2 * 310 + 4 * 5) * 4096],
  );
});

test("a part of /proc/meminfo, and what SPDK's setup says", () => {
  assert.equal(only("CmaTotal:          65536 kB\nCmaFree:               0 kB").totals.CmaTotal, 64 * MiB);
  const r = only("## ERROR: requested 4096 hugepages but 3402 could be allocated on node0.", "hugetlb");
  assert.deepEqual(
    r.hugetlb.map((p) => [p.node, p.total, p.asked]),
    [[0, 3402, 4096]],
  );
});
