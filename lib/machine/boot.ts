/**
 * Boots a machine on paper: memory map → early reservations → CMA area → zones → mobility grouping → watermarks.
 * Pure: the same request gives the same result everywhere. It computes only sizes and addresses. The allocator itself
 * starts from `zones[].freeRanges`, the ranges that memblock_free_all() hands over, ascending.
 */
import { GRANTED } from "../base/answer";
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import { bootRules, resolveKernel } from "../hardware/kernel-release";
import { structPageBytes } from "../hardware/page-geometry";
import { cmaMinAlignmentBytes } from "../mm/boot/cma";
import { CMA_ALIGNMENT } from "../mm/boot/dma-contiguous";
import { pageblockOrder } from "../mm/boot/pageblock-order";
import { zonePagesetSize } from "../mm/boot/pageset-size";
import { calcMemmapPages, mobilityGroupingEnabled } from "../mm/state/mobility-grouping";
import { kernelProfile } from "../mm/state/profile";
import { type BootRequest, type ResolvedBoot, resolveBoot } from "./boot-request";
import type {
  BootedArea,
  BootedCma,
  BootedHugePages,
  BootedZone,
  BootResult,
  Reservation,
  ZoneReserves,
} from "./boot-result";
import { bootedFromState } from "./boot-state";
import { areasOf, warningsOf } from "./booted-areas";
import { changeNotes } from "./change-field";
import {
  activateAll,
  activateCmaAreas,
  type BootedCmaArea,
  type CmaActivation,
  checkMemoryOfAreas,
} from "./cma-areas";
import type { CmaAttempt } from "./cma-attempt";
import { firstDeferredPfn, pagesBelow } from "./deferred-pages";
import { type EarlyMemory, earlyMemory, nodesOf } from "./early-memory";
import { explainCmaFailure } from "./explain-cma";
import { movableMessages, placeZoneMovable } from "./movable-request";
import { framesOf, zonesWithAreas } from "./zone-of-areas";
import { writtenReserves, zoneLowmemReserve, zoneReserves } from "./zone-reserves";
import { movableZoneStart, type PageRange, pagesWithin, type ZoneSpan, zoneSpans } from "./zones";

export type { BootedArea, BootedCma, BootedHugePages, BootedZone, BootResult, Reservation };

/** MIGRATE_TYPES: unmovable, movable, reclaimable, high-atomic, isolate, and CMA if configured. */
const MIGRATE_TYPES = { withCma: 6, withoutCma: 5 } as const;

/** Boots; throws InputError for a request outside the board's or the architecture's limits. */
export function boot(request: BootRequest): BootResult {
  const result = bootKernel(request);
  const { change } = request;
  if (change === undefined) return result;
  return { ...result, kernelNotes: [...(result.kernelNotes ?? []), ...changeNotes(request)], change };
}

function bootKernel(request: BootRequest): BootResult {
  const resolved = resolveBoot(request);
  if (request.state !== undefined) return bootedFromState(resolved, request.state);
  const { board, geometry, release, huge } = resolved;
  const { pageSize, largestBuddyOrder } = geometry;
  const kernelNotes = resolveKernel(release).notes;
  const order = pageblockOrder(geometry, release, huge, resolved.pageblockMaxOrder);
  const inMovableZone = kernelProfile(release, request.switches).cmaInMovableZone;
  // The design is from 4.17 and needs its alignment: no buddy may extend beyond an area into another zone.
  const alignment = cmaMinAlignmentBytes(
    inMovableZone ? "4.17" : release,
    pageSize,
    order,
    largestBuddyOrder,
  );
  const early = earlyMemory(resolved, alignment);
  const { memblock, attempts, cmaAreas, gigantic } = early;
  if (!early.survived)
    throw new InputError(
      `memory: ${formatSize(resolved.memoryBytes)} leave no room for the memmap on ${board.name}; the kernel would panic`,
    );
  const nodes = nodesOf(resolved);
  const movable = placeZoneMovable(resolved.movable, memblock, nodes, {
    pageSize,
    largestBuddyOrder,
    usableStart: movableZoneStart(board, release, memblock),
    ignoresMirror: bootRules(release).mirrorIgnored,
  });
  const spans = zoneSpans(board, release, memblock, nodes, movable.startPfns);
  const vmTotalPages = spans.reduce(
    (sum, z) =>
      sum + z.present - calcMemmapPages(z.spanned, z.present, pageSize, structPageBytes(board.architecture)),
    0,
  );
  const cmaBuilt = board.build.cma || resolved.cma.kind === "area";
  const types = cmaBuilt ? MIGRATE_TYPES.withCma : MIGRATE_TYPES.withoutCma;
  const default_ = defaultArea(attempts, alignment);
  const hugeCma = hugetlbAreas(early, alignment);
  const all = [...cmaAreas, ...hugeCma.map((h) => h.area), ...(default_ === null ? [] : [default_])];
  checkMemoryOfAreas(all, memblock.memory, geometry.sectionBytes);
  const activation = inMovableZone ? activateAll(all) : activateCmaAreas(all, spans, pageSize, release);
  const { zones, givenBack } = bootedZones(resolved, { early, spans, activation, inMovableZone, order });
  const written = writtenReserves(resolved, zones.booted, zones.minFreeKbytes);
  const { sysctls } = resolved;
  const ways = { attempts, cmaAreas, hugetlb: hugeCma.map((h) => h.area), defaultArea: default_ };
  const areas = areasOf(resolved, memblock, ways);
  return {
    board: board.name,
    kernel: release,
    ...(kernelNotes.length > 0 && { kernelNotes }),
    architecture: board.architecture,
    memoryBytes: resolved.memoryBytes,
    nodes: resolved.nodes,
    cpus: resolved.cpus,
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
    minFreeKbytes: sysctls.minFreeKbytes ?? zones.minFreeKbytes,
    zones: written === null ? zones.booted : zones.booted.map((z, i) => ({ ...z, ...written[i] })),
    cma: summarise(attempts, alignment, memblock.memory),
    cmaName: default_?.name ?? null,
    cmaBuilt,
    cmaAlignment: board.build.cmaAlignment ?? CMA_ALIGNMENT,
    areas,
    warnings: warningsOf(resolved, memblock, areas),
    cmaAreas,
    cmaActive: activation.active,
    cmaUseless: activation.useless,
    hugePages: {
      cma: hugeCma.map(({ nid, area }) => ({
        nid,
        base: area.ranges[0]!.base,
        bytes: area.requestedBytes,
        ranges: area.ranges,
        activated: area.activated,
      })),
      gigantic: gigantic.pages,
      pools: resolved.hugePages.pools.filter((p) => p.bytes <= pageSize * 2 ** largestBuddyOrder),
    },
    movable,
    reservations: memblock.claims
      .map(({ what, start, end }) => ({ what, start, bytes: end - start }))
      .sort((a, b) => a.start - b.start),
    memory: memblock.memory.map(({ start, end }) => ({ start, bytes: end - start })),
    givenBack,
    messages: [
      ...movableMessages(resolved.movable, release),
      ...(early.hugetlbCma?.messages ?? []),
      ...early.cmaMessages,
      ...attempts.flatMap((a) => a.outcome.messages),
      ...gigantic.messages,
      ...activation.messages,
    ],
    ...(Object.keys(sysctls).length > 0 && { sysctls }),
    ...(written !== null && { bootReserves: zones.booted.map(reservesOf) }),
  };
}

const reservesOf = ({ watermarks, lowmemReserve, pageset }: BootedZone): ZoneReserves => ({
  watermarks,
  lowmemReserve,
  pageset,
});

/** What the zones of a machine are made of. */
interface ZoneParts {
  early: EarlyMemory;
  spans: readonly ZoneSpan[];
  activation: CmaActivation;
  inMovableZone: boolean;
  order: number;
}

/** memblock_free_all() and what follows it: free frames, managed frames, watermarks and per-CPU lists of each zone. */
function bootedZones(
  resolved: ResolvedBoot,
  { early, spans, activation, inMovableZone, order }: ZoneParts,
): {
  zones: { booted: BootedZone[]; minFreeKbytes: number };
  givenBack: PageRange[];
} {
  const { geometry, release } = resolved;
  const { pageSize } = geometry;
  const cmaRange = [...activation.active, ...activation.useless]
    .map(({ base, bytes }) => ({ start: base, end: base + bytes }))
    .sort((x, y) => x.start - y.start);
  const free = early.memblock.freeRanges();
  const areaPages = inMovableZone ? pagesWithin(cmaRange, pageSize, 0, Number.MAX_SAFE_INTEGER) : [];
  const finalSpans = zonesWithAreas(spans, areaPages);
  const inZone = (z: ZoneSpan, ranges: typeof free) =>
    framesOf(z).flatMap((p) => pagesWithin(ranges, pageSize, p.startPfn, p.startPfn + p.pages));
  const atBoot = finalSpans.map((z) => {
    const freeRanges = inZone(z, free);
    const cma = inMovableZone && z.name !== "Movable" ? [] : inZone(z, cmaRange);
    const deferred = firstDeferredPfn(resolved.board.architecture, geometry.sectionBytes / pageSize, {
      present: inZone(z, early.memblock.memory),
      isLast: !finalSpans.some((o) => o.nid === z.nid && endOf(o) > endOf(z)),
    });
    const onlinePages = pagesBelow(freeRanges, deferred);
    // A node without processors counts all of the machine: zone_highsize().
    const cpus = resolved.nodeParts[z.nid]!.cpus || resolved.cpus;
    return { ...z, freeRanges, managedAtBoot: count(freeRanges) + count(cma), onlinePages, cpus };
  });
  const { minFreeKbytes, watermarks } = zoneReserves(resolved, order, atBoot);
  const back = givenBackRanges(resolved);
  const late = [...back, ...early.gigantic.pages.map(({ start, bytes }) => ({ start, end: start + bytes }))];
  const lowmemReserve = zoneLowmemReserve(atBoot);
  const booted = atBoot.map((z, i) => ({
    ...z,
    managed: z.managedAtBoot + count(inZone(z, late)),
    watermarks: watermarks[i]!,
    lowmemReserve: lowmemReserve[i]!,
    pageset: zonePagesetSize(z.managedAtBoot, watermarks[i]!.low, z.cpus, pageSize, release),
  }));
  return { zones: { booted, minFreeKbytes }, givenBack: finalSpans.flatMap((z) => inZone(z, back)) };
}

/** Areas of hugetlb_cma=, by node. */
function hugetlbAreas(
  { hugetlbCma }: EarlyMemory,
  alignment: number,
): { nid: number; area: BootedCmaArea }[] {
  return (hugetlbCma?.areas ?? []).map((a) => ({
    nid: a.nid,
    area: reservedArea(`hugetlb${a.nid}`, a, alignment),
  }));
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

/** The name of the default area in the list of areas: "reserved", or the device tree's node. */
function defaultArea(attempts: readonly CmaAttempt[], alignment: number): BootedCmaArea | null {
  const done = attempts.find((a) => a.outcome.ok);
  if (!done?.outcome.ok) return null;
  return reservedArea(done.name, done.outcome, alignment);
}

const endOf = ({ startPfn, spanned }: ZoneSpan) => startPfn + spanned;

function count(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, r) => sum + r.pages, 0);
}

/** free_initmem() and free_initrd_mem(): whole pages of the init sections, the initrd rounded outwards. */
function givenBackRanges(boot: ResolvedBoot) {
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
    // The last attempt decides: if one way fails, the kernel tries the next.
    errno: attempts.at(-1)?.outcome.errno ?? 0,
    details: null,
    reason:
      attempts.length === 0
        ? "no area was asked for"
        : attempts.map((a) => explainCmaFailure(a, memory)).join("; then "),
  };
}
