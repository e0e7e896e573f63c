/** Benchmarks of the allocator alone: churn, filling, boot, whole machines that age, and ranges that are emptied. */
import { Random } from "../base/random";
import { tuneForHotLoops } from "../base/v8-flags";
import { System } from "../machine/system";
import { MIGRATE_MOVABLE } from "../mm/state/migratetype";
import { Ageing } from "../workload/ageing-bench";
import { Churn, type ChurnMode, churnMachine } from "../workload/allocator-churn";
import { WorkloadRun } from "../workload/scheduler";
import type { Benchmark, BenchSettings, Prepared } from "./measure";

const GIB = 2 ** 30;
const SMALL_MACHINE = { board: "qemu-virt", memoryBytes: GIB, cma: { kind: "off" } } as const;
const SMALL = { ops: 20_000, log2Pages: 14 };

/** What a size means to a workload of the driver that the C program has too. */
function driverSize(s: BenchSettings, log2Pages: number): { ops: number; pages: number } {
  const small = s.size === "small";
  return {
    ops: s.ops ?? (small ? SMALL.ops : 10_000_000),
    pages: 2 ** (s.log2Pages ?? (small ? SMALL.log2Pages : log2Pages)),
  };
}

function churn(mode: ChurnMode, operation: string, log2Pages = 22): Benchmark {
  return {
    operation,
    runs: 5,
    prepare(settings) {
      tuneForHotLoops();
      const { ops, pages } = driverSize(settings, log2Pages);
      const churn = new Churn(churnMachine(pages), pages, mode);
      churn.prepare(ops);
      return {
        run() {
          const failures = churn.churn(ops);
          return { ops, failures, hash: churn.result };
        },
      };
    },
  };
}

const fill: Benchmark = {
  operation: "order 0 until nothing is left, freed in order; again, freed at random",
  runs: 5,
  prepare(settings) {
    tuneForHotLoops();
    const { pages } = driverSize(settings, 22);
    const churn = new Churn(churnMachine(pages), pages, "fill");
    return {
      run() {
        const ops = churn.fill();
        return { ops, failures: 0, hash: churn.result };
      },
    };
  },
};

const randomFree: Benchmark = {
  operation: "one page of a full machine freed, in random order",
  runs: 5,
  prepare(settings) {
    tuneForHotLoops();
    const { pages } = driverSize(settings, 22);
    const churn = new Churn(churnMachine(pages), pages, "fill");
    // As the C program does: filled and freed in order before, so that all memory has been touched.
    churn.freeAll(churn.fillUp());
    const n = churn.fillUp();
    churn.shuffle(n);
    return {
      run() {
        churn.freeAll(n);
        return { ops: n, failures: 0, hash: churn.result };
      },
    };
  },
};

const init: Benchmark = {
  operation: "boot of 2^28 pages of 4 KiB (1 TiB), nothing else",
  runs: 5,
  prepare(settings) {
    const pages = 2 ** (settings.log2Pages ?? (settings.size === "small" ? 20 : 28));
    return {
      run() {
        const { zones } = churnMachine(pages);
        return { ops: 1, failures: zones.length === 0 ? 1 : 0, hash: zones[0]!.nrFree.at(-1)! };
      },
    };
  },
};

const ageing: Benchmark = {
  operation: "an allocation, a free, or a page that reclaim took, of a PC of 4 GiB that lives as a server",
  runs: 5,
  prepare(settings) {
    tuneForHotLoops();
    const ops = settings.ops ?? (settings.size === "small" ? SMALL.ops : 10_000_000);
    const ageing = new Ageing(2 ** (settings.log2Pages ?? (settings.size === "small" ? 16 : 20)) * 4096);
    return {
      run() {
        const done = ageing.run(ops);
        return { ...done, hash: ageing.hash };
      },
    };
  },
};

/** A machine that has lived for 30 days. An operation is one of its allocations, frees and pages reclaimed. */
function aged(board: string, bytes: number, profile: string, runs: number): Benchmark {
  return {
    operation: `an operation on a page of ${board} with ${bytes / GIB} GiB, used for 30 days as ${profile}`,
    runs,
    prepare(settings) {
      const small = settings.size === "small";
      const system = System.boot(small ? SMALL_MACHINE : { board, memoryBytes: bytes });
      const workload = new WorkloadRun(system, new Random(1).fork("workload"));
      return {
        run() {
          workload.toEnd({ kind: "uptime", duration: (small ? 0.25 : 30) * 86_400_000, profile });
          const c = system.counters;
          const ops = c.allocations + c.refaults + c.frees + c.dropped + c.written + c.swapped;
          return { ops, failures: c.failures, hash: stateHash(system) };
        },
        close: () => system.release(),
      };
    },
  };
}

/** FNV-1a over free pages by zone and order, and over what was counted. */
function stateHash(system: System): number {
  let h = 0x811c9dc5;
  const add = (n: number) => {
    h = Math.imul(h ^ n, 0x01000193);
  };
  for (const zone of system.memory.zones) for (const n of zone.nrFree) add(n);
  for (const n of Object.values(system.counters)) add(n);
  return h >>> 0;
}

/** Requests of alloc-contig: 256 MiB each. */
const RANGE_PAGES = 1 << 16;

/**
 * A machine is filled page by page with movable memory but for a sixteenth; then range after range is emptied by
 * alloc_contig_range(), given back, and so is the room for the next, until all memory has moved once.
 * At full size 12 ranges are refused: 4 in the hole below 4 GiB, 1 that ends in memory reserved before it, 1 with slabs of
 * the kernel at 4 GiB, and 3 at the end of each node, which boot reserved.
 */
const allocContig: Benchmark = {
  operation: "a page moved by alloc_contig_range(), over a machine of 64 GiB that is full of movable pages",
  runs: 3,
  prepare(settings): Prepared {
    const small = settings.size === "small";
    const range = small ? 1 << 10 : RANGE_PAGES;
    const system = System.boot(small ? SMALL_MACHINE : { board: "server-x86-64", memoryBytes: 64 * GIB });
    // What is left is room for the pages of one range, and for the watermarks below which a migration gets nothing.
    const room = system.managedPages >> 4;
    while (system.freePages > room) if (system.alloc("anon") < 0) break;
    return { run: () => moveAll(system, range), close: () => system.release() };
  },
};

function moveAll(system: System, range: number) {
  const before = system.memory.counters.pgmigrate_success;
  let failures = 0;
  for (const piece of system.memory.zones.flatMap((zone) => zone.pieces)) {
    const first = Math.ceil(piece.startPfn / range) * range;
    for (let pfn = first; pfn + range <= piece.endPfn; pfn += range) {
      const got = system.contig.allocContigRange(pfn, pfn + range, MIGRATE_MOVABLE, { world: system.world });
      if (got.ok) system.contig.freeContigRange(pfn, range);
      else failures++;
    }
  }
  const ops = system.memory.counters.pgmigrate_success - before;
  return { ops, failures, hash: stateHash(system) };
}

export const ENGINE_BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  c0: churn("c0", "order 0 between 70 % and 90 % occupancy: allocate, or free a random live page"),
  mu: churn("mu", "as c0, with orders uniform in 0..9"),
  mg: churn("mg", "as c0, with geometric orders"),
  "mg-1g": churn("mg", "as mg, on 1 GiB", 18),
  "mg-64g": churn("mg", "as mg, on 64 GiB", 24),
  "mg-1t": churn("mg", "as mg, on 1 TiB (needs 5 GB)", 28),
  fill,
  "random-free": randomFree,
  init,
  ageing,
  "aged-64g-server": aged("server-x86-64", 64 * GIB, "server", 5),
  "aged-64g-database": aged("server-x86-64", 64 * GIB, "database", 5),
  "aged-1t-database": aged("database-x86-64", 1024 * GIB, "database", 1),
  "alloc-contig": allocContig,
};
