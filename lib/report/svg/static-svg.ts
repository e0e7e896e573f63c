/**
 * A figure as a static SVG picture, made without a browser by ECharts' server-side renderer. Bars, lines, points,
 * areas, boxes, heat maps, flows and icicles are drawn as Plotly draws them; a figure with another kind of trace gives
 * a card that says so. A figure with a slider is drawn in its first state. The same figure always gives the same text.
 */
import type { EChartsOption } from "echarts";
import type { Figure, IcicleTrace, Layout, SankeyTrace } from "../../chart/figure";
import { INK } from "../../chart/palette";
import { describe } from "../describe";
import { escapeHtml } from "../escape";
import { linesOf } from "../plain-text";
import { axisOf, longestLabel, namesMost } from "./static-axes";
import { icicleElements, isFlow, sankeySeries } from "./static-flows";
import { legendOf } from "./static-legend";
import { seriesOf } from "./static-series";
import { FONT, LEGEND_ROW, WIDTH } from "./static-size";

const DRAWN = new Set(["bar", "scatter", "heatmap", "box", "sankey", "icicle"]);
/** Room for the title and the subtitle, in pixels. */
const TITLE = 34;
const SUBTITLE = 20;

/**
 * SVG text as wide as stated (pixels) and as high as the figure, on a transparent ground; title and labels are escaped. On a narrow one
 * names are broken into lines.
 */
export function staticSvg(figure: Figure, width: number = WIDTH): string {
  const height = Math.min(2000, Math.max(120, Number(figure.layout.height) || 400));
  const foreign = figure.data.find((trace) => !isDrawn(trace));
  if (foreign)
    return card(
      titleOf(figure.layout),
      `A chart of kind “${foreign.type}”: it needs scripts to be drawn.`,
      width,
    );
  const shown = { ...figure, data: figure.data.filter((trace) => trace.visible !== false) };
  return titled(tidy(render(optionOf(shown, width, height), width, height)), describe(figure));
}

/** Boxes from samples would need Plotly's rules for quantiles; ours come with quantiles, and are horizontal. */
const isDrawn = (trace: Figure["data"][number]) =>
  DRAWN.has(trace.type) && (trace.type !== "box" || (Array.isArray(trace.q1) && trace.orientation === "h"));

/** ECharts takes 0.1 s to load, so it is loaded with the first picture. */
function render(option: EChartsOption, width: number, height: number): string {
  const echarts = require("echarts") as typeof import("echarts");
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** Adds a description for readers who see no picture. */
const titled = (svg: string, words: string) =>
  svg.replace(/^<svg [^>]*>/, (tag) => `${tag}<title>${escapeHtml(words)}</title>`);

/** Removes parts that only an interactive chart needs, and the counter in ids, which depends on earlier pictures. */
function tidy(svg: string): string {
  return svg
    .replace(/<style ?>[\s\S]*?<\/style>\s*/g, "")
    .replace(/<[^<>]*>/g, (tag) =>
      tag
        .replace(/ (?:class|ecmeta_\w+|pointer-events|xml:space|baseProfile)="[^"]*"/g, "")
        .replace(/\bzr\d+-/g, "c-"),
    )
    .trim();
}

function optionOf(figure: Figure, width: number, height: number): EChartsOption {
  const { layout } = figure;
  const title = titleOf(layout);
  const subtitle = [layout.title?.subtitle?.text, snapshotOf(layout)]
    .flatMap((words) => (words ? [linesOf(words)] : []))
    .join("; ");
  const lines = (words: string) => words.split("\n").length;
  const head =
    12 + (title ? TITLE + (lines(title) - 1) * 20 : 0) + (subtitle ? lines(subtitle) * SUBTITLE : 0);
  const legend = legendOf(figure, width);
  const room = legend.rows * LEGEND_ROW;
  const map = layout.xaxis?.visible === false;
  const common = {
    animation: false,
    textStyle: { fontFamily: FONT, color: INK },
    title: {
      text: title,
      subtext: subtitle,
      left: 8,
      top: 10,
      itemGap: 6,
      textStyle: { fontSize: 17, lineHeight: 20, fontWeight: "normal", color: INK },
      subtextStyle: { fontSize: 12, lineHeight: 17, color: INK },
    },
  };
  if (isFlow(figure)) return { ...common, ...flowsOf(figure, width, [head + 12, height]) } as EChartsOption;
  return {
    ...common,
    graphic: { elements: legend.elements(head) },
    grid: {
      // ECharts underestimates the width of labels slightly.
      left: 12 + Math.min(longestLabel(figure), namesMost(width)) * 0.8,
      right: Math.max(16, rightOf(layout)),
      top: head + room + (map && !layout.yaxis?.title ? 4 : 26),
      bottom: map ? 8 : layout.xaxis?.tickvals ? 42 : 34,
      containLabel: true,
    },
    xAxis: axisOf(layout.xaxis, figure, { which: "x", width }),
    yAxis: axisOf(layout.yaxis, figure, { which: "y", width }),
    series: seriesOf(figure, width),
  } as EChartsOption;
}

/** The margin for words beside the plot; a legend or a scale in it is drawn above the plot here. */
function rightOf({ margin, showlegend, legend }: Layout): number {
  const beside = showlegend !== false && (legend as { x?: number } | undefined)?.x !== 0;
  return beside ? 0 : Number((margin as { r?: number } | undefined)?.r ?? 0);
}

function flowsOf(figure: Figure, width: number, [top, height]: [number, number]): object {
  const trace = figure.data[0]!;
  if (trace.type === "sankey") return { series: [sankeySeries(trace as SankeyTrace, top)] };
  return { graphic: { elements: icicleElements(trace as IcicleTrace, width, [top, height - 12]) } };
}

/** The label of a slider's first state. */
function snapshotOf(layout: Layout): string | undefined {
  const [slider] = (layout.sliders ?? []) as { active?: number; steps?: { label?: string }[] }[];
  return slider?.steps?.[slider.active ?? 0]?.label;
}

function titleOf(layout: Layout): string {
  const title: unknown = layout.title;
  return linesOf(typeof title === "string" ? title : (layout.title?.text ?? ""));
}

/** A picture of two lines of text. */
function card(title: string, words: string, width: number): string {
  const line = (y: number, size: number, text: string) =>
    `<text x="16" y="${y}" font-family="${FONT}" font-size="${size}" fill="${INK}">${escapeHtml(text)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="90" viewBox="0 0 ${width} 90">${line(34, 17, title)}${line(64, 13, words)}</svg>`;
}
