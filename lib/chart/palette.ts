/** Colours: Okabe and Ito's eight (2008), told apart by colour-blind readers, and what each means in our pictures. */

export const OKABE_ITO = {
  orange: "#E69F00",
  skyBlue: "#56B4E9",
  green: "#009E73",
  yellow: "#F0E442",
  blue: "#0072B2",
  vermillion: "#D55E00",
  purple: "#CC79A7",
  grey: "#999999",
} as const;

/** The order in which series take colours. */
export const SERIES: readonly string[] = [
  OKABE_ITO.blue,
  OKABE_ITO.orange,
  OKABE_ITO.green,
  OKABE_ITO.purple,
  OKABE_ITO.skyBlue,
  OKABE_ITO.vermillion,
  OKABE_ITO.grey,
];

/** Symbols of series beside their colours, in Plotly's names. */
export const SYMBOLS: readonly string[] = [
  "circle",
  "square",
  "diamond",
  "triangle-up",
  "cross",
  "x",
  "star",
];

/** Dashes of lines beside their colours. */
export const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"] as const;

/** Colours of ways of getting memory (ways.ts): Okabe and Ito's, darkened where white paper would swallow them. */
export const WAY_COLORS = {
  blue: "#0072B2",
  red: "#D55E00",
  green: "#008F68",
  violet: "#8A66D0",
  amber: "#A87900",
  pink: "#C2558F",
  sky: "#2A8FCB",
  grey: "#7A7A7A",
} as const;
export type WayColor = keyof typeof WAY_COLORS;

/** Text and lines, readable on white and on JupyterLab's dark #111 (contrast at least 4.2 to both). */
export const INK = "#7a7a7a";
export const GRID = "rgba(127,127,127,0.25)";

/** Little to much: from pale to dark blue, monotone in lightness (ColorBrewer's "Blues", ends cut). */
export const LITTLE_TO_MUCH: [number, string][] = [
  [0, "#deebf7"],
  [0.25, "#9ecae1"],
  [0.5, "#4292c6"],
  [0.75, "#2171b5"],
  [1, "#08306b"],
];

/**
 * The same for cells without words, which must be told from a dark ground as well: its dark end at contrast 2.5 to
 * #111.
 */
export const AMOUNT: [number, string][] = [
  [0, "#d6e6f4"],
  [0.5, "#6aaed6"],
  [1, "#0f5aa3"],
];

/** Ordered things, as the orders of the buddy lists: viridis (Smith and van der Walt 2015) without its darkest part. */
export const LOW_TO_HIGH: [number, string][] = [
  [0, "#46327e"],
  [0.2, "#365c8d"],
  [0.4, "#277f8e"],
  [0.6, "#1fa187"],
  [0.8, "#4ac16d"],
  [0.9, "#a0da39"],
  [1, "#fde725"],
];

/** Page blocks by migrate type, under the names of /proc/pagetypeinfo. */
export const MIGRATETYPE_COLORS: Readonly<Record<string, string>> = {
  Unmovable: OKABE_ITO.blue,
  Movable: OKABE_ITO.green,
  Reclaimable: OKABE_ITO.purple,
  HighAtomic: OKABE_ITO.vermillion,
  CMA: OKABE_ITO.orange,
  Isolate: OKABE_ITO.yellow,
};

/** Contents of memory: the classes of mm/reports/page-class, free memory, and pages held in place. */
export const CONTENT_COLORS = {
  free: OKABE_ITO.skyBlue,
  movable: OKABE_ITO.green,
  reclaimable: OKABE_ITO.purple,
  cma: OKABE_ITO.orange,
  hugetlb: OKABE_ITO.grey,
  unmovable: OKABE_ITO.blue,
  pinned: OKABE_ITO.vermillion,
  reserved: OKABE_ITO.yellow,
} as const;

/** `#rrggbb` with an alpha from 0 to 1, in the notation of CSS and Plotly. */
export function faded(color: string, alpha: number): string {
  const channel = (at: number) => Number.parseInt(color.slice(at, at + 2), 16);
  return `rgba(${channel(1)},${channel(3)},${channel(5)},${alpha})`;
}

/** `#rrggbb` → relative luminance of WCAG 2, 0 (black) to 1 (white). */
export function luminance(color: string): number {
  const channel = (at: number) => {
    const c = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** Contrast ratio of WCAG 2 between two `#rrggbb` colours, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Black or white, whichever has more contrast on `background`. */
export function textOn(background: string): "#000000" | "#ffffff" {
  return contrast(background, "#000000") >= contrast(background, "#ffffff") ? "#000000" : "#ffffff";
}

/** The colour of a scale at `share` (0 to 1), mixed linearly as Plotly does. */
export function colorAt(scale: readonly [number, string][], share: number): string {
  const at = Math.min(1, Math.max(0, share));
  const upper = Math.max(
    1,
    scale.findIndex(([stop]) => stop >= at),
  );
  const [low, from] = scale[upper - 1]!;
  const [high, to] = scale[upper]!;
  const mix = high === low ? 1 : Math.min(1, Math.max(0, (at - low) / (high - low)));
  const channel = (i: number) => {
    const a = Number.parseInt(from.slice(i, i + 2), 16);
    const b = Number.parseInt(to.slice(i, i + 2), 16);
    return Math.round(a + (b - a) * mix)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(1)}${channel(3)}${channel(5)}`;
}
