/** A zone's answer: its numbers, and its reasons in words. */
import { unusableFreeIndex } from "../mm/reports/fragmentation-index";
import type { ZoneAnswer } from "./answer";
import { impossibleIn } from "./plausible";
import { about, kB, listed, listInWords, orderInWords } from "./quantities";
import type { Reading, ZoneReading } from "./reading";
import type { Asked } from "./request";
import { checkZone, freeBytesOf, type Lack, type Reason, type ZoneCheck } from "./zone-rule";

/** One zone with the check behind its answer. */
export interface JudgedZone {
  zone: ZoneReading;
  check: ZoneCheck;
  answer: ZoneAnswer;
}

/** Every zone of a report, judged for its request. */
export function judgeZones(reading: Reading, asked: Asked): JudgedZone[] {
  const mask = reading.nodemask ?? (asked.gfp.has.has("HARDWALL") ? reading.memsAllowed : null);
  const checks = reading.zones.map((zone) => checkZone(zone, asked, mask));
  if (asked.gfp.has.has("THISNODE")) excludeOtherNodes(reading.zones, checks);
  if (reading.mixed) for (const check of checks) takeBack(check);
  return reading.zones.map((zone, i) => ({
    zone,
    check: checks[i]!,
    answer: answerOf(zone, asked, checks[i]!),
  }));
}

/**
 * __GFP_THISNODE: the request may use the zones of one node, which the report does not name. It was refused, so a node
 * that could have served it was not the one, unless all could.
 */
function excludeOtherNodes(zones: readonly ZoneReading[], checks: readonly ZoneCheck[]): void {
  const serving = new Set(zones.filter((_, i) => servesBy(checks[i]!)).map(({ node }) => node));
  if (zones.every(({ node }) => serving.has(node))) return;
  zones.forEach(({ node }, i) => {
    const check = checks[i]!;
    if (!serving.has(node) || !check.allowed || !check.nodeAllowed) return;
    Object.assign(check, { nodeAllowed: false, otherNode: true, reasons: ["node-not-allowed"], lacks: [] });
  });
}

/** The numbers of a zone may be those of another report: they decide nothing. */
function takeBack(check: ZoneCheck): void {
  if (!check.allowed || !check.nodeAllowed) return;
  check.reasons = [];
  check.lacks = ["own-lines"];
}

const servesBy = (check: ZoneCheck) =>
  check.allowed && check.nodeAllowed && check.marked && check.reasons.length + check.lacks.length === 0;

/** Whether a zone that the request may use refuses it; false if the text lacks what decides. */
export const refuses = ({ answer, check }: JudgedZone) => answer.allowed && check.reasons.length > 0;

/** Whether a zone could have served the request by the numbers printed. */
export const serves = ({ answer, check }: JudgedZone) =>
  answer.allowed && check.marked && check.reasons.length === 0 && check.lacks.length === 0;

/** Whether the text lacks what would show if a zone that the request may use could have served it. */
export const undecided = ({ answer, check }: JudgedZone) => answer.allowed && check.lacks.length > 0;

const LACKS: Readonly<Record<Lack, string>> = {
  "free-list": "its free list",
  "lowmem-reserve": "what it keeps from requests that could use a higher zone (lowmem_reserve[])",
  "highatomic-reserve": "the size of its reserve for atomic requests, which Linux prints since 5.3",
  "own-lines": "lines that are surely its own: those of two reports are mixed",
};

/** Whether only the shape of the free memory refuses: enough is free, but in blocks that are too small. */
export const isFragmented = ({ check }: JudgedZone) =>
  check.failedAtOrder !== null ||
  (check.reasons.includes("no-block") &&
    !check.reasons.some((reason) => reason === "watermark" || reason === "lowmem-reserve"));

/** `zone Normal`, with the node if there are several. */
export function zoneName(zone: { node: number; name: string }, several: boolean): string {
  return several ? `node ${zone.node} ${zone.name}` : `zone ${zone.name}`;
}

const known = (bytes: number | null): number | null => (listed(bytes) ? bytes : null);

function answerOf(zone: ZoneReading, asked: Asked, check: ZoneCheck): ZoneAnswer {
  const { counts } = zone;
  return {
    node: zone.node,
    name: zone.name,
    freeBytes: freeBytesOf(zone, asked.pageBytes),
    minBytes: known(zone.minBytes),
    lowBytes: known(zone.lowBytes),
    highBytes: known(zone.highBytes),
    reserveBytes: check.reserve * asked.pageBytes,
    cmaBytes: known(zone.freeCmaBytes),
    largestFreeOrder: check.largest,
    allowed: check.allowed && check.nodeAllowed,
    reasons: check.reasons,
    lacks: check.lacks.map((lack) => LACKS[lack]),
    because: becauseOf(zone, asked, check),
    freeBlocks: counts === null ? null : [...counts],
    unusable: counts === null ? null : counts.map((_, order) => unusableFreeIndex(counts, order) / 1000),
  };
}

/** The reasons in words; of a zone that serves only what its numbers seem to contradict. */
function becauseOf(zone: ZoneReading, asked: Asked, check: ZoneCheck): string[] {
  const impossible = impossibleIn(zone, asked.pageBytes);
  if (impossible.length > 0 && check.allowed)
    return [`${listInWords(impossible)} cannot be: a counter of the kernel fell below zero`];
  if (check.reasons.length > 0) return check.reasons.map((reason) => because(reason, zone, asked, check));
  if (!check.marked || !check.allowed || check.usable > check.min + check.reserve) return [];
  return [
    `below the min watermark ${kB(check.min * asked.pageBytes)}, but a request with these rights may go down to ${kB(check.mark * asked.pageBytes)}`,
  ];
}

/** A reason as one sentence with its numbers. */
function because(reason: Reason, zone: ZoneReading, asked: Asked, check: ZoneCheck): string {
  const size = (pages: number) => kB(pages * asked.pageBytes);
  switch (reason) {
    case "watermark":
      return watermarkInWords(asked, check, size);
    case "lowmem-reserve":
      return `${size(check.usable)} count for this request, not above ${size(check.mark)} and the ${size(check.reserve)} that the zone keeps from requests that could use a higher zone`;
    case "cma-only":
      return check.reasons.includes("no-block")
        ? `blocks of ${orderInWords(asked.judged, asked.pageBytes)} and above are CMA memory, which only movable requests may take`
        : `${size(check.cma)} of the free memory are CMA pages, which only movable requests may take; with them the check would pass`;
    case "highatomic":
      return check.reasons.includes("no-block")
        ? `blocks of ${orderInWords(asked.judged, asked.pageBytes)} and above belong to the reserve for atomic requests`
        : `${zone.reservedHighatomicBytes === null ? "at least " : ""}${size(check.highatomic)} are reserved for atomic requests of higher order; with them the check would pass`;
    case "no-block":
      return noBlockInWords(zone, asked, check);
    case "zone-not-allowed":
      return `the flags of the request allow ${asked.highest === "DMA" ? "zone DMA only" : `zone ${asked.highest} and lower`}, not zone ${zone.name}`;
    case "node-not-allowed":
      if (check.otherNode)
        return `the request may use one node only (__GFP_THISNODE); node ${zone.node} could have served it, so another one was asked`;
      return `the node mask of the request excludes node ${zone.node}`;
    default:
      return reason;
  }
}

function watermarkInWords(asked: Asked, check: ZoneCheck, size: (pages: number) => string): string {
  if (check.failedAtOrder !== null)
    return `${size(check.free)} are free, but only ${size(Math.max(0, check.leftThere))} of them in blocks of order ${check.failedAtOrder} and above, not above ${size(check.markThere)}: before Linux 4.4 the min watermark ${size(check.min)}, halved for each order, must be left there`;
  const less = [
    ...(asked.judged > 0 ? [`${size(2 ** asked.judged - 1)} of the request itself`] : []),
    ...(check.cma > 0 ? [`${size(check.cma)} of CMA`] : []),
    ...(check.highatomic > 0 ? [`${size(check.highatomic)} of the atomic reserve`] : []),
  ];
  const counted =
    less.length === 0
      ? `${size(check.free)} are free`
      : `${size(check.free)} are free; without ${listInWords(less)} ${size(check.usable)} count`;
  const mark =
    check.mark === check.min
      ? `the min watermark ${size(check.min)}`
      : `${size(check.mark)}, which the min watermark ${size(check.min)} leaves to atomic requests`;
  return `${counted}, not above ${mark}`;
}

function noBlockInWords(zone: ZoneReading, asked: Asked, check: ZoneCheck): string {
  const wanted = orderInWords(asked.judged, asked.pageBytes);
  if (zone.counts !== null && asked.judged >= zone.counts.length)
    return `${wanted} is above the largest order of this kernel, ${zone.counts.length - 1}`;
  if (check.largest === null) return "no page is on its free lists";
  if (check.largest >= asked.judged) return `no list that the request may use has a block of ${wanted}`;
  return `the largest free block is of ${orderInWords(check.largest, asked.pageBytes)}, ${wanted} was asked; ${about(zone.freeBytes)} are free in smaller ones`;
}
