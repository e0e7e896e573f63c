/** Higher-order page reservations: a stock of large pages that is not split for smaller requests. */

import { GRANTED } from "../base/answer";
import { log2 } from "../base/elementary";
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import { __GFP_DIRECT_RECLAIM, __GFP_NOWARN, __GFP_RETRY_MAYFAIL } from "../mm/state/gfp";
import { OWNER_KINDS } from "../mm/state/owners";
import { filled, type OutOf, whole } from "../schema/field";
import { refused } from "./contig-attempt";
import { takeForDevice } from "./device-zones";
import { Prepared } from "./prepared";
import { type Attempt, defineStrategy, type MemoryRequest } from "./strategy";

const PARAMETERS = {
  pages: filled(whole("pages kept, of the order that the request needs", "pages", { default: 2 })),
};
type Parameters = OutOf<typeof PARAMETERS>;

export const reservation = defineStrategy({
  name: "reservation",
  title: "higher-order page reservations",
  summary:
    "Lameter's proposal of 2018: the page allocator keeps a number of pages of an order whole instead of splitting the last ones for smaller requests. Drivers, slab and jumbo frames can then obtain them after long uptimes. It serves requests up to the largest buddy order; 2 GB need another way, or a larger MAX_ORDER. Modelled: the stock is taken out of the free lists at boot, served from, and refilled without reclaim whenever it is below its number. The proposal leaves these pages on the free lists, where they count as free.",
  configure: "the number of pages of each order, at boot or at run time; a kernel with the patches",
  control: "the administrator sets the numbers; anyone who requests that order is served",
  since: "no release",
  sources: [
    "Christoph Lameter: patches to linux-mm and linux-rdma, February 2018 (spinics linux-rdma msg61085), after a scheme by Thomas used at an internet provider",
  ],
  parameters: PARAMETERS,
  machine: (base) => ({ ...base, cma: { kind: "off" } }),
  takesAtBoot: true,
  prepare: (system, parameters, request) => new PreparedReservation(system, parameters, request),
});

class PreparedReservation extends Prepared<Parameters> {
  private readonly order: number;
  private readonly stock: number[];
  private fromStock: number;

  constructor(system: System, parameters: Parameters, request: MemoryRequest) {
    super(system, parameters, request, { wholePages: false });
    this.order = Math.max(0, Math.ceil(log2(Math.max(request.bytes, request.alignBytes) / system.pageSize)));
    this.stock = [];
    this.fromStock = 0;
    this.refill(0);
  }

  /** Refills the stock up to its number; with `flags` it may wait. */
  private refill(flags: number): void {
    const { memory: m } = this.system;
    if (this.order > m.maxOrder) return;
    while (this.stock.length < this.parameters.pages) {
      const pfn = this.take((gfp) => (gfp & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN | flags);
      if (pfn < 0) return;
      this.stock.push(pfn);
    }
  }

  /** A page below the device's mask, or −1. */
  private take(flags: (gfp: number) => number): number {
    const { memory: m } = this.system;
    const { got } = takeForDevice(
      this.system,
      this.asked.dmaBits,
      (gfp) => {
        const pfn = allocPages(m, flags(gfp), this.order);
        return pfn < 0 ? null : { pfn, pages: 2 ** this.order };
      },
      ({ pfn }) => freePages(m, pfn, this.order),
    );
    if (got !== null) m.setOwner(got.pfn, OWNER_KINDS.driver);
    return got?.pfn ?? -1;
  }

  protected attempt(): Attempt {
    const { memory: m } = this.system;
    if (this.order > m.maxOrder)
      return refused(
        -12,
        `a reservation keeps pages of the buddy allocator, the largest of ${formatSize(2 ** m.maxOrder * this.system.pageSize)} (order ${m.maxOrder}): a request of order ${this.order} is beyond it`,
      );
    this.refill(0);
    let pfn = this.stock.pop() ?? -1;
    const ready = pfn >= 0;
    if (ready) this.fromStock++;
    else {
      pfn = this.take((gfp) => gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
      if (pfn < 0)
        return refused(
          -12,
          `the stock of ${this.parameters.pages} pages of order ${this.order} is used up, and no other could be made`,
        );
    }
    return {
      ...GRANTED,
      pieces: [{ pfn, pages: 2 ** this.order }],
      busyRetries: 0,
      ready,
    };
  }

  protected give({ pieces }: Attempt): void {
    for (const { pfn } of pieces)
      if (this.stock.length < this.parameters.pages) this.stock.push(pfn);
      else freePages(this.system.memory, pfn, this.order);
  }

  private get pageBytes(): number {
    return 2 ** this.order * this.system.pageSize;
  }

  protected override reservedBytes(): number {
    return this.order > this.system.memory.maxOrder ? 0 : this.parameters.pages * this.pageBytes;
  }

  protected override idleBytes(): number {
    return this.stock.length * this.pageBytes;
  }

  protected override roundingBytes(): number {
    return this.order > this.system.memory.maxOrder ? 0 : this.pageBytes - this.asked.bytes;
  }

  protected override figures(): Record<string, number> {
    return { servedFromStock: this.fromStock };
  }
}
