/** The words and the table of a chart, of every sort of trace; expected values are counted by hand. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Figure } from "../../lib/chart/figure";
import { alternativeText, captionHtml, dataHtml, titlePixels, untitled } from "../../lib/report/captions";
import { valueTables } from "../../lib/report/figure-values";
import { SERIES } from "../support/article";
import { GALLERY } from "../support/figures";

const figure = (data: object[], layout: object = {}) => ({ data, layout }) as unknown as Figure;

test("series stand side by side, by the names of their axis; a gap is a dash, words stand beside numbers", () => {
  const [table] = valueTables(GALLERY.bars!);
  assert.deepEqual(table!.columns, ["page size", "one: page block (MiB)", "two: page block (MiB)"]);
  assert.deepEqual(table!.rows, [
    ["4 KiB", "2, 2 MiB", "4"],
    ["16 KiB", "32, 32 MiB", "–"],
    ["64 KiB", "512, 512 MiB", "512"],
  ]);
});

test("intervals, horizontal points, bars with a base", () => {
  const points = figure(
    [
      {
        type: "scatter",
        mode: "markers+text",
        name: "granted",
        x: [25, 100],
        y: ["a", "b"],
        text: ["1 of 4", "4 of 4"],
        error_x: { type: "data", symmetric: false, array: [30, 0], arrayminus: [20, 40] },
      },
      { type: "scatter", mode: "markers", name: "a key", x: [null], y: [null] },
    ],
    { xaxis: { title: { text: "share (%)" } }, yaxis: { type: "category" } },
  );
  assert.deepEqual(valueTables(points), [
    {
      columns: ["name", "share (%)"],
      rows: [
        ["a", "25 (5 to 55), 1 of 4"],
        ["b", "100 (60 to 100), 4 of 4"],
      ],
      more: 0,
    },
  ]);
  const bar = figure([{ type: "bar", orientation: "h", x: [3], y: ["a"], base: [7] }]);
  assert.deepEqual(valueTables(bar)[0]!.rows, [["a", "from 7, 3"]]);
});

test("more than a hundred rows are cut, and the table says so", () => {
  const x = Array.from({ length: 250 }, (_, i) => i);
  const long = figure([{ type: "scatter", mode: "lines", name: "n", x, y: x }]);
  const [table] = valueTables(long);
  assert.deepEqual([table!.rows.length, table!.more], [100, 150]);
  assert.match(dataHtml(long, 7), /The first 100 of 250 rows\./);
});

test("a matrix by rows; a map by how many cells there are of each kind, for each step of its slider", () => {
  const [cells] = valueTables(GALLERY.table!);
  assert.deepEqual(cells!.columns, ["row", "16M", "64M", "512M"]);
  assert.deepEqual(cells!.rows[0], ["1 GiB", "fails", "512 MiB", "512 MiB"]);
  const key = (name: string, color: string) => ({
    type: "scatter",
    name,
    x: [null],
    y: [null],
    marker: { color },
  });
  const scale = [
    [0, "red"],
    [0.5, "red"],
    [0.5, "blue"],
    [1, "blue"],
  ];
  const map = (z: (number | null)[][]) => ({ type: "heatmap", z, zmin: -0.5, zmax: 1.5, colorscale: scale });
  const maps = figure([map([[0, 0, null]]), map([[0, 1, 1]]), key("free", "red"), key("taken", "blue")], {
    sliders: [{ steps: [{ label: "boot" }, { label: "day 7" }] }],
  });
  assert.deepEqual(valueTables(maps), [
    {
      columns: ["cells", "boot", "day 7"],
      rows: [
        ["free", "2", "1"],
        ["taken", "0", "2"],
      ],
      more: 0,
    },
  ]);
  assert.equal(alternativeText(maps), "Chart. free: boot 2, day 7 1; taken: boot 0, day 7 2.");
});

test("flows, nested shares, boxes, and any other trace by its lists", () => {
  const rows = (trace: object) => valueTables(figure([trace])).map((table) => table.rows);
  assert.deepEqual(
    rows({
      type: "sankey",
      node: { label: ["a", "<b>b</b>"] },
      link: { source: [0], target: [1], value: [5] },
    }),
    [[["a", "b", "5"]]],
  );
  assert.deepEqual(rows({ type: "icicle", labels: ["all", "part"], parents: ["", "all"], values: [3, 2] }), [
    [
      ["all", "3"],
      ["part", "2"],
    ],
  ]);
  const box = {
    type: "box",
    orientation: "h",
    y: ["w"],
    lowerfence: [1],
    q1: [2],
    median: [3],
    q3: [4],
    upperfence: [5],
  };
  assert.deepEqual(rows(box), [[["w", "1", "2", "3", "4", "5"]]]);
  assert.deepEqual(rows({ type: "pie", labels: ["a"], values: [1] }), [[["a", "1"]]]);
  assert.deepEqual(rows({ type: "surface", z: [[1]] }), []);
});

test("nothing in a figure breaks its words or its table", () => {
  const odd = figure(
    [
      { type: "bar", x: "no list", y: 3, name: 7 },
      { type: "heatmap", z: [[1], []], text: [["<script>"]], colorscale: "Viridis" },
      { type: "sankey" },
      { type: "box", q1: [] },
      { type: "scatter", x: ["<img src=x onerror=alert(1)>"], y: [1], name: '"><script>' },
    ],
    { title: "</figcaption><script>", margin: null },
  );
  const html = captionHtml(odd, 1) + dataHtml(odd, 1) + alternativeText(odd).replace(/[<>]/g, "");
  assert.doesNotMatch(html, /<script|<img/);
});

test("the words: title, note, finding, lowest and highest of a series", () => {
  const { data } = figure([
    { type: "bar", name: "granted", x: ["a", "b", "c", "d"], y: [4, 1, 9, 2], text: ["", "1 of 9", "", ""] },
  ]);
  const layout = { title: { text: "<b>T</b>", subtitle: { text: "note" } }, meta: { finding: "c wins" } };
  assert.equal(
    alternativeText(figure(data, layout)),
    "Chart: T. note. c wins. granted: lowest 1, 1 of 9 (b); highest 9 (c).",
  );
  const flat = figure([{ type: "bar", name: "all", x: ["a", "b", "c", "d"], y: [5, 5, 5, 5] }]);
  assert.equal(alternativeText(flat), "Chart. all: 5 throughout.");
});

test("a title in the caption takes no room in the picture; a figure without one is untouched", () => {
  const { bars } = GALLERY;
  const cut = titlePixels(bars!);
  const { layout } = untitled(bars!);
  assert.equal(layout.title, undefined);
  assert.equal(layout.height, bars!.layout.height! - cut);
  assert.equal((layout.margin as { t: number }).t, (bars!.layout.margin as { t: number }).t - cut);
  const bare = figure([{ type: "bar", x: ["a"], y: [1] }], { height: 300 });
  assert.equal(untitled(bare), bare);
  assert.match(captionHtml(SERIES, 4), /^<figcaption><b>Figure 4\.<\/b> Three days<\/figcaption>$/);
});
