/**
 * The kernel's own reports as methods, for a whole machine or one zone. The text equals the kernel's, byte for byte.
 */
import { InputError, unknownName } from "../../base/errors";
import type { KernelRelease } from "../../hardware/kernel-release";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";
import { buddyinfoText, extfragIndexText, unusableIndexText } from "./buddyinfo";
import { fragmentationIndex, unusableFreeIndex } from "./fragmentation-index";
import { freeListLength, pagetypeinfoText } from "./pagetypeinfo";
import { zoneinfoText } from "./zoneinfo";

/** One zone and its reports. */
export class ZoneReports {
  /** `DMA`, `DMA32`, `Normal`, `Movable`. */
  readonly name: string;
  private readonly m: Memory;
  private readonly z: Zone;
  private readonly release: KernelRelease;

  constructor(m: Memory, zone: Zone, release: KernelRelease) {
    this.name = zone.name;
    this.m = m;
    this.z = zone;
    this.release = release;
  }

  /** Free pages on the buddy lists, of every type, without those on per-CPU lists. */
  get freePages(): number {
    return this.z.nrFree.reduce((pages, blocks, order) => pages + blocks * 2 ** order, 0);
  }

  /** Free blocks of an order, of one migrate type (a number as in /proc/pagetypeinfo's columns with CMA) or of all. */
  freeBlocks(order: number, migratetype?: number): number {
    this.checkOrder(order);
    if (migratetype === undefined) return this.z.nrFree[order]!;
    return freeListLength(this.m, this.z, order, migratetype);
  }

  /** The zone's line of /proc/buddyinfo. */
  buddyinfo(): string {
    return buddyinfoText(this.m, [this.z]);
  }

  /** /proc/pagetypeinfo for this zone only. */
  pagetypeinfo(): string {
    return pagetypeinfoText(this.m, [this.z], this.release);
  }

  /** The zone's part of /proc/zoneinfo: the lines that the allocator alone decides. */
  zoneinfo(): string {
    return zoneinfoText(this.m, [this.z], { release: this.release });
  }

  /** The zone's line of extfrag_index; with an order, the index as a number: −1, or 0 (memory) to 1 (fragmentation). */
  extfragIndex(): string;
  extfragIndex(order: number): number;
  extfragIndex(order?: number): string | number {
    if (order === undefined) return extfragIndexText(this.m, [this.z]);
    this.checkOrder(order);
    return fragmentationIndex(this.z.nrFree, order) / 1000;
  }

  /** The zone's line of unusable_index; with an order, the share of free memory it cannot use, 0 to 1. */
  unusableIndex(): string;
  unusableIndex(order: number): number;
  unusableIndex(order?: number): string | number {
    if (order === undefined) return unusableIndexText(this.m, [this.z]);
    this.checkOrder(order);
    return unusableFreeIndex(this.z.nrFree, order) / 1000;
  }

  private checkOrder(order: number): void {
    if (!Number.isInteger(order) || order < 0 || order > this.m.maxOrder)
      throw new InputError(`order: must be a whole number from 0 to ${this.m.maxOrder}: got ${order}`);
  }
}

/**
 * The reports of the zone called `name`, on the lowest node that has it or on `nid`. An unknown name throws an error
 * that lists the zones.
 */
export function zoneReports(m: Memory, name: string, release: KernelRelease, nid?: number): ZoneReports {
  const zone = m.zones.find((z) => z.name === name && (nid === undefined || z.nid === nid));
  if (zone === undefined)
    throw unknownName(
      "zone",
      nid === undefined ? name : `${name} of node ${nid}`,
      m.zones.map((z) => (nid === undefined ? z.name : `${z.name} of node ${z.nid}`)),
    );
  return new ZoneReports(m, zone, release);
}
