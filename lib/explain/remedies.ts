/**
 * What to change after a refused request, best first: what takes the cause away, then what makes it rarer, then what
 * only helps now. A value is computed by the rule of the check or is experience, and says which.
 */
import { hasRemedial } from "../hardware/kernel-report-rules";
import type { Remedy, ValuedRemedy } from "./answer";
import { OVERLAY_MOST, overlayOf, parameterOf } from "./area-size";
import { blockRemedies, raiseUnknown } from "./block-remedies";
import { driverRemedies, releasesOf, warnRemedy } from "./driver-remedies";
import { helpOf } from "./help";
import { impossibleInWords } from "./plausible";
import { about } from "./quantities";
import type { Reading } from "./reading";
import { machineOfAsked } from "./remedy-conditions";
import { type MinFreeValue, MOST_SHARE, minFreeNow, minFreeValue, TOO_HIGH } from "./remedy-values";
import type { Asked } from "./request";
import { reserveRatios } from "./reserve-ratios";
import { openReasons, type VerdictOf } from "./verdict";
import { isVmalloc, vmallocRemedies } from "./vmalloc-answer";
import { hidesZones } from "./whole-machine";
import { type JudgedZone, serves, undecided } from "./zone-words";

const KEEP_LESS = "Keep less memory free";

/** Remedies for a refused request. */
export function remediesOf(of: VerdictOf): ValuedRemedy[] {
  const { asked, by, reading, zones } = of;
  if (impossibleInWords(reading.zones, asked.pageBytes) !== null) return [kernelBug()];
  if (isVmalloc(of) && !zones.some(refusesAll)) return vmallocRemedies(of);
  const machine = machineOfAsked(reading, asked);
  const reasons = openReasons(zones);
  const unknown = zones.length === 0 || zones.some(undecided);
  const fragmented = reasons.includes("no-block") || zones.some(({ check }) => check.failedAtOrder !== null);
  const blocks = asked.judged > 0 && (fragmented || unknown);
  const passing = zones.some(serves);
  const short = passing ? undefined : isShortOf(mainZone(zones));
  const near = passing && reading.kind === "oom";
  const remedies = [
    ...(isNarrow(asked) && (barred(of) || hidesMost(of)) ? zoneRemedies(of) : []),
    ...(asked.judged > 0 ? driverRemedies(asked, by, { machine, areas: of.areas }) : []),
    ...(reasons.includes("cma-only") ? cmaRemedies(of) : []),
    ...(short === true || near ? markRemedies(of) : []),
    ...(blocks ? blockRemedies(of, machine) : []),
    ...(passing ? [] : reserveRemedies(asked, zones)),
    ...(asked.gfpKnown && !asked.mayWait && zones.length > 0 ? atomicRemedies(of) : []),
    ...(barred(of) ? zoneRemedies(of) : []),
    ...(asked.mayWait || !asked.gfpKnown || asked.judged > 0 ? [] : [warnRemedy(by)]),
  ];
  // Two causes can lead to one setting: the better value comes first.
  return remedies.filter(({ what }, i) => remedies.findIndex((other) => other.what === what) === i);
}

/** After a harmless refusal nothing need change: at most what silences it, or no longer asks. */
export function remediesIfHarmless(of: VerdictOf): ValuedRemedy[] {
  if (of.reading.kind === "oom") return [];
  return remediesOf(of)
    .filter(({ silences }) => silences === true)
    .slice(0, 1);
}

const refusesAll = (zone: JudgedZone) => zone.answer.allowed && zone.check.reasons.includes("watermark");

function isShortOf(zone: JudgedZone | undefined): boolean | undefined {
  return (
    zone &&
    zone.check.failedAtOrder === null &&
    zone.check.reasons.some((reason) => reason === "watermark" || reason === "lowmem-reserve")
  );
}

/** The zone that most requests of this kind come from: the largest that the request may use. */
function mainZone(zones: readonly JudgedZone[]): JudgedZone | undefined {
  const size = ({ zone }: JudgedZone) => zone.managedBytes ?? zone.presentBytes ?? zone.freeBytes;
  return zones.filter(({ answer }) => answer.allowed).sort((a, b) => size(b) - size(a))[0];
}

/** Only devices with short addresses ask for these zones. */
const isNarrow = ({ highest }: Asked) => highest === "DMA" || highest === "DMA32";

/** Most of the machine's memory is in zones that the report does not print: since 6.1 it prints none that the request may not use. */
function hidesMost({ reading: { zones, totals } }: VerdictOf): boolean {
  const present = zones.reduce((sum, zone) => sum + (zone.presentBytes ?? zone.managedBytes ?? 0), 0);
  return present > 0 && (totals["pages RAM"] ?? 0) > 2 * present;
}

function barred({ zones }: VerdictOf): boolean {
  const free = (allowed: boolean) =>
    zones.filter(({ answer }) => answer.allowed === allowed).reduce((n, { zone }) => n + zone.freeBytes, 0);
  return free(false) > free(true);
}

/** Half of what the overlays set at most. */
const OVERLAY_SMALL = OVERLAY_MOST / 2;

function cmaRemedies({ zones, areas }: VerdictOf): ValuedRemedy[] {
  const cma = zones.reduce((n, { zone }) => n + (zone.freeCmaBytes ?? 0), 0);
  const overlay = overlayOf(OVERLAY_SMALL, "smaller", areas);
  return [
    {
      what: "Make the CMA area smaller",
      how: `${parameterOf(null, "smaller")}, or a smaller region in the device tree${overlay === "" ? "" : ` (${overlay} or less)`}`,
      effect: `what leaves the area serves the kernel too; ${about(cma)} of it were free and of no use to this request`,
      cost: "drivers get less contiguous memory",
      releases: releasesOf("cma="),
      basis: "rule",
      setting: {
        name: "cma",
        values: [0],
        yields: "A smaller CMA area would help this request, but another report needs a larger one.",
      },
    },
  ];
}

function markRemedies(of: VerdictOf): ValuedRemedy[] {
  const { asked, reading, zones } = of;
  const remedies: ValuedRemedy[] = [];
  const decided = zones.some(boostDecided);
  if (decided) remedies.push(boostRemedy(true));
  const value = minFreeValue(of);
  const lower = value === null ? tooHigh(of) : [];
  remedies.push(...(value === null ? lower : [minFreeRemedy(value)]));
  const keepsTooMuch = lower.length > 0 || value?.direction === "lower";
  const earlier = !keepsTooMuch && hasRemedial("vm.watermark_scale_factor", asked.kernel.series);
  // What kswapd cannot get back, it does not get back earlier either.
  const spent = isSpent(reading, asked, zones);
  if (spent) remedies.push(needLess());
  if (earlier) remedies.push(kswapdEarlier());
  if (!decided && zones.some(({ zone }) => (zone.boostBytes ?? 0) > 0)) remedies.push(boostRemedy(false));
  if (!spent) remedies.push(needLess());
  return remedies;
}

/** Nothing is free, or nothing that reclaim could look at without swapping is left: memory itself is too small. */
function isSpent(reading: Reading, asked: Asked, zones: readonly JudgedZone[]): boolean {
  const open = zones.filter(({ answer }) => answer.allowed);
  const free = open.reduce((n, { check }) => n + check.free, 0);
  const { canReclaim } = helpOf(reading, asked, zones);
  if (free === 0) return true;
  const min = open.reduce((n, { check }) => n + check.min, 0);
  return canReclaim !== null && canReclaim < min * asked.pageBytes;
}

const kswapdEarlier = (): Remedy => ({
  what: "Let kswapd begin earlier",
  how: "sysctl vm.watermark_scale_factor=100",
  effect: "memory is reclaimed from 1 % above the min watermark on, in place of 0.1 %",
  cost: "about 2 % of memory stay free; file pages are dropped earlier",
  releases: releasesOf("vm.watermark_scale_factor"),
  basis: "experience",
});

const needLess = (): Remedy => ({
  what: "Need less memory, or have more",
  how: "end or limit what uses most (ps aux --sort=-rss; slabtop), or add memory or swap",
  effect: "the zone stays above its watermark",
  cost: "depends on what is given up",
  releases: "every release",
  basis: "experience",
});

const kernelBug = (): Remedy => ({
  what: "Take a kernel without the bug",
  how: "a newer kernel, or a report to its maintainers with the whole log; until then no removal or adding of memory while it runs",
  effect: "counters of memory stay above zero, and so do the marks that follow from them",
  cost: "another kernel",
  releases: "see the sources of the release",
  basis: "experience",
});

/** Requests that may not wait find what others leave; how much they need at once, a report does not say. */
function atomicRemedies(of: VerdictOf): ValuedRemedy[] {
  const now = minFreeNow(of);
  if (now === null && hidesZones(of.reading, of.asked)) return [raiseUnknown(of.asked)];
  if (now === null || now.nowKbytes === 0 || now.nowKbytes >= TOO_HIGH * now.defaultKbytes) return [];
  if (2 * now.nowKbytes > Math.min(MOST_SHARE * now.lowKbytes, now.mostKbytes)) return [];
  return [
    {
      what: "Keep more memory free",
      how: `sysctl vm.min_free_kbytes=${2 * now.nowKbytes}`,
      effect: "twice as much is left to requests that may not wait",
      cost: "that memory is not used for anything else",
      releases: releasesOf("vm.min_free_kbytes"),
      basis: "experience",
      setting: { name: "vm.min_free_kbytes", values: [2 * now.nowKbytes] },
    },
  ];
}

function reserveRemedies(asked: Asked, zones: readonly JudgedZone[]): ValuedRemedy[] {
  const ratios = reserveRatios(asked, zones);
  if (ratios === null) return [];
  return [
    {
      what: "Let the request into the lower zone",
      how: ratioCommand(ratios),
      effect: "the zone keeps half as much or less from requests that could use a higher zone",
      cost: "memory for devices with short addresses can run out",
      releases: releasesOf("vm.lowmem_reserve_ratio"),
      basis: "rule",
      setting: { name: "vm.lowmem_reserve_ratio", values: ratios, write: ratioCommand },
    },
  ];
}

const ratioCommand = (ratios: readonly number[]) => `sysctl vm.lowmem_reserve_ratio="${ratios.join(" ")}"`;

function minFreeRemedy(value: MinFreeValue): ValuedRemedy {
  const { kbytes, nowKbytes, defaultKbytes, zone, direction } = value;
  const raise = direction === "raise";
  return {
    what: raise ? "Keep more memory free" : KEEP_LESS,
    how: `sysctl vm.min_free_kbytes=${raise ? kbytes : defaultKbytes}`,
    effect: raise
      ? `ordinary requests leave that much to requests that may not wait; with ${nowKbytes} this one lacked it in zone ${zone.zone.name}`
      : `the most that the kernel sets for this memory by itself; it is ${nowKbytes} now, and any value up to ${kbytes} would have let this request pass in zone ${zone.zone.name}`,
    cost: raise
      ? "that memory is not used for anything else"
      : "fewer reserves for requests that may not wait",
    releases: releasesOf("vm.min_free_kbytes"),
    basis: "rule",
    setting: { name: "vm.min_free_kbytes", values: [raise ? kbytes : defaultKbytes] },
  };
}

function boostRemedy(decided: boolean): Remedy {
  return {
    what: "Do not boost the watermarks",
    how: "sysctl vm.watermark_boost_factor=0",
    effect: decided
      ? "without the boost this request would have passed"
      : "watermarks stay as they are when types of page blocks mix",
    cost: "fragmentation grows faster",
    releases: releasesOf("vm.watermark_boost_factor"),
    basis: "rule",
  };
}

function boostDecided({ answer, check, zone }: JudgedZone): boolean {
  const boost = check.min === 0 ? 0 : (zone.boostBytes ?? 0) * (check.free / Math.max(1, zone.freeBytes));
  if (!answer.allowed || boost === 0 || check.reasons.includes("no-block")) return false;
  return check.usable > check.mark - boost + check.reserve;
}

/** A value far above the kernel's own, in a zone that also lacks a block. */
function tooHigh(of: VerdictOf): ValuedRemedy[] {
  const now = minFreeNow(of);
  if (now === null || now.nowKbytes < TOO_HIGH * now.defaultKbytes) return [];
  return [
    {
      what: KEEP_LESS,
      how: `sysctl vm.min_free_kbytes=${now.defaultKbytes}`,
      effect: `the most that the kernel sets for this memory by itself, in place of ${now.nowKbytes}; the watermarks fall with it`,
      cost: "fewer reserves for requests that may not wait",
      releases: releasesOf("vm.min_free_kbytes"),
      basis: "rule",
      setting: { name: "vm.min_free_kbytes", values: [now.defaultKbytes] },
    },
  ];
}

/** More zones for the request: a wider mask, or a kernel that maps all of memory. */
function zoneRemedies(of: VerdictOf): Remedy[] {
  const { asked, reading, zones } = of;
  const high = zones.some(({ zone, answer }) => zone.name === "HighMem" && !answer.allowed);
  if (asked.highest === "Normal") return high ? [wideKernel(reading)] : [];
  return [
    {
      what: "Let the request use more zones",
      how: `a wider DMA mask in the driver (dma_set_mask_and_coherent()), or no ${asked.highest === "DMA" ? "GFP_DMA" : "GFP_DMA32"} if the device can address more`,
      effect: `it may then use the zones above ${asked.highest}, ${barred(of) ? "where memory is free" : "which hold most of the memory and are not printed in this report"}`,
      cost: "a patch of the driver; the device must be able to address that memory",
      releases: "every release",
      basis: "rule",
    },
  ];
}

function wideKernel({ arch }: Reading): Remedy {
  return {
    what: "Need less of the memory that the kernel maps",
    how:
      arch === "i386"
        ? "a 64-bit kernel if the processor has 64 bits, or fewer files and inodes in use at a time"
        : "a 64-bit kernel if the processor has 64 bits, CONFIG_VMSPLIT_2G, or fewer files and inodes in use at a time",
    effect: "a 64-bit kernel maps all of memory, so nothing is left in HighMem that the kernel cannot use",
    cost: "another kernel",
    releases: "every release",
    basis: "rule",
  };
}
