/** A small machine that has been used: what the gallery's maps, flows and histories are drawn from. Same every time. */
import { Random } from "../../../lib/base/random";
import type { BlockSummary } from "../../../lib/metrics/block-summary";
import { blockSummary } from "../../../lib/metrics/block-summary";
import { freeBlocksByOrder } from "../../../lib/metrics/free-history";
import { allocPages, freePages } from "../../../lib/mm/allocation/page-alloc";
import { bootMemory } from "../../../lib/mm/boot/boot-memory";
import type { ContigFailureReport } from "../../../lib/mm/contiguous/contig-failure";
import { Contiguous } from "../../../lib/mm/contiguous/contiguous";
import { __GFP_RECLAIMABLE, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../../lib/mm/state/gfp";
import type { Memory } from "../../../lib/mm/state/memory";
import { holdPage, type OwnerKind, setOwnerKind } from "../../../lib/mm/state/owners";

export const PAGE_BYTES = 4096;
const MIB_PAGES = 256;

/** 1 GiB from 1 GiB on: DMA and Normal of 512 MiB, 30 MiB reserved at the beginning, 64 MiB of CMA at the end. */
function boot(): Memory {
  const zone = (idx: number, name: string, startPfn: number, skip: number, cma: number) => ({
    idx,
    name,
    startPfn,
    spanned: 512 * MIB_PAGES,
    present: 512 * MIB_PAGES,
    managed: 512 * MIB_PAGES - skip,
    watermarks: { min: 512, low: 640, high: 768 },
    lowmemReserve: [0, 0, 0, 0],
    pageset: { batch: 63, high: 378 },
    freeRanges: [{ startPfn: startPfn + skip, pages: 512 * MIB_PAGES - skip - cma }],
  });
  return bootMemory({
    release: "6.1",
    pageSize: PAGE_BYTES,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: true,
    thp: true,
    mobilityDisabled: false,
    cpus: 2,
    zones: [
      zone(0, "DMA", 1024 * MIB_PAGES, 30 * MIB_PAGES, 0),
      zone(2, "Normal", 1536 * MIB_PAGES, 0, 64 * MIB_PAGES),
    ],
    cmaRange: { startPfn: 1984 * MIB_PAGES, pages: 64 * MIB_PAGES },
  });
}

interface Kind {
  kind: OwnerKind;
  gfp: number;
  order: number;
  weight: number;
}

const KINDS: Kind[] = [
  { kind: "anon", gfp: GFP_HIGHUSER_MOVABLE, order: 0, weight: 50 },
  { kind: "fileClean", gfp: GFP_HIGHUSER_MOVABLE, order: 0, weight: 25 },
  { kind: "slab", gfp: GFP_KERNEL, order: 1, weight: 5 },
  { kind: "slabReclaimable", gfp: GFP_KERNEL | __GFP_RECLAIMABLE, order: 0, weight: 6 },
  { kind: "pageTable", gfp: GFP_KERNEL, order: 0, weight: 3 },
  { kind: "networkBuffer", gfp: GFP_KERNEL, order: 3, weight: 1 },
];

export interface UsedMachine {
  memory: Memory;
  snapshots: { label: string; summary: BlockSummary }[];
  /** Free blocks by order after each round of allocating and freeing. */
  rounds: number[];
  freeBlocks: number[][];
  /** A request of half the CMA area that failed. */
  failure: ContigFailureReport;
}

let made: UsedMachine | undefined;

/** Rounds of filling to about 97 % and freeing a random part, then a contiguous request that fails. */
export function usedMachine(): UsedMachine {
  if (made !== undefined) return made;
  const m = boot();
  const random = new Random(2018).fork("gallery");
  const live: { pfn: number; order: number; kind: OwnerKind }[] = [];
  const snapshots = [{ label: "boot", summary: blockSummary(m) }];
  const rounds: number[] = [0];
  const freeBlocks = [freeBlocksByOrder(m)];
  let used = 0;
  for (let round = 1; round <= 24; round++) {
    const goal = 1024 * MIB_PAGES * Math.min(0.97, 0.2 * round);
    for (let tries = 0; used < goal && tries < 400_000; tries++) {
      const kind = pick(random);
      const pfn = allocPages(m, kind.gfp, kind.order);
      if (pfn < 0) break;
      setOwnerKind(m, pfn, kind.kind);
      live.push({ pfn, order: kind.order, kind: kind.kind });
      used += 2 ** kind.order;
    }
    for (let n = Math.floor(live.length * 0.06); n > 0; n--) {
      const at = random.below(live.length);
      const page = live[at]!;
      live[at] = live.at(-1)!;
      live.pop();
      freePages(m, page.pfn, page.order);
      used -= 2 ** page.order;
    }
    rounds.push(round);
    freeBlocks.push(freeBlocksByOrder(m));
    if (round === 2 || round === 8) snapshots.push({ label: `round ${round}`, summary: blockSummary(m) });
  }
  live
    .filter((page) => page.kind === "anon" && page.pfn >= 1984 * MIB_PAGES)
    .filter((_, at) => at % 700 === 0)
    .forEach((page, at) => {
      const [kind, by] = (
        [
          ["longterm", "an RDMA application"],
          ["get", "O_DIRECT"],
          ["longterm", "a virtual machine (VFIO)"],
        ] as const
      )[at % 3]!;
      holdPage(m, page.pfn, kind, by);
    });
  snapshots.push({ label: "round 24, pins", summary: blockSummary(m) });
  const asked = new Contiguous(m).cmaAlloc(32 * MIB_PAGES, 11);
  if (asked.ok) throw new Error("the request of the gallery was to fail");
  made = { memory: m, snapshots, rounds, freeBlocks, failure: asked.details };
  return made;
}

function pick(random: Random): Kind {
  let at = random.below(KINDS.reduce((sum, kind) => sum + kind.weight, 0));
  for (const kind of KINDS) {
    at -= kind.weight;
    if (at < 0) return kind;
  }
  return KINDS[0]!;
}
