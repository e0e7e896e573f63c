/**
 * The map of a machine's memory, drawn in cells of one size, with the page blocks outlined. A cell is a power of two
 * bytes: one page block where that gives a readable number of cells, a part of a block where blocks are huge (so that
 * one can see that a single page block is half the machine), several blocks where there are very many.
 *
 * A cell with a reservation shows it, however small it is: one reserved byte makes the block unusable for CMA. Hover
 * text gives the exact bytes. Rows of the address space without memory are left out.
 */
import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { formatSize, hex, roughSize } from "../base/units";
import type { ColorScale, Figure, HeatmapTrace, ScatterTrace, Shape, Trace } from "./figure";
import { label as words } from "./labels";
import { headRoom, layoutOf, legendNames, type Words } from "./layout";
import { INK, OKABE_ITO } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";

/** Kinds of memory ranges by rank: a mixed cell shows the last of its kinds. */
export const MEMORY_KINDS = ["hole", "free", "unmovable", "cma", "memmap", "reserved", "kernel"] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

const LOOK: Record<MemoryKind, { name: string; color: string }> = {
  hole: { name: "no memory", color: "#9a9a9a" },
  free: { name: "free for anybody", color: OKABE_ITO.skyBlue },
  unmovable: { name: "unmovable", color: OKABE_ITO.blue },
  cma: { name: "CMA area", color: OKABE_ITO.orange },
  memmap: { name: "memory map (struct page)", color: OKABE_ITO.purple },
  reserved: { name: "other reservations", color: OKABE_ITO.yellow },
  kernel: { name: "kernel image", color: OKABE_ITO.vermillion },
};

/** `[base, base + bytes)`, physical addresses in bytes. Where extents overlap, the later kind of MEMORY_KINDS shows. */
export interface Extent {
  base: number;
  bytes: number;
  kind: MemoryKind;
  /** Its name in the hover text: `initrd`. */
  label?: string;
}

export interface MemoryMapOptions extends Words {
  /** All memory and its contents; addresses that no extent covers are a hole. */
  extents: readonly Extent[];
  pageblockBytes: number;
  /** Maximum number of cells, a power of two (default 1024). */
  cellsMax?: number;
}

/**
 * The figure; throws InputError for a machine without memory, or a page block size that is not a power of two.
 * @example
 * ```ts
 * import { chart } from "pageblock";
 *
 * chart.memoryMap({
 *   title: "Two page blocks",
 *   pageblockBytes: 2 * 2 ** 20,
 *   extents: [
 *     { base: 0, bytes: 2 * 2 ** 20, kind: "kernel" },
 *     { base: 2 * 2 ** 20, bytes: 2 * 2 ** 20, kind: "free" },
 *   ],
 * });
 * ```
 */
export function memoryMap(options: MemoryMapOptions): Figure {
  const { pageblockBytes } = options;
  if (!isPowerOfTwo(pageblockBytes))
    throw new InputError(`memory map: pageblockBytes must be a power of two: got ${pageblockBytes}`);
  const extents = options.extents.filter((e) => e.bytes > 0 && e.kind !== "hole");
  if (extents.length === 0) throw new InputError("memory map: there must be some memory: got none");
  const grid = gridOf(extents, pageblockBytes, options.cellsMax ?? 1024);
  const cells = cellsOf(grid, extents, pageblockBytes);
  const heatmap: HeatmapTrace = {
    type: "heatmap",
    z: cells.map((row) => row.map((cell) => cell.z)),
    hovertext: cells.map((row) => row.map((cell) => cell.hover)),
    hoverinfo: "text",
    colorscale: steps(),
    zmin: -0.5,
    zmax: MEMORY_KINDS.length - 0.5,
    showscale: false,
    xgap: 1,
    ygap: 1,
  };
  const keys = legend(extents, cells.flat());
  const said = { ...options, ...withNote(options.subtitle, scaleInWords(grid, pageblockBytes)) };
  const head = headRoom(said, legendNames(keys));
  const figure: Figure = {
    data: [heatmap, ...keys],
    layout: layoutOf(said, head + 30 + grid.rows.length * rowPixels(grid), {
      showlegend: true,
      margin: { l: 110, r: 20, t: head, b: 20 },
      xaxis: { visible: false, range: [-0.6, grid.columns - 0.4], fixedrange: true },
      yaxis: {
        range: [grid.rows.length - 0.4, -0.6],
        tickvals: labelled(grid).map((row) => row),
        ticktext: labelled(grid).map((row) => hex(grid.rows[row]!)),
        showgrid: false,
        zeroline: false,
        fixedrange: true,
      },
      shapes: outlines(grid, pageblockBytes),
    }),
  };
  return withRuns(figure, options.from);
}

/** `columns` cells of `cellBytes` per row; `rows` are the start addresses of the drawn rows. */
interface Grid {
  cellBytes: number;
  columns: number;
  rows: number[];
}

function gridOf(extents: readonly Extent[], pageblockBytes: number, cellsMax: number): Grid {
  const memory = partsOf(extents, 0, Number.MAX_SAFE_INTEGER).reduce((sum, part) => sum + part.bytes, 0);
  for (let cellBytes = smallestCell(memory, pageblockBytes); ; cellBytes *= 2) {
    if (memory / cellBytes > cellsMax) continue;
    const columns = memory / cellBytes > 256 ? 64 : 32;
    const rows = new Set<number>();
    const rowBytes = cellBytes * columns;
    for (const e of extents)
      for (let at = Math.floor(e.base / rowBytes); at * rowBytes < e.base + e.bytes; at++)
        rows.add(at * rowBytes);
    if (rows.size * columns <= cellsMax) return { cellBytes, columns, rows: [...rows].sort((a, b) => a - b) };
  }
}

/** A page block or, if that gives few cells, a part of it that gives at most 512 cells; never below 1 MiB. */
function smallestCell(memory: number, pageblockBytes: number): number {
  if (memory / pageblockBytes >= 128) return pageblockBytes;
  let cell = Math.min(pageblockBytes, 2 ** 20);
  while (cell < pageblockBytes && memory / cell > 512) cell *= 2;
  return cell;
}

interface Cell {
  z: number | null;
  hover: string;
}

function cellsOf(grid: Grid, extents: readonly Extent[], pageblockBytes: number): Cell[][] {
  return grid.rows.map((start) =>
    Array.from({ length: grid.columns }, (_, column) => {
      const base = start + column * grid.cellBytes;
      return cellAt(base, grid.cellBytes, extents, pageblockBytes);
    }),
  );
}

function cellAt(base: number, bytes: number, extents: readonly Extent[], pageblockBytes: number): Cell {
  const parts = partsOf(extents, base, base + bytes);
  if (parts.length === 0) return { z: null, hover: "" };
  const block =
    pageblockBytes >= bytes
      ? `page block at ${hex(base - (base % pageblockBytes))}`
      : `${bytes / pageblockBytes} page blocks`;
  const inside = parts.map((part) => `${formatSize(part.bytes)} ${words(part.label)}`);
  return {
    z: largestOf(parts.map((part) => part.rank)),
    hover: `${hex(base)}, ${block}<br>${inside.join("<br>")}`,
  };
}

/** Content of `[from, to)`: every byte counts once, for the highest-ranked extent that covers it. */
function partsOf(
  extents: readonly Extent[],
  from: number,
  to: number,
): { label: string; rank: number; bytes: number }[] {
  const here = extents.filter((e) => e.base < to && e.base + e.bytes > from);
  const clip = (at: number) => Math.min(to, Math.max(from, at));
  const cuts = [...new Set(here.flatMap((e) => [clip(e.base), clip(e.base + e.bytes)]))].sort(
    (a, b) => a - b,
  );
  const parts = new Map<string, { label: string; rank: number; bytes: number }>();
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [low, high] = [cuts[i]!, cuts[i + 1]!];
    let top: Extent | undefined;
    for (const e of here)
      if (e.base <= low && e.base + e.bytes >= high && (top === undefined || rankOf(e) >= rankOf(top)))
        top = e;
    if (top === undefined) continue;
    const label = top.label ?? LOOK[top.kind].name;
    const part = parts.get(label) ?? { label, rank: rankOf(top), bytes: 0 };
    part.bytes += high - low;
    parts.set(label, part);
  }
  return [...parts.values()];
}

const rankOf = (extent: Extent) => MEMORY_KINDS.indexOf(extent.kind);

/** One colour per kind, without blending. */
function steps(): ColorScale {
  const n = MEMORY_KINDS.length;
  return MEMORY_KINDS.flatMap(
    (kind, at): ColorScale => [
      [at / n, LOOK[kind].color],
      [(at + 1) / n, LOOK[kind].color],
    ],
  );
}

/** A legend entry per visible kind: a square, its name and its bytes. */
function legend(extents: readonly Extent[], cells: Cell[]): Trace[] {
  const parts = partsOf(extents, 0, Number.MAX_SAFE_INTEGER);
  return MEMORY_KINDS.flatMap((kind, at): ScatterTrace[] => {
    if (!cells.some((cell) => cell.z === at)) return [];
    const bytes = parts.reduce((sum, part) => sum + (part.rank === at ? part.bytes : 0), 0);
    return [
      {
        type: "scatter",
        mode: "markers",
        name: `${LOOK[kind].name}, ${roughSize(bytes)}`,
        x: [null],
        y: [null],
        marker: { color: LOOK[kind].color, size: 13, symbol: "square" },
        showlegend: true,
        hoverinfo: "skip",
      },
    ];
  });
}

/** Outlines of blocks that are larger than a cell: whole rows, or a part of one row. */
function outlines(grid: Grid, pageblockBytes: number): Shape[] {
  if (pageblockBytes <= grid.cellBytes) return [];
  const rowBytes = grid.cellBytes * grid.columns;
  const shapes: Shape[] = [];
  const rect = (x0: number, x1: number, y0: number, y1: number) =>
    shapes.push({ type: "rect", x0, x1, y0, y1, line: { color: INK, width: 2 }, layer: "above" });
  if (pageblockBytes < rowBytes) {
    const width = pageblockBytes / grid.cellBytes;
    grid.rows.forEach((_, row) => {
      for (let x = 0; x < grid.columns; x += width) rect(x - 0.5, x + width - 0.5, row - 0.5, row + 0.5);
    });
    return shapes;
  }
  for (let from = 0; from < grid.rows.length; ) {
    const block = Math.floor(grid.rows[from]! / pageblockBytes);
    let to = from + 1;
    while (to < grid.rows.length && Math.floor(grid.rows[to]! / pageblockBytes) === block) to++;
    rect(-0.5, grid.columns - 0.5, from - 0.5, to - 0.5);
    from = to;
  }
  return shapes;
}

function scaleInWords(grid: Grid, pageblockBytes: number): string {
  const cell = `one cell is ${formatSize(grid.cellBytes)}`;
  if (pageblockBytes === grid.cellBytes) return `${cell}, one page block`;
  if (pageblockBytes < grid.cellBytes) return `${cell}, ${grid.cellBytes / pageblockBytes} page blocks`;
  return `${cell}; every frame is one page block of ${formatSize(pageblockBytes)}`;
}

const rowPixels = (grid: Grid) => Math.max(10, Math.min(26, Math.floor(320 / grid.rows.length)));

/** The rows that get an address: at most 16, always including the first. */
function labelled(grid: Grid): number[] {
  const step = Math.ceil(grid.rows.length / 16);
  return grid.rows.map((_, row) => row).filter((row) => row % step === 0);
}

const isPowerOfTwo = (n: number) => Number.isSafeInteger(n) && n > 0 && Number.isInteger(Math.log2(n));
