/**
 * Where the names of the points of a trade-off stand: those of points that coincide together, each where nothing else is. Places
 * are worked out for a plot of a usual size, in pixels; a chart that is drawn smaller keeps the names in its legend.
 */
import { largestOf } from "../base/extremes";

/** A point of the plot in pixels from its upper left corner, and its name. */
export interface Placed {
  name: string;
  left: number;
  top: number;
}

/** The text beside a point (in lines), which may be that of several points or empty. */
export interface Spot {
  lines: string[];
  position: string;
}

export const PLOT = { width: 620, height: 340 };
/** Points nearer than this cannot be told apart. */
const NEAR = 11;
const MARK = 7;
const LETTER = 6.6;
const LINE = 15;
/** The most lines of names at one place. */
const LINES_MAX = 4;

/** Groups of points that coincide, in the order of their first points; `places` are indices. */
export function coinciding(points: readonly Placed[]): number[][] {
  const groups: number[][] = [];
  points.forEach((point, at) => {
    const near = groups.filter((group) =>
      group.some((i) => Math.hypot(points[i]!.left - point.left, points[i]!.top - point.top) < NEAR),
    );
    const joined = [...near.flat(), at].sort((a, b) => a - b);
    const first = near[0];
    if (first === undefined) groups.push(joined);
    else {
      groups[groups.indexOf(first)] = joined;
      for (const other of near.slice(1)) groups.splice(groups.indexOf(other), 1);
    }
  });
  return groups;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const POSITIONS = [
  "top center",
  "bottom center",
  "middle right",
  "middle left",
  "top right",
  "top left",
  "bottom right",
  "bottom left",
] as const;

/** Corners of a line in the plot. */
export type Line = readonly Pick<Placed, "left" | "top">[];

/** One spot per point. The text of points that coincide is at one of them; no text lies on `line` if it has another place. */
export function spotsOf(points: readonly Placed[], line: Line = []): Spot[] {
  const groups = coinciding(points);
  const spots = points.map((): Spot => ({ lines: [], position: "top center" }));
  const marks = points.map(({ left, top }) => around(left, top, MARK, MARK));
  const taken: Box[] = [...marks];
  const crossed = alongOf(line);
  for (const group of groups) {
    const lines = linesOf(group.map((i) => points[i]!.name));
    const anchors = POSITIONS.map((position) => anchorOf(group, marks, position));
    const boxes = POSITIONS.map((position, i) => boxOf(marks[anchors[i]!]!, lines, position));
    const isFree = (box: Box) => inside(box) && !taken.some((other) => overlap(box, other));
    const clear = boxes.findIndex((box) => isFree(box) && !crossed.some((other) => overlap(box, other)));
    const free = clear >= 0 ? clear : boxes.findIndex(isFree);
    if (free < 0) continue;
    const spot = spots[anchors[free]!]!;
    spot.lines = lines;
    spot.position = POSITIONS[free]!;
    taken.push(boxes[free]!);
  }
  return spots;
}

/** Names from left to right, in at most as many lines as there is room for. */
function linesOf(names: readonly string[]): string[] {
  const each = Math.ceil(names.length / LINES_MAX);
  const lines: string[] = [];
  for (let at = 0; at < names.length; at += each) lines.push(names.slice(at, at + each).join(" · "));
  return lines;
}

/** The mark of a group that its text stands at: the outermost in this direction, and of several such the middle one. */
function anchorOf(group: readonly number[], marks: readonly Box[], position: string): number {
  const [down, across] = position.split(" ") as [string, string];
  const out = ({ left, top, right, bottom }: Box) =>
    down === "top" ? -top : down === "bottom" ? bottom : across === "right" ? right : -left;
  const most = largestOf(group.map((at) => out(marks[at]!)));
  const outer = group.filter((at) => out(marks[at]!) === most);
  return outer[Math.floor((outer.length - 1) / 2)]!;
}

/** The box of a text at a mark, placed as Plotly places it. */
function boxOf(mark: Box, lines: readonly string[], position: string): Box {
  const [down, across] = position.split(" ") as [string, string];
  const width = largestOf(lines.map((line) => line.length)) * LETTER;
  const height = lines.length * LINE;
  const x = (mark.left + mark.right) / 2;
  const y = (mark.top + mark.bottom) / 2;
  const left = across === "center" ? x - width / 2 : across === "right" ? x + MARK : x - MARK - width;
  const top = down === "middle" ? y - height / 2 : down === "top" ? y - MARK - height : y + MARK;
  return { left, top, right: left + width, bottom: top + height };
}

/** Small boxes along a line. */
function alongOf(line: Line): Box[] {
  return line.slice(1).flatMap((end, i) => {
    const from = line[i]!;
    const steps = Math.ceil(Math.hypot(end.left - from.left, end.top - from.top) / 6);
    return Array.from({ length: steps }, (_, at) => {
      const share = (at + 0.5) / steps;
      return around(
        from.left + share * (end.left - from.left),
        from.top + share * (end.top - from.top),
        1,
        1,
      );
    });
  });
}

const around = (x: number, y: number, halfWidth: number, halfHeight: number): Box => ({
  left: x - halfWidth,
  right: x + halfWidth,
  top: y - halfHeight,
  bottom: y + halfHeight,
});

/** A name may reach over the right edge by as much as the margin has room. */
const inside = (box: Box) =>
  box.left >= 0 && box.right <= PLOT.width + 30 && box.top >= 0 && box.bottom <= PLOT.height;

const overlap = (a: Box, b: Box) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
