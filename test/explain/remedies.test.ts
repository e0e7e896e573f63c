/** Values of remedies hold what they promise: with them, the same numbers pass the same check. */
import assert from "node:assert/strict";
import test from "node:test";
import { explainReading } from "../../lib/explain/explain-readings";
import type { Reading, ZoneReading } from "../../lib/explain/reading";
import { explain } from "../../lib/fluent/explanation";
import { hasRemedial, REMEDIALS, type RemedialName } from "../../lib/hardware/kernel-report-rules";
import { readingOf, zoneOf } from "./hand-made";

const GIB_KB = 1024 * 1024;
const KERNEL = { text: "GFP_KERNEL", value: null };
const lists = { counts: [1000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] };

const hows = (reading: Partial<Reading>) =>
  explainReading(readingOf({ release: "6.6.0", order: 0, gfp: KERNEL, ...reading })).answer.remedies.map(
    ({ how }) => how,
  );

function minFree(how: readonly string[]): number {
  const found = how
    .map((text) => /vm\.min_free_kbytes=(\d+)/.exec(text)?.[1])
    .find((text) => text !== undefined);
  assert.ok(found !== undefined, how.join("\n"));
  return Number(found);
}

/** The zone with marks that follow from another vm.min_free_kbytes; `free` moves as the kernel would keep it. */
function scaled(zone: ZoneReading, factor: number, keepsMore: boolean): ZoneReading {
  const minBytes = Math.round((zone.minBytes! * factor) / 4096) * 4096;
  return { ...zone, minBytes, freeBytes: zone.freeBytes + (keepsMore ? minBytes - zone.minBytes! : 0) };
}

test("an atomic request: the value of vm.min_free_kbytes with which it would have passed, and no smaller one", () => {
  const gfp = { text: "GFP_ATOMIC", value: null };
  for (const [free, min] of [
    [6000, 45_000],
    [10_000, 67_584],
    [40, 1000],
  ] as const) {
    const zone = zoneOf("Normal", { free, min, managed: 8 * GIB_KB }, lists);
    const value = minFree(hows({ gfp, zones: [zone] }));
    assert.ok(value > min, `${value} must exceed ${min}`);
    const passes = (kbytes: number) =>
      explainReading(
        readingOf({ release: "6.6.0", order: 0, gfp, zones: [scaled(zone, kbytes / min, true)] }),
      ).answer.zones[0]!.reasons.length === 0;
    assert.equal(passes(value + 8), true, `${value} passes`);
    assert.equal(passes(value - 64), false, `${value} is the least`);
  }
});

test("a mark far above the kernel's own: the kernel's own, with which the request passes", () => {
  // 612 MiB of low memory: 11 blocks of 2 MiB, below 5 % of it.
  const zone = zoneOf("Normal", { free: 60_000, min: 65_536, managed: 627_004 }, lists);
  const value = minFree(hows({ zones: [zone] }));
  assert.equal(value, 22_528);
  const { zones } = explainReading(
    readingOf({ release: "6.6.0", order: 0, gfp: KERNEL, zones: [scaled(zone, value / 65_536, false)] }),
  ).answer;
  assert.deepEqual(zones[0]!.reasons, []);
});

test("an ordinary request at an ordinary mark: no value of the mark helps, so none is given", () => {
  const zone = zoneOf("Normal", { free: 60_000, min: 61_948, managed: 16 * GIB_KB }, lists);
  const how = hows({ arch: "x86_64", zones: [zone] }).join("\n");
  assert.doesNotMatch(how, /min_free_kbytes/);
  assert.match(how, /watermark_scale_factor/);
});

test("a large lower zone: the ratio of its reserve with which the request passes", () => {
  // DMA32 keeps 2,000,000 pages / 256 = 7812 pages; 20,000 − 10,000 − 1 pages of room: ratio 256 × 7812 / 9999 = 201.
  const free = (ratio: number) => [
    zoneOf(
      "DMA32",
      { free: 60_000, min: 40_000, managed: 2_500_000 },
      {
        ...lists,
        lowmemReserve: [0, 0, ...new Array<number>(3).fill(Math.floor(2_000_000 / ratio))],
      },
    ),
    zoneOf(
      "Normal",
      { free: 40_000, min: 40_000, managed: 8_000_000 },
      { ...lists, lowmemReserve: [0, 0, 0, 0, 0] },
    ),
  ];
  const how = hows({ arch: "x86_64", zones: free(256) }).find((text) =>
    text.includes("lowmem_reserve_ratio"),
  )!;
  const [dma, ratio] = /"([\d ]+)"/.exec(how)![1]!.split(" ").map(Number);
  assert.equal(dma, 256);
  const passing = explainReading(
    readingOf({ release: "6.6", arch: "x86_64", order: 0, gfp: KERNEL, zones: free(ratio!) }),
  );
  assert.deepEqual(passing.answer.zones[0]!.reasons, []);
});

test("no remedy needs a newer kernel than the one that reported", () => {
  const words: Partial<Record<RemedialName, RegExp>> = {
    "vm.compact_memory": /compact_memory/,
    "vm.watermark_scale_factor": /watermark_scale_factor/,
    "vm.watermark_boost_factor": /watermark_boost_factor/,
    "vm.compaction_proactiveness": /compaction_proactiveness/,
    "vm.defrag_mode": /defrag_mode/,
  };
  const zone = zoneOf("Normal", { free: 40_000, min: 45_000, managed: 8 * GIB_KB }, lists);
  for (const release of ["2.6.32", "3.10.0", "4.9.1", "5.4.0", "5.15.0", "6.12.0", "6.18.0", "7.9.0"]) {
    const how = hows({ release, order: 5, zones: [zone] }).join("\n");
    for (const [name, word] of Object.entries(words))
      if (!hasRemedial(name as RemedialName, release.replace(/^(2\.6\.\d+|\d+\.\d+).*/, "$1")))
        assert.doesNotMatch(
          how,
          word,
          `${release}: ${name} came with ${REMEDIALS[name as RemedialName].from}`,
        );
  }
  assert.match(hows({ release: "6.18.0", order: 5, zones: [zone] }).join("\n"), /defrag_mode=1/);
});

test("what asks decides: a device is given an area, a fallback makes it harmless", () => {
  const at = (...functions: [string, string?][]) =>
    explainReading(
      readingOf({
        release: "6.6",
        order: 4,
        gfp: KERNEL,
        stack: functions.map(([name, module = null]) => ({ function: name, module, uncertain: false })),
      }),
    ).answer;
  const device = at(
    ["warn_alloc"],
    ["__alloc_pages"],
    ["dma_direct_alloc"],
    ["dma_alloc_attrs"],
    ["probe", "mydrv"],
  );
  assert.equal(device.askedBy!.module, "mydrv");
  assert.match(device.remedies.map(({ how }) => how).join(" "), /cma=16M/);
  assert.equal(device.harmless, null);
  const packet = at(["warn_alloc"], ["__alloc_pages"], ["skb_page_frag_refill"], ["tcp_sendmsg"]);
  assert.equal(packet.harmless, true);
  assert.match(packet.askedBy!.who, /network/);
  // An address that only stood on the stack is not the caller.
  const leftover = explainReading(
    readingOf({
      order: 0,
      stack: [
        { function: "warn_alloc", module: null, uncertain: false },
        { function: "veth_alloc_queues", module: "veth", uncertain: true },
        { function: "btrfs_read", module: "btrfs", uncertain: false },
      ],
    }),
  ).answer;
  assert.equal(leftover.askedBy!.module, "btrfs");
});

test("a memory cgroup at its limit: its limit is the remedy, and zones decided nothing", () => {
  const { reasons, verdict, remedies, missing } = explainReading(
    readingOf({
      kind: "oom",
      release: "5.15.0",
      order: 0,
      gfp: KERNEL,
      oom: { constraint: "CONSTRAINT_MEMCG", memcg: true, killed: { task: "java", pid: 777 } },
    }),
  ).answer;
  assert.deepEqual([reasons, missing], [[], []]);
  assert.match(verdict.join(" "), /memory cgroup reached its limit.*killed java/);
  assert.match(remedies[0]!.how, /memory\.max/);
});

test("an overlay of the Raspberry Pi is named for it, and for a machine that no text names", () => {
  const how = (text: string) =>
    explain(text)
      .reports.flatMap(({ remedies }) => remedies.map((remedy) => remedy.how))
      .join("\n");
  const refused = `cma: Reserved 64 MiB at 0x0000000030000000
cma: cma_alloc: reserved: alloc failed, req-size: 4096 pages, ret: -12
cma: number of available pages: => 0 free of 16384 total pages`;
  const noRoom = "OF: reserved mem: failed to allocate memory for node 'linux,cma': size 320 MiB";
  const pi = "Machine model: Raspberry Pi 4 Model B\n";
  // Full: four times 64 MiB. No room: half of 320 MiB, as a power of two. cma-overlay.dts has both.
  assert.match(how(pi + refused), /dtoverlay=vc4-kms-v3d,cma-256\b/);
  assert.match(how(pi + noRoom), /dtoverlay=vc4-kms-v3d,cma-128\b/);
  assert.match(how(noRoom), /Raspberry Pi: dtoverlay/);
  for (const other of ["Machine model: Radxa ROCK Pi 4B\n", "Linux version 6.6.1 x86_64\n"])
    assert.doesNotMatch(how(other + refused) + how(other + noRoom), /dtoverlay|Raspberry/);
});

test("a pool that a configuration asks for is written as memparse() reads it", () => {
  const topic = (size: string) =>
    explain(`hugepages:\n- size: ${size}\n  count: 4\n`).toJSON().topics[1]?.answer ?? "";
  assert.match(topic("64K"), /hugepagesz=64K hugepages=4 /);
  assert.match(topic("2M"), /hugepagesz=2M hugepages=4 /);
  assert.match(topic("16G"), /hugepagesz=16G hugepages=4 /);
  assert.equal(topic("1500"), "");
});
