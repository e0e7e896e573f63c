/**
 * Law: pages that alloc_contig_range() moves many at a time leave the very machine that pages moved one by one leave. Two machines
 * beside one another, one of which goes page by page (`bulk: false`), are filled to different degrees with pages of all
 * kinds, some of them held or large; ranges of them are emptied and given back, in CMA areas and outside. Some requests
 * are observed, or find owners that refuse a page midway: those go page by page on both.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { KERNEL_RELEASES } from "../../lib/hardware/kernel-release";
import type { BootRequest } from "../../lib/machine/boot-request";
import { parseCma } from "../../lib/machine/cma-request";
import { System } from "../../lib/machine/system";
import type { SystemOptions } from "../../lib/machine/system-options";
import { allocContigRange, type ContigContext, run } from "../../lib/mm/contiguous/contig-range";
import { ContigStopwatch } from "../../lib/mm/contiguous/contig-timeline";
import type { ContigObserver, MigrationWorld } from "../../lib/mm/contiguous/migrate";
import { EAGAIN } from "../../lib/mm/contiguous/page-isolation";
import { validate } from "../../lib/mm/reports/validate";
import { MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import type { PageHold } from "../../lib/mm/state/owners";
import { differences } from "./same-machine";

const MiB = 2 ** 20;
const KINDS = ["anon", "fileClean", "fileDirty", "shmem"] as const;
const HOLDS: readonly PageHold["kind"][] = [
  "get",
  "longterm",
  "writeback",
  "mlock",
  "buffers",
  "noMigrate",
  "lruBatch",
];

/** What happened in the requests of one machine. */
const noSums = () => ({
  many: 0,
  asked: 0,
  had: 0,
  busy: 0,
  noMemory: 0,
  migrated: 0,
  failed: 0,
  dropped: 0,
});
type Sums = ReturnType<typeof noSums>;

/** Counts in `sums.many` the pages that a machine moves in more than ones. */
function countMany(system: System, sums: Sums): void {
  const { world } = system;
  const many = world.many!;
  world.many = {
    of: world,
    move(pages, at) {
      const n = many.move(pages, at);
      if (n > 1) sums.many += n;
      return n;
    },
  };
}

class Mover {
  private readonly r: Random;
  private readonly runs: { base: number; n: number }[] = [];
  private readonly taken: { pfn: number; n: number; cma: boolean }[] = [];
  readonly sums = noSums();

  constructor(
    readonly system: System,
    seed: number,
    private readonly fullness: number,
  ) {
    this.r = new Random(seed);
    if (system.world.many !== undefined) countMany(system, this.sums);
  }

  /** Takes memory, mostly single pages, until the machine is as full as it is to be. */
  private fill(): void {
    const { system: s, r } = this;
    const least = s.managedPages * (1 - this.fullness);
    for (let i = 0; i < 40 && s.freePages > least; i++) {
      if (r.chance(0.1)) {
        if (r.chance(0.5)) s.allocHuge();
        else s.alloc(r.pick(KINDS), r.below(4));
        continue;
      }
      const n = 1 + r.below(3000);
      const base = s.reserveSlots(n);
      const got = s.allocRun(r.pick(KINDS), base, n);
      s.returnSlots(base + got, n - got);
      if (got > 0) this.runs.push({ base, n: got });
    }
  }

  private disturb(): void {
    const { system: s, r, runs } = this;
    if (runs.length === 0) return;
    const i = r.below(runs.length);
    const { base, n } = runs[i]!;
    const x = r.below(4);
    if (x === 0) {
      s.freeRun(base, n);
      runs.splice(i, 1);
    } else if (x === 1) s.touchRun(base, n);
    else {
      const slot = base + r.below(n);
      if (!s.present(slot)) return;
      const kind = r.pick(HOLDS);
      if (!s.unhold(slot, kind, "law")) s.hold(slot, kind, "law");
    }
  }

  private release(): void {
    const { system: s, r, taken } = this;
    if (taken.length === 0) return;
    const [{ pfn, n, cma }] = taken.splice(r.below(taken.length), 1) as [Mover["taken"][0]];
    if (cma) s.contig.cmaRelease(pfn, n);
    else s.contig.freeContigRange(pfn, n);
  }

  private request(): void {
    const { system: s, r, sums, taken } = this;
    const pages = s.memory.pageblockPages;
    const cma = s.contig.areas.length > 0 && r.chance(0.4);
    const n = 1 + r.below(pages * 3);
    const watched = r.chance(0.2) ? { stopwatch: new ContigStopwatch(s.memory) } : {};
    sums.asked++;
    const options = { world: s.world, ...watched };
    if (r.chance(0.15)) return this.refused(n);
    const got = cma
      ? s.contig.cmaAlloc(Math.min(n, 2 * pages), 0, 0, options)
      : s.contig.allocContigPages(n, undefined, options);
    sums.migrated += got.migrated;
    sums.failed += got.failedAttempts;
    sums.dropped += got.dropped;
    sums.busy += got.busyRanges.length;
    sums.noMemory += got.busyRanges.filter((range) => range.step === "migrate").length;
    if (!got.ok) return;
    sums.had++;
    taken.push({ pfn: got.pfn, n, cma });
    if (cma) taken.at(-1)!.n = got.count;
  }

  /** A request whose owners refuse some pages midway: the first time, or for good. */
  private refused(n: number): void {
    const { system: s, r, taken } = this;
    const zone = r.pick(s.memory.zones);
    const start = zone.startPfn + r.below(Math.max(1, zone.endPfn - zone.startPfn - n));
    if (start + n > zone.endPfn) return;
    const before = this.sums.many;
    const world: MigrationWorld = {
      ...s.world,
      unmap: () => (r.chance(0.03) ? (r.chance(0.5) ? EAGAIN : -16) : 1),
    };
    if (request(s, world, {}, start, n) === 0) taken.push({ pfn: start, n, cma: false });
    assert.equal(this.sums.many, before, "owners that may refuse a page are asked page by page");
  }

  step(): void {
    const x = this.r.below(10);
    if (x < 2) this.fill();
    else if (x < 5) this.disturb();
    else if (x < 9) this.request();
    else this.release();
  }
}

/** alloc_contig_range() itself; its errno. */
function request(s: System, world: MigrationWorld, seen: ContigObserver, start: number, n: number): number {
  const cx: ContigContext = {
    m: s.memory,
    world,
    seen,
    kind: "driver",
    stats: { migrated: 0, failedAttempts: 0, dropped: 0 },
  };
  return run(allocContigRange(cx, s.memory.zoneOf(start)!, start, start + n, MIGRATE_MOVABLE));
}

function sideBySide(machine: BootRequest, options: SystemOptions, seed: number, fullness: number): Sums {
  const bulk = new Mover(System.boot(machine, options), seed, fullness);
  const single = new Mover(System.boot(machine, { ...options, bulk: false }), seed, fullness);
  for (let step = 1; step <= 160; step++) {
    bulk.step();
    single.step();
    if (step % 20 === 0)
      assert.deepEqual(differences(bulk.system, single.system), [], `seed ${seed}, step ${step}`);
  }
  assert.equal(single.sums.many, 0);
  assert.deepEqual({ ...bulk.sums, many: 0 }, single.sums);
  validate(bulk.system.memory, "everything", { ownersKnown: true });
  return bulk.sums;
}

const CASES: readonly [options: SystemOptions, fullness: number][] = [
  [{}, 0.6],
  [{ swapBytes: 64 * MiB }, 0.95],
  [{ reclaim: false }, 0.9],
  [{ reclaim: false, compaction: false }, 1],
  [{ kswapdLag: 300, swapBytes: 16 * MiB }, 0.97],
  [{ migration: false }, 0.8],
];

for (const [i, kernel] of KERNEL_RELEASES.entries())
  test(`${kernel}: pages moved many at a time leave what pages moved one by one leave`, () => {
    const sum = noSums();
    CASES.forEach(([options, fullness], k) => {
      const machine: BootRequest =
        k % 2 === 0
          ? { board: "qemu-virt", kernel, memoryBytes: 128 * MiB, cma: parseCma("32M") }
          : { board: "pc-x86-64", kernel, memoryBytes: 256 * MiB };
      const sums = sideBySide(machine, options, 8000 + 10 * i + k, fullness);
      for (const name of Object.keys(sum) as (keyof Sums)[]) sum[name] += sums[name];
    });
    // Everything that moving many pages must give way to did happen. 4.17 moves pages for CMA only.
    assert.ok(sum.many > 2500 && sum.many < sum.migrated, JSON.stringify(sum));
    assert.ok(sum.had > 50 && sum.busy > 50 && sum.failed > 50 && sum.dropped > 50, JSON.stringify(sum));
    assert.ok(sum.noMemory > 0, JSON.stringify(sum));
  });

test("ZONE_MOVABLE and 16 KiB pages: pages moved many at a time leave what pages moved one by one leave", () => {
  for (const kernel of ["6.1", "6.12", "6.19"]) {
    const movable: BootRequest = {
      board: "pc-x86-64",
      kernel,
      memoryBytes: 256 * MiB,
      movable: { movablecore: { bytes: 128 * MiB } },
    };
    assert.ok(sideBySide(movable, { swapBytes: 16 * MiB }, 71, 0.85).many > 0);
  }
  const large: BootRequest = { board: "qemu-virt", kernel: "6.1", pageSize: 16384, memoryBytes: 512 * MiB };
  assert.ok(sideBySide({ ...large, cma: parseCma("64M") }, {}, 72, 0.8).many > 0);
});

test("two nodes: pages of each move many at a time to their own node, and to the other one if it is full", () => {
  const machine: BootRequest = { board: "server-x86-64", memoryBytes: 2 ** 34 };
  const [bulk, single] = [true, false].map((b) => {
    const system = System.boot(machine, { bulk: b, reclaim: false });
    const n = system.managedPages - 60_000;
    const got = system.allocRun("anon", system.reserveSlots(n), n);
    assert.ok(got > n * 0.9);
    const sums = noSums();
    countMany(system, sums);
    for (const zone of system.memory.zones.filter((z) => z.name === "Normal")) {
      const start = zone.startPfn + ((zone.endPfn - zone.startPfn) >> 1);
      const pfn = start - (start % system.memory.pageblockPages);
      for (let k = 0; k < 8; k++) {
        const from = pfn + k * 8192;
        system.contig.allocContigRange(from, from + 8192, MIGRATE_MOVABLE, { world: system.world });
      }
    }
    return { system, sums };
  }) as [{ system: System; sums: Sums }, { system: System; sums: Sums }];
  assert.ok(bulk.sums.many > 10_000 && single.sums.many === 0, JSON.stringify([bulk.sums, single.sums]));
  assert.deepEqual(differences(bulk.system, single.system), []);
});

test("a request that is observed page by page, or on a machine with trace points, moves page by page", () => {
  const system = System.boot({ board: "qemu-virt", memoryBytes: 256 * MiB });
  const n = system.managedPages >> 1;
  system.allocRun("anon", system.reserveSlots(n), n);
  const sums = noSums();
  countMany(system, sums);
  const m = system.memory;
  const pages = m.pageblockPages;
  const blocks: number[] = [];
  for (let p = m.zones[0]!.startPfn; p < m.zones[0]!.endPfn && blocks.length < 7; p += pages) {
    let anon = 0;
    for (let q = p; q < p + pages; q++) if (system.slots.slotAt(q) >= 0) anon++;
    if (anon === pages) blocks.push(p);
  }
  assert.equal(blocks.length, 7);
  const moves = (world: MigrationWorld, seen: ContigObserver = {}): number => {
    sums.many = 0;
    assert.equal(request(system, world, seen, blocks.pop()!, pages), 0);
    return sums.many;
  };
  assert.ok(moves(system.world, { scanned() {}, migrating() {} }) > pages / 2);
  for (const seen of [
    { alloc() {} },
    { free() {} },
    { unmap() {} },
    { move() {} },
  ] satisfies ContigObserver[])
    assert.equal(moves(system.world, seen), 0);
  assert.equal(moves({ ...system.world }), 0);
  m.trace = {};
  assert.equal(moves(system.world), 0);
});
