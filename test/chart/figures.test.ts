/** Figure builders: valid for Plotly's own types, small, readable on light and dark, telling colours apart. */
import assert from "node:assert/strict";
import test from "node:test";
import type * as Plotly from "plotly.js";
import { sha256Of } from "../../lib/base/canonical-json";
import { bars, cellTable, lines, memoryMap } from "../../lib/chart";
import type { Figure, HeatmapTrace } from "../../lib/chart/figure";
import {
  AMOUNT,
  CONTENT_COLORS,
  colorAt,
  contrast,
  INK,
  LITTLE_TO_MUCH,
  LOW_TO_HIGH,
  luminance,
  MIGRATETYPE_COLORS,
  textOn,
} from "../../lib/chart/palette";
import { withRuns } from "../../lib/chart/run";
import { GALLERY } from "../support/figures";

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** Compiles only while our traces and layouts are Plotly's. */
export const asPlotly = (
  figure: Figure,
): { data: Partial<Plotly.PlotData>[]; layout: Partial<Plotly.Layout> } => ({
  data: figure.data as Partial<Plotly.PlotData>[],
  layout: figure.layout as Partial<Plotly.Layout>,
});

for (const [name, figure] of Object.entries(GALLERY))
  test(`${name}: plain JSON, below 500 kB, titled, on transparent paper`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(figure)), figure, "a figure holds only what JSON holds");
    assert.ok(JSON.stringify(figure).length < 500_000);
    assert.ok(figure.layout.title?.text);
    assert.equal(figure.layout.paper_bgcolor, "rgba(0,0,0,0)");
    assert.equal((figure.layout.font as { color: string }).color, INK);
  });

test("the ink can be read on white and on JupyterLab's dark ground", () => {
  assert.ok(contrast(INK, "#ffffff") >= 4, `${contrast(INK, "#ffffff")}`);
  assert.ok(contrast(INK, "#111111") >= 4, `${contrast(INK, "#111111")}`);
});

test("contrast is WCAG's: black on white is 21", () => {
  assert.equal(Math.round(contrast("#000000", "#ffffff") * 10) / 10, 21);
  assert.equal(textOn("#ffff00"), "#000000");
  assert.equal(textOn("#08306b"), "#ffffff");
});

test("the scale from little to much grows darker throughout, so that grey prints keep its order", () => {
  const shades = Array.from({ length: 21 }, (_, i) => luminance(colorAt(LITTLE_TO_MUCH, i / 20)));
  for (let i = 1; i < shades.length; i++) assert.ok(shades[i]! < shades[i - 1]!, `step ${i}`);
});

test("amounts keep their order in grey and can be told from a dark ground; orders grow lighter throughout", () => {
  const shades = (scale: [number, string][]) =>
    Array.from({ length: 21 }, (_, i) => luminance(colorAt(scale, i / 20)));
  const amounts = shades(AMOUNT);
  const orders = shades(LOW_TO_HIGH);
  for (let i = 1; i < 21; i++) {
    assert.ok(amounts[i]! < amounts[i - 1]!, `amount ${i}`);
    assert.ok(orders[i]! > orders[i - 1]!, `order ${i}`);
  }
  assert.ok(contrast(colorAt(AMOUNT, 1), "#111111") > 2.5);
});

test("kinds and types that stand in one picture have different colours", () => {
  for (const colors of [Object.values(MIGRATETYPE_COLORS), Object.values(CONTENT_COLORS)])
    assert.equal(new Set(colors).size, colors.length);
});

test("bars and lines refuse series of the wrong length, naming them", () => {
  assert.throws(
    () => bars({ categories: ["a", "b"], series: [{ name: "s", values: [1] }] }),
    /"s".*\(2\): got 1/,
  );
  assert.throws(() => lines({ series: [{ name: "t", x: [1, 2], y: [1] }] }), /"t".*\(2\): got 1/);
  assert.throws(
    () => cellTable({ rows: ["a"], columns: ["b", "c"], cells: [[{ text: "", share: 0 }]], shareTitle: "" }),
    /1 rows of 2: got 1/,
  );
});

const heat = (figure: Figure) => figure.data[0] as HeatmapTrace;

test("a map shows what a cell holds: the reservation wins however small, and holes stay empty", () => {
  const figure = memoryMap({
    pageblockBytes: 2 * MiB,
    extents: [
      { base: 0, bytes: GiB, kind: "free" },
      { base: 10 * MiB, bytes: 4096, kind: "reserved", label: "device tree" },
      { base: 2 * GiB, bytes: GiB, kind: "free" },
    ],
  });
  const cells = heat(figure).z.flat();
  assert.equal(cells.length, 1024, "2 GiB of memory in blocks of 2 MiB; the hole takes no row");
  assert.equal(cells.filter((z) => z === 5).length, 1);
  assert.equal(cells[5], 5);
  assert.match(heat(figure).hovertext!.flat()[5]!, /^0xa00000, page block at 0xa00000.*4 KiB device tree/);
});

test("every byte of a map is counted once, for what it shows", () => {
  const { data } = GALLERY.map64K!;
  const names = data.slice(1).map((trace) => trace.name);
  assert.deepEqual(names, [
    "free for anybody, 674 MiB",
    "CMA area, 256 MiB",
    "other reservations, 293 KiB",
    "kernel image, 30 MiB",
  ]);
});

test("a map outlines page blocks larger than a cell, and each once", () => {
  const shapes = GALLERY.map64K!.layout.shapes!;
  assert.equal(shapes.length, 2, "1 GiB holds two blocks of 512 MiB");
  assert.ok(shapes[0]!.y1 === shapes[1]!.y0);
});

test("a map of very much memory takes several blocks a cell", () => {
  const figure = GALLERY.mapTiB!;
  assert.ok(heat(figure).z.flat().length <= 1024);
  assert.match(figure.layout.title!.subtitle!.text, /one cell is 2 GiB, 1024 page blocks/);
});

test("a map where a row would be mostly hole stays within its cells", () => {
  const extents = Array.from({ length: 40 }, (_, i) => ({
    base: i * 64 * GiB,
    bytes: 2 * MiB,
    kind: "free" as const,
  }));
  const figure = memoryMap({ pageblockBytes: 2 * MiB, extents });
  assert.ok(heat(figure).z.flat().length <= 1024);
});

test("a map needs memory and a page block that is a power of two", () => {
  assert.throws(() => memoryMap({ pageblockBytes: 3, extents: [] }), /power of two: got 3/);
  assert.throws(() => memoryMap({ pageblockBytes: 4096, extents: [] }), /must be some memory/);
});

test("runs of a figure are kept once", () => {
  const run = { plan: { board: "b" }, toJSON: () => ({ answer: 42 }) };
  const { runs } = withRuns(withRuns(GALLERY.bars!, [run]), [run, { ...run }]);
  assert.equal(runs!.length, 1);
  assert.deepEqual([runs![0]!.plan, runs![0]!.result], [{ board: "b" }, { answer: 42 }]);
  assert.equal(runs![0]!.sha256, sha256Of({ result: { answer: 42 }, plan: { board: "b" } }));
});

test("a cell where nothing can be measured is neither little nor a failure, and others keep their colours", () => {
  const cell = (share: number | null, absent?: boolean) => ({ text: "x", share, ...(absent && { absent }) });
  const table = (cells: ReturnType<typeof cell>[]) =>
    cellTable({ rows: ["r"], columns: cells.map((_, i) => `c${i}`), cells: [cells], shareTitle: "share" });
  const colors = (figure: Figure) => {
    const { z, zmin, zmax, colorscale } = figure.data[0] as HeatmapTrace;
    const at = (value: number) => (value - zmin!) / (zmax! - zmin!);
    return z[0]!.map((value) => colorAt(colorscale as [number, string][], at(value as number)).toLowerCase());
  };
  const shares = [0, 0.25, 0.5, 1, null] as const;
  const plain = colors(table(shares.map((share) => cell(share))));
  const beside = colors(table([...shares.map((share) => cell(share)), cell(null, true)]));
  assert.equal(new Set(beside).size, 6);
  for (const [i, color] of plain.entries())
    assert.ok(contrast(color, beside[i]!) < 1.02, `${color} ${beside[i]}`);
  const names = (figure: Figure) => figure.data.map((trace) => trace.name);
  assert.ok(!names(table([cell(0), cell(null, true)])).includes("fails"));
});
