/** Decision points of a request that finds no page of its own type. */
import { canStealFallback } from "../../mm/allocation/fallback-steal";
import { type FallbackPage, TYPE_WORDS, type TypeWord } from "../../mm/state/decisions";
import { FALLBACKS } from "../../mm/state/migratetype";
import { fieldsOf, oneOf, type Point, truth, wholeFrom } from "../point";

const typeWord = oneOf("unmovable", "movable", "reclaimable", "highatomic", "cma");

/** A list of types without repetition, none of them `but`. */
function typesBut(value: unknown, but: TypeWord | null): TypeWord[] | undefined {
  if (!Array.isArray(value) || value.length > TYPE_WORDS.length) return undefined;
  const words: TypeWord[] = [];
  for (const one of value) {
    const word = typeWord(one);
    if (word === undefined || word === but || words.includes(word)) return undefined;
    words.push(word);
  }
  return words;
}

const frame = wholeFrom(0, 2 ** 31);

export const FALLBACK_ORDER: Point<"fallbackOrder"> = {
  decides: "from which types a request takes pages that has none of its own type",
  c: "`fallbacks[]`, `find_suitable_fallback()`",
  given: {
    type: "type of the request",
    order: "order of the free pages that are looked at",
    freeBlocks: "free pages of this order in the zone, of all types",
  },
  answers:
    "a list of types, the best first, without the request's own: `unmovable`, `movable`, `reclaimable`, `highatomic`, `cma`; the first that has a page is used; an empty list: none",
  rule: "unmovable: reclaimable, movable; movable: reclaimable, unmovable; reclaimable: unmovable, movable. All releases.",
  stock: ({ type }) => (FALLBACKS[TYPE_WORDS.indexOf(type)] ?? []).map((mt) => TYPE_WORDS[mt]!),
  read: (value, { type }) => typesBut(value, type),
};

export const SHOULD_CLAIM: Point<"shouldClaim"> = {
  decides: "whether the whole block of a page found by a fallback may be taken",
  c: "`can_steal_fallback()`, since 6.15 `should_try_claim_block()`",
  given: {
    type: "type of the request",
    foundOrder: "order of the page that was found",
    blockOrder: "order of a page block",
    mobilityGrouping: "blocks are grouped by mobility",
  },
  answers: "true or false",
  rule: "true for pages of half a block's order and more, for unmovable and reclaimable requests, and without mobility grouping. All releases.",
  stock: ({ type, foundOrder, blockOrder, mobilityGrouping }) =>
    canStealFallback(
      { pageblockOrder: blockOrder, mobilityDisabled: !mobilityGrouping },
      foundOrder,
      TYPE_WORDS.indexOf(type),
    ),
  read: truth,
};

export const CLAIM_BLOCK: Point<"claimBlock"> = {
  decides: "what is taken of a block that may be taken whole; not asked for a page that fills a block",
  c: "`steal_suitable_fallback()`, since 6.15 `try_to_claim_block()`",
  given: {
    type: "type of the request",
    order: "order of the request",
    foundOrder: "order of the page that was found",
    pfn: "its first frame",
    blockType: "type of its block",
    blockPages: "pages of a block",
    freePages: "free pages of the block",
    alikePages: "pages in use that suit the request's type",
    mobilityGrouping: "blocks are grouped by mobility",
    rule: "`steal` up to 6.9, `claim` since 6.10",
  },
  answers:
    "`claim`: all free pages, and the block changes its type; `move` (rule `steal` only): all free pages, and the block keeps its type; `page` (rule `steal` only): this page alone; `none`: nothing of this block",
  rule: "`claim` if half of the block is free or alike, or without mobility grouping; otherwise `move` up to 6.9 and `none` since 6.10.",
  stock: ({ freePages, alikePages, blockPages, mobilityGrouping, rule }) => {
    if (freePages + alikePages >= blockPages >> 1 || !mobilityGrouping) return "claim";
    return rule === "steal" ? "move" : "none";
  },
  read: (value, { rule }) =>
    rule === "steal" ? oneOf("claim", "move", "page", "none")(value) : oneOf("claim", "none")(value),
};

export const STEAL_PAGE: Point<"stealPage"> = {
  decides: "whether a page is taken alone out of a block that keeps its type",
  c: "`steal_suitable_fallback()` (single page), since 6.15 `__rmqueue_steal()`",
  given: {
    type: "type of the request",
    order: "order of the request",
    foundOrder: "order of the page that was found",
    pageType: "type of the page's list; up to 6.9 of its block",
    pfn: "its first frame",
  },
  answers:
    "true or false; false: the next order is looked at (6.10 and later), or the request gets no page here",
  rule: "true. All releases. Since 6.10 a request that must not fragment (ALLOC_NOFRAGMENT) is not asked about.",
  stock: () => true,
  read: truth,
};

/** First, lowest, highest, or a range of frames. */
function placeOf(value: unknown): FallbackPage | undefined {
  if (typeof value === "string") return oneOf("first", "lowest", "highest")(value);
  const range = fieldsOf(value, "from", "to");
  const from = frame(range?.from);
  const to = frame(range?.to);
  return from === undefined || to === undefined ? undefined : { from, to };
}

export const FALLBACK_PAGE: Point<"fallbackPage"> = {
  decides: "which page of a foreign list a fallback takes, for a region of their own for some requests",
  c: "`get_page_from_free_area()` in `__rmqueue_fallback()`, `__rmqueue_claim()`, `__rmqueue_steal()`",
  given: {
    type: "type of the request",
    foundOrder: "order of the free pages",
    pageType: "type of the list",
    firstPfn: "first frame of the first page of the list",
    zoneStartPfn: "first frame of the zone",
    zoneEndPfn: "frame behind its last one",
    blockPages: "pages of a block",
  },
  answers:
    "`first`: the first page of the list; `lowest`, `highest`: the page with the lowest or highest frame; `{ from, to }`: the first page of the list whose frames lie in the range (frame numbers, `to` excluded), and if there is none this type is passed over",
  rule: "`first`. All releases.",
  stock: () => "first",
  read: placeOf,
};

export const FREE_PAGE: Point<"freePage"> = {
  decides: "which free page of a list a request takes",
  c: "`get_page_from_free_area()` in `__rmqueue_smallest()`, `page_del_and_expand()`",
  given: {
    type: "type of the list",
    order: "order of the request",
    cpu: "processor of the request",
    lastPfn: "first frame of what this processor took last from this zone and type; −1: nothing yet",
    lastOrder: "its order; −1: nothing yet",
    zoneStartPfn: "first frame of the zone",
    zoneEndPfn: "frame behind its last one",
    blockPages: "pages of a block",
  },
  answers:
    "`first`: the first page of the smallest order that fits; `lowest`, `highest`: of this order the page with the lowest or highest frame; `{ from, to }`: the frames at `from` if they are free, otherwise the first free page, smallest order first, with room in the range (`to` excluded), and without any what `first` takes",
  rule: "`first`. All releases.",
  stock: () => "first",
  read: placeOf,
};

export const LISTS: Point<"lists"> = {
  decides: "which lists a request is served from before a fallback",
  c: "`__rmqueue()`",
  given: {
    type: "type of the request",
    order: "order of the request",
    mayUseCma: "the request may take CMA pages (ALLOC_CMA)",
    balance: "the release takes CMA pages first while they are many",
    threshold: "0: the half rule; n: more than n sixteenths (Raspberry Pi)",
    freePages: "NR_FREE_PAGES of the zone",
    freeCmaPages: "NR_FREE_CMA_PAGES of the zone",
  },
  answers:
    "a list of the request's own type and, for requests that may use it, `cma`, in the order in which they are searched",
  rule: "own, then `cma`. Since 5.8 `cma` first while over half of the free pages are CMA pages.",
  stock: ({ type, mayUseCma, balance, threshold, freePages, freeCmaPages }) => {
    if (!mayUseCma) return [type];
    const half =
      threshold === 0 ? freeCmaPages > freePages >> 1 : freeCmaPages > (freePages >> 4) * threshold;
    return balance && half ? ["cma", type] : [type, "cma"];
  },
  read: (value, { type, mayUseCma }) => {
    const words = typesBut(value, null);
    return words?.every((word) => word === type || (word === "cma" && mayUseCma)) ? words : undefined;
  },
};

export const LIST_END: Point<"listEnd"> = {
  decides: "to which end of its list a freed page goes, once it is merged with its buddies",
  c: "`__free_one_page()`: `buddy_merge_likely()`, `add_to_free_list_tail()`",
  given: {
    type: "type of the list",
    order: "order of the page after merging",
    pfn: "its first frame",
    toTail: "the caller asks for the tail (FPI_TO_TAIL)",
    mergeLikely: "the buddy of the next-higher order is free",
  },
  answers: "`head` or `tail`",
  rule: "`tail` if the caller asks for it (5.10 and later) or a merge is likely; otherwise `head`.",
  stock: ({ toTail, mergeLikely }) => (toTail || mergeLikely ? "tail" : "head"),
  read: oneOf("head", "tail"),
};
