/**
 * Zones of each node: arch/arm64/mm/init.c zone_sizes_init() and max_zone_phys(), arch/x86/mm/init.c zone_sizes_init(),
 * mm/page_alloc.c zone_spanned_pages_in_node() and memblock_free_all().
 */
import { GiB, MiB } from "../base/units";
import type { Board } from "../hardware/board";
import { bootRules, type KernelRelease } from "../hardware/kernel-release";
import { BITS_32 } from "../hardware/page-geometry";
import type { Memblock, PhysicalRange } from "../mm/boot/memblock";
import { ZONE_NAMES, type ZoneName } from "../mm/boot/watermarks";
import { ZONE_DMA, ZONE_DMA32, ZONE_MOVABLE, ZONE_NORMAL } from "../mm/state/gfp";

/** Zone numbers by name. */
export const ZONE_INDEX: Readonly<Record<string, number>> = {
  DMA: ZONE_DMA,
  DMA32: ZONE_DMA32,
  Normal: ZONE_NORMAL,
  // High memory takes movable requests only; the kernel also puts other GFP_HIGHUSER pages there.
  HighMem: ZONE_MOVABLE,
  Movable: ZONE_MOVABLE,
};

/** Extent of a zone: physical addresses [start, end) and the pages of RAM in it. */
export interface ZoneSpan {
  name: string;
  /** The node it belongs to. */
  nid: number;
  startPfn: number;
  spanned: number;
  present: number;
  /** Its frames, if they are not all of its span: see zone-of-areas.ts. */
  pieces?: PageRange[];
}

/** Whole pages given to the buddy allocator. */
export interface PageRange {
  startPfn: number;
  pages: number;
}

const U32_END = 4 * GiB;

/** max_zone_phys(): the end of a zone of `bits` address bits, no higher than the end of RAM. */
function maxZonePhys(memblock: Memblock, bits: number): number {
  const start = memblock.startOfDram();
  let end = 2 ** bits;
  if (start >= U32_END) end = Number.MAX_SAFE_INTEGER;
  else if (start >= end) end = U32_END;
  return Math.min(end, memblock.endOfDram());
}

/** Zones of a 32-bit kernel: arch/arm/mm/init.c and arch/mips/mm/init.c zone_sizes_init(). */
function zoneEnds32(board: Board, memblock: Memblock): [name: string, end: number][] {
  const low = Math.min(memblock.highmemStart, memblock.endOfDram());
  const dma: [string, number][] = board.build.zoneDma
    ? [["DMA", Math.min(armDmaLimit(board, memblock), low)]]
    : [];
  return [...dma, ["Normal", low], ["HighMem", memblock.endOfDram()]];
}

/** arm_dma_limit: what every device reaches counts from the start of RAM; without such a device, all 32 bits. */
function armDmaLimit({ dmaBits }: Board, memblock: Memblock): number {
  return dmaBits < 32 ? memblock.startOfDram() + 2 ** dmaBits : U32_END;
}

/** Upper ends of the zones in address order; zones without pages are dropped later. */
function zoneEnds(board: Board, release: KernelRelease, memblock: Memblock): [name: string, end: number][] {
  const dramEnd = memblock.endOfDram();
  const rules = bootRules(release);
  if (BITS_32.has(board.architecture)) return zoneEnds32(board, memblock);
  if (board.architecture === "riscv64")
    return [
      ["DMA32", Math.min(U32_END, dramEnd)],
      ["Normal", dramEnd],
    ];
  if (board.architecture === "x86-64")
    return [
      ["DMA", 16 * MiB],
      ["DMA32", U32_END],
      ["Normal", dramEnd],
    ];
  // ppc64: one zone for all, called DMA up to 4.x and Normal later (not verified in the source).
  if (board.architecture === "ppc64") return [[rules.ppc64NormalZone ? "Normal" : "DMA", dramEnd]];
  // Until 5.11 a zone ended 2^bits above the multiple of 2^bits below the start of RAM.
  const fromStart = (bytes: number) =>
    Math.min(Math.floor(memblock.startOfDram() / bytes) * bytes + bytes, dramEnd);
  if (rules.arm64DmaZone !== "devices")
    return [
      ...(rules.arm64DmaZone === "firstGiB" ? ([["DMA", fromStart(GiB)]] as [string, number][]) : []),
      ["DMA32", fromStart(U32_END)],
      ["Normal", dramEnd],
    ];
  return [
    ["DMA", maxZonePhys(memblock, board.dmaBits)],
    ["DMA32", maxZonePhys(memblock, 32)],
    ["Normal", dramEnd],
  ];
}

/** A zone that a kernel may be built with. */
export type BuiltZone = ZoneName | "HighMem";

/**
 * The zones that a kernel is built with, lowest first, populated or not: the order of vm.lowmem_reserve_ratio. 32-bit kernels
 * are taken to have CONFIG_HIGHMEM, as zoneEnds32() does.
 */
export function zonesBuilt({ architecture, build }: Board, release: KernelRelease): BuiltZone[] {
  const rules = bootRules(release);
  if (BITS_32.has(architecture))
    return [...(build.zoneDma ? ["DMA" as const] : []), "Normal", "HighMem", "Movable"];
  if (architecture === "riscv64") return ["DMA32", "Normal", "Movable"];
  if (architecture === "ppc64")
    return rules.ppc64NormalZone ? ["Normal", "Movable"] : ["DMA", "Normal", "Movable"];
  const dma = architecture === "x86-64" || rules.arm64DmaZone !== "none";
  return dma ? [...ZONE_NAMES] : ["DMA32", "Normal", "Movable"];
}

/**
 * The end of the memory that every device can reach: arm64_dma_phys_limit and arm_dma_limit; dma32_phys_limit on
 * RISC-V; low memory on MIPS; otherwise all memory.
 */
export function dmaPhysLimit(board: Board, release: KernelRelease, memblock: Memblock): number {
  const end = memblock.endOfDram();
  switch (board.architecture) {
    case "arm64":
    case "riscv64":
      return zoneEnds(board, release, memblock)[0]![1];
    case "arm":
      return Math.min(armDmaLimit(board, memblock), end);
    case "mips":
      return Math.min(memblock.highmemStart, end);
    default:
      return end;
  }
}

/**
 * The limit of the default CMA area: that of every device. Only arm64 from 5.5 to 5.10 differs: its ZONE_DMA was the
 * first GiB on every board, so the area stayed below arm64_dma32_phys_limit (bff3b04460a8).
 */
export function defaultCmaLimit(board: Board, release: KernelRelease, memblock: Memblock): number {
  if (board.architecture !== "arm64" || bootRules(release).arm64DmaZone !== "firstGiB")
    return dmaPhysLimit(board, release, memblock);
  return zoneEnds(board, release, memblock).find(([name]) => name === "DMA32")![1];
}

/** movable_zone: the start of the highest zone with any room, find_usable_zone_for_movable(). */
export function movableZoneStart(board: Board, release: KernelRelease, memblock: Memblock): number {
  let low = memblock.startOfDram();
  let start = low;
  for (const [, end] of zoneEnds(board, release, memblock)) {
    const high = Math.min(end, memblock.endOfDram());
    if (high > low) start = low;
    low = Math.max(low, high);
  }
  return start;
}

/**
 * The populated zones, node by node, lowest first: zone_spanned_pages_in_node(). `nodes`: the addresses of each;
 * `movable`: the first frame of ZONE_MOVABLE on each, or 0.
 */
export function zoneSpans(
  board: Board,
  release: KernelRelease,
  memblock: Memblock,
  nodes: readonly PhysicalRange[],
  movable: readonly number[] = [],
): ZoneSpan[] {
  const { pageSize } = memblock;
  const ends = zoneEnds(board, release, memblock);
  return nodes.flatMap((node, nid) => {
    const memory = memblock.memory
      .map(({ start, end }) => ({ start: Math.max(start, node.start), end: Math.min(end, node.end) }))
      .filter(({ start, end }) => end > start);
    const nodeStart = (memory[0]?.start ?? 0) / pageSize;
    const nodeEnd = (memory.at(-1)?.end ?? 0) / pageSize;
    const movableStart = movable[nid] || Number.MAX_SAFE_INTEGER;
    const spans: ZoneSpan[] = [];
    const add = (name: string, startPfn: number, endPfn: number) => {
      const present = pagesWithin(memory, pageSize, startPfn, endPfn).reduce((n, r) => n + r.pages, 0);
      if (present > 0) spans.push({ name, nid, startPfn, spanned: endPfn - startPfn, present });
    };
    let low = 0;
    for (const [name, endAddress] of ends) {
      const high = Math.max(low, endAddress / pageSize);
      const startPfn = Math.min(Math.max(nodeStart, low), high);
      add(name, startPfn, Math.min(Math.max(nodeEnd, low), high, Math.max(movableStart, startPfn)));
      low = high;
    }
    add("Movable", movableStart, Math.min(nodeEnd, low));
    return spans;
  });
}

/** Whole pages of `ranges` inside the page frames [startPfn, endPfn): memblock_free_all() rounds starts up, ends down. */
export function pagesWithin(
  ranges: readonly PhysicalRange[],
  pageSize: number,
  startPfn: number,
  endPfn: number,
): PageRange[] {
  const found: PageRange[] = [];
  for (const { start, end } of ranges) {
    const from = Math.max(Math.ceil(start / pageSize), startPfn);
    const to = Math.min(Math.floor(end / pageSize), endPfn);
    if (to > from) found.push({ startPfn: from, pages: to - from });
  }
  return found;
}
