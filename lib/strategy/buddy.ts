/** No CMA: the buddy allocator alone, up to its largest order. */

import { GRANTED } from "../base/answer";
import { log2 } from "../base/elementary";
import type { System } from "../machine/system";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import { explainFailure } from "../mm/reports/explain-failure";
import { __GFP_NOWARN, __GFP_RETRY_MAYFAIL } from "../mm/state/gfp";
import { OWNER_KINDS } from "../mm/state/owners";
import { refused } from "./contig-attempt";
import { aboveMask, takeForDevice } from "./device-zones";
import { Prepared } from "./prepared";
import { type Attempt, defineStrategy, type MemoryRequest } from "./strategy";

export const buddy = defineStrategy({
  name: "buddy",
  title: "no CMA (buddy allocator only)",
  summary:
    "alloc_pages() with as large an order as the request needs, trying hard (__GFP_RETRY_MAYFAIL). Nothing is reserved and nothing is promised: the answer depends on what is free, and the largest buddy order is the limit.",
  configure: "nothing",
  control: "the driver, at any time",
  since: "every release",
  sources: ["LWN, 1 May 2018: doing without CMA is one of the two work-arounds named"],
  parameters: {},
  machine: (base) => ({ ...base, cma: { kind: "off" } }),
  prepare: (system, parameters, request) => new PreparedBuddy(system, parameters, request),
});

class PreparedBuddy extends Prepared {
  private readonly order: number;

  constructor(system: System, parameters: object, request: MemoryRequest) {
    super(system, parameters, request, { wholePages: false });
    this.order = Math.max(0, Math.ceil(log2(Math.max(request.bytes, request.alignBytes) / system.pageSize)));
  }

  protected attempt(): Attempt {
    const { memory: m } = this.system;
    if (this.order > m.maxOrder)
      return refused(
        -12,
        `order ${this.order} is beyond the largest order of the buddy allocator, ${m.maxOrder} (${2 ** m.maxOrder} pages)`,
      );
    let why = "";
    const { got, above } = takeForDevice(
      this.system,
      this.asked.dmaBits,
      (gfp) => {
        const hard = gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
        const pfn = allocPages(m, hard, this.order);
        if (pfn < 0) why = explainFailure(m, hard, this.order);
        return pfn < 0 ? null : { pfn, pages: 2 ** this.order };
      },
      ({ pfn }) => freePages(m, pfn, this.order),
    );
    if (got === null) return refused(-12, aboveMask(this.system, this.asked.dmaBits, above, why));
    m.setOwner(got.pfn, OWNER_KINDS.driver);
    return { ...GRANTED, pieces: [got], busyRetries: 0 };
  }

  protected give({ pieces }: Attempt): void {
    for (const { pfn } of pieces) freePages(this.system.memory, pfn, this.order);
  }

  /** The buddy allocator hands out powers of two: the part beyond the request is lost while it is held. */
  protected override roundingBytes(): number {
    return this.order > this.system.memory.maxOrder
      ? 0
      : 2 ** this.order * this.system.pageSize - this.asked.bytes;
  }
}
