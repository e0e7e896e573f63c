/** Wordings of the kernel over its releases. Each text is what the named printing code writes; values are counted by hand beside it. */
import assert from "node:assert/strict";
import test from "node:test";
import { type Reading, readTexts } from "../../lib/explain";
import { read } from "./field-logs";

const MiB = 1024 * 1024;
const KiB = 1024;

function only(text: string, kind: Reading["kind"]): Reading {
  const found = read(text).filter((r) => r.kind === kind);
  assert.equal(found.length, 1, `${kind}: ${read(text).map((r) => r.kind)}`);
  return found[0]!;
}

// mm/page_alloc.c 2.6.32: nodes, per-CPU lists with "usd", pages_scanned; lists without types.
const FAILURE_2632 = `swapper: page allocation failure. order:1, mode:0x20
Pid: 0, comm: swapper Not tainted 2.6.32-71.el6.x86_64 #1
Call Trace:
 <IRQ>  [<ffffffff8111ea9f>] __alloc_pages_nodemask+0x6df/0x810
 [<ffffffff8140b5a1>] ? __alloc_skb+0x71/0x190
 [<ffffffffa00f2ba9>] e1000_clean_rx_irq+0x1c9/0x4d0 [e1000]
Mem-Info:
Node 0 DMA per-cpu:
CPU    0: hi:    0, btch:   1 usd:   0
CPU    1: hi:    0, btch:   1 usd:   0
Node 0 Normal per-cpu:
CPU    0: hi:  186, btch:  31 usd: 170
CPU    1: hi:  186, btch:  31 usd:  42
active_anon:1000 inactive_anon:200 isolated_anon:32
 active_file:300 inactive_file:400 isolated_file:0
 unevictable:0 dirty:5 writeback:0 unstable:0
 free:5000 slab_reclaimable:60 slab_unreclaimable:70
 mapped:8 shmem:9 pagetables:10 bounce:0
Node 0 DMA free:15660kB min:32kB low:40kB high:48kB active_anon:0kB present:15216kB mlocked:0kB pages_scanned:0 all_unreclaimable? yes
lowmem_reserve[]: 0 0 2976 2976
Node 0 Normal free:6024kB min:6912kB low:8640kB high:10368kB active_anon:4000kB present:3047360kB mlocked:0kB pages_scanned:0 all_unreclaimable? no
lowmem_reserve[]: 0 0 0 0
Node 0 DMA: 1*4kB 1*8kB 0*16kB 1*32kB 2*64kB 1*128kB 0*256kB 0*512kB 1*1024kB 1*2048kB 3*4096kB = 15660kB
Node 0 Normal: 1506*4kB 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB 0*2048kB 0*4096kB = 6024kB
700 total pagecache pages
0 pages in swap cache
Swap cache stats: add 0, delete 0, find 0/0
Free swap  = 8388600kB
Total swap = 8388600kB
786431 pages RAM
13577 pages reserved
500 pages shared
600 pages non-shared
`;

test("2.6.32: a failure with nodes and per-CPU lists", () => {
  const r = only(FAILURE_2632, "page-allocation-failure");
  assert.deepEqual([r.task, r.pid, r.order, r.gfp], ["swapper", 0, 1, { text: "0x20", value: 0x20 }]);
  assert.deepEqual([r.release, r.arch, r.pageBytes], ["2.6.32-71.el6.x86_64", "x86_64", 4096]);
  assert.deepEqual(r.stack, [
    { function: "__alloc_pages_nodemask", module: null, uncertain: false },
    { function: "__alloc_skb", module: null, uncertain: true },
    { function: "e1000_clean_rx_irq", module: "e1000", uncertain: false },
  ]);
  const normal = r.zones[1]!;
  assert.deepEqual([normal.minBytes, normal.lowBytes], [6912 * KiB, 8640 * KiB]);
  assert.equal(normal.pcpBytes, (170 + 42) * 4096);
  assert.deepEqual([normal.managedBytes, normal.freeCmaBytes, normal.types], [null, null, null]);
  assert.deepEqual(r.zones[0]!.lowmemReserve, [0, 0, 2976, 2976]);
  assert.equal(r.totals.slab_unreclaimable, 70 * 4096);
  assert.equal(r.totals["pages RAM"], 786431 * 4096);
  assert.equal(r.totals["Free swap"], 8388600 * KiB);
  assert.deepEqual(r.passedOver, []);
});

// mm/page_alloc.c 4.10 to 4.18: warn_alloc() prints the cpuset on a line of its own.
test("4.18: a mask of nodes, and the cpuset on its own line", () => {
  const text = `kworker/u8:2: page allocation failure: order:4, mode:0x60c0c0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO), nodemask=0-1
kworker/u8:2 cpuset=/ mems_allowed=0-1
CPU: 2 PID: 77 Comm: kworker/u8:2 Kdump: loaded Tainted: P           OE    --------- -  - 4.18.0-193.el8.aarch64 #1`;
  const r = only(text, "page-allocation-failure");
  assert.deepEqual(
    [r.task, r.pid, r.nodemask, r.cpuset, r.memsAllowed],
    ["kworker/u8:2", 77, "0-1", "/", "0-1"],
  );
  assert.deepEqual([r.gfp.text, r.gfp.value], ["GFP_KERNEL|__GFP_COMP|__GFP_ZERO", 0x60c0c0]);
  assert.deepEqual([r.release, r.arch], ["4.18.0-193.el8.aarch64", "arm64"]);
});

// mm/show_mem.c 6.16 on: free_highatomic and zspages; the node's line ends with counters behind all_unreclaimable.
test("6.16 and later: more counters of zones and nodes", () => {
  const text = `Node 0 active_anon:8kB inactive_anon:4kB writeback_tmp:0kB all_unreclaimable? no Balloon:4kB gpu_active:16kB
Node 0 Normal free:1052kB boost:2048kB min:3072kB low:4096kB high:5120kB reserved_highatomic:2048KB free_highatomic:512KB active_anon:0kB zspages:12kB present:65536kB managed:60000kB mlocked:0kB bounce:0kB free_pcp:100kB local_pcp:60kB free_cma:24kB
lowmem_reserve[]: 0 0 0`;
  const { zones, nodes } = only(text, "memory-state");
  const zone = zones[0]!;
  assert.equal(zone.boostBytes, 2048 * KiB);
  assert.equal(zone.reservedHighatomicBytes, 2048 * KiB);
  assert.equal(zone.freeHighatomicBytes, 512 * KiB);
  assert.equal(zone.freeCmaBytes, 24 * KiB);
  assert.equal(zone.pcpBytes, 100 * KiB);
  assert.equal(zone.counters.zspages, 12 * KiB);
  assert.equal(nodes[0]!.counters.gpu_active, 16 * KiB);
  assert.equal(nodes[0]!.allUnreclaimable, false);
});

// mm/oom_kill.c and mm/memcontrol.c: a cgroup's limit is no shortage of the machine.
test("OOM reports: a cgroup's limit, the constraint and the task that was killed", () => {
  const text = `java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
memory: usage 524288kB, limit 524288kB, failcnt 34
Memory cgroup stats for /app:
anon 536870912
file 0
Tasks state (memory values in pages):
[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
[   1234]     0  1234   300000   131000  1200000        0             0 java
oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=app,mems_allowed=0-1,oom_memcg=/app,task_memcg=/app,task=java,pid=1234,uid=0
Memory cgroup out of memory: Killed process 1234 (java) total-vm:1200000kB, anon-rss:524000kB, file-rss:0kB, shmem-rss:0kB, UID:0`;
  const r = only(text, "oom");
  assert.deepEqual(r.oom, {
    constraint: "CONSTRAINT_MEMCG",
    memcg: true,
    killed: { task: "java", pid: 1234 },
    // 524288 kB are 512 MiB.
    group: { path: "/app", limits: [{ of: "memory", usageBytes: 2 ** 29, limitBytes: 2 ** 29 }] },
  });
  assert.equal(r.memsAllowed, "0-1");
  assert.deepEqual(r.passedOver, []);
  const old = only(
    "httpd invoked oom-killer: gfp_mask=0x280da, order=0, oom_adj=0\nOut of memory: kill process 9 (httpd) score 12 or a child",
    "oom",
  );
  assert.deepEqual([old.gfp.value, old.oom?.killed], [0x280da, { task: "httpd", pid: 9 }]);
});

// mm/vmalloc.c: the wordings of 2.6.39, 5.13 and 6.x.
test("failures of vmalloc()", () => {
  for (const [words, bytes, order] of [
    ["vmalloc: allocation failure: 8192 bytes", 8192, null],
    ["vmalloc: allocation failure, allocated 4096 of 12288 bytes", 12288, null],
    ["vmalloc error: size 16384, page order 2, failed to allocate pages", 16384, 2],
    ["vmalloc error: size 4096, vm_struct allocation failed", 4096, null],
    ["vmalloc error: size 40960, failed to map pages", 40960, null],
  ] as const) {
    const r = only(
      `insmod: ${words}, mode:0xcc2(GFP_KERNEL|__GFP_HIGHMEM), nodemask=(null)`,
      "page-allocation-failure",
    );
    assert.deepEqual([r.task, r.vmallocBytes, r.order, r.gfp.value], ["insmod", bytes, order, 0xcc2], words);
  }
});

// arch/arm: "f from g", with addresses before 5.18; powerpc: two addresses and "(unreliable)".
test("stacks of other architectures", () => {
  const head = "x: page allocation failure: order:0, mode:0x20\n";
  const names = (stack: string) =>
    only(head + stack, "page-allocation-failure").stack.map((s) => s.function + (s.uncertain ? "?" : ""));
  assert.deepEqual(names("[<c010f8a8>] (unwind_backtrace) from [<c010b8d4>] (show_stack+0x10/0x14)"), [
    "show_stack",
  ]);
  assert.deepEqual(names(" dump_stack_lvl from warn_alloc+0xa0/0x178"), ["warn_alloc"]);
  assert.deepEqual(
    names("[c00000000a1f3b10] [c0000000001a5b3c] .warn_alloc_failed+0x11c/0x160 (unreliable)"),
    ["warn_alloc_failed?"],
  );
  assert.deepEqual(names(" warn_alloc+0x14/0x20 (P)"), ["warn_alloc"]);
});

// mm/cma.c: 3.5, 3.17, 6.2 and 6.15; mm/page_alloc.c: busy frames.
test("lines of CMA at boot", () => {
  const r = only(
    `cma: CMA: reserved 16 MiB at 1e000000
cma: CMA: failed to reserve 64 MiB
cma: Reserved 32 MiB at 0x000000001ec00000
cma: Reserved 256 MiB at 0x00000000f0000000 on node 1
cma: Reserved 6144 MiB in 2 ranges
cma: Failed to reserve 512 MiB on node 0
cma: CMA area linux,cma could not be activated
cma: Reserved 4 MiB at (efault)`,
    "cma-reservation",
  );
  assert.deepEqual(
    r.cma.map((c) => [c.event, c.bytes === null ? null : c.bytes / MiB, c.base, c.node]),
    [
      ["reserved", 16, 0x1e000000, null],
      ["reserve-failed", 64, null, null],
      ["reserved", 32, 0x1ec00000, null],
      ["reserved", 256, 0xf0000000, 1],
      ["reserved", 6144, null, null],
      ["reserve-failed", 512, null, 0],
      ["not-activated", null, null, null],
      ["reserved", 4, null, null],
    ],
  );
  assert.equal(r.cma[6]!.area, "linux,cma");
});

test("failures of cma_alloc(), with the free runs of one range and of several", () => {
  const old = only(
    "cma_alloc: alloc failed, req-size: 4 pages, ret: -12\nnumber of available pages: 4+7=>11 pages, total: 2048 pages",
    "cma-alloc-failure",
  );
  assert.deepEqual(old.cma[0]!.runs, [
    { pages: 4, at: null },
    { pages: 7, at: null },
  ]);
  assert.deepEqual([old.cma[0]!.freePages, old.cma[0]!.totalPages, old.cma[0]!.errno], [11, 2048, 12]);
  const ranges = only(
    `cma: __cma_alloc: linux,cma: alloc failed, req-size: 2032 pages, ret: -16
cma: number of available pages:
cma: range 0: 6@8314+9@8343
cma: range 1: 100@0
=> 115 free of 65536 total pages`,
    "cma-alloc-failure",
  );
  assert.deepEqual(
    ranges.cma.map((c) => [c.event, c.area, c.askedPages, c.freePages, c.totalPages, c.runs.length]),
    [["alloc-failed", "linux,cma", 2032, 115, 65536, 3]],
  );
  const busy = only("alloc_contig_range: [2f100, 2f20a) PFNs busy", "cma-alloc-failure");
  assert.deepEqual(busy.cma[0]!.pfns, [0x2f100, 0x2f20a]);
});

test("a run of the same failed request is one reading, another request the next", () => {
  const line = (pages: number) =>
    `cma: cma_alloc: reserved: alloc failed, req-size: ${pages} pages, ret: -12`;
  const readings = read([line(512), line(512), line(512), line(4)].join("\n"));
  assert.deepEqual(
    readings.map((r) => r.cma.map((c) => c.askedPages)),
    [[512, 512, 512], [4]],
  );
});

// drivers/of/fdt.c and of_reserved_mem.c, 3.15 to 6.x.
test("the device tree's reserved memory", () => {
  const r = only(
    `OF: fdt: Reserved memory: failed to reserve memory for node 'fb@3c000000': base 0x3c000000, size 8 MiB
OF: reserved mem: failed to allocate memory for node 'linux,cma': size 512 MiB
OF: reserved mem: 0x000000003e000000..0x000000003effffff (16384 KiB) nomap non-reusable secure@3e000000
Reserved memory: created CMA memory pool at 0x0000000010000000, size 64 MiB
OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool`,
    "cma-reservation",
  );
  assert.deepEqual(
    r.cma.map((c) => [c.event, c.area, c.base, c.bytes]),
    [
      ["reserve-failed", "fb@3c000000", 0x3c000000, 8 * MiB],
      ["reserve-failed", "linux,cma", null, 512 * MiB],
      ["reserved", "linux,cma", 0x10000000, 64 * MiB],
    ],
  );
  assert.deepEqual(r.boot.reserved, [
    { name: "secure@3e000000", base: 0x3e000000, bytes: 16 * MiB, flags: ["nomap", "non-reusable"] },
  ]);
});

// mm/hugetlb.c: 2.6.32, 5.x and 6.x.
test("huge pages at boot", () => {
  const { hugetlb } = only(
    `HugeTLB registered 2 MB page size, pre-allocated 3 pages
HugeTLB: registered 64.0 KiB page size, pre-allocated 0 pages
HugeTLB: allocating 64 of page size 1.00 GiB failed.  Only allocated 12 hugepages.
HugeTLB: allocating 20 of page size 32.0 MiB failed node1.  Only allocated 7 hugepages.`,
    "hugetlb",
  );
  assert.deepEqual(
    hugetlb.map((p) => [p.node, p.pageBytes, p.total, p.asked]),
    [
      [null, 2 * MiB, 3, null],
      [null, 64 * KiB, 0, null],
      [null, 1024 * MiB, 12, 64],
      [1, 32 * MiB, 7, 20],
    ],
  );
});

// Boot logs of 2.6.32 (frames, BIOS map with an end outside) and of 6.x (bytes, the last byte inside).
test("memory at boot, by frames and by bytes", () => {
  const old = only(
    `Linux version 2.6.32-5-amd64 (user@host) (gcc version 4.3.5)
 BIOS-e820: 0000000000000000 - 000000000009fc00 (usable)
 BIOS-e820: 00000000000f0000 - 0000000000100000 (reserved)
 BIOS-e820: 0000000000100000 - 000000003fff0000 (usable)
Zone PFN ranges:
  DMA      0x00000000 -> 0x00001000
  DMA32    0x00001000 -> 0x00100000
  Normal   0x00100000 -> 0x00100000
Movable zone start PFN for each node
early_node_map[2] active PFN ranges
    0: 0x00000000 -> 0x0000009f
    0: 0x00000100 -> 0x0003fff0
Kernel command line: root=/dev/sda1 ro
Memory: 1020000k/1048512k available (3000k kernel code, 388k absent, 28124k reserved, 1900k data, 600k init)`,
    "boot-memory",
  );
  assert.deepEqual(old.boot.zoneRanges[1], { name: "DMA32", from: 0x1000000, to: 0x100000000 });
  assert.equal(old.boot.zoneRanges.length, 3);
  assert.deepEqual(old.boot.ram, [
    [0, 0x9f000],
    [0x100000, 0x3fff0000],
  ]);
  assert.equal(old.boot.ramFrom, "nodes");
  assert.deepEqual(old.boot.reserved, [{ name: "reserved", base: 0xf0000, bytes: 0x10000, flags: ["e820"] }]);
  assert.equal(old.boot.commandLine, "root=/dev/sda1 ro");
  assert.equal(old.totals["Memory available"], 1020000 * KiB);
  assert.equal(old.totals["Memory reserved"], 28124 * KiB);
  assert.deepEqual([old.release, old.arch], ["2.6.32-5-amd64", "x86_64"]);
  const efi = only(
    `efi:   0x000000001000-0x000000307fff [Conventional Memory|   |  |  |  |  |  |  |   |WB|  |  |  ]
efi: mem01: [Reserved           |   |  |  |  |  |  |  |   |WB|  |  |  ] range=[0x0000000000308000-0x0000000000308fff] (0MB)
percpu: Embedded 22 pages/cpu s52632 r8192 d29288 u90112`,
    "boot-memory",
  );
  assert.deepEqual(efi.boot.ram, [[0x1000, 0x308000]]);
  assert.deepEqual(efi.boot.reserved, [{ name: "Reserved", base: 0x308000, bytes: 0x1000, flags: ["efi"] }]);
  assert.equal(efi.pageBytes, (52632 + 8192 + 29288) / 22);
});

test("a report takes release, machine and map from the boot log before it", () => {
  const boot = "Linux version 5.10.0 (a@b)\nMachine model: Some Board\nKernel command line: cma=64M\n";
  const r = only(
    `${boot}x: page allocation failure: order:3, mode:0x40cc0(GFP_KERNEL|__GFP_COMP)`,
    "page-allocation-failure",
  );
  assert.deepEqual([r.release, r.boot.machine, r.boot.commandLine], ["5.10.0", "Some Board", "cma=64M"]);
  const two = readTexts([
    {
      name: "a",
      text: `${boot}Linux version 6.1.0 (a@b)\nKernel command line: cma=128M\nx: page allocation failure: order:3, mode:0x20`,
    },
  ]).readings.find((reading) => reading.kind === "page-allocation-failure")!;
  assert.deepEqual([two.release, two.boot.commandLine], ["6.1.0", "cma=128M"]);
});

// A report that two CPUs printed at once under 4.15, piece by piece (KERN_CONT before 4.15 became whole lines).
test("lists that arrive piece by piece between other messages", () => {
  const text = `[1.000001] Mem-Info:
[1.000002] Node 0 
[1.000003] usb 1-1: new device
[1.000004] DMA free:24kB min:1kB low:2kB high:3kB
[1.000005] lowmem_reserve[]:
[1.000006]  0
[1.000007]  ? find_held_lock+0x35/0x1d0
[1.000008]  2868
[1.000009] Node 0 
[1.000010] DMA: 
[1.000011] 2*4kB 
[1.000012] (U) 
[1.000013] usb 1-1: device gone
[1.000014] 2*8kB 
[1.000015] (UM) 
[1.000016] = 24kB`;
  const zone = only(text, "memory-state").zones[0]!;
  assert.deepEqual(
    [zone.lowmemReserve, zone.counts, zone.types],
    [
      [0, 2868],
      [2, 2],
      ["U", "UM"],
    ],
  );
});

test("a list whose total is not the sum of its blocks is no whole list", () => {
  const zone = only("Normal: 2*4kB (U) 1*8kB (U) = 20kB", "memory-state").zones[0]!;
  assert.deepEqual([zone.counts, zone.countsCut], [null, [2, 1]]);
});

test("headlines as people garble them", () => {
  const commas = only(
    "<4>[12345.342532] systemd-journal invoked oom-killer: gfp_mask=0x800d0order=2oom_score_adj=0",
    "oom",
  );
  assert.deepEqual([commas.task, commas.gfp.value, commas.order], ["systemd-journal", 0x800d0, 2]);
  const dropped = only(
    "** 94 printk messages dropped ** [73805.181427] x: page allocation failure: order:3, mode:0x2080020(GFP_ATOMIC)",
    "page-allocation-failure",
  );
  assert.deepEqual([dropped.task, dropped.order, dropped.gfp.text], ["x", 3, "GFP_ATOMIC"]);
  const mixed = only(
    "[73805.181184] page allocation failure: order:0page allocation failure: order:0, mode:0x2080020(GFP_ATOMIC)",
    "page-allocation-failure",
  );
  assert.deepEqual([mixed.task, mixed.order, mixed.gfp.value], [null, 0, 0x2080020]);
});

test("reports with minutes between them are two", () => {
  const text = `[ 3011.709726] x: page allocation failure: order:10, mode:0x40dc0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO)
[57487.592802] Normal free:16756kB min:16384kB low:20480kB high:24576kB`;
  assert.deepEqual(
    read(text).map((r) => [r.kind, r.zones.length]),
    [
      ["page-allocation-failure", 0],
      ["memory-state", 1],
    ],
  );
});
