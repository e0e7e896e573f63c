/**
 * What texts of a real machine say, before anything is concluded from them. Sizes are in bytes, numbers of pages as
 * printed. A field is null where the text says nothing.
 */

/** Where in the input something stands: the name of the text, its first and last line (1-based). */
export interface Place {
  source: string;
  first: number;
  last: number;
}

/** The flags of a request as a report prints them. */
export interface GfpReading {
  /** Names as printed, `GFP_KERNEL|__GFP_COMP`, or the bare number `0x40cc0`; null where the text has none. */
  text: string | null;
  /** Value printed beside the names. Bits moved between releases, so names count where both are there. */
  value: number | null;
}

/** One zone as a Mem-Info block or a file of /proc describes it. */
export interface ZoneReading {
  node: number;
  /** `DMA`, `DMA32`, `Normal`, `HighMem`, `Movable` or `Device`. */
  name: string;
  freeBytes: number;
  minBytes: number;
  lowBytes: number;
  highBytes: number;
  boostBytes: number | null;
  presentBytes: number | null;
  managedBytes: number | null;
  reservedHighatomicBytes: number | null;
  freeHighatomicBytes: number | null;
  freeCmaBytes: number | null;
  pcpBytes: number | null;
  /** `lowmem_reserve[]` in pages, by index of the zone that a request could use at best. */
  lowmemReserve: number[] | null;
  /** Free blocks by order; null without a list. */
  counts: number[] | null;
  /** Letters by order as printed in brackets (`UMEHCI`), "" where there are none; null if no order has any. */
  types: string[] | null;
  /** Other counters of the zone in bytes by their name (active_anon, slab_unreclaimable …). */
  counters: Record<string, number>;
}

/** One entry of a call trace. */
export interface StackReading {
  function: string;
  module: string | null;
  /** The kernel printed a question mark: the address stood on the stack, but may be a leftover. */
  uncertain: boolean;
}

/** One pool of huge pages. */
export interface HugetlbReading {
  /** null: the whole machine. */
  node: number | null;
  pageBytes: number;
  total: number;
  free: number;
  surplus: number | null;
  reserved: number | null;
  /** Pages that were asked for; null where the text has the result only. */
  asked: number | null;
}

/** One line about contiguous areas (`cma:`, `cma_alloc:`, `Reserved memory:`). */
export interface CmaReading {
  area: string | null;
  base: number | null;
  bytes: number | null;
  askedPages: number | null;
  alignOrder: number | null;
  errno: number | null;
  /** The line without its prefixes. */
  words: string;
}

/** One range that a boot log, /proc/iomem or the firmware's map sets aside. */
export interface ReservedReading {
  name: string | null;
  base: number;
  bytes: number;
  /** `reusable`, `no-map`, … as printed. */
  flags: string[];
}

/** The machine's memory as its boot log or /proc/iomem lists it. */
export interface BootReading {
  /** Ranges of usable memory: first byte and the byte behind the last. */
  ram: [number, number][];
  reserved: ReservedReading[];
  commandLine: string | null;
  /** First byte and the byte behind the last of each zone; both are 0 for an empty one. */
  zoneRanges: { name: string; from: number; to: number }[];
  /** Options of a kernel configuration: `CONFIG_CMA` to `y`, `n` for one that is not set. */
  config: Record<string, string>;
}

/** What kind of report it is. */
export type ReadingKind =
  | "page-allocation-failure"
  | "oom"
  | "cma-alloc-failure"
  | "cma-reservation"
  | "hugetlb"
  | "memory-state"
  | "boot-memory"
  | "trace";

/** One report: what stands between its first and its last line. */
export interface Reading {
  kind: ReadingKind;
  place: Place;
  /** Kernel release as printed. */
  release: string | null;
  arch: string | null;
  pageBytes: number | null;
  task: string | null;
  pid: number | null;
  order: number | null;
  gfp: GfpReading;
  nodemask: string | null;
  stack: StackReading[];
  zones: ZoneReading[];
  /** Totals of the machine in bytes by their kernel name: slab_reclaimable, free_cma, isolated_anon, pages RAM … */
  totals: Record<string, number>;
  hugetlb: HugetlbReading[];
  cma: CmaReading[];
  boot: BootReading;
  /** Lines of this report that were not understood. */
  passedOver: Place[];
}
