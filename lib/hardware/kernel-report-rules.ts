/**
 * What a reader of reports must know by release, from 2.6.32 on: how the watermark check counted before the modelled
 * kernels, and which settings, boot parameters and calls exist. The rest is in kernel-switches.ts.
 */

import { BOOT_RULES } from "./kernel-boot-rules";
import { compareReleases, type KernelRelease, valueIn } from "./kernel-release";
import { came, choice, type KernelSwitch, likely, onOff } from "./kernel-switch";
import { ALLOCATOR_SWITCHES } from "./kernel-switches";

/** Rules of the watermark check that changed before 4.17; the first value is that of 2.6.32. */
export const REPORT_RULES = {
  watermarkByOrder: choice<"every order" | "one block">(
    "Above order 0: at every order below the asked one the rest must exceed a mark halved each time, or one block is enough.",
    "every order",
    [["one block", came("4.4", "97a16fc82a7c")]],
  ),
  freeCmaApart: onOff(
    "Free CMA pages do not count for requests that may not take them.",
    came("3.7", "d95ea5d18e69"),
  ),
  freeCmaAtEveryOrder: onOff(
    "Above order 0, where every order is checked, free CMA pages are subtracted for the first check only.",
    came("3.10", "026b08147923"),
  ),
  orderZeroShortcut: onOff(
    "A quick check of order 0 comes first, which the switch quickCheckReserve describes.",
    came("4.7", "48ee5f3696f6"),
  ),
  zonesShown: choice<"all" | "asked">(
    "Zones that a report prints: all, or none above the highest that the request may use.",
    "all",
    [["asked", came("6.1", "974f4367dd31")]],
  ),
  highatomicReserve: onOff("A reserve for atomic requests above order 0.", came("4.4", "0aaa29a56e4f")),
  cmaLimitInBootMessage: onOff(
    "cma: Reserved prints the size as it was asked for, not as it was rounded.",
    likely("6.15", "cma_declare_contiguous_multi(), whose message prints the request"),
  ),
} as const;

type ValueOf<T> = T extends KernelSwitch<infer V> ? V : never;

/** The value of a rule in any release from 2.6 on. */
export function reportRule<N extends keyof typeof REPORT_RULES>(
  name: N,
  series: KernelRelease,
): ValueOf<(typeof REPORT_RULES)[N]> {
  return valueIn(REPORT_RULES[name] as KernelSwitch, series) as ValueOf<(typeof REPORT_RULES)[N]>;
}

/** A setting, boot parameter, device-tree property or call: the first release that has it. */
export interface Remedial {
  from: KernelRelease;
  by: string;
}

/** The first release with a switch on: the tables of switches say it once. */
function arrivalOf({ values }: KernelSwitch<boolean>): Remedial {
  const [, { release, by }] = values[0]!;
  return { from: release, by };
}

/** What remedies use, by name. */
export const REMEDIALS = {
  "vm.min_free_kbytes": { from: "2.6.0", by: "mm/page_alloc.c" },
  "vm.lowmem_reserve_ratio": { from: "2.6.10", by: "mm/page_alloc.c" },
  "vm.compact_memory": { from: "2.6.35", by: "76ab0f530e46" },
  "vm.extfrag_threshold": { from: "2.6.35", by: "5e7719058079" },
  "vm.watermark_scale_factor": { from: "4.6", by: "795ae7a0de6b" },
  "vm.watermark_boost_factor": arrivalOf(ALLOCATOR_SWITCHES.watermarkBoost),
  "vm.compaction_proactiveness": arrivalOf(ALLOCATOR_SWITCHES.proactiveCompaction),
  "vm.percpu_pagelist_high_fraction": { from: "5.14", by: "74f44822097c" },
  "vm.defrag_mode": arrivalOf(BOOT_RULES.defragModeSysctl),
  "vm.drop_caches": { from: "2.6.16", by: "9d0243bca345" },
  "cma=": { from: "3.5", by: "c64be2bb1c6e" },
  "cma=SIZE@START-END": { from: "3.16", by: "5ea3b1b2f8ad" },
  "cma= before the device tree": { from: "5.6", by: "dma-contiguous: CMA: give precedence to cmdline" },
  "hugepages=": { from: "2.6.0", by: "mm/hugetlb.c" },
  "nr_hugepages of a node": { from: "2.6.32", by: "9a30523066cd" },
  "gigantic pages at run time": { from: "3.16", by: "944d9fec8d7a" },
  "hugepages=NODE:": { from: "5.16", by: "b5389086ad7b" },
  "hugetlb_cma=": arrivalOf(BOOT_RULES.hugetlbCma),
  "movablecore=": { from: "2.6.23", by: "7e63efef857575" },
  "reusable region": { from: "3.18", by: "de9e14eebf33" },
  kvmalloc: { from: "4.12", by: "a7c3e901a46f" },
  "dma_alloc_noncontiguous()": { from: "5.13", by: "7d5b5738d151" },
  "multigenerational LRU": { from: "6.1", by: "354ed5974429" },
} as const satisfies Readonly<Record<string, Remedial>>;

export type RemedialName = keyof typeof REMEDIALS;

/** Whether `series` has it; true if the release is not known. */
export function hasRemedial(name: RemedialName, series: KernelRelease | null): boolean {
  return series === null || compareReleases(REMEDIALS[name].from, series) <= 0;
}
