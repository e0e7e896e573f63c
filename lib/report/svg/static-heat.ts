/** Heat maps and shapes of a static picture, as ECharts' series. */
import type { Figure, HeatmapTrace, Shape } from "../../chart/figure";
import { colorAt, textOn } from "../../chart/palette";
import { linesOf } from "../plain-text";
import { isCategory } from "./static-axes";
import { type CustomApi, round } from "./static-custom";
import { FONT, NARROW_WIDTH } from "./static-size";

/** Runs of equal cells without words become one rectangle, which keeps a large map small. */
export function heatSeries(trace: HeatmapTrace, figure: Figure, width: number): object {
  const rects: { row: number; from: number; to: number; color: string; text: string }[] = [];
  const wordless = trace.text === undefined;
  trace.z.forEach((cells, row) => {
    for (let from = 0; from < cells.length; ) {
      const z = cells[from]!;
      let to = from + 1;
      while (wordless && to < cells.length && cells[to] === z) to++;
      if (z !== null)
        rects.push({
          row,
          from,
          to,
          color: colorOf(trace, z),
          text: linesOf(trace.text?.[row]?.[from] ?? ""),
        });
      from = to;
    }
  });
  const gap = Math.min(trace.xgap ?? 0, trace.ygap ?? 0, wordless ? 0.6 : 8);
  const category = isCategory(figure.layout.xaxis, figure, "x");
  const fontSize = width > NARROW_WIDTH ? 11 : (trace.z[0]?.length ?? 0) > 4 ? 8.5 : 10;
  return {
    type: "custom",
    name: trace.name ?? "",
    data: rects.map((rect, at) => [rect.from, rect.row, at]),
    renderItem: (_: unknown, api: CustomApi) => {
      const rect = rects[api.value(2)]!;
      const [x0, y0, x1, y1] = corners(
        api,
        rect.from - 0.5,
        rect.row - 0.5,
        rect.to - 0.5,
        rect.row + 0.5,
        category,
      ) as [number, number, number, number];
      const shape = { x: x0 + gap / 2, y: y0 + gap / 2, width: x1 - x0 - gap, height: y1 - y0 - gap };
      return {
        type: "group",
        children: [
          { type: "rect", shape, style: { fill: rect.color } },
          ...(rect.text === ""
            ? []
            : [wordsAt(rect.text, [(x0 + x1) / 2, (y0 + y1) / 2], textOn(rect.color), fontSize)]),
        ],
      };
    },
  };
}

const wordsAt = (text: string, [x, y]: [number, number], fill: string, fontSize: number) => ({
  type: "text",
  style: { text, x, y, align: "center", verticalAlign: "middle", fill, fontSize, fontFamily: FONT },
});

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

function colorOf(trace: HeatmapTrace, z: number): string {
  return colorAt(trace.colorscale, (z - trace.zmin) / (trace.zmax - trace.zmin || 1));
}

/** Rectangles and lines over the chart. */
export function shapeSeries(shapes: Shape[]): object {
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
