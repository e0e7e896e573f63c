/**
 * Request flags by the names and the bits of every release: include/linux/gfp.h, gfp_types.h and
 * include/trace/events/mmflags.h. Reports of 4.6 and later print names beside the value, older ones only the value.
 * The bits were numbered anew five times; a name kept its meaning or got a successor.
 */
import { compareReleases, type KernelRelease } from "./kernel-release";

/** One numbering of the bits, valid from a release on. */
export interface GfpNumbering {
  from: KernelRelease;
  /** The change that brought it. */
  by: string;
  /** Name without `__GFP_` to its bit. */
  bits: Readonly<Record<string, number>>;
}

/** The zone bits, IO and FS never moved. */
const FIXED = { DMA: 0x1, HIGHMEM: 0x2, DMA32: 0x4, MOVABLE: 0x8, HIGH: 0x20, IO: 0x40, FS: 0x80 } as const;

const TO_4_18 = {
  NOWARN: 0x200,
  NOFAIL: 0x800,
  NORETRY: 0x1000,
  MEMALLOC: 0x2000,
  COMP: 0x4000,
  ZERO: 0x8000,
  NOMEMALLOC: 0x10000,
  HARDWALL: 0x20000,
  THISNODE: 0x40000,
} as const;

const TO_4_9 = { COLD: 0x100, REPEAT: 0x400, NOTRACK: 0x200000, OTHER_NODE: 0x800000, WRITE: 0x1000000 };

/** Oldest first. */
export const GFP_NUMBERINGS: readonly GfpNumbering[] = [
  {
    from: "2.6.32",
    by: "include/linux/gfp.h of 2.6.32 to 4.3",
    bits: {
      ...FIXED,
      ...TO_4_18,
      ...TO_4_9,
      WAIT: 0x10,
      RECLAIMABLE: 0x80000,
      KMEMCG: 0x100000,
      NO_KSWAPD: 0x400000,
    },
  },
  {
    from: "4.4",
    by: "d0164adc89f6: __GFP_WAIT becomes __GFP_DIRECT_RECLAIM and __GFP_KSWAPD_RECLAIM",
    bits: {
      ...FIXED,
      ...TO_4_18,
      ...TO_4_9,
      RECLAIMABLE: 0x10,
      ATOMIC: 0x80000,
      ACCOUNT: 0x100000,
      DIRECT_RECLAIM: 0x400000,
      KSWAPD_RECLAIM: 0x2000000,
    },
  },
  {
    from: "4.10",
    by: "41b6167e8f74: __GFP_OTHER_NODE goes",
    bits: {
      ...FIXED,
      ...TO_4_18,
      RECLAIMABLE: 0x10,
      COLD: 0x100,
      RETRY_MAYFAIL: 0x400,
      ATOMIC: 0x80000,
      ACCOUNT: 0x100000,
      NOTRACK: 0x200000,
      DIRECT_RECLAIM: 0x400000,
      WRITE: 0x800000,
      KSWAPD_RECLAIM: 0x1000000,
      NOLOCKDEP: 0x2000000,
    },
  },
  {
    from: "4.19",
    by: "the bits of __GFP_COLD and __GFP_NOTRACK are used again (patch of May 2018)",
    bits: {
      ...FIXED,
      ...TO_4_18,
      RECLAIMABLE: 0x10,
      WRITE: 0x100,
      RETRY_MAYFAIL: 0x400,
      ATOMIC: 0x80000,
      ACCOUNT: 0x100000,
      DIRECT_RECLAIM: 0x200000,
      KSWAPD_RECLAIM: 0x400000,
      NOLOCKDEP: 0x800000,
    },
  },
  {
    from: "5.1",
    by: "GFP_KERNEL, GFP_ATOMIC and __GFP_ZERO get bits close to each other, for shorter code",
    bits: {
      ...FIXED,
      RECLAIMABLE: 0x10,
      ZERO: 0x100,
      ATOMIC: 0x200,
      DIRECT_RECLAIM: 0x400,
      KSWAPD_RECLAIM: 0x800,
      WRITE: 0x1000,
      NOWARN: 0x2000,
      RETRY_MAYFAIL: 0x4000,
      NOFAIL: 0x8000,
      NORETRY: 0x10000,
      MEMALLOC: 0x20000,
      COMP: 0x40000,
      NOMEMALLOC: 0x80000,
      HARDWALL: 0x100000,
      THISNODE: 0x200000,
      ACCOUNT: 0x400000,
    },
  },
];

/** Names that a later release gave to the same right, and words that stand for several. */
const STANDS_FOR: Readonly<Record<string, readonly string[]>> = {
  __GFP_WAIT: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM"],
  __GFP_RECLAIM: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM"],
  __GFP_REPEAT: ["RETRY_MAYFAIL"],
  __GFP_KMEMCG: ["ACCOUNT"],
  __GFP_NOTRACK_FALSE_POSITIVE: ["NOTRACK"],
  GFP_ATOMIC: ["HIGH", "ATOMIC", "KSWAPD_RECLAIM"],
  GFP_NOWAIT: ["KSWAPD_RECLAIM"],
  GFP_NOIO: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM"],
  GFP_NOFS: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM", "IO"],
  GFP_KERNEL: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM", "IO", "FS"],
  GFP_KERNEL_ACCOUNT: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM", "IO", "FS", "ACCOUNT"],
  GFP_TEMPORARY: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM", "IO", "FS", "RECLAIMABLE"],
  GFP_IOFS: ["IO", "FS"],
  GFP_USER: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM", "IO", "FS", "HARDWALL"],
  GFP_HIGHUSER: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM", "IO", "FS", "HARDWALL", "HIGHMEM"],
  GFP_HIGHUSER_MOVABLE: ["DIRECT_RECLAIM", "KSWAPD_RECLAIM", "IO", "FS", "HARDWALL", "HIGHMEM", "MOVABLE"],
  GFP_TRANSHUGE_LIGHT: ["IO", "FS", "HARDWALL", "HIGHMEM", "MOVABLE", "COMP", "NOMEMALLOC", "NOWARN"],
  GFP_TRANSHUGE: [
    "IO",
    "FS",
    "HARDWALL",
    "HIGHMEM",
    "MOVABLE",
    "COMP",
    "NOMEMALLOC",
    "NOWARN",
    "DIRECT_RECLAIM",
  ],
  GFP_DMA: ["DMA"],
  GFP_DMA32: ["DMA32"],
  GFP_THISNODE: ["THISNODE", "NORETRY", "NOWARN"],
};

/** Names that no numbering above has, because their bits depend on the configuration. */
const WITHOUT_BIT = ["CMA", "NOACCOUNT", "NO_OBJ_EXT", "SKIP_KASAN", "SKIP_ZERO", "ZEROTAGS"];
const WITHOUT_BIT_LONG = ["SKIP_KASAN_POISON", "SKIP_KASAN_UNPOISON"];

/** Every name that stands for itself, without `__GFP_`. */
const SINGLE: ReadonlySet<string> = new Set([
  ...GFP_NUMBERINGS.flatMap(({ bits }) => Object.keys(bits)),
  ...WITHOUT_BIT,
  ...WITHOUT_BIT_LONG,
]);

/** Groups in the order in which the kernel looks for them when it prints flags: mmflags.h. */
const PRINTED_GROUPS = [
  "GFP_TRANSHUGE",
  "GFP_TRANSHUGE_LIGHT",
  "GFP_HIGHUSER_MOVABLE",
  "GFP_HIGHUSER",
  "GFP_USER",
  "GFP_KERNEL_ACCOUNT",
  "GFP_KERNEL",
  "GFP_NOFS",
  "GFP_ATOMIC",
  "GFP_NOIO",
  "GFP_NOWAIT",
  "GFP_DMA",
  "GFP_DMA32",
];

/** The flags of one request. */
export interface GfpWords {
  /** Groups and names as the kernel prints them: `GFP_KERNEL`, `__GFP_COMP`. */
  flags: string[];
  /** Every flag by itself, today's names without `__GFP_`; rights that older releases implied are among them. */
  has: ReadonlySet<string>;
  /** Names or bits that no release is known to have. */
  unknown: string[];
  /** How the value was read; null if the names were printed. */
  numbering: GfpNumbering | null;
}

/** Every word that gfpWords() knows. */
export function knownGfpWords(): string[] {
  return [...Object.keys(STANDS_FOR), ...[...SINGLE].map((name) => `__GFP_${name}`)];
}

/** The numbering of a release; the newest without one. */
export function gfpNumbering(release: KernelRelease | null): GfpNumbering {
  if (release === null) return GFP_NUMBERINGS.at(-1)!;
  return (
    GFP_NUMBERINGS.filter(({ from }) => compareReleases(from, release) <= 0).at(-1) ?? GFP_NUMBERINGS[0]!
  );
}

/**
 * Flags from names joined with `|`. Up to 4.3 a request without __GFP_WAIT was an atomic one, and every request woke
 * kswapd unless it said otherwise.
 */
export function gfpFromNames(text: string): GfpWords {
  const flags = text
    .split("|")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const unknown: string[] = [];
  const has = new Set<string>();
  for (const name of flags) {
    const single = name.startsWith("__GFP_") ? name.slice("__GFP_".length) : "";
    const parts = STANDS_FOR[name] ?? (SINGLE.has(single) ? [single] : undefined);
    if (parts === undefined) unknown.push(name);
    else for (const part of parts) has.add(part);
  }
  if (has.has("NO_KSWAPD")) has.delete("KSWAPD_RECLAIM");
  return { flags, has, unknown, numbering: null };
}

/** Flags from a value, by the numbering of `release`; without a release by the newest numbering that makes sense. */
export function gfpFromValue(value: number, release: KernelRelease | null): GfpWords {
  const own = gfpNumbering(release);
  const rest = [...GFP_NUMBERINGS].reverse().filter((n) => n !== own);
  const numbering = [own, ...rest].find((n) => makesSense(value, n)) ?? own;
  const singles = Object.entries(numbering.bits).filter(([, bit]) => (value & bit) !== 0);
  const known = singles.reduce((sum, [, bit]) => sum | bit, 0);
  const left = (value & ~known) >>> 0;
  const has = withImplied(new Set(singles.map(([name]) => name)));
  return {
    flags: printedGroups(new Set(singles.map(([name]) => name)), numbering),
    has,
    unknown: left === 0 ? [] : [`0x${left.toString(16)}`],
    numbering,
  };
}

/**
 * A request that may start I/O or enter a file system may also wait; nearly every one wakes kswapd. Bits from 2^23 up
 * depend on the configuration, so they decide nothing.
 */
function makesSense(value: number, { bits }: GfpNumbering): boolean {
  const all = Object.values(bits).reduce((sum, bit) => sum | bit, 0);
  const odd = (value & ~all) >>> 0;
  const waits = (bits.WAIT ?? bits.DIRECT_RECLAIM!) & value;
  const works = value & (bits.IO! | bits.FS!);
  const wakes = bits.WAIT !== undefined || (value & bits.KSWAPD_RECLAIM!) !== 0;
  const transhuge = (value & bits.MOVABLE!) !== 0 && (value & bits.COMP!) !== 0;
  return (odd & (2 ** 23 - 1)) === 0 && (works === 0 || waits !== 0 || transhuge) && (wakes || transhuge);
}

/** Today's names of what a value of an old numbering says. */
function withImplied(singles: ReadonlySet<string>): ReadonlySet<string> {
  const has = new Set<string>();
  for (const name of singles) for (const part of STANDS_FOR[`__GFP_${name}`] ?? [name]) has.add(part);
  return has;
}

function printedGroups(singles: Set<string>, { bits }: GfpNumbering): string[] {
  const left = new Set(singles);
  const words: string[] = [];
  for (const group of PRINTED_GROUPS) {
    const parts = partsIn(group, bits);
    if (parts.length === 0 || !parts.every((part) => left.has(part))) continue;
    words.push(group);
    for (const part of parts) left.delete(part);
  }
  return [...words, ...[...left].map((name) => `__GFP_${name}`)];
}

/** A group in the names of one numbering. */
function partsIn(group: string, bits: Readonly<Record<string, number>>): string[] {
  const parts = STANDS_FOR[group]!;
  if (bits.WAIT === undefined) return [...parts];
  if (group === "GFP_NOWAIT") return [];
  const old = parts.filter((part) => part !== "KSWAPD_RECLAIM" && part !== "ATOMIC");
  return old.map((part) => (part === "DIRECT_RECLAIM" ? "WAIT" : part));
}

/**
 * What a request of `release` may do beyond its flags: up to 4.3 one that may not wait is atomic; from 4.4 to 6.2
 * GFP_ATOMIC says so itself, from 6.3 on __GFP_HIGH without direct reclaim.
 */
export function gfpIsAtomic(has: ReadonlySet<string>, numbered: GfpNumbering): boolean {
  if (has.has("DIRECT_RECLAIM")) return false;
  if (numbered.bits.WAIT !== undefined) return !has.has("NO_KSWAPD");
  return has.has("ATOMIC") || has.has("HIGH");
}

/** What the flags ask for, in words. */
export function gfpInWords(has: ReadonlySet<string>): string {
  const may = has.has("DIRECT_RECLAIM")
    ? !has.has("IO")
      ? "may wait, but start no disk I/O"
      : !has.has("FS")
        ? "may wait, but not enter a file system"
        : "may wait for reclaim and compaction"
    : "may not wait";
  const what = has.has("MOVABLE")
    ? "movable memory"
    : has.has("RECLAIMABLE")
      ? "reclaimable kernel memory"
      : has.has("HIGHMEM")
        ? "memory also outside what the kernel maps"
        : "kernel memory";
  const extras: [string, string][] = [
    ["DMA", "in ZONE_DMA"],
    ["DMA32", "with 32-bit addresses"],
    ["HIGH", "with access to the emergency reserve"],
    ["ZERO", "zeroed"],
    ["COMP", "as one compound page"],
    ["NORETRY", "without retries"],
    ["RETRY_MAYFAIL", "with many retries"],
    ["NOFAIL", "that must not fail"],
    ["THISNODE", "on one node only"],
    ["ACCOUNT", "charged to the memory cgroup"],
    ["HARDWALL", "within the cpuset"],
    ["MEMALLOC", "with no watermark"],
    ["NOMEMALLOC", "barred from the emergency reserve"],
  ];
  const said = extras.filter(([flag]) => has.has(flag)).map(([, words]) => words);
  return `${[what, ...said].join(", ")}; the request ${may}`;
}
