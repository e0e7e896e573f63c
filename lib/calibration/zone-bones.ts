/**
 * The zones of a snapshot without their lists: extent, watermarks, reserves, per-CPU lists, pages that may move. From zoneinfo; or,
 * where only pagetypeinfo is known, by the rules of the kernel.
 */
import { InputError } from "../base/errors";
import type { ZoneState } from "../machine/machine-state";
import { ZONE_INDEX } from "../machine/zones";
import { zonePagesetSize } from "../mm/boot/pageset-size";
import { calculateMinFreeKbytes, setupPerZoneLowmemReserve, setupPerZoneWmarks } from "../mm/boot/watermarks";
import { parseZoneNumbers, type ZoneNumbers, zoneNumber } from "../trace/zoneinfo-text";
import type { PageTypeLists } from "./list-texts";

/** A zone without its lists; `kernelName` as the texts have it, `freeCounter` NR_FREE_PAGES if it is known. */
export interface ZoneBones
  extends Omit<ZoneState, "free" | "blocks" | "hugePages" | "hugetlb" | "hugetlbFree"> {
  kernelName: string;
  freeCounter?: number;
}

/** The model has no ZONE_HIGHMEM; like it, ZONE_MOVABLE gives nothing to the kernel itself. */
function modelName(name: string, assumed: string[]): ZoneState["name"] | undefined {
  if (name === "HighMem") {
    assumed.push("HighMem gives memory as ZONE_MOVABLE does");
    return "Movable";
  }
  return name in ZONE_INDEX ? (name as ZoneState["name"]) : undefined;
}

/** The zones with memory in /proc/zoneinfo, by their first frame. */
export function zonesOf(text: string, file: string, assumed: string[]): ZoneBones[] {
  const zones = parseZoneNumbers(text, file).flatMap((zone) => {
    const name = modelName(zone.name, assumed);
    return name === undefined ? [] : [zoneBones(zone, name, file)];
  });
  if (zones.length === 0) throw new InputError(`${file}: shows no zone with memory`);
  return zones.sort((a, b) => a.startPfn - b.startPfn);
}

function zoneBones(zone: ZoneNumbers, name: ZoneState["name"], file: string): ZoneBones {
  const number = (field: string) => zoneNumber(zone, field, file);
  const maybe = (field: string) => (zone.numbers.has(field) ? number(field) : undefined);
  const boost = maybe("boost") ?? 0;
  const mark = (field: string) => Math.max(0, number(field) - boost);
  const [first] = zone.perCpu;
  const sum = (...fields: string[]) => fields.reduce((n, field) => n + (maybe(field) ?? 0), 0);
  const freeCounter = maybe("pages free");
  return {
    node: zone.nid,
    name,
    kernelName: zone.name,
    startPfn: number("start_pfn:"),
    spanned: number("spanned"),
    present: number("present"),
    managed: number("managed"),
    watermarks: { min: mark("min"), low: mark("low"), high: mark("high") },
    boost,
    reserve: zone.protection.slice(0, 8),
    batch: Math.max(1, first?.batch ?? 1),
    high: maybe("high_min:") ?? first?.high ?? 0,
    perCpu: zone.perCpu.reduce((n, pcp) => n + pcp.count, 0),
    ...(zone.numbers.has("nr_zone_inactive_anon") && {
      anon: sum("nr_zone_inactive_anon", "nr_zone_active_anon", "nr_zone_unevictable"),
      file: sum("nr_zone_inactive_file", "nr_zone_active_file"),
    }),
    ...(freeCounter !== undefined && { freeCounter }),
  };
}

/** What is known of a machine without zoneinfo. */
export interface GuessInput {
  file: string;
  pageSize: number;
  release: string;
  assumed: string[];
}

/** ZONE_NORMAL of x86-64 begins at 4 GiB. */
const X86_NORMAL_BYTES = 2 ** 32;

/** Zones by their numbers of page blocks: one after the other, on x86-64 where it puts them; watermarks without THP's part. */
export function guessedZones(lists: PageTypeLists | undefined, given: GuessInput): ZoneBones[] {
  const { file, pageSize, release, assumed } = given;
  if (lists === undefined)
    throw new InputError(`${file}: holds neither zoneinfo nor pagetypeinfo, which tell how large zones are`);
  const blockPages = 2 ** lists.pageblockOrder;
  assumed.push(
    "zoneinfo was not read: zones lie one after the other, watermarks are those that the kernel computes without THP, pages in use that may move are processes'",
  );
  const x86 = pageSize === 4096 && lists.blocks.some((b) => b.zone === "DMA32");
  let end = 0;
  const extents = lists.blocks.flatMap(({ nid, zone, counts }) => {
    const blocks = Object.values(counts).reduce((n, c) => n + c, 0);
    const name = modelName(zone, assumed);
    if (blocks === 0 || name === undefined) return [];
    if (x86 && zone === "Normal") end = Math.max(end, X86_NORMAL_BYTES / pageSize);
    const startPfn = end;
    const pages = blocks * blockPages;
    // The next zone begins at a multiple of the largest free block.
    end += Math.ceil(pages / 2 ** lists.orders) * 2 ** lists.orders;
    return [{ node: nid, name, kernelName: zone, startPfn, spanned: pages, present: pages }];
  });
  if (extents.length === 0) throw new InputError(`${file}: pagetypeinfo shows no zone with page blocks`);
  return withRules(extents, pageSize, release);
}

type Extent = Pick<ZoneBones, "node" | "name" | "kernelName" | "startPfn" | "spanned" | "present">;

function withRules(extents: readonly Extent[], pageSize: number, release: string): ZoneBones[] {
  const pages = extents.map((z) => z.present);
  const low = extents.reduce((n, z) => n + (z.name === "Movable" ? 0 : z.present), 0);
  const minFreeKbytes = calculateMinFreeKbytes((low * pageSize) / 1024, release);
  const marks = setupPerZoneWmarks({ minFreeKbytes, pageSize }, pages);
  return extents.map((z, i) => {
    const node = extents.filter((other) => other.node === z.node);
    const reserves = setupPerZoneLowmemReserve(
      node.map((other) => other.name),
      node.map((other) => other.present),
    );
    const own = reserves[node.indexOf(z)]!;
    const watermarks = marks[i]!;
    return {
      ...z,
      watermarks,
      boost: 0,
      reserve: byZoneNumber(node, own),
      ...zonePagesetSize(z.present, watermarks.low, 1, pageSize, release),
    };
  });
}

/** By number of the zone: one that the node does not have has the reserve of the one below. */
function byZoneNumber(node: readonly Extent[], own: readonly number[]): number[] {
  let last = 0;
  return Array.from({ length: 5 }, (_, idx) => {
    const at = node.findIndex((z) => ZONE_INDEX[z.name] === idx);
    if (at >= 0) last = own[at]!;
    return last;
  });
}
