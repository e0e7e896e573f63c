/** RDT cache pseudo-locking, the second user of large contiguous memory: a region as large as the cache ways it locks. */

import { GRANTED } from "../base/answer";
import { log2 } from "../base/elementary";
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import { explainFailure } from "../mm/reports/explain-failure";
import { __GFP_NOWARN, GFP_KERNEL } from "../mm/state/gfp";
import { OWNER_KINDS } from "../mm/state/owners";
import { filled, name, type OutOf } from "../schema/field";
import { refused } from "./contig-attempt";
import { PreparedContigPages } from "./contig-pages";
import { withoutCma } from "./prepared";
import { type Attempt, type Constraint, defineStrategy, type MemoryRequest } from "./strategy";

const PARAMETERS = {
  method: filled(
    name(
      "where the region comes from: `kzalloc` as merged, or `contig`: alloc_contig_pages()",
      ["kzalloc", "contig"],
      {
        default: "kzalloc",
      },
    ),
  ),
};
type Parameters = OutOf<typeof PARAMETERS>;

export const pseudoLock = defineStrategy({
  name: "pseudo-lock",
  title: "cache pseudo-locking (kzalloc)",
  summary:
    "resctrl takes a contiguous region of the size of the cache ways to lock, loads it into the cache and keeps it there. Its memory comes from kzalloc(), whose limit is the largest buddy page; larger regions were meant to come from a contiguous allocation that was never merged. `method` compares the two.",
  configure: "an Intel processor with CAT, resctrl mounted, a schemata of mode pseudo-locksetup",
  control: "the administrator, through resctrl",
  since: "4.19; with contiguous allocation in no release",
  sources: [
    "arch/x86/kernel/cpu/resctrl/pseudo_lock.c, 6.1, and fs/resctrl/pseudo_lock.c, 6.19: kzalloc(), regions beyond KMALLOC_MAX_SIZE refused",
    "LWN, 1 May 2018 and article 752794",
  ],
  parameters: PARAMETERS,
  machine: withoutCma,
  prepare: (system, parameters, request) => new PreparedPseudoLock(system, parameters, request),
});

class PreparedPseudoLock extends PreparedContigPages<Parameters> {
  private readonly order: number;

  constructor(system: System, parameters: Parameters, request: MemoryRequest) {
    super(system, parameters, request, { zones: "device", owner: "driver" }, { wholePages: false });
    this.order = Math.max(0, Math.ceil(log2(request.bytes / system.pageSize)));
  }

  protected override attempt(): Attempt {
    if (this.parameters.method === "contig") return super.attempt();
    const { memory: m, pageSize } = this.system;
    if (this.order > m.maxOrder)
      return refused(
        -7,
        `${formatSize(this.asked.bytes)} are beyond KMALLOC_MAX_SIZE, ${formatSize(pageSize * 2 ** m.maxOrder)}: contiguous regions larger than that are not supported`,
      );
    const gfp = GFP_KERNEL | __GFP_NOWARN;
    const pfn = allocPages(m, gfp, this.order);
    if (pfn < 0) return refused(-12, explainFailure(m, gfp, this.order));
    m.setOwner(pfn, OWNER_KINDS.slab);
    return { ...GRANTED, pieces: [{ pfn, pages: 2 ** this.order }], busyRetries: 0 };
  }

  protected override give(attempt: Attempt): void {
    if (this.parameters.method === "contig") super.give(attempt);
    else for (const { pfn } of attempt.pieces) freePages(this.system.memory, pfn, this.order);
  }

  /** kmalloc() of more than two pages is one page of the buddy allocator, a power of two. */
  protected override roundingBytes(): number {
    const { pageSize, memory } = this.system;
    if (this.parameters.method === "contig") return this.pages * pageSize - this.asked.bytes;
    return this.order > memory.maxOrder ? 0 : pageSize * 2 ** this.order - this.asked.bytes;
  }

  protected override rules(): Constraint[] {
    const { architecture } = this.system.booted;
    const ok = architecture === "x86-64";
    return [
      {
        name: "cpu",
        ok,
        text: ok
          ? "x86-64: pseudo-locking exists for Intel's CAT"
          : `${architecture} has no cache pseudo-locking`,
      },
    ];
  }
}
