/** Guaranteed CMA: an area that lends its frames only to copies of clean file pages, which can be dropped at once. */
import type { System } from "../machine/system";
import { PreparedCarveOut } from "./carve-out";
import { AREA_PARAMETERS, type AreaParameters } from "./parameters";
import { type Attempt, defineStrategy, type MemoryRequest } from "./strategy";

export const guaranteedCma = defineStrategy({
  name: "guaranteed-cma",
  title: "guaranteed CMA (clean file pages only)",
  summary:
    "An area set aside at boot serves as a cleancache: if reclaim frees a clean file page, its contents may be kept there, and nothing can hold a reference to that copy. A request drops the copies in its range without moving anything or waiting. Shipped by Android vendors, posted in 2015 and again in 2025, not merged; a reviewer asked what keeps every such page easy to drop. Modelled: the area holds the last file pages reclaimed, first in first out, and a request pays for each copy it drops. Reads that a kept copy would have saved are not credited.",
  configure: "a kernel with the patches, and the area on its command line or in the device tree",
  control: "whoever boots the machine decides on the area; drivers take from it",
  since: "no release; out of tree in Android kernels",
  sources: [
    "SeongJae Park, Minchan Kim: GCMA, RFC v2 of 23 February 2015; paper at EWiLi 2015",
    "Suren Baghdasaryan: LSFMM topic of February 2025 and RFC of 20 March 2025 (LWN article 1015000)",
    "Christoph Hellwig's reply of 21 March 2025",
  ],
  parameters: AREA_PARAMETERS,
  machine: (base) => ({ ...base, cma: { kind: "off" } }),
  takesAtBoot: true,
  prepare: (system, parameters, request) => new PreparedGuaranteedCma(system, parameters, request),
});

class PreparedGuaranteedCma extends PreparedCarveOut {
  /** 1: the frame of the area holds a copy of a file page. */
  private readonly lent: Uint8Array;
  private next: number;
  private lentPages: number;
  private droppedPages: number;

  constructor(system: System, parameters: AreaParameters, request: MemoryRequest) {
    super(system, parameters, request, "guaranteed-cma");
    this.lent = new Uint8Array(this.area?.count ?? 0);
    this.next = 0;
    this.lentPages = 0;
    this.droppedPages = 0;
    const told = system.lru.onReclaim;
    system.lru.onReclaim = (pfn, as) => {
      told?.(pfn, as);
      if (as !== "swapped") this.keep();
    };
  }

  /** A clean file page was freed: its copy takes the next frame that no request holds. */
  private keep(): void {
    const { lent, area } = this;
    if (area === null || lent.length === 0) return;
    for (let tried = 0; tried < lent.length; tried++) {
      const at = this.next;
      this.next = at + 1 === lent.length ? 0 : at + 1;
      if (area.bitmap[at] === 1) continue;
      if (lent[at] === 0) this.lentPages++;
      lent[at] = 1;
      return;
    }
  }

  protected override attempt(): Attempt {
    const attempt = super.attempt();
    if (!attempt.ok) return attempt;
    let dropped = 0;
    for (const { pfn, pages } of attempt.pieces) {
      const first = pfn - this.area!.basePfn;
      for (let i = first; i < first + pages; i++) dropped += this.lent[i]!;
      this.lent.fill(0, first, first + pages);
    }
    this.lentPages -= dropped;
    this.droppedPages += dropped;
    return { ...attempt, dropped };
  }

  protected override idleBytes(): number {
    return super.idleBytes() - this.lentPages * this.system.pageSize;
  }

  protected override figures(): Record<string, number> {
    return {
      cleancacheBytes: this.lentPages * this.system.pageSize,
      cleancacheDroppedPages: this.droppedPages,
    };
  }
}
