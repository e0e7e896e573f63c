/** CMA areas in ZONE_MOVABLE (cmaInMovableZone): zones that overlap, as mm/cma.c of 4.17-rc1 made them. */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { Random } from "../../lib/base/random";
import { MiB } from "../../lib/base/units";
import { System } from "../../lib/machine/system";
import { zonesWithAreas } from "../../lib/machine/zone-of-areas";
import { compactMemory } from "../../lib/mm/compaction/compaction";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { validate } from "../../lib/mm/reports/validate";

const areas = (kernel: string) =>
  machine("qemu-virt")
    .memory("1GiB")
    .kernel(kernel)
    .cma("64MiB")
    .cmaArea("camera", "32MiB", { base: 0x50000000, limit: 0x52000000 })
    .with({ cmaInMovableZone: true });

test("an area's frames leave their zone: the span stays, present pages move, the zone of areas spans them all", () => {
  const dma = { name: "DMA", nid: 0, startPfn: 0, spanned: 4096, present: 4096 };
  const normal = { name: "Normal", nid: 0, startPfn: 4096, spanned: 28672, present: 20000 };
  const zones = zonesWithAreas(
    [dma, normal],
    [
      { startPfn: 8192, pages: 1024 },
      { startPfn: 3072, pages: 2048 },
    ],
  );
  assert.deepEqual(zones, [
    { ...dma, present: 3072 },
    { ...normal, present: 20000 - 1024 - 1024 },
    {
      ...{ name: "Movable", nid: 0, startPfn: 3072, spanned: 9216 - 3072, present: 3072 },
      pieces: [
        { startPfn: 3072, pages: 2048 },
        { startPfn: 8192, pages: 1024 },
      ],
    },
  ]);
  // If there is already a ZONE_MOVABLE, it spans the node ("it is now maximum node span").
  const movable = { name: "Movable", nid: 0, startPfn: 32768, spanned: 1000, present: 1000 };
  const both = zonesWithAreas([dma, normal, movable], [{ startPfn: 8192, pages: 1024 }]).at(-1)!;
  assert.deepEqual([both.startPfn, both.spanned, both.present], [0, 33768, 2024]);
  assert.deepEqual(both.pieces, [
    { startPfn: 8192, pages: 1024 },
    { startPfn: 32768, pages: 1000 },
  ]);
  assert.deepEqual(zonesWithAreas([dma, normal], []), [dma, normal]);
});

test("in every release: each page is in one of two overlapping zones, and every law holds", () => {
  for (const kernel of ["4.17", "6.1", "6.12", "6.19", "7.3"]) {
    const on = areas(kernel).boot();
    const off = areas(kernel).with({ cmaInMovableZone: false }).boot();
    const managed = (b: typeof on) => b.zones.reduce((n, z) => n + z.managedAtBoot, 0);
    assert.equal(managed(on), managed(off), kernel);
    assert.deepEqual(
      on.zones.map((z) => [z.name, z.name === "Movable" ? z.present : z.spanned]),
      [...off.zones.map((z) => [z.name, z.spanned]), ["Movable", (96 * MiB) / 4096]],
    );
    const k = on.start();
    k.validate();
    const m = k.memory;
    assert.equal(m.zones.at(-1)!.managed, (96 * MiB) / 4096);
    assert.equal(m.zoneOf(0x50000000 / 4096)?.name, "Movable");
    assert.equal(m.zoneOf(0x52000000 / 4096)?.name, m.zones[0]!.name);
    assert.equal(m.zoneOf(0x50000000 / 4096 - 1)?.name, m.zones[0]!.name);
    const user = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
    assert.ok(user.ok && user.zone === "Movable");
    // GFP_MOVABLE without GFP_HIGHMEM no longer gets CMA pages, which the mail of the series calls its only side
    // effect.
    const device = k.allocPages({ gfp: "GFP_KERNEL|__GFP_MOVABLE" });
    assert.ok(device.ok && device.zone !== "Movable");
    assert.equal(k.zone("Movable").buddyinfo().includes("Movable"), true);
  }
});

test("load, compaction, contiguous requests and pins over overlapping zones break no law", () => {
  for (const kernel of ["4.17", "6.1", "6.19"]) {
    const s = System.boot({ ...areas(kernel).toJSON(), memoryBytes: 2 ** 29 }, { swapBytes: 2 ** 26 });
    const r = new Random(7).fork(kernel);
    const held: number[] = [];
    const movable = s.memory.zones.at(-1)!;
    for (let i = 0; i < 100_000; i++) {
      const slot = s.alloc(r.pick(["anon", "fileClean", "fileDirty"] as const), r.below(20) === 0 ? 3 : 0);
      if (slot >= 0) held.push(slot);
      if (i % 40 === 0) s.allocFixed("slab");
      if (held.length > 90_000 || slot < 0) {
        const at = r.below(held.length);
        s.free(held[at]!);
        held[at] = held.at(-1)!;
        held.pop();
      }
      if (i % 25_000 === 24_999) {
        compactMemory(s.memory);
        validate(s.memory, "everything", { ownersKnown: true });
        const area = s.contig.areas[i % 2]!;
        const got = s.contig.cmaAlloc(2048, 0, i % 2, { world: s.world });
        assert.ok(got.ok, `${kernel}: ${got.ok ? "" : got.reason}`);
        assert.ok(area.holds(got.pfn, 2048) && s.memory.zoneOf(got.pfn) === movable);
        assert.deepEqual(s.contig.validate(), []);
        s.contig.cmaRelease(got.pfn, 2048);
      }
    }
    assert.ok(s.memory.counters.pgmigrate_success > 0);
    validate(s.memory, "everything", { ownersKnown: true });
    assert.deepEqual(s.contig.validate(), []);
  }
});

test("contiguous ranges are in one zone: none crosses an area's edge", () => {
  const k = areas("6.1").start();
  const contig = new Contiguous(k.memory);
  assert.equal(contig.areas.length, 2);
  const edge = 0x50000000 / 4096;
  assert.throws(() => contig.allocContigRange(edge - 512, edge + 512), /must be in one zone/);
  assert.ok(contig.allocContigRange(edge - 512, edge).ok);
  // 32,768 pages: larger than the 8192 of the camera, so each searched range near it has frames of two zones.
  const got = contig.allocContigPages(32768);
  assert.ok(got.ok);
  assert.ok(got.pfn >= edge + 8192 || got.pfn + 32768 <= edge);
  assert.equal(k.memory.zoneOf(got.pfn), k.memory.zoneOf(got.pfn + 32767));
});
