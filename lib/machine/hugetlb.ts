/**
 * The huge page pools of a booted machine: filled as its command line requests; each can grow and shrink later.
 * Gigantic pages come from hugetlb_cma first, then from anywhere. mm/hugetlb.c hugetlb_init(), alloc_gigantic_page().
 */
import { log2 } from "../base/elementary";
import { CmaArea } from "../mm/contiguous/cma-area";
import { giganticFromAnywhere } from "../mm/contiguous/contig-pages";
import { Contiguous } from "../mm/contiguous/contiguous";
import { type GiganticSource, HugetlbPool } from "../mm/contiguous/hugetlb";
import { type MigrationWorld, ownersWorld } from "../mm/contiguous/migrate";
import type { Memory } from "../mm/state/memory";
import { markTaken } from "../mm/state/owners";
import type { BootResult } from "./boot";
import { poolFailedMessage } from "./huge-pages";

/** A write to nr_hugepages by a sysctl of the machine. */
export interface PoolWritten {
  /** Bytes of a page. */
  bytes: number;
  /** The node whose pool was written; null: all. */
  node: number | null;
  wanted: number;
  /** Persistent pages after it, with a node those of the node. */
  got: number;
}

export interface HugetlbPools {
  /** By the size of a huge page in bytes, all sizes of the machine. */
  pools: ReadonlyMap<number, HugetlbPool>;
  /** Persistent pages of each size after boot. */
  atBoot: ReadonlyMap<number, number>;
  /** The kernel's messages while filling them. */
  messages: string[];
  /** What vm.nr_hugepages asked for after boot, in order. */
  written: PoolWritten[];
}

/** vm.nr_overcommit_hugepages, then vm.nr_hugepages, of the machine's description. The kernel says nothing if it gets fewer. */
export function writeHugePages({ sysctls = {} }: BootResult, hugetlb: HugetlbPools): void {
  for (const { bytes, count } of sysctls.overcommitHugepages ?? [])
    hugetlb.pools.get(bytes!)!.overcommit = count;
  for (const { bytes = 0, node, count } of sysctls.nrHugepages ?? []) {
    const got = hugetlb.pools.get(bytes)!.setMaxHugePages(count, node);
    hugetlb.written.push({ bytes, node: node ?? null, wanted: count, got });
  }
}

/** hugetlb_init(). `world` decides whether pages move and is notified. Call once, right after startAllocator(). */
export function startHugetlb(
  booted: BootResult,
  m: Memory,
  world: MigrationWorld = ownersWorld(m),
): HugetlbPools {
  const { pageSize, hugePages } = booted;
  const gigantic = giganticSource(booted, m, world);
  const pools = new Map<number, HugetlbPool>();
  for (const bytes of booted.hugePageSizes)
    pools.set(bytes, new HugetlbPool(m, { order: log2(bytes / pageSize), gigantic }));
  for (const { bytes, start } of hugePages.gigantic) {
    const pool = pools.get(bytes)!;
    const pfn = start / pageSize;
    markTaken(m, pfn, pfn + (1 << pool.order), "hugetlb");
    m.zoneOf(pfn)!.managed += 1 << pool.order;
    pool.free.push(pfn);
  }
  const messages: string[] = [];
  for (const wanted of hugePages.pools) {
    const got = pools.get(wanted.bytes)!.setMaxHugePages(wanted.count, wanted.node);
    if (got < wanted.count) messages.push(poolFailedMessage(wanted, got));
  }
  const atBoot = new Map([...pools].map(([bytes, p]) => [bytes, p.persistent]));
  return { pools, atBoot, messages, written: [] };
}

/** alloc_gigantic_page(): from the node's hugetlb_cma area if it has one, otherwise from anywhere in the node. */
function giganticSource(booted: BootResult, m: Memory, world: MigrationWorld): GiganticSource {
  const anywhere = giganticFromAnywhere(m, world);
  const { pageSize } = booted;
  const reserved = booted.hugePages.cma.filter((a) => a.activated);
  if (reserved.length === 0) return anywhere;
  const cma = new Contiguous(
    m,
    reserved.map(
      (a) =>
        new CmaArea(
          `hugetlb${a.nid}`,
          a.ranges.map((r) => ({ basePfn: r.base / pageSize, count: r.bytes / pageSize })),
          m.pageblockOrder,
        ),
    ),
    booted.kernel,
  );
  return {
    take(order, nid = m.firstNode, tried) {
      const area = reserved.findIndex((a) => a.nid === nid);
      const got = area < 0 ? null : cma.cmaAlloc(1 << order, order, area, { world });
      return got?.ok ? got.pfn : anywhere.take(order, nid, tried);
    },
    give(pfn, order) {
      if (cma.areas.some((a) => a.holds(pfn, 1 << order))) cma.cmaRelease(pfn, 1 << order);
      else anywhere.give(pfn, order);
    },
  };
}
