/** Symbols and dashes under Plotly's names, as ECharts takes them: for points, lines and their keys in the legend. */

type Corner = readonly [number, number];

const CROSS: readonly Corner[] = [
  [-1.5, -5],
  [1.5, -5],
  [1.5, -1.5],
  [5, -1.5],
  [5, 1.5],
  [1.5, 1.5],
  [1.5, 5],
  [-1.5, 5],
  [-1.5, 1.5],
  [-5, 1.5],
  [-5, -1.5],
  [-1.5, -1.5],
];
const turned = ([x, y]: Corner): Corner => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2];

/** `corners` on two circles in turn, the first at the top: a star, or a polygon if the circles are one. */
const around = (corners: number, ...radii: number[]): Corner[] =>
  Array.from({ length: corners }, (_, at): Corner => {
    const angle = (2 * Math.PI * at) / corners;
    const radius = radii[at % radii.length]!;
    return [radius * Math.sin(angle), -radius * Math.cos(angle)];
  });

/** Corners in a box of 10 by 10 around the point; a circle has none. */
const CORNERS: Readonly<Record<string, readonly Corner[]>> = {
  square: [
    [-5, -5],
    [5, -5],
    [5, 5],
    [-5, 5],
  ],
  diamond: around(4, 6),
  "triangle-up": [
    [0, -5],
    [5.5, 5],
    [-5.5, 5],
  ],
  "triangle-down": [
    [-5.5, -5],
    [5.5, -5],
    [0, 5],
  ],
  cross: CROSS,
  x: CROSS.map(turned),
  star: around(10, 6, 2.6),
  pentagon: around(5, 5.5),
  hourglass: [
    [-5, -5],
    [5, -5],
    [-5, 5],
    [5, 5],
  ],
};

const tenth = (n: number) => Math.round(n * 10) / 10;

/** The corners of a symbol; undefined for a circle, and for names that the table lacks. */
export const cornersOf = (name: string | undefined): readonly Corner[] | undefined =>
  name !== undefined && Object.hasOwn(CORNERS, name) ? CORNERS[name] : undefined;

/** A symbol for ECharts' points: of one size whatever the symbol. */
export function symbolOf(name: string | undefined): { symbol: string; symbolKeepAspect?: boolean } {
  if (name === "circle-open") return { symbol: "emptyCircle" };
  const corners = cornersOf(name);
  if (corners === undefined) return { symbol: "circle" };
  const path = corners.map(([x, y], at) => `${at === 0 ? "M" : "L"}${tenth(x + 5)},${tenth(y + 5)}`);
  return { symbol: `path://${path.join("")}Z`, symbolKeepAspect: true };
}

/** Lengths of strokes and gaps in pixels. */
const DASHES: Readonly<Record<string, number[]>> = {
  dash: [8, 5],
  dot: [2, 3],
  dashdot: [8, 4, 2, 4],
  longdash: [14, 5],
};

/** A dash as a list of lengths; unbroken for `solid` and unknown names. */
export const dashOf = (dash: string | undefined): number[] | "solid" =>
  (dash !== undefined && Object.hasOwn(DASHES, dash) ? DASHES[dash] : undefined) ?? "solid";
