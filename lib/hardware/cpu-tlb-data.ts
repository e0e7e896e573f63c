/**
 * TLBs of CPU cores, as figures with sources. An array never finds a page size it does not hold. A page may be kept
 * in smaller granules; it then takes one entry per granule touched. Vendors document entries and mostly ways;
 * page-walk caches, cache shares and latencies are modelling choices.
 */
import { unknownName } from "../base/errors";
import { GiB, KiB, MiB } from "../base/units";
import { CHOICE, type Sourced } from "./sourced";

export interface TlbArray {
  entries: number;
  ways: number;
  /** Bytes that one entry covers, per page size (in bytes) that the array holds. */
  holds: Readonly<Record<number, number>>;
  source: string;
}

export interface CpuTlb {
  title: string;
  /** First-level arrays for data, searched in parallel: each page size is in at most one of them. */
  l1: readonly TlbArray[];
  /** Second-level arrays. */
  l2: readonly TlbArray[];
  clockGHz: Sourced;
  /** Cycles per hit in the second level. */
  secondLevelCycles: Sourced;
  /** Cycles per page walk besides its loads, and the number of concurrent walks. */
  walkCycles: Sourced;
  walkers: Sourced;
  /** Entries of the page-walk caches: pointers to tables of 4 KiB pages (PDE), to directories (PDPTE), and above (PML4E). */
  pdeEntries: Sourced;
  pdpteEntries: Sourced;
  pml4eEntries: Sourced;
  /**
   * Bytes of page tables that stay in the core's L2 cache and in its part of the last level; the time of a load
   * there.
   */
  tableInL2Bytes: Sourced;
  tableInLlcBytes: Sourced;
  l2LoadCycles: Sourced;
  llcLoadNs: Sourced;
  dramLoadNs: Sourced;
}

const P4K = 4 * KiB;
const P2M = 2 * MiB;
const P1G = GiB;

const chosen = (value: number, why: string): Sourced => ({ value, source: `${CHOICE}: ${why}` });

/** Every access also brings in a line of data, so page tables get half of a cache. */
const half = (bytes: number, what: string): Sourced => chosen(bytes / 2, `half of ${what}`);

const WALK = {
  walkCycles: chosen(
    8,
    "Haswell was measured at about 20 cycles for a miss of its second level [P news.mynavi.jp 2013], 12 of them one load",
  ),
  pdeEntries: chosen(32, "undocumented; reverse engineering finds some tens [M]"),
  pdpteEntries: chosen(4, "undocumented; reverse engineering finds a handful [M]"),
  pml4eEntries: chosen(4, "undocumented"),
} as const;

const array = (entries: number, ways: number, holds: Record<number, number>, source: string): TlbArray => ({
  entries,
  ways,
  holds,
  source,
});

const L1_4K = array(64, 4, { [P4K]: P4K }, "64 entries, 4-way [P cpuid leaf 2, descriptor 03h]");
const L1_2M = array(
  32,
  4,
  { [P2M]: P2M },
  "32 entries, 4-way [P cpuid leaf 2, descriptor 63h; news.mynavi.jp 2013]",
);
const L1_1G = array(4, 4, { [P1G]: P1G }, "4 entries of their own, 4-way [P cpuid leaf 2, descriptor 63h]");

const SECOND_1G = array(
  16,
  4,
  { [P1G]: P1G },
  "16 entries for 1 GiB pages, 4-way [P cpuid leaf 2, descriptor C3h]",
);

/** Both parts have the Sunny Cove core; no dump of the server part was found. */
const ICE_LAKE_LEAF = "P cpuid leaf 18h of a Core i7-1068NG7, the same core";

export const CPU_TLBS = {
  haswell: {
    ...WALK,
    title: "Haswell",
    l1: [L1_4K, L1_2M, L1_1G],
    l2: [
      array(
        1024,
        8,
        { [P4K]: P4K, [P2M]: P2M },
        "1024 entries for 4 KiB and 2 MiB, 8-way [P cpuid leaf 2, descriptor C1h; news.mynavi.jp]; 1 GiB not held [M]",
      ),
    ],
    clockGHz: chosen(2.3, "base clock of a Xeon E5-2699 v3 [M]"),
    secondLevelCycles: { value: 12, source: "measured [P news.mynavi.jp 2013]; Intel's manual says 7 [M]" },
    walkers: {
      value: 1,
      source: "one page walk at a time before Skylake [P Intel's optimization manual, Skylake]",
    },
    tableInL2Bytes: half(256 * KiB, "the L2 cache [P wikichip]"),
    tableInLlcBytes: half(2.5 * MiB, "a core's slice of the last level [M]"),
    l2LoadCycles: { value: 12, source: "fastest load to use [P wikichip]" },
    llcLoadNs: chosen(22, "about 50 cycles"),
    dramLoadNs: chosen(90, "local memory of a two-socket server"),
  },
  broadwell: {
    ...WALK,
    title: "Broadwell",
    l1: [L1_4K, L1_2M, L1_1G],
    l2: [
      array(
        1536,
        6,
        { [P4K]: P4K, [P2M]: P2M },
        "1536 entries for 4 KiB and 2 MiB, 6-way [P cpuid leaf 2, descriptor C3h; wikichip]; news.mynavi.jp says 8-way",
      ),
      SECOND_1G,
    ],
    clockGHz: chosen(2.2, "base clock of a Xeon E5-2699 v4 [M]"),
    secondLevelCycles: chosen(9, "between Haswell's measured 12 and the manual's 7"),
    walkers: {
      value: 2,
      source: "a second page-miss handler [M]; Intel's manual credits Skylake with it [P]",
    },
    tableInL2Bytes: half(256 * KiB, "the L2 cache [P wikichip]"),
    tableInLlcBytes: half(2.5 * MiB, "a core's slice of the last level [M]"),
    l2LoadCycles: { value: 12, source: "fastest load to use [P wikichip]" },
    llcLoadNs: chosen(23, "about 50 cycles"),
    dramLoadNs: chosen(90, "local memory of a two-socket server"),
  },
  "skylake-sp": {
    ...WALK,
    title: "Skylake-SP",
    l1: [L1_4K, L1_2M, L1_1G],
    l2: [
      array(
        1536,
        12,
        { [P4K]: P4K, [P2M]: P2M },
        "1536 entries for 4 KiB and 2 MiB [P cpuid dump of a Skylake-SP]; 12-way [P wikichip; cpuid's text says 6-way]",
      ),
      SECOND_1G,
    ],
    clockGHz: chosen(2.5, "base clock of a Xeon Platinum 8180 [M]"),
    secondLevelCycles: chosen(9, "as Broadwell"),
    walkers: { value: 2, source: "two page walks in parallel [P Intel's optimization manual, Skylake]" },
    tableInL2Bytes: half(MiB, "the L2 cache [M]"),
    tableInLlcBytes: half(1.375 * MiB, "a core's slice of the last level [M]"),
    l2LoadCycles: { value: 14, source: "Intel's optimization manual [M]" },
    llcLoadNs: chosen(26, "about 65 cycles over the mesh"),
    dramLoadNs: chosen(90, "local memory of a two-socket server"),
  },
  "ice-lake-sp": {
    ...WALK,
    title: "Ice Lake-SP",
    l1: [
      array(64, 4, { [P4K]: P4K }, `64 entries for loads, 4-way [${ICE_LAKE_LEAF}]`),
      array(32, 4, { [P2M]: P2M }, `32 entries for loads, 4-way [${ICE_LAKE_LEAF}]`),
      array(8, 8, { [P1G]: P1G }, `8 entries for loads, fully associative [${ICE_LAKE_LEAF}]`),
    ],
    // Two halves of 1024 entries, 8-way; 4 KiB pages may be in both halves, which for them amounts to one array with
    // twice the ways.
    l2: [
      array(2048, 16, { [P4K]: P4K }, `2 × 1024 entries, 8-way each [${ICE_LAKE_LEAF}]`),
      array(1024, 8, { [P2M]: P2M }, `1024 entries, shared with 4 KiB, 8-way [${ICE_LAKE_LEAF}]`),
      array(1024, 8, { [P1G]: P1G }, `1024 other entries, shared with 4 KiB, 8-way [${ICE_LAKE_LEAF}]`),
    ],
    clockGHz: chosen(2.3, "base clock of a Xeon Platinum 8380 [M]"),
    secondLevelCycles: chosen(9, "as Broadwell"),
    walkers: { value: 2, source: "as Skylake [M]" },
    tableInL2Bytes: half(1.25 * MiB, "the L2 cache [M]"),
    tableInLlcBytes: half(1.5 * MiB, "a core's slice of the last level [M]"),
    l2LoadCycles: { value: 14, source: "Intel's optimization manual [M]" },
    llcLoadNs: chosen(30, "about 70 cycles over the mesh"),
    dramLoadNs: chosen(90, "local memory of a two-socket server"),
  },
  zen2: {
    ...WALK,
    title: "Zen 2",
    l1: [
      array(
        64,
        64,
        { [P4K]: P4K, [P2M]: P2M, [P1G]: P1G },
        "64 entries of any size, fully associative [P wikichip]",
      ),
    ],
    l2: [
      array(
        2048,
        16,
        { [P4K]: P4K, [P2M]: P2M, [P1G]: P2M },
        "2048 entries; 1 GiB pages smashed into 2 MiB ones [P wikichip]; 16-way [M; wikichip's 12 does not divide 2048]",
      ),
    ],
    clockGHz: chosen(2.25, "base clock of an EPYC 7742 [M]"),
    secondLevelCycles: chosen(7, "AMD's optimization guide [M]"),
    walkers: { value: 2, source: "two hardware page-table walkers [P wikichip]" },
    tableInL2Bytes: half(512 * KiB, "the L2 cache [P 7-cpu.com]"),
    tableInLlcBytes: half(4 * MiB, "a core's quarter of its complex's 16 MiB [P 7-cpu.com]"),
    l2LoadCycles: { value: 12, source: "AMD's optimization guide [M]" },
    llcLoadNs: chosen(17, "about 39 cycles"),
    dramLoadNs: chosen(105, "local memory through the I/O die"),
  },
  zen4: {
    ...WALK,
    title: "Zen 4",
    l1: [
      array(72, 72, { [P4K]: P4K, [P2M]: P2M, [P1G]: P1G }, "72 entries of any size, fully associative [M]"),
    ],
    l2: [
      array(
        3072,
        24,
        { [P4K]: P4K, [P2M]: P2M, [P1G]: P2M },
        "3072 entries: both second levels have 3584 pages of 4 KiB [P /proc/cpuinfo of an EPYC 9754], 512 of them for instructions [M]; 24-way [M]; 1 GiB pages smashed as in Zen 2 [M]",
      ),
    ],
    clockGHz: chosen(2.4, "base clock of an EPYC 9654 [M]"),
    secondLevelCycles: chosen(7, "AMD's optimization guide [M]"),
    walkers: { value: 6, source: "six page-table walkers since Zen 3 [M]" },
    tableInL2Bytes: half(MiB, "the L2 cache [M]"),
    tableInLlcBytes: half(4 * MiB, "a core's eighth of its complex's 32 MiB [M]"),
    l2LoadCycles: { value: 14, source: "AMD's optimization guide [M]" },
    llcLoadNs: chosen(20, "about 50 cycles"),
    dramLoadNs: chosen(105, "local memory through the I/O die"),
  },
  "neoverse-n1": {
    ...WALK,
    title: "Neoverse N1",
    l1: [
      array(
        48,
        48,
        { [P4K]: P4K, [P2M]: P2M, [P1G]: 512 * MiB },
        "48 entries, fully associative, of 4 KiB, 2 MiB and 512 MiB among others [P Cortex-A76 manual A5.2.2, the core N1 is made from]; 1 GiB kept as 512 MiB [modelling choice]",
      ),
    ],
    l2: [
      array(
        1280,
        5,
        { [P4K]: P4K, [P2M]: P2M, [P1G]: P1G },
        "1280 entries, 5-way, all sizes up to 1 GiB [P Cortex-A76 manual A5.2.3]",
      ),
    ],
    clockGHz: chosen(2.5, "AWS Graviton2 [M]"),
    secondLevelCycles: { value: 3, source: "usually three cycles [P Cortex-A76 manual A5.2.3]" },
    walkers: { value: 4, source: "four translation table walks [P Cortex-A76 manual A5.2.3]" },
    tableInL2Bytes: half(MiB, "the L2 cache [P wikichip, up to 1 MiB]"),
    tableInLlcBytes: half(MiB, "a core's share of the system cache [M]"),
    l2LoadCycles: { value: 11, source: "Neoverse N1 [M]" },
    llcLoadNs: chosen(30, "over the mesh"),
    dramLoadNs: chosen(95, "local memory"),
  },
} as const satisfies Record<string, CpuTlb>;

export type CpuTlbName = keyof typeof CPU_TLBS;
export const CPU_TLB_NAMES = Object.keys(CPU_TLBS) as CpuTlbName[];

/** Resolves the name of a core; a core is returned unchanged. Throws InputError for an unknown name. */
export function toCpuTlb(cpu: CpuTlbName | CpuTlb): CpuTlb {
  if (typeof cpu !== "string") return cpu;
  if (!Object.hasOwn(CPU_TLBS, cpu)) throw unknownName("CPU", cpu, CPU_TLB_NAMES);
  return CPU_TLBS[cpu];
}
