/**
 * Law: operations on many pages at once leave the very machine that page-by-page requests leave. Two machines beside one another, one of
 * which goes page by page (`bulk: false`), do the same at random: faults of ranges, files read, written, cleaned and
 * deleted, processes that end, pages that never move, pins, huge pages, contiguous requests, compaction, time that passes. They are
 * compared to the last place on a list, on every release, with CMA, small memory, swap, page sizes and a kswapd that lags.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { FILE_SYSTEMS } from "../../lib/hardware/file-systems";
import { KERNEL_RELEASES } from "../../lib/hardware/kernel-release";
import type { BootRequest } from "../../lib/machine/boot-request";
import { parseCma } from "../../lib/machine/cma-request";
import { FileFolios } from "../../lib/machine/file-folios";
import { System } from "../../lib/machine/system";
import type { SystemOptions } from "../../lib/machine/system-options";
import { compactMemory } from "../../lib/mm/compaction/compaction";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_ATOMIC, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { PageHold } from "../../lib/mm/state/owners";
import { WorkloadRun } from "../../lib/workload/scheduler";
import { differences } from "./same-machine";

const MiB = 2 ** 20;
const KINDS = ["anon", "fileClean", "fileDirty", "shmem"] as const;
const HOLDS: readonly PageHold["kind"][] = ["get", "longterm", "writeback", "mlock"];

/** Owners of pages, and what they do; equal seeds do the same on every machine. */
class Owners {
  private readonly r: Random;
  /** File systems with large folios. */
  private readonly files: FileFolios[];
  private readonly runs: { base: number; n: number }[] = [];
  private readonly single: number[] = [];
  private readonly fixed: { pfn: number; order: number }[] = [];
  private readonly taken: { pfn: number; n: number }[] = [];
  /** Requests that many pages were not had for. */
  short = 0;

  constructor(
    readonly system: System,
    seed: number,
  ) {
    this.r = new Random(seed);
    const all = FILE_SYSTEMS.map((fs) => new FileFolios(system, fs));
    this.files = all.filter(({ rules }) => rules.reads);
  }

  private many(): number {
    return 1 + Math.min(4000, Math.floor(this.r.exponential(this.r.pick([3, 60, 700]))));
  }

  private take(): void {
    const { system: s, r } = this;
    const n = this.many();
    const kind = r.pick(KINDS);
    const base = s.reserveSlots(n);
    const got = this.takeInto(kind, base, n);
    s.returnSlots(base + got, n - got);
    if (got > 0) this.runs.push({ base, n: got });
  }

  /** Slots used: single pages, or every second time those of a file in folios, where the machine has them. */
  private takeInto(kind: (typeof KINDS)[number], base: number, n: number): number {
    const { system: s, r, files } = this;
    const file = (kind === "fileClean" || kind === "fileDirty") && files.length > 0 && r.chance(0.5);
    if (!file) {
      const got = s.allocRun(kind, base, n);
      if (got < n) this.short++;
      return got;
    }
    const folios = r.pick(files);
    if (folios.bring(kind, base, n) < n) this.short++;
    return folios.slots;
  }

  private give(): void {
    const { system: s, r, runs } = this;
    if (runs.length === 0) return;
    const i = r.below(runs.length);
    const run = runs[i]!;
    const { base, n } = run;
    if (r.chance(0.4)) {
      // A part, from one of its ends, towards it or away from it.
      const part = Math.min(n, this.many());
      const first = r.chance(0.5) ? base : base + n - part;
      const [low, high] = [first, first + part - 1];
      if (r.chance(0.5)) s.vacate(low, high);
      else s.vacate(high, low);
      s.returnSlots(first, part);
      if (first === base) run.base += part;
      run.n -= part;
      if (run.n > 0) return;
    } else s.freeRun(base, n);
    runs[i] = runs[runs.length - 1]!;
    runs.pop();
  }

  private one(): void {
    const { system: s, r, single, fixed } = this;
    if (r.chance(0.5)) {
      const slot = r.chance(0.3) ? s.allocHuge() : s.alloc(r.pick(KINDS), r.below(4));
      if (slot >= 0) single.push(slot);
    } else {
      const order = r.chance(0.6) ? 0 : r.below(5);
      const pfn = s.allocFixed(
        r.pick(["slab", "pageTable"] as const),
        r.chance(0.2) ? GFP_ATOMIC : GFP_KERNEL,
        order,
      );
      if (pfn >= 0) fixed.push({ pfn, order });
    }
    if (r.chance(0.4) && fixed.length > 0) {
      const i = r.below(fixed.length);
      s.freeFixed(fixed[i]!.pfn, fixed[i]!.order);
      fixed.splice(i, 1);
    }
    if (r.chance(0.4) && single.length > 0) s.free(single.splice(r.below(single.length), 1)[0]!);
  }

  private hold(): void {
    const { system: s, r, runs } = this;
    if (runs.length === 0) return;
    const { base, n } = r.pick(runs);
    const slot = base + r.below(n);
    if (!s.present(slot)) return;
    const kind = r.pick(HOLDS);
    if (!s.unhold(slot, kind, "law")) s.hold(slot, kind, "law");
  }

  private use(): void {
    const { system: s, r, runs } = this;
    if (runs.length === 0) return;
    const { base, n } = r.pick(runs);
    if (r.chance(0.2)) s.cleanedRun(base, n);
    else s.touchRun(base, n);
  }

  private rare(): void {
    const { system: s, r, taken } = this;
    const x = r.below(6);
    if (x === 0) compactMemory(s.memory);
    else if (x === 1) s.lru.shrinkFile(r.below(5000));
    else if (x === 2 && taken.length > 0) {
      const { pfn, n } = taken.pop()!;
      s.contig.freeContigRange(pfn, n);
    } else {
      const n = 1 + r.below(s.memory.pageblockPages * 2);
      const got = s.contig.allocContigPages(n, GFP_KERNEL, { world: s.world, owner: "driver" });
      if (got.ok) taken.push({ pfn: got.pfn, n });
    }
  }

  step(): void {
    const { system: s, r } = this;
    const x = r.below(1000);
    if (x < 430) this.take();
    else if (x < 610) this.give();
    else if (x < 800) this.use();
    else if (x < 930) this.one();
    else if (x < 960) this.hold();
    else if (x < 990) s.advanceTo(s.nowMs + r.below(4000));
    else this.rare();
  }
}

function sideBySide(
  machine: BootRequest,
  options: SystemOptions,
  seed: number,
  steps: number,
  every: number,
): Owners {
  const bulk = new Owners(System.boot(machine, options), seed);
  const single = new Owners(System.boot(machine, { ...options, bulk: false }), seed);
  for (let step = 1; step <= steps; step++) {
    bulk.step();
    single.step();
    if (step % every !== 0) continue;
    const found = differences(bulk.system, single.system);
    assert.deepEqual(found, [], `seed ${seed}, step ${step}`);
  }
  validate(bulk.system.memory, "everything", { ownersKnown: true });
  return bulk;
}

const OPTIONS: readonly SystemOptions[] = [
  {},
  { swapBytes: 64 * MiB },
  { kswapdLag: 500, swapBytes: 16 * MiB },
  { reclaim: false },
  { compaction: false, thpDefrag: "always" },
  { migration: false, kswapdLag: 3 },
];

for (const [i, kernel] of KERNEL_RELEASES.entries())
  test(`${kernel}: many pages at once leave what single requests leave`, () => {
    const sum = { asked: 0, short: 0, dropped: 0, refaults: 0, moved: 0, huge: 0 };
    for (let k = 0; k < OPTIONS.length; k++) {
      const machine: BootRequest =
        k % 2 === 0
          ? { board: "qemu-virt", kernel, memoryBytes: 128 * MiB, cma: parseCma("32M") }
          : { board: "pc-x86-64", kernel, memoryBytes: 256 * MiB };
      const { short, system } = sideBySide(machine, OPTIONS[k]!, 20180425 + 10 * i + k, 900, 60);
      const { counters: c, memory: m } = system;
      sum.asked += c.allocations;
      sum.short += short;
      sum.dropped += c.dropped + c.swapped;
      sum.refaults += c.refaults;
      sum.moved += m.counters.pgmigrate_success;
      sum.huge += c.thpAllocated;
    }
    // Everything that a bulk operation must give way to did happen.
    assert.ok(sum.asked > 300_000 && sum.short > 0 && sum.dropped > 10_000, JSON.stringify(sum));
    assert.ok(sum.refaults > 1000 && sum.moved > 1000 && sum.huge > 50, JSON.stringify(sum));
  });

test("16 and 64 KiB pages: many pages at once leave what single requests leave", () => {
  for (const kernel of ["6.1", "6.19"])
    for (const pageSize of [16384, 65536])
      sideBySide(
        { board: "qemu-virt", kernel, pageSize, memoryBytes: 16 * pageSize * 1024, cma: parseCma("64M") },
        { swapBytes: 64 * MiB },
        7 + pageSize,
        500,
        50,
      );
});

test("two nodes: many pages at once leave what single requests leave, past the end of the first node", () => {
  const [bulk, single] = [true, false].map((b) => {
    const system = System.boot({ board: "server-x86-64", memoryBytes: 2 ** 34 }, { bulk: b });
    const n = system.managedPages;
    const base = system.reserveSlots(n);
    const got = system.allocRun("fileClean", base, n);
    system.touchRun(base, got >> 2);
    system.touchRun(base, got >> 3);
    system.freeRun(base + (got >> 1), got - (got >> 1));
    return system;
  }) as [System, System];
  assert.ok(bulk.counters.dropped > 0, "the second node was filled too");
  assert.deepEqual(differences(bulk, single), []);
});

test("workloads in bulk and page by page: the same machine after ten days", () => {
  for (const [machine, profile, fileSystem] of [
    [{ board: "raspberry-pi-4", memoryBytes: 1024 * MiB }, "pi"],
    [{ board: "pc-x86-64", memoryBytes: 512 * MiB, kernel: "6.12" }, "server"],
    [{ board: "pc-x86-64", memoryBytes: 512 * MiB, kernel: "6.19" }, "desktop"],
    [{ board: "pc-x86-64", memoryBytes: 512 * MiB, kernel: "6.12" }, "server", "xfs"],
    [{ board: "qemu-virt", memoryBytes: 512 * MiB, cma: parseCma("64M") }, "database"],
  ] as const) {
    const [bulk, single] = [true, false].map((b) => {
      const system = System.boot(machine, { bulk: b });
      new WorkloadRun(system, new Random(5).fork("workload")).toEnd({
        kind: "uptime",
        profile,
        duration: "10 days",
        ...(fileSystem === undefined ? {} : { fileSystem }),
      });
      return system;
    }) as [System, System];
    assert.deepEqual(differences(bulk, single), [], `${machine.board}, ${profile}`);
  }
});
