/** The quantities of a sample of a real machine. */
import { settledClasses } from "./class-map";
import { FrameCounter, type FrameCounts } from "./frame-counter";
import type { ZoneLines } from "./proc-texts";
import type { Quantities } from "./quantities";
import type { Sample } from "./sample";

/** Below this share of memory, free pages in no buddy list are those on per-CPU lists, or a matter of when each text was read. */
const UNTOUCHED_LEAST = 0.02;

/**
 * Measures a sample; what its texts do not tell is missing.
 * @example
 * ```ts
 * import { measureSample, readSeries } from "pageblock";
 *
 * const [first] = readSeries("test/fixtures/real-machine/series");
 * measureSample(first!).pageTables; // => 10929
 * ```
 */
export function measureSample(sample: Sample): Quantities {
  const { pageSize, meminfo, vmstat } = sample;
  const kib = (line: string) => pagesIn(meminfo?.get(line), pageSize);
  const count = (name: string) => vmstat?.get(name);
  const file = sumOf(kib("Active(file)"), kib("Inactive(file)"));
  const all: { [K in Exclude<keyof Quantities, "pageSize" | "memoryPages">]: Quantities[K] | undefined } = {
    uptime: sample.uptime,
    slabReclaimable: kib("SReclaimable") ?? count("nr_slab_reclaimable"),
    slabUnreclaimable: kib("SUnreclaim") ?? count("nr_slab_unreclaimable"),
    pageTables: kib("PageTables") ?? count("nr_page_table_pages"),
    kernelStacks: kib("KernelStack"),
    anon: kib("AnonPages") ?? count("nr_anon_pages"),
    file: file ?? sumOf(count("nr_active_file"), count("nr_inactive_file")),
    shmem: kib("Shmem") ?? count("nr_shmem"),
    free: kib("MemFree") ?? count("nr_free_pages"),
    perCpu: sample.zoneinfo?.reduce((pages, z) => pages + z.perCpu, 0),
    freeByOrder: freeByOrder(sample),
    blocksByType: blocksByType(sample),
    frames: frames(sample),
  };
  const told = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { pageSize, memoryPages: memoryPages(sample), ...told };
}

function pagesIn(bytes: number | undefined, pageSize: number): number | undefined {
  return bytes === undefined ? undefined : Math.round(bytes / pageSize);
}

function sumOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

/** MemTotal; without it what zones manage, or what the page blocks and the free pages add up to at least. */
function memoryPages({ meminfo, zoneinfo, pagetypeinfo, buddyinfo, pageSize }: Sample): number {
  const total = pagesIn(meminfo?.get("MemTotal"), pageSize);
  if (total !== undefined) return total;
  const managed = zoneinfo?.reduce((pages, z) => pages + Math.max(0, z.managed), 0) ?? 0;
  if (managed > 0) return managed;
  const blocks = pagetypeinfo?.zones.flatMap((z) => Object.values(z.blocks)).reduce((n, b) => n + b, 0) ?? 0;
  const inLists =
    buddyinfo?.reduce((n, z) => n + Array.from(z.nrFree).reduce((m, f, o) => m + f * 2 ** o, 0), 0) ?? 0;
  return Math.max(blocks * (pagetypeinfo?.blockPages ?? 0), inLists);
}

/**
 * Buddyinfo in pages. A kernel that initialises memory as it is needed counts untouched memory in MemFree but has no lists of it;
 * it is free memory of the largest order.
 */
function freeByOrder({ buddyinfo, meminfo, pageSize }: Sample): number[] | undefined {
  if (buddyinfo === undefined) return undefined;
  const pages = Array.from(buddyinfo[0]!.nrFree, (_, order) =>
    buddyinfo.reduce((n, zone) => n + zone.nrFree[order]! * 2 ** order, 0),
  );
  const free = pagesIn(meminfo?.get("MemFree"), pageSize);
  const inLists = pages.reduce((n, p) => n + p, 0);
  const total = pagesIn(meminfo?.get("MemTotal"), pageSize) ?? 0;
  if (free !== undefined && free - inLists > UNTOUCHED_LEAST * total)
    pages[pages.length - 1]! += free - inLists;
  return pages;
}

function blocksByType({ pagetypeinfo }: Sample): Record<string, number> | undefined {
  if (pagetypeinfo === undefined) return undefined;
  const blocks: Record<string, number> = {};
  for (const zone of pagetypeinfo.zones)
    for (const [type, n] of Object.entries(zone.blocks)) blocks[type] = (blocks[type] ?? 0) + n;
  return blocks;
}

function frames({ classes, zoneinfo, pagetypeinfo, pageSize }: Sample): FrameCounts | undefined {
  if (classes === undefined) return undefined;
  const known = zoneinfo?.filter((z: ZoneLines) => z.startPfn >= 0 && z.spanned > 0);
  const settled = settledClasses(classes, known);
  const blockPages = pagetypeinfo?.blockPages || Math.min(512 * (pageSize / 4096), 8192);
  const counter = new FrameCounter({ frames: settled.length, blockPages, pageSize });
  for (let from = 0; from < settled.length; ) {
    let to = from + 1;
    while (to < settled.length && settled[to] === settled[from]) to++;
    counter.add(from, to - from, settled[from]!);
    from = to;
  }
  return counter.result();
}
