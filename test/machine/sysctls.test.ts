/**
 * Sysctls as fields of a machine. Watermarks, reserves and list sizes are held against /proc/zoneinfo of real machines; values that
 * no recording has were computed apart, by the kernel's rules, in Python.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { InputError } from "../../lib/base/errors";
import { run } from "../../lib/experiment/run";
import { expandSweep } from "../../lib/experiment/sweep";
import { machine } from "../../lib/fluent/machine";
import type { RunningMachine } from "../../lib/fluent/running-machine";
import { workload } from "../../lib/fluent/workload";
import { writtenPagesetSize } from "../../lib/mm/boot/pageset-size";
import { setupPerZoneLowmemReserve, setupPerZoneWmarks } from "../../lib/mm/boot/watermarks";
import { ownerKind } from "../../lib/mm/state/owners";
import { ALLOCATED } from "../../lib/mm/state/page-state";
import { parsePlan, planHash } from "../../lib/plan/run";
import { parseSweep } from "../../lib/plan/sweep";
import { FIXTURES } from "../support/cli";

interface ZoneLines {
  name: string;
  managed: number;
  marks: [min: number, low: number, high: number];
  protection: number[];
  list: { batch: number; highMin: number; highMax: number };
}

/** The populated zones of a zoneinfo text, read here apart from the library's reader. */
function zonesOf(text: string): ZoneLines[] {
  return text
    .split(/^Node 0, zone +/m)
    .slice(1)
    .map((part) => {
      const number = (name: string) => Number(new RegExp(`^ +${name}:? +(\\d+)$`, "m").exec(part)?.[1] ?? -1);
      return {
        name: /^\w+/.exec(part)![0],
        managed: number("managed"),
        marks: [number("min"), number("low"), number("high")] as ZoneLines["marks"],
        protection: /protection: \((.*)\)/.exec(part)![1]!.split(",").map(Number),
        list: { batch: number("batch"), highMin: number("high_min"), highMax: number("high_max") },
      };
    })
    .filter(({ managed }) => managed > 0);
}

const real = zonesOf(
  brotliDecompressSync(readFileSync(join(FIXTURES, "real-machine/series/s000/zoneinfo.br"))).toString(),
);
const managed = real.map((z) => z.managed);
const asMarks = (marks: { min: number; low: number; high: number }[]) =>
  marks.map(({ min, low, high }) => [min, low, high]);

test("a real machine's zoneinfo: watermarks from min_free_kbytes, reserves from the ratios, lists from the low marks", () => {
  assert.deepEqual(managed, [3840, 772807, 3375104]);
  // Its kernel computed 67584 kB: three zones of 11 page blocks of 2 MiB (THP).
  assert.deepEqual(
    asMarks(setupPerZoneWmarks({ minFreeKbytes: 67584, pageSize: 4096 }, managed)),
    real.map((z) => z.marks),
  );
  assert.deepEqual(
    setupPerZoneLowmemReserve(["DMA", "DMA32", "Normal"], managed),
    real.map((z) => z.protection.slice(0, 3)),
  );
  for (const z of real) {
    const zone = { managedPages: z.managed, lowWatermark: z.marks[1], cpus: 2, pageSize: 4096 };
    const { batch, high, highMax } = writtenPagesetSize(zone, 0, "6.18");
    assert.deepEqual({ batch, highMin: high, highMax }, z.list, z.name);
  }
});

test("an Ubuntu machine's zoneinfo lies within what its reserves leave open", () => {
  // canonical/hotsos, proc/zoneinfo: managed pages changed after boot; the reserves of then bound them from both sides.
  const least = [3977, 2929 * 256, 952 * 256];
  const most = [3977, 2930 * 256 - 1, 953 * 256 - 1];
  const marks = (pages: number[]) => setupPerZoneWmarks({ minFreeKbytes: 67584, pageSize: 4096 }, pages);
  const low = marks([least[0]!, least[1]!, most[2]!])[1]!.min;
  const high = marks([least[0]!, most[1]!, least[2]!])[1]!.min;
  assert.deepEqual([low, high], [12697, 12701]);
  assert.ok(low <= 12698 && 12698 <= high);
});

test("watermarks of other values, computed apart", () => {
  const marks = (minFreeKbytes: number, scaleFactor: number) =>
    asMarks(setupPerZoneWmarks({ minFreeKbytes, pageSize: 4096, scaleFactor }, managed));
  assert.deepEqual(marks(262144, 10), [
    [60, 75, 90],
    [12198, 15247, 18296],
    [53276, 66595, 79914],
  ]);
  assert.deepEqual(marks(67584, 150), [
    [15, 72, 129],
    [3145, 14737, 26329],
    [13735, 64361, 114987],
  ]);
  assert.deepEqual(marks(1048576, 3000), [
    [242, 1394, 2546],
    [48795, 280637, 512479],
    [213106, 1225637, 2238168],
  ]);
  assert.deepEqual(marks(1, 1), [
    [0, 0, 0],
    [0, 77, 154],
    [0, 337, 674],
  ]);
  // The product is beyond 2^53: the kernel divides in 64 bits.
  assert.deepEqual(marks(2147483647, 10)[2], [436441192, 545551490, 654661788]);
});

const pc = machine("pc-x86-64").memory("8GiB");

/** The kernel's rule once more, for the zones of a booted machine. */
function marksByRule(pages: number[], minFreeKbytes: number, scale: number): number[][] {
  const total = pages.reduce((a, b) => a + b, 0);
  return pages.map((n) => {
    const min = Math.floor(((minFreeKbytes >> 2) * n) / total);
    const gap = Math.max(min >> 2, Math.floor((n * scale) / 10000));
    return [min, min + gap, min + 2 * gap];
  });
}

test("a written min_free_kbytes and scale factor set the marks of what the zones manage then, and the lists with them", () => {
  const booted = pc.sysctl({ minFreeKbytes: 131072, watermarkScaleFactor: 200 }).boot();
  const expected = marksByRule(
    booted.zones.map((z) => z.managed),
    131072,
    200,
  );
  assert.equal(booted.minFreeKbytes, 131072);
  assert.deepEqual(asMarks(booted.zones.map((z) => z.watermarks)), expected);
  for (const release of ["4.17", "5.14", "6.1", "6.12"]) {
    const settings = { minFreeKbytes: 131072, watermarkScaleFactor: 200 };
    const { booted: after, memory: m } = pc.kernel(release).sysctl(settings).running().system;
    assert.deepEqual(
      m.zones.map((z) => [...z.wmark.subarray(0, 3)]),
      marksByRule(
        after.zones.map((z) => z.managed),
        131072,
        200,
      ),
      release,
    );
    const plain = pc.kernel(release).running().system.memory;
    m.zones.forEach((z, i) => {
      const { batch, highMin } = z.pcp;
      const low = Math.max(Math.floor(z.wmark[1]! / z.pcps.length), 4 * batch);
      assert.equal(highMin, release === "4.17" ? plain.zones[i]!.pcp.highMin : low, `${release} ${z.name}`);
    });
  }
  // The booting kernel took its pages under its own marks: the frames are those of the plain machine.
  const frames = (described: typeof pc) => [...described.running().system.kernelPages];
  assert.deepEqual(frames(pc.sysctl({ minFreeKbytes: 131072 })), frames(pc));
});

test("the scale factor alone keeps min_free_kbytes, and the promo mark stands one gap above the high one", () => {
  const plain = pc.kernel("6.12").boot();
  const { booted, memory: m } = pc.kernel("6.12").sysctl({ watermarkScaleFactor: 500 }).running().system;
  assert.deepEqual(
    m.zones.map((z) => [...z.wmark.subarray(0, 3)]),
    marksByRule(
      booted.zones.map((z) => z.managed),
      plain.minFreeKbytes,
      500,
    ),
  );
  for (const { wmark } of m.zones) assert.equal(wmark[3], wmark[2]! + (wmark[2]! - wmark[1]!));
});

test("lowmem_reserve_ratio: a number for each zone of the kernel, lowest first", () => {
  const reserves = (described: typeof pc) => described.boot().zones.map((z) => z.lowmemReserve);
  const zones = pc.boot().zones.map((z) => z.managed);
  const [, dma32 = 0, normal = 0] = zones;
  assert.deepEqual(reserves(pc.sysctl({ lowmemReserveRatio: "64 0 32 0 0" })), [
    [0, Math.floor(dma32 / 64), Math.floor((dma32 + normal) / 64)],
    [0, 0, 0],
    [0, 0, 0],
  ]);
  // Numbers that are left out stay.
  assert.deepEqual(reserves(pc.sysctl({ lowmemReserveRatio: [1] })), [
    [0, dma32, dma32 + normal],
    [0, 0, Math.floor(normal / 256)],
    [0, 0, 0],
  ]);
  // arm64 before 5.5 is built without ZONE_DMA: the first number is DMA32's.
  const [, old] = [pc, machine("raspberry-pi-4").memory("8GiB").kernel("5.4")];
  const low = old.boot().zones.find((z) => z.name === "DMA32")!;
  const above = old.boot().zones.find((z) => z.name === "Normal")!;
  const [first] = old.sysctl({ lowmemReserveRatio: "16" }).boot().zones;
  assert.equal(first!.name, low.name);
  assert.equal(first!.lowmemReserve[1], Math.floor(above.managed / 16));
  const { memory } = pc.sysctl({ lowmemReserveRatio: "64 0 32" }).running().system;
  assert.equal(memory.zones[0]!.lowmemReserve[2], Math.floor((dma32 + normal) / 64));
});

test("lowmem_reserve_ratio of a 32-bit kernel: HighMem has its number between Normal's and Movable's", () => {
  const reserves = (name: string, ratio: string) =>
    machine(name)
      .sysctl({ lowmemReserveRatio: ratio })
      .boot()
      .zones.map((z) => z.lowmemReserve);
  const [normal, high] = machine("zynq-7000").boot().zones;
  assert.deepEqual([normal!.name, high!.name], ["Normal", "HighMem"]);
  // Nothing lies above HighMem: its own number and Movable's change nothing that is there.
  assert.deepEqual(reserves("zynq-7000", "16 8 4"), [
    [0, Math.floor(high!.managed / 16)],
    [0, 0],
  ]);
  // Normal, HighMem, Movable and Device.
  assert.ok(reserves("zynq-7000", "32 0 0 0"));
  assert.throws(
    () => reserves("zynq-7000", "32 0 0 0 0"),
    /zones Normal, HighMem, Movable and Device: must have at most 4/,
  );
  // A kernel with ZONE_DMA has one more, the first.
  const zones = machine("raspberry-pi-4-32bit").boot().zones;
  assert.deepEqual([zones[0]!.name, zones.at(-1)!.name], ["DMA", "HighMem"]);
  const above = zones.slice(1).map((_, i) => zones.slice(1, i + 2).reduce((n, z) => n + z.managed, 0));
  const got = reserves("raspberry-pi-4-32bit", "10 20 30 0");
  assert.deepEqual(got[0], [0, ...above.map((pages) => Math.floor(pages / 10))]);
  assert.equal(got.at(-1)!.at(-1), 0);
});

// "mm/page_alloc: don't reserve ZONE_HIGHMEM for ZONE_MOVABLE request" went into 4.17 and stayed: the revert of the series
// before 4.17 names only the three patches on CMA. Up to 4.16 a ratio below 1 became 1.
test("a ratio of 0 keeps nothing in every modelled release, 4.17 included", () => {
  for (const release of ["4.17", "4.18", "5.10", "6.1"]) {
    const { zones } = pc.kernel(release).sysctl({ lowmemReserveRatio: "0 0 0" }).boot();
    assert.deepEqual(
      zones.map((z) => z.lowmemReserve),
      [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
      release,
    );
  }
});

test("a fraction of per-CPU lists: divided among CPUs since 5.14, tuning off since 6.7; before, for each CPU with its batch", () => {
  const lists = (release: string, fraction: number) => {
    const { zones } = pc.cpus(4).kernel(release).sysctl({ percpuPagelistHighFraction: fraction }).running()
      .system.memory;
    const zone = zones.find((z) => z.name === "Normal")!;
    const { batch, high, highMin, highMax } = zone.pcp;
    return { managed: zone.managed, batch, high, highMin, highMax };
  };
  for (const release of ["5.14", "6.1", "6.12", "7.3"]) {
    const { managed: pages, batch, high, highMin, highMax } = lists(release, 10);
    const expected = Math.floor(Math.floor(pages / 10) / 4);
    assert.deepEqual([highMin, highMax], [expected, expected], release);
    assert.equal(batch, 63, release);
    if (release < "6.7" && !release.startsWith("6.1")) assert.equal(high, expected, release);
  }
  const old = lists("4.17", 10);
  assert.deepEqual([old.high, old.batch], [Math.floor(old.managed / 10), 96]);
  const small = lists("5.13", 100_000);
  assert.deepEqual([small.high, small.batch], [Math.floor(small.managed / 100_000), 3]);
  assert.throws(() => lists("6.1", 7), /percpuPagelistHighFraction: must be 0, or 8 or more: got 7/);
});

test("a sysctl that the release does not have is refused with the release that brought it", () => {
  const of = (release: string, settings: object) => () => pc.kernel(release).sysctl(settings).boot();
  assert.throws(
    of("4.19", { watermarkBoostFactor: 0 }),
    /watermark_boost_factor exists since 5\.0: got kernel 4\.19/,
  );
  assert.throws(
    of("5.8", { compactionProactiveness: 50 }),
    /compaction_proactiveness exists since 5\.9: got kernel 5\.8/,
  );
  assert.throws(of("6.14", { defragMode: true }), /defrag_mode exists since 6\.15: got kernel 6\.14/);
  assert.throws(of("5.16", { watermarkScaleFactor: 1001 }), /from 1 to 1000 before 5\.17: got 1001/);
  for (const [release, settings] of [
    ["5.0", { watermarkBoostFactor: 0 }],
    ["5.9", { compactionProactiveness: 50 }],
    ["6.15", { defragMode: true }],
    ["5.17", { watermarkScaleFactor: 3000 }],
    ["4.17", { extfragThreshold: 1000, watermarkScaleFactor: 1000, percpuPagelistFraction: 8 }],
  ] as const)
    assert.ok(of(release, settings)(), `${release} ${JSON.stringify(settings)}`);
  // A release may be named after the sysctl.
  assert.ok(machine("pc-x86-64").sysctl({ defragMode: true }).kernel("7.3").boot());
  for (const bad of [
    { minFreeKbytes: -1 },
    { watermarkScaleFactor: 0 },
    { extfragThreshold: 1001 },
    { compactionProactiveness: 101 },
    { lowmemReserveRatio: "1 2 3 4 5 6" },
    { lowmemReserveRatio: "a" },
    { minFree: 1 },
  ])
    assert.throws(() => pc.sysctl(bad as object), InputError, JSON.stringify(bad));
});

test("boost: the factor bounds it, 0 turns it off", () => {
  const boosts = (factor: number) => {
    const m = pc.kernel("6.1").sysctl({ watermarkBoostFactor: factor }).running({ reclaim: false });
    m.fill("anon", { share: 0.97 }).free(0.3).fill("slab", "256MiB");
    const normal = m.system.memory.zones.find((z) => z.name === "Normal")!;
    return { boost: normal.watermarkBoost, high: normal.wmark[2]!, blocks: m.system.memory.pageblockPages };
  };
  assert.equal(boosts(0).boost, 0);
  const plain = boosts(15000);
  assert.equal(plain.boost, Math.floor(plain.high * 1.5));
  const small = boosts(1000);
  assert.equal(small.boost, Math.max(small.blocks, Math.floor(small.high / 10)));
});

test("extfrag_threshold decides whether a costly request compacts or counts as short of memory", () => {
  const asked = (extfragThreshold: number) => {
    const m = pc
      .kernel("6.1")
      .sysctl({ extfragThreshold, compactionProactiveness: 0 })
      .running({ reclaim: false });
    m.fill("anon", { share: 0.999 }).free(0.3);
    let granted = 0;
    for (let i = 0; i < 100; i++) if (m.allocPages(9).ok) granted++;
    return { granted, compacts: m.metric("compact_migrate_scanned") > 0 };
  };
  assert.deepEqual(asked(0), { granted: 100, compacts: true });
  // Every index is at most 1000: no such request ever compacts, and it gets what is free in one piece.
  const never = asked(1000);
  assert.equal(never.compacts, false);
  assert.ok(never.granted < 100);
});

test("proactiveness: 0 leaves a fragmented machine alone, 100 compacts one that 20 leaves", () => {
  const moved = (compactionProactiveness: number) => {
    const m = pc.kernel("6.1").sysctl({ compactionProactiveness }).running();
    m.fill("anon", { share: 0.9 }).free(0.4).pass("10s");
    return m.metric("pgmigrate_success");
  };
  assert.equal(moved(0), 0);
  assert.ok(moved(100) > 0);
  assert.ok(moved(100) > moved(20));
});

const PLAN = {
  machine: { board: "pc-x86-64", memory: "1GiB", kernel: "6.12" },
  workload: { kind: "kernel-build", duration: "5s" },
  strategy: { name: "buddy" },
  request: { size: "4MiB", times: 3 },
};

test("a stated default leaves the outcome what it is", () => {
  const { minFreeKbytes } = machine("pc-x86-64").memory("1GiB").kernel("6.12").boot();
  const stated = {
    minFreeKbytes,
    watermarkScaleFactor: 10,
    watermarkBoostFactor: 15000,
    extfragThreshold: 500,
    compactionProactiveness: 20,
    lowmemReserveRatio: "256 256 32 0 0",
    percpuPagelistHighFraction: 0,
    nrHugepages: 0,
    overcommitHugepages: 0,
  };
  const { plan: _, ...plain } = run(parsePlan(PLAN));
  const { plan: __, ...same } = run(parsePlan({ ...PLAN, machine: { ...PLAN.machine, ...stated } }));
  assert.deepEqual(same, plain);
});

test("sysctls are axes of a sweep, under their short names", () => {
  const sweep = expandSweep(
    parseSweep({
      plan: PLAN,
      over: {
        minFreeKbytes: [16384, 65536],
        "machine.watermarkScaleFactor": [10, 300],
        lowmemReserveRatio: ["256 256 32", "64 64 32"],
        nrHugepages: [16, "0:8"],
      },
    }),
  );
  assert.equal(sweep.count, 16);
  const last = sweep.at(15).machine;
  assert.equal(last.minFreeKbytes, 65536);
  assert.equal(last.watermarkScaleFactor, 300);
  assert.deepEqual(last.lowmemReserveRatio, [64, 64, 32]);
  assert.deepEqual(last.nrHugepages, [{ node: 0, count: 8 }]);
  assert.notDeepEqual(run(sweep.at(0)).metrics, run(sweep.at(15)).metrics);
});

test("proactiveness of plans of format 2 is read where it was, and is one field with its new name", () => {
  const old = { format: 2, ...PLAN, system: { proactiveness: 40, pcp: false } };
  const now = { ...PLAN, machine: { ...PLAN.machine, compactionProactiveness: 40 }, system: { pcp: false } };
  assert.equal(planHash(parsePlan(old)), planHash(parsePlan(now)));
  assert.throws(
    () => parsePlan({ ...old, machine: { ...PLAN.machine, compactionProactiveness: 40 } }),
    /system\.proactiveness: means the same as machine\.compactionProactiveness: give only one of them/,
  );
  for (const name of ["proactiveness", "system.proactiveness", "compactionProactiveness"])
    assert.equal(
      expandSweep(parseSweep({ plan: PLAN, over: { [name]: [7] } })).at(0).machine.compactionProactiveness,
      7,
      name,
    );
  const running = pc.running({ proactiveness: 3 } as object);
  assert.equal(running.plan.machine.compactionProactiveness, 3);
  assert.equal(running.system.memory.compactionProactiveness, 3);
});

test("nr_hugepages in every notation; overcommit lets the pool take surplus pages", () => {
  const read = (nrHugepages: unknown) =>
    parsePlan({ ...PLAN, machine: { ...PLAN.machine, nrHugepages } }).machine.nrHugepages;
  assert.deepEqual(read(12), [{ count: 12 }]);
  assert.deepEqual(read("12"), [{ count: 12 }]);
  assert.deepEqual(read("2MiB:12"), [{ bytes: 2 ** 21, count: 12 }]);
  const two = machine("server-x86-64").memory("16GiB").nodes(2);
  const written = two.sysctl({ nrHugepages: "1GiB:0:1,1:5", overcommitHugepages: 3 }).running().system;
  assert.deepEqual(written.hugetlb.written, [
    { bytes: 2 ** 30, node: 0, wanted: 1, got: 1 },
    { bytes: 2 ** 30, node: 1, wanted: 5, got: 5 },
  ]);
  const small = written.hugetlb.pools.get(2 ** 21)!;
  assert.deepEqual(
    [1, 2, 3, 4].map(() => small.alloc() >= 0),
    [true, true, true, false],
  );
  for (const bad of ["0:4,28", "x", "3MiB:2", "1:2", "2:", "", "1:2:3:4"])
    assert.throws(() => machine("pc-x86-64").fields({ nrHugepages: bad }), InputError, bad);
  assert.throws(
    () => pc.sysctl({ overcommitHugepages: "1GiB:2" }).boot(),
    /overcommitHugepages: the kernel takes no surplus pages larger than 4 MiB/,
  );
});

/** Page blocks in which slab lies. */
function slabBlocks(m: RunningMachine): number {
  const { memory } = m.system;
  const blocks = new Set<number>();
  for (let pfn = 0; pfn < memory.endPfn; pfn++)
    if (memory.state[pfn]! >= ALLOCATED && ownerKind(memory, pfn) === "slab")
      blocks.add(Math.floor(pfn / memory.pageblockPages));
  return blocks.size;
}

test("defrag_mode: kswapd and kcompactd make whole page blocks, and slab lies in no more of them than it fills", () => {
  const spread = (defragMode: boolean) => {
    const m = pc.kernel("7.3").sysctl({ defragMode }).running();
    m.fill("anon", { share: 0.9 }).free(0.5).fill("fileClean", { share: 0.97 });
    const before = slabBlocks(m);
    m.fill("slab", "512MiB");
    return slabBlocks(m) - before;
  };
  assert.equal(spread(true), 256);
  assert.ok(spread(false) > 256);
});

test("an endless workload keeps what a sysctl set", () => {
  const m = pc.sysctl({ minFreeKbytes: 262144 }).running();
  m.apply(workload.kernelBuild({ duration: "2s" }));
  assert.equal(m.system.memory.zones.at(-1)!.wmark[0], m.system.booted.zones.at(-1)!.watermarks.min);
});

test("a written vm.min_free_kbytes is that of low memory alone: high memory keeps its own small mark", () => {
  // raspberrypi/linux #5297: DMA min:65536kB low:81920kB high:98304kB with 65536 written. High memory gets a thousandth of its
  // managed pages, at most 128 (__setup_per_zone_wmarks() for is_highmem()).
  const [dma, high] = machine("raspberry-pi-4-32bit", { memory: "8GiB", kernel: "6.1" })
    .sysctl({ minFreeKbytes: 65536 })
    .boot().zones;
  assert.deepEqual(dma!.watermarks, { min: 16384, low: 20480, high: 24576 });
  assert.equal(high!.watermarks.min, 128);
});
