/**
 * The page allocator as its callers see it: requests with flags and an owner, frees, observers and reports. A failed
 * request returns a result with its reason; an invalid argument throws.
 */
import { ERRNO, GRANTED, type Granted, type Refused, refusedWith } from "../base/answer";
import { InputError, unknownName } from "../base/errors";
import { gfpFromNames, gfpFromValue, knownGfpWords } from "../hardware/kernel-gfp";
import type { KernelRelease } from "../hardware/kernel-release";
import { gfpMigratetype } from "./allocation/alloc-flags";
import { drainAllPages } from "./allocation/drain-cpus";
import { allocPages, allocPagesBulk, freePages } from "./allocation/page-alloc";
import { bootMemory, type KernelShape } from "./boot/boot-memory";
import { buddyinfoText, extfragIndexText, unusableIndexText } from "./reports/buddyinfo";
import { explainFailure } from "./reports/explain-failure";
import { pagetypeinfoText } from "./reports/pagetypeinfo";
import { type ZoneReports, zoneReports } from "./reports/reports";
import { VALIDATE_LEVELS, type ValidateLevel, validate } from "./reports/validate";
import { vmstatText, zoneinfoText } from "./reports/zoneinfo";
import { PATH_BUDDY, PATH_FALLBACK, PATH_REFILL, PATH_SLOW } from "./state/alloc-context";
import * as gfpFlags from "./state/gfp";
import { engineGfp } from "./state/gfp-words";
import type { Memory } from "./state/memory";
import { ALLOCATED, ORDER_MASK } from "./state/page-state";
import type { TracePoints } from "./state/trace-points";
import type { Zone } from "./state/zone";

/** Request flags by name; join several with `|`. */
const GFP_NAMES = new Map<string, number>(
  Object.entries(gfpFlags).filter(
    (e): e is [string, number] => /^(__)?GFP_/.test(e[0]) && typeof e[1] === "number",
  ),
);

/**
 * `"GFP_KERNEL|__GFP_NOWARN"` → the flags. Also the names that reports of any release print (`GFP_NOFS`, `GFP_DMA`,
 * `__GFP_COLD`, `__GFP_WAIT`), and a hexadecimal text, `"0x40cc0"`, which is read with the bits of `release` (default
 * 6.1). A number is used unchanged: 6.1's bits.
 */
export function parseGfp(gfp: string | number, release: KernelRelease = "6.1"): number {
  if (typeof gfp === "number") {
    if (!Number.isInteger(gfp) || gfp < 0 || gfp >= 2 ** 31)
      throw new InputError(`gfp: flags must be a whole number from 0 to 2^31 − 1: got ${gfp}`);
    return gfp;
  }
  if (/^\s*0x[0-9a-f]{1,8}\s*$/i.test(gfp)) return fromBits(gfp, release);
  let flags = 0;
  for (const part of gfp.split("|")) {
    const name = part.trim();
    const value = GFP_NAMES.get(name);
    if (value !== undefined) flags |= value;
    else {
      const { has, unknown } = gfpFromNames(name);
      if (name === "" || unknown.length > 0)
        throw unknownName("gfp", name, [...new Set([...GFP_NAMES.keys(), ...knownGfpWords()])]);
      flags |= engineGfp(has);
    }
  }
  return flags;
}

function fromBits(text: string, release: KernelRelease): number {
  const { has, unknown } = gfpFromValue(Number(text), release);
  if (unknown.length > 0)
    throw new InputError(
      `gfp: the bits ${unknown.join(", ")} of ${text.trim()} have no meaning in Linux ${release}`,
    );
  return engineGfp(has);
}

/** One request. */
export interface PageRequest {
  /** 2^order contiguous pages; default 0. */
  order?: number;
  /** Flags, by name or as a number; default GFP_KERNEL. */
  gfp?: string | number;
  /** The preferred node (with __GFP_THISNODE: the only one); default the first. */
  nid?: number;
  /** The requester; kept with the result. */
  owner?: string;
}

/** Allocated pages. */
export interface Allocation extends Granted {
  /** First frame. */
  pfn: number;
  order: number;
  zone: string;
  /** Its node. */
  nid: number;
  migratetype: number;
  /**
   * Taken from a per-CPU list, after a refill of it, past it, or by a fallback to another type; `slow`: not on the
   * fast path.
   */
  path: "pcp" | "refill" | "buddy" | "fallback" | "slow";
  owner: string | undefined;
}

/** A request that failed. */
export interface FailedAllocation extends Refused {
  order: number;
  migratetype: number;
  owner: string | undefined;
}

/** The name of the path a request took, from its PATH_ flags. */
function pathName(path: number): Allocation["path"] {
  if (path & PATH_SLOW) return "slow";
  if (path & PATH_FALLBACK) return "fallback";
  if (path & PATH_BUDDY) return "buddy";
  return path & PATH_REFILL ? "refill" : "pcp";
}

/**
 * The page allocator of one started machine.
 *
 * @example
 * ```ts
 * import { machine } from "pageblock";
 *
 * const allocator = machine("qemu-virt").memory("512MiB").start();
 * const page = allocator.allocPages({ order: 9, gfp: "GFP_HIGHUSER_MOVABLE" });
 * if (page.ok) allocator.freePages(page);
 * allocator.validate(); // throws if a law of the state is broken
 * ```
 */
export class PageAllocator {
  /** The state that the free functions of mm/ work on. */
  readonly memory: Memory;
  readonly release: KernelRelease;

  constructor(memory: Memory, release: KernelRelease) {
    this.memory = memory;
    this.release = release;
  }

  /** Starts the allocator on the machine described. */
  static boot(shape: KernelShape): PageAllocator {
    return new PageAllocator(bootMemory(shape), shape.release);
  }

  /** __alloc_pages(). Throws InputError if the order, the flags or the node do not exist. */
  allocPages(request: PageRequest = {}): Allocation | FailedAllocation {
    const m = this.memory;
    const order = request.order ?? 0;
    if (!Number.isInteger(order) || order < 0 || order > 30)
      throw new InputError(`order: must be a whole number from 0 to ${m.maxOrder}: got ${order}`);
    const gfp = parseGfp(request.gfp ?? gfpFlags.GFP_KERNEL, this.release);
    const migratetype = gfpMigratetype(m, gfp);
    const zonelist = this.zonelist(request.nid, gfp);
    const pfn = allocPages(m, gfp, order, zonelist);
    m.trace?.pageAlloc?.(pfn, order, migratetype, gfp);
    if (pfn < 0)
      return {
        ...refusedWith(ERRNO.ENOMEM, explainFailure(m, gfp, order, zonelist)),
        order,
        migratetype,
        owner: request.owner,
      };
    const { name: zone, nid } = m.ac.zone!;
    const path = pathName(m.ac.path);
    return { ...GRANTED, pfn, order, zone, nid, migratetype, path, owner: request.owner };
  }

  /** The zones that a request for a node walks. */
  private zonelist(nid: number | undefined, gfp: number): Zone[] {
    const m = this.memory;
    const zones = m.zonelistOf(nid ?? m.firstNode, gfp);
    if (zones === undefined)
      throw new InputError(`nid: the machine has nodes 0 to ${m.nrNodes - 1}: got ${nid}`);
    return zones;
  }

  /** __alloc_pages_bulk(): up to `count` single pages. Returns the frames, maybe fewer. */
  allocPagesBulk(count: number, gfp: string | number = gfpFlags.GFP_KERNEL): Int32Array {
    if (!Number.isInteger(count) || count < 1 || count > 2 ** 20)
      throw new InputError(`bulk request: count must be a whole number from 1 to ${2 ** 20}: got ${count}`);
    const m = this.memory;
    const flags = parseGfp(gfp, this.release);
    const out = new Int32Array(count);
    const pages = out.subarray(0, allocPagesBulk(m, flags, count, out));
    const tell = m.trace?.pageAlloc;
    if (tell) for (const pfn of pages) tell(pfn, 0, gfpMigratetype(m, flags), flags);
    return pages;
  }

  /**
   * __free_pages(): an allocation, or 2^order frames from `pfn` on. Throws for frames that are outside any zone or
   * already free.
   */
  freePages(what: Allocation | number, order = 0): void {
    const m = this.memory;
    const pfn = typeof what === "number" ? what : what.pfn;
    const o = typeof what === "number" ? order : what.order;
    const zone = m.zoneOf(pfn);
    if (!Number.isInteger(o) || o < 0 || o > m.maxOrder)
      throw new InputError(`free: order must be a whole number from 0 to ${m.maxOrder}: got ${o}`);
    if (zone === undefined || pfn % (1 << o) !== 0 || pfn + (1 << o) > zone.endPfn)
      throw new InputError(`free: frame ${pfn} of order ${o} must be in a zone and aligned to its order`);
    const state = m.state[pfn]!;
    if (state >= ALLOCATED && (state & ORDER_MASK) < o)
      throw new InputError(
        `free: frame ${pfn} was allocated as a page of order ${state & ORDER_MASK}: it cannot be freed with order ${o}`,
      );
    const place = m.freePlaceOf(pfn);
    if (place !== undefined)
      throw new InputError(
        `free: frame ${pfn} is free already (${place.pcp ? "on a per-CPU list" : "in the buddy lists"}, page ${place.head} of order ${place.order})`,
      );
    if (m.state[m.headOf(pfn)]! < ALLOCATED)
      throw new InputError(`free: frame ${pfn} of order ${o} was never allocated: it is reserved`);
    m.trace?.pageFree?.(pfn, o);
    freePages(m, pfn, o);
  }

  /** drain_all_pages(). */
  drainAllPages(): void {
    drainAllPages(this.memory);
  }

  /** Checks the laws of the state; throws LawBroken naming the law, the zone and the frame. */
  validate(level: ValidateLevel = "everything"): void {
    if (!VALIDATE_LEVELS.includes(level)) throw unknownName("validate level", level, VALIDATE_LEVELS);
    validate(this.memory, level, { ownersKnown: true });
  }

  /**
   * One zone by name (of node `nid`), with the kernel's own reports on it: `allocator.zone("Normal").buddyinfo()`.
   */
  zone(name: string, nid?: number): ZoneReports {
    return zoneReports(this.memory, name, this.release, nid);
  }

  /** /proc/buddyinfo. */
  buddyinfo(): string {
    return buddyinfoText(this.memory);
  }

  /** /proc/pagetypeinfo. */
  pagetypeinfo(): string {
    return pagetypeinfoText(this.memory, this.memory.zones, this.release);
  }

  /** The lines of /proc/zoneinfo that the allocator alone decides. */
  zoneinfo(): string {
    return zoneinfoText(this.memory, undefined, { release: this.release });
  }

  /** The counters of /proc/vmstat that the allocator keeps. */
  vmstat(): string {
    return vmstatText(this.memory, this.release);
  }

  /** /sys/kernel/debug/extfrag/extfrag_index. */
  extfragIndex(): string {
    return extfragIndexText(this.memory);
  }

  /** /sys/kernel/debug/extfrag/unusable_index. */
  unusableIndex(): string {
    return unusableIndexText(this.memory);
  }

  /** Calls `points` for every trace point from now on; null stops it. */
  observe(points: TracePoints | null): void {
    this.memory.trace = points;
  }
}
