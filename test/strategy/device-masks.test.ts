/**
 * Masks of 30, 31 and 32 bits against the zones of three machines, strategy by strategy. What is expected follows from kernel/dma/direct.c (6.1) and from
 * where each machine's memory lies, in the words beside it; 2 MiB are asked for, which every strategy can give.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, MiB } from "../../lib/base/units";
import type { BootRequest } from "../../lib/machine/boot-request";
import { System } from "../../lib/machine/system";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { __GFP_DMA, __GFP_DMA32, __GFP_NOWARN, GFP_KERNEL } from "../../lib/mm/state/gfp";
import { deviceGfps, takeForDevice } from "../../lib/strategy/device-zones";
import type { StrategySpec } from "../../lib/strategy/strategy";
import { asking, start } from "../support/strategies";

/** Low memory in ZONE_DMA (to 16 MiB) and ZONE_DMA32 (to 3 GiB), the rest in ZONE_NORMAL from 4 GiB on. */
const PC: BootRequest = { board: "pc-x86-64", memoryBytes: 4 * GiB };
/** ZONE_DMA is the first GiB, which every device of the board reaches; ZONE_DMA32 to 0xfc000000; 4 GiB of ZONE_NORMAL. */
const PI: BootRequest = { board: "raspberry-pi-4", memoryBytes: 8 * GiB };
/** RAM starts at 1 GiB: ZONE_DMA from 1 to 4 GiB, no ZONE_DMA32, ZONE_NORMAL to 5 GiB. */
const VIRT: BootRequest = { board: "qemu-virt", memoryBytes: 4 * GiB };

const BITS = [30, 31, 32] as const;
type Expected = "DMA" | "DMA32" | "Normal" | "not below" | "mask refused";

/** A driver asks with its device's mask: the zone the mask falls into, checked, then the next lower one. */
const BY_ZONE = ["buddy", "reservation", "alloc-contig-pages", "carve-out", "boot-reserve"];
/** User memory, chosen without a look at the device: from the highest zone with room, which is above 4 GiB on all three. */
const ANYWHERE = ["hugetlb-runtime", "map-contig", "find-alloc-contig", "hugetlb-cma", "adjacent-thp"];

const TABLE: { base: BootRequest; specs: StrategySpec[]; expected: Expected[]; because: string }[] = [
  {
    base: PC,
    specs: BY_ZONE.map((name) => ({ name })),
    expected: ["DMA32", "DMA32", "DMA32"],
    because: "all three are above the 24 bits of ZONE_DMA; ZONE_DMA32 has free memory below 1 GiB",
  },
  {
    base: PI,
    specs: BY_ZONE.map((name) => ({ name })),
    expected: ["DMA", "DMA32", "DMA32"],
    because: "30 bits are ZONE_DMA; 31 bits fall into ZONE_DMA32, whose first half lies below 2 GiB",
  },
  {
    base: VIRT,
    specs: BY_ZONE.map((name) => ({ name })),
    expected: ["mask refused", "mask refused", "DMA"],
    because: "ZONE_DMA ends at 4 GiB and dma_set_mask() refuses what does not reach that",
  },
  ...[PC, PI].map((base) => ({
    base,
    specs: ANYWHERE.map((name) => ({ name })),
    expected: ["not below", "not below", "not below"] as Expected[],
    because: "the memory of a process comes from ZONE_NORMAL first, above 4 GiB",
  })),
  {
    base: VIRT,
    specs: ANYWHERE.map((name) => ({ name })),
    expected: ["mask refused", "mask refused", "not below"],
    because: "the device is refused its mask before anybody asks for memory; with 32 bits as elsewhere",
  },
  {
    base: PC,
    specs: [{ name: "cma" }],
    expected: ["not below", "not below", "not below"],
    because: "on x86-64 the limit of the area is the end of memory: it lies from 4 GiB on",
  },
  {
    base: PI,
    specs: [{ name: "cma" }],
    expected: ["DMA", "DMA", "DMA"],
    because: "on arm64 the area ends at arm64_dma_phys_limit, the end of ZONE_DMA",
  },
  {
    base: VIRT,
    specs: [{ name: "cma" }],
    expected: ["mask refused", "mask refused", "DMA"],
    because: "the same, with a ZONE_DMA of 32 bits",
  },
  ...[PC, PI, VIRT].map((base) => ({
    base,
    specs: [{ name: "iommu" }, { name: "iommu", mode: "odp" }],
    expected: ["Normal", "Normal", "Normal"] as Expected[],
    because: "the device sees bus addresses, whatever zone the memory is of",
  })),
];

/** Pages of 2 MiB, so that the pools of all three boards can serve it; hugetlb_cma= is of gigantic pages. */
const small = (spec: StrategySpec): StrategySpec =>
  spec.name === "hugetlb-runtime" ? { ...spec, pageBytes: "2M" } : spec;

for (const { base, specs, expected, because } of TABLE)
  for (const spec of specs)
    test(`${base.board}, ${spec.name}${spec.mode === undefined ? "" : ` (${spec.mode})`}: ${expected.join(", ")} because ${because}`, () => {
      BITS.forEach((dmaBits, i) => {
        const request = asking(2 * MiB, { dmaBits, who: "user" });
        const { system, prepared } = start(base, small(spec), request);
        const { ok: granted, errno, pieces, reason } = prepared.request();
        const what = `${dmaBits} bits: ${reason ?? "granted"}`;
        if (expected[i] === "mask refused") {
          assert.equal(errno, -5, what);
          assert.match(reason!, /no zone promises memory below the mask, dma_set_mask\(\) returns −5/);
        } else if (expected[i] === "not below") {
          assert.equal(errno, -5, what);
          assert.match(
            reason!,
            new RegExp(`the device reaches [124] GiB \\(${dmaBits} bits\\): without an IOMMU`),
          );
        } else {
          assert.equal(granted, true, what);
          const { pfn, pages } = pieces[0]!;
          assert.equal(system.memory.zoneOf(pfn)!.name, expected[i], what);
          if (spec.name !== "iommu") assert.ok((pfn + pages) * system.pageSize <= 2 ** dmaBits, what);
        }
      });
    });

test("the zone that the mask falls into is tried first, what lies above the mask goes back, and the next lower zone is tried", () => {
  const system = System.boot(PC);
  const DMA32 = GFP_KERNEL | __GFP_DMA32;
  const DMA = GFP_KERNEL | __GFP_DMA;
  assert.deepEqual(deviceGfps(system, 64), [GFP_KERNEL]);
  assert.deepEqual(deviceGfps(system, 32), [DMA32, DMA]);
  assert.deepEqual(deviceGfps(system, 24), [DMA]);
  assert.deepEqual(deviceGfps(system, 23), []);
  const tried: number[] = [];
  const back: number[] = [];
  const { got, above } = takeForDevice(
    system,
    30,
    (gfp) => {
      tried.push(gfp);
      return { pfn: gfp === DMA32 ? GiB / 4096 - 1 : 256, pages: 2 };
    },
    ({ pfn }) => back.push(pfn),
  );
  assert.deepEqual(tried, [DMA32, DMA]);
  assert.deepEqual(back, [GiB / 4096 - 1]);
  assert.deepEqual(got, { pfn: 256, pages: 2 });
  assert.equal(above.length, 1);
});

test("where the zone gives only what lies above the mask and the lower zone is full, the reason names both", () => {
  const { system, prepared } = start(PC, { name: "buddy" }, asking(2 * MiB, { dmaBits: 30 }));
  const { memory: m } = system;
  // The kernel takes everything of 2 MiB and more below 1 GiB, in both zones.
  const take = (zone: number, order: number) => allocPages(m, GFP_KERNEL | __GFP_NOWARN | zone, order);
  for (const order of [10, 9]) {
    let pfn = take(__GFP_DMA32, order);
    while (pfn >= 0 && pfn < GiB / 4096) pfn = take(__GFP_DMA32, order);
    freePages(m, pfn, order);
    while (take(__GFP_DMA, order) >= 0);
  }
  const { errno, reason } = prepared.request();
  assert.equal(errno, -12);
  assert.match(
    reason!,
    /what a zone gave ends at [\d.]+ GiB, beyond the 30 address bits \(1 GiB\) of the device, and went back; /,
  );
});
