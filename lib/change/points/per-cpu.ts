/** Decision points of the per-CPU lists. */
import { refillSize } from "../../mm/allocation/pcp-alloc";
import { nrPcpFree, nrPcpFreeCounted, nrPcpHigh } from "../../mm/allocation/pcp-free";
import type { PcpGiven } from "../../mm/state/decisions";
import { PerCpuPages } from "../../mm/state/per-cpu-pages";
import { fieldsOf, type Point, wholeFrom } from "../point";

const PAGES_MOST = 2 ** 24;
const pages = wholeFrom(0, PAGES_MOST);

/** Lists of a CPU as they were given: the kernel's own rule is asked of them, and changes only this copy. */
function copyOf(given: PcpGiven): PerCpuPages {
  const pcp = new PerCpuPages(0);
  for (const key of [
    "count",
    "batch",
    "high",
    "highMin",
    "highMax",
    "freeFactor",
    "allocFactor",
    "freeCount",
  ] as const)
    pcp[key] = given[key];
  return pcp;
}

const LISTS_OF_CPU = {
  order: "order of the request or of the page that is freed",
  count: "pages on the lists of the CPU",
  batch: "pages moved at once",
  high: "pages at which the lists drain, as it is tuned now",
  highMin: "its lower end",
  highMax: "its upper end",
  freeFactor: "5.14 to 6.6: doublings of the drain",
  allocFactor: "6.7 and later: doublings of the refill",
  freeCount: "6.7 and later: pages freed in a row",
  belowHigh: "free pages are below the high watermark (6.7 and later)",
  reclaiming: "kswapd works on the zone",
  autoTuned: "6.7 and later: `high` tunes itself",
  rule: "`fixed` up to 5.13, `freeFactor` up to 6.6, `freeCount` since 6.7",
} as const;

export const PCP_SIZE: Point<"pcpSize"> = {
  decides: "the sizes of the lists of every CPU, once after boot and after sysctls are written",
  c: "`zone_batchsize()`, `zone_highsize()`",
  given: {
    managedPages: "managed pages of the zone",
    cpus: "processors",
    batch: "pages moved at once, as the kernel sets it",
    high: "pages at which lists drain, as the kernel sets it; 6.7 and later: the lower end of the range",
  },
  answers: "`{ batch, high }`: whole numbers, batch 1 or more",
  rule: "the sizes given. They come from the zone's size and low watermark; the formula of the batch changed in 4.19 and 6.19, that of high in 5.14.",
  stock: ({ batch, high }) => ({ batch, high }),
  read: (value) => {
    const size = fieldsOf(value, "batch", "high");
    const batch = wholeFrom(1, PAGES_MOST)(size?.batch);
    const high = pages(size?.high);
    return batch === undefined || high === undefined ? undefined : { batch, high };
  },
};

export const PCP_REFILL: Point<"pcpRefill"> = {
  decides: "how many pages an empty list takes from the buddy lists",
  c: "`nr_pcp_alloc()`; before 6.7 the batch in `__rmqueue_pcplist()`",
  given: LISTS_OF_CPU,
  answers: "pages of the order, a whole number of 1 or more",
  rule: "the batch, divided by the size of the page; since 6.7 doubled with every refill in a row.",
  stock: (given) => refillSize(given.autoTuned ? TUNED : PLAIN, given, copyOf(given), given.order),
  read: wholeFrom(1, PAGES_MOST),
};

const TUNED = { autoTune: true };
const PLAIN = { autoTune: false };

export const PCP_HIGH: Point<"pcpHigh"> = {
  decides: "at how many pages the lists of a CPU drain, asked at every free",
  c: "`nr_pcp_high()`",
  given: { ...LISTS_OF_CPU, drainsAll: "a row of frees of a higher order: the kernel drains everything" },
  answers: "pages, a whole number of 0 or more; the lists drain when they hold as many",
  rule: "`high`; four batches while kswapd works (5.14 and later); 0 for rows of higher orders; since 6.7 within its range.",
  stock: (given) => {
    const { rule, drainsAll, batch, high, reclaiming } = given;
    if (rule === "freeCount") return nrPcpHigh(zoneOf(given), copyOf(given), batch, drainsAll);
    if (drainsAll) return 0;
    return reclaiming && rule !== "fixed" ? Math.min(high, batch << 2) : high;
  },
  read: pages,
};

const zoneOf = ({ reclaiming, belowHigh }: PcpGiven) => ({ reclaimActive: reclaiming, belowHigh });

export const PCP_DRAIN: Point<"pcpDrain"> = {
  decides: "how many pages full lists give back",
  c: "`nr_pcp_free()`",
  given: {
    ...LISTS_OF_CPU,
    drainsAll: "a row of frees of a higher order: the kernel drains everything",
    limit: "the number of pages at which the lists drain now",
  },
  answers: "base pages, a whole number of 0 or more; what the lists hold at most",
  rule: "one batch up to 5.13; doubled with every drain in a row up to 6.6; the pages freed in a row since 6.7.",
  stock: (given) => {
    const { rule, drainsAll, limit, batch } = given;
    if (rule === "freeCount") return nrPcpFreeCounted(copyOf(given), batch, limit, drainsAll);
    return nrPcpFree({ sw: { pcpFree: rule } }, copyOf(given), limit, drainsAll);
  },
  read: pages,
};
