/** Shared by our own drawings in ECharts charts. */

/** The part of the `api` of a custom series that we use. */
export interface CustomApi {
  value(dimension: number): number;
  coord(point: readonly [number | string, number | string]): [number, number];
  size(size: [number, number]): [number, number];
}

/** Pixels to a tenth: short, and the same everywhere. */
export const round = (n: number): number => Math.round(n * 10) / 10;

/** One drawing per item of `data`, whose third entry is its index. */
export function drawn(
  name: string | undefined,
  data: unknown[][],
  encode: { x: number[]; y: number[] },
  draw: (at: number, api: CustomApi) => object | undefined,
): object {
  return {
    type: "custom",
    name: name ?? "",
    silent: true,
    clip: true,
    data,
    encode,
    renderItem: (_: unknown, api: CustomApi) => draw(api.value(2), api),
  };
}

export const lineOf = (
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  stroke: string,
  width: number,
): object => ({
  type: "line",
  shape: { x1: round(x1), y1: round(y1), x2: round(x2), y2: round(y2) },
  style: { stroke, lineWidth: width },
});

export const rectOf = (x0: number, y0: number, x1: number, y1: number, style: object): object => ({
  type: "rect",
  shape: {
    x: round(Math.min(x0, x1)),
    y: round(Math.min(y0, y1)),
    width: round(Math.abs(x1 - x0)),
    height: round(Math.abs(y1 - y0)),
  },
  style,
});
