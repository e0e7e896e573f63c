/**
 * The page blocks of a running machine: one cell per block (or per group, if there are many blocks), coloured by
 * migrate type, occupancy or content. Several snapshots of the same machine get a slider.
 */
import { InputError } from "../base/errors";
import { formatSize, hex } from "../base/units";
import { type BlockSummary, coarserSummary } from "../metrics/block-summary";
import { type BlockLook, cellOf, LOOKS } from "./block-cells";
import type { ColorScale, Figure, HeatmapTrace, ScatterTrace } from "./figure";
import { label } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { AMOUNT } from "./palette";
import { withRuns } from "./run";
import { everyNth, thinned, withNote } from "./thin";

export type { BlockLook } from "./block-cells";

/** The machine at one moment. */
export interface BlockSnapshot {
  /** The time or event: `after boot`. */
  label: string;
  /** metrics.blockSummary(kernel.memory). */
  summary: BlockSummary;
}

export interface BlockMapOptions extends Words {
  /** One or more snapshots of one machine, in order of time; the last is shown first. */
  snapshots: readonly BlockSnapshot[];
  pageBytes: number;
  /**
   * `migratetype`: the most frequent type of the cell's blocks; `occupancy`: the share of its pages in use; `content`
   * (default): the content that is hardest to move out of a contiguous range, even if it is a single page.
   */
  colorBy?: BlockLook;
  /** Maximum number of cells, a power of two (default 2048). */
  cellsMax?: number;
}

/** The most snapshots; more are thinned to this number. */
const SNAPSHOTS_MAX = 16;
/** Maximum size of the figure's JSON: cells are merged, two by two, until it fits. */
const BYTES_MAX = 450_000;

/**
 * The figure, below 500 kB; throws InputError if there is no snapshot, or if snapshots are of different machines.
 * @example
 * ```ts
 * import { chart, machine } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").running().fill("anon", "64MiB");
 * chart.blockMap({ title: "After filling", snapshots: [m.snapshot("now")], pageBytes: m.pageSize });
 * ```
 */
export function blockMap(options: BlockMapOptions): Figure {
  const all = options.snapshots;
  const places = everyNth(all.length, SNAPSHOTS_MAX);
  const shown = places.map((at) => all[at]!);
  const first = shown[0]?.summary;
  if (first === undefined) throw new InputError("block map: there must be a snapshot: got none");
  for (const { summary } of shown)
    if (
      summary.blocksPerGroup !== first.blocksPerGroup ||
      summary.pageblockPages !== first.pageblockPages ||
      summary.startPfn.length !== first.startPfn.length
    )
      throw new InputError(
        `block map: snapshots must be of one machine in equal groups: got ${first.startPfn.length} groups of ${first.blocksPerGroup} blocks and ${summary.startPfn.length} of ${summary.blocksPerGroup}`,
      );
  for (let cellsMax = options.cellsMax ?? 2048; ; cellsMax /= 2) {
    const figure = mapOf(options, shown, cellsMax);
    if (cellsMax <= 32 || JSON.stringify(figure).length < BYTES_MAX) return withRuns(figure, options.from);
  }
}

function mapOf(options: BlockMapOptions, snapshots: readonly BlockSnapshot[], cellsMax: number): Figure {
  let factor = 1;
  let grid = gridOf(snapshots[0]!.summary, factor);
  while (grid.rows.length * grid.columns > cellsMax && grid.rows.length > 1)
    grid = gridOf(snapshots[0]!.summary, (factor *= 2));
  const look = LOOKS[options.colorBy ?? "content"];
  const maps = snapshots.map((one, at) =>
    heatmap(
      grid,
      coarserSummary(one.summary, factor),
      options.pageBytes,
      options.colorBy ?? "content",
      at === snapshots.length - 1,
    ),
  );
  const shades = new Set(maps.flatMap((map) => map.z.flat()));
  const keys = look.categories === undefined ? [] : legend(look.categories, shades);
  const slider = snapshots.length > 1;
  const words = { ...options, ...withNote(options.subtitle, scale(grid, options), tooMany(options)) };
  const head = headRoom(
    words,
    keys.map((key) => key.name ?? ""),
  );
  return {
    data: [...maps, ...keys],
    layout: layoutOf(words, head + 30 + (slider ? 80 : 0) + grid.rows.length * rowPixels(grid), {
      showlegend: keys.length > 0,
      margin: { l: 110, r: 20, t: head, b: slider ? 100 : 20 },
      xaxis: { visible: false, range: [-0.6, grid.columns - 0.4] },
      yaxis: {
        title: { text: "physical address of the row" },
        range: [grid.rows.length - 0.4, -0.6],
        tickvals: labelled(grid),
        ticktext: labelled(grid).map((row) => hex(grid.rows[row]! * options.pageBytes)),
        showgrid: false,
        zeroline: false,
      },
      ...(slider ? { sliders: [sliderOf(snapshots)] } : {}),
    }),
  };
}

const tooMany = ({ snapshots }: BlockMapOptions) =>
  thinned(
    snapshots.length,
    Math.min(snapshots.length, everyNth(snapshots.length, SNAPSHOTS_MAX).length),
    "snapshots",
  );

/** Rows of `columns` groups; `rows` are the first frames of the drawn rows. Rows without memory are left out. */
interface Grid {
  groupPages: number;
  blocksPerGroup: number;
  columns: number;
  rows: number[];
}

function gridOf(summary: BlockSummary, factor: number): Grid {
  const blocksPerGroup = summary.blocksPerGroup * factor;
  const groupPages = summary.pageblockPages * blocksPerGroup;
  const groups = new Set(summary.startPfn.map((pfn) => Math.floor(pfn / groupPages)));
  const columns = groups.size > 256 ? 64 : groups.size > 32 ? 32 : Math.min(16, groups.size);
  const starts = new Set([...groups].map((group) => Math.floor(group / columns) * columns * groupPages));
  return { groupPages, blocksPerGroup, columns, rows: [...starts].sort((a, b) => a - b) };
}

function heatmap(
  grid: Grid,
  summary: BlockSummary,
  pageBytes: number,
  colorBy: BlockLook,
  visible: boolean,
): HeatmapTrace {
  const look = LOOKS[colorBy];
  const z = grid.rows.map(() => new Array<number | null>(grid.columns).fill(null));
  const hover = grid.rows.map(() => new Array<string>(grid.columns).fill(""));
  const rowOf = new Map(grid.rows.map((start, row) => [start, row]));
  const rowPages = grid.columns * grid.groupPages;
  summary.startPfn.forEach((pfn, at) => {
    const start = Math.floor(pfn / rowPages) * rowPages;
    const [row, column] = [rowOf.get(start)!, (pfn - start) / grid.groupPages];
    z[row]![column] = look.shade(summary, at);
    hover[row]![column] = cellOf(summary, at, pageBytes);
  });
  const n = look.categories?.length ?? 0;
  return {
    type: "heatmap",
    z,
    hovertext: hover,
    hoverinfo: "text",
    colorscale: look.categories === undefined ? AMOUNT : steps(look.categories),
    zmin: n === 0 ? 0 : -0.5,
    zmax: n === 0 ? 100 : n - 0.5,
    showscale: n === 0,
    ...(n === 0 ? { colorbar: { title: { text: "pages in use (%)" }, thickness: 14, outlinewidth: 0 } } : {}),
    xgap: 1,
    ygap: 1,
    visible,
  };
}

/** One colour per category, without blending. */
function steps(categories: readonly { color: string }[]): ColorScale {
  return categories.flatMap(
    ({ color }, at): ColorScale => [
      [at / categories.length, color],
      [(at + 1) / categories.length, color],
    ],
  );
}

function legend(
  categories: readonly { name: string; color: string }[],
  shades: Set<number | null>,
): ScatterTrace[] {
  return categories.flatMap(({ name, color }, at): ScatterTrace[] =>
    shades.has(at)
      ? [
          {
            type: "scatter",
            mode: "markers",
            name,
            x: [null],
            y: [null],
            marker: { color, size: 13, symbol: "square" },
            showlegend: true,
            hoverinfo: "skip",
          },
        ]
      : [],
  );
}

/** Shows one of the maps and keeps the keys of the legend. */
function sliderOf(snapshots: readonly BlockSnapshot[]): object {
  const maps = snapshots.map((_, at) => at);
  return {
    active: snapshots.length - 1,
    currentvalue: { prefix: "snapshot: ", xanchor: "left" },
    pad: { t: 20, b: 10 },
    len: 0.92,
    x: 0.02,
    steps: snapshots.map((one, at) => ({
      label: label(one.label, 24),
      method: "restyle",
      args: [{ visible: maps.map((other) => other === at) }, maps],
    })),
  };
}

function scale(grid: Grid, { pageBytes }: BlockMapOptions): string {
  const blocks = grid.blocksPerGroup === 1 ? "one page block" : `${grid.blocksPerGroup} page blocks`;
  return `one cell is ${formatSize(grid.groupPages * pageBytes)}, ${blocks}`;
}

const rowPixels = (grid: Grid) => Math.max(10, Math.min(26, Math.floor(420 / grid.rows.length)));

/** The rows that get an address: at most 16, always including the first. */
function labelled(grid: Grid): number[] {
  const step = Math.ceil(grid.rows.length / 16);
  return grid.rows.map((_, row) => row).filter((row) => row % step === 0);
}
