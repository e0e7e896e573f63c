/**
 * Boots a machine on paper: memory map → early reservations → CMA area → zones → mobility grouping → watermarks. Pure:
 * the same request gives the same result everywhere. Only sizes and places are computed; the allocator itself can be
 * started from `zones[].freeRanges`, what memblock_free_all() hands over, ascending.
 */
import { type Answer, GRANTED } from "../base/answer";
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import { type KernelRelease, since } from "../hardware/kernel-release";
import type { Architecture } from "../hardware/page-geometry";
import { cmaMinAlignmentBytes } from "../mm/boot/cma";
import type { HugetlbCmaArea } from "../mm/boot/hugetlb-cma";
import { pageblockOrder } from "../mm/boot/pageblock-order";
import { type PagesetSize, zonePagesetSize } from "../mm/boot/pageset-size";
import type { Watermarks } from "../mm/boot/watermarks";
import { calcMemmapPages, mobilityGroupingEnabled } from "../mm/state/mobility-grouping";
import { kernelProfile } from "../mm/state/profile";
import { type BootRequest, type ResolvedBoot, resolveBoot } from "./boot-request";
import { activateAll, activateCmaAreas, type BootedCmaArea } from "./cma-areas";
import { type CmaAttempt, earlyMemory, nodesOf, STRUCT_PAGE_BYTES } from "./early-memory";
import { explainCmaFailure } from "./explain-cma";
import type { HugePagePool } from "./huge-pages";
import { type BootedMovable, movableMessages, placeZoneMovable } from "./movable-request";
import { framesOf, zonesWithAreas } from "./zone-of-areas";
import { zoneLowmemReserve, zoneReserves } from "./zone-reserves";
import { movableZoneStart, type PageRange, pagesWithin, type ZoneSpan, zoneSpans } from "./zones";

/** A zone after boot. Counts are pages of the machine's page size. */
export interface BootedZone extends ZoneSpan {
  /** Pages the buddy allocator manages once init sections and the initrd are given back (as in /proc/zoneinfo). */
  managed: number;
  /** Pages managed right after memblock_free_all(); watermarks are computed from these. */
  managedAtBoot: number;
  watermarks: Watermarks;
  /** Pages kept back from requests of each higher zone of the node, in zone order. */
  lowmemReserve: number[];
  pageset: PagesetSize;
  /** Free memory handed to the buddy allocator, ascending; a CMA area is not in it. */
  freeRanges: PageRange[];
}

/** What became of the default CMA area. Bytes; `base` is a physical address. */
export interface BootedCma extends Answer {
  requestedBytes: number;
  reservedBytes: number;
  base: number | null;
  alignmentBytes: number;
  /** False when an area was asked for and not reserved. */
  readonly ok: boolean;
  /** Why there is no area, in words, also where none was asked for; null when there is one. */
  readonly reason: string | null;
}

/** A range somebody took before the buddy allocator started. Bytes. */
export interface Reservation {
  what: string;
  start: number;
  bytes: number;
}

/** Huge pages after the early boot. Bytes and physical addresses. */
export interface BootedHugePages {
  /** hugetlb_cma=, by node; `activated` is false where an area crosses a zone line: its pages go to the buddy allocator. */
  cma: (HugetlbCmaArea & { activated: boolean })[];
  /** Gigantic pages, from memblock. */
  gigantic: { bytes: number; start: number }[];
  /** Pools that the buddy allocator fills once it runs, in the order of the command line. */
  pools: HugePagePool[];
}

/** A booted machine as plain data. */
export interface BootResult {
  board: string;
  kernel: KernelRelease;
  architecture: Architecture;
  memoryBytes: number;
  /** NUMA nodes. */
  nodes: number;
  pageSize: number;
  thp: boolean;
  hugetlb: boolean;
  pageblockOrder: number;
  pageblockBytes: number;
  largestBuddyOrder: number;
  hugePageSizes: number[];
  mobilityGrouping: boolean;
  /** Pages of all zones less the memmap; compared with six page blocks to decide on mobility grouping. */
  vmTotalPages: number;
  minFreeKbytes: number;
  zones: BootedZone[];
  cma: BootedCma;
  /** The other areas, in the order of their declaration. */
  cmaAreas: BootedCmaArea[];
  /** Ranges that become CMA, in the order of activation; ranges whose frames go to the buddy allocator instead. Bytes. */
  cmaActive: { base: number; bytes: number }[];
  cmaUseless: { base: number; bytes: number }[];
  hugePages: BootedHugePages;
  /** ZONE_MOVABLE: what became of kernelcore=, movablecore= and movable_node. */
  movable: BootedMovable;
  reservations: Reservation[];
  /** RAM the kernel sees: physical ranges, ascending. */
  memory: { start: number; bytes: number }[];
  /** Frames that join the buddy allocator late in the boot: the init sections and the initrd. */
  givenBack: PageRange[];
  /** What the kernel says about CMA and huge pages, its own words. */
  messages: string[];
}

/** MIGRATE_TYPES: unmovable, movable, reclaimable, high-atomic, isolate, and CMA where it is configured. */
const MIGRATE_TYPES = { withCma: 6, withoutCma: 5 } as const;

/** Boots; throws InputError for a request outside the board's or the architecture's limits. */
export function boot(request: BootRequest): BootResult {
  const resolved = resolveBoot(request);
  const { board, geometry, release, huge } = resolved;
  const { pageSize, largestBuddyOrder } = geometry;
  const order = pageblockOrder(geometry, release, huge, resolved.pageblockMaxOrder);
  const inMovableZone = kernelProfile(release, request.switches).cmaInMovableZone;
  // The design is of 4.17 and needs its alignment: no buddy may reach across the edge of an area into another zone.
  const alignment = cmaMinAlignmentBytes(
    inMovableZone ? "4.17" : release,
    pageSize,
    order,
    largestBuddyOrder,
  );
  const { memblock, attempts, cmaAreas, cmaMessages, hugetlbCma, gigantic, survived } = earlyMemory(
    resolved,
    alignment,
  );
  if (!survived)
    throw new InputError(
      `memory: ${formatSize(resolved.memoryBytes)} leave no room for the memmap on ${board.name}; the kernel would panic`,
    );
  const nodes = nodesOf(resolved);
  const usableStart = movableZoneStart(board, release, memblock);
  const movable = placeZoneMovable(resolved.movable, memblock, nodes, {
    pageSize,
    largestBuddyOrder,
    usableStart,
    ignoresMirror: since(release, "6.12"),
  });
  const spans = zoneSpans(board, release, memblock, pageSize, nodes, movable.startPfns);
  const vmTotalPages = spans.reduce(
    (sum, z) => sum + z.present - calcMemmapPages(z.spanned, z.present, pageSize, STRUCT_PAGE_BYTES),
    0,
  );
  const cmaBuilt = board.build.cma || resolved.cma.kind === "area";
  const types = cmaBuilt ? MIGRATE_TYPES.withCma : MIGRATE_TYPES.withoutCma;
  const default_ = defaultArea(attempts, alignment);
  const hugeCma = (hugetlbCma?.areas ?? []).map((a) => ({
    nid: a.nid,
    area: reservedArea(`hugetlb${a.nid}`, a, alignment),
  }));
  const all = [...cmaAreas, ...hugeCma.map((h) => h.area), ...(default_ === null ? [] : [default_])];
  const activation = inMovableZone ? activateAll(all) : activateCmaAreas(all, spans, pageSize, release);
  const cmaRange = [...activation.active, ...activation.useless]
    .map(({ base, bytes }) => ({ start: base, end: base + bytes }))
    .sort((x, y) => x.start - y.start);
  const free = memblock.freeRanges();
  const areaPages = inMovableZone ? pagesWithin(cmaRange, pageSize, 0, Number.MAX_SAFE_INTEGER) : [];
  const finalSpans = zonesWithAreas(spans, areaPages);
  const inZone = (z: ZoneSpan, ranges: typeof free) =>
    framesOf(z).flatMap((p) => pagesWithin(ranges, pageSize, p.startPfn, p.startPfn + p.pages));
  const atBoot = finalSpans.map((z) => {
    const freeRanges = inZone(z, free);
    const cma = inMovableZone && z.name !== "Movable" ? [] : inZone(z, cmaRange);
    return { ...z, freeRanges, managedAtBoot: count(freeRanges) + count(cma) };
  });
  const managed = atBoot.map((z) => z.managedAtBoot);
  const cpusOfNode = Math.max(1, Math.floor(board.cpus / resolved.nodes));
  const { minFreeKbytes, watermarks } = zoneReserves(resolved, order, atBoot);
  const hugeAreas = hugeCma.map(({ nid, area }) => ({
    nid,
    base: area.ranges[0]!.base,
    bytes: area.requestedBytes,
    ranges: area.ranges,
    activated: area.activated,
  }));
  const late = [
    ...givenBack(resolved),
    ...gigantic.pages.map(({ start, bytes }) => ({ start, end: start + bytes })),
  ];
  const lateManaged = atBoot.map((z) => z.managedAtBoot + count(inZone(z, late)));
  const lowmemReserve = zoneLowmemReserve(atBoot);
  return {
    board: board.name,
    kernel: release,
    architecture: board.architecture,
    memoryBytes: resolved.memoryBytes,
    nodes: resolved.nodes,
    pageSize,
    thp: huge.thp,
    hugetlb: huge.hugetlb,
    pageblockOrder: order,
    pageblockBytes: pageSize * 2 ** order,
    largestBuddyOrder,
    hugePageSizes: geometry.hugePageSizes,
    mobilityGrouping:
      request.switches?.mobilityGrouping !== false && mobilityGroupingEnabled(vmTotalPages, order, types),
    vmTotalPages,
    minFreeKbytes,
    zones: atBoot.map((z, i) => ({
      ...z,
      managed: lateManaged[i]!,
      watermarks: watermarks[i]!,
      lowmemReserve: lowmemReserve[i]!,
      pageset: zonePagesetSize(managed[i]!, watermarks[i]!.low, cpusOfNode, pageSize, release),
    })),
    cma: summarise(attempts, alignment, memblock.memory),
    cmaAreas,
    cmaActive: activation.active,
    cmaUseless: activation.useless,
    hugePages: {
      cma: hugeAreas,
      gigantic: gigantic.pages,
      pools: resolved.hugePages.pools.filter((p) => p.bytes <= pageSize * 2 ** largestBuddyOrder),
    },
    movable,
    reservations: memblock.claims
      .map(({ what, start, end }) => ({ what, start, bytes: end - start }))
      .sort((a, b) => a.start - b.start),
    memory: memblock.memory.map(({ start, end }) => ({ start, bytes: end - start })),
    givenBack: finalSpans.flatMap((z) => inZone(z, givenBack(resolved))),
    messages: [
      ...movableMessages(resolved.movable, release),
      ...(hugetlbCma?.messages ?? []),
      ...cmaMessages,
      ...attempts.flatMap((a) => a.outcome.messages),
      ...gigantic.messages,
      ...activation.messages,
    ],
  };
}

function reservedArea(
  name: string,
  {
    base,
    bytes,
    ranges = [{ base, bytes }],
  }: { base: number; bytes: number; ranges?: BootedCmaArea["ranges"] },
  alignmentBytes: number,
): BootedCmaArea {
  const empty = { ...GRANTED, orderPerBit: 0, activated: false };
  return { name, requestedBytes: bytes, ranges, alignmentBytes, ...empty };
}

/** The default area as the list of areas knows it: "reserved", or the name of the device tree's node. */
function defaultArea(attempts: readonly CmaAttempt[], alignment: number): BootedCmaArea | null {
  const done = attempts.find((a) => a.outcome.ok);
  if (!done?.outcome.ok) return null;
  return reservedArea(done.by === "device tree" ? "linux,cma" : "reserved", done.outcome, alignment);
}

function count(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, r) => sum + r.pages, 0);
}

/** free_initmem() and free_initrd_mem(): whole pages of the init sections, the initrd rounded outwards. */
function givenBack(boot: ResolvedBoot) {
  const { board, geometry, huge } = boot;
  const { pageSize } = geometry;
  const variant = huge.thp || huge.hugetlb ? "huge" : "nohuge";
  const imageEnd = board.build.imageStart + board.build.imageBytes[pageSize]![variant];
  const ranges = [{ start: imageEnd - board.build.initBytes[pageSize]![variant], end: imageEnd }];
  if (board.initrd !== undefined) {
    const { start, bytes } = board.initrd;
    ranges.push({
      start: Math.floor(start / pageSize) * pageSize,
      end: Math.ceil((start + bytes) / pageSize) * pageSize,
    });
  }
  return ranges;
}

function summarise(
  attempts: readonly CmaAttempt[],
  alignmentBytes: number,
  memory: readonly { start: number; end: number }[],
): BootedCma {
  const done = attempts.find((a) => a.outcome.ok);
  if (done?.outcome.ok)
    return {
      requestedBytes: done.requestedBytes,
      reservedBytes: done.outcome.bytes,
      base: done.outcome.base,
      alignmentBytes,
      ...GRANTED,
    };
  return {
    requestedBytes: attempts[0]?.requestedBytes ?? 0,
    reservedBytes: 0,
    base: null,
    alignmentBytes,
    ok: attempts.length === 0,
    // The last attempt decides: the kernel goes on to the next way to ask as long as one fails.
    errno: attempts.at(-1)?.outcome.errno ?? 0,
    details: null,
    reason:
      attempts.length === 0
        ? "no area was asked for"
        : attempts.map((a) => explainCmaFailure(a, memory)).join("; then "),
  };
}
