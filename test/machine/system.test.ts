/** A running machine: pages keep their slots when they move or are reclaimed, and every law holds. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { parseCma } from "../../lib/machine/cma-request";
import { parseCore } from "../../lib/machine/movable-request";
import { System } from "../../lib/machine/system";
import type { SystemOptions } from "../../lib/machine/system-options";
import { compactMemory } from "../../lib/mm/compaction/compaction";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_KERNEL, ZONE_MOVABLE } from "../../lib/mm/state/gfp";
import { MIGRATE_CMA } from "../../lib/mm/state/migratetype";
import { ownerKind } from "../../lib/mm/state/owners";

const pi = (options?: SystemOptions) =>
  System.boot({ board: "raspberry-pi-4", memoryBytes: 2 ** 30, cma: parseCma("64M") }, options);

test("pages follow their slots through compaction, reclaim and contiguous requests", () => {
  const s = pi({ swapBytes: 2 ** 28 });
  const r = new Random(5);
  const held: number[] = [];
  for (let i = 0; i < 500_000; i++) {
    const kind = r.pick(["anon", "fileClean", "fileDirty"] as const);
    const slot = s.alloc(kind);
    if (slot >= 0) held.push(slot);
    if (held.length > 300_000 || (slot < 0 && held.length > 0)) {
      const at = r.below(held.length);
      s.free(held[at]!);
      held[at] = held[held.length - 1]!;
      held.pop();
    }
    if (i % 100_000 === 99_999) {
      compactMemory(s.memory);
      const got = s.contig.cmaAlloc(4096, 0, 0, { world: s.world });
      if (got.ok) s.contig.cmaRelease(got.pfn, 4096);
    }
  }
  assert.ok(s.counters.dropped > 0 && s.counters.swapped > 0, "there was pressure");
  assert.ok(s.memory.counters.pgmigrate_success > 0, "pages moved");
  const frames = new Set<number>();
  for (const slot of held) {
    if (!s.present(slot)) continue;
    const pfn = s.slots.pfn[slot]!;
    assert.ok(!frames.has(pfn), "no two slots share a frame");
    frames.add(pfn);
    assert.equal(s.slots.slotAt(pfn), slot);
    assert.notEqual(ownerKind(s.memory, pfn), "unknown");
    assert.equal(s.memory.freePlaceOf(pfn), undefined);
  }
  validate(s.memory, "everything", { ownersKnown: true });
  for (const slot of held) s.free(slot);
  validate(s.memory, "everything", { ownersKnown: true });
  assert.equal(
    s.lru.count.reduce((a, b) => a + b, 0),
    0,
  );
});

test("a mechanism that is off does nothing", () => {
  const load = (options: SystemOptions) => {
    const s = pi(options);
    for (let i = 0; i < 260_000; i++) s.alloc("fileClean");
    return s;
  };
  assert.ok(load({}).counters.dropped > 0);
  const noReclaim = load({ reclaim: false });
  assert.equal(noReclaim.counters.dropped, 0);
  assert.ok(noReclaim.counters.failures > 0);
  const noMigration = load({ migration: false, reclaim: false });
  compactMemory(noMigration.memory);
  assert.equal(noMigration.memory.counters.pgmigrate_success, 0);
});

test("a huge page that is split keeps its slot, and its parts get their own", () => {
  const s = pi();
  const slot = s.allocHuge();
  assert.ok(slot >= 0);
  const pfn = s.slots.pfn[slot]!;
  s.world.split?.(pfn, 9);
  s.memory.splitAllocated(pfn, 0);
  const parts = s.slots.partsOf(slot);
  assert.equal(parts.length, 512);
  for (let i = 0; i < 512; i++) assert.equal(s.slots.pfn[parts[i]!], pfn + i);
  assert.ok(s.present(slot));
  s.free(slot);
  assert.equal(s.counters.frees, 512, "freeing the whole frees every part");
  validate(s.memory, "everything", { ownersKnown: true });
});

test("a long-term pin leaves CMA areas and ZONE_MOVABLE as the release requires", () => {
  const pinned = (kernel: string, machine: object, switches = {}) => {
    const s = System.boot({ board: "qemu-virt", memoryBytes: 2 ** 29, kernel, switches, ...machine });
    let slot = -1;
    const special = (pfn: number) =>
      s.memory.blockType(pfn) === MIGRATE_CMA || s.memory.zoneOf(pfn)!.idx === ZONE_MOVABLE;
    while (slot < 0 || !special(s.slots.pfn[slot]!)) slot = s.alloc("anon");
    for (let i = 0; i < 64; i++) s.free(s.alloc("anon", 0, GFP_KERNEL));
    assert.ok(s.pin(slot, "test"));
    return special(s.slots.pfn[slot]!) ? "stays" : "leaves";
  };
  const area = { cma: parseCma("64M") };
  const zone = { cma: parseCma("off"), movable: { movablecore: parseCore("64M", "movablecore") } };
  assert.equal(pinned("6.1", area), "leaves");
  assert.equal(pinned("6.1", area, { longtermPin: "stays" }), "stays");
  assert.equal(pinned("6.1", zone), "leaves");
  assert.equal(pinned("6.1", zone, { longtermPin: "leavesCma" }), "stays");
  assert.equal(pinned("4.17", zone), "stays");
});
