/**
 * The accounting problems that CMA in ZONE_MOVABLE was meant to solve, on a small machine: 512 MiB, a quarter of it
 * CMA.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { parseCma } from "../../lib/machine/cma-request";
import { System } from "../../lib/machine/system";
import { cmaAccounting, cmaUse } from "../../lib/metrics";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { KernelSwitches } from "../../lib/mm/state/profile";

const AREA_PAGES = 32768;

function small(switches: Partial<KernelSwitches>): System {
  return System.boot({
    ...{ board: "qemu-virt", memoryBytes: 2 ** 29, kernel: "4.17", cma: parseCma("128MiB") },
    switches,
  });
}

/** A build: clean file pages and anonymous pages, and one kernel page per 16 of them, until kswapd starts. */
function untilReclaim(switches: Partial<KernelSwitches>) {
  const s = small(switches);
  const { counters } = s.memory;
  let pages = 0;
  for (; counters.pageoutrun === 0 && pages < 131072; pages++) {
    if (pages % 17 === 16) s.allocFixed("slab", GFP_KERNEL);
    else s.alloc(pages % 2 ? "anon" : "fileClean");
  }
  assert.ok(counters.pageoutrun > 0, "kswapd ran");
  validate(s.memory, "everything", { ownersKnown: true });
  const use = cmaUse(s.memory, s.contig.areas);
  assert.equal(use.free + use.movable + use.fixed, AREA_PAGES);
  return { s, use, share: use.movable / AREA_PAGES, account: cmaAccounting(s.memory) };
}

test("the part of the area used before reclaim starts: nothing in 4.17, some with the half rule, all as ZONE_MOVABLE", () => {
  const classic = untilReclaim({});
  // CMA is the last resort: kswapd runs while the whole area is free.
  assert.equal(classic.use.free, AREA_PAGES);
  assert.ok(classic.s.memory.counters.pgsteal_kswapd > 0, "and took pages from their owners");
  const half = untilReclaim({ cmaBalance: true });
  const zone = untilReclaim({ cmaInMovableZone: true });
  assert.ok(half.share > 0.5 && half.share < 1, `the half rule uses ${half.share}`);
  assert.ok(zone.share > 0.99, `ZONE_MOVABLE uses ${zone.share}`);
  assert.ok(zone.share > half.share);
});

test("ZONE_MOVABLE fills first: not one frame below it is movable before it reaches its low watermark", () => {
  const s = small({ cmaInMovableZone: true });
  const movable = s.memory.zones.at(-1)!;
  assert.equal(movable.name, "Movable");
  assert.equal(movable.managed, AREA_PAGES);
  // lowmem_reserve: the ratio of DMA32 is 256.
  assert.equal(s.memory.zones[0]!.lowmemReserve[3], AREA_PAGES / 256);
  const pages = AREA_PAGES - 1024;
  for (let i = 0; i < pages; i++) {
    const slot = s.alloc("anon");
    assert.equal(s.memory.zoneOf(s.slots.pfn[slot]!), movable);
  }
  for (let i = 0; i < 100; i++) assert.equal(s.memory.zoneOf(s.allocFixed("slab"))?.name, "DMA32");
});

test("free pages that are useless to the kernel, and who is misled by them", () => {
  const fill = (switches: Partial<KernelSwitches>) => {
    const s = System.boot(
      { board: "qemu-virt", memoryBytes: 2 ** 29, kernel: "4.17", cma: parseCma("128MiB"), switches },
      { reclaim: false, compaction: false },
    );
    // Movable pages until the first one in the area, then kernel pages until a request fails.
    const dma32 = s.memory.zones[0]!;
    for (let i = 0; i < 90_000; i++) s.alloc("anon");
    for (let pfn = 0; pfn >= 0; ) pfn = s.allocFixed("slab");
    return { s, dma32 };
  };
  const fresh = cmaAccounting(small({}).memory).zones[0]!;
  assert.equal(fresh.uselessPages, AREA_PAGES);
  assert.ok(!fresh.starved && fresh.misled.length === 0 && Object.values(fresh.ok).every((ok) => ok));

  const { s, dma32 } = fill({});
  const full = cmaAccounting(s.memory).zones[0]!;
  // By the counter many pages are free, and movable requests may use them.
  assert.ok(full.freePages > 16 * dma32.wmark[2]!, String(full.freePages));
  assert.ok(full.starved && full.ok.movable);
  // A request subtracts depending on its type, kswapd always; compaction does not know and would run without effect.
  assert.deepEqual([full.ok.unmovable, full.ok.kswapd], [false, false]);
  assert.deepEqual(full.misled, ["compaction"]);
  // The atomic failures described in the first mail of the series: the reserve runs out, then no page is left among
  // 30,000 free ones.
  let atomic = 0;
  while (s.allocator.allocPages({ gfp: "GFP_ATOMIC" }).ok) atomic++;
  assert.ok(atomic < dma32.wmark[0]!, `${atomic} atomic pages`);

  const design = fill({ cmaInMovableZone: true });
  const { zones, uselessPages } = cmaAccounting(design.s.memory);
  assert.equal(uselessPages, 0);
  assert.deepEqual(
    zones.map((z) => [z.zone, z.starved, z.misled]),
    [["Movable", false, []]],
  );
  // Zones without CMA have a separate account: pages that look free there are free.
  const { nrFreePages, nrFreeCma, wmark } = design.dma32;
  assert.ok(nrFreeCma === 0 && nrFreePages <= wmark[2]! + 200, String(nrFreePages));
});
