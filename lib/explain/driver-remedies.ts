/** What those who wrote the code that asks can change: pieces, areas, other calls, no warning. */

import { log2 } from "../base/elementary";
import { MiB } from "../base/units";
import { compareReleases } from "../hardware/kernel-release";
import { hasRemedial, REMEDIALS, type RemedialName } from "../hardware/kernel-report-rules";
import type { Remedy, ValuedRemedy } from "./answer";
import type { AreasAround } from "./areas-around";
import type { AskedBy } from "./asked-by";
import { about, memparseSize, orderInWords } from "./quantities";
import { areaForDevice, offers, type RemedyMachine } from "./remedy-conditions";
import type { Asked } from "./request";

/** `every release` or `since 5.9`. */
export function releasesOf(name: RemedialName): string {
  const { from } = REMEDIALS[name];
  return compareReleases(from, "2.6.32") <= 0 ? "every release since 2.6.32" : `since ${from}`;
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

export function driverRemedies(
  asked: Asked,
  by: AskedBy,
  { machine, areas }: { machine: RemedyMachine; areas: AreasAround },
): ValuedRemedy[] {
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
      silences: true,
    });
  if (by.forDevice) remedies.push(...deviceRemedies(asked, machine, areas));
  else if (
    offers("kvmalloc", machine) &&
    !by.kvmalloc &&
    by.known?.advice === undefined &&
    asked.highest === "Normal" &&
    asked.mayWait
  )
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

function deviceRemedies(asked: Asked, machine: RemedyMachine, areas: AreasAround): ValuedRemedy[] {
  const written = areaForDevice(asked, machine);
  const area = written === null ? [] : [areaRemedy(asked.bytes ?? 0, areas, { written, machine })];
  return [
    {
      what: "Let the device have memory in pieces",
      how: `a scatter-gather list, ${hasRemedial("dma_alloc_noncontiguous()", asked.kernel.series) ? "dma_alloc_noncontiguous() behind an IOMMU, " : ""}or several dma_alloc_coherent() of one page`,
      effect: "no block of many pages is needed",
      cost: "a patch of the driver; the device must take lists, or have an IOMMU",
      releases: "every release",
      basis: "rule",
    },
    ...area,
  ];
}

/** An area for one request: at least 16 MiB, four times what was asked, and not below an area that is there. */
function areaRemedy(
  bytes: number,
  { cmaBytes, ramBytes }: AreasAround,
  { written, machine }: { written: (size: string) => string; machine: RemedyMachine },
): ValuedRemedy {
  const tree = offers("reusable region", machine) ? ", or a reusable region in the device tree" : "";
  const placed = written("").includes("@");
  const now = cmaBytes ?? 0;
  const size = 2 ** Math.ceil(log2(Math.max(16 * MiB, 4 * bytes, now + bytes)));
  const fits = ramBytes === null ? now === 0 : size <= ramBytes / 2;
  return {
    what: now > 0 ? "Let the device use a larger CMA area" : "Give the device a CMA area",
    how: `${fits ? written(memparseSize(size, "M")) : `a larger ${written(placed ? "<size>" : "")}`} on the kernel command line${tree}`,
    effect: `dma_alloc_coherent() takes the memory from the area, out of which movable pages are moved${now > 0 ? `; the machine has ${about(now)} of it` : ""}`,
    cost: "the kernel's own memory cannot use the area; the kernel needs CONFIG_DMA_CMA",
    releases: releasesOf(placed ? "cma=SIZE@START-END" : "cma="),
    basis: "rule",
    ...(fits && !placed && { setting: { name: "cma", values: [size] } }),
  };
}

export function warnRemedy(by: AskedBy): ValuedRemedy {
  return {
    what: "Do not warn of a failure that its caller handles",
    how: "__GFP_NOWARN in the flags of the request",
    effect: "no report; what happens is the same",
    cost: by.known?.fallback === undefined ? "the caller must have a way out" : "none",
    releases: "every release",
    basis: "rule",
    silences: true,
  };
}
