/** Requests served by alloc_contig_pages(): any range of the machine that can be emptied. */
import type { System } from "../machine/system";
import { GFP_HIGHUSER_MOVABLE } from "../mm/gfp";
import type { OwnerKind } from "../mm/owners";
import { contigAttempt } from "./contig-attempt";
import { Prepared } from "./prepared";
import { deviceGfp, type RequestCheck } from "./request-check";
import type { Attempt, ContigRequest, StrategySpec } from "./strategy";

/** Where ranges are searched, and whose they become. */
export interface ContigPagesUse {
  /** `movable`: ZONE_MOVABLE too, and first; `device`: zones whose memory the device reaches and that may hold unmovable pages. */
  zones: "movable" | "device";
  owner: OwnerKind;
}

export class PreparedContigPages extends Prepared {
  constructor(
    system: System,
    spec: StrategySpec,
    request: ContigRequest,
    private readonly use: ContigPagesUse,
    check: RequestCheck = {},
  ) {
    super(system, spec, request, { forDevice: use.zones === "device", ...check });
  }

  protected attempt(): Attempt {
    const { system, use, asked } = this;
    const gfp = use.zones === "movable" ? GFP_HIGHUSER_MOVABLE : deviceGfp(system, asked.dmaBits)!;
    return contigAttempt(
      system.contig.allocContigPages(this.pages, gfp, { world: system.world, owner: use.owner }),
    );
  }

  protected give({ pieces }: Attempt): void {
    for (const { pfn, pages } of pieces) this.system.contig.freeContigRange(pfn, pages);
  }
}
