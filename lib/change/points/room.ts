/** Decision points of watermarks, reclaim and contiguous requests. */
import { fieldsOf, oneOf, type Point, truth, wholeFrom } from "../point";

export const WATERMARK: Point<"watermark"> = {
  decides: "whether a request may take pages from a zone",
  c: "`__zone_watermark_ok()`, `zone_watermark_fast()`",
  given: {
    order: "order of the request",
    freePages: "free pages that are counted",
    unusablePages: "of these, pages that the request cannot use",
    markPages: "the watermark, less what the request's rights let it take",
    reservePages: "`lowmem_reserve` of the zone against the request",
    pageFree: "a page of the order or above is free to the request",
    shortcut: "the kernel decided without a closer look that it may",
  },
  answers: "true or false",
  rule: "true if the usable pages are more than mark and reserve, and a page of the order is free. All releases; what is unusable differs.",
  stock: ({ freePages, unusablePages, markPages, reservePages, pageFree, shortcut }) =>
    shortcut || (freePages - unusablePages > markPages + reservePages && pageFree),
  read: truth,
};

export const WATERMARK_BOOST: Point<"watermarkBoost"> = {
  decides: "by how many pages the watermarks of a zone are raised after a fallback that mixes blocks",
  c: "`boost_watermark()`; 5.0 and later",
  given: {
    boost: "pages by which they are raised already",
    blockPages: "pages of a block",
    most: "the most by `vm.watermark_boost_factor`, a block at least",
  },
  answers: "pages by which they are raised from now on, a whole number of 0 or more",
  rule: "a block more, up to the most.",
  stock: ({ boost, blockPages, most }) => Math.min(boost + blockPages, most),
  read: wholeFrom(0, 2 ** 24),
};

export const RECLAIM_PRIORITY: Point<"reclaimPriority"> = {
  ofNode: true,
  decides: "how hard reclaim works on each kind of pages",
  c: "`get_scan_count()`, `shrink_slab()`",
  given: {
    list: "`file`, `anon` or `slab`",
    priority: "priority of the pass: 12 is the mildest, 0 scans whole lists",
    goal: "pages wanted",
    reclaimed: "pages reclaimed by this pass so far",
    inactivePages: "pages of the inactive list of the node; 0 for slab",
    activePages: "pages of the active list of the node; 0 for slab",
    freeSwapPages: "free swap",
  },
  answers: "a priority from 0 to 12; −1: these pages are left alone",
  rule: "the priority of the pass. The model scans file pages first and, with swap, anonymous pages in the same proportion.",
  stock: ({ priority }) => priority,
  read: wholeFrom(-1, 12),
};

export const CONTIG_SEARCH: Point<"contigSearch"> = {
  decides: "in which order `alloc_contig_pages()` tries ranges",
  c: "`alloc_contig_pages()`; before 5.5 `alloc_gigantic_page()`",
  given: {
    pages: "pages wanted",
    blockPages: "pages of a block",
    zoneStartPfn: "first frame of the zone",
    zoneEndPfn: "frame behind its last one",
  },
  answers:
    "`{ from, unit }`: `from` is `lowest` or `highest`, `unit` the distance of two ranges in pages, a whole number of blocks or the pages wanted; ranges begin at multiples of it",
  rule: "from the lowest, in steps of the pages wanted. All releases.",
  stock: ({ pages }) => ({ from: "lowest", unit: pages }),
  read: (value, { pages, blockPages }) => {
    const search = fieldsOf(value, "from", "unit");
    const from = oneOf("lowest", "highest")(search?.from);
    const unit = wholeFrom(1, 2 ** 31)(search?.unit);
    if (from === undefined || unit === undefined || (unit !== pages && unit % blockPages !== 0))
      return undefined;
    return { from, unit };
  },
};
