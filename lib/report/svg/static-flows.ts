/** Charts without axes: flows between nodes (Sankey) by ECharts, and nested shares (icicle) in our own drawing. */
import { largestOf } from "../../base/extremes";
import type { Figure, IcicleTrace, SankeyTrace } from "../../chart/figure";
import { INK, textOn } from "../../chart/palette";
import { plain } from "../plain-text";
import { round } from "./static-custom";
import { FONT } from "./static-size";

/** Letters in the boxes of an icicle: their size, their width, and the height of a line. */
const SIZE = 11;
const LETTER = 6.6;
const LINE = 14;

/** True if a figure has traces without axes; such a figure has no other traces. */
export const isFlow = (figure: Figure): boolean =>
  figure.data.some((trace) => trace.type === "sankey" || trace.type === "icicle");

/** The series of a Sankey, between `top` and the lower edge. */
export function sankeySeries(trace: SankeyTrace, top: number): object {
  const { node, link } = trace;
  const sources = new Set(link.source);
  return {
    type: "sankey",
    left: 12,
    right: 12,
    top,
    bottom: 16,
    nodeGap: 18,
    nodeWidth: 16,
    draggable: false,
    emphasis: { disabled: true },
    data: node.label.map((words, at) => ({
      name: String(at),
      itemStyle: { color: node.color[at] ?? INK, borderWidth: 0 },
      label: {
        position: sources.has(at) ? "right" : "left",
        formatter: plain(words),
        color: INK,
        fontSize: 12,
        fontFamily: FONT,
      },
    })),
    links: link.value.map((value, at) => ({
      source: String(link.source[at]),
      target: String(link.target[at]),
      value,
      lineStyle: { color: link.color?.[at] ?? INK, opacity: 1, curveness: 0.5 },
    })),
  };
}

/** The nodes of an icicle as drawings, the root at the left, between `top` and `bottom`, `wide` (pixels). */
export function icicleElements(trace: IcicleTrace, wide: number, [top, bottom]: [number, number]): object[] {
  const children = new Map<string, number[]>();
  trace.parents.forEach((parent, at) => {
    children.set(parent, [...(children.get(parent) ?? []), at]);
  });
  const depthBelow = (at: number): number =>
    1 + Math.max(0, largestOf((children.get(trace.ids[at]!) ?? []).map(depthBelow)));
  const roots = children.get("") ?? [];
  const levels = Math.max(1, largestOf(roots.map(depthBelow)));
  const width = (wide - 24) / levels;
  const elements: object[] = [];
  const place = (nodes: readonly number[], y: number, height: number, total: number, level: number) => {
    let from = y;
    for (const at of nodes) {
      const mine = total === 0 ? 0 : (trace.values[at]! / total) * height;
      if (mine >= 0.5) {
        elements.push(...box(trace, at, 12 + level * width, from, width, mine));
        place(children.get(trace.ids[at]!) ?? [], from, mine, trace.values[at]!, level + 1);
      }
      from += mine;
    }
  };
  const all = roots.reduce((sum, at) => sum + trace.values[at]!, 0);
  place(roots, top, bottom - top, all, 0);
  return elements;
}

function box(trace: IcicleTrace, at: number, x: number, y: number, width: number, height: number): object[] {
  const fill = trace.marker.colors[at] ?? INK;
  const room = Math.floor((width - 8) / LETTER);
  const lines = [trace.labels[at]!, trace.text?.[at] ?? ""].map(plain).filter((line) => line !== "");
  // If there is room for only one line, it shows the name, which says more than the share.
  const words = lines
    .flatMap((line) => folded(line, height < 2 * LINE + 1 ? 999 : room).map((part) => cut(part, room)))
    .slice(0, Math.floor((height - 1) / LINE));
  return [
    {
      type: "rect",
      shape: { x: round(x), y: round(y), width: round(width - 1), height: round(height - 1) },
      style: { fill },
    },
    ...(room < 3
      ? []
      : words.map((text, line) => ({
          type: "text",
          style: {
            text,
            x: round(x + 4),
            y: round(y + 2 + line * LINE),
            fill: textOn(fill),
            fontSize: SIZE,
            fontFamily: FONT,
          },
        }))),
  ];
}

const cut = (text: string, room: number) =>
  text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`;

/** Lines of at most `room` letters, at most three, broken at spaces. */
function folded(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= room) line = longer;
    else {
      if (line !== "") lines.push(line);
      line = word.length <= room ? word : `${word.slice(0, Math.max(1, room - 1))}…`;
    }
  }
  return [...lines, line].slice(0, 3);
}
