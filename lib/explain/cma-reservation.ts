/** Answers to messages of early boot about contiguous areas. */
import { formatSize, hex } from "../base/units";
import type { Remedy, ValuedRemedy } from "./answer";
import { areaName, capital, type PartAnswer } from "./cma-answer";
import { releasesOf } from "./driver-remedies";
import { type AreaMap, type FoundArea, largestArea, placeArea } from "./map-search";
import { BOOT_LOG, MAP } from "./missing";
import { about } from "./quantities";
import type { CmaReading, Reading } from "./reading";

/** Messages of early boot about areas. */
export function cmaReservationAnswer(reading: Reading, map: AreaMap | null): PartAnswer {
  const failed = failedLines(reading.cma);
  const reserved = reading.cma.filter((line) => line.event === "reserved");
  if (failed.length === 0) return reservedAnswer(reserved);
  const verdict = failed.map((line) => failedInWords(line));
  const largest = map === null ? null : largestArea(map);
  const bytes = Math.max(0, ...failed.map((line) => line.bytes ?? 0));
  if (map !== null) verdict.push(mapVerdict(map, bytes, largest));
  const inPlace = reserved.filter((line) => line.area === null).at(-1);
  if (inPlace !== undefined && failed.every((line) => line.event === "reserve-failed"))
    verdict.push(
      `In its place ${areaName(null)} of ${about(inPlace.bytes ?? 0)} was reserved, which drivers use then.`,
    );
  return {
    reasons: ["cma-not-reserved"],
    verdict,
    harmless: false,
    remedies: reservationRemedies(reading, map, bytes, largest),
    missing: map === null ? [BOOT_LOG, MAP] : [],
  };
}

/** Lines of failures; one about a node that only follows from a misaligned region says nothing more. */
function failedLines(lines: readonly CmaReading[]): CmaReading[] {
  const failed = lines.filter((line) => ["reserve-failed", "not-activated"].includes(line.event));
  const misaligned = failed.some(isMisaligned);
  return failed.filter((line) => !misaligned || !/matching fail/.test(line.words));
}

const isMisaligned = (line: CmaReading) => /alignment/i.test(line.words);

function reservedAnswer(reserved: readonly CmaReading[]): PartAnswer {
  const places = reserved.map(
    (line) => `${about(line.bytes ?? 0)}${line.base === null ? "" : ` at ${hex(line.base)}`}`,
  );
  const verdict =
    places.length === 0
      ? ["The lines about areas tell of no failure."]
      : [`Every area was reserved as the kernel could: ${places.join(", ")}.`];
  return { reasons: [], verdict, harmless: true, remedies: [], missing: [] };
}

function failedInWords(line: CmaReading): string {
  const size = line.bytes === null ? "" : ` of ${about(line.bytes)}`;
  if (line.event === "not-activated")
    return `${capital(areaName(line.area))}${size} was reserved, but could not be used: it spans two zones or nodes, or reaches outside memory.`;
  if (isMisaligned(line))
    return `The region${size} in the device tree is not aligned: base and size must be multiples of a page block, 2 MiB or 4 MiB with pages of 4 KiB, 32 MiB with 16 KiB, 512 MiB with 64 KiB.`;
  return `No room was found for ${areaName(line.area)}${size}: early boot had no free range of that size, aligned to a page block, within the memory that it may use.`;
}

function mapVerdict(map: AreaMap, bytes: number, largest: FoundArea | null): string {
  if (largest === null) return `On this map no area of any size fits into ${map.limitFrom}.`;
  const room = `the largest area that fits into ${map.limitFrom} is ${formatSize(largest.bytes)} at ${hex(largest.base)}`;
  if (bytes === 0) return `On this map ${room}.`;
  return placeArea(map, bytes) === null
    ? `On this map ${room}, aligned to ${formatSize(map.alignment)}.`
    : `On this map ${formatSize(bytes)} would fit; ${room}. What else early boot reserves (kernel image, initrd, page tables) is in the text only in part.`;
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
  reading: Reading,
  map: AreaMap | null,
  bytes: number,
  largest: FoundArea | null,
): ValuedRemedy[] {
  const half = bytes > 0 ? 2 ** Math.floor(Math.log2(bytes / 2)) : 0;
  // If what was asked fits on the map, something that the map lacks was in the way.
  const fits = largest !== null && largest.bytes >= bytes && bytes > 0;
  const size = largest !== null && !fits ? largest.bytes : half;
  const tree = reading.cma.some((line) => /OF:|Reserved memory|linux,cma/.test(line.words));
  const misaligned = reading.cma.some(isMisaligned);
  const most = largest !== null && !fits ? largest.bytes : bytes - 1;
  const remedies: ValuedRemedy[] = misaligned ? [alignedRegion()] : [];
  if (size >= 2 ** 20)
    remedies.push({
      what: "Ask for a smaller area",
      how: tree
        ? `size = <${hex(size)}> of the region linux,cma (${size / 2 ** 20} MiB; Raspberry Pi: dtoverlay=vc4-kms-v3d,cma-${size / 2 ** 20}), or cma=${size / 2 ** 20}M, which counts before the device tree`
        : `cma=${size / 2 ** 20}M on the kernel command line`,
      effect:
        largest === null || fits
          ? "half of what failed; try again with half if it fails too"
          : "the largest area that the engine finds room for on this map",
      cost: "drivers get less contiguous memory",
      releases: releasesOf("cma="),
      basis: largest === null || fits ? "experience" : "search",
      setting: { name: "cma", values: [size], ...(!misaligned && { most }) },
    });
  remedies.push({
    what: "Let the area lie elsewhere",
    how: tree
      ? "alloc-ranges of the region: a range without kernel image, initrd and firmware; move the initrd (initramfs address), or lower gpu_mem"
      : "cma=SIZE@START-END with a range that devices reach and nothing occupies",
    effect: "kernel image, initrd and firmware no longer cut the range",
    cost: "devices with short addresses must reach the range",
    releases: tree ? releasesOf("reusable region") : releasesOf("cma="),
    basis: "rule",
  });
  if (map !== null)
    remedies.push({
      what: "A region that is valid here",
      how: `reusable; size and alignment = multiples of <${hex(map.alignment)}>; alloc-ranges within ${map.limitFrom}`,
      effect: `the smallest valid region is ${formatSize(map.alignment)}`,
      cost: "none",
      releases: releasesOf("reusable region"),
      basis: "search",
    });
  return remedies;
}
