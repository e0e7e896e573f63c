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
/** arch/*: callers of hugetlb_cma_reserve(). */
const WITH_HUGETLB_CMA = ["x86_64", "arm64", "ppc64", "ppc64le", "riscv64", "s390x"];

const CONDITIONS = {
  "cma=": { archs: WITH_CMA, mmu: true },
  "reusable region": { archs: WITH_CMA.filter((arch) => arch !== "x86_64" && arch !== "s390x"), mmu: true },
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

/** The machine of a reading. */
export function machineOf({ arch, noMmu, zones, hugetlb }: Reading, series: string): RemedyMachine {
  const nodes = [...zones, ...hugetlb].map((one) => one.node).filter((node) => node !== null);
  return { series, arch, noMmu, nodes: nodes.length === 0 ? null : new Set(nodes).size > 1 || nodes[0]! > 0 };
}

/** The same for a request. */
export const machineOfAsked = (reading: Reading, { kernel }: Asked): RemedyMachine =>
  machineOf(reading, kernel.series);
