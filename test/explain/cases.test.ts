/**
 * Reports of people whose answer is known (test/fixtures/explain/cases): the reasons are worked out by hand from the
 * numbers in the text, in pages of 4 KiB unless said otherwise; what was advised is what the threads ended with.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { ReportAnswer } from "../../lib/explain/answer";
import { explainReadings } from "../../lib/explain/explain-readings";
import { readTexts } from "../../lib/explain/read-texts";
import { explainText } from "../../lib/explain/text";

const CASES = join(__dirname, "../fixtures/explain/cases");

function answers(name: string): ReportAnswer[] {
  const text = readFileSync(join(CASES, `${name}.txt`), "utf8");
  return explainReadings(readTexts([{ name, text }]).readings).map(({ answer }) => answer);
}

const ofKind = (name: string, kind: ReportAnswer["kind"]) =>
  answers(name).filter((answer) => answer.kind === kind);
const zone = ({ zones }: ReportAnswer, name: string) => zones.find((one) => one.name === name)!;
const advice = ({ remedies }: ReportAnswer) => remedies.map(({ how }) => how).join("\n");

test("01: an area of 512 MiB found no room, the configured one stands in: a smaller cma-N", () => {
  const [answer] = ofKind("01-rpi4-haos-cma512", "cma-reservation");
  assert.deepEqual(answer!.reasons, ["cma-not-reserved"]);
  assert.match(answer!.verdict.join(" "), /linux,cma of 512 MiB.*In its place.*5 MiB/);
  assert.match(advice(answer!), /cma-256/);
});

test("02: an area of 64 MiB has no free page: cma=256M", () => {
  const all = ofKind("02-yellow-cma64-exhausted", "cma-alloc-failure");
  assert.equal(all.length, 3);
  for (const answer of all) assert.deepEqual(answer.reasons, ["cma-area-full"]);
  assert.match(all[0]!.verdict[0]!, /4 pages \(16 KiB\).*16384 pages \(64 MiB\)/);
  assert.match(advice(all[0]!), /cma=256M/);
});

test("04: 1024 pages found no free run in 512 MiB", () => {
  const [answer] = ofKind("04-rpi4-6170-cma-fragmented", "cma-alloc-failure");
  // ret: -12 is ENOMEM: the bitmap has no free run; -16 would be pages that do not move.
  assert.deepEqual(answer!.reasons, ["cma-area-full"]);
  assert.match(answer!.verdict[0]!, /1024 pages \(4 MiB\)/);
});

test("05: of 568 MiB free 504 are CMA, what is left is below 64 MiB kept: smaller CMA, less kept", () => {
  const [answer] = answers("05-rpi4-32bit-cma512-panic");
  // 582004 kB free = 145501, 516604 kB of CMA = 129151: 16350 count, min is 65536 kB = 16384. Order 0, GFP_KERNEL:
  // its zone is Normal, for which lowmem_reserve[1] is 0. 145501 > 16384, so with CMA it would pass.
  assert.deepEqual(zone(answer!, "DMA").reasons, ["watermark", "cma-only"]);
  assert.equal(zone(answer!, "DMA").reserveBytes, 0);
  assert.match(answer!.remedies[0]!.what, /CMA area smaller/);
  assert.match(advice(answer!), /cma-256/);
  assert.match(advice(answer!), /vm\.min_free_kbytes=\d+/);
});

test("06: the list of pages of a video buffer, order 4, kmalloc", () => {
  const [answer] = answers("06-rpi4-670-order4");
  assert.equal(answer!.order, 4);
  assert.deepEqual(answer!.gfp.flags, ["GFP_KERNEL", "__GFP_COMP"]);
  assert.match(answer!.askedBy!.who, /dma_common_contiguous_remap\(\).*videobuf2_dma_contig/);
  assert.match(advice(answer!), /kvmalloc_array/);
  assert.match(answer!.missing[0]!.command, /dmesg/);
});

test("08: all 524288 pages free, yet -16: a page in the range does not move", () => {
  const [answer] = ofKind("08-zynqmp-2g-ebusy", "cma-alloc-failure");
  assert.deepEqual(answer!.reasons, ["cma-busy"]);
  assert.match(answer!.verdict[0]!, /2 GiB.*No driver holds any of it.*cannot be moved/);
});

test("11: 62864 pages are 246 MiB: the area must be enlarged to that at least", () => {
  const [answer] = ofKind("11-orin-62864-pages", "cma-alloc-failure");
  // 62864 × 4 KiB = 245.56 MiB.
  assert.deepEqual(answer!.reasons, ["cma-area-full"]);
  // The text does not say how large the area is, so no size can be named that is above it for sure.
  assert.doesNotMatch(answer!.remedies[0]!.how, /cma=\d/);
  assert.match(answer!.remedies[0]!.effect, /at least 246 MiB/);
});

test("14: order 5 for veth queues, gigabytes free: caches, compaction, kvcalloc", () => {
  const [first, second] = answers("14-docker-veth-order5");
  assert.deepEqual(first!.gfp.flags, ["GFP_KERNEL_ACCOUNT", "__GFP_COMP", "__GFP_ZERO"]);
  assert.match(second!.askedBy!.who, /veth/);
  assert.match(advice(second!), /kvcalloc/);
  for (const answer of [first, second]) {
    assert.match(advice(answer!), /drop_caches.*compact_memory/s);
    assert.match(advice(answer!), /min_free_kbytes/);
  }
});

test("15: a single page, 170 MB free: Normal at its mark, DMA32 at its mark and what it keeps", () => {
  const [answer] = answers("15-i915-order0-le9");
  // Normal: 173104 kB ≤ 173116 kB. DMA32: 75936 kB > 46144 kB, but ≤ 46144 + 7459 × 4 = 75980 kB.
  assert.deepEqual(zone(answer!, "Normal").reasons, ["watermark"]);
  assert.deepEqual(zone(answer!, "DMA32").reasons, ["lowmem-reserve"]);
  assert.equal(zone(answer!, "DMA32").reserveBytes, 7459 * 4096);
});

test("16: 4 MiB on a router of 128 MiB: below the mark, and the largest block is of 1 MiB", () => {
  const [answer] = ofKind("16-mt7621-128mb-router", "page-allocation-failure");
  // 16756 kB = 4189 pages less 1023 of the request = 3166 ≤ 4096; the last block of the list is of order 8.
  assert.deepEqual(zone(answer!, "Normal").reasons, ["watermark", "no-block"]);
  assert.equal(zone(answer!, "Normal").largestFreeOrder, 8);
  // 16384 kB are kept free; by itself the kernel keeps 5 % of 122228 kB at most.
  assert.match(advice(answer!), /vm\.min_free_kbytes=61\d\d\b/);
  assert.match(advice(answer!), /smaller rings/);
});

test("21: order 5 is 512 KiB with pages of 16 KiB; the answer is kvmalloc", () => {
  const [answer] = answers("21-asahi-16k-order5");
  assert.equal(answer!.order, 5);
  assert.equal(answer!.bytes, 512 * 1024);
  assert.match(advice(answer!), /kvmalloc/);
});

test("22: files of /proc: the largest block of each zone", () => {
  const [answer] = answers("22-coreos489-pasted");
  assert.equal(answer!.kind, "memory-state");
  // 33 105 87 31 11 2 0 …: the last that is not 0 is order 5; 3283 3386 … 226 11: order 6.
  assert.equal(zone(answer!, "DMA").largestFreeOrder, 5);
  assert.equal(zone(answer!, "DMA32").largestFreeOrder, 6);
  // All of it is in blocks smaller than order 9.
  assert.equal(zone(answer!, "DMA32").unusable![9], 1);
  assert.match(answer!.verdict.join(" "), /GFP_KERNEL\) would be granted up to order 6/);
});

test("every case and log gives a page without an error, also where nothing is found", () => {
  const folders = [CASES, join(CASES, "../../field/logs")];
  for (const folder of folders)
    for (const file of readdirSync(folder)) {
      const text = readFileSync(join(folder, file), "utf8");
      const { readings, passedOver } = readTexts([{ name: file, text }]);
      const page = explainText(explainReadings(readings), passedOver);
      assert.doesNotMatch(page, /undefined|NaN|Infinity|\[object/, file);
      for (const line of page.split("\n")) assert.ok(line.length <= 240, `${file}: ${line}`);
    }
});
