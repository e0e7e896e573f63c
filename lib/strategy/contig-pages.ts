/** Requests served by alloc_contig_pages(): any range of the machine that can be emptied. */
import type { System } from "../machine/system";
import { CHECK_OF_2018 } from "../mm/contiguous/contig-pages";
import { GFP_HIGHUSER_MOVABLE } from "../mm/state/gfp";
import type { OwnerKind } from "../mm/state/owners";
import { contigAttempt, refused } from "./contig-attempt";
import { aboveMask, type Taken, takeForDevice } from "./device-zones";
import { Prepared } from "./prepared";
import type { RequestCheck } from "./request-check";
import type { Attempt, MemoryRequest } from "./strategy";

/** Where ranges are searched, and who owns them afterwards. */
export interface ContigPagesUse {
  /** `movable`: includes ZONE_MOVABLE, which comes first; `device`: zones that the device reaches and that may hold unmovable pages. */
  zones: "movable" | "device";
  owner: OwnerKind;
  /** The patches of 2017 and 2018, which move pages away on every release; default: the kernel's own function. */
  patch?: true;
}

export class PreparedContigPages<P extends object = object> extends Prepared<P> {
  constructor(
    system: System,
    parameters: P,
    request: MemoryRequest,
    private readonly use: ContigPagesUse,
    check: RequestCheck = {},
  ) {
    super(system, parameters, request, { forDevice: use.zones === "device", ...check });
  }

  protected attempt(): Attempt {
    const { system, use, asked, pages } = this;
    const check = use.patch ? CHECK_OF_2018 : undefined;
    const search = (gfp: number) =>
      contigAttempt(
        system.contig.allocContigPages(pages, gfp, { world: system.world, owner: use.owner, check }),
      );
    if (use.zones === "movable") return search(GFP_HIGHUSER_MOVABLE);
    let last: Attempt | null = null;
    let busyRetries = 0;
    const { got, above } = takeForDevice(
      system,
      asked.dmaBits,
      (gfp) => {
        last = search(gfp);
        busyRetries += last.busyRetries;
        return last.ok ? last.pieces[0]! : null;
      },
      (range) => this.freeRange(range),
    );
    const attempt = last as Attempt | null;
    if (attempt !== null && (got !== null || above.length === 0)) return { ...attempt, busyRetries };
    const text = aboveMask(system, asked.dmaBits, above, attempt?.reason ?? "");
    return { ...refused(-12, text, attempt?.details), busyRetries };
  }

  private freeRange({ pfn, pages }: Taken): void {
    this.system.contig.freeContigRange(pfn, pages);
  }

  protected give({ pieces }: Attempt): void {
    for (const piece of pieces) this.freeRange(piece);
  }
}
