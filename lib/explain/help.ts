/** Whether reclaim or compaction could have helped a refused request, by what its report shows. */

import { hasRemedial } from "../hardware/kernel-report-rules";
import { fragmentationIndex } from "../mm/reports/fragmentation-index";
import { about, inPages, listed, listInWords, orderInWords } from "./quantities";
import type { Reading } from "./reading";
import type { Asked } from "./request";
import { type JudgedZone, zoneName } from "./zone-words";

/** What the report says of a way to get memory. */
export interface Help {
  /** Compaction: could help, could not, or the report does not show it. */
  compaction: boolean | null;
  reclaim: boolean | null;
  /** Bytes that reclaim could look at without swapping; null if the text does not say. */
  canReclaim: number | null;
  sentences: string[];
}

/** vm.extfrag_threshold: above it, the kernel compacts instead of reclaiming. */
const EXTFRAG_THRESHOLD = 500;

/** A sum over the machine by its kernel name, or of the nodes; null if neither is printed. */
export function totalOf(reading: Reading, name: string): number | null {
  const total = reading.totals[name];
  if (listed(total)) return total;
  const parts = reading.nodes.map((node) => node.counters[name]).filter(listed);
  if (parts.length > 0) return parts.reduce((sum, bytes) => sum + bytes, 0);
  const zones = reading.zones.map((zone) => zone.counters[name]).filter(listed);
  return zones.length > 0 ? zones.reduce((sum, bytes) => sum + bytes, 0) : null;
}

/** The first of several spellings of a total that the text has. */
export function anyTotal(reading: Reading, ...names: string[]): number | null {
  for (const name of names) {
    const bytes = totalOf(reading, name);
    if (bytes !== null) return bytes;
  }
  return null;
}

/** What reclaim and compaction could have done. */
export function helpOf(reading: Reading, asked: Asked, zones: readonly JudgedZone[]): Help {
  const open = zones.filter(({ answer }) => answer.allowed);
  const reclaim = reclaimHelp(reading, asked);
  const compaction = asked.judged === 0 ? null : compactionHelp(asked, open, reading.noMmu);
  const sentences = [...(compaction?.sentences ?? []), ...reclaim.sentences];
  if (!asked.mayWait && asked.gfpKnown)
    sentences.push(
      "The request may not wait, so neither reclaim nor compaction ran on its behalf; kswapd and kcompactd can only work beforehand.",
    );
  return {
    compaction: compaction?.helps ?? null,
    reclaim: reclaim.helps,
    canReclaim: reclaim.gain,
    sentences,
  };
}

function reclaimHelp(
  reading: Reading,
  asked: Asked,
): { helps: boolean | null; gain: number | null; sentences: string[] } {
  const file = sum(anyTotal(reading, "active_file"), anyTotal(reading, "inactive_file"));
  const slab = anyTotal(reading, "slab_reclaimable", "SReclaimable");
  const anon = sum(anyTotal(reading, "active_anon"), anyTotal(reading, "inactive_anon"));
  const swap = anyTotal(reading, "Free swap", "SwapFree", "free_swap");
  const dirty = sum(anyTotal(reading, "dirty"), anyTotal(reading, "writeback"));
  const isolated = sum(
    anyTotal(reading, "isolated_anon", "isolated(anon)"),
    anyTotal(reading, "isolated_file", "isolated(file)"),
  );
  if (file === null && slab === null) return { helps: null, gain: null, sentences: [] };
  const gain = (file ?? 0) + (slab ?? 0);
  const parts = [
    ...(file === null ? [] : [`${about(file)} of file pages`]),
    ...(slab === null ? [] : [`${about(slab)} of reclaimable slab`]),
    ...(anon !== null && swap !== null && swap > 0
      ? [`${about(Math.min(anon, swap))} of process memory that fits into free swap`]
      : []),
  ];
  const sentences = [`Reclaim could look at ${listInWords(parts)}.`];
  if (dirty !== null && file !== null && dirty > file / 2 && dirty > 0)
    sentences.push(`${about(dirty)} of it wait to be written to disk first.`);
  if (isolated !== null && isolated > 2 ** 20)
    sentences.push(`${about(isolated)} were isolated, so reclaim or compaction was at work at that moment.`);
  if (reading.nodes.some((node) => node.allUnreclaimable === true))
    sentences.push("The kernel had given up on reclaim (all_unreclaimable: yes).");
  const need = asked.pageBytes * 2 ** asked.judged;
  return { helps: gain >= 4 * need, gain, sentences };
}

const sum = (a: number | null, b: number | null): number | null =>
  a === null && b === null ? null : (a ?? 0) + (b ?? 0);

function compactionHelp(
  asked: Asked,
  open: readonly JudgedZone[],
  noMmu: boolean,
): { helps: boolean; sentences: string[] } | null {
  const listedZones = open.filter(
    ({ zone, check }) =>
      zone.counts !== null && (check.reasons.includes("no-block") || check.failedAtOrder !== null),
  );
  if (listedZones.length === 0) return null;
  if (noMmu) return { helps: false, sentences: ["A kernel without an MMU has no compaction."] };
  if (!hasRemedial("vm.compact_memory", asked.kernel.series))
    return { helps: false, sentences: [`Linux ${asked.kernel.series} has no compaction.`] };
  const several = new Set(open.map(({ zone }) => zone.node)).size > 1;
  const sentences: string[] = [];
  let helps = false;
  for (const { zone, check } of listedZones) {
    if (asked.judged >= zone.counts!.length) continue;
    const index = fragmentationIndex(zone.counts!, asked.judged);
    const gap = 2 * 2 ** asked.judged;
    const room = check.usable + 2 ** asked.judged - 1 > check.min + check.reserve + gap;
    const word = `fragmentation index ${(index / 1000).toFixed(3)}`;
    if (index < 0) continue;
    helps ||= room && index > EXTFRAG_THRESHOLD;
    sentences.push(
      index <= EXTFRAG_THRESHOLD
        ? `In ${zoneName(zone, several)} the ${word} is near 0: memory was short, and compaction alone would not have made ${orderInWords(asked.judged, asked.pageBytes)}.`
        : room
          ? `In ${zoneName(zone, several)} the ${word} is near 1: enough is free, but in pieces. Compaction could have joined it as far as the pages between can move.`
          : `In ${zoneName(zone, several)} the ${word} is near 1, but too little is free for compaction to start (it wants ${gap} pages above the watermark).`,
    );
  }
  return sentences.length === 0 ? null : { helps, sentences };
}

/** Pages on per-CPU lists, which neither the free lists nor a request on another CPU sees. */
export function pcpSentence(asked: Asked, zones: readonly JudgedZone[]): string | null {
  const bytes = zones.reduce((n, { zone }) => n + (listed(zone.pcpBytes) ? zone.pcpBytes : 0), 0);
  const free = zones.reduce((n, { zone }) => n + zone.freeBytes, 0);
  if (inPages(bytes, asked.pageBytes) < 64 || bytes * 10 < free) return null;
  return `${about(bytes)} more are free on per-CPU lists, where they are not counted and join no larger block; the kernel empties them before it gives up if the request may wait.`;
}
