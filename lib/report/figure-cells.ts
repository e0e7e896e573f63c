/** The cells of heat maps as rows of text: each cell by its row and column, or how many cells there are of each kind. */
import { largestOf } from "../base/extremes";
import type { Figure } from "../chart/figure";
import { plain } from "./plain-text";

/** A table of text; `more`: rows that are left out. */
export interface ValueTable {
  columns: string[];
  rows: string[][];
  more: number;
}

type Trace = Figure["data"][number];

/** The tables of the heat maps of `figure`. */
export function cellRows(figure: Figure): ValueTable[] {
  const maps = figure.data.filter((trace) => trace.type === "heatmap" && Array.isArray(trace.z));
  if (maps.length === 0) return [];
  const counted = counts(maps, figure);
  if (counted !== undefined) return [counted];
  return maps.filter((trace) => trace.visible !== false).map((trace) => matrix(trace, figure));
}

/** One row for each row of the map. */
function matrix(trace: Trace, { layout }: Figure): ValueTable {
  const z = trace.z as unknown[][];
  const texts = listOfLists(trace.text) ?? listOfLists(trace.hovertext);
  const names = (list: unknown, i: number) =>
    plain(String((Array.isArray(list) ? list[i] : undefined) ?? i + 1));
  const width = largestOf([0, ...z.map((row) => row.length)]);
  return {
    columns: [
      plain(layout.yaxis?.title?.text ?? "") || "row",
      ...Array.from({ length: width }, (_, i) => names(trace.x, i)),
    ],
    rows: z.map((row, y) => [
      names(trace.y, y),
      ...row.map((value, x) => cellText(texts?.[y]?.[x] ?? value)),
    ]),
    more: 0,
  };
}

const listOfLists = (value: unknown): unknown[][] | undefined =>
  Array.isArray(value) && value.every(Array.isArray) ? value : undefined;

function cellText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  return typeof value === "number" ? String(Number(value.toPrecision(6))) : plain(String(value));
}

/** Cells by their kind, if the legend names every colour in maps without names for rows and columns. */
function counts(maps: readonly Trace[], figure: Figure): ValueTable | undefined {
  if (maps.some((map) => Array.isArray(map.x) || Array.isArray(map.y))) return undefined;
  const names = legendNames(figure);
  const all = maps.map((map) => {
    const kinds = new Map<string, number>();
    for (const value of (map.z as unknown[][]).flat()) {
      if (typeof value !== "number") continue;
      const name = names.get(colorOf(map, value) ?? "");
      if (name === undefined) return undefined;
      kinds.set(name, (kinds.get(name) ?? 0) + 1);
    }
    return kinds;
  });
  if (all.includes(undefined)) return undefined;
  const kinds = [...new Set(all.flatMap((map) => [...map!.keys()]))];
  const states = stateNames(figure, maps.length);
  return {
    columns: ["cells", ...states],
    rows: kinds.map((kind) => [kind, ...all.map((map) => String(map!.get(kind) ?? 0))]),
    more: 0,
  };
}

/** The words of the slider's steps, when each step shows one map. */
function stateNames({ layout }: Figure, maps: number): string[] {
  const sliders = layout.sliders as { steps?: { label?: unknown }[] }[] | undefined;
  const steps = sliders?.[0]?.steps ?? [];
  return Array.from({ length: maps }, (_, i) =>
    steps.length === maps
      ? plain(String(steps[i]?.label ?? i + 1))
      : maps === 1
        ? "how many"
        : `map ${i + 1}`,
  );
}

/** Names of the legend by colour: traces that draw nothing but their key. */
function legendNames(figure: Figure): Map<string, string> {
  const names = new Map<string, string>();
  for (const trace of figure.data) {
    const color = (trace.marker as { color?: unknown } | undefined)?.color;
    if (trace.type === "scatter" && typeof color === "string" && typeof trace.name === "string")
      names.set(color, plain(trace.name));
  }
  return names;
}

/** The colour of a cell in a scale of steps; undefined where a scale blends. */
function colorOf(map: Trace, value: number): string | undefined {
  const { zmin, zmax, colorscale } = map as { zmin?: number; zmax?: number; colorscale?: unknown };
  if (!Array.isArray(colorscale) || typeof zmin !== "number" || typeof zmax !== "number") return undefined;
  const share = (value - zmin) / (zmax - zmin);
  const scale = colorscale as [number, string][];
  const after = scale.findIndex(([at]) => at > share);
  const [before, next] = [
    scale[(after < 0 ? scale.length : after) - 1],
    scale[after < 0 ? scale.length - 1 : after],
  ];
  return before !== undefined && before[1] === next?.[1] ? before[1] : undefined;
}
