/** Why a request was refused, in sentences: the cause first, then what else holds, then what could have helped. */

import { largestOf } from "../base/extremes";
import { cutInWords } from "./cut-report";
import { helpOf, pcpSentence } from "./help";
import { impossibleInWords } from "./plausible";
import { about, kB, listed, listInWords, orderInWords } from "./quantities";
import type { VerdictOf } from "./verdict-of";
import { isVmalloc, vmallocCauses } from "./vmalloc-answer";
import type { Reason } from "./zone-rule";
import { isFragmented, type JudgedZone, serves, undecided, zoneName } from "./zone-words";

export type { VerdictOf };

const NO_MEM_INFO = "The text has no Mem-Info, so it does not show why the request was refused.";

/** The verdict on a refused request. */
export function verdictOf(of: VerdictOf): string[] {
  const { reading, asked, zones } = of;
  if (zones.length === 0)
    return reading.stalledMs === null
      ? [NO_MEM_INFO, ...withoutZones(of)]
      : [
          stalled(reading.stalledMs),
          "The text has no Mem-Info, so it does not show what the request waited for.",
        ];
  const impossible = impossibleInWords(
    zones.map(({ zone }) => zone),
    asked.pageBytes,
  );
  if (impossible !== null) return [impossible];
  const pcp = pcpSentence(
    asked,
    zones.filter(({ answer }) => answer.allowed),
  );
  const cut = cutInWords(zones, asked);
  return [
    ...(reading.stalledMs === null ? [] : [stalled(reading.stalledMs)]),
    ...causes(of),
    ...(cut === null ? [] : [cut]),
    ...barredMemory(of),
    ...ofReclaim(of),
    ...boosted(of),
    ...helpOf(reading, asked, zones).sentences,
    ...(pcp === null ? [] : [pcp]),
  ];
}

function withoutZones(of: VerdictOf): string[] {
  const { asked } = of;
  if (isVmalloc(of)) return vmallocCauses(of);
  if (asked.judged > 3)
    return [
      `Requests of ${orderInWords(asked.judged, asked.pageBytes)} are above order 3: the kernel tries them only a few times, and they fail once memory is fragmented, also if gigabytes are free.`,
    ];
  return asked.judged > 0
    ? [
        `Requests of ${orderInWords(asked.judged, asked.pageBytes)} need that many pages side by side, so they can fail while single pages are free.`,
      ]
    : ["A request for a single page fails only if memory itself is short, or if its zone is."];
}

/** All reasons of zones that the request may use. */
export function openReasons(zones: readonly JudgedZone[]): Reason[] {
  const found = new Set(zones.filter(({ answer }) => answer.allowed).flatMap(({ check }) => check.reasons));
  return [...found];
}

function stalled(ms: number): string {
  return `Nothing was refused: the kernel warned because the request had waited ${Number((ms / 1000).toPrecision(3))} s for reclaim and compaction, and went on to wait.`;
}

function causes(of: VerdictOf): string[] {
  const { asked, zones } = of;
  const open = zones.filter(({ answer }) => answer.allowed);
  if (open.length === 0)
    return [
      `None of the zones in the text may serve the request: its flags allow zone ${asked.highest} and lower.`,
    ];
  const passing = open.filter(serves);
  if (passing.length > 0) return [...passed(of, passing)];
  const unsaid = notSaid(zones);
  if (unsaid.length > 0 && open.every(({ check }) => check.reasons.length === 0)) return unsaid;
  if (open.every(({ check }) => check.reasons.length === 0))
    return [
      "The text lacks the watermarks of the zones that the request may use, so it does not show which check failed.",
    ];
  const has = (reason: Reason) => open.filter(({ check }) => check.reasons.includes(reason));
  const sentences: string[] = [...unsaid];
  const blocks = open.filter((zone) => zone.check.reasons.includes("no-block") || isFragmented(zone));
  if (blocks.length > 0) sentences.push(blockCause(of, blocks));
  const ofBlocks = new Set(blocks);
  const short = open.filter((zone) => isShort(zone) && !ofBlocks.has(zone));
  if (short.length > 0) sentences.push(shortCause(of, short));
  if (has("cma-only").length > 0) sentences.push(cmaCause(of, has("cma-only")));
  if (has("highatomic").length > 0)
    sentences.push(
      "Part of the free memory is the reserve for atomic requests of higher order, which this request may not use.",
    );
  if (has("lowmem-reserve").length > 0) sentences.push(reserveCause(of, has("lowmem-reserve")));
  return sentences;
}

/** Zones that the text does not show enough of. */
function notSaid(zones: readonly JudgedZone[]): string[] {
  const unsaid = zones.filter(undecided);
  const parts = new Map<string, JudgedZone[]>();
  for (const zone of unsaid) {
    const key = listInWords(zone.answer.lacks);
    const some = parts.get(key);
    if (some) some.push(zone);
    else parts.set(key, [zone]);
  }
  return [...parts].map(
    ([lacks, some]) =>
      `Whether ${zonesInWords(some, zones)} could have served the request cannot be said: the text lacks ${lacks}.`,
  );
}

function passed(of: VerdictOf, passing: readonly JudgedZone[]): string[] {
  const { asked, reading, zones } = of;
  const where = zonesInWords(passing, zones);
  if (isVmalloc(of)) return vmallocCauses(of);
  const what =
    asked.order === null ? "a single page" : `the request of ${orderInWords(asked.judged, asked.pageBytes)}`;
  return [
    `By the numbers printed, ${where} could have served ${what}. They are those of the moment of printing: ${reading.stalledMs === null ? "memory became free between the refusal and the report, or a limit outside the zones refused it (a memory cgroup, a cpuset, a node)" : "what it waited for was memory that became free meanwhile, or a limit outside the zones (a memory cgroup, a cpuset, a node)"}.`,
  ];
}

const isShort = ({ check }: JudgedZone) =>
  check.reasons.some((reason) => reason === "watermark" || reason === "lowmem-reserve");

function blockCause({ asked, zones }: VerdictOf, blocks: readonly JudgedZone[]): string {
  const wanted = orderInWords(asked.judged, asked.pageBytes);
  const largestOrder = largestOf(blocks.map(({ zone }) => (zone.counts?.length ?? 0) - 1));
  if (asked.judged > largestOrder && largestOrder >= 0)
    return `No request of ${wanted} can ever succeed here: the largest block of this kernel is of order ${largestOrder}.`;
  if (asked.judged === 0) return `Not a single page was free in ${zonesInWords(blocks, zones)}.`;
  const free = about(blocks.reduce((n, { zone }) => n + zone.freeBytes, 0));
  const where = zonesInWords(blocks, zones);
  const byOrder = blocks.every(({ check }) => check.failedAtOrder !== null);
  const none = byOrder
    ? `of the ${free} that are free in ${where} too little lies in blocks of ${wanted} and above`
    : `none of the ${free} that are free in ${where} is a block of ${wanted} that the request may take`;
  const short = blocks.filter((zone) => isShort(zone) && zone.check.failedAtOrder === null).length;
  if (short === 0) return `Memory was not short, but fragmented: ${none}.`;
  return short === blocks.length
    ? `Memory was both short and fragmented: what is free is not above the mark that the request must leave, and ${none}.`
    : `Memory was fragmented, and in part short: ${none}.`;
}

function shortCause(of: VerdictOf, short: readonly JudgedZone[]): string {
  const { asked, zones } = of;
  const what =
    asked.judged === 0 ? "even for a single page" : `for ${orderInWords(asked.judged, asked.pageBytes)}`;
  return `Free memory in ${zonesInWords(short, zones)} is not above the mark that the request must leave, ${of.reading.stalledMs === null ? `so the kernel refused it ${what}` : `so it has to wait ${what}`}.`;
}

/** `zones DMA32 and Normal`, with nodes if the report has several. */
function zonesInWords(some: readonly JudgedZone[], all: readonly JudgedZone[]): string {
  if (new Set(all.map(({ zone }) => zone.node)).size > 1)
    return listInWords(some.map(({ zone }) => zoneName(zone, true)));
  return `zone${some.length > 1 ? "s" : ""} ${listInWords(some.map(({ zone }) => zone.name))}`;
}

function cmaCause(_of: VerdictOf, zones: readonly JudgedZone[]): string {
  const cma = zones.reduce((n, { zone }) => n + (zone.freeCmaBytes ?? 0), 0);
  const free = zones.reduce((n, { zone }) => n + zone.freeBytes, 0);
  return `${about(cma)} of the ${about(free)} that are free there are CMA pages. Only movable memory of processes and files may lie in them; the kernel's own memory may not.`;
}

function reserveCause({ asked }: VerdictOf, zones: readonly JudgedZone[]): string {
  const several = new Set(zones.map(({ zone }) => zone.node)).size > 1;
  const parts = zones.map(
    ({ zone, check }) => `${kB(check.reserve * asked.pageBytes)} in ${zoneName(zone, several)}`,
  );
  return `Lower zones keep memory from requests like this one, which could use zone ${asked.highest}: ${listInWords(parts)} (lowmem_reserve).`;
}

/** Free memory in zones and nodes that the request may not use. */
function barredMemory({ asked, zones }: VerdictOf): string[] {
  const barred = zones.filter(({ answer, zone }) => !answer.allowed && zone.freeBytes > 0);
  if (barred.length === 0) return [];
  const several = new Set(zones.map(({ zone }) => zone.node)).size > 1;
  const parts = barred.map(({ zone }) => `${about(zone.freeBytes)} in ${zoneName(zone, several)}`);
  const byNode = barred.every(({ check }) => check.allowed);
  const why = barred.every(({ check }) => check.otherNode)
    ? "it may use one node only (__GFP_THISNODE), and another one was asked"
    : byNode
      ? "its node mask excludes them"
      : asked.highest === "Normal" && barred.some(({ zone }) => zone.name === "HighMem")
        ? "the kernel cannot address high memory directly"
        : barred.some(({ zone }) => zone.name === "Movable")
          ? "only movable memory of processes may lie in zone Movable"
          : `its flags demand zone ${asked.highest} or lower`;
  return [`${listInWords(parts)} are free, but this request may not use them: ${why}.`];
}

function ofReclaim({ asked }: VerdictOf): string[] {
  if (!asked.fromReclaim || asked.gfp.has.has("NOMEMALLOC")) return [];
  return [
    "The request came from within reclaim: such a task may use all that is free, also below the watermarks, and does not reclaim once more.",
  ];
}

function boosted({ zones }: VerdictOf): string[] {
  const boost = zones.filter(
    ({ zone, answer }) => answer.allowed && listed(zone.boostBytes) && zone.boostBytes > 0,
  );
  if (boost.length === 0) return [];
  const parts = boost.map(({ zone }) => `${kB(zone.boostBytes!)} in ${zone.name}`);
  return [
    `The watermarks are boosted, by ${listInWords(parts)}: requests of one type had to take page blocks of another shortly before, which is a sign of fragmentation.`,
  ];
}
