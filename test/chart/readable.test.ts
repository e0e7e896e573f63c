/** Charts that can be read: names of rows, notes, counts, three figures, times in ms. */
import assert from "node:assert/strict";
import test from "node:test";
import { bars, latencyEcdf, lines, memoryMap, pairedDifferences, successRates } from "../../lib/chart";
import type { Axis, BarTrace, Figure, ScatterTrace } from "../../lib/chart/figure";

const subtitle = (figure: Figure) => figure.layout.title?.subtitle?.text.replaceAll("<br>", " ") ?? "";

const TEN = Array.from({ length: 10 }, (_, i) => `way number ${i}`);

test("bars of many names lie with their values written; few short ones stand", () => {
  const many = bars({ categories: TEN, series: [{ name: "idle", values: TEN.map((_, i) => i * 7.3551) }] });
  const [trace] = many.data as [BarTrace];
  assert.equal(trace.orientation, "h");
  assert.deepEqual(trace.y, TEN);
  assert.equal(trace.text![9], "66.2", "three significant figures");
  assert.equal(many.layout.xaxis!.showgrid, false, "no line through a value");
  const few = bars({ categories: ["on", "off"], series: [{ name: "granted", values: [1, 2] }] });
  assert.equal((few.data[0] as BarTrace).orientation, undefined);
});

test("the axis of lying bars is that of their values, and the subtitle says what their names are", () => {
  const figure = bars({
    subtitle: "medians",
    xTitle: "way",
    yTitle: "idle (MiB)",
    categories: TEN,
    series: [{ name: "idle", values: TEN.map((_, i) => i) }],
  });
  assert.equal(figure.layout.xaxis!.title!.text, "idle (MiB)");
  assert.equal(figure.layout.yaxis!.title, undefined);
  assert.equal(subtitle(figure), "medians; down: way");
});

test("bars that are all equal are told in words", () => {
  const figure = bars({
    yTitle: "rows (%)",
    categories: ["a", "b", "c"],
    series: [{ name: "agree", values: [100, 100, 100] }],
  });
  assert.equal(subtitle(figure), "all 3 are equal: 100 %");
  const differ = bars({ categories: ["a", "b"], series: [{ name: "agree", values: [100, 99] }] });
  assert.equal(subtitle(differ), "");
});

const row = (name: string, granted: number) => ({
  name,
  value: granted / 32,
  low: Math.max(0, granted / 32 - 0.1),
  high: Math.min(1, granted / 32 + 0.1),
  basis: `${granted} of 32 requests`,
});

test("a subtitle does not replace the words that say what the bars are", () => {
  const figure = successRates({
    subtitle: "after 7 days",
    interval: "95 % interval (Wilson)",
    series: [{ name: "granted", rows: [row("buddy", 9)] }],
  });
  assert.equal(subtitle(figure), "after 7 days; bars: 95 % interval (Wilson)");
});

test("counts stand beside the intervals, at their upper ends, on no gridline", () => {
  const rows = [row("buddy", 9), row("cma", 32)];
  const figure = successRates({ interval: "95 %", series: [{ name: "granted", rows }] });
  const counts = figure.data.find((trace) => trace.mode === "text") as ScatterTrace;
  assert.deepEqual(
    counts.text!.map((text) => text.trim()),
    ["9 of 32", "32 of 32"],
  );
  assert.deepEqual(
    counts.x,
    rows.map(({ high }) => high * 100),
  );
  assert.equal(counts.textposition, "middle right");
  assert.equal(figure.layout.xaxis!.showgrid, false);
});

test("six series of three rows have room of their own", () => {
  const series = Array.from({ length: 6 }, (_, i) => ({
    name: `condition ${i}`,
    rows: ["a", "b", "c"].map((name, at) => row(name, 5 * at + i)),
  }));
  const figure = successRates({ interval: "95 %", series });
  const { t, b } = figure.layout.margin as { t: number; b: number };
  const [low, high] = figure.layout.yaxis!.range!;
  const pixels = (figure.layout.height! - t - b) / Math.abs(high - low);
  const places = (figure.data as ScatterTrace[])
    .filter((trace) => trace.mode === "markers")
    .flatMap((trace) => trace.y as number[])
    .sort((x, y) => x - y);
  for (let at = 1; at < places.length; at++)
    assert.ok(
      (places[at]! - places[at - 1]!) * pixels >= 16,
      `${(places[at]! - places[at - 1]!) * pixels} px`,
    );
});

test("long subtitles are broken into lines that fit the picture, and nothing of them is lost", () => {
  const words = Array.from({ length: 30 }, (_, i) => `word${i}`).join(" ");
  const figure = pairedDifferences({ subtitle: words.slice(0, 170), interval: "95 %", rows: [] });
  const text = figure.layout.title!.subtitle!.text;
  for (const line of text.split("<br>")) assert.ok(line.length <= 104, line);
  assert.equal(text.replaceAll("<br>", " "), `${words.slice(0, 170)}; bars: 95 %`);
});

test("times are in milliseconds on a logarithmic axis with whole words as ticks", () => {
  const samplesUs = [20, 900, 60_000];
  const figure = latencyEcdf({ series: [{ name: "cma", samplesUs }] });
  const axis = figure.layout.xaxis as Axis;
  assert.equal(axis.type, "log");
  assert.match(axis.title!.text, /\(ms\)$/);
  assert.deepEqual((figure.data[0] as ScatterTrace).x, [0.02, 0.02, 0.9, 60]);
  for (const tick of axis.ticktext!) assert.doesNotMatch(tick, /k|µ|e/);
  const drawn = lines({ logY: true, series: [{ name: "t", x: [1, 2], y: [0.05, 60_000] }] });
  assert.ok(drawn.layout.yaxis!.ticktext!.includes("10,000"), drawn.layout.yaxis!.ticktext!.join());
});

test("steps that coincide are drawn once under all names; more than four get rows", () => {
  const of = (name: string, ...samplesUs: number[]) => ({ name, samplesUs });
  const two = latencyEcdf({ series: [of("a", 1, 2), of("b", 2, 1), of("c", 5)] });
  assert.deepEqual(
    two.data.map((trace) => trace.name),
    ["a · b, n = 2 each", "c, n = 1"],
  );
  const many = latencyEcdf({ series: TEN.map((name, i) => of(name, 10 + i, 40 + i, 90 + i)) });
  const rows = many.data.filter((trace) => trace.type === "box");
  assert.deepEqual(
    rows.map((trace) => trace.name),
    TEN.map((name) => `${name}, n = 3`),
  );
  assert.deepEqual([rows[0]!.lowerfence, rows[0]!.median, rows[0]!.upperfence], [[0.01], [0.04], [0.09]]);
  const same = latencyEcdf({ series: TEN.map((name) => of(name, 10, 20)) });
  assert.equal(same.data.length, 1);
});

test("legends are above the plot, with room for every row of them", () => {
  const MiB = 2 ** 20;
  const kinds = ["free", "cma", "kernel", "memmap", "reserved", "unmovable"] as const;
  const figure = memoryMap({
    title: "All kinds",
    pageblockBytes: 2 * MiB,
    extents: kinds.map((kind, i) => ({ base: i * 64 * MiB, bytes: 64 * MiB, kind })),
  });
  const { y, yanchor } = figure.layout.legend as { y: number; yanchor: string };
  assert.deepEqual([y, yanchor], [1, "bottom"]);
  assert.ok((figure.layout.margin as { t: number }).t >= 54 + 26 + 3 * 20);
});
