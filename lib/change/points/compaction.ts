/** Decision points of compaction. */
import { oneOf, type Point, truth } from "../point";

const BLOCK = {
  blockPfn: "first frame of the block",
  blockType: "type of the block",
  blockPages: "pages of a block",
  order: "order that the run is for; −1: the whole zone",
  type: "type of the request",
  mode: "`async`, `sync-light` or `sync`",
  direct: "the run serves a request that waits",
  wholeBlock: "one page fills the block",
  anyType: "the type of blocks does not count (the last attempt of a request)",
  fast: "the block comes from the search of the free lists (5.1 and later)",
} as const;

export const COMPACTION_SOURCE: Point<"compactionSource"> = {
  decides: "whether pages of a block are moved away",
  c: "`suitable_migration_source()`",
  given: BLOCK,
  answers: "true or false",
  rule: "an asynchronous direct run empties blocks of the request's own type only (CMA counts as movable); no run empties a block that one page fills. All releases.",
  stock: ({ mode, direct, blockType, type, wholeBlock }) => {
    const own = blockType === type || (type === "movable" && blockType === "cma");
    return (own || mode !== "async" || !direct) && !wholeBlock;
  },
  read: truth,
};

export const COMPACTION_TARGET: Point<"compactionTarget"> = {
  decides: "whether free pages of a block are filled with pages that are moved",
  c: "`suitable_migration_target()`",
  given: BLOCK,
  answers: "true or false",
  rule: "movable and CMA blocks without a free page that fills them; the search of the free lists asks nothing. All releases.",
  stock: ({ blockType, anyType, wholeBlock, fast }) =>
    fast || ((anyType || blockType === "movable" || blockType === "cma") && !wholeBlock),
  read: truth,
};

export const COMPACTION_SUITABLE: Point<"compactionSuitable"> = {
  decides: "whether a zone is compacted for an order",
  c: "`compaction_suitable()`, `compaction_suit_allocation_order()`",
  given: {
    order: "order of the request",
    freePages: "NR_FREE_PAGES of the zone",
    markMet: "the request would succeed: its watermark is met and a page of the order is free",
    hasRoom: "there are enough free pages to move pages to",
    costly: "the order is above 3",
    index: "fragmentation index in thousandths; −1000: a page of the order is free",
    threshold: "`vm.extfrag_threshold`",
  },
  answers: "`success`: there is no need; `skipped`: there is no use; `continue`: compact",
  rule: "`success` if the mark is met, `skipped` without room, and `skipped` for a costly order if the index says that memory lacks. All releases.",
  stock: ({ markMet, hasRoom, costly, index, threshold }) => {
    if (markMet) return "success";
    return hasRoom && !(costly && index >= 0 && index <= threshold) ? "continue" : "skipped";
  },
  read: oneOf("success", "skipped", "continue"),
};

export const COMPACTION_FINISHED: Point<"compactionFinished"> = {
  decides: "whether a run ends before its scanners meet",
  c: "`compact_finished()`",
  given: {
    order: "order that the run is for; −1: the whole zone",
    type: "type of the request",
    direct:
      "the run serves a request that waits; otherwise it is of kcompactd, or of a command if the order is −1",
    proactive: "the run is proactive",
    score: "fragmentation score of the zone, for proactive runs",
    scoreGoal: "score at which a proactive run ends",
    atBlockEnd: "the scanner of sources stands at the start of a block",
    pageFree: "a page of the order is free to the request, by a fallback too",
    migratePfn: "frame of the scanner of sources",
    freePfn: "frame of the scanner of targets",
    freePages: "NR_FREE_PAGES of the zone",
    freeBlockPages: "of these, pages in whole free page blocks",
    highPages: "the high watermark of the zone, with its boost",
  },
  answers: "`continue` or `success`",
  rule: "proactive runs end at the goal; others at the start of a block, if a page is free; runs over the whole zone do not. All releases. Since 6.15 with `vm.defrag_mode` the page of kcompactd is free once the high watermark is met in whole page blocks.",
  stock: ({ proactive, score, scoreGoal, order, atBlockEnd, pageFree }) => {
    if (proactive) return score > scoreGoal ? "continue" : "success";
    return order !== -1 && atBlockEnd && pageFree ? "success" : "continue";
  },
  read: oneOf("continue", "success"),
};

export const COMPACTION_DEFERRED: Point<"compactionDeferred"> = {
  decides: "whether an attempt to compact is skipped because earlier ones failed",
  c: "`compaction_deferred()`",
  given: {
    order: "order of the request",
    considered: "attempts since the last failure",
    deferShift: "log2 of the attempts to skip",
    orderFailed: "smallest order that failed",
  },
  answers: "true or false; the attempt is counted in either case",
  rule: "true for orders that failed, until 2^deferShift attempts were made. All releases.",
  stock: ({ order, considered, deferShift, orderFailed }) =>
    order >= orderFailed && considered + 1 < 1 << deferShift,
  read: truth,
};
