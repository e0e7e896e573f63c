/** Answers to texts of a state without a failure: files of /proc, boot logs and traces. */
import { log2 } from "../base/elementary";
import { largestOf } from "../base/extremes";
import { formatSize, hex } from "../base/units";
import type { PartAnswer } from "./cma-answer";
import { cutInWords } from "./cut-report";
import { releasesOf } from "./driver-remedies";
import { freePagesOf } from "./hugetlb-answer";
import { type AreaMap, hugePagesInWords, largestArea } from "./map-search";
import { BLOCK_TYPES, FREE_BLOCKS, ZONES } from "./missing";
import { about, capital, firstOf, listed, listInWords, memparseSize, orderInWords } from "./quantities";
import type { Reading } from "./reading";
import { remediesOf } from "./remedies";
import { machineOfAsked, offers } from "./remedy-conditions";
import { type Asked, withOrder } from "./request";
import { openReasons, type VerdictOf, verdictOf } from "./verdict";
import { type JudgedZone, judgeZones, refuses, serves, undecided, zoneName } from "./zone-words";

const NOTHING: Pick<PartAnswer, "reasons" | "harmless" | "remedies"> = {
  reasons: [],
  harmless: null,
  remedies: [],
};

/** Free memory as files of /proc or a Mem-Info block alone show it. */
export function stateAnswer(of: VerdictOf): PartAnswer {
  const { reading, asked, zones } = of;
  const refused = zones.some(refuses) && !zones.some(serves) && !zones.some(undecided);
  const cut = cutInWords(zones, asked);
  const verdict = [
    ...(refused ? [refusedNow(zones, cut !== null), ...verdictOf(of)] : cut === null ? [] : [cut]),
    ...listSentences(reading, asked, zones),
    ...(refused ? [] : requestSentences(reading, asked)),
    ...mixSentences(reading),
    ...totalSentences(reading),
  ];
  const fragmented =
    hasNoHugePage(zones, asked) && offers("vm.compact_memory", machineOfAsked(reading, asked));
  return {
    reasons: refused ? openReasons(zones) : [],
    harmless: null,
    verdict: (verdict.length > 0
      ? verdict
      : [zones.length === 0 ? "The text has no free memory by zone." : freeInWords(zones)]
    ).map(capital),
    remedies: refused
      ? remediesOf(of)
      : fragmented
        ? [
            {
              what: "Join free memory",
              how: "echo 1 > /proc/sys/vm/compact_memory",
              effect: "movable pages are moved together; compare /proc/buddyinfo before and after",
              cost: "CPU time for some seconds",
              releases: releasesOf("vm.compact_memory"),
              basis: "experience",
            },
          ]
        : [],
    missing: [
      ...(zones.every(({ zone }) => zone.counts === null) ? [FREE_BLOCKS] : []),
      ...(zones.every(({ zone }) => !listed(zone.minBytes)) ? [ZONES] : []),
      ...(zones.every(({ zone }) => zone.blocksByType === null) ? [BLOCK_TYPES] : []),
    ],
  };
}

/** What the zones say together; zones behind a cut may say otherwise. */
function refusedNow(zones: readonly JudgedZone[], isCut: boolean): string {
  if (!isCut) return "At that moment not even a single page of kernel memory was to be had.";
  const names = [...new Set(zones.filter(refuses).map(({ zone }) => zone.name))];
  return `At that moment not even a single page of kernel memory was to be had from zone${names.length > 1 ? "s" : ""} ${listInWords(names)}; whether other zones had one, the text does not show.`;
}

/** Free memory where the text has neither lists nor a refusal. */
function freeInWords(zones: readonly JudgedZone[]): string {
  const several = new Set(zones.map(({ zone }) => zone.node)).size > 1;
  const parts = zones.map(({ zone, answer }) => `${about(answer.freeBytes)} in ${zoneName(zone, several)}`);
  return `Free at that moment: ${listInWords(parts)}. The text has no free blocks by order.`;
}

/** Much is free, but not one huge page. */
function hasNoHugePage(zones: readonly JudgedZone[], asked: Asked): boolean {
  const huge = hugeOrder(asked);
  const counts = zones.flatMap(({ zone }) => (zone.counts === null ? [] : [zone.counts]));
  if (counts.length === 0 || huge >= counts[0]!.length || freePagesOf(counts, huge) > 0) return false;
  return zones.some(({ answer }) => (answer.unusable?.[huge] ?? 0) > 0.5);
}

/** The order of a huge page of 2 MiB, or of the architecture's size for larger pages. */
export function hugeOrder({ pageBytes }: Asked): number {
  return log2(pageBytes / 8);
}

function listSentences(_reading: Reading, asked: Asked, zones: readonly JudgedZone[]): string[] {
  const several = new Set(zones.map(({ zone }) => zone.node)).size > 1;
  const huge = hugeOrder(asked);
  return zones.flatMap(({ zone, check, answer }) => {
    if (zone.counts === null) return [];
    if (check.largest === null) return [`In ${zoneName(zone, several)} nothing is free.`];
    const unusable = answer.unusable![huge];
    const share =
      unusable === undefined
        ? ""
        : `; ${(unusable * 100).toFixed(0)} % of it lies in blocks smaller than a huge page (${formatSize(asked.pageBytes * 2 ** huge)})`;
    return [
      `In ${zoneName(zone, several)} ${about(answer.freeBytes)} are free, the largest block is of ${orderInWords(check.largest, asked.pageBytes)}${share}.`,
    ];
  });
}

/** What requests of each order would get now: kernel memory, and movable memory of processes. */
function requestSentences(reading: Reading, asked: Asked): string[] {
  const orders = Math.max(0, largestOf(reading.zones.map((zone) => zone.counts?.length ?? 0)));
  if (orders === 0) return [];
  // Where no zone has watermarks, the free lists alone decide.
  const marked = reading.zones.some((zone) => listed(zone.minBytes));
  const sentences = (["GFP_KERNEL", "GFP_HIGHUSER_MOVABLE"] as const).map((words) => {
    const granted = Array.from({ length: orders }, (_, order) => order).filter((order) =>
      judgeZones(reading, withOrder(reading, asked, words, order)).some(
        (zone) => serves(zone) || (!marked && zone.answer.allowed && zone.check.reasons.length === 0),
      ),
    );
    const what =
      words === "GFP_KERNEL" ? "Kernel memory (GFP_KERNEL)" : "Memory of processes (GFP_HIGHUSER_MOVABLE)";
    const most = granted.at(-1);
    if (most === undefined) return `${what} would be refused at once at every order, and wait for reclaim.`;
    return `${what} would be granted up to ${orderInWords(most, asked.pageBytes)} without reclaim or compaction${most === orders - 1 ? ", the largest there is" : ""}.`;
  });
  const huge = hugeOrder(asked);
  const counts = reading.zones.flatMap((zone) => (zone.counts === null ? [] : [zone.counts]));
  const pages = freePagesOf(counts, huge);
  if (huge < orders)
    sentences.push(
      `${pages} huge page${pages === 1 ? "" : "s"} of ${formatSize(asked.pageBytes * 2 ** huge)} could be had from free blocks as they are.`,
    );
  return sentences;
}

/** Page blocks by type: how much of memory unmovable pages have spread over. */
function mixSentences(reading: Reading): string[] {
  const sums: Record<string, number> = {};
  for (const zone of reading.zones)
    for (const [type, blocks] of Object.entries(zone.blocksByType ?? {}))
      sums[type] = (sums[type] ?? 0) + blocks;
  const all = Object.values(sums).reduce((n, blocks) => n + blocks, 0);
  if (all === 0) return [];
  const share = (type: string) => `${((100 * (sums[type] ?? 0)) / all).toFixed(0)} % ${type.toLowerCase()}`;
  return [
    `Of ${all} page blocks ${share("Movable")}, ${share("Unmovable")} and ${share("Reclaimable")}: only movable ones can be joined by compaction.`,
  ];
}

function totalSentences({ totals }: Reading): string[] {
  const sentences: string[] = [];
  const { MemTotal, MemFree, MemAvailable, CmaTotal, CmaFree } = totals;
  if (listed(MemTotal) && listed(MemFree))
    sentences.push(
      `Of ${about(MemTotal)} ${about(MemFree)} are free${listed(MemAvailable) ? `, and ${about(MemAvailable)} could be had without swapping` : ""}.`,
    );
  if (listed(CmaTotal) && CmaTotal > 0)
    sentences.push(
      `CMA areas hold ${about(CmaTotal)}, of them ${about(CmaFree ?? 0)} are free (unused also by movable pages).`,
    );
  return sentences;
}

/** A boot log or /proc/iomem: the map, and what would fit on it. */
export function bootAnswer(reading: Reading, map: AreaMap | null): PartAnswer {
  const { boot } = reading;
  const bytes = boot.ram.reduce((n, [from, to]) => n + to - from, 0);
  const verdict: string[] = [];
  if (bytes > 0)
    verdict.push(
      `${boot.machine === null ? "The machine" : boot.machine} has ${about(bytes)} of memory in ${boot.ram.length} range${boot.ram.length === 1 ? "" : "s"}, up to ${hex(boot.ram.at(-1)![1])}.`,
    );
  const zones = boot.zoneRanges.filter((zone) => zone.to > zone.from);
  if (zones.length > 0)
    verdict.push(
      `Its zones: ${firstOf(
        zones.map((zone) => `${zone.name} from ${hex(zone.from)} to ${hex(zone.to)}`),
        (count) => `${count} more`,
      ).join(", ")}.`,
    );
  const area = map === null ? null : largestArea(map);
  if (area !== null)
    verdict.push(
      `The largest CMA area that early boot has room for is ${formatSize(area.bytes)} at ${hex(area.base)} (cma=${memparseSize(area.bytes, "M")}), aligned to ${formatSize(map!.alignment)}, after what the kernel takes for itself.`,
    );
  const huge = map === null ? null : hugePagesInWords(map);
  if (huge !== null) verdict.push(`Early boot leaves room for ${huge}, if nothing else takes the memory.`);
  if (verdict.length === 0) verdict.push("The text lists no ranges of memory.");
  return { ...NOTHING, verdict, missing: [] };
}

/** A trace: what is in it. */
export function traceAnswer({ events }: Reading): PartAnswer {
  const counted = Object.entries(events).sort((a, b) => b[1] - a[1]);
  const verdict =
    counted.length === 0
      ? ["The text is a trace without events of the page allocator."]
      : [
          `A trace with ${counted
            .map(([name, n]) => `${n} ${name}`)
            .slice(0, 8)
            .join(", ")}. pageblock replay runs such a trace; explain answers reports of failures.`,
        ];
  return { ...NOTHING, verdict, missing: [] };
}
