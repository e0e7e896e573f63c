/** What those who wrote the code that asks can change: pieces, areas, other calls, no warning. */
import { hasRemedial, REMEDIALS, type RemedialName } from "../hardware/kernel-report-rules";
import type { Remedy, ValuedRemedy } from "./answer";
import type { AskedBy } from "./asked-by";
import { orderInWords } from "./quantities";
import type { Asked } from "./request";

/** `every release` or `since 5.9`. */
export function releasesOf(name: RemedialName): string {
  const { from } = REMEDIALS[name];
  return from.startsWith("2.6") ? "every release since 2.6.32" : `since ${from}`;
}

/** For releases that have vm.compaction_proactiveness. */
export function joinAllTheTime(): Remedy {
  return {
    what: "Join free memory all the time",
    how: "sysctl vm.compaction_proactiveness=60",
    effect: "kcompactd works before somebody asks, for blocks of the size of a huge page",
    cost: "CPU time, and pages that move while programs run",
    releases: releasesOf("vm.compaction_proactiveness"),
    basis: "experience",
  };
}

export function driverRemedies(asked: Asked, by: AskedBy): ValuedRemedy[] {
  const remedies: ValuedRemedy[] = [];
  const wanted = orderInWords(asked.judged, asked.pageBytes);
  if (by.known?.advice !== undefined)
    remedies.push({
      what: `Change what asks: ${by.known.what}`,
      how: by.known.advice,
      effect: `the request of ${wanted} is no longer made`,
      cost: "a newer kernel, or a patch of the code that asks",
      releases: "see the sources of the release",
      basis: "experience",
    });
  if (by.forDevice) remedies.push(...deviceRemedies(asked));
  else if (!by.kvmalloc && by.known?.advice === undefined && asked.highest === "Normal" && asked.mayWait)
    remedies.push({
      what: "Ask for memory that need not lie side by side",
      how: "kvmalloc() or kvcalloc() in place of kmalloc(), freed with kvfree()",
      effect: `if no block of ${wanted} is free, single pages are mapped side by side`,
      cost: "a patch of the code that asks; not for memory that a device reads or writes, nor where it may not wait",
      releases: releasesOf("kvmalloc"),
      basis: "rule",
    });
  if (by.function === null && asked.judged > 3)
    remedies.push({
      what: "If a device reads or writes it, ask for less at a time",
      how: "smaller rings and buffers (module parameters, ethtool -G), or pieces of one page each",
      effect: `blocks of ${wanted} are no longer needed`,
      cost: "a setting or a patch of the driver",
      releases: "every release",
      basis: "experience",
    });
  if (asked.gfp.has.has("NORETRY") && !asked.gfp.has.has("NOWARN")) remedies.push(warnRemedy(by));
  return remedies;
}

function deviceRemedies(asked: Asked): ValuedRemedy[] {
  const bytes = asked.bytes ?? 0;
  return [
    {
      what: "Let the device have memory in pieces",
      how: `a scatter-gather list, ${hasRemedial("dma_alloc_noncontiguous()", asked.kernel.series) ? "dma_alloc_noncontiguous() behind an IOMMU, " : ""}or several dma_alloc_coherent() of one page`,
      effect: "no block of many pages is needed",
      cost: "a patch of the driver; the device must take lists, or have an IOMMU",
      releases: "every release",
      basis: "rule",
    },
    {
      what: "Give the device a CMA area",
      how: `cma=${cmaFor(bytes) / 2 ** 20}M on the kernel command line, or a reusable region in the device tree`,
      effect: "dma_alloc_coherent() takes the memory from the area, out of which movable pages are moved",
      cost: "the kernel's own memory cannot use the area; the kernel needs CONFIG_DMA_CMA",
      releases: releasesOf("cma="),
      basis: "rule",
      setting: { name: "cma", values: [cmaFor(bytes)] },
    },
  ];
}

/** Bytes of an area for one request: at least 16 MiB, four times what was asked. */
function cmaFor(bytes: number): number {
  const least = Math.max(16 * 2 ** 20, 4 * bytes);
  return 2 ** Math.ceil(Math.log2(least));
}

export function warnRemedy(by: AskedBy): Remedy {
  return {
    what: "Do not warn of a failure that its caller handles",
    how: "__GFP_NOWARN in the flags of the request",
    effect: "no report; what happens is the same",
    cost: by.known?.fallback === undefined ? "the caller must have a way out" : "none",
    releases: "every release",
    basis: "rule",
  };
}
