/** No contiguity at all: an IOMMU in front of the device, or an adapter that takes page faults. */

import { GRANTED } from "../base/answer";
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import { __GFP_DIRECT_RECLAIM, __GFP_NOWARN, GFP_USER } from "../mm/state/gfp";
import { OWNER_KINDS } from "../mm/state/owners";
import { filled, name, type OutOf } from "../schema/field";
import { type Access, PROCESS_PARAMETERS } from "./constraints";
import { refused } from "./contig-attempt";
import { autoSize } from "./parameters";
import { Prepared, withoutCma } from "./prepared";
import { type Attempt, type Constraint, defineStrategy, type MemoryRequest } from "./strategy";

const PARAMETERS = {
  ...PROCESS_PARAMETERS,
  mode: filled(
    name(
      "`iommu`: an IOMMU translates; `odp`: the adapter faults pages in (on-demand paging)",
      ["iommu", "odp"],
      {
        default: "iommu",
      },
    ),
  ),
  largestPiece: autoSize("bytes of the largest piece requested; `auto`: the largest buddy page"),
};
type Parameters = OutOf<typeof PARAMETERS>;

export const iommu = defineStrategy({
  name: "iommu",
  title: "IOMMU or on-demand paging",
  summary:
    "The device sees one contiguous range of bus addresses, although the memory behind it is in pieces, because an IOMMU translates. Alternatively, the adapter itself faults pages in (on-demand paging), and nothing is pinned. The Pi 5's codecs work this way, which is why its CMA default shrank. The adapter still needs an entry for each of its pages; with an IOMMU, one large entry in the adapter is walked in the IOMMU's tables instead. Modelled: `iommu` takes the largest pieces available without waiting, as iommu_dma_alloc() does; `odp` faults in single movable pages.",
  configure:
    "an IOMMU, switched on and not in passthrough mode; or an adapter with ODP (mlx5; which of its adapters have it was not confirmed) and a registration that requests it",
  control: "platform and driver; ODP: the process",
  since: "every release with the IOMMU's driver; ODP since 3.19",
  sources: [
    "drivers/iommu/dma-iommu.c __iommu_dma_alloc_pages(), 6.1",
    "raspberrypi/linux issue 6361: CMA default lowered on the Pi 5, whose codecs and camera use an IOMMU",
    "drivers/infiniband/core/umem_odp.c",
  ],
  parameters: PARAMETERS,
  machine: withoutCma,
  prepare: (system, parameters, request) => new PreparedIommu(system, parameters, request),
});

class PreparedIommu extends Prepared<Parameters> {
  private readonly largestOrder: number;
  /** The memory that an attempt holds: pages by first frame and order, or slots. */
  private readonly held: Map<Attempt, { pages: [pfn: number, order: number][]; slots: number[] }>;

  constructor(system: System, parameters: Parameters, request: MemoryRequest) {
    super(system, parameters, request, { forDevice: false, contiguous: false, translated: true });
    const { largestPiece } = parameters;
    const { maxOrder } = system.memory;
    const order = largestPiece === "auto" ? maxOrder : log2(largestPiece / system.pageSize);
    if (!Number.isInteger(order) || order < 0 || order > maxOrder)
      throw new InputError(
        `iommu: largestPiece must be \`auto\` or the size of a page of order 0 to ${maxOrder}: got ${largestPiece}`,
      );
    this.largestOrder = order;
    this.held = new Map();
  }

  protected attempt(): Attempt {
    const limit = this.memlock(this.parameters);
    if (this.parameters.mode === "iommu" && this.asked.longtermPin && !limit.ok)
      return refused(-12, limit.text);
    return this.parameters.mode === "iommu" ? this.takePieces() : this.faultIn();
  }

  /** Takes pieces from the largest order down; smaller ones if no larger one is available without waiting. */
  private takePieces(): Attempt {
    const { memory: m } = this.system;
    const pages: [number, number][] = [];
    let left = this.pages;
    let order = this.largestOrder;
    while (left > 0) {
      order = Math.min(order, Math.floor(log2(left)));
      const light = (GFP_USER & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN;
      const pfn = allocPages(m, order > 0 ? light : GFP_USER | __GFP_NOWARN, order);
      if (pfn >= 0) {
        m.setOwner(pfn, OWNER_KINDS.driver);
        pages.push([pfn, order]);
        left -= 2 ** order;
      } else if (order > 0) order--;
      else {
        for (const [p, o] of pages) freePages(m, p, o);
        return refused(
          -12,
          `${formatSize((this.pages - left) * this.system.pageSize)} of ${formatSize(this.asked.bytes)} could be had, in pieces of any size`,
        );
      }
    }
    return this.granted({ pages, slots: [] }, pages);
  }

  private faultIn(): Attempt {
    const { system } = this;
    const slots: number[] = [];
    while (slots.length < this.pages) {
      const slot = system.alloc("anon");
      if (slot < 0) {
        for (const s of slots) system.free(s);
        return refused(-12, `${slots.length} of ${this.pages} pages could be faulted in`);
      }
      slots.push(slot);
    }
    return this.granted(
      { pages: [], slots },
      slots.map((s) => [system.slots.pfn[s]!, 0]),
    );
  }

  private granted(
    holds: { pages: [number, number][]; slots: number[] },
    frames: readonly (readonly [number, number])[],
  ): Attempt {
    const pieces: Attempt["pieces"] = [];
    for (const [pfn, order] of [...frames].sort((a, b) => a[0] - b[0])) {
      const last = pieces.at(-1);
      if (last !== undefined && last.pfn + last.pages === pfn) last.pages += 2 ** order;
      else pieces.push({ pfn, pages: 2 ** order });
    }
    const attempt: Attempt = { ...GRANTED, pieces, busyRetries: 0 };
    this.held.set(attempt, holds);
    return attempt;
  }

  protected give(attempt: Attempt): void {
    const { pages, slots } = this.held.get(attempt)!;
    this.held.delete(attempt);
    for (const [pfn, order] of pages) freePages(this.system.memory, pfn, order);
    for (const slot of slots) this.system.free(slot);
  }

  protected override access(): Access {
    return this.parameters.mode === "odp"
      ? { owner: "user", translated: true, pins: false }
      : { owner: "kernel", translated: true };
  }

  protected override figures(): Record<string, number> {
    const pieces = this.last?.pieces ?? [];
    const longest = pieces.reduce((n, p) => Math.max(n, p.pages), 0);
    return { pieces: pieces.length, longestRunBytes: longest * this.system.pageSize };
  }

  protected override rules(): Constraint[] {
    if (this.parameters.mode === "odp")
      return [
        { name: "memlock", ok: true, text: "on-demand paging pins nothing: RLIMIT_MEMLOCK does not apply" },
        {
          name: "fork",
          ok: true,
          text: "the adapter follows the page tables through MMU notifiers: copies after fork() are seen",
        },
        {
          name: "page-faults",
          ok: false,
          text: "a page that was moved or reclaimed costs the adapter a fault of its own, answered by the host",
        },
      ];
    return [
      this.memlock(this.parameters),
      {
        name: "bus-addresses",
        ok: true,
        text: "contiguous for the device in bus addresses; entries of the IOMMU's tables follow the pieces",
      },
    ];
  }
}
