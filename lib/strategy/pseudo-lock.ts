/** RDT cache pseudo-locking, the second user of large contiguous memory: a region as large as the cache ways it locks. */
import { GRANTED } from "../base/answer";
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { allocPages, freePages } from "../mm/allocation/page-alloc";
import { explainFailure } from "../mm/reports/explain-failure";
import { __GFP_NOWARN, GFP_KERNEL } from "../mm/state/gfp";
import { OWNER_KINDS } from "../mm/state/owners";
import { oneOf } from "./choice";
import { refused } from "./contig-attempt";
import { PreparedContigPages } from "./contig-pages";
import type { Attempt, Constraint, MemoryRequest, Strategy, StrategySpec } from "./strategy";

export const pseudoLock: Strategy = {
  name: "pseudo-lock",
  title: "cache pseudo-locking (kzalloc)",
  summary:
    "resctrl takes a contiguous region of the size of the cache ways to lock, loads it into the cache and keeps it there. Its memory comes from kzalloc(), which ends at the largest buddy page; larger regions were to come from a contiguous allocation, which was never merged. `method` compares the two.",
  configure: "an Intel processor with CAT, resctrl mounted, a schemata of mode pseudo-locksetup",
  control: "the administrator, through resctrl",
  since: "4.19; with contiguous allocation in no release",
  sources: [
    "arch/x86/kernel/cpu/resctrl/pseudo_lock.c, 6.1, and fs/resctrl/pseudo_lock.c, 6.19: kzalloc(), regions beyond KMALLOC_MAX_SIZE refused",
    "LWN, 1 May 2018 and article 752794",
  ],
  defaults: { method: "kzalloc" },
  meanings: { method: "`kzalloc`: as merged; `contig`: by alloc_contig_pages()" },
  machine: (base) => ({ ...base, cma: base.cma ?? { kind: "off" } }),
  prepare: (system, spec, request) => new PreparedPseudoLock(system, spec, request),
};

class PreparedPseudoLock extends PreparedContigPages {
  private readonly method: "kzalloc" | "contig";
  private readonly order: number;

  constructor(system: System, spec: StrategySpec, request: MemoryRequest) {
    super(system, spec, request, { zones: "device", owner: "driver" }, { wholePages: false });
    this.method = oneOf(spec, "method", ["kzalloc", "contig"] as const);
    this.order = Math.max(0, Math.ceil(Math.log2(request.bytes / system.pageSize)));
  }

  protected override attempt(): Attempt {
    if (this.method === "contig") return super.attempt();
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
    if (this.method === "contig") super.give(attempt);
    else for (const { pfn } of attempt.pieces) freePages(this.system.memory, pfn, this.order);
  }

  /** kmalloc() of more than two pages is one page of the buddy allocator, a power of two. */
  protected override roundingBytes(): number {
    const { pageSize, memory } = this.system;
    if (this.method === "contig") return this.pages * pageSize - this.asked.bytes;
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
