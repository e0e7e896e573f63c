/**
 * A figure as a static SVG picture, made without a browser by ECharts' server-side renderer. Bars, lines, points and
 * heat maps are drawn as Plotly draws them; a figure with another kind of trace gives a card that says so. The same
 * figure always gives the same text.
 */
import type { EChartsOption } from "echarts";
import type {
  Axis,
  BarTrace,
  Datum,
  Figure,
  HeatmapTrace,
  Layout,
  ScatterTrace,
  Shape,
} from "../chart/figure";
import { colorAt, GRID, INK, SERIES, textOn } from "../chart/palette";
import { describe } from "./describe";
import { escapeHtml } from "./escape";

const WIDTH = 760;
const FONT = "system-ui, sans-serif";
const DRAWN = new Set(["bar", "scatter", "heatmap"]);
/** Room for the title, the subtitle and one row of the legend, in pixels. */
const TITLE = 34;
const SUBTITLE = 20;
const LEGEND_ROW = 22;
/** Width of a letter at 12 px in a wide sans-serif. */
const LETTER = 7.3;

/** SVG text of 760 × the figure's height, on a transparent ground; title and labels are escaped. */
export function staticSvg(figure: Figure): string {
  const height = Math.min(2000, Math.max(120, Number(figure.layout.height) || 400));
  const foreign = figure.data.find((trace) => !DRAWN.has(trace.type));
  if (foreign)
    return card(titleOf(figure.layout), `A chart of kind “${foreign.type}”: it needs scripts to be drawn.`);
  return titled(tidy(render(optionOf(figure, height), height)), describe(figure));
}

/** ECharts costs 0.1 s to load: only when a picture is made. */
function render(option: EChartsOption, height: number): string {
  const echarts = require("echarts") as typeof import("echarts");
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** With words for readers who see no picture. */
const titled = (svg: string, words: string) =>
  svg.replace(/^<svg [^>]*>/, (tag) => `${tag}<title>${escapeHtml(words)}</title>`);

/** Takes out what serves only a live chart, and the counter in the ids, which depends on how many came before. */
function tidy(svg: string): string {
  return svg
    .replace(/<style ?>[\s\S]*?<\/style>\s*/g, "")
    .replace(/<[^>]*>/g, (tag) =>
      tag
        .replace(/ (?:class|ecmeta_\w+|pointer-events|xml:space|baseProfile)="[^"]*"/g, "")
        .replace(/\bzr\d+-/g, "c-"),
    )
    .trim();
}

function optionOf(figure: Figure, height: number): EChartsOption {
  const { layout } = figure;
  const title = titleOf(layout);
  const subtitle = layout.title?.subtitle?.text ?? "";
  const head = 12 + (title ? TITLE : 0) + (subtitle ? SUBTITLE : 0);
  const under = (layout.legend as { yanchor?: string } | undefined)?.yanchor === "top";
  const legend = legendOf(figure);
  const room = legend.rows * LEGEND_ROW;
  const map = layout.xaxis?.visible === false;
  return {
    animation: false,
    textStyle: { fontFamily: FONT, color: INK },
    title: {
      text: title,
      subtext: subtitle,
      left: 8,
      top: 10,
      itemGap: 6,
      textStyle: { fontSize: 17, fontWeight: "normal", color: INK },
      subtextStyle: { fontSize: 12, color: INK },
    },
    graphic: { elements: legend.elements(under ? height - room : head) },
    grid: {
      left: 12,
      right: 16,
      top: head + (under ? 0 : room) + (map ? 4 : 26),
      bottom: (map ? 8 : 34) + (under ? room : 0),
      containLabel: true,
    },
    xAxis: axisOf(layout.xaxis, figure, "x"),
    yAxis: axisOf(layout.yaxis, figure, "y"),
    series: seriesOf(figure),
  } as EChartsOption;
}

/** The legend in our own drawing, because without a browser ECharts cannot measure words. */
function legendOf(figure: Figure): { rows: number; elements: (top: number) => object[] } {
  const named = figure.data.filter(
    (t) => t.showlegend !== false && typeof t.name === "string" && t.name !== "",
  );
  if (!(figure.layout.showlegend ?? named.length > 1)) return { rows: 0, elements: () => [] };
  let row = 0;
  let x = 12;
  const places = named.map((trace) => {
    const width = 40 + String(trace.name).length * LETTER;
    if (x > 12 && x + width > WIDTH) {
      row++;
      x = 12;
    }
    const place = { trace, x, row, color: SERIES[figure.data.indexOf(trace) % SERIES.length]! };
    x += width;
    return place;
  });
  const elements = (top: number) =>
    places.flatMap(({ trace, x, row, color }) => {
      const y = top + row * LEGEND_ROW;
      const fill = mainColor(trace) ?? color;
      return [
        { type: "rect", shape: { x, y: y + 2, width: 12, height: 12 }, style: { fill } },
        {
          type: "text",
          style: { text: String(trace.name), x: x + 18, y: y + 2, fill: INK, fontSize: 12, fontFamily: FONT },
        },
      ];
    });
  return { rows: row + 1, elements };
}

function mainColor(trace: Figure["data"][number]): string | undefined {
  const { marker, line } = trace as { marker?: { color?: unknown }; line?: { color?: unknown } };
  return [line?.color, marker?.color].find((c): c is string => typeof c === "string");
}

/** A trace that only puts a square into the legend. */
const isKey = (trace: { x?: unknown }) => Array.isArray(trace.x) && trace.x.every((x) => x === null);

function titleOf(layout: Layout): string {
  const title: unknown = layout.title;
  return typeof title === "string" ? title : (layout.title?.text ?? "");
}

function categoriesOf(figure: Figure, axis: "x" | "y"): string[] {
  const seen = new Set<string>();
  for (const trace of figure.data)
    for (const value of (trace[axis] as Datum[] | undefined) ?? [])
      if (value !== null) seen.add(String(value));
  return [...seen];
}

function isCategory(axis: Axis | undefined, figure: Figure, which: "x" | "y"): boolean {
  if (axis?.type === "category") return true;
  if (axis?.type !== undefined && axis.type !== "-") return false;
  const values = figure.data
    .flatMap((t) => (t[which] as Datum[] | undefined) ?? [])
    .filter((v) => v !== null);
  return values.length > 0 && values.every((v) => typeof v === "string" && Number.isNaN(Number(v)));
}

function axisOf(axis: Axis | undefined, figure: Figure, which: "x" | "y"): object {
  const category = isCategory(axis, figure, which);
  const reversed =
    axis?.autorange === "reversed" || (axis?.range !== undefined && axis.range[0] > axis.range[1]);
  const heat = figure.data.some((t) => t.type === "heatmap");
  const range = rangeOf(axis, figure, which);
  return {
    type: category ? "category" : axis?.type === "log" ? "log" : "value",
    ...(category ? { data: categoriesOf(figure, which) } : {}),
    ...(range && !category ? { min: range[0], max: range[1] } : {}),
    show: axis?.visible !== false,
    inverse: reversed,
    name: axis?.title?.text ?? "",
    nameLocation: which === "x" ? "middle" : reversed ? "start" : "end",
    nameGap: which === "x" ? 30 : 12,
    nameTextStyle: { color: INK, fontSize: 12, align: which === "x" ? "center" : "left" },
    axisLine: { show: !heat, lineStyle: { color: INK } },
    axisTick: { show: false },
    axisLabel: { color: INK, fontSize: 11, ...labelsOf(axis) },
    splitLine: { show: !heat && !category && axis?.showgrid !== false, lineStyle: { color: GRID } },
  };
}

/** Ends of a numeric axis, low first: those given (powers of ten on a logarithmic axis), else a logarithmic axis' values with room. */
function rangeOf(axis: Axis | undefined, figure: Figure, which: "x" | "y"): [number, number] | undefined {
  const log = axis?.type === "log";
  if (axis?.range !== undefined) {
    const [low, high] = [...axis.range].sort((a, b) => a - b) as [number, number];
    return log ? [10 ** low, 10 ** high] : [low, high];
  }
  if (!log) return undefined;
  const values = figure.data
    .flatMap((t) => (t[which] as Datum[] | undefined) ?? [])
    .map(Number)
    .filter((v) => v > 0);
  return values.length === 0 ? undefined : [Math.min(...values) / 1.4, Math.max(...values) * 1.4];
}

function labelsOf(axis: Axis | undefined): object {
  const { tickvals, ticktext, ticksuffix } = axis ?? {};
  if (tickvals && ticktext) {
    const texts = new Map(tickvals.map((value, at) => [String(value), ticktext[at] ?? ""]));
    return {
      customValues: tickvals.map(Number),
      formatter: (value: unknown) => texts.get(String(value)) ?? "",
    };
  }
  if (axis?.type === "log")
    return { formatter: (value: number) => (Number.isInteger(Math.log10(value)) ? `${value}` : "") };
  return ticksuffix ? { formatter: `{value}${ticksuffix}` } : {};
}

function seriesOf(figure: Figure): object[] {
  const series = figure.data.map((trace, at): object => {
    const color = SERIES[at % SERIES.length]!;
    if (trace.type === "bar") return barSeries(trace as BarTrace, figure.layout, color);
    if (trace.type === "heatmap") return heatSeries(trace as HeatmapTrace, figure);
    return lineSeries(trace as ScatterTrace, figure, color);
  });
  const shapes = figure.layout.shapes ?? [];
  return shapes.length === 0 ? series : [...series, shapeSeries(shapes)];
}

function barSeries(trace: BarTrace, layout: Layout, fallback: string): object {
  const { color } = trace.marker ?? {};
  const log = layout.yaxis?.type === "log";
  return {
    type: "bar",
    name: trace.name,
    itemStyle: { color: typeof color === "string" ? color : fallback },
    ...(layout.barmode === "stack" ? { stack: "all" } : {}),
    barMaxWidth: 60,
    barGap: "8%",
    data: trace.y.map((value, at) => ({
      value: value === null || (log && Number(value) <= 0) ? "-" : value,
      ...(Array.isArray(color) ? { itemStyle: { color: color[at] ?? fallback } } : {}),
      label: {
        show: trace.text?.[at] !== undefined && trace.textposition !== "none",
        position: layout.barmode === "stack" ? "inside" : "top",
        formatter: plain(trace.text?.[at] ?? ""),
        color: INK,
        fontSize: 11,
      },
    })),
  };
}

function lineSeries(trace: ScatterTrace, figure: Figure, fallback: string): object {
  const color = trace.line?.color ?? trace.marker?.color ?? fallback;
  const points = trace.x.map((x, at) => [x, trace.y[at] ?? "-"]);
  const key = isKey(trace);
  return {
    type: trace.mode === "markers" ? "scatter" : "line",
    name: trace.name,
    data: key ? [] : points,
    step: trace.line?.shape === "hv" ? "end" : false,
    symbol: trace.mode === "lines" ? "none" : "circle",
    symbolSize: trace.marker?.size ?? 7,
    showAllSymbol: figure.data.length < 20,
    itemStyle: { color },
    lineStyle: { color, width: trace.line?.width ?? 2, type: dashOf(trace.line?.dash) },
  };
}

const dashOf = (dash: string | undefined) =>
  dash === "dash" ? "dashed" : dash === "dot" ? "dotted" : "solid";

/** Runs of equal cells without words become one rectangle, which keeps a large map small. */
function heatSeries(trace: HeatmapTrace, figure: Figure): object {
  const rects: { row: number; from: number; to: number; color: string; text: string }[] = [];
  const wordless = trace.text === undefined;
  trace.z.forEach((cells, row) => {
    for (let from = 0; from < cells.length; ) {
      const z = cells[from]!;
      let to = from + 1;
      while (wordless && to < cells.length && cells[to] === z) to++;
      if (z !== null)
        rects.push({ row, from, to, color: colorOf(trace, z), text: plain(trace.text?.[row]?.[from] ?? "") });
      from = to;
    }
  });
  const gap = Math.min(trace.xgap ?? 0, trace.ygap ?? 0, wordless ? 0.6 : 8);
  return {
    type: "custom",
    name: trace.name ?? "",
    data: rects.map((rect, at) => [rect.from, rect.row, at]),
    renderItem: (_: unknown, api: CustomApi) => {
      const rect = rects[api.value(2)]!;
      const category = isCategory(figure.layout.xaxis, figure, "x");
      const [x0, y0, x1, y1] = corners(
        api,
        rect.from - 0.5,
        rect.row - 0.5,
        rect.to - 0.5,
        rect.row + 0.5,
        category,
      );
      const shape = { x: x0 + gap / 2, y: y0 + gap / 2, width: x1 - x0 - gap, height: y1 - y0 - gap };
      return {
        type: "group",
        children: [
          { type: "rect", shape, style: { fill: rect.color } },
          ...(rect.text === ""
            ? []
            : [
                {
                  type: "text",
                  style: {
                    text: rect.text,
                    x: (x0 + x1) / 2,
                    y: (y0 + y1) / 2,
                    align: "center",
                    verticalAlign: "middle",
                    fill: textOn(rect.color),
                    fontSize: 11,
                    fontFamily: FONT,
                  },
                },
              ]),
        ],
      };
    },
  };
}

interface CustomApi {
  value(dimension: number): number;
  coord(point: [number, number]): [number, number];
  size(size: [number, number]): [number, number];
}

/** Pixels of a rectangle given in cells; between categories there is no coordinate, so it is taken from the centres. */
function corners(
  api: CustomApi,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  category: boolean,
): number[] {
  if (!category) {
    const [ax, ay] = api.coord([x0, y0]);
    const [bx, by] = api.coord([x1, y1]);
    return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)].map(round);
  }
  const [cx, cy] = api.coord([x0 + 0.5, y0 + 0.5]);
  const [width, height] = api.size([1, 1]);
  const columns = x1 - x0;
  return [cx - width / 2, cy - height / 2, cx - width / 2 + columns * width, cy + height / 2].map(round);
}

const round = (n: number) => Math.round(n * 10) / 10;

function colorOf(trace: HeatmapTrace, z: number): string {
  return colorAt(trace.colorscale, (z - trace.zmin) / (trace.zmax - trace.zmin || 1));
}

function shapeSeries(shapes: Shape[]): object {
  return {
    type: "custom",
    silent: true,
    data: shapes.map((shape, at) => [(shape.x0 + shape.x1) / 2, (shape.y0 + shape.y1) / 2, at]),
    renderItem: (_: unknown, api: CustomApi) => {
      const shape = shapes[api.value(2)]!;
      const [x0, y0, x1, y1] = corners(api, shape.x0, shape.y0, shape.x1, shape.y1, false) as [
        number,
        number,
        number,
        number,
      ];
      const style = { fill: "none", stroke: shape.line.color, lineWidth: shape.line.width };
      return shape.type === "rect"
        ? { type: "rect", shape: { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }, style }
        : { type: "line", shape: { x1: x0, y1: y0, x2: x1, y2: y1 }, style };
    },
  };
}

/** Plotly's markup in words (`<br>`, `<b>`) has no meaning in the picture. */
const plain = (text: string) => text.replace(/<br\s*\/?>/g, " ").replace(/<\/?[a-z][^>]*>/g, "");

/** A picture of two lines of words. */
function card(title: string, words: string): string {
  const line = (y: number, size: number, text: string) =>
    `<text x="16" y="${y}" font-family="${FONT}" font-size="${size}" fill="${INK}">${escapeHtml(text)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="90" viewBox="0 0 ${WIDTH} 90">${line(34, 17, title)}${line(64, 13, words)}</svg>`;
}
