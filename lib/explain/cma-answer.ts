/** Answers to reports of contiguous areas: an area that was not reserved, or that refused a request. */
import { log2 } from "../base/elementary";
import { largestOf } from "../base/extremes";
import { formatSize, hex, MiB } from "../base/units";
import type { Missing, Remedy, ValuedRemedy } from "./answer";
import { OVERLAY_MOST, overlayOf, parameterOf, regionOf, treeDecides } from "./area-size";
import type { AreasAround, Around } from "./areas-around";
import { releasesOf } from "./driver-remedies";
import { largestArea } from "./map-search";
import { AREAS, MAP } from "./missing";
import { about, capital } from "./quantities";
import type { CmaReading, Reading } from "./reading";
import { machineOf, type RemedyMachine } from "./remedy-conditions";
import { kernelOf, pageBytesOf } from "./request";
import type { Reason } from "./zone-rule";

/** The part of an answer that this kind of report decides. */
export interface PartAnswer {
  reasons: Reason[];
  verdict: string[];
  harmless: boolean | null;
  remedies: ValuedRemedy[];
  missing: Missing[];
}

const ENOMEM = 12;
const EBUSY = 16;
const EINTR = 4;

/** The requests of a report and what the area had. */
interface Refusals {
  requests: CmaReading[];
  pageBytes: number;
  freePages: number | null;
  totalPages: number | null;
  runs: CmaReading["runs"];
  largestRun: number | null;
  area: string | null;
  busy: CmaReading[];
}

function refusalsOf(reading: Reading): Refusals {
  const of = (event: CmaReading["event"]) => reading.cma.filter((line) => line.event === event);
  const requests = of("alloc-failed");
  const available = reading.cma.filter((line) => line.freePages !== null || line.totalPages !== null);
  const last = available.at(-1);
  const runs = last?.runs ?? [];
  const pageBytes = pageBytesOf(reading);
  const cmaTotal = reading.totals.CmaTotal;
  return {
    requests,
    pageBytes,
    freePages: last?.freePages ?? null,
    totalPages: last?.totalPages ?? (cmaTotal === undefined ? null : cmaTotal / pageBytes),
    runs,
    largestRun: runs.length === 0 ? null : largestOf(runs.map((run) => run.pages)),
    area: [...requests, ...available].find((line) => line.area !== null)?.area ?? null,
    busy: of("pages-busy"),
  };
}

/** `the area linux,cma`, or what is known of it. */
export const areaName = (area: string | null) => (area === null ? "the CMA area" : `the CMA area ${area}`);

/** cma_alloc() refused a request. */
export function cmaAllocAnswer(reading: Reading, { map, areas }: Around): PartAnswer {
  const r = refusalsOf(reading);
  const asked = askedPages(r, reading);
  const errnos = new Set(r.requests.map((line) => Math.abs(line.errno ?? 0)));
  const short = r.freePages !== null && asked > 0 && r.freePages < asked;
  const noTarget = errnos.has(ENOMEM) && !short && hasRoom(r, asked);
  const full =
    (errnos.has(ENOMEM) && !noTarget) ||
    short ||
    (errnos.has(0) && r.largestRun !== null && r.largestRun < asked);
  const busy = errnos.has(EBUSY) || r.busy.length > 0 || (errnos.has(0) && !full && r.freePages !== null);
  const reasons: Reason[] = [
    ...(full ? ["cma-area-full" as const] : []),
    ...(noTarget ? ["cma-no-target" as const] : []),
    ...(busy ? ["cma-busy" as const] : []),
  ];
  const size = (pages: number) => `${pages} pages (${about(pages * r.pageBytes)})`;
  const what =
    asked > 0
      ? `${size(asked)} were asked of ${areaName(r.area)}`
      : `${capital(areaName(r.area))} refused a request`;
  const verdict: string[] = [];
  if (full) verdict.push(`${what}. ${fullCause(r, asked, size)}`);
  if (noTarget) verdict.push(`${what}. ${NO_TARGET}`);
  if (busy) verdict.push(...busyCause(r, what, full, asked));
  if (errnos.has(EINTR))
    verdict.push(
      `${what} and ended with −4 (EINTR): a signal ended the program that asked. Memory was not the reason.`,
    );
  if (verdict.length === 0) verdict.push(`${what}; the text does not show why it was refused.`);
  const device = reading.cma.find((line) => line.event === "device-failed");
  const onlyBusyLines = r.requests.length === 0 && r.busy.length > 0 && device === undefined;
  verdict.push(...aftermath(device, onlyBusyLines));
  return {
    reasons,
    verdict,
    harmless: onlyBusyLines ? true : device === undefined ? null : false,
    remedies: [
      ...(full
        ? largerArea(r, asked, { map, areas, machine: machineOf(reading, kernelOf(reading).series) })
        : []),
      ...((busy && !onlyBusyLines) || noTarget ? freeTheRange() : []),
      ...(onlyBusyLines ? [] : smallerPieces(asked, r)),
    ],
    missing: onlyBusyLines
      ? []
      : [...(r.totalPages === null || full ? [AREAS] : []), ...(map === null ? [MAP] : [])],
  };
}

/** A request without an order of its own is aligned to this one at most: CONFIG_CMA_ALIGNMENT. */
const ALIGN_ORDER_USUAL = 8;

/** No architecture with CMA has smaller page blocks. */
const BLOCK_PAGES_LEAST = 256;

/** Whether a free run surely holds the request behind an aligned start. */
function hasRoom({ requests, freePages, totalPages, runs }: Refusals, asked: number): boolean {
  if (asked === 0) return false;
  if (totalPages !== null && freePages === totalPages && asked <= totalPages) return true;
  const align = 2 ** largestOf(requests.map((line) => line.alignOrder ?? ALIGN_ORDER_USUAL));
  return runs.some(({ pages, at }) => {
    // An area begins with a page block, so its pages are aligned as their numbers in it are.
    const before = at === null || align > BLOCK_PAGES_LEAST ? align - 1 : Math.ceil(at / align) * align - at;
    return pages >= before + asked;
  });
}

/** alloc_contig_range() gives −ENOMEM back if a page of the range cannot be copied to another place. */
const NO_TARGET =
  "The area has a free run that is long enough, so the −12 (ENOMEM) is that of moving pages: those of processes and files that lie in the range had nowhere to go, because memory outside the area was short. A larger area would make that worse.";

/** What was asked: as cma_alloc() prints it or, without such a line, what the device says that it wanted. */
function askedPages({ requests, pageBytes }: Refusals, { cma }: Reading): number {
  if (requests.length > 0) return largestOf(requests.map((line) => line.askedPages ?? 0));
  const bytes = cma.filter((line) => line.event === "device-failed").map((line) => line.bytes ?? 0);
  return Math.ceil(largestOf([0, ...bytes]) / pageBytes);
}

function fullCause(r: Refusals, asked: number, size: (pages: number) => string): string {
  const { freePages, totalPages, largestRun } = r;
  if (totalPages !== null && asked > totalPages)
    return `The area has ${size(totalPages)} in all, so no such request can ever be granted.`;
  if (freePages === 0)
    return `The area is full: none of its ${totalPages === null ? "pages" : size(totalPages)} is free; drivers hold them all.`;
  if (freePages !== null && freePages < asked)
    return `Only ${size(freePages)} of ${totalPages === null ? "it" : size(totalPages)} are not held by drivers.`;
  if (largestRun !== null && largestRun < asked)
    return `${size(freePages ?? 0)} are free, but the longest run has ${size(largestRun)}: buffers of drivers lie between. The area is fragmented.`;
  if (freePages !== null)
    return `${size(freePages)} are free, but no run of them is long enough and aligned as asked: buffers of drivers lie between.`;
  return totalPages === null
    ? "No run of free pages in the area is that long: the area is smaller than the request, full, or fragmented by buffers of drivers (−12, ENOMEM)."
    : `No run of free pages among its ${size(totalPages)} is that long: drivers hold the rest, or buffers lie between (−12, ENOMEM).`;
}

/** What drivers leave of the area, where that is enough for the request. */
function enoughFree(r: Refusals, asked: number): string {
  if (r.freePages !== null && r.freePages === r.totalPages) return " No driver holds any of it, so a";
  const size = (pages: number) => `${pages} pages (${about(pages * r.pageBytes)})`;
  return r.largestRun !== null && asked > 0 && r.largestRun >= asked
    ? ` The longest run that no driver holds has ${size(r.largestRun)}, so the area is large enough; but a`
    : " A";
}

function busyCause(r: Refusals, what: string, full: boolean, asked: number): string[] {
  const cause = `${full ? "Besides, a" : `${what}.${enoughFree(r, asked)}`} page in the range cannot be moved now (−16, EBUSY): pages of processes and files lend the area, and one of them is pinned, under I/O, or locked.`;
  if (r.busy.length === 0) return [cause];
  return [
    cause,
    `${r.busy.length} range${r.busy.length === 1 ? " was" : "s were"} tried and found busy; after each the kernel tries the next one.`,
  ];
}

/** `bcm2835-codec bcm2835-codec`: dev_err() prints the driver and the device, which often have one name. */
function withoutRepeats(name: string): string {
  const words = name.split(" ");
  return words.filter((word, i) => word !== words[i - 1]).join(" ");
}

function aftermath(device: CmaReading | undefined, onlyBusyLines: boolean): string[] {
  if (onlyBusyLines)
    return [
      "The text has no failure behind these lines: a later range was taken, and the lines are only a notice.",
    ];
  if (device === undefined) return [];
  return [
    `${device.area === null ? "The device" : `The device ${withoutRepeats(device.area)}`} got nothing: its driver reports the failure.`,
  ];
}

/** Bytes of the area now: its own size if printed, otherwise that of all areas; null if no text says it. */
function areaBytes(r: Refusals, { cmaBytes }: AreasAround): number | null {
  if (r.totalPages !== null) return r.totalPages * r.pageBytes;
  return cmaBytes === null || cmaBytes === 0 ? null : cmaBytes;
}

/** A larger area. No size is named that is below what is there and the request, or that the machine has no room for. */
function largerArea(
  r: Refusals,
  asked: number,
  { map, areas, machine }: Around & { machine: RemedyMachine },
): ValuedRemedy[] {
  const bytes = asked * r.pageBytes;
  const now = areaBytes(r, areas);
  const largest = map === null ? null : largestArea(map);
  const least = (now ?? 0) + bytes;
  if (largest !== null && largest.bytes < least) return [noRoom(largest.bytes, now, bytes)];
  const wanted =
    now === null ? null : 2 ** Math.ceil(log2(Math.max(now * (r.freePages === 0 ? 4 : 2), least)));
  const size = wanted === null || largest === null ? wanted : Math.min(wanted, largest.bytes);
  // Without a map nobody knows where devices reach: no more than vendors set, nor than half of memory.
  const most = largest?.bytes ?? Math.min(OVERLAY_MOST, (areas.ramBytes ?? Number.POSITIVE_INFINITY) / 2);
  const named = size === null || size > most ? null : size;
  const needed = `${about(Math.ceil(bytes / MiB) * MiB)} are needed for this request alone`;
  const room =
    largest === null || named === null || largest.bytes <= named
      ? ""
      : `; the largest area that early boot of this machine has room for is ${formatSize(largest.bytes)} at ${hex(largest.base)}, aligned to ${formatSize(map!.alignment)}`;
  const needs =
    now === null
      ? `at least ${needed}, beside what drivers hold; the text does not say how large the area is`
      : `the area has ${about(now)} now, of which drivers hold a part; ${needed}`;
  const byTree = treeDecides(areas.tree, machine);
  const how = byTree
    ? `${regionOf(named, "larger")} in the device tree`
    : `${parameterOf(named, "larger")}, or the size of the region linux,cma if the device tree has one`;
  const overlay = overlayOf(named, "larger", areas);
  return [
    {
      what: "Make the CMA area larger",
      how: `${how}${overlay === "" ? "" : ` (${overlay})`}`,
      effect: `${needs}${room}`,
      cost: "the kernel's own memory cannot use the area",
      releases: releasesOf(byTree ? "reusable region" : "cma="),
      basis: largest === null || named === null ? "experience" : "search",
      // Without a value of its own it takes that of another report, and goes before a smaller area.
      setting: { name: "cma", values: [named ?? least], ...(largest !== null && { most: largest.bytes }) },
    },
  ];
}

function noRoom(largest: number, now: number | null, bytes: number): Remedy {
  return {
    what: "Need less of the area: early boot has no room for a larger one",
    how: "fewer or smaller buffers of all drivers that use it",
    effect: `${about((now ?? 0) + bytes)} would be needed, and ${formatSize(largest)} are the most that early boot can reserve on this machine`,
    cost: "settings or patches of the drivers",
    releases: "every release",
    basis: "search",
  };
}

function freeTheRange(): Remedy[] {
  return [
    {
      what: "Ask early",
      how: "allocate the buffer when the driver loads, and keep it",
      effect: "few pages of processes and files lie in the area then",
      cost: "the memory is taken for good",
      releases: "every release",
      basis: "experience",
    },
    {
      what: "Empty the area first",
      how: "sync; echo 3 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory",
      effect: "file pages leave, and pages under I/O come to rest; a pinned page stays",
      cost: "files are read from disk again",
      releases: releasesOf("vm.compact_memory"),
      basis: "experience",
    },
    {
      what: "Keep the region for the device alone",
      how: "a region in the device tree without reusable (a no-map carve-out), or mem= and a driver of its own",
      effect: "no other page is ever in it, so the request always succeeds",
      cost: "the memory is of no use to anything else",
      releases: "every release",
      basis: "rule",
    },
  ];
}

function smallerPieces(asked: number, r: Refusals): Remedy[] {
  if (asked < 2) return [];
  return [
    {
      what: "Ask for smaller pieces",
      how: "fewer or smaller buffers (resolution, number of buffers, ring size), or a scatter-gather list",
      effect: `pieces smaller than ${about(asked * r.pageBytes)} fit between what is held`,
      cost: "a setting or a patch of the driver",
      releases: "every release",
      basis: "experience",
    },
  ];
}
