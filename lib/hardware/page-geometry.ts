/**
 * Page geometries: the sizes and orders that follow from an architecture's page tables and Kconfig for a base page
 * size. Facts as data; mm/boot/pageblock-order.ts turns them into a page-block order.
 *
 * Sources (Linux 4.17, 6.1, 6.12, 6.19): arch/arm64/Kconfig ARCH_FORCE_MAX_ORDER / FORCE_MAX_ZONEORDER,
 * arch/arm64/mm/hugetlbpage.c, arch/x86/mm/hugetlbpage.c, arch/powerpc/Kconfig, asm/{sparsemem,pgtable}.h; 32-bit ARM without
 * LPAE, 32-bit MIPS and RISC-V from 6.1 alone: arch/{arm,mips,riscv}/Kconfig, arch/riscv/mm/hugetlbpage.c.
 */
import { GiB, KiB, MiB } from "../base/units";
import { bootRules, type KernelRelease } from "./kernel-release";

export type Architecture = "arm64" | "x86-64" | "ppc64" | "arm" | "mips" | "riscv64";

/** 32-bit architectures: addresses of 32 bits, and memory that the kernel does not map all the time (high memory). */
export const BITS_32: ReadonlySet<Architecture> = new Set(["arm", "mips"]);

/** sizeof(struct page): 64 bytes, or 32 on a 32-bit kernel, as in the memmap of recorded boots (i.MX, STM32MP1, SoCFPGA). */
export function structPageBytes(architecture: Architecture): number {
  return BITS_32.has(architecture) ? 32 : 64;
}

/** Bytes of memory that a 32-bit kernel maps: 3 GiB / 1 GiB split and 240 MiB of vmalloc (arm), KSEG0 (mips). */
export function lowMemoryEnd(architecture: Architecture, start: number): number {
  if (architecture === "arm") return start + 768 * MiB;
  if (architecture === "mips") return 512 * MiB;
  return Number.MAX_SAFE_INTEGER;
}

/** The kinds of huge pages built into the kernel. */
export interface HugePageSupport {
  /** CONFIG_TRANSPARENT_HUGEPAGE. */
  thp: boolean;
  /** CONFIG_HUGETLBFS (and HUGETLB_PAGE). */
  hugetlb: boolean;
}

/** The page sizes and orders of one architecture, base page and kernel build. Orders count base pages. */
export interface PageGeometry {
  architecture: Architecture;
  /** Bytes of a base page. */
  pageSize: number;
  /** The largest order of the buddy allocator (MAX_ORDER - 1 before 6.4, MAX_PAGE_ORDER since 6.8). */
  largestBuddyOrder: number;
  /** Order of the page a PMD maps: the THP size and the default hugetlb size. */
  pmdOrder: number;
  /** hugetlb page sizes in bytes, ascending; empty without hugetlb. */
  hugePageSizes: number[];
  /** Bytes of physical memory in one sparsemem section (1 << SECTION_SIZE_BITS). */
  sectionBytes: number;
  /** HUGETLB_PAGE_SIZE_VARIABLE: the page-block order is set at boot from the size the MMU offers (powerpc). */
  pageblockOrderSetAtBoot: boolean;
}

interface Row {
  pmdOrder: number;
  hugePageSizes: readonly number[];
  sectionBytes: readonly [before5_12: number, since5_12: number];
  largestBuddyOrder(release: KernelRelease, thp: boolean): number;
}

/** arm64 has the larger buddy only with THP before 5.12 (Kconfig: `if TRANSPARENT_HUGEPAGE`), afterwards always. */
const arm64Order = (large: number) => (release: KernelRelease, thp: boolean) =>
  bootRules(release).arm64LargeBuddyWithoutThp || thp ? large : 10;

/** No huge pages; flat memory, whose parts of 256 MiB stand for sections. */
function without32BitHuge(): Row {
  return {
    pmdOrder: 10,
    hugePageSizes: [],
    sectionBytes: [256 * MiB, 256 * MiB],
    largestBuddyOrder: () => 10,
  };
}

const ROWS: Record<Architecture, Readonly<Record<number, Row>>> = {
  arm64: {
    [4 * KiB]: {
      pmdOrder: 9,
      hugePageSizes: [64 * KiB, 2 * MiB, 32 * MiB, GiB],
      sectionBytes: [GiB, 128 * MiB],
      largestBuddyOrder: () => 10,
    },
    [16 * KiB]: {
      pmdOrder: 11,
      hugePageSizes: [2 * MiB, 32 * MiB, GiB],
      sectionBytes: [GiB, 128 * MiB],
      largestBuddyOrder: arm64Order(11),
    },
    [64 * KiB]: {
      pmdOrder: 13,
      hugePageSizes: [2 * MiB, 512 * MiB, 16 * GiB],
      sectionBytes: [GiB, 512 * MiB],
      largestBuddyOrder: arm64Order(13),
    },
  },
  "x86-64": {
    [4 * KiB]: {
      pmdOrder: 9,
      hugePageSizes: [2 * MiB, GiB],
      sectionBytes: [128 * MiB, 128 * MiB],
      largestBuddyOrder: () => 10,
    },
  },
  // Without LPAE a PMD maps nothing larger than a section of 1 MiB, and there are no huge pages.
  arm: { [4 * KiB]: without32BitHuge() },
  mips: { [4 * KiB]: without32BitHuge(), [16 * KiB]: without32BitHuge() },
  riscv64: {
    [4 * KiB]: {
      pmdOrder: 9,
      hugePageSizes: [2 * MiB, GiB],
      sectionBytes: [128 * MiB, 128 * MiB],
      largestBuddyOrder: () => 10,
    },
  },
  ppc64: {
    // Radix MMU (POWER9 and later): 2 MiB and 1 GiB. A hash MMU has 16 MiB pages instead.
    [4 * KiB]: {
      pmdOrder: 9,
      hugePageSizes: [2 * MiB, GiB],
      sectionBytes: [16 * MiB, 16 * MiB],
      largestBuddyOrder: () => 12,
    },
    [64 * KiB]: {
      pmdOrder: 5,
      hugePageSizes: [2 * MiB, GiB],
      sectionBytes: [16 * MiB, 16 * MiB],
      largestBuddyOrder: () => 8,
    },
  },
};

/** Whether the architecture can be built with huge pages of either kind. */
export function hasHugePages(architecture: Architecture): boolean {
  return !BITS_32.has(architecture);
}

/** Base page sizes in bytes that the architecture's page tables support, ascending. */
export function pageSizesOf(architecture: Architecture): number[] {
  return Object.keys(ROWS[architecture]).map(Number);
}

/**
 * The geometry of `pageSize` on `architecture`; undefined if the architecture lacks that page size. `maxOrder`: the
 * largest order of a build of one's own (ARCH_FORCE_MAX_ORDER, one less before 6.4).
 */
export function pageGeometry(
  architecture: Architecture,
  pageSize: number,
  release: KernelRelease,
  huge: HugePageSupport,
  maxOrder?: number,
): PageGeometry | undefined {
  const row = ROWS[architecture][pageSize];
  if (row === undefined) return undefined;
  return {
    architecture,
    pageSize,
    largestBuddyOrder: maxOrder ?? row.largestBuddyOrder(release, huge.thp),
    pmdOrder: row.pmdOrder,
    hugePageSizes: huge.hugetlb ? [...row.hugePageSizes] : [],
    sectionBytes: row.sectionBytes[bootRules(release).arm64SmallSections ? 1 : 0],
    pageblockOrderSetAtBoot: architecture === "ppc64",
  };
}
