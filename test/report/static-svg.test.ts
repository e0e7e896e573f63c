/** Static pictures: the same text every time, well-formed, small, escaped. */
import assert from "node:assert/strict";
import test from "node:test";
import { bars } from "../../lib/chart/bars";
import type { Figure } from "../../lib/chart/figure";
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

test("a trace that only Plotly draws gives a card that says so", () => {
  const figure: Figure = { data: [{ type: "violin", y: [1, 2] }], layout: { title: { text: "A < B" } } };
  const svg = staticSvg(figure);
  assert.match(svg, /violin/);
  assert.match(svg, /A &#60; B/);
});

test("a figure in words: title, what to see, series", () => {
  assert.equal(words(GALLERY.bars!), "Chart: Bars – two series, logarithmic – one, two");
});
