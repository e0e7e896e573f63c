/** No CMA: the buddy allocator alone, which ends at its largest order. */
import type { System } from "../machine/system";
import { explainFailure } from "../mm/explain-failure";
import { __GFP_NOWARN, __GFP_RETRY_MAYFAIL, GFP_KERNEL } from "../mm/gfp";
import { OWNER_KINDS } from "../mm/owners";
import { allocPages, freePages } from "../mm/page-alloc";
import { refused } from "./contig-attempt";
import type { Attempt, ContigRequest, PreparedStrategy, Strategy } from "./strategy";

export const buddy: Strategy = {
  name: "buddy",
  title: "no CMA (buddy allocator only)",
  summary:
    "alloc_pages() with as large an order as the request needs, trying hard (__GFP_RETRY_MAYFAIL). Nothing is reserved, nothing is promised: the answer hangs on what is free, and ends at the largest buddy order.",
  configure: "nothing",
  defaults: {},
  machine: (base) => ({ ...base, cma: { kind: "off" } }),
  prepare: (system, _spec, request) => new PreparedBuddy(system, request),
};

class PreparedBuddy implements PreparedStrategy {
  private readonly order: number;

  constructor(
    private readonly system: System,
    request: ContigRequest,
  ) {
    this.order = Math.ceil(Math.log2(Math.max(request.bytes, request.alignBytes) / system.pageSize));
  }

  request(): Attempt {
    const { memory: m } = this.system;
    const gfp = GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
    if (this.order > m.maxOrder)
      return refused(
        -12,
        `order ${this.order} is beyond the largest order of the buddy allocator, ${m.maxOrder} (${2 ** m.maxOrder} pages)`,
      );
    const pfn = allocPages(m, gfp, this.order);
    if (pfn < 0) return refused(-12, explainFailure(m, gfp, this.order));
    m.setOwner(pfn, OWNER_KINDS.driver);
    return { granted: true, errno: 0, pieces: [{ pfn, pages: 2 ** this.order }], busyRetries: 0, why: null };
  }

  release({ pieces }: Attempt): void {
    for (const { pfn } of pieces) freePages(this.system.memory, pfn, this.order);
  }

  metrics(): Record<string, number> {
    return { reservedBytes: 0, roundingBytes: 2 ** this.order * this.system.pageSize };
  }
}
