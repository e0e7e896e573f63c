/**
 * A model of an RDMA adapter's cache of translation entries, which are in host memory. Operations in an access
 * pattern look up the entries of the pages they touch; a miss reads one line over PCIe. Hit rates come from a
 * simulation of the cache; throughput is modelled from them: independent operations: the least of messages/s, link
 * rate, and parallel misses / (misses per operation × miss ns); dependent ones (pointer chase): one operation per
 * round trip + misses + transfer. Queue contexts and memory keys, which share the chip's memory, are omitted. Nothing
 * here was measured on an adapter.
 */
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import { Random } from "../base/random";
import {
  type AccessPattern,
  addressSource,
  isDependent,
  type PatternName,
  toPattern,
} from "./access-pattern";
import { lruCache } from "./lru-cache";
import { type RdmaAdapter, type RdmaAdapterName, toAdapter } from "./rdma-adapter-data";

export interface AdapterOptions {
  /** Bytes that one operation moves. */
  operationBytes?: number;
  /** Operations that warm the cache, and operations counted after them. */
  warmup?: number;
  operations?: number;
  seed?: number;
}

const DEFAULTS = { operationBytes: 64, warmup: 200_000, operations: 200_000, seed: 1 };

/** The limit of the throughput. */
export type AdapterLimit = "messages" | "link" | "misses" | "latency";

export interface AdapterRun {
  /** Translation entries of the region. */
  entries: number;
  /** Share of look-ups that hit, 0 to 1. */
  hitRate: number;
  missesPerOperation: number;
  operationsPerSecond: number;
  gigabytesPerSecond: number;
  limit: AdapterLimit;
}

/**
 * Runs `pattern` over a region of `regionBytes`, mapped by the adapter in pages of `pageBytes`. Throws InputError for a page size
 * that the adapter lacks, and for sizes outside the limits of access-pattern.ts.
 * @example
 * ```ts
 * import { runAdapter } from "pageblock";
 *
 * runAdapter("connectx-5", 2 ** 30, 2 ** 31, "uniform", { operations: 100 }).entries; // => 2
 * ```
 */
export function runAdapter(
  adapter: RdmaAdapterName | RdmaAdapter,
  pageBytes: number,
  regionBytes: number,
  pattern: PatternName | AccessPattern,
  options: AdapterOptions = {},
): AdapterRun {
  const model = toAdapter(adapter);
  const { operationBytes, warmup, operations, seed } = { ...DEFAULTS, ...options };
  checkPage(model, pageBytes);
  for (const [name, n] of Object.entries({ operationBytes, operations }))
    if (!Number.isSafeInteger(n) || n < 1)
      throw new InputError(`adapter: ${name} must be a whole number of at least 1: got ${n}`);
  if (!Number.isSafeInteger(warmup) || warmup < 0)
    throw new InputError(`adapter: warmup must be a whole number of at least 0: got ${warmup}`);
  if (operationBytes > regionBytes)
    throw new InputError(
      `adapter: an operation of ${operationBytes} bytes must fit into the region: got ${regionBytes} bytes`,
    );
  // A scan given by name advances by the bytes it has just transferred.
  const access = toPattern(
    pattern === "scan" ? { kind: "scan", strideBytes: operationBytes, streams: 1 } : pattern,
  );
  const next = addressSource(access, regionBytes, new Random(seed).fork("adapter"));
  const touch = lookups(model, pageBytes, regionBytes, operationBytes);
  const counts = { lookups: 0, hits: 0 };
  const chunk = new Float64Array(4096);
  for (let done = -warmup; done < operations; ) {
    const n = Math.min(chunk.length, done < 0 ? -done : operations - done);
    const part = chunk.subarray(0, n);
    next(part);
    const got = touch(part);
    if (done >= 0) {
      counts.lookups += got.lookups;
      counts.hits += got.hits;
    }
    done += n;
  }
  const missesPerOperation = (counts.lookups - counts.hits) / operations;
  return {
    entries: Math.ceil(regionBytes / pageBytes),
    hitRate: counts.hits / counts.lookups,
    missesPerOperation,
    ...throughput(model, missesPerOperation, operationBytes, isDependent(access)),
  };
}

/** Columns of equal length, one row per page size and region size. */
export interface AdapterCurve {
  pageBytes: number[];
  regionBytes: number[];
  entries: number[];
  hitRate: number[];
  operationsPerSecond: number[];
  gigabytesPerSecond: number[];
  limit: AdapterLimit[];
}

/**
 * Runs the pattern for every page size and every region size, page sizes outermost; returns columns for a chart.
 * @example
 * ```ts
 * import { adapterCurve } from "pageblock";
 *
 * const curve = adapterCurve("connectx-5", [2 * 2 ** 20], [2 ** 30, 2 ** 31], "uniform", { operations: 100 });
 * curve.entries; // => [512, 1024]
 * ```
 */
export function adapterCurve(
  adapter: RdmaAdapterName | RdmaAdapter,
  pageBytes: readonly number[],
  regionBytes: readonly number[],
  pattern: PatternName | AccessPattern,
  options: AdapterOptions = {},
): AdapterCurve {
  const curve: AdapterCurve = {
    pageBytes: [],
    regionBytes: [],
    entries: [],
    hitRate: [],
    operationsPerSecond: [],
    gigabytesPerSecond: [],
    limit: [],
  };
  for (const page of pageBytes)
    for (const region of regionBytes) {
      const run = runAdapter(adapter, page, region, pattern, options);
      curve.pageBytes.push(page);
      curve.regionBytes.push(region);
      curve.entries.push(run.entries);
      curve.hitRate.push(run.hitRate);
      curve.operationsPerSecond.push(run.operationsPerSecond);
      curve.gigabytesPerSecond.push(run.gigabytesPerSecond);
      curve.limit.push(run.limit);
    }
  return curve;
}

/** Looks up the entries of a batch of operations: each starts at a multiple of its size and stays inside the region. */
function lookups(adapter: RdmaAdapter, pageBytes: number, regionBytes: number, operationBytes: number) {
  const lines = adapter.cacheBytes.value / adapter.cacheLineBytes.value;
  const cache = lruCache(lines, Math.min(lines, adapter.cacheWays.value));
  // An entry is `entryBytes` of the table, so a line of the cache covers this much of the region.
  const lineCovers = (adapter.cacheLineBytes.value / adapter.entryBytes.value) * pageBytes;
  const lastStart = Math.floor(regionBytes / operationBytes) - 1;
  return (addresses: Float64Array) => {
    let count = 0;
    let hits = 0;
    for (let i = 0; i < addresses.length; i++) {
      const start = Math.min(lastStart, Math.floor(addresses[i]! / operationBytes)) * operationBytes;
      const last = Math.floor((start + operationBytes - 1) / lineCovers);
      for (let line = Math.floor(start / lineCovers); line <= last; line++) {
        count++;
        if (cache.touch(line)) hits++;
      }
    }
    return { lookups: count, hits };
  };
}

function throughput(adapter: RdmaAdapter, misses: number, operationBytes: number, dependent: boolean) {
  const limits: Partial<Record<AdapterLimit, number>> = dependent
    ? {
        latency:
          1e9 /
          (adapter.roundTripNs.value +
            misses * adapter.missNs.value +
            (operationBytes / adapter.linkBytesPerSecond.value) * 1e9),
      }
    : {
        messages: adapter.messagesPerSecond.value,
        link: adapter.linkBytesPerSecond.value / operationBytes,
        misses: (adapter.parallelMisses.value * 1e9) / (misses * adapter.missNs.value),
      };
  const [limit, operationsPerSecond] = (Object.entries(limits) as [AdapterLimit, number][]).reduce(
    (least, at) => (at[1] < least[1] ? at : least),
  );
  return { operationsPerSecond, gigabytesPerSecond: (operationsPerSecond * operationBytes) / 1e9, limit };
}

function checkPage(adapter: RdmaAdapter, pageBytes: number): void {
  const smallest = adapter.smallestPageBytes.value;
  const largest = adapter.largestPageBytes.value;
  if (!Number.isInteger(log2(pageBytes)) || pageBytes < smallest || pageBytes > largest)
    throw new InputError(
      `adapter: pages of ${adapter.title} must be a power of two from ${smallest} to ${largest} bytes: got ${pageBytes}`,
    );
}
