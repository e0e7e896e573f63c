/** From samples to what a fit needs of them, and the fit of a series. */

import { isNumber, pick, pickBy } from "lodash";
import { log2 } from "../base/elementary";
import { type Fit, fitMoments, type KnownPages, type Moment } from "../workload/fit-series";
import { CLASS } from "./class-map";
import { measureSample } from "./measure-sample";
import type { SlabLine } from "./proc-texts";
import type { Sample } from "./sample";

/**
 * Fits a workload of kind `like` to samples of one machine.
 * @example
 * ```ts
 * import { fitSeries, readSeries } from "pageblock";
 *
 * const samples = readSeries("test/fixtures/real-machine/series");
 * fitSeries(samples).workload.kind; // => "like"
 * ```
 */
export function fitSeries(samples: readonly Sample[]): Fit {
  return fitMoments(samples.map(momentOf));
}

/** Quantities that a moment takes as they are. */
const KNOWN = [
  "uptime",
  "slabReclaimable",
  "slabUnreclaimable",
  "pageTables",
  "kernelStacks",
  "anon",
  "file",
] as const satisfies readonly (keyof KnownPages)[];

/** What a sample tells of the machine. */
export function momentOf(sample: Sample): Moment {
  const q = measureSample(sample);
  const moment: Moment = { memoryPages: q.memoryPages, ...pickBy(pick(q, KNOWN), isNumber) };
  const requested = pagesRequested(sample);
  if (requested !== undefined) moment.requested = requested;
  const { blocksByType } = q;
  if (blocksByType !== undefined && sample.pagetypeinfo !== undefined)
    moment.unmovableTyped = (blocksByType.Unmovable ?? 0) * sample.pagetypeinfo.blockPages;
  const huge = sample.meminfo?.get("AnonHugePages");
  if (huge !== undefined && q.anon !== undefined && q.anon > 0)
    moment.huge = Math.min(1, huge / sample.pageSize / q.anon);
  if (sample.slabinfo !== undefined) moment.slabOrders = slabOrders(sample.slabinfo);
  if (sample.classes !== undefined) {
    moment.anonRun = meanRun(sample.classes, CLASS.anon);
    moment.fileRun = meanRun(sample.classes, CLASS.file);
    const { file: single = 0, fileLarge = 0 } = q.frames?.pages ?? {};
    moment.largeFolios = fileLarge / Math.max(1, fileLarge + single);
  }
  return moment;
}

/** pgalloc_* of all zones. */
function pagesRequested({ vmstat }: Sample): number | undefined {
  const counters = [...(vmstat ?? [])].filter(([name]) => /^pgalloc_/.test(name));
  return counters.length === 0 ? undefined : counters.reduce((sum, [, pages]) => sum + pages, 0);
}

/** Share of slab pages by the order of their slabs; what is larger than order 3 counts as order 3. */
function slabOrders(caches: readonly SlabLine[]): number[] {
  const pages = [0, 0, 0, 0];
  for (const { slabs, pagesPerSlab } of caches)
    pages[Math.min(3, Math.max(0, Math.round(log2(Math.max(1, pagesPerSlab)))))]! += slabs * pagesPerSlab;
  const all = pages.reduce((sum, n) => sum + n, 0);
  return pages.map((n) => n / Math.max(1, all));
}

/** Mean length of the runs of adjacent frames of a class, 1 if there is none. */
function meanRun(classes: Uint8Array, cls: number): number {
  let pages = 0;
  let runs = 0;
  for (let pfn = 0; pfn < classes.length; pfn++)
    if (classes[pfn] === cls) {
      pages++;
      if (classes[pfn - 1] !== cls) runs++;
    }
  return runs === 0 ? 1 : pages / runs;
}
