/**
 * The huge pages that a strategy leaves to other processes: the free ones, and those granted to requests at the end of
 * a run. Two sizes: 2 MiB, the same on every kernel, and the kernel's own transparent huge page (512 MiB with 64 KiB
 * pages), whose order is that of the PMD even if page blocks are smaller.
 */
import { log2 } from "../base/elementary";
import { MiB } from "../base/units";
import { pageGeometry } from "../hardware/page-geometry";
import type { System } from "../machine/system";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import { thpGfp } from "../mm/allocation/thp";
import { __GFP_NORETRY, __GFP_THISNODE } from "../mm/state/gfp";

/** The share of managed memory that the probe requests: a modelling choice. */
const PROBE_SHARE = 1 / 16;
/** The most pages that the probe requests per size. */
const PROBE_PAGES = 256;

/** Orders of 2 MiB and of the transparent huge page; the latter is −1 if THP is not built in. */
function orders({ booted, pageSize }: System): { small: number; thp: number } {
  const { architecture, kernel, thp, hugetlb } = booted;
  const geometry = pageGeometry(architecture, pageSize, kernel, { thp, hugetlb })!;
  return { small: log2((2 * MiB) / pageSize), thp: thp ? geometry.pmdOrder : -1 };
}

/** Number of free pages of 2^order frames. */
function freePagesOf({ memory: m }: System, order: number): number {
  let pages = 0;
  for (const z of m.zones)
    for (let o = order; o < z.nrFree.length; o++) pages += z.nrFree[o]! * (1 << (o - order));
  return pages;
}

/** Free huge pages, including those in CMA areas, which huge pages may use. */
export function hugePagesFree(system: System): Record<string, number> {
  const { small, thp } = orders(system);
  return {
    free2MiBPages: freePagesOf(system, small),
    ...(thp >= 0 && {
      freeThpPages: freePagesOf(system, thp),
      thpBytes: system.pageSize * (1 << thp),
    }),
  };
}

/**
 * Requests huge pages as a fault in a madvised area does: first without waiting, then as the machine's defrag mode
 * allows. Counts the granted ones and frees them. Reclaim and
 * compaction change the machine, so call it last.
 */
export function probeHugePages(system: System): Record<string, number> {
  const { small, thp } = orders(system);
  const figures: Record<string, number> = {};
  const ask = (name: string, order: number) => {
    const { asked, granted } = probe(system, order);
    figures[`probe${name}Asked`] = asked;
    figures[`probe${name}Granted`] = granted;
  };
  ask("2MiB", small);
  if (thp >= 0) ask("Thp", thp);
  return figures;
}

function probe(system: System, order: number): { asked: number; granted: number } {
  const { memory: m } = system;
  const share = Math.floor((system.managedPages * PROBE_SHARE) / (1 << order));
  const asked = Math.min(PROBE_PAGES, Math.max(1, share));
  const gfp = thpGfp(system.options.thpDefrag, true);
  const got: number[] = [];
  for (let i = 0; i < asked; i++) {
    let pfn = allocPages(m, gfp | __GFP_THISNODE | __GFP_NORETRY, order);
    if (pfn < 0) pfn = allocPages(m, gfp, order);
    if (pfn >= 0) got.push(pfn);
  }
  for (const pfn of got) freePages(m, pfn, order);
  return { asked, granted: got.length };
}
