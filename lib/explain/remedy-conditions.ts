/** Which machines have a remedy: its release, the architectures that have it, and whether it needs an MMU. One table for all answers. */
import { hasRemedial, type RemedialName } from "../hardware/kernel-report-rules";
import type { Reading } from "./reading";
import type { Asked } from "./request";

/** What a condition asks of a machine; null: the text does not say it. */
export interface RemedyMachine {
  series: string;
  arch: string | null;
  noMmu: boolean;
  /** More than one node; null if the text shows none. */
  nodes: boolean | null;
}

interface Condition {
  /** Architectures that have it; every one without this field. */
  archs?: readonly string[];
  /** Nobody offers it to a machine whose architecture is not known. */
  archMustBeKnown?: true;
  /** Built only for machines with an MMU. */
  mmu?: true;
}

/** arch/*: Kconfig HAVE_DMA_CONTIGUOUS. */
const WITH_CMA = ["x86_64", "i386", "arm", "arm64", "mips", "mips64", "riscv64", "s390x"];
/** Of them, those whose default area lies where devices with the shortest masks reach: arch/arm, arm64 and riscv give the limit. */
const AREA_FOR_DEVICES = ["arm", "arm64", "riscv64"];
/** arch/*: callers of hugetlb_cma_reserve(). */
const WITH_HUGETLB_CMA = ["x86_64", "arm64", "ppc64", "ppc64le", "riscv64", "s390x"];

const CONDITIONS = {
  "cma=": { archs: WITH_CMA, mmu: true },
  "reusable region": { archs: WITH_CMA.filter((arch) => arch !== "x86_64" && arch !== "s390x"), mmu: true },
  "cma=SIZE@START-END": { archs: WITH_CMA, mmu: true },
  "cma= before the device tree": { archs: WITH_CMA, mmu: true },
  "hugetlb_cma=": { archs: WITH_HUGETLB_CMA, mmu: true },
  "hugepages=": { mmu: true },
  "movablecore=": { mmu: true },
  // CONFIG_COMPACTION depends on MMU.
  "vm.compact_memory": { mmu: true },
  "vm.compaction_proactiveness": { mmu: true },
  "vm.defrag_mode": { mmu: true },
  // Without an MMU vmalloc() is kmalloc().
  kvmalloc: { mmu: true },
  // arch/arm/mm/mmu.c, arch/x86/mm/pgtable_32.c, arch/s390: nobody else reads the parameter.
  "vmalloc=": { archs: ["arm", "i386", "s390x"], archMustBeKnown: true, mmu: true },
} as const satisfies Partial<Record<RemedialName | "vmalloc=", Condition>>;

type ConditionName = keyof typeof CONDITIONS;

/** Whether the machine has the remedy. What the text does not say counts as had, but for what few architectures have. */
export function offers(name: RemedialName | ConditionName, machine: RemedyMachine): boolean {
  const condition: Condition = CONDITIONS[name as ConditionName] ?? {};
  if (name !== "vmalloc=" && !hasRemedial(name, machine.series)) return false;
  if (condition.mmu === true && machine.noMmu) return false;
  if (condition.archs === undefined) return true;
  return machine.arch === null ? condition.archMustBeKnown !== true : condition.archs.includes(machine.arch);
}

/**
 * Whether an area can serve a request for a device: how `cma=` is written then, or null. kernel/dma/contiguous.c
 * dma_alloc_contiguous() takes no request that may not wait, nor one of a page; kernel/dma/direct.c gives a range back that the mask
 * of the device does not reach, and x86 lets the area lie near the end of memory.
 */
export function areaForDevice(
  { mayWait, judged, highest, kinds }: Asked,
  machine: RemedyMachine,
): ((size: string) => string) | null {
  if (!mayWait || judged === 0 || !offers("cma=", machine)) return null;
  if (!["DMA", "DMA32"].includes(highest)) return (size) => `cma=${size}`;
  const { arch } = machine;
  if (arch !== null && AREA_FOR_DEVICES.includes(arch)) return (size) => `cma=${size}`;
  const below4G = arch === "x86_64" && highest === "DMA32" && kinds.includes("DMA32");
  return below4G && offers("cma=SIZE@START-END", machine) ? (size) => `cma=${size}@0-4G` : null;
}

/** The machine of a reading. */
export function machineOf({ arch, noMmu, zones, hugetlb }: Reading, series: string): RemedyMachine {
  const nodes = [...zones, ...hugetlb].map((one) => one.node).filter((node) => node !== null);
  return { series, arch, noMmu, nodes: nodes.length === 0 ? null : new Set(nodes).size > 1 || nodes[0]! > 0 };
}

/** The same for a request. */
export const machineOfAsked = (reading: Reading, { kernel }: Asked): RemedyMachine =>
  machineOf(reading, kernel.series);
