/**
 * What requests would get on a machine of which a snapshot is known: each seed draws another machine with the same counts, and every one
 * gets the same requests. The answer is a distribution.
 */
import { InputError } from "../base/errors";
import { parseSize, type Size } from "../base/units";
import { quantiles } from "../experiment/statistics";
import { System } from "../machine/system";
import type { SystemOptions } from "../machine/system-options";
import { compactMemory } from "../mm/compaction/compaction";
import { allocContigPages, freeContigRange } from "../mm/contiguous/contig-pages";
import { GFP_KERNEL } from "../mm/state/gfp";
import type { MachineSnapshot } from "../trace/machine-snapshot";
import { machineOf } from "./snapshot-state";

/** One request. Those of a list are made one after the other, on the same machine. */
export type SnapshotRequest =
  /** Sets nr_hugepages of a size: `"most"` asks for as many as memory has. The value is the size of the pool. */
  | { readonly hugePages: Size; readonly count: number | "most" }
  /** alloc_contig_pages() so many times; all are held, then given back. The value is how many were had. */
  | { readonly contiguous: Size; readonly times: number }
  /** Writes to /proc/sys/vm/compact_memory. The value is the number of pages moved. */
  | { readonly compact: true };

/** Values of one request over seeds. */
export interface Forecast {
  /** By seed, 1 first. */
  values: number[];
  /** 5 %, 50 % and 95 % quantiles. */
  low: number;
  mid: number;
  high: number;
}

export interface ForecastOptions {
  /** Machines drawn; default 16. */
  seeds?: number;
  system?: SystemOptions;
}

/** Seeds that a forecast draws at most. */
const SEEDS_MOST = 10_000;

/**
 * Makes the requests on one machine for each seed.
 * @throws InputError for a snapshot that contradicts itself, or a request that the machine does not know
 * @example
 * ```ts
 * import { forecast, snapshotFrom } from "pageblock";
 *
 * const row = "test/fixtures/live-machine/2m-occ80-unm0-holes0-comp0";
 * const snapshot = snapshotFrom([`${row}/buddyinfo.s0`, `${row}/pagetypeinfo.s0`]);
 * const [pages] = forecast(snapshot, [{ hugePages: "2MiB", count: 50 }], { seeds: 2 });
 * pages?.values; // => [50, 50]
 * ```
 */
export function forecast(
  snapshot: MachineSnapshot,
  requests: readonly SnapshotRequest[],
  { seeds = 16, system = {} }: ForecastOptions = {},
): Forecast[] {
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > SEEDS_MOST)
    throw new InputError(`forecast: seeds must be a whole number from 1 to ${SEEDS_MOST}: got ${seeds}`);
  const { machine } = machineOf(snapshot);
  const values: number[][] = requests.map(() => []);
  for (let seed = 1; seed <= seeds; seed++) {
    const drawn = System.boot(machine, { ...system, placement: seed });
    requests.forEach((request, i) => {
      values[i]!.push(answer(drawn, request));
    });
    drawn.release();
  }
  return values.map((of) => {
    const [low, mid, high] = quantiles(of, [0.05, 0.5, 0.95]);
    return { values: of, low, mid, high };
  });
}

function answer(system: System, request: SnapshotRequest): number {
  const { memory: m } = system;
  if ("compact" in request) {
    const before = m.counters.pgmigrate_success;
    compactMemory(m);
    return m.counters.pgmigrate_success - before;
  }
  return "hugePages" in request ? hugePages(system, request) : contiguous(system, request);
}

type Asked<K extends string> = Extract<SnapshotRequest, Readonly<Record<K, unknown>>>;

function hugePages({ hugetlb, managedPages, pageSize }: System, request: Asked<"hugePages">): number {
  const bytes = parseSize(request.hugePages, "forecast: huge pages");
  const pool = hugetlb.pools.get(bytes);
  if (pool === undefined)
    throw new InputError(
      `forecast: huge pages of this machine have ${[...hugetlb.pools.keys()].join(", ")} bytes: got ${bytes}`,
    );
  const most = Math.ceil((managedPages * pageSize) / bytes);
  return pool.setMaxHugePages(request.count === "most" ? most : request.count);
}

function contiguous({ memory: m, pageSize, world }: System, request: Asked<"contiguous">): number {
  const pages = Math.ceil(parseSize(request.contiguous, "forecast: contiguous memory") / pageSize);
  const held: number[] = [];
  for (let i = 0; i < request.times; i++) {
    const start = allocContigPages(m, { pages, gfp: GFP_KERNEL, kind: "driver", world });
    if (start >= 0) held.push(start);
  }
  for (const start of held) freeContigRange(m, start, pages);
  return held.length;
}
