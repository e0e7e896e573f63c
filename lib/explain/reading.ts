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
  /** As printed; the sum of the free lists where only they are there (of a cut list, at least that much is free). */
  freeBytes: number;
  /** Watermarks as printed, the boost included; null where the text has free lists only (/proc/buddyinfo). */
  minBytes: number | null;
  lowBytes: number | null;
  highBytes: number | null;
  boostBytes: number | null;
  /** From the first to the last frame, holes included (/proc/zoneinfo). */
  spannedBytes: number | null;
  presentBytes: number | null;
  managedBytes: number | null;
  reservedHighatomicBytes: number | null;
  freeHighatomicBytes: number | null;
  freeCmaBytes: number | null;
  pcpBytes: number | null;
  /** `lowmem_reserve[]` in pages, by index of the zone that a request could use at best. */
  lowmemReserve: number[] | null;
  /** Free blocks by order; null without a whole list. */
  counts: number[] | null;
  /** Free blocks by order as far as a list goes that the text cuts; null otherwise. */
  countsCut: number[] | null;
  /** Letters by order as printed in brackets (`UMEHCI`), "" where there are none; null if no order has any. */
  types: string[] | null;
  /** Free blocks by order of each type, by its name in /proc/pagetypeinfo; null without that file. */
  countsByType: Record<string, number[]> | null;
  /** Page blocks of each type, by its name in /proc/pagetypeinfo; null without that file. */
  blocksByType: Record<string, number> | null;
  startPfn: number | null;
  /** Other counters of the zone in bytes by their name (active_anon, slab_unreclaimable …). */
  counters: Record<string, number>;
}

/** Counters of one node in bytes by their kernel name: active_anon, isolated(anon), shmem_thp … */
export interface NodeReading {
  node: number;
  counters: Record<string, number>;
  allUnreclaimable: boolean | null;
}

/** What the lines of vmalloc() say beside the size. */
export interface VmallocReading {
  /** Asked for more than all pages; no addresses; no pages; none for page tables; null where the line does not say it. */
  why: "total-pages" | "addresses" | "memory" | "page-tables" | null;
  range?: [number, number];
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
  /** The kernel asked for them at boot, for its command line. */
  atBoot?: true;
}

/** What a line about contiguous areas tells. */
export type CmaEvent =
  | "reserved"
  | "reserve-failed"
  | "not-activated"
  | "alloc-failed"
  | "available"
  | "pages-busy"
  | "device-failed"
  | "parameter-refused"
  | "other";

/** One line about contiguous areas (`cma:`, `cma_alloc:`, `Reserved memory:`). */
export interface CmaReading {
  event: CmaEvent;
  /** Name of the area, of the node of the device tree, or of the device that asked; null where none is printed. */
  area: string | null;
  node: number | null;
  base: number | null;
  bytes: number | null;
  askedPages: number | null;
  alignOrder: number | null;
  /** As printed: 12 for `ret: -12`. */
  errno: number | null;
  freePages: number | null;
  totalPages: number | null;
  /** Free runs of the area: pages, and the first one's number within the area (null in old kernels' lines). */
  runs: { pages: number; at: number | null }[];
  /** Frames `[from, to)` that were found busy. */
  pfns: [number, number] | null;
  /** The line without its prefixes. */
  words: string;
  place: Place;
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
  /** Name of the machine: `Machine model:`, `DMI:` or `Hardware name:`. */
  machine: string | null;
  /** Ranges of usable memory: first byte and the byte behind the last. */
  ram: [number, number][];
  /** Where `ram` comes from; null without ranges. */
  ramFrom: "nodes" | "memblock" | "e820" | "efi" | "iomem" | null;
  /** The memory of each node, where the text tells. */
  nodes: { node: number; from: number; to: number }[];
  reserved: ReservedReading[];
  commandLine: string | null;
  /** First byte and the byte behind the last of each zone; both are 0 for an empty one. */
  zoneRanges: { name: string; from: number; to: number }[];
  /** Options of a kernel configuration: `CONFIG_CMA` to `y`, `n` for one that is not set. */
  config: Record<string, string>;
}

/** One cache of /proc/slabinfo, or of the list of unreclaimable slabs in an OOM report. */
export interface SlabReading {
  name: string;
  usedBytes: number;
  totalBytes: number;
}

/** One limit of a memory cgroup, and how much of it was in use. */
export interface GroupLimit {
  of: "memory" | "memory+swap" | "kmem" | "swap";
  usageBytes: number;
  limitBytes: number;
}

/** A memory cgroup as its OOM report shows it. */
export interface GroupReading {
  path: string | null;
  limits: GroupLimit[];
}

/** What an OOM report says beside its memory. */
export interface OomReading {
  /** `CONSTRAINT_NONE`, `CONSTRAINT_MEMCG` … as printed. */
  constraint: string | null;
  /** The limit of a memory cgroup was reached, not the machine's end. */
  memcg: boolean;
  /** The cgroup whose limit was reached; missing where the report names neither it nor its limits. */
  group?: GroupReading;
  killed: { task: string; pid: number } | null;
}

/** What kind of report it is. */
export type ReadingKind =
  | "page-allocation-failure"
  | "oom"
  | "cma-alloc-failure"
  | "cma-reservation"
  | "hugetlb"
  | "notice"
  | "memory-state"
  | "boot-memory"
  | "trace";

/** One report: what stands between its first and its last line. */
export interface Reading {
  kind: ReadingKind;
  place: Place;
  /** Every text that this reading was put together from (files of one folder); the first is `place`. */
  parts: Place[];
  /** Kernel release as printed. */
  release: string | null;
  arch: string | null;
  pageBytes: number | null;
  /** Fields that the text does not print, but that were needed to read it: `pageBytes` for /proc/buddyinfo alone. */
  assumed: string[];
  task: string | null;
  pid: number | null;
  order: number | null;
  /** Bytes asked of vmalloc() where the report is one of vmalloc(). */
  vmallocBytes: number | null;
  /** Why vmalloc() failed, and the range of addresses that it was restricted to, as far as the lines say it. */
  vmalloc: VmallocReading | null;
  /** Milliseconds that the request had waited when the kernel warned of it, 4.9 to 4.14; null for a refusal. */
  stalledMs: number | null;
  /** The text shows that the kernel is one without an MMU. */
  noMmu: boolean;
  gfp: GfpReading;
  nodemask: string | null;
  cpuset: string | null;
  memsAllowed: string | null;
  stack: StackReading[];
  zones: ZoneReading[];
  nodes: NodeReading[];
  /** Totals of the machine in bytes by their kernel name: slab_reclaimable, free_cma, isolated_anon, pages RAM … */
  totals: Record<string, number>;
  /** Counters of /proc/vmstat by their name, as printed. */
  vmstat: Record<string, number>;
  pageblockOrder: number | null;
  hugetlb: HugetlbReading[];
  cma: CmaReading[];
  slabs: SlabReading[];
  oom: OomReading | null;
  /** The line of a reading that is one line only. */
  notice: string | null;
  /** The slab cache that got no page. */
  slabCache: string | null;
  /** Events of a trace by their name, and how often each occurs. */
  events: Record<string, number>;
  boot: BootReading;
  /** Lines of this report that were not understood. */
  passedOver: Place[];
  /** Its lines and those of another report lie between each other without a mark of who printed which. */
  mixed: boolean;
}
