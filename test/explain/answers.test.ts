/** What an answer must not claim: sizes, settings and causes that the text does not bear out. */
import assert from "node:assert/strict";
import test from "node:test";
import type { ReportAnswer } from "../../lib/explain/answer";
import { explainReading } from "../../lib/explain/explain-readings";
import type { Reading } from "../../lib/explain/reading";
import { explain } from "../../lib/fluent/explanation";
import { fieldLog } from "./field-logs";
import { readingOf, zoneOf } from "./hand-made";

const KERNEL = { text: "GFP_KERNEL", value: null };
const GIB_KB = 1024 * 1024;
/** Free blocks by order, of a kernel with orders 0 to 10. */
const blocks = (...counts: number[]) => [...counts, ...new Array<number>(11 - counts.length).fill(0)];

const answerTo = (reading: Partial<Reading>): ReportAnswer =>
  explainReading(readingOf({ release: "6.6.0", order: 0, gfp: KERNEL, ...reading })).answer;
const logOf = (name: string, kind: ReportAnswer["kind"] = "page-allocation-failure") =>
  explain(fieldLog(name)).reports.find((report) => report.kind === kind)!;
const hows = ({ remedies }: ReportAnswer) => remedies.map(({ how }) => how).join("\n");
const words = ({ verdict }: ReportAnswer) => verdict.join("\n");
const stackOf = (...functions: string[]) =>
  functions.map((name) => ({ function: name, module: null, uncertain: false }));

test("a driver's own line of failure is not harmless, whatever busy ranges stand before it", () => {
  const answer = logOf("C11-rpi-vc4-pfns-busy-410", "cma-alloc-failure");
  assert.equal(answer.harmless, false);
  // 1089536 bytes are 266 pages of 4 KiB; the log's ranges [2f100, 2f20a) have 0x10a = 266 frames.
  assert.match(words(answer), /266 pages.*vc4-drm soc:gpu got nothing/s);
  assert.ok(answer.remedies.length > 0);
  const only = explain("[ 1.000000] alloc_contig_range: [2f100, 2f20a) PFNs busy\n").reports[0]!;
  assert.equal(only.harmless, true);
  assert.deepEqual(only.remedies, []);
});

test("no value of a setting without the size of the zones that it follows from", () => {
  const whole = zoneOf("Normal", { free: 60_000, min: 65_536, managed: 627_004 }, { counts: blocks(15_000) });
  assert.match(hows(answerTo({ zones: [whole] })), /min_free_kbytes=\d/);
  const cut = { ...whole, managedBytes: null, presentBytes: null };
  assert.doesNotMatch(hows(answerTo({ zones: [cut] })), /min_free_kbytes=\d|lowmem_reserve_ratio/);
  const pager = explain(fieldLog("B25-journalctl-pager-cut")).reports[0]!;
  assert.doesNotMatch(hows(pager), /min_free_kbytes|lowmem_reserve_ratio/);
});

test("free blocks that are cut off: nobody says that the zone could have served", () => {
  const zone = zoneOf("Normal", { free: 60_000, min: 4096, managed: 627_004 });
  const cut = answerTo({ order: 4, zones: [zone] });
  assert.match(words(cut), /cannot be said: the text lacks its free list/);
  assert.doesNotMatch(words(cut), /^By the numbers printed/m);
  const single = answerTo({ order: 0, zones: [zone] });
  assert.match(words(single), /could have served/);
  const whole = answerTo({ order: 4, zones: [{ ...zone, counts: blocks(0, 0, 0, 0, 900) }] });
  assert.match(words(whole), /could have served/);
  const log = explain(fieldLog("A45-imx8mn-ufb-cut-columns"));
  assert.match(log.text(), /DMA32 .*cannot be said/);
  // The first zone's report of a longer log, without the lists behind it.
  const head = explain(fieldLog("A29-debian-519-order4").split("\n").slice(0, 47).join("\n"));
  assert.doesNotMatch(head.text(), /numbers\s+printed, [^.]*could have served|could serve it/);
});

test("a zone behind the cut is named by the reserve that is kept for it", () => {
  // DMA keeps 2949 pages from requests that could use DMA32, and 3000 from those that could use Normal.
  const dma = zoneOf(
    "DMA",
    { free: 1000, min: 500, managed: 900_000 },
    { counts: blocks(250), lowmemReserve: [0, 2949, 3000, 3000] },
  );
  const { verdict } = answerTo({ arch: "arm64", zones: [dma] });
  assert.match(verdict.join(" "), /The text is cut: zones DMA32 and Normal/);
});

test("vmalloc: more than the machine has is no matter of addresses, and vmalloc= is for those that read it", () => {
  const more = logOf("A03-syz415-kern-cont-split");
  assert.match(words(more), /8 GiB were asked of vmalloc\(\), which is more than the 6.25 GiB/);
  for (const name of [
    "A03-syz415-kern-cont-split",
    "A05-lkft-apq8016-vmalloc",
    "A23-g4-kasan-module-vmap",
    "A25-g4-614-vmalloc-range",
    "A43-pseries-64k-execmem",
  ])
    assert.doesNotMatch(hows(logOf(name)), /vmalloc=/, name);
  // 0xf5110000 − 0xf1000000 = 0x4110000 bytes, 65.06 MiB.
  assert.match(words(logOf("A25-g4-614-vmalloc-range")), /0xf1000000 to 0xf5110000, 65.1 MiB/);
  const failed = (arch: string) =>
    answerTo({
      arch,
      order: null,
      vmallocBytes: 4 * 2 ** 20,
      vmalloc: { why: "addresses" },
      stack: stackOf("warn_alloc", "__vmalloc_node_range", "vmalloc", "my_driver_probe"),
    });
  assert.match(hows(failed("arm")), /vmalloc=<size>/);
  assert.match(hows(failed("i386")), /vmalloc=<size>/);
  for (const arch of ["x86_64", "arm64", "ppc", "riscv64"])
    assert.doesNotMatch(hows(failed(arch)), /vmalloc=/);
  assert.doesNotMatch(words(failed("arm")), /single page/);
});

test("numbers near 2^64: the bug is named, and no setting follows from them", () => {
  const answer = logOf("A15-ia64-16k-hotplug");
  assert.match(words(answer), /numbers that no memory has/);
  assert.doesNotMatch(hows(answer), /sysctl/);
  assert.doesNotMatch(explain(fieldLog("A15-ia64-16k-hotplug")).text(), /TiB|\d,\d{3},\d{3},\d{3},\d{3}/);
});

test("before 4.4: pages enough, but too few in blocks of the order, is fragmentation", () => {
  // 40000 blocks of 4 kB, 1000 of 8 kB: 42000 pages. For order 2: 42000 − 3 − 40000 = 1997 > 1000/2 at order 1, and
  // 1997 − 2000 < 1000/4 at order 2.
  const zone = zoneOf(
    "Normal",
    { free: 168_000, min: 4000, managed: GIB_KB },
    { counts: blocks(40_000, 1000) },
  );
  const old = answerTo({ release: "4.1.18", order: 2, zones: [{ ...zone, counts: blocks(39_998, 999, 1) }] });
  assert.match(words(old), /Memory was not short, but fragmented/);
  assert.match(
    old.zones[0]!.because[0]!,
    /168,000 kB are free, but only \d+ kB of them in blocks of order 2/,
  );
  assert.match(hows(old), /compact_memory/);
  assert.doesNotMatch(hows(old), /end or limit what uses most/);
});

test("huge pages that the kernel asked for at boot: nobody is told to ask for them at boot, or for none", () => {
  for (const name of ["E01-e500-1g-failed", "E05-x86-64-of-1g-no-period"]) {
    const answer = logOf(name, "hugetlb");
    assert.doesNotMatch(hows(answer), /hugepages=\d/, name);
    assert.doesNotMatch(hows(answer), /hugetlb_cma/, name);
  }
  const some = explain("HugeTLB: allocating 8 of page size 1.00 GiB failed.  Only allocated 5 hugepages.\n");
  assert.match(hows(some.reports[0]!), /hugepages=5 /);
  // DPDK does not say how many it wants.
  const dpdk = logOf("E15-dpdk-eal-fatal", "hugetlb");
  assert.doesNotMatch(hows(dpdk), /hugepages=\d+ |movablecore=\d/);
  assert.match(hows(logOf("E11-hugetlb-cma-not-activated", "cma-reservation")), /hugetlb_cma=/);
});

test("2 % are not proposed where more is free already", () => {
  const at = (free: number) =>
    answerTo({
      order: 6,
      zones: [zoneOf("Normal", { free, min: 1000, managed: 200_000 }, { counts: blocks(free / 4) })],
    });
  assert.match(hows(at(3000)), /min_free_kbytes=4000/);
  assert.doesNotMatch(hows(at(5000)), /min_free_kbytes/);
});

test("the reserve of a lower zone at least halves, and stays if another zone could serve", () => {
  const zones = (normalFree: number) => [
    zoneOf(
      "DMA32",
      { free: 71_000, min: 40_000, managed: 2_500_000 },
      { counts: blocks(17_750), lowmemReserve: [0, 0, 7812, 7812, 7812] },
    ),
    zoneOf(
      "Normal",
      { free: normalFree, min: 40_000, managed: 8_000_000 },
      { counts: blocks(normalFree / 4), lowmemReserve: [0, 0, 0, 0, 0] },
    ),
  ];
  const ratios = /lowmem_reserve_ratio="(\d+) (\d+)/.exec(
    hows(answerTo({ arch: "x86_64", zones: zones(40_000) })),
  );
  assert.ok(Number(ratios![2]) >= 512, ratios![2]);
  const served = answerTo({ arch: "x86_64", zones: zones(400_000) });
  assert.doesNotMatch(hows(served), /lowmem_reserve_ratio/);
});

test("a harmless report says so and proposes at most one thing", () => {
  for (const name of ["A31-syslog-folded-vmalloc", "A21-g4-68-atomic", "A39-raid-smartctl-nowait"]) {
    const answer = logOf(name);
    if (answer.harmless !== true) continue;
    assert.match(words(answer), /The report is harmless/, name);
    assert.ok(answer.remedies.length <= 1, name);
  }
  assert.equal(logOf("A31-syslog-folded-vmalloc").harmless, true);
});

test("a stall is not a refusal", () => {
  const { text } = { text: explain(fieldLog("A55-stall-49-2node")).text() };
  assert.match(text, /A request for pages waited long/);
  assert.match(text, /Nothing was refused: the kernel warned because the request had waited 10.1 s/);
  assert.doesNotMatch(text, /A request for pages was refused/);
});

test("without an MMU there is neither compaction nor kvmalloc()", () => {
  const answer = logOf("A53-sh-nommu-order7");
  assert.doesNotMatch(hows(answer), /kvmalloc|compact/);
  assert.match(words(answer), /without an MMU has no compaction/);
});

test("low memory of a 32-bit kernel ran out: what to do is said, though reclaim had given up", () => {
  assert.match(hows(logOf("B15-i386-57-mkfs-2", "oom")), /64-bit kernel/);
});

test("a machine that has huge pages to give is told to change nothing", () => {
  const healthy = explain("Node 0, zone Normal 90000 5000 400 30 8 5 3 2 1 1 700\n").reports[0]!;
  assert.deepEqual(healthy.remedies, []);
  const broken = explain("Node 0, zone Normal 90000 5000 400 30 8 5 3 2 0 0 0\n").reports[0]!;
  assert.match(hows(broken), /compact_memory/);
});

test("a zone below its min watermark that serves says by which rights", () => {
  const { zones } = logOf("A21-g4-68-atomic");
  assert.deepEqual(zones[0]!.reasons, []);
  assert.match(zones[0]!.because[0]!, /below the min watermark .*a request with these rights may go down to/);
});

test("a machine with nothing free needs memory first, not an earlier kswapd", () => {
  const zone = zoneOf("Normal", { free: 0, min: 5720, managed: 900_000 }, { counts: blocks() });
  assert.match(answerTo({ zones: [zone] }).remedies[0]!.what, /Need less memory/);
});

test("the release stands in a file of /proc", () => {
  const inputs = [
    { name: "machine.tar.gz:proc/sys/kernel/osrelease", text: "6.18.0-rc1\n" },
    { name: "machine.tar.gz:proc/buddyinfo", text: "Node 0, zone Normal 9 5 4 3 8 5 3 2 1 1 700\n" },
  ];
  assert.equal(explain(inputs).reports[0]!.release, "6.18.0-rc1");
});

test("sentences begin with a capital, and lines that were not understood are named", () => {
  const page = explain(`${fieldLog("A03-syz415-kern-cont-split")}\nwhat is this\n`).text();
  assert.doesNotMatch(page, /^ {2}- (?!vmalloc\(\))[a-z]\w* (?!.*:)/m);
  const strange = explain("[ 1.000000] something: of no memory at all\n[ 2.000000] Mem-Info:\n").text();
  assert.match(strange, /line 1 of text/);
});

const GROUP_OOM = `[ 100.000000] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
[ 100.000001] memory: usage 204800kB, limit 204800kB, failcnt 1234
[ 100.000002] swap: usage 0kB, limit 0kB, failcnt 0
[ 100.000003] Memory cgroup stats for /app/java:
[ 100.000004] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/app,task_memcg=/app/java,task=java,pid=7,uid=0
[ 100.000005] Memory cgroup out of memory: Killed process 7 (java) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB
`;

test("a memory cgroup at its limit: the group, the limit and the usage", () => {
  const answer = explain(GROUP_OOM).reports[0]!;
  // 204800 kB are 200 MiB.
  assert.match(words(answer), /cgroup \/app reached its limit of memory: 200 MiB of 200 MiB were in use/);
  assert.match(words(answer), /may use no swap/);
  assert.match(hows(answer), /memory\.max \(cgroup v2\).*above the 200 MiB of now/);
  assert.match(hows(answer), /memory\.swap\.max/);
  // Version 1 counts memory with swap; the limit that is full decides, and the largest number is none.
  const v1 = GROUP_OOM.replace(
    "memory: usage 204800kB, limit 204800kB",
    "memory: usage 102400kB, limit 204800kB",
  ).replace(
    "swap: usage 0kB, limit 0kB, failcnt 0",
    "memory+swap: usage 307200kB, limit 307200kB, failcnt 9\n[ 100.000002] kmem: usage 9kB, limit 9007199254740988kB, failcnt 0",
  );
  assert.match(words(explain(v1).reports[0]!), /limit of memory\+swap: 300 MiB of 300 MiB/);
});

test("a slab cache without a page, where no other report stands before", () => {
  const text = `[ 5.000000] SLUB: Unable to allocate memory on node -1, gfp=0x20(GFP_ATOMIC)
[ 5.000001]   cache: kmalloc-4096, object size: 4096, buffer size: 4096, default order: 3, min order: 0
[ 5.000002]   node 0: slabs: 111, objs: 4662, free: 0
`;
  const { reports } = explain(text);
  assert.equal(reports.length, 1);
  assert.equal(reports[0]!.order, 0);
  assert.match(words(reports[0]!), /slab cache kmalloc-4096 got no page/);
  // Behind a report of the page allocator it is the same failure.
  assert.equal(explain(fieldLog("A33-kasan-nowait-tabbed")).reports.length, 1);
});

test("a full bounce buffer: how full, and that no buffer serves more than 256 KiB at once", () => {
  const at = (bytes: number, used: number) =>
    explain(
      `[ 9.000000] nvme 0000:01:00.0: swiotlb buffer is full (sz: ${bytes} bytes), total 32768 (slots), used ${used} (slots)\n`,
    ).reports[0]!;
  assert.equal(at(65536, 32760).kind, "notice");
  // 8 slots of 2 KiB are 16 KiB.
  assert.match(
    words(at(65536, 32760)),
    /nvme 0000:01:00\.0.*32760 of 32768 slots were in use: the buffers are full/s,
  );
  assert.match(hows(at(65536, 32760)), /swiotlb=65536/);
  assert.match(words(at(65536, 7)), /not next to each other/);
  assert.match(words(at(524_288, 7)), /No mapping above 256 KiB/);
  assert.doesNotMatch(hows(at(524_288, 7)), /swiotlb=/);
});

test("a busy page in an area whose longest free run is long enough", () => {
  assert.match(
    words(logOf("C15-x86-1g-cma-busy", "cma-alloc-failure")),
    /longest run .* 253648 pages .* large enough/,
  );
});
