/** Decision points of kswapd and kcompactd. */
import { type Point, truth, wholeFrom } from "../point";

/** Runs of kswapd in a row that reclaimed nothing, after which a node is hopeless: MAX_RECLAIM_RETRIES. */
const HOPELESS = 16;

const TASK = {
  blockOrder: "order of a page block",
  mostOrder: "the highest order there is",
  highestZone: "highest zone of the node that is worked on",
} as const;

/** −1, or an order that there is. */
const order = (value: unknown, { mostOrder }: { readonly mostOrder: number }) =>
  wholeFrom(-1, mostOrder)(value);

export const KSWAPD_WAKE: Point<"kswapdWake"> = {
  ofNode: true,
  decides:
    "whether kswapd is woken, and for which order it works; asked for a node whenever a request wakes it",
  c: "`wakeup_kswapd()`",
  given: {
    order: "order that it is asked for; since 6.15 with `vm.defrag_mode` that of a page block at least",
    ...TASK,
    balanced: "a zone is above its high watermark and has a page of the order",
    boosted: "a watermark is boosted",
    failures: "runs in a row that reclaimed nothing; 16 make the node hopeless",
  },
  answers: "an order from 0 to `mostOrder`; −1: it sleeps on",
  rule: "the order asked for, unless the node is hopeless, or balanced and not boosted. All releases; boosts since 5.0.",
  stock: ({ order: asked, balanced, boosted, failures }) =>
    failures >= HOPELESS || (balanced && !boosted) ? -1 : asked,
  read: order,
};

export const KSWAPD_BALANCED: Point<"kswapdBalanced"> = {
  decides:
    "whether a zone has enough, so that kswapd is not woken, stops, or may sleep; one such zone is enough",
  c: "`pgdat_balanced()`",
  given: {
    order: "order that kswapd works for; 0 once it has reclaimed twice the order",
    blockOrder: "order of a page block",
    when: "`wake`: before it begins; `work`: before each pass; `sleep`: after the last",
    freePages: "NR_FREE_PAGES of the zone",
    freeBlockPages: "of these, pages in whole free page blocks",
    highPages: "the high watermark, with its boost",
    boost: "pages of it that are boost",
    reclaimed: "pages reclaimed by this run so far; 0 before and after it",
    markMet: "the high watermark is met, and a page of the order is free",
  },
  answers: "true or false; a run ends in any case once its mildest passes have become its hardest",
  rule: "true if the mark is met. Since 6.15 with `vm.defrag_mode`, for orders above 0, it has to be met in whole page blocks.",
  stock: ({ markMet }) => markMet,
  read: truth,
};

export const KCOMPACTD_WAKE: Point<"kcompactdWake"> = {
  ofNode: true,
  decides:
    "whether kcompactd is woken, and for which order it works; asked when kswapd has lowered boosts, and when it goes to sleep",
  c: "`wakeup_kcompactd()`",
  given: {
    order:
      "order that it is asked for: that of a page block after a boost; at sleep that of kswapd, and 0 if it was served",
    ...TASK,
    by: "`boost` or `sleep`",
    suitable: "compaction is of use for the order in a zone; false for order 0",
  },
  answers: "an order from 1 to `mostOrder`; −1: it sleeps on",
  rule: "the order asked for, if it is above 0 and compaction is of use. All releases; after a boost since 5.0.",
  stock: ({ order: asked, suitable }) => (asked > 0 && suitable ? asked : -1),
  read: (value, given) => (value === 0 ? undefined : order(value, given)),
};

export const KCOMPACTD_PROACTIVE: Point<"kcompactdProactive"> = {
  ofNode: true,
  decides:
    "whether kcompactd compacts a node unasked; asked at each of its looks, every half second of simulated time at most",
  c: "`should_proactive_compact_node()`; 5.9 and later, if `vm.compaction_proactiveness` is above 0",
  given: {
    score: "fragmentation score of the node, 0 to 100",
    threshold: "score above which the kernel compacts",
    proactiveness: "`vm.compaction_proactiveness`",
  },
  answers: "true or false",
  rule: "true if the score is above the threshold. Where such a run ends is asked of `compactionFinished`.",
  stock: ({ score, threshold }) => score > threshold,
  read: truth,
};
