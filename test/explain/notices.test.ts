/** Lines that stand alone: what the kernel says of memory without a report. */
import assert from "node:assert/strict";
import test from "node:test";
import { InputError } from "../../lib/base/errors";
import { readOutsideTexts } from "../../lib/explain";
import { explainReadings } from "../../lib/explain/explain-readings";
import { readTexts } from "../../lib/explain/read-texts";

const explained = (text: string) =>
  explainReadings(readTexts([{ name: "log", text }]).readings).map(({ answer }) => answer);

/** Lines as the kernel prints them, and what follows: slots have 2 KiB, a mapping at most 128 of them. */
const LINES: readonly [line: string, follows: RegExp, not?: RegExp][] = [
  [
    "nvme 0000:01:00.0: swiotlb buffer is full (sz: 262144 bytes), total 32768 (slots), used 12 (slots)",
    /no bounce buffer of 256 KiB.*Only 12 of 32768 slots were in use/,
    /swiotlb=/,
  ],
  [
    "megaraid_sas 0000:03:00.0: swiotlb buffer is full (sz: 65536 bytes), total 32768 (slots), used 32760 (slots)",
    /32760 of 32768 slots were in use: the buffers are full/,
  ],
  [
    "vi: swiotlb buffer is full (sz: 1048576 bytes), total 65536 (slots), used 498 (slots)",
    /No mapping above 256 KiB .* can ever be copied/,
    /swiotlb=/,
  ],
  [
    "ehci-pci 0000:00:1a.0: swiotlb buffer is full (sz: 8 bytes), total 0 (slots), used 0 (slots)",
    /no bounce buffers at all/,
    /swiotlb=/,
  ],
  ["DMA: Out of SW-IOMMU space for 65536 bytes at device 0000:03:00.0", /no bounce buffer of 64 KiB/],
  [
    "swiotlb: coherent allocation failed for device 0000:00:1f.2 size=65536",
    /The device 0000:00:1f\.2 asked .* 64 KiB/,
  ],
  ["software IO TLB: Cannot allocate buffer", /Early boot had no room for the bounce buffers/],
  [
    "ERROR: 1024 KiB atomic DMA coherent pool is too small! Please increase it with coherent_pool= kernel parameter!",
    /from a pool of 1 MiB/,
  ],
  [
    "DMA: failed to allocate 128 KiB GFP_KERNEL|GFP_DMA pool for atomic allocation",
    /no 128 KiB in one piece for the pool/,
  ],
  [
    "vmap allocation for size 1052672 failed: use vmalloc=<size> to increase size",
    /address space for vmalloc\(\).*1 MiB/,
  ],
  [
    "SLUB: Unable to allocate memory on node -1, gfp=0xa20(GFP_ATOMIC)",
    /slab allocator got no page .* with GFP_ATOMIC/,
  ],
  [
    "SLAB: Unable to allocate memory on node 1 (gfp=0x20)",
    /slab allocator got no page .* on node 1 with 0x20/,
  ],
];

for (const [line, follows, not] of LINES)
  test(`explained: ${line.slice(0, 72)}`, () => {
    const answers = explained(
      `[    1.000000] Linux version 5.10.0\n[  100.000000] ${line}\n[  101.000000] ${line}\n`,
    );
    assert.deepEqual(
      answers.map(({ kind, place }) => [kind, place.first, place.last]),
      [["notice", 2, 3]],
    );
    assert.match(answers[0]!.verdict.join(" "), follows);
    assert.notEqual(answers[0]!.harmless, true);
    if (not) assert.doesNotMatch(JSON.stringify(answers[0]!.remedies), not);
  });

const REPORT = "x: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)\n";

test("beside a report such a line is part of it", () => {
  const slab = "SLUB: Unable to allocate memory on node -1, gfp=0xcc0(GFP_KERNEL)\n";
  const space = "vmap allocation for size 8192 failed: use vmalloc=<size> to increase size\n";
  for (const text of [
    REPORT + slab,
    `${space}x: vmalloc: allocation failure: 4096 bytes, mode:0xcc0(GFP_KERNEL)\n`,
  ])
    assert.deepEqual(
      explained(text).map(({ kind }) => kind),
      ["page-allocation-failure"],
    );
});

test("lines of a boot that went well are no notices", () => {
  const boot = [
    "software IO TLB: mapped [mem 0x00000000bbed0000-0x00000000bfed0000] (64MB)",
    "DMA: preallocated 1024 KiB GFP_KERNEL pool for atomic allocations",
    "SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=4, Nodes=1",
  ];
  assert.ok(explained(boot.join("\n")).every(({ kind }) => kind !== "notice"));
});

test("a killed process without its report is an OOM report; with one it belongs to it", () => {
  const killed = (who: string) =>
    `Out of memory: Killed process 1234 (${who}) total-vm:9000000kB, anon-rss:8000000kB, file-rss:0kB\n`;
  const [alone, ...none] = explained(killed("java"));
  assert.deepEqual([alone!.kind, none.length], ["oom", 0]);
  assert.match(alone!.verdict.join(" "), /killed java \(process 1234\)/);
  const [cgroup] = explained("Memory cgroup out of memory: Killed process 9 (x) total-vm:1kB\n");
  assert.match(cgroup!.verdict[0]!, /memory cgroup reached its limit/);
  const head = "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n";
  assert.equal(explained(head + killed("java")).length, 1);
  assert.equal(explained(killed("first") + head).length, 1);
});

test("a trace through the memory cgroup's OOM killer is one of a cgroup", () => {
  const head = "java invoked oom-killer: gfp_mask=0x24000c0, order=0, oom_score_adj=0\nCall Trace:\n";
  const at = (entry: string) =>
    explained(`${head} [<ffffffff8119f6a6>] ${entry}+0x347/0x380\n`)[0]!.verdict.join(" ");
  assert.match(at("mem_cgroup_oom_synchronize"), /memory cgroup reached its limit/);
  assert.doesNotMatch(at("? mem_cgroup_oom_synchronize"), /memory cgroup/);
  assert.doesNotMatch(at("mem_cgroup_charge"), /memory cgroup/);
});

test("an empty path is no folder", () => {
  assert.throws(
    () => readOutsideTexts([""]),
    (error) => error instanceof InputError && /path is empty/.test(error.message),
  );
});
