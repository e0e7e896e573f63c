/** What a remedy must not do: cut a reserve, exceed the kernel's own values, name what the release or the device has not. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { ReportAnswer } from "../../lib/explain/answer";
import { explainReading } from "../../lib/explain/explain-readings";
import { memparseSize } from "../../lib/explain/quantities";
import type { Reading } from "../../lib/explain/reading";
import { explain } from "../../lib/fluent/explanation";
import { readingOf, zoneOf } from "./hand-made";

const GIB_KB = 1024 * 1024;
const KERNEL = { text: "GFP_KERNEL", value: null };
const ATOMIC = { text: "GFP_ATOMIC", value: null };
const SINGLES = { counts: [1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] };

const report = (name: string): ReportAnswer =>
  explain(readFileSync(join("test/fixtures/explain/limits", `${name}.txt`), "utf8")).reports[0]!;
const answerTo = (reading: Partial<Reading>): ReportAnswer =>
  explainReading(readingOf({ release: "6.6.0", order: 0, gfp: KERNEL, ...reading })).answer;
const hows = ({ remedies }: ReportAnswer) => remedies.map(({ how }) => how).join("\n");
const minFree = (answer: ReportAnswer) => {
  const found = /min_free_kbytes=(\d+)/.exec(hows(answer));
  return found === null ? null : Number(found[1]);
};
const stackOf = (...functions: string[]) =>
  functions.map((name) => ({ function: name, module: null, uncertain: false }));

test("zones above the one asked are not printed: no number, but the direction and how to read the value of now", () => {
  // 20 kB and 2700 kB are the marks of DMA and DMA32; 16,600,000 pages of RAM have another 63 GB in Normal.
  const answer = report("dma32-atomic-68");
  assert.equal(minFree(answer), null);
  assert.match(hows(answer), /sysctl vm\.min_free_kbytes prints the value of now/);
  assert.match(answer.remedies[0]!.how, /wider DMA mask/);
});

test("which zones follow from vm.min_free_kbytes: Movable in 5.19, not since 6.6, never beside HighMem", () => {
  // 16 + 2000 + 2100 + 12,884 = 17,000 kB; twice that.
  assert.equal(minFree(report("movablecore-510")), 34_000);
  const zones = [
    zoneOf(
      "Normal",
      { free: 60_000, min: 4000, managed: 4 * GIB_KB },
      { ...SINGLES, lowmemReserve: [0, 0, 0] },
    ),
    zoneOf("Movable", { free: 60_000, min: 512, managed: 4 * GIB_KB }, SINGLES),
  ];
  const at = (release: string) => minFree(answerTo({ release, gfp: ATOMIC, zones }));
  assert.equal(at("5.19.0"), 2 * (4000 + 512));
  assert.equal(at("6.6.0"), 2 * 4000);
  const high = zoneOf("HighMem", { free: 60_000, min: 512, managed: GIB_KB }, SINGLES);
  const beside = answerTo({ release: "5.19.0", arch: "arm", gfp: ATOMIC, zones: [...zones, high] });
  assert.equal(minFree(beside), 2 * 4000);
});

test("nodes that a cpuset hides: only the total of the machine shows that none is missing", () => {
  const zones = [
    zoneOf(
      "Normal",
      { free: 40_000, min: 45_000, managed: 8 * GIB_KB },
      { ...SINGLES, lowmemReserve: [0, 0] },
    ),
  ];
  const at = (ramKb: number | null, cpuset: string) =>
    minFree(
      answerTo({
        order: 4,
        cpuset,
        zones,
        totals: ramKb === null ? {} : { "pages RAM": ramKb * 1024, "pages HighMem/MovableOnly": 0 },
      }),
    );
  // 2 % of 8 GiB are 167,773 kB.
  assert.equal(at(null, "/"), Math.ceil(8 * GIB_KB * 0.02));
  assert.equal(at(null, "db"), null);
  assert.equal(at(8 * GIB_KB, "db"), Math.ceil(8 * GIB_KB * 0.02));
  assert.equal(at(16 * GIB_KB, "/"), null);
});

test("no value forces a zone past its own reserve, and none exceeds what the kernel sets by itself", () => {
  // 1 TiB keeps 90,000 kB: 2 % would be 21 GB, the kernel's own end is 256 MiB.
  assert.equal(minFree(report("1tib-order3")), 262_144);
  // 64 GiB that keep 8 GiB already.
  assert.equal(minFree(report("minfree-8g-atomic")), null);
  // Normal has no page; DMA32 keeps 62,400 pages from the request, and is to keep them.
  const value = minFree(report("minfree-13g"))!;
  assert.ok(value <= 262_144 && value > 20 + 2700 + 88_000, String(value));
  // Before 5.8 the end is 64 MiB.
  const zones = [zoneOf("Normal", { free: 40_000, min: 45_000, managed: 64 * GIB_KB }, SINGLES)];
  assert.equal(minFree(answerTo({ release: "4.19.0", order: 4, zones })), 65_536);
});

test("vm.lowmem_reserve_ratio starts from the ratio that the printed reserves follow from", () => {
  // 2,097,152 pages above, 2048 kept: 1024. 2900 − 2000 − 1 pages of room: ⌈1024 × 2048 / 899⌉ + 1.
  assert.match(hows(report("ratio-not-default")), /"256 2334 32 0"/);
  // 2,000,000 pages above, 5000 kept: 400. Without room for less than half of that: 800.
  const zones = (reserve: number) => [
    zoneOf(
      "DMA32",
      { free: 60_000, min: 40_000, managed: 2_500_000 },
      { ...SINGLES, lowmemReserve: [0, 0, reserve, reserve, reserve] },
    ),
    zoneOf(
      "Normal",
      { free: 40_000, min: 40_000, managed: 8_000_000 },
      { ...SINGLES, lowmemReserve: [0, 0, 0, 0, 0] },
    ),
  ];
  assert.match(hows(answerTo({ arch: "x86_64", zones: zones(5000) })), /"256 800 32 0"/);
  // Two nodes with different ratios tell none.
  const other = zones(9000).map((zone) => ({ ...zone, node: 1 }));
  assert.doesNotMatch(
    hows(answerTo({ arch: "x86_64", zones: [...zones(5000), ...other] })),
    /lowmem_reserve_ratio/,
  );
});

test("a CMA area is a remedy only where it serves the request", () => {
  const stack = stackOf("warn_alloc", "__alloc_pages", "dma_direct_alloc", "dma_alloc_attrs", "probe");
  const at = (arch: string, text: string, more: Partial<Reading> = {}) =>
    hows(answerTo({ arch, order: 4, stack, gfp: { text, value: null }, ...more }));
  assert.match(at("x86_64", "GFP_KERNEL"), /\bcma=16M on/);
  assert.doesNotMatch(at("x86_64", "GFP_KERNEL|GFP_DMA"), /cma=/);
  assert.match(at("x86_64", "GFP_KERNEL|GFP_DMA32"), /cma=16M@0-4G/);
  assert.doesNotMatch(at("x86_64", "GFP_KERNEL|GFP_DMA32", { release: "3.14.0" }), /cma=/);
  assert.match(at("arm64", "GFP_KERNEL|GFP_DMA"), /\bcma=16M on/);
  assert.doesNotMatch(at("arm64", "GFP_ATOMIC"), /cma=/);
  assert.doesNotMatch(hows(report("gfpdma")), /cma=/);
  assert.match(report("gfpdma").remedies[0]!.how, /wider DMA mask/);
});

test("harmless only where the caller has a way out at this order", () => {
  const at = (order: number, names: string[], text = "GFP_KERNEL") =>
    answerTo({ order, stack: stackOf("warn_alloc", "__alloc_pages", ...names), gfp: { text, value: null } })
      .harmless;
  assert.equal(at(3, ["skb_page_frag_refill"]), true);
  assert.equal(at(0, ["skb_page_frag_refill"]), null);
  assert.equal(at(4, ["ttm_pool_alloc"]), true);
  assert.equal(at(0, ["ttm_pool_alloc"]), null);
  assert.equal(at(9, ["alloc_buddy_huge_page", "alloc_pool_huge_page"]), true);
  assert.equal(at(9, ["alloc_buddy_huge_page", "alloc_surplus_huge_page", "hugetlb_acct_memory"]), false);
  assert.equal(at(0, ["__rb_allocate_pages"], "GFP_KERNEL|__GFP_NORETRY"), null);
  assert.equal(at(4, ["some_driver"], "GFP_KERNEL|__GFP_NORETRY"), null);
});

test("sizes are whole numbers with one letter, as memparse() reads them", () => {
  assert.deepEqual(
    [65536, 2 ** 21, 2 ** 30, 2 ** 34, 3 * 2 ** 29].map((size) => memparseSize(size)),
    ["64K", "2M", "1G", "16G", "1536M"],
  );
  assert.equal(memparseSize(2 ** 30, "M"), "1024M");
});

const BOOT = "[    0.000000] Linux version RELEASE (a@b) (gcc) #1 SMP aarch64\n";
const hugetlb = (release: string, line: string) =>
  hows(explain(`${BOOT.replace("RELEASE", release)}[    0.100000] HugeTLB: ${line}\n`).reports.at(-1)!);

test("huge pages: sizes below 1 MiB, and commands by node that the release has", () => {
  const small = "allocating 1000 of page size 64.0 KiB failed.  Only allocated 12 hugepages.";
  assert.match(hugetlb("6.6.0", small), /hugepagesz=64K hugepages=12/);
  const node = "allocating 300 of page size 1.00 GiB failed node1.  Only allocated 12 hugepages.";
  const [old, recent] = [hugetlb("5.4.0", node), hugetlb("5.16.0", node)];
  assert.match(recent, /hugepagesz=1G hugepages=1:12/);
  assert.doesNotMatch(old, /hugepages=\d|hugetlb_cma/);
  assert.match(old, /node<N>\/hugepages\/hugepages-1048576kB\/nr_hugepages/);
  // Gigantic pages cannot be made at run time before 3.16.
  assert.doesNotMatch(hugetlb("3.14.0", node), /nr_hugepages/);
});

test("an area of the device tree: cma= counts before it only since 5.6; a place for it can be given since 3.16", () => {
  const refused = (release: string) =>
    hows(
      explain(
        `${BOOT.replace("RELEASE", release)}[    0.000000] Reserved memory: created CMA memory pool at 0x000000003a000000, size 32 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
[   90.000000] cma: cma_alloc: alloc failed, req-size: 2048 pages, ret: -12
[   90.000001] cma: number of available pages: 100@0=> 100 free of 8192 total pages\n`,
      ).reports.at(-1)!,
    );
  // Twice the 32 MiB that are there: 0x4000000.
  assert.match(refused("4.19.97"), /size = <0x4000000>/);
  assert.doesNotMatch(refused("4.19.97"), /cma=/);
  assert.match(refused("5.10.0"), /cma=64M/);
  const placed = (release: string) =>
    hows(
      explain(
        `${BOOT.replace("RELEASE", release)}[    0.000000] cma: Failed to reserve 512 MiB\n`,
      ).reports.at(-1)!,
    );
  assert.doesNotMatch(placed("3.14.0"), /@START-END/);
  assert.match(placed("3.16.0"), /@START-END/);
});

test("vmalloc=: named only where the architecture reads it", () => {
  const line = "vmap allocation for size 1052672 failed: use vmalloc=<size> to increase size\n";
  const at = (arch: string) =>
    hows(
      explain(`[    0.000000] Linux version 5.10.0 (a@b) #1 SMP ${arch}\n[   50.000000] ${line}`).reports.at(
        -1,
      )!,
    );
  assert.doesNotMatch(at("x86_64"), /vmalloc=/);
  assert.match(at("armv7l"), /vmalloc=<size>/);
  const tables = explain(
    "[  1.000000] insmod: vmalloc error: size 8192, failed to map pages, mode:0xcc0(GFP_KERNEL), nodemask=(null)\n",
  ).reports[0]!;
  assert.match(tables.verdict.join(" "), /page tables/);
});
