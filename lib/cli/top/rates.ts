/**
 * Events per second of compaction, reclaim and allocation: differences of the counters of /proc/vmstat. The names are the
 * kernel's; `pgalloc` and `allocstall` are counted by zone there and summed here.
 */
import type { TopReading } from "./reading";

/** Counters by what they tell of, each with its words on the page. */
export const RATES = {
  Compaction: {
    compact_stall: "direct runs",
    compact_success: "succeeded",
    compact_fail: "failed",
    compact_daemon_wake: "kcompactd woken",
    compact_migrate_scanned: "scanned to move",
    compact_free_scanned: "scanned for free",
    compact_isolated: "isolated",
  },
  Migration: { pgmigrate_success: "pages moved", pgmigrate_fail: "failed" },
  Reclaim: {
    pgscan_kswapd: "kswapd scanned",
    pgsteal_kswapd: "reclaimed",
    pgscan_direct: "direct scanned",
    pgsteal_direct: "reclaimed",
    allocstall: "stalls",
    slabs_scanned: "slab objects scanned",
  },
  Pages: { pgalloc: "allocated", pgfree: "freed" },
  "CMA requests": { cma_alloc_success: "succeeded", cma_alloc_fail: "failed" },
  "Huge pages": {
    thp_fault_alloc: "transparent by fault",
    thp_fault_fallback: "fallbacks",
    thp_split_page: "split",
    htlb_buddy_alloc_success: "pool grown",
    htlb_buddy_alloc_fail: "not grown",
  },
} as const;

type Groups = typeof RATES;
export type RateCounter = { [G in keyof Groups]: keyof Groups[G] }[keyof Groups];

/** Counted by zone: `pgalloc_dma32`, `allocstall_normal`. */
const BY_ZONE: readonly string[] = ["pgalloc", "allocstall"];
const ZONES = /^_(?:dma|dma32|normal|high|movable|device)$/;

export interface Rates {
  /** "last": since the reading before; "boot": the mean since the machine started. */
  since: "last" | "boot";
  seconds: number;
  /** Null: this kernel does not count it, or the counter ran backwards (32-bit counters wrap around). */
  perSecond: Readonly<Record<RateCounter, number | null>>;
}

/** A reading and when it was taken, in milliseconds of any clock that only runs forwards. */
export interface TimedReading {
  reading: TopReading;
  atMs: number;
}

/** Rates between two readings; without an earlier one, since boot; undefined if there are no counters or no time. */
export function ratesOf(now: TimedReading, before?: TimedReading): Rates | undefined {
  const { counters, uptimeSeconds } = now.reading;
  if (counters.size === 0) return undefined;
  const between = before !== undefined && before.reading.counters.size > 0 && now.atMs > before.atMs;
  const seconds = between ? (now.atMs - before.atMs) / 1000 : uptimeSeconds;
  if (seconds === undefined || seconds <= 0) return undefined;
  const rate = (name: RateCounter): number | null => {
    const value = counterOf(counters, name);
    const earlier = between ? counterOf(before.reading.counters, name) : 0;
    return value === undefined || earlier === undefined || value < earlier
      ? null
      : (value - earlier) / seconds;
  };
  const names = Object.values(RATES).flatMap((group) => Object.keys(group) as RateCounter[]);
  const perSecond = Object.fromEntries(names.map((name) => [name, rate(name)])) as Rates["perSecond"];
  return { since: between ? "last" : "boot", seconds, perSecond };
}

function counterOf(counters: ReadonlyMap<string, number>, name: RateCounter): number | undefined {
  if (!BY_ZONE.includes(name)) return counters.get(name);
  let sum: number | undefined;
  for (const [key, value] of counters)
    if (key.startsWith(`${name}_`) && ZONES.test(key.slice(name.length))) sum = (sum ?? 0) + value;
  return sum;
}
