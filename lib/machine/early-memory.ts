/**
 * The life of memblock from the memory map to memblock_free_all(): reservations in the order of setup_arch() and
 * start_kernel(). The order decides where a CMA area can be. On arm64, 4.17 reserves it before page tables and memmap
 * exist, later releases after them (arch/arm64/mm/init.c bootmem_init()); x86 reserves it before them
 * (arch/x86/kernel/setup.c).
 */
import { roundDown, roundUp } from "../base/alignment";
import { append } from "../base/append";
import { largestOf } from "../base/extremes";
import { KiB, MiB } from "../base/units";
import { bootRules } from "../hardware/kernel-release";
import { BITS_32, lowMemoryEnd, structPageBytes } from "../hardware/page-geometry";
import { cmaDeclareContiguous, maxCmaAreas } from "../mm/boot/cma";
import { type HugetlbCmaOutcome, hugetlbCmaReserve } from "../mm/boot/hugetlb-cma";
import { linearMapTables } from "../mm/boot/linear-map";
import { Memblock, type PhysicalRange } from "../mm/boot/memblock";
import { sparseInit } from "../mm/boot/sparse";
import { largeSystemHashBytes } from "../mm/boot/system-hash";
import type { ResolvedBoot } from "./boot-request";
import { type BootedCmaArea, reserveCmaAreas } from "./cma-areas";
import type { CmaAttempt } from "./cma-attempt";
import { reserveRegions } from "./device-tree-regions";
import { type HugePagePool, poolFailedMessage } from "./huge-pages";
import { stillHotpluggable } from "./movable-request";
import { nodeRanges } from "./nodes";
import { defaultCmaLimit, dmaPhysLimit } from "./zones";

/** lib/swiotlb: the default bounce buffer, and 24 bytes (6.1) or 12 (4.17) per 2 KiB slot. */
const SWIOTLB_BYTES = 64 * MiB;
const SWIOTLB_SLOT_BYTES = 2 * KiB;
/** Dentry and inode caches: one bucket of 8 bytes per 8 and 16 KiB (fs/dcache.c, fs/inode.c). */
const HASH_TABLES = [
  { what: "dentry hash table", scale: 13 },
  { what: "inode hash table", scale: 14 },
] as const;

/** RAM that the board decodes for that much memory, without the firmware's share. */
export function memoryMap(boot: ResolvedBoot): Memblock {
  const { board, geometry } = boot;
  const memblock = new Memblock(geometry.pageSize);
  if (BITS_32.has(board.architecture) && !board.build.lpae) memblock.addressDigits = 8;
  if (board.architecture === "mips") memblock.direction = "bottom-up";
  const page = geometry.pageSize;
  let left = boot.memoryBytes;
  for (const { start, end } of board.windows) {
    const bytes = Math.min(left, end - start);
    memblock.add(roundUp(start, page), roundDown(start + bytes, page));
    left -= bytes;
  }
  for (const { start, end } of board.holes ?? []) memblock.remove(start, end);
  if (board.firmwareTop !== undefined) {
    const top = Math.min(memblock.endOfDram(), board.firmwareTop.below);
    memblock.remove(top - board.firmwareTop.bytes, top);
  }
  const lowEnd = lowMemoryEnd(board.architecture, memblock.startOfDram());
  const low = memblock.memory.filter((r) => r.start < lowEnd);
  if (BITS_32.has(board.architecture)) memblock.highmemStart = Math.min(lowEnd, low.at(-1)?.end ?? 0);
  return memblock;
}

/** Physical addresses of each node of the machine. */
export function nodesOf({ board, nodeParts }: ResolvedBoot): PhysicalRange[] {
  return nodeRanges(board, nodeParts);
}

/** Memory after all early reservations, and the attempts to reserve a CMA area on the way. */
export interface EarlyMemory {
  memblock: Memblock;
  attempts: CmaAttempt[];
  /** The other areas, and the kernel's messages about them. */
  cmaAreas: BootedCmaArea[];
  cmaMessages: string[];
  /** hugetlb_cma=; null if it was not requested. */
  hugetlbCma: HugetlbCmaOutcome | null;
  gigantic: GiganticAtBoot;
  /** False if there was no room even for the memmap: the kernel panics. */
  survived: boolean;
}

/** Gigantic pages taken from memblock: their size and addresses, and the kernel's messages. */
export interface GiganticAtBoot {
  pages: { bytes: number; start: number }[];
  messages: string[];
}

/** Runs early boot up to memblock_free_all(). `cmaAlignment` in bytes. */
export function earlyMemory(boot: ResolvedBoot, cmaAlignment: number): EarlyMemory {
  const { board, geometry, release } = boot;
  const memblock = memoryMap(boot);
  const attempts: CmaAttempt[] = [];
  const size = (of: Readonly<Record<number, { huge: number; nohuge: number }>>) =>
    of[geometry.pageSize]![boot.huge.thp || boot.huge.hugetlb ? "huge" : "nohuge"];
  memblock.reserve("kernel image", board.build.imageStart, size(board.build.imageBytes));
  for (const r of [board.initrd, ...board.reservations])
    if (r !== undefined) memblock.reserve(r.what, r.start, r.bytes);
  const x86 = board.architecture === "x86-64";
  memblock.hotpluggable = stillHotpluggable(boot.movable, nodesOf(boot), memblock.reserved, x86);
  const slots = { used: 0, most: board.build.cmaAreas ?? maxCmaAreas(release) };
  const into = { slots, nodes: nodesOf(boot), done: [], messages: [] } as Parameters<
    typeof reserveCmaAreas
  >[4];
  reserveCmaAreas(boot, memblock, cmaAlignment, "device tree", into);
  const regions = reserveRegions(boot, memblock, cmaAlignment, slots);
  attempts.push(...regions.attempts);
  const cmaFirst = board.architecture !== "arm64" || !bootRules(release).arm64CmaAfterMemmap;
  if (cmaFirst) reserveCmaAreas(boot, memblock, cmaAlignment, "code", into);
  if (cmaFirst) defaultCma(boot, memblock, cmaAlignment, attempts);
  let hugetlbCma = cmaFirst ? reserveHugetlbCma(boot, memblock, cmaAlignment) : null;
  const early = "early page tables and data";
  if (board.architecture === "arm64") {
    const imageStart = board.build.imageStart;
    const imageEnd = imageStart + size(board.build.imageBytes) - size(board.build.initBytes);
    const ranges = memblock.memory.flatMap((r) =>
      r.start <= imageStart && imageEnd <= r.end
        ? [
            { start: r.start, end: imageStart },
            { start: imageStart, end: imageEnd },
            { start: imageEnd, end: r.end },
          ]
        : [r],
    );
    const tables = linearMapTables(ranges, geometry.pageSize);
    for (let i = 0; i < tables; i++) memblock.alloc(early, geometry.pageSize, geometry.pageSize);
  }
  memblock.alloc(early, size(board.build.earlyBytes), geometry.pageSize);
  if (!cmaFirst) hugetlbCma = reserveHugetlbCma(boot, memblock, cmaAlignment);
  const survived = reserveMemmap(boot, memblock);
  if (!cmaFirst) reserveCmaAreas(boot, memblock, cmaAlignment, "code", into);
  if (!cmaFirst) defaultCma(boot, memblock, cmaAlignment, attempts);
  memblock.alloc("per-CPU areas and early data", size(board.build.lateBytes), geometry.pageSize);
  const gigantic = giganticPages(boot, memblock, (hugetlbCma?.areas.length ?? 0) > 0);
  lateReservations(boot, memblock);
  const { done, messages } = into;
  const cmaAreas = [...regions.areas, ...done];
  const cmaMessages = [...regions.messages, ...messages];
  return { memblock, attempts, cmaAreas, cmaMessages, hugetlbCma, gigantic, survived };
}

function reserveMemmap(boot: ResolvedBoot, memblock: Memblock): boolean {
  const { board, geometry, release } = boot;
  const { pageSize, sectionBytes } = geometry;
  const each = structPageBytes(board.architecture);
  if (board.architecture === "ppc64" || BITS_32.has(board.architecture)) {
    const flat = memblock.endOfDram() - memblock.startOfDram();
    const described = board.architecture === "ppc64" ? memblock.totalBytes() : flat;
    const bytes = Math.ceil(((described / pageSize) * each) / pageSize) * pageSize;
    return memblock.alloc("memmap", bytes, pageSize) !== undefined;
  }
  const layout = {
    pageSize,
    sectionBytes,
    structPageBytes: each,
    pmdBytes: (pageSize * pageSize) / 8,
    mapsWithPmd: pageSize === 4 * KiB,
    memstart: Math.floor(memblock.startOfDram() / sectionBytes) * sectionBytes,
  };
  return sparseInit(memblock, layout, release, nodesOf(boot)) !== undefined;
}

/** dma_contiguous_reserve(): the command line's area, otherwise the configured one. */
function defaultCma(boot: ResolvedBoot, memblock: Memblock, alignment: number, attempts: CmaAttempt[]): void {
  const { board, release, cma } = boot;
  if (cma.kind === "off" || attempts.some((a) => a.outcome.ok)) return;
  if (cma.kind === "configured" && configuredCmaBytes(boot, memblock) === 0) return;
  const limit = defaultCmaLimit(board, release, memblock);
  const configured = { bytes: configuredCmaBytes(boot, memblock), base: 0, limit: 0, fixed: false };
  const asked = cma.kind === "area" ? cma : configured;
  const request = {
    bytes: asked.bytes,
    base: asked.base,
    limit: asked.limit === 0 ? limit : Math.min(asked.limit, limit),
    fixed: asked.fixed,
  };
  const before = { free: memblock.freeRanges(), claims: memblock.claims.map((c) => ({ ...c })) };
  const outcome = cmaDeclareContiguous(memblock, release, alignment, request);
  const searched = { start: request.base, end: Math.min(request.limit, memblock.endOfDram()) };
  const boundary = memblock.highmemStart;
  attempts.push({
    by: cma.kind === "area" ? "command line" : "kernel configuration",
    name: "reserved",
    requestedBytes: asked.bytes,
    searched,
    ...(boundary > searched.start && boundary < searched.end && { boundary }),
    fixed: request.fixed && request.base > 0,
    bottomUp: memblock.direction === "bottom-up",
    outcome,
    ...before,
  });
}

/** CONFIG_CMA_SIZE_SEL_*: size_bytes, cma_early_percent_memory(), or the smaller or larger of both. */
function configuredCmaBytes({ board, geometry }: ResolvedBoot, memblock: Memblock): number {
  const { cmaBytes, cmaPercentage = 0, cmaSelect = "mbytes" } = board.build;
  const pages = Math.floor(((memblock.totalBytes() / geometry.pageSize) * cmaPercentage) / 100);
  const share = pages * geometry.pageSize;
  if (cmaSelect === "mbytes") return cmaBytes;
  if (cmaSelect === "percentage") return share;
  return cmaSelect === "min" ? Math.min(cmaBytes, share) : Math.max(cmaBytes, share);
}

/**
 * Bytes of the bounce buffer. It is needed if there is memory above the DMA limit; otherwise arm64 since 6.7 still
 * keeps 1 MiB per GiB for small unaligned buffers (arch/arm64/mm/init.c mem_init()).
 */
function swiotlbBytes(boot: ResolvedBoot, memblock: Memblock, limit: number): number {
  if (memblock.endOfDram() > limit) return SWIOTLB_BYTES;
  if (boot.board.architecture !== "arm64" || !bootRules(boot.release).swiotlbForSmallBuffers) return 0;
  return Math.min(SWIOTLB_BYTES, roundUp(memblock.totalBytes() / 1024, 128 * SWIOTLB_SLOT_BYTES));
}

/** The architecture's hugetlb_cma_reserve(): the size of its largest huge page decides. */
function reserveHugetlbCma(
  boot: ResolvedBoot,
  memblock: Memblock,
  minAlignment: number,
): HugetlbCmaOutcome | null {
  const { geometry, hugePages, release } = boot;
  if (hugePages.cmaBytes === 0) return null;
  return hugetlbCmaReserve(memblock, release, {
    bytes: hugePages.cmaBytes,
    ...(hugePages.cmaByNode && { byNode: hugePages.cmaByNode }),
    giganticBytes: largestOf(geometry.hugePageSizes),
    nodes: nodesOf(boot),
    hugePageBytes: geometry.pageSize * 2 ** geometry.pmdOrder,
    minAlignment,
  });
}

/** alloc_bootmem_huge_page(): while the command line is read, after the per-CPU areas and before the hash tables. */
function giganticPages(boot: ResolvedBoot, memblock: Memblock, fromCma: boolean): GiganticAtBoot {
  const { geometry, hugePages } = boot;
  const largest = geometry.pageSize * 2 ** geometry.largestBuddyOrder;
  const pages: GiganticAtBoot["pages"] = [];
  const messages: string[] = [];
  const wanted = hugePages.pools.filter((p) => p.bytes > largest);
  if (fromCma && wanted.length > 0)
    return { pages, messages: ["HugeTLB: hugetlb_cma is enabled, skip boot time allocation"] };
  for (const pool of wanted) {
    const starts = takeGigantic(memblock, pool, nodesOf(boot));
    append(
      pages,
      starts.map((start) => ({ bytes: pool.bytes, start })),
    );
    if (starts.length < pool.count) messages.push(poolFailedMessage(pool, starts.length));
  }
  return { pages, messages };
}

/**
 * for_each_node_mask_to_alloc(): takes pages from the nodes in turn, or all from the one that is named
 * (hugetlb_hstate_alloc_pages_onenode()); if a node has no room, from any other.
 */
function takeGigantic(
  memblock: Memblock,
  { bytes, count, node: only }: HugePagePool,
  nodes: readonly PhysicalRange[],
): number[] {
  const starts: number[] = [];
  while (starts.length < count) {
    const node = nodes[only ?? starts.length % nodes.length]!;
    const start = memblock.allocNode("gigantic huge page", bytes, bytes, { node });
    if (start === undefined) break;
    starts.push(start);
  }
  return starts;
}

/** The early hash tables and the bounce buffer, in that order. */
function lateReservations(boot: ResolvedBoot, memblock: Memblock): void {
  const { board, geometry, release } = boot;
  const { pageSize } = geometry;
  const pages = memblock.totalBytes() / pageSize;
  const kernelPages = pages - Math.ceil((pages * structPageBytes(board.architecture)) / pageSize);
  // With several nodes they are spread over the nodes (hashdist), which must wait for vmalloc: dcache_init_early().
  for (const { what, scale } of boot.nodes > 1 ? [] : HASH_TABLES)
    memblock.alloc(what, largeSystemHashBytes(kernelPages, pageSize, scale, 8), pageSize);
  const limit = board.architecture === "x86-64" ? 4 * 1024 * MiB : dmaPhysLimit(board, release, memblock);
  const without = board.architecture === "ppc64" || BITS_32.has(board.architecture);
  const bounceBytes = without ? 0 : swiotlbBytes(boot, memblock, limit);
  if (bounceBytes === 0) return;
  memblock.alloc("bounce buffer (swiotlb)", bounceBytes, pageSize, 0, limit);
  const slotBytes = bootRules(release).swiotlbSlotBytes;
  memblock.alloc(
    "bounce buffer slots",
    roundUp((bounceBytes / SWIOTLB_SLOT_BYTES) * slotBytes, pageSize),
    pageSize,
  );
}
