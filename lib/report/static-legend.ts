/** The legend of a static picture. */
import type { Figure } from "../chart/figure";
import { INK, SERIES } from "../chart/palette";
import { FONT, LEGEND_ROW, WIDTH } from "./static-size";

/** Width of a letter at 12 px in a wide sans-serif. */
const LETTER = 7.3;

/** The legend in our own drawing, because without a browser ECharts cannot measure words. */
export function legendOf(figure: Figure): { rows: number; elements: (top: number) => object[] } {
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
