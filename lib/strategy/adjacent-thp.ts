/** Huge pages of 2 MiB that happen to be adjacent: luck, which an adapter can use as far as it goes. */
import { GRANTED } from "../base/answer";
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { __GFP_NOWARN, GFP_USER, ZONE_MOVABLE } from "../mm/state/gfp";
import { MIGRATE_CMA } from "../mm/state/migratetype";
import { filled, name, number, type OutOf, truth } from "../schema/field";
import { type Access, fork, MAPPINGS, PROCESS_PARAMETERS } from "./constraints";
import { refused } from "./contig-attempt";
import { Prepared, withoutCma } from "./prepared";
import { type Attempt, type Constraint, defineStrategy, type MemoryRequest } from "./strategy";

const PARAMETERS = {
  ...PROCESS_PARAMETERS,
  extraShare: filled(
    number("huge pages taken beyond the need and given back, as a share of the need", "share", {
      default: 0.1,
      most: 100,
      source: "modelling choice",
    }),
  ),
  contiguous: filled(truth("whether only a single run counts as success", { default: false })),
  mapping: filled(
    name("the kind of mapping, which decides what fork() does", MAPPINGS, { default: "private" }),
  ),
};

export const adjacentThp = defineStrategy({
  name: "adjacent-thp",
  title: "huge pages that happen to be adjacent",
  summary:
    "The process maps ordinary memory, asks for transparent huge pages and registers what it got. The driver joins adjacent pages, and the adapter uses the largest page size that the pieces allow. This needs no privilege and no kernel change, but promises nothing. It helps to take more pages than needed and to keep those in the longest runs.",
  configure: "transparent_hugepage=madvise or always",
  control: "the process itself",
  since:
    "2.6.38 (THP); mlx5 has joined adjacent pages from its first release on, and common code has searched for the best page size since 5.2",
  sources: [
    "drivers/infiniband/core/umem.c: adjacent pages are joined, ib_umem_find_best_pgsz()",
    "the share of extra pages: modelling choice",
  ],
  parameters: PARAMETERS,
  machine: withoutCma,
  prepare: (system, parameters, request) => new PreparedAdjacentThp(system, parameters, request),
});

const PINNED_BY = "an RDMA registration";

class PreparedAdjacentThp extends Prepared<OutOf<typeof PARAMETERS>> {
  /** Slots of the huge pages of each piece granted, by the piece's first frame. */
  private readonly held: Map<number, number[]>;
  private longest: number;

  constructor(system: System, parameters: OutOf<typeof PARAMETERS>, request: MemoryRequest) {
    super(system, parameters, request, { forDevice: false, contiguous: parameters.contiguous });
    this.held = new Map();
    this.longest = 0;
  }

  private get hugePages(): number {
    return 2 ** this.system.memory.thpOrder;
  }

  protected attempt(): Attempt {
    const { system, asked, parameters } = this;
    const limit = this.memlock(parameters);
    if (asked.longtermPin && !limit.ok) return refused(-12, limit.text);
    if (!system.booted.thp) return refused(-12, "the kernel was built without transparent huge pages");
    const need = Math.ceil(this.pages / this.hugePages);
    const slots = this.take(Math.ceil(need * (1 + parameters.extraShare)));
    if (slots.length < need) {
      for (const slot of slots) system.free(slot);
      return refused(
        -12,
        `${slots.length} of ${need} huge pages of ${formatSize(this.hugePages * system.pageSize)} could be had`,
      );
    }
    const runs = this.runs(slots).sort((a, b) => b.length - a.length);
    this.longest = Math.max(this.longest, runs[0]!.length);
    if (parameters.contiguous && runs[0]!.length < need) {
      for (const slot of slots) system.free(slot);
      return refused(
        -12,
        `the longest run of adjacent huge pages is ${runs[0]!.length} of the ${need} needed, in ${runs.length} runs`,
      );
    }
    return this.keep(runs, need);
  }

  /** Up to `n` huge pages that may be pinned. */
  private take(n: number): number[] {
    const { system } = this;
    const slots: number[] = [];
    const passedOver: number[] = [];
    for (let i = 0; i < n; i++) {
      let slot = system.allocHuge();
      if (slot >= 0 && this.asked.longtermPin && !this.pinnable(slot)) {
        passedOver.push(slot);
        slot = system.alloc("anon", system.memory.thpOrder, GFP_USER | __GFP_NOWARN);
      }
      if (slot < 0) break;
      slots.push(slot);
    }
    for (const slot of passedOver) system.free(slot);
    return slots;
  }

  /** Pinning for long moves pages out of CMA areas and ZONE_MOVABLE first, to memory that is not movable: switch `longtermPin`. */
  private pinnable(slot: number): boolean {
    const { memory: m, slots } = this.system;
    const rule = m.sw.longtermPin;
    const pfn = slots.pfn[slot]!;
    if (rule !== "stays" && m.blockType(pfn) === MIGRATE_CMA) return false;
    return rule !== "leavesCmaAndMovable" || m.zoneOf(pfn)?.idx !== ZONE_MOVABLE;
  }

  /** Slots of adjacent pages together, each run ascending; a run ends at the edge of a zone. */
  private runs(slots: readonly number[]): number[][] {
    const { slots: table, memory: m } = this.system;
    const at = (slot: number) => table.pfn[slot]!;
    const runs: number[][] = [];
    let last = -1;
    for (const slot of [...slots].sort((a, b) => at(a) - at(b))) {
      const joins = last >= 0 && at(slot) === last + this.hugePages && m.zoneOf(last) === m.zoneOf(at(slot));
      if (joins) runs.at(-1)!.push(slot);
      else runs.push([slot]);
      last = at(slot);
    }
    return runs;
  }

  /** The longest runs until there are enough; the others are freed, what is kept is pinned. */
  private keep(runs: number[][], need: number): Attempt {
    const { system } = this;
    const pieces: Attempt["pieces"] = [];
    let left = need;
    for (const run of runs) {
      const kept = run.slice(0, left);
      left -= kept.length;
      for (const slot of run.slice(kept.length)) system.free(slot);
      if (kept.length === 0) continue;
      if (this.asked.longtermPin) for (const slot of kept) system.hold(slot, "longterm", PINNED_BY);
      const pfn = system.slots.pfn[kept[0]!]!;
      this.held.set(pfn, kept);
      pieces.push({ pfn, pages: kept.length * this.hugePages });
    }
    return { ...GRANTED, pieces, busyRetries: 0 };
  }

  protected give({ pieces }: Attempt): void {
    const { system } = this;
    for (const { pfn } of pieces) {
      for (const slot of this.held.get(pfn)!) {
        if (this.asked.longtermPin) system.unhold(slot, "longterm", PINNED_BY);
        system.free(slot);
      }
      this.held.delete(pfn);
    }
  }

  protected override access(): Access {
    return { owner: "user" };
  }

  protected override roundingBytes(): number {
    const bytes = this.hugePages * this.system.pageSize;
    return Math.ceil(this.asked.bytes / bytes) * bytes - this.asked.bytes;
  }

  protected override figures(): Record<string, number> {
    return {
      longestRunBytes: this.longest * this.hugePages * this.system.pageSize,
      pieces: this.last?.pieces.length ?? 0,
    };
  }

  protected override rules(): Constraint[] {
    return [this.memlock(this.parameters), fork(this.parameters.mapping)];
  }
}
