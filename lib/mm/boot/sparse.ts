/**
 * Places the memmap (struct page array) at early boot: mm/sparse.c sparse_init(), mm/sparse-vmemmap.c.
 *
 * 6.1 takes one buffer of section_map_size() per present section, aligned to that size, from the top of memory. The
 * memmap fills it from below and the rest is released. section_map_size() is rounded up to the bytes one PMD maps.
 * With 16 KB pages the buffer is therefore 64 times the memmap, which ends up far below the top. With 64 KB pages the
 * buffer never fits, and every memmap page is taken from the top separately. 4.17 has no buffer.
 */
import { roundDown, roundUp } from "../../base/alignment";
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import type { Memblock, NodePlace, PhysicalRange } from "./memblock";

const MEMMAP = "memmap";

/** What sparse_init() needs to know about the architecture. */
export interface SparseLayout {
  pageSize: number;
  sectionBytes: number;
  structPageBytes: number;
  /** Bytes one PMD entry maps. */
  pmdBytes: number;
  /** Physical address of the first page the vmemmap region can describe. */
  memstart: number;
  /** The memmap is mapped by PMD entries (arm64 4 KB, x86-64) instead of page by page. */
  mapsWithPmd: boolean;
}

/** Numbers of the sections that hold memory, ascending. */
export function presentSections(memblock: Memblock, sectionBytes: number): number[] {
  const sections = new Set<number>();
  for (const { start, end } of memblock.memory)
    for (let s = roundDown(start, sectionBytes); s < end; s += sectionBytes) sections.add(s / sectionBytes);
  return [...sections].sort((a, b) => a - b);
}

/**
 * Reserves the memmap and its page tables, node by node, in each node's own memory if there is room. Returns the
 * bytes of the memmap, or undefined if memory is too small for it (the kernel panics).
 */
export function sparseInit(
  memblock: Memblock,
  layout: SparseLayout,
  release: KernelRelease,
  nodes: readonly PhysicalRange[] = [{ start: 0, end: Number.MAX_SAFE_INTEGER }],
): number | undefined {
  const sections = presentSections(memblock, layout.sectionBytes);
  const mapped = new Set<number>();
  let bytes = 0;
  let next = 0;
  for (const node of nodes) {
    const first = next;
    while (next < sections.length && sections[next]! * layout.sectionBytes < node.end) next++;
    const got = sparseInitNid(memblock, layout, release, {
      node,
      sections: sections.slice(first, next),
      mapped,
    });
    if (got === undefined) return undefined;
    bytes += got;
  }
  return bytes;
}

/** One node's sections, and the numbers of the existing page tables of the vmemmap region. */
interface NodeSections {
  node: PhysicalRange;
  sections: readonly number[];
  mapped: Set<number>;
}

/** sparse_init_nid(). */
function sparseInitNid(
  memblock: Memblock,
  layout: SparseLayout,
  release: KernelRelease,
  { node, sections, mapped }: NodeSections,
): number | undefined {
  const mapBytes = (layout.sectionBytes / layout.pageSize) * layout.structPageBytes;
  const pieceBytes = layout.mapsWithPmd ? Math.min(layout.pmdBytes, mapBytes) : layout.pageSize;
  const sectionMapBytes = roundUp(mapBytes, layout.pmdBytes);
  const place: NodePlace = { node, minAddress: Math.max(memblock.startOfDram(), node.start) };
  const bufferBytes = bootRules(release).memmapBuffer ? sections.length * sectionMapBytes : 0;
  // memblock_alloc_exact_nid_raw(): the buffer is in the node's own memory, or there is none.
  const buffer =
    bufferBytes > 0
      ? memblock.allocNode(MEMMAP, bufferBytes, sectionMapBytes, { ...place, exact: true })
      : undefined;
  let used = 0;
  for (const section of sections) {
    for (let offset = 0; offset < mapBytes; offset += pieceBytes) {
      const position =
        section * mapBytes - (layout.memstart / layout.pageSize) * layout.structPageBytes + offset;
      if (!takeTable(memblock, layout, position, mapped, place)) return undefined;
      if (buffer !== undefined) used += pieceBytes;
      else if (memblock.allocNode(MEMMAP, pieceBytes, pieceBytes, place) === undefined) return undefined;
    }
  }
  if (buffer !== undefined) memblock.free(buffer + used, bufferBytes - used);
  return sections.length * mapBytes;
}

/** The page tables of the vmemmap region: one page per PMD's worth of memmap if it is mapped page by page. */
function takeTable(
  memblock: Memblock,
  layout: SparseLayout,
  offset: number,
  mapped: Set<number>,
  place: NodePlace,
): boolean {
  const covers = layout.mapsWithPmd ? layout.pmdBytes * (layout.pageSize / 8) : layout.pmdBytes;
  const table = Math.floor(offset / covers);
  if (mapped.has(table)) return true;
  mapped.add(table);
  return memblock.allocNode("memmap page tables", layout.pageSize, layout.pageSize, place) !== undefined;
}
