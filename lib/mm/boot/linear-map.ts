/**
 * Page tables of the linear map on arm64: arch/arm64/mm/mmu.c map_mem(), alloc_init_pud(), alloc_init_cont_pmd(), with
 * block mappings (rodata=full and debug_pagealloc off). Counts the table pages early_pgtable_alloc() takes from memblock.
 */
import { roundDown } from "../../base/alignment";
import { GiB } from "../../base/units";
import type { PhysicalRange } from "./memblock";

/**
 * Tables below the top level for mapping `ranges`, which are mapped one by one. An entry of a level maps a whole
 * block only if the range covers it; otherwise a table of the next level is needed. 48-bit addresses; with 4 KB
 * pages, one entry may map 1 GiB.
 */
export function linearMapTables(ranges: readonly PhysicalRange[], pageSize: number): number {
  const entries = pageSize / 8;
  const pmdBytes = pageSize * entries;
  const pudBytes = pmdBytes * entries;
  const pgdBytes = pudBytes * entries;
  const tables = new Set<string>();
  for (const { start, end } of ranges) {
    const fourLevels = pageSize < 64 * 1024;
    if (fourLevels) eachChunk(start, end, pgdBytes, (at) => tables.add(`pud ${at}`));
    eachChunk(start, end, pudBytes, (at, from, to) => {
      const oneEntry = pudBytes === GiB && from === at && to === at + pudBytes;
      if (oneEntry) return;
      tables.add(`pmd ${at}`);
      for (const edge of [from, to]) {
        const chunk = roundDown(edge, pmdBytes);
        if (edge !== chunk) tables.add(`pte ${chunk}`);
      }
    });
  }
  return tables.size;
}

function eachChunk(
  start: number,
  end: number,
  bytes: number,
  visit: (at: number, from: number, to: number) => void,
): void {
  for (let at = roundDown(start, bytes); at < end; at += bytes)
    visit(at, Math.max(at, start), Math.min(at + bytes, end));
}
