/** Answers to messages of early boot about contiguous areas. */

import { roundUp } from "../base/alignment";
import { log2 } from "../base/elementary";
import { largestOf } from "../base/extremes";
import { formatSize, hex, MiB } from "../base/units";
import type { Remedy, ValuedRemedy } from "./answer";
import { overlayOf, parameterOf, regionOf, treeDecides } from "./area-size";
import { type Around, isOfTree } from "./areas-around";
import { areaName, type PartAnswer } from "./cma-answer";
import { releasesOf } from "./driver-remedies";
import { type AreaMap, type FoundArea, largestArea, lowEndOf, placeArea } from "./map-search";
import { BOOT_LOG, MAP } from "./missing";
import { about, capital, firstOf } from "./quantities";
import type { CmaReading, Reading, ReservedReading } from "./reading";
import { machineOf, offers, type RemedyMachine } from "./remedy-conditions";
import { kernelOf, pageBytesOf } from "./request";

/** Messages of early boot about areas. */
export function cmaReservationAnswer(reading: Reading, { map, areas }: Around): PartAnswer {
  const failed = failedLines(reading.cma);
  const reserved = reading.cma.filter((line) => line.event === "reserved");
  if (failed.length === 0) return reservedAnswer(reserved);
  const failure = failureOf(reading, failed, map);
  const verdict = [
    ...firstOf(failed.map(failedInWords), (count) => `${count} more lines of this kind follow.`),
    ...roundingInWords(failure),
    ...(map === null ? [] : mapVerdict(map, failure)),
    ...(failure.lowEnd === null ? [] : [lowEndInWords(failure.lowEnd)]),
  ];
  const inPlace = reserved.filter((line) => line.area === null).at(-1);
  if (inPlace !== undefined && failed.every((line) => line.event === "reserve-failed"))
    verdict.push(
      `In its place ${areaName(null)} of ${about(inPlace.bytes ?? 0)} was reserved, which drivers use then.`,
    );
  return {
    reasons: ["cma-not-reserved"],
    verdict,
    harmless: false,
    remedies: reservationRemedies(failed, failure, {
      map,
      areas,
      machine: machineOf(reading, kernelOf(reading).series),
    }),
    missing: map === null ? [BOOT_LOG, MAP] : [],
  };
}

/** What is known of an area that early boot did not reserve. */
interface Failure {
  /** The size that failed, as rounded; 0 if no line says it. */
  bytes: number;
  /** What was asked before the kernel rounded it; null if no line says it. */
  askedBytes: number | null;
  /** Multiple that every area is rounded to; null if the text does not show it. */
  alignment: number | null;
  /** The area for gigantic pages, hugetlb_cma=. */
  hugetlb: boolean;
  largest: FoundArea | null;
  /** The boot engine finds room for what failed: the text does not show what was in the way. */
  contradicts: boolean;
  /** The range that ends the memory of early boot on old 32-bit ARM. */
  lowEnd: ReservedReading | null;
}

function failureOf(reading: Reading, failed: readonly CmaReading[], map: AreaMap | null): Failure {
  const bytes = largestOf([0, ...failed.map((line) => line.bytes ?? 0)]);
  const asked = reading.cma.filter((line) => line.event === "other" && line.bytes !== null).at(-1);
  const askedBytes = asked?.bytes ?? null;
  return {
    bytes,
    askedBytes,
    alignment: map?.alignment ?? roundedTo(askedBytes, bytes) ?? multipleOf(reading),
    hugetlb: failed.some((line) => line.area?.startsWith("hugetlb") ?? false),
    largest: map === null ? null : largestArea(map),
    contradicts: map !== null && bytes > 0 && placeArea(map, bytes) !== null,
    lowEnd: lowEndOf(reading),
  };
}

/** Multiples of areas: page blocks and largest buddies with pages of 4, 16 and 64 KiB. */
const MULTIPLES = [2 * MiB, 4 * MiB, 32 * MiB, 512 * MiB];

/** The multiple by the size of a page, for pages that are not of 4 KiB. */
function multipleOf(reading: Reading): number | null {
  const pageBytes = pageBytesOf(reading);
  return pageBytes === 65536 ? 512 * MiB : pageBytes === 16384 ? 32 * MiB : null;
}

/** The multiple that makes what failed of what was asked. */
function roundedTo(asked: number | null, failed: number): number | null {
  if (asked === null || asked === 0 || failed <= asked) return null;
  return MULTIPLES.find((multiple) => roundUp(asked, multiple) === failed) ?? null;
}

function roundingInWords({ askedBytes, bytes, alignment }: Failure): string[] {
  if (askedBytes === null || bytes <= askedBytes || alignment === null) return [];
  const pages = alignment === 512 * MiB ? ", as kernels with pages of 64 KiB have them" : "";
  return [
    `${about(askedBytes)} were asked, and the kernel rounded them up to ${about(bytes)}: an area is made of whole page blocks, here of ${about(alignment)}${pages}. ${bytes === alignment ? "A smaller area cannot be had with this page size." : ""}`.trim(),
  ];
}

const lowEndInWords = ({ base, bytes }: ReservedReading) =>
  `Memory begins with a range that the kernel does not map, ${about(bytes)} at ${hex(base)}. On 32-bit ARM before Linux 5.4 the end of such a range ends the memory of early boot, so that no size of an area has room.`;

/** Lines of failures; one about a node that only follows from a misaligned region says nothing more. */
function failedLines(lines: readonly CmaReading[]): CmaReading[] {
  const failed = lines.filter((line) => ["reserve-failed", "not-activated"].includes(line.event));
  const misaligned = failed.some(isMisaligned);
  return failed.filter((line) => !misaligned || !/matching fail/.test(line.words));
}

const isMisaligned = (line: CmaReading) =>
  line.event === "reserve-failed" && /incorrect alignment|must be aligned/i.test(line.words);

function reservedAnswer(reserved: readonly CmaReading[]): PartAnswer {
  const places = reserved.map(
    (line) => `${about(line.bytes ?? 0)}${line.base === null ? "" : ` at ${hex(line.base)}`}`,
  );
  const told = firstOf(places, (count) => `${count} more`).join(", ");
  const verdict =
    places.length === 0
      ? ["The lines about areas tell of no failure."]
      : [`Every area was reserved as the kernel could: ${told}.`];
  return { reasons: [], verdict, harmless: true, remedies: [], missing: [] };
}

function failedInWords(line: CmaReading): string {
  const size = line.bytes === null ? "" : ` of ${about(line.bytes)}`;
  if (line.event === "not-activated")
    return `${capital(areaName(line.area))}${size} was reserved, but could not be used: it spans two zones or nodes, or reaches outside memory.`;
  if (isMisaligned(line))
    return `The region${size}${isOfTree(line) ? " in the device tree" : ""} is not aligned: base and size must be multiples of a page block, 2 MiB or 4 MiB with pages of 4 KiB, 32 MiB with 16 KiB, 512 MiB with 64 KiB.`;
  return `No room was found for ${areaName(line.area)}${size}: early boot had no free range of that size, aligned to a page block, within the memory that it may use.`;
}

function mapVerdict(map: AreaMap, { bytes, contradicts, largest }: Failure): string[] {
  if (contradicts)
    return [
      `By the ranges in the text ${formatSize(bytes)} would fit. What was in the way, the text does not show, so no size can be named that fits for sure.`,
    ];
  if (largest === null) return ["Early boot of this machine has no room for an area of any size."];
  return [
    `The largest area that early boot of this machine has room for is ${formatSize(largest.bytes)} at ${hex(largest.base)}, aligned to ${formatSize(map.alignment)}.`,
  ];
}

function alignedRegion(): Remedy {
  return {
    what: "Align the region",
    how: "size, alignment and reg (or alloc-ranges) as multiples of a page block: <0x400000> with pages of 4 KiB, <0x2000000> with 16 KiB, <0x20000000> with 64 KiB; or a kernel with pages of 4 KiB",
    effect: "the kernel takes the region as it is; it rounds none",
    cost: "with pages of 64 KiB an area has 512 MiB at least",
    releases: releasesOf("reusable region"),
    basis: "rule",
  };
}

function reservationRemedies(
  failed: readonly CmaReading[],
  failure: Failure,
  { map, areas, machine }: Around & { machine: RemedyMachine },
): ValuedRemedy[] {
  if (failure.lowEnd !== null) return [newerArm()];
  if (failure.hugetlb) return [hugetlbArea()];
  const tree = failed.some(isOfTree);
  const remedies: ValuedRemedy[] = [];
  const misaligned = failed.some(isMisaligned);
  if (misaligned) remedies.push(alignedRegion());
  const smallest = failure.alignment !== null && failure.bytes === failure.alignment;
  if (smallest && failure.alignment! > 32 * MiB) remedies.push(smallerPages());
  // A half of a size that is not aligned need not be aligned either.
  else if (!misaligned || map !== null)
    remedies.push(smallerArea(failure, { map, areas: { ...areas, tree }, machine }));
  if (tree || offers("cma=SIZE@START-END", machine))
    remedies.push({
      what: "Let the area lie elsewhere",
      how: tree
        ? "alloc-ranges of the region: a range without kernel image, initrd and firmware; move the initrd (initramfs address), or lower gpu_mem"
        : "cma=SIZE@START-END with a range that devices reach and nothing occupies",
      effect: "kernel image, initrd and firmware no longer cut the range",
      cost: "devices with short addresses must reach the range",
      releases: releasesOf(tree ? "reusable region" : "cma=SIZE@START-END"),
      basis: "rule",
    });
  if (map !== null && tree)
    remedies.push({
      what: "A region that is valid here",
      how: `reusable; size and alignment = multiples of <${hex(map.alignment)}>; alloc-ranges within the memory that devices reach`,
      effect: `the smallest valid region is ${formatSize(map.alignment)}`,
      cost: "none",
      releases: releasesOf("reusable region"),
      basis: "search",
    });
  return remedies;
}

/**
 * A size is promised only if the boot engine has room for it, and agrees with the log that what failed has none. Without a map, half
 * of what failed is a first try, and said to be one.
 */
function smallerArea(
  failure: Failure,
  { map, areas, machine }: Around & { machine: RemedyMachine },
): ValuedRemedy {
  const { largest, contradicts, bytes, alignment } = failure;
  const fits = contradicts || largest === null || largest.bytes >= bytes ? null : largest.bytes;
  const half = 2 ** Math.floor(log2(Math.max(1, bytes / 2)));
  const size = fits ?? (map !== null || half < 4 * MiB || half % (alignment ?? 1) !== 0 ? null : half);
  const { tree } = areas;
  const byTree = treeDecides(tree, machine);
  const overlay = size === null ? "" : overlayOf(size, "smaller", areas);
  const ways = [
    ...(tree ? [`${regionOf(size, "smaller")}${overlay === "" ? "" : ` (${overlay})`}`] : []),
    ...(byTree ? [] : [parameterOf(size, "smaller")]),
  ];
  return {
    what: "Ask for a smaller area",
    how: `${fits === null && size !== null ? "try " : ""}${ways.join(", or ")}`,
    effect:
      fits !== null
        ? "the largest area that early boot of this machine has room for"
        : `less room is needed in one piece; ${size === null ? "which size fits, the text does not show" : "the text does not show whether this half fits"}`,
    cost: "drivers get less contiguous memory",
    releases: releasesOf(byTree ? "reusable region" : "cma="),
    basis: fits === null ? "experience" : "search",
    // What failed is more than early boot has room for.
    ...(size !== null && {
      setting: { name: "cma", values: [size], most: fits ?? Math.max(size, bytes - 1) },
    }),
  };
}

const smallerPages = (): Remedy => ({
  what: "Take a kernel with smaller pages",
  how: "a kernel with pages of 4 KiB, whose page blocks have 2 MiB",
  effect: "an area is rounded to 2 MiB or 4 MiB only",
  cost: "another kernel; more entries in page tables",
  releases: "every release",
  basis: "rule",
});

const newerArm = (): Remedy => ({
  what: "Take a newer kernel",
  how: "Linux 5.4 or later, or a stable release that has the same fix",
  effect: "a first range that is not mapped no longer ends the memory of early boot",
  cost: "another kernel",
  releases: "since 5.4",
  basis: "rule",
});

const hugetlbArea = (): Remedy => ({
  what: "Let the area for gigantic pages lie within one zone of one node",
  how: "a smaller hugetlb_cma= on the kernel command line, or hugetlb_cma=<node>:<size>,… (since 5.16)",
  effect: "an area that spans two zones is not used; a part of it that fits into one is",
  cost: "fewer gigantic pages at run time",
  releases: releasesOf("hugetlb_cma="),
  basis: "rule",
});
