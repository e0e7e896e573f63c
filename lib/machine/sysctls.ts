/**
 * Sysctls of the allocator as fields of a machine. They are written once the machine has booted, as systemd-sysctl
 * does: what the booting kernel took, it took under the kernel's own values. A value that the machine has already
 * changes nothing.
 */
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import { bootRules, type KernelRelease } from "../hardware/kernel-release";
import { hasRemedial, REMEDIALS, type RemedialName } from "../hardware/kernel-report-rules";
import type { PageGeometry } from "../hardware/page-geometry";
import { LEAST_PAGELIST_FRACTION } from "../mm/boot/pageset-size";
import { readField } from "../schema/check";
import { type Fields, list, type OutOf, optional, parsed, text, truth, whole } from "../schema/field";
import { shown } from "../schema/place";
import { NR_HUGEPAGES, OVERCOMMIT_HUGEPAGES } from "./sysctl-pools";
import type { BuiltZone } from "./zones";

/** Sysctls are C ints. */
const INT_MAX = 2 ** 31 - 1;

/** What the kernel has where a plan says nothing, in every release. */
export const SYSCTL_DEFAULTS = {
  watermarkScaleFactor: 10,
  watermarkBoostFactor: 15000,
  extfragThreshold: 500,
  compactionProactiveness: 20,
  percpuPagelistHighFraction: 0,
  defragMode: false,
} as const;

const RATIOS = list("a ratio for each zone, the lowest first", whole("ratio", "", { most: INT_MAX }), {
  least: 1,
  most: 5,
});

const ratios = parsed(
  "vm.lowmem_reserve_ratio by zone, lowest first, as /proc/sys prints it: a zone keeps 1/ratio of the memory above it; 0: nothing",
  (given: string | readonly number[]): number[] => {
    const words = typeof given === "string" ? given.trim().split(/[\s,]+/, 9) : null;
    if (words?.some((word) => !/^\d{1,10}$/.test(word)))
      throw new InputError(`must be ratios such as "256 256 32 0": got ${shown(given)}`);
    return readField(RATIOS, words?.map(Number) ?? given, []);
  },
  [text("256 256 32 0"), RATIOS],
  { default: "256 256 32 0", source: "mm/page_alloc.c setup_per_zone_lowmem_reserve()" },
);

/** Sysctls that change what a boot has computed: watermarks, reserves, per-CPU lists, pools. */
export const COMPUTED_AT_BOOT = [
  "minFreeKbytes",
  "watermarkScaleFactor",
  "lowmemReserveRatio",
  "percpuPagelistHighFraction",
  "nrHugepages",
  "overcommitHugepages",
] as const;

export const SYSCTL_FIELDS = {
  minFreeKbytes: optional(
    whole("vm.min_free_kbytes, which is divided into the min watermarks", "kB", {
      most: INT_MAX,
      default: "what the kernel computes at boot",
      source: "mm/page_alloc.c __setup_per_zone_wmarks()",
    }),
  ),
  watermarkScaleFactor: optional(
    whole("vm.watermark_scale_factor: the gaps between watermarks, in ten-thousandths of a zone", "", {
      least: 1,
      most: 3000,
      default: "10",
      source: "mm/page_alloc.c __setup_per_zone_wmarks(); up to 1000 before 5.17",
    }),
  ),
  watermarkBoostFactor: optional(
    whole(
      "vm.watermark_boost_factor: the most boost, in ten-thousandths of the high watermark; 0: none",
      "",
      {
        most: INT_MAX,
        default: "15000",
        source: "mm/page_alloc.c boost_watermark(), 5.0",
      },
    ),
  ),
  extfragThreshold: optional(
    whole(
      "vm.extfrag_threshold: up to this fragmentation index, in thousandths, a costly request lacks memory and does not compact",
      "",
      { most: 1000, default: "500", source: "mm/compaction.c compaction_suitable()" },
    ),
  ),
  compactionProactiveness: optional(
    whole("vm.compaction_proactiveness: how hard kcompactd compacts unasked; 0: not", "%", {
      most: 100,
      default: "20",
      was: ["proactiveness"],
      source: "mm/compaction.c fragmentation_score_wmark(), 5.9",
    }),
  ),
  lowmemReserveRatio: optional(ratios),
  percpuPagelistHighFraction: optional(
    whole(
      "vm.percpu_pagelist_high_fraction, before 5.14 vm.percpu_pagelist_fraction: per-CPU lists hold at most this fraction of a zone; 0: the kernel's size",
      "",
      {
        most: INT_MAX,
        default: "0",
        was: ["percpuPagelistFraction"],
        source: "mm/page_alloc.c zone_highsize(); 4.17 pageset_set_high()",
      },
    ),
  ),
  defragMode: optional(
    truth("vm.defrag_mode: no fallback to blocks of another type while compaction can help", {
      default: "off",
      source: "mm/page_alloc.c alloc_flags_nofragment(), 6.15",
    }),
  ),
  nrHugepages: optional(NR_HUGEPAGES),
  overcommitHugepages: optional(OVERCOMMIT_HUGEPAGES),
} satisfies Fields;

/** Sysctls that are written after boot; those left out keep the kernel's value. */
export interface Sysctls extends OutOf<typeof SYSCTL_FIELDS> {}

/** The facts about a machine that decide which values its kernel takes. */
export interface SysctlMachine {
  release: KernelRelease;
  geometry: PageGeometry;
  nodes: number;
  /** Zones that this kernel is built with, lowest first. */
  zoneNames: readonly BuiltZone[];
}

/** The sysctls in a description that has other fields too; huge pages without a size get the default one. */
export function sysctlsOf(request: Sysctls, { pageSize, pmdOrder }: PageGeometry): Sysctls {
  const sized = <W extends { bytes?: number }>(writes: readonly W[]) =>
    writes.map((write) => ({ ...write, bytes: write.bytes ?? pageSize * 2 ** pmdOrder }));
  const { nrHugepages, overcommitHugepages } = request;
  const given: Sysctls = {
    ...request,
    ...(nrHugepages && { nrHugepages: sized(nrHugepages) }),
    ...(overcommitHugepages && { overcommitHugepages: sized(overcommitHugepages) }),
  };
  return Object.fromEntries(
    Object.keys(SYSCTL_FIELDS)
      .map((name) => [name, given[name as keyof Sysctls]] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/** Throws InputError for a sysctl that the release does not have, and for a value that its handler refuses. */
export function checkSysctls(given: Sysctls, machine: SysctlMachine): void {
  const { release } = machine;
  const rules = bootRules(release);
  const mustExist = (name: keyof Sysctls, sysctl: RemedialName) => {
    if (given[name] !== undefined && !hasRemedial(sysctl, release))
      throw new InputError(
        `${name}: ${sysctl} exists since ${REMEDIALS[sysctl].from}: got kernel ${release}`,
      );
  };
  mustExist("watermarkBoostFactor", "vm.watermark_boost_factor");
  mustExist("compactionProactiveness", "vm.compaction_proactiveness");
  mustExist("defragMode", "vm.defrag_mode");
  const { watermarkScaleFactor = 0, percpuPagelistHighFraction: fraction = 0 } = given;
  if (watermarkScaleFactor > rules.watermarkScaleFactorMost)
    throw new InputError(
      `watermarkScaleFactor: must be from 1 to ${rules.watermarkScaleFactorMost} before 5.17: got ${watermarkScaleFactor} for kernel ${release}`,
    );
  if (fraction > 0 && fraction < LEAST_PAGELIST_FRACTION)
    throw new InputError(
      `percpuPagelistHighFraction: must be 0, or ${LEAST_PAGELIST_FRACTION} or more: got ${fraction}`,
    );
  checkRatios(given.lowmemReserveRatio ?? [], machine);
  checkPools(given, machine);
}

/** A kernel with ZONE_DEVICE has one more number, which nothing reads. */
function checkRatios(given: readonly number[], { zoneNames, release }: SysctlMachine): void {
  const most = zoneNames.length + 1;
  if (given.length > most)
    throw new InputError(
      `lowmemReserveRatio: this kernel has the zones ${zoneNames.join(", ")} and Device: must have at most ${most} ratios: got ${given.length} for kernel ${release}`,
    );
}

function checkPools(given: Sysctls, { geometry, nodes }: SysctlMachine): void {
  const { hugePageSizes: sizes, pageSize, largestBuddyOrder } = geometry;
  const known = (name: keyof Sysctls, bytes: number) => {
    if (!sizes.includes(bytes))
      throw new InputError(
        `${name}: a machine with pages of ${formatSize(pageSize)} has huge pages of ${sizes.length === 0 ? "no size" : sizes.map(formatSize).join(", ")}: got ${formatSize(bytes)}`,
      );
  };
  for (const { bytes = 0, node = 0 } of given.nrHugepages ?? []) {
    known("nrHugepages", bytes);
    if (node >= nodes)
      throw new InputError(`nrHugepages: the machine has nodes 0 to ${nodes - 1}: got ${node}`);
  }
  for (const { bytes = 0 } of given.overcommitHugepages ?? []) {
    known("overcommitHugepages", bytes);
    if (bytes > pageSize * 2 ** largestBuddyOrder)
      throw new InputError(
        `overcommitHugepages: the kernel takes no surplus pages larger than ${formatSize(pageSize * 2 ** largestBuddyOrder)}, the largest buddy page: got ${formatSize(bytes)}`,
      );
  }
}
