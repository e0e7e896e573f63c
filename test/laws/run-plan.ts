/**
 * Runs a plan (a machine and a list of operations) on the engine, beside an independent model of the allocated
 * frames. An operation that does not apply (a free if nothing is allocated) does nothing, so any part of a plan is a
 * plan.
 */
import type { CmaArea } from "../../lib/mm/contiguous/cma-area";
import type { Memory } from "../../lib/mm/state/memory";
import type { Zone } from "../../lib/mm/state/zone";
import type { Engine } from "./engine";
import { bootRanges, kernelShape, type MachineSpec } from "./machine-spec";
import { cmaPages, compactAll, contigPages, type Live } from "./movers";
import { Occupancy } from "./occupancy";

/**
 * One operation: name, then numbers.
 * alloc order kind cpu | free pick cpu | split pick order | bulk count kind cpu | capture pick order cpu |
 * isolate order putBack | drain zone | decay cpu | fold cpu | marks level | reclaim on | unreserve type force |
 * noboost | probe order type | compact | contig pages | cma pages align | cmafree pick
 */
export type Operation = readonly [string, ...number[]];

export interface Plan {
  seed: number;
  machine: MachineSpec;
  operations: readonly Operation[];
}

/** Requests: flags as 6.1 numbers them, the highest zone they may use, and their migrate type. */
export const KINDS: readonly { name: string; gfp: number; highest: number; type: number }[] = [
  { name: "GFP_KERNEL", gfp: 0xcc0, highest: 2, type: 0 },
  { name: "GFP_HIGHUSER_MOVABLE", gfp: 0x100cca, highest: 3, type: 1 },
  { name: "GFP_KERNEL|__GFP_RECLAIMABLE", gfp: 0xcd0, highest: 2, type: 2 },
  { name: "GFP_ATOMIC", gfp: 0x820, highest: 2, type: 0 },
  { name: "GFP_NOWAIT", gfp: 0x800, highest: 2, type: 0 },
  { name: "GFP_KERNEL|__GFP_DMA32", gfp: 0xcc4, highest: 1, type: 0 },
  { name: "GFP_USER|__GFP_MOVABLE", gfp: 0x100cc8, highest: 2, type: 1 },
  { name: "GFP_KERNEL|__GFP_MEMALLOC", gfp: 0x20cc0, highest: 2, type: 0 },
];

export class PlanFailure extends Error {
  readonly step: number;
  override readonly cause: unknown;
  constructor(step: number, operation: Operation | undefined, cause: unknown) {
    super(
      `operation ${step} (${operation?.join(" ") ?? "boot"}): ${cause instanceof Error ? cause.message : cause}`,
    );
    this.step = step;
    this.cause = cause;
  }
}

export interface PlanResult {
  allocations: number;
  failures: number;
  /** Over every frame allocated, in order. */
  hash: number;
}

/** Throws PlanFailure at the first broken law; everything is checked after each `every`-th operation and at the end. */
export function runPlan(engine: Engine, plan: Plan, every: number): PlanResult {
  const run = new Run(engine, plan.machine);
  const operations = plan.operations;
  let step = -1;
  try {
    run.check();
    for (step = 0; step < operations.length; step++) {
      run.apply(operations[step]!);
      run.count();
      if ((step + 1) % every === 0) run.check();
    }
    run.check();
  } catch (cause) {
    const at = Math.min(step, operations.length - 1);
    throw new PlanFailure(at, operations[at], cause);
  }
  return { allocations: run.allocations, failures: run.failures, hash: run.hash >>> 0 };
}

class Run {
  allocations = 0;
  failures = 0;
  hash = 0x811c9dc5;
  private readonly e: Engine;
  private readonly m: Memory;
  private readonly occupancy: Occupancy;
  private readonly live: Live = { pfns: [], orders: [] };
  private readonly bulk = new Int32Array(512);
  private readonly marks: number[][];
  private readonly reserves: number[][];
  private readonly area: CmaArea | undefined;
  /** First frames and lengths of the ranges that cma_alloc() returned. */
  private readonly buffers: [number, number][] = [];
  /** No block ever was CMA, HIGHATOMIC or ISOLATE. */
  private plainTypes: boolean;

  constructor(engine: Engine, spec: MachineSpec) {
    this.e = engine;
    this.m = engine.bootMemory(kernelShape(spec));
    this.plainTypes = spec.cmaRange === undefined;
    if (spec.cmaRange !== undefined)
      this.area = new engine.CmaArea("area", spec.cmaRange.startPfn, spec.cmaRange.pages);
    const ranges = spec.zones.flatMap((z) => bootRanges(z, spec.cmaRange));
    if (spec.cmaRange !== undefined) ranges.push(spec.cmaRange);
    this.occupancy = new Occupancy(
      spec.zones.map((z) => ({ idx: z.idx, startPfn: z.startPfn, endPfn: z.startPfn + z.pages })),
      ranges.map((r) => [r.startPfn, r.startPfn + r.pages] as const),
    );
    this.marks = this.m.zones.map((z) => [...z.wmark]);
    this.reserves = this.m.zones.map((z) => [...z.lowmemReserve]);
    for (const zone of this.m.zones) for (const pcp of zone.pcps) pcp.statThreshold = spec.statThreshold;
  }

  /** All laws of the engine's state. */
  check(): void {
    this.e.validate(this.m, "everything", { ownersKnown: true, plainTypes: this.plainTypes });
    const out = this.buffers.reduce((n, b) => n + b[1], 0);
    if (this.area !== undefined && this.area.used !== out)
      throw new Error(`CMA bitmap = allocated CMA frames: ${this.area.used} against ${out}`);
  }

  /** The count that the model and the engine must share after every operation. */
  count(): void {
    const zones = this.m.zones;
    for (let i = 0; i < zones.length; i++) {
      const zone = zones[i]!;
      let free = zone.nrFreePages;
      for (const pcp of zone.pcps) free += pcp.diffNrFree + pcp.count;
      if (free !== this.occupancy.free[i])
        throw new Error(
          `occupancy: zone ${zone.name} counts ${free} free, the model ${this.occupancy.free[i]}`,
        );
    }
  }

  apply(op: Operation): void {
    const a = op[1] ?? 0;
    const b = op[2] ?? 0;
    const c = op[3] ?? 0;
    switch (op[0]) {
      case "alloc":
        this.onCpu(c);
        this.alloc(a, b);
        return;
      case "free":
        this.onCpu(b);
        return this.free(a);
      case "split":
        return this.split(a, b);
      case "bulk":
        this.onCpu(c);
        return this.allocBulk(a, b);
      case "capture":
        this.onCpu(c);
        return this.capture(a, b);
      case "isolate":
        return this.isolate(a, b !== 0);
      case "drain":
        return this.e.drainAllPages(this.m, this.m.zones[a]);
      case "decay":
        this.onCpu(a);
        for (const zone of this.m.zones) {
          this.e.foldDiffs(zone, zone.pcp);
          if (this.m.sw.pcpAutoTune) this.e.decayPcpHigh(this.m, zone, zone.pcp);
        }
        return;
      case "fold":
        this.onCpu(a);
        for (const zone of this.m.zones) this.e.foldDiffs(zone, zone.pcp);
        return;
      case "marks":
        return this.setMarks(a);
      case "reclaim":
        for (const zone of this.m.zones) zone.reclaimActive = a !== 0;
        return;
      case "unreserve":
        this.e.unreserveHighatomicPageblock(
          this.m,
          this.m.zonelist,
          3,
          this.m.mobilityDisabled ? 0 : a,
          b !== 0,
        );
        return;
      case "noboost":
        for (const zone of this.m.zones) zone.watermarkBoost = 0;
        return;
      case "probe":
        return this.probe(a, b);
      case "compact":
        return compactAll(this.e, this.m, this.live, this.occupancy);
      case "contig":
        return this.contig(a);
      case "cma":
        return this.cma(a, b);
      case "cmafree":
        return this.cmaFree(a);
      default:
        throw new Error(`plan: unknown operation ${op[0]}`);
    }
  }

  private onCpu(cpu: number): void {
    for (const zone of this.m.zones) zone.pcp = zone.pcps[cpu % zone.pcps.length]!;
  }

  private take(pfn: number, order: number, highest: number): void {
    this.occupancy.take(pfn, order, highest);
    this.live.pfns.push(pfn);
    this.live.orders.push(order);
    this.allocations++;
    this.hash = Math.imul(this.hash ^ pfn, 0x01000193);
  }

  /** Takes one page out of those in use: [pfn, order], or undefined. */
  private pick(n: number): [number, number] | undefined {
    const { pfns, orders } = this.live;
    if (pfns.length === 0) return undefined;
    const i = n % pfns.length;
    const got: [number, number] = [pfns[i]!, orders[i]!];
    const lastPfn = pfns.pop()!;
    const lastOrder = orders.pop()!;
    if (i < pfns.length) {
      pfns[i] = lastPfn;
      orders[i] = lastOrder;
    }
    return got;
  }

  private alloc(order: number, kind: number): number {
    const k = KINDS[kind]!;
    const pfn = this.e.allocPages(this.m, k.gfp, order);
    if (pfn < 0) this.failures++;
    else this.take(pfn, order, k.highest);
    if (this.plainTypes) this.plainTypes = this.m.zones.every((z) => z.nrReservedHighatomic === 0);
    return pfn;
  }

  private allocBulk(count: number, kind: number): void {
    const k = KINDS[kind]!;
    const n = this.e.allocPagesBulk(this.m, k.gfp, Math.min(count, this.bulk.length), this.bulk);
    if (n > count) throw new Error(`bulk request: ${n} pages for ${count}`);
    for (let i = 0; i < n; i++) this.take(this.bulk[i]!, 0, k.highest);
  }

  private free(n: number): void {
    const page = this.pick(n);
    if (page === undefined) return;
    this.occupancy.give(page[0], page[1]);
    this.e.freePages(this.m, page[0], page[1]);
  }

  /** split_page(): one page in use becomes several smaller ones. */
  private split(n: number, order: number): void {
    const page = this.pick(n);
    if (page === undefined) return;
    const to = Math.min(order, page[1]);
    this.inUse(page[0], page[1], to);
  }

  private inUse(pfn: number, order: number, piece: number): void {
    const movable = this.m.state[pfn]! & 0x20;
    for (let p = pfn; p < pfn + 2 ** order; p += 2 ** piece) {
      this.m.state.fill(0, p, p + 2 ** piece);
      this.m.state[p] = 0x80 | movable | piece;
      this.live.pfns.push(p);
      this.live.orders.push(piece);
    }
  }

  /** A free beside a direct compactor that waits for a page of `order`. */
  private capture(n: number, order: number): void {
    const page = this.pick(n);
    if (page === undefined) return;
    let caught = -1;
    this.m.capture = (_zone: Zone, pfn: number, o: number, mt: number) => {
      if (caught >= 0 || o !== order || mt >= 4) return false;
      if (o < this.m.pageblockOrder && mt === 1) return false;
      caught = pfn;
      return true;
    };
    this.occupancy.give(page[0], page[1]);
    this.e.freePages(this.m, page[0], page[1]);
    this.m.capture = null;
    if (caught < 0) return;
    this.e.prepNewPage(this.m, caught, order, 0);
    this.take(caught, order, 3);
  }

  /** Compaction takes a free page of at least `order` and maps it as single pages, or puts it back. */
  private isolate(order: number, putBack: boolean): void {
    for (const zone of this.m.zones)
      for (let o = order; o <= this.m.maxOrder; o++)
        for (let mt = 0; mt < 3; mt++) {
          const pfn = this.e.getPageFromFreeArea(this.m, zone, o, mt);
          if (pfn < 0) continue;
          this.e.isolateFreePage(this.m, zone, pfn, o);
          if (putBack) {
            this.m.state.fill(0, pfn, pfn + 2 ** o);
            this.e.freeOnePage(this.m, zone, pfn, o, this.m.blockType(pfn), true);
            return;
          }
          this.occupancy.take(pfn, o, 3);
          this.inUse(pfn, o, Math.max(0, o - 4));
          return;
        }
  }

  /** alloc_contig_pages(); the frames are freed one by one later. */
  private contig(pages: number): void {
    this.plainTypes = false;
    const pfn = contigPages(this.e, this.m, pages, this.live, this.occupancy);
    if (pfn < 0) {
      this.failures++;
      return;
    }
    this.occupancy.takeRange(pfn, pages);
    this.hash = Math.imul(this.hash ^ pfn, 0x01000193);
    for (let p = pfn; p < pfn + pages; p++) {
      this.live.pfns.push(p);
      this.live.orders.push(0);
    }
  }

  private cma(count: number, align: number): void {
    if (this.area === undefined) return;
    const pages = 1 + (count % this.area.count);
    const pfn = cmaPages(this.e, this.m, this.area, pages, align, this.live, this.occupancy);
    if (pfn < 0) {
      this.failures++;
      return;
    }
    this.occupancy.takeRange(pfn, pages);
    this.hash = Math.imul(this.hash ^ pfn, 0x01000193);
    this.buffers.push([pfn, pages]);
  }

  private cmaFree(n: number): void {
    if (this.area === undefined || this.buffers.length === 0) return;
    const [[pfn, pages]] = this.buffers.splice(n % this.buffers.length, 1) as [[number, number]];
    for (let p = pfn; p < pfn + pages; p++) this.occupancy.give(p, 0);
    this.e.cmaRelease({ m: this.m, seen: {} }, this.area, pfn, pages);
  }

  /** 0: none, 1: as booted, 2: four times that. */
  private setMarks(level: number): void {
    this.m.zones.forEach((zone, i) => {
      zone.watermarkBoost = 0;
      for (let w = 0; w < 4; w++) zone.wmark[w] = this.marks[i]![w]! * (level === 2 ? 4 : level);
      for (let c = 0; c < zone.lowmemReserve.length; c++)
        zone.lowmemReserve[c] = level === 0 ? 0 : this.reserves[i]![c]!;
    });
  }

  /**
   * The law of honest failure: with empty per-CPU lists, exact counters and no watermarks, a request for at most a page
   * block fails only if no aligned run of free frames is that large.
   */
  private probe(order: number, type: number): void {
    const m = this.m;
    if (order > Math.min(m.pageblockOrder, m.maxOrder) || !this.plainTypes || m.sw.defragMode) return;
    const saved = m.zones.map((z) => [[...z.wmark], [...z.lowmemReserve], z.watermarkBoost] as const);
    this.setMarks(0);
    this.e.drainAllPages(m);
    for (const zone of m.zones) for (const pcp of zone.pcps) this.e.foldDiffs(zone, pcp);
    const { highest } = KINDS[type]!;
    const run = this.occupancy.hasRun(order, highest);
    const pfn = this.alloc(order, type);
    if (run && pfn < 0)
      throw new Error(`honest failure: order ${order}, type ${type} failed with a free run of that size`);
    m.zones.forEach((zone, i) => {
      const [wmark, reserve, boost] = saved[i]!;
      zone.wmark.set(wmark);
      zone.lowmemReserve.set(reserve);
      zone.watermarkBoost = boost;
    });
  }
}
