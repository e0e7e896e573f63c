/** What is wanted of a machine: contiguous bytes, huge pages, or a block of an order; and the ways in which Linux gives it. */
import { log2 } from "../../base/elementary";
import { InputError, quoted, unknownName } from "../../base/errors";
import { largestOf } from "../../base/extremes";
import { formatSize, parseSize, type Size } from "../../base/units";
import type { ZoneState } from "../../machine/machine-state";
import type { System } from "../../machine/system";
import { dmaAlignOrder } from "../../mm/boot/dma-contiguous";
import { allocContigPages, freeContigRange } from "../../mm/contiguous/contig-pages";
import { GFP_KERNEL } from "../../mm/state/gfp";

/** Ways by the name that `--by` takes. */
export const WAYS = ["buddy", "alloc-contig-pages", "hugetlb-runtime", "cma"] as const;
export type WayName = (typeof WAYS)[number];

/** A want: `bytes` of contiguous memory, `count` huge pages of `bytes` each, or a block of 2^`order` pages. */
export type Want =
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "huge"; readonly bytes: number; readonly count: number }
  | { readonly kind: "order"; readonly order: number };

/** One way to get what is wanted. */
export interface Way {
  by: WayName;
  /** In words: `2 huge pages of 1 GiB`. */
  what: string;
  /** Pieces that are wanted, and the bytes of one. */
  wanted: number;
  bytes: number;
  /** Whether each piece lies in an aligned range of a zone, and is no block of the page allocator. */
  aligned: boolean;
  /** Makes the request and gives everything back: pieces that were had. */
  ask(system: System): number;
  /** Why it can never be granted, by a rule of the kernel: nothing is asked then. */
  never?: string;
}

const BYTES_MOST = 2 ** 50;
const COUNT_MOST = 2 ** 28;
const ORDER_MOST = 18;

/** `"2GiB"`, `"8x1GiB"`, `"order 9"`, or bytes. Throws InputError that names `what`. */
export function parseWant(given: Size, what: string): Want {
  const text = String(given).trim();
  const order = /^order[ =-]?(\d{1,4})$/i.exec(text);
  if (order !== null) {
    if (Number(order[1]) > ORDER_MOST)
      throw new InputError(`${what}: the order must be from 0 to ${ORDER_MOST}: got ${Number(order[1])}`);
    return { kind: "order", order: Number(order[1]) };
  }
  const huge = /^(\d{1,12})\s?[x×*]\s?(\S{1,40})$/i.exec(text);
  if (huge === null) return { kind: "bytes", bytes: sized(given, what) };
  const count = Number(huge[1]);
  if (count < 1 || count > COUNT_MOST)
    throw new InputError(`${what}: the number of huge pages must be from 1 to ${COUNT_MOST}: got ${count}`);
  return { kind: "huge", count, bytes: sized(huge[2]!, what) };
}

function sized(given: Size, what: string): number {
  let bytes: number;
  try {
    bytes = parseSize(given, what);
  } catch {
    throw new InputError(
      `${what}: must be a size such as 2GiB, huge pages such as 8x1GiB, or order 9: got ${quoted(String(given).slice(0, 40))}`,
    );
  }
  if (!(bytes > 0) || bytes > BYTES_MOST)
    throw new InputError(`${what}: the size must be above 0 and at most 1 PiB: got ${bytes}`);
  return bytes;
}

/**
 * The ways that `system` has. Without `by`: all that the want allows. Throws InputError for a way that it does not.
 */
export function waysOf(want: Want, by: readonly WayName[] | undefined, system: System): Way[] {
  for (const name of by ?? []) if (!WAYS.includes(name)) throw unknownName("--by", name, WAYS);
  const allowed: readonly WayName[] = want.kind === "huge" ? ["hugetlb-runtime"] : WAYS;
  const refused = by?.find((name) => !allowed.includes(name));
  if (refused !== undefined)
    throw new InputError(`--by: huge pages come from hugetlb-runtime only: got ${refused}`);
  const ways = allowed.flatMap((name) =>
    by === undefined || by.includes(name) ? MAKERS[name](want, system, by !== undefined) : [],
  );
  if (ways.length === 0) throw new InputError(`--by: this machine has no ${(by ?? allowed).join(", ")}`);
  return ways.map((way) => ({ ...way, ...neverIn(system, way) }));
}

/** What no machine of this size can give, however free it is. */
function neverIn(system: System, { never, bytes, wanted, aligned }: Way): { never?: string } {
  if (never !== undefined) return {};
  const { pageSize } = system;
  const zones = system.booted.state?.zones ?? [];
  const ram = zones.reduce((n, zone) => n + zone.present, 0) * pageSize;
  if (bytes * wanted > ram) return { never: `the machine has ${formatSize(ram)} of memory` };
  const pages = Math.ceil(bytes / pageSize);
  const ranges = zones.reduce((n, zone) => n + rangesIn(zone, pages), 0);
  return aligned && ranges < wanted
    ? {
        never: `no range crosses a zone, and the zones have room for ${ranges} aligned ranges of ${formatSize(bytes)}`,
      }
    : {};
}

/** Ranges of so many pages that begin at a multiple of them: alloc_contig_pages() and gigantic pages try no others. */
function rangesIn({ startPfn, spanned, present }: ZoneState, pages: number): number {
  const first = Math.ceil(startPfn / pages);
  const end = Math.floor((startPfn + spanned) / pages);
  return Math.max(0, Math.min(end - first, Math.floor(present / pages)));
}

type Maker = (want: Want, system: System, named: boolean) => Way[];

const MAKERS: Readonly<Record<WayName, Maker>> = {
  buddy: (want, system) => [buddy(bytesOf(want, system), system)],
  "alloc-contig-pages": (want, system) => [contiguous(bytesOf(want, system), system)],
  "hugetlb-runtime": hugetlb,
  cma: (want, system) => cma(bytesOf(want, system), system),
};

/** Bytes of one piece. */
export function bytesOf(want: Want, { pageSize }: Pick<System, "pageSize">): number {
  return want.kind === "order" ? 2 ** want.order * pageSize : want.bytes;
}

function buddy(bytes: number, { memory, pageSize }: System): Way {
  const order = Math.ceil(log2(Math.max(1, bytes / pageSize)));
  const largest = memory.maxOrder;
  return {
    by: "buddy",
    what: `one block of order ${order}`,
    wanted: 1,
    bytes,
    aligned: false,
    ...(order > largest && {
      never: `the page allocator's largest block has order ${largest}, ${formatSize(2 ** largest * pageSize)}`,
    }),
    ask: ({ allocator }) => {
      const got = allocator.allocPages({ order, gfp: "GFP_KERNEL|__GFP_RETRY_MAYFAIL|__GFP_NOWARN" });
      if (!got.ok) return 0;
      allocator.freePages(got.pfn, order);
      return 1;
    },
  };
}

function contiguous(bytes: number, { pageSize }: System): Way {
  const pages = Math.ceil(bytes / pageSize);
  return {
    by: "alloc-contig-pages",
    what: `${formatSize(bytes)} from anywhere in memory`,
    wanted: 1,
    bytes,
    aligned: true,
    ask: ({ memory: m, world }) => {
      const start = allocContigPages(m, { pages, gfp: GFP_KERNEL, kind: "driver", world });
      if (start < 0) return 0;
      freeContigRange(m, start, pages);
      return 1;
    },
  };
}

function hugetlb(want: Want, system: System, named: boolean): Way[] {
  const sizes = [...system.hugetlb.pools.keys()].sort((a, b) => b - a);
  if (want.kind === "huge") {
    if (!sizes.includes(want.bytes))
      throw new InputError(
        `--want: huge pages of this machine have ${sizes.map(formatSize).join(", ") || "no size"}: got ${formatSize(want.bytes)}`,
      );
    return [pages(want.bytes, want.count, { aligned: gigantic(want.bytes, system) })];
  }
  const bytes = bytesOf(want, system);
  const fitting = sizes.filter((size) => size <= bytes);
  if (fitting.length === 0 && named)
    throw new InputError(
      `--by: hugetlb-runtime: this machine has no huge page of at most ${formatSize(bytes)}`,
    );
  return fitting.map((size) =>
    pages(size, Math.ceil(bytes / size), { aligned: gigantic(size, system), pieces: size < bytes }),
  );
}

/** Huge pages that are larger than any block of the page allocator. */
function gigantic(bytes: number, { memory, pageSize }: System): boolean {
  return bytes > 2 ** memory.maxOrder * pageSize;
}

/** So many huge pages that are free, beside those in use. `pieces`: one piece was wanted. */
function pages(bytes: number, count: number, { aligned = false, pieces = false } = {}): Way {
  return {
    by: "hugetlb-runtime",
    what: `${count} huge page${count === 1 ? "" : "s"} of ${formatSize(bytes)}${pieces ? ", each a piece of its own" : ""}`,
    wanted: count,
    bytes,
    aligned,
    ask: ({ hugetlb: { pools } }) => {
      const pool = pools.get(bytes)!;
      const used = pool.used.size;
      const before = used + pool.free.length;
      if (pool.free.length >= count) return count;
      const total = pool.setMaxHugePages(used + count);
      pool.setMaxHugePages(before);
      return Math.min(count, total - used);
    },
  };
}

/** Asked as a driver asks: aligned to the order of its size, at most CONFIG_CMA_ALIGNMENT. */
function cma(bytes: number, { booted, contig, pageSize }: System): Way[] {
  if (contig.areas.length === 0) return [];
  const count = Math.ceil(bytes / pageSize);
  const align = dmaAlignOrder(bytes, pageSize, booted.cmaAlignment);
  const largest = largestOf(contig.areas.map((area) => area.count));
  return [
    {
      by: "cma",
      what: `${formatSize(bytes)} from a CMA area`,
      wanted: 1,
      bytes,
      aligned: false,
      ...(largest < count && {
        never: `the largest run of CMA page blocks has ${formatSize(largest * pageSize)}`,
      }),
      ask: ({ contig: own, world }) => {
        for (let i = 0; i < own.areas.length; i++) {
          if (own.areas[i]!.count < count) continue;
          const got = own.cmaAlloc(count, align, i, { world });
          if (!got.ok) continue;
          own.cmaRelease(got.pfn, count);
          return 1;
        }
        return 0;
      },
    },
  ];
}
