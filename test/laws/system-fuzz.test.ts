/**
 * A running machine under random operations with faults: pages are pinned while a contiguous request is under way,
 * migration attempts fail, and others allocate and free between its steps. After every stretch all laws hold, every
 * page is where its slot says, and every LRU list matches its count.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { KERNEL_RELEASES, type KernelRelease } from "../../lib/hardware/kernel-release";
import { parseCma } from "../../lib/machine/cma-request";
import { SLOT_FREE } from "../../lib/machine/page-slots";
import { System } from "../../lib/machine/system";
import type { SystemOptions } from "../../lib/machine/system-options";
import { compactMemory } from "../../lib/mm/compaction/compaction";
import { cmaAlloc } from "../../lib/mm/contiguous/cma-area";
import { allocContigRange, type ContigContext } from "../../lib/mm/contiguous/contig-range";
import { EAGAIN } from "../../lib/mm/contiguous/page-isolation";
import { validate } from "../../lib/mm/reports/validate";
import { validateCma } from "../../lib/mm/reports/validate-cma";
import { GFP_ATOMIC, GFP_KERNEL } from "../../lib/mm/state/gfp";
import { MIGRATE_CMA, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { orderInUse, type PageHold, setOwnerKind } from "../../lib/mm/state/owners";

const MiB = 2 ** 20;
const HOLDS: readonly PageHold["kind"][] = [
  "get",
  "longterm",
  "writeback",
  "locked",
  "buffers",
  "noMigrate",
  "mlock",
];

class Fuzz {
  readonly system: System;
  private readonly r: Random;
  private readonly slots: number[] = [];
  private readonly fixed: { pfn: number; order: number }[] = [];
  private readonly buffers: { pfn: number; count: number }[] = [];
  private readonly held: { slot: number; kind: PageHold["kind"] }[] = [];
  private readonly huge: number[] = [];
  /** Injected failures, and requests that were under way meanwhile. */
  refusals = 0;
  granted = 0;
  failed = 0;

  constructor(release: KernelRelease, seed: number, options: SystemOptions, pageSize: number) {
    this.r = new Random(seed);
    this.system = System.boot(
      {
        board: "qemu-virt",
        kernel: release,
        pageSize,
        memoryBytes: (pageSize === 65536 ? 4096 : 512) * MiB,
        cma: parseCma(pageSize === 65536 ? "512M" : "32M"),
      },
      options,
    );
  }

  private allocate(): void {
    const { system: s, r } = this;
    const what = r.below(10);
    if (what < 5) {
      const order = r.chance(0.3) ? r.below(6) : 0;
      this.keep(s.alloc(r.pick(["anon", "fileClean", "fileDirty", "shmem"] as const), order));
    } else if (what === 5) this.keep(s.allocHuge());
    else {
      const order = r.below(4);
      const gfp = r.chance(0.2) ? GFP_ATOMIC : r.chance(0.5) ? GFP_KERNEL | 0x10 : GFP_KERNEL;
      const pfn = s.allocFixed(
        r.pick(["slab", "pageTable", "networkBuffer", "kernelStack"] as const),
        gfp,
        order,
      );
      if (pfn >= 0) this.fixed.push({ pfn, order });
    }
  }

  private keep(slot: number): void {
    if (slot >= 0) this.slots.push(slot);
  }

  private freeOne(spare?: (pfn: number) => boolean): void {
    const { system: s, r, slots, fixed } = this;
    if (fixed.length > 0 && r.chance(0.3)) {
      const i = r.below(fixed.length);
      s.freeFixed(fixed[i]!.pfn, fixed[i]!.order);
      fixed[i] = fixed[fixed.length - 1]!;
      fixed.pop();
    } else if (slots.length > 0) {
      const i = r.below(slots.length);
      const slot = slots[i]!;
      if (spare?.(s.slots.pfn[slot]!)) return;
      s.free(slots[i]!);
      slots[i] = slots[slots.length - 1]!;
      slots.pop();
    }
  }

  private holdOne(): void {
    const { system: s, r, slots } = this;
    if (slots.length === 0 || this.held.length >= 64) return;
    const slot = r.pick(slots);
    if (!s.present(slot) || s.slots.orderOf(slot) !== 0) return;
    const kind = r.pick(HOLDS);
    s.hold(slot, kind, "the fuzz");
    this.held.push({ slot, kind });
  }

  private unholdOne(): void {
    const { held, r, system: s } = this;
    if (held.length === 0) return;
    const i = r.below(held.length);
    const { slot, kind } = held[i]!;
    if (s.slots.pfn[slot]! >= 0) s.unhold(slot, kind, "the fuzz");
    held[i] = held[held.length - 1]!;
    held.pop();
  }

  /** Runs a request step by step; between steps pages are pinned and others allocate and free outside the range. */
  private contiguous(): void {
    const { system: s, r } = this;
    const m = s.memory;
    let from = 0;
    let to = 0;
    const inRange = (pfn: number) => pfn < 0 || (pfn + m.pageblockPages > from && pfn < to);
    const cx: ContigContext = {
      m,
      world: {
        ...s.world,
        unmap: () => (r.chance(0.05) ? this.refuse(EAGAIN) : 1),
        move: (a, b) => (r.chance(0.05) ? this.refuse(r.chance(0.5) ? EAGAIN : -16) : s.world.move(a, b)),
      },
      seen: {
        rangeBegin: (a, b) => {
          from = a;
          to = b;
        },
      },
      kind: "cmaBuffer",
      stats: { migrated: 0, failedAttempts: 0, dropped: 0 },
    };
    const area = s.contig.areas[0];
    const cma = area !== undefined && r.chance(0.7);
    const count = 1 + r.below(m.pageblockPages * 2);
    let start = 0;
    const steps = cma
      ? cmaAlloc(cx, area, count, m.pageblockOrder - 1)
      : (() => {
          const zone = r.pick(m.zones);
          start = zone.startPfn + r.below(Math.max(1, zone.endPfn - zone.startPfn - count));
          return allocContigRange(cx, zone, start, start + count, MIGRATE_MOVABLE);
        })();
    if (!cma && !this.ordinary(start, count)) return;
    for (;;) {
      const next = steps.next();
      if (next.done) {
        const value = next.value as { pfn: number } | number;
        const pfn = typeof value === "number" ? (value === 0 ? start : -1) : value.pfn;
        if (pfn >= 0) {
          this.granted++;
          this.buffers.push({ pfn, count });
          if (!cma) for (let p = pfn; p < pfn + count; p++) setOwnerKind(m, p, "driver");
        } else this.failed++;
        return;
      }
      if (r.chance(0.02)) this.holdOne();
      if (r.chance(0.02)) this.unholdOne();
      if (r.chance(0.02)) this.freeOne(inRange);
      if (r.chance(0.02)) this.allocate();
    }
  }

  /** Whether alloc_contig_pages() would try the range: no frame is reserved, missing or in CMA. */
  private ordinary(start: number, count: number): boolean {
    const { memory: m } = this.system;
    for (let p = start; p < start + count; p++)
      if (m.blockIsHole(p) || m.blockType(p) === MIGRATE_CMA || (m.state[p] === 0 && m.ownerOf(p) !== 0))
        return false;
    return true;
  }

  private refuse(errno: number): number {
    this.refusals++;
    return errno;
  }

  private giveBuffer(): void {
    const { buffers, system: s, r } = this;
    if (buffers.length === 0) return;
    const i = r.below(buffers.length);
    const { pfn, count } = buffers[i]!;
    if (s.contig.areas.some((a) => a.holds(pfn, count))) s.contig.cmaRelease(pfn, count);
    else s.contig.freeContigRange(pfn, count);
    buffers[i] = buffers[buffers.length - 1]!;
    buffers.pop();
  }

  private pool(): void {
    const { system: s, r, huge } = this;
    const pool = [...s.hugetlb.pools.values()].find((p) => p.order <= s.memory.maxOrder);
    if (pool === undefined) return;
    if (huge.length > 0 && r.chance(0.4)) pool.release(huge.pop()!);
    else if (r.chance(0.5)) pool.setMaxHugePages(r.below(6));
    else {
      const pfn = pool.alloc();
      if (pfn >= 0) huge.push(pfn);
    }
  }

  step(): void {
    const { system: s, r } = this;
    const x = r.below(1000);
    if (x < 540) this.allocate();
    else if (x < 860) this.freeOne();
    else if (x < 900) this.holdOne();
    else if (x < 950) this.unholdOne();
    else if (x < 970) s.advanceTo(s.nowMs + r.below(3000));
    else if (x < 985) {
      if (this.slots.length > 0) {
        const slot = r.pick(this.slots);
        s.touch(slot);
      }
    } else if (x < 990) this.pool();
    else if (x < 994) this.contiguous();
    else if (x < 999) this.giveBuffer();
    else compactMemory(s.memory);
  }

  /** Fast filling, so that pressure comes early. */
  fill(share: number): void {
    const n = this.system.freePages * share;
    for (let i = 0; i < n; i++) this.keep(this.system.alloc(i % 3 === 0 ? "fileClean" : "anon"));
  }

  check(): void {
    const { system: s } = this;
    validate(s.memory, "everything", { ownersKnown: true });
    assert.deepEqual(validateCma(s.memory, s.contig.areas), []);
    let onLists = 0;
    const all = this.slots.flatMap((slot) => [slot, ...s.slots.partsOf(slot)]);
    for (const slot of all) {
      const pfn = s.slots.pfn[slot]!;
      assert.notEqual(pfn, SLOT_FREE, `slot ${slot} is in use`);
      if (pfn < 0) continue;
      assert.equal(s.slots.slotAt(pfn), slot, "a frame knows its slot");
      assert.equal(s.memory.freePlaceOf(pfn), undefined, `frame ${pfn} of slot ${slot} is in use`);
    }
    for (let pfn = 0; pfn < s.memory.endPfn; pfn++)
      if (s.lru.listOf(pfn) !== 0) onLists += 2 ** orderInUse(s.memory, pfn);
    assert.equal(
      s.lru.count.reduce((a, b) => a + b, 0),
      onLists,
      "the lists of the LRU hold what they count",
    );
  }
}

const OPTIONS: readonly SystemOptions[] = [
  { swapBytes: 64 * MiB },
  {},
  { reclaim: false },
  { compaction: false, swapBytes: 64 * MiB },
  { migration: false },
];

for (const [i, release] of KERNEL_RELEASES.entries())
  for (const pageSize of release === "6.1" || release === "6.19" ? [4096, 65536] : [4096])
    test(`${release}, ${pageSize / 1024} KiB: faults in contiguous requests break no law`, () => {
      const seed = 20180425 + i;
      const fuzz = new Fuzz(release, seed, OPTIONS[i % OPTIONS.length]!, pageSize);
      fuzz.fill(0.8);
      for (let step = 0; step < 8_000; step++) {
        fuzz.step();
        if (step % 2000 === 1999)
          try {
            fuzz.check();
          } catch (error) {
            throw new Error(`seed ${seed}, step ${step}: ${(error as Error).message}`, { cause: error });
          }
      }
      assert.ok(
        fuzz.granted > 0 || OPTIONS[i % OPTIONS.length]!.migration === false,
        "some requests were granted",
      );
      assert.ok(fuzz.refusals > 0 || fuzz.failed > 0, "faults were injected");
    });
