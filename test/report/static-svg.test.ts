/** Static pictures: the same text every time, well-formed, small, escaped. */
import assert from "node:assert/strict";
import test from "node:test";
import { bars } from "../../lib/chart/bars";
import type { Figure } from "../../lib/chart/figure";
import { lines } from "../../lib/chart/lines";
import { describe as words } from "../../lib/report/describe";
import { staticSvg } from "../../lib/report/svg/static-svg";
import { GALLERY } from "../support/figures";

for (const [name, figure] of Object.entries(GALLERY))
  test(`${name}: drawn twice it is the same, below 60 kB, with its title`, () => {
    const svg = staticSvg(figure);
    assert.equal(staticSvg(figure), svg);
    assert.ok(svg.length < 60_000, `${svg.length} bytes`);
    assert.match(svg, /^<svg [^>]*>[\s\S]*<\/svg>$/);
    assert.ok(svg.includes(figure.layout.title!.text));
    assert.doesNotMatch(svg, /<style|<script|class=|\bzr\d/);
  });

test("a page-block map of many different cells stays below 60 kB", () => {
  const extents = Array.from({ length: 512 }, (_, i) => ({
    base: i * 2 ** 21,
    bytes: 2 ** 21,
    kind: (["free", "cma", "reserved"] as const)[(i * 7 + (i >> 3)) % 3]!,
  }));
  const { memoryMap } = require("../../lib/chart/memory-map") as typeof import("../../lib/chart/memory-map");
  const svg = staticSvg(memoryMap({ extents, pageblockBytes: 2 ** 21 }));
  assert.ok(svg.length < 60_000, `${svg.length} bytes`);
});

test("words of a figure are escaped in its picture", () => {
  const evil = `<script>alert(1)</script>"&`;
  const figure = bars({
    title: evil,
    categories: [evil],
    series: [{ name: evil, values: [1], labels: [evil] }],
  });
  const svg = staticSvg(figure);
  assert.doesNotMatch(svg, /<script/);
  assert.ok(svg.includes("&lt;script&gt;"));
});

/** The words of a picture, as they stand in it. */
const wordsIn = (svg: string) =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>|<tspan[^>]*>([^<]*)<\/tspan>/g)].map((m) => m[1] ?? m[2]!);

test("a picture names every category, lying and standing", () => {
  for (const lying of [true, false]) {
    const categories = Array.from({ length: 14 }, (_, i) => `kind ${i}`);
    const figure = bars({
      lying,
      categories,
      series: [{ name: "s", values: categories.map((_, i) => i + 1) }],
    });
    const words = wordsIn(staticSvg(figure));
    for (const name of categories) assert.ok(words.includes(name), `${name}, lying ${lying}`);
  }
});

test("the bars of several series of a lying chart are below each other, with their values", () => {
  const series = ["a", "b"].map((name, i) => ({ name, values: [10 + i, 20 + i] }));
  const svg = staticSvg(bars({ lying: true, categories: ["x", "y"], series }));
  const words = wordsIn(svg);
  for (const value of ["10", "11", "20", "21"]) assert.ok(words.includes(value), value);
  const tops = [...svg.matchAll(/<path d="M[\d.]+ ([\d.]+)l[^"]*" fill="#(?:0072B2|E69F00)"/g)].map(
    (m) => m[1],
  );
  assert.equal(tops.length, 6, "four bars, and the keys of two series");
  assert.equal(new Set(tops).size, 5, "no two bars begin at one height; the keys do");
});

test("the legend of a picture has the dash of a line and the symbol of a point", () => {
  const series = ["one", "two", "three"].map((name, i) => ({ name, x: [1, 2], y: [i, i + 1] }));
  const svg = staticSvg(lines({ series }));
  const head = svg.slice(0, svg.indexOf(">three<"));
  assert.match(head, /stroke-dasharray="8,5"/, "the second line");
  assert.match(head, /stroke-dasharray="2,3"/, "the third line");
  const names = ["circle", "square", "star"].map((symbol): Figure["data"][number] => ({
    type: "scatter",
    mode: "markers",
    name: symbol,
    x: [1],
    y: [1],
    marker: { symbol, color: "#123456" },
  }));
  const drawn = staticSvg({ data: names, layout: { showlegend: true } });
  const shapes = [...drawn.matchAll(/<path d="([^"]*)"[^>]*fill="#123456"/g)].map((m) => m[1]!.length);
  assert.ok(new Set(shapes).size >= 3, "three unlike shapes");
});

test("words at points stand on the side that the figure says, in lines", () => {
  const point = (textposition: string): Figure => ({
    data: [
      {
        type: "scatter",
        mode: "markers+text",
        x: [1, 2, 3],
        y: [1, 2, 3],
        text: ["", "up<br>down", ""],
        textposition,
      },
    ],
    layout: {},
  });
  const [right, left] = ["middle right", "middle left"].map((position) => staticSvg(point(position)));
  assert.match(right!, />up</);
  assert.match(right!, />down</);
  const xOf = (svg: string) =>
    Number(/translate\(([\d.]+) [\d.]+\)[^>]*>up</.exec(svg)?.[1] ?? /x="([\d.]+)"[^>]*>up</.exec(svg)?.[1]);
  assert.ok(xOf(right!) > xOf(left!), `${xOf(right!)} ${xOf(left!)}`);
});

test("a trace that only Plotly draws gives a card that says so", () => {
  const figure: Figure = { data: [{ type: "violin", y: [1, 2] }], layout: { title: { text: "A < B" } } };
  const svg = staticSvg(figure);
  assert.match(svg, /violin/);
  assert.match(svg, /A &#60; B/);
});

test("a figure in words: title, what to see, series", () => {
  assert.equal(words(GALLERY.bars!), "Chart: Bars – two series, logarithmic – one, two");
});
