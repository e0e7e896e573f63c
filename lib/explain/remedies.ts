/**
 * What to change after a refused request, best first: what takes the cause away, then what makes it rarer, then what
 * only helps now. A value is computed by the rule of the check or is experience, and says which.
 */
import { hasRemedial } from "../hardware/kernel-report-rules";
import type { Remedy, ValuedRemedy } from "./answer";
import type { AskedBy } from "./asked-by";
import { driverRemedies, joinAllTheTime, releasesOf, warnRemedy } from "./driver-remedies";
import { about, orderInWords } from "./quantities";
import {
  type MinFreeValue,
  managedPages,
  minFreeNow,
  minFreeValue,
  reserveRatios,
  TOO_HIGH,
} from "./remedy-values";
import type { Asked } from "./request";
import { openReasons, type VerdictOf } from "./verdict";
import { type JudgedZone, serves } from "./zone-words";

/** Orders above this are costly: the kernel gives up soon. PAGE_ALLOC_COSTLY_ORDER. */
const COSTLY = 3;

const KEEP_LESS = "Keep less memory free";

/** Remedies for a refused request. */
export function remediesOf(of: VerdictOf): ValuedRemedy[] {
  const { asked, by, zones } = of;
  const reasons = openReasons(zones);
  const passing = zones.some(serves);
  const blocks = (reasons.includes("no-block") || zones.length === 0) && asked.judged > 0;
  const main = mainZone(zones);
  const short = main?.check.reasons.some((reason) => reason === "watermark" || reason === "lowmem-reserve");
  const remedies = [
    ...(asked.judged > 0 ? driverRemedies(asked, by) : []),
    ...(reasons.includes("cma-only") ? cmaRemedies(zones) : []),
    ...(short === true ? markRemedies(asked, zones) : []),
    ...(blocks ? blockRemedies(asked, by, zones) : []),
    ...reserveRemedies(asked, zones),
    ...(asked.gfpKnown && !asked.mayWait && short !== true ? atomicRemedies(asked, zones) : []),
    ...(barred(of) ? zoneRemedies(asked) : []),
    ...(passing && by.vmalloc && asked.order === null ? [vmallocRemedy()] : []),
    ...(asked.mayWait || !asked.gfpKnown || asked.judged > 0 ? [] : [warnRemedy(by)]),
  ];
  // Two causes can lead to one setting: the better value comes first.
  return remedies.filter(({ what }, i) => remedies.findIndex((other) => other.what === what) === i);
}

/** The zone that most requests of this kind come from: the largest that the request may use. */
function mainZone(zones: readonly JudgedZone[]): JudgedZone | undefined {
  const size = ({ zone }: JudgedZone) => zone.managedBytes ?? zone.presentBytes ?? zone.freeBytes;
  return zones.filter(({ answer }) => answer.allowed).sort((a, b) => size(b) - size(a))[0];
}

function barred({ zones }: VerdictOf): boolean {
  const free = (allowed: boolean) =>
    zones.filter(({ answer }) => answer.allowed === allowed).reduce((n, { zone }) => n + zone.freeBytes, 0);
  return free(false) > free(true);
}

function cmaRemedies(zones: readonly JudgedZone[]): ValuedRemedy[] {
  const cma = zones.reduce((n, { zone }) => n + (zone.freeCmaBytes ?? 0), 0);
  return [
    {
      what: "Make the CMA area smaller",
      how: "a smaller cma= on the kernel command line, or a smaller region in the device tree (Raspberry Pi: dtoverlay=vc4-kms-v3d,cma-256 or less)",
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

function markRemedies(asked: Asked, zones: readonly JudgedZone[]): ValuedRemedy[] {
  const remedies: ValuedRemedy[] = [];
  const decided = zones.some(boostDecided);
  if (decided) remedies.push(boostRemedy(true));
  const value = minFreeValue(asked, zones);
  if (value !== null) remedies.push(minFreeRemedy(value));
  else remedies.push(...tooHigh(asked, zones));
  const keepsTooMuch = remedies.some(({ what }) => what === KEEP_LESS);
  if (!keepsTooMuch && hasRemedial("vm.watermark_scale_factor", asked.kernel.series))
    remedies.push({
      what: "Let kswapd begin earlier",
      how: "sysctl vm.watermark_scale_factor=100",
      effect: "memory is reclaimed from 1 % above the min watermark on, in place of 0.1 %",
      cost: "about 2 % of memory stay free; file pages are dropped earlier",
      releases: releasesOf("vm.watermark_scale_factor"),
      basis: "experience",
    });
  if (!decided && zones.some(({ zone }) => (zone.boostBytes ?? 0) > 0)) remedies.push(boostRemedy(false));
  remedies.push({
    what: "Need less memory, or have more",
    how: "end or limit what uses most (ps aux --sort=-rss; slabtop), or add memory or swap",
    effect: "the zone stays above its watermark",
    cost: "depends on what is given up",
    releases: "every release",
    basis: "experience",
  });
  return remedies;
}

/** Requests that may not wait find what others leave; how much they need at once, a report does not say. */
function atomicRemedies(asked: Asked, zones: readonly JudgedZone[]): ValuedRemedy[] {
  const now = minFreeNow(asked, zones);
  if (now === null || now.nowKbytes === 0) return [];
  return [
    {
      what: "Keep more memory free",
      how: `sysctl vm.min_free_kbytes=${2 * now.nowKbytes}`,
      effect: "twice as much is left to requests that may not wait; double it again if reports go on",
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
      effect: "the zone keeps less from requests that could use a higher zone",
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
function tooHigh(asked: Asked, zones: readonly JudgedZone[]): ValuedRemedy[] {
  const now = minFreeNow(asked, zones);
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

/** More free memory makes blocks likelier; not if the machine already keeps more than the kernel would. */
function moreFree(asked: Asked, zones: readonly JudgedZone[]): ValuedRemedy[] {
  const now = minFreeNow(asked, zones);
  const kbytes = Math.ceil((managedPages(asked, zones) * asked.pageBytes) / 1024 / 50);
  if (now !== null && (now.nowKbytes >= kbytes || now.nowKbytes >= TOO_HIGH * now.defaultKbytes)) return [];
  return [
    {
      what: "Keep more memory free",
      how: `sysctl vm.min_free_kbytes=${kbytes === 0 ? "<2 % of memory, in kB>" : kbytes}`,
      effect: `with 2 % of memory free, blocks of ${orderInWords(asked.judged, asked.pageBytes)} survive more often; no value guarantees one`,
      cost: "that memory is not used for anything else",
      releases: releasesOf("vm.min_free_kbytes"),
      basis: "experience",
      ...(kbytes > 0 && { setting: { name: "vm.min_free_kbytes", values: [kbytes] } }),
    },
  ];
}

function blockRemedies(asked: Asked, by: AskedBy, zones: readonly JudgedZone[]): ValuedRemedy[] {
  const { series } = asked.kernel;
  const remedies: ValuedRemedy[] = [];
  if (hasRemedial("vm.compact_memory", series))
    remedies.push({
      what: "Join free memory now",
      how: "sync; echo 3 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory",
      effect:
        "the page cache is emptied, then movable pages are moved together; unmovable ones stay where they are",
      cost: "files are read from disk again; helps once, until memory is fragmented anew",
      releases: releasesOf("vm.compact_memory"),
      basis: "experience",
    });
  if (hasRemedial("vm.compaction_proactiveness", series)) remedies.push(joinAllTheTime());
  if (hasRemedial("vm.defrag_mode", series))
    remedies.push({
      what: "Keep types of memory apart",
      how: "sysctl vm.defrag_mode=1",
      effect: "the kernel reclaims and compacts before it lets one type into page blocks of another",
      cost: "more reclaim and compaction",
      releases: releasesOf("vm.defrag_mode"),
      basis: "experience",
    });
  remedies.push(...moreFree(asked, zones));
  if (asked.judged > COSTLY && !by.forDevice && asked.judged >= 9)
    remedies.push({
      what: "Keep a part of memory for movable pages",
      how: "movablecore=<size> on the kernel command line",
      effect: "unmovable pages stay out of that part, so huge pages can be made there at any time",
      cost: "the kernel's own memory cannot use it",
      releases: releasesOf("movablecore="),
      basis: "rule",
    });
  return remedies;
}

function zoneRemedies(asked: Asked): Remedy[] {
  if (asked.highest === "Normal") return [];
  return [
    {
      what: "Let the request use more zones",
      how: `a wider DMA mask in the driver (dma_set_mask_and_coherent()), or no ${asked.highest === "DMA" ? "GFP_DMA" : "GFP_DMA32"} if the device can address more`,
      effect: `it may then use the zones above ${asked.highest}, where memory is free`,
      cost: "a patch of the driver; the device must be able to address that memory",
      releases: "every release",
      basis: "rule",
    },
  ];
}

function vmallocRemedy(): Remedy {
  return {
    what: "Give vmalloc() more address space",
    how: "vmalloc=<size> on the kernel command line (32-bit ARM and x86)",
    effect: "larger areas can be mapped",
    cost: "less memory that the kernel maps directly",
    releases: "every release",
    basis: "rule",
  };
}
