/** The map of a robustness run: the share of the points in which the statement holds, over the knobs that turn it most. */
import { sumBy } from "lodash";
import { InputError, unknownName } from "../base/errors";
import type { Figure } from "../chart/figure";
import type { Words } from "../chart/layout";
import type { Planned } from "../chart/run";
import { type SweepCell, sweepMap } from "../chart/sweep-map";
import { type Knob, knobsOf } from "../experiment/robust-knobs";
import { knobWord, pointsText } from "../experiment/robust-range";
import type { RobustOutcome, RobustPoint } from "../experiment/robust-table";
import { sidesLines } from "../experiment/robust-text";
import type { KnobName, RobustSpec } from "../plan/robust";
import { shortStatement } from "../plan/statement";

/** Knobs of the axes; `facet` repeats the rows for each of its values; `where` draws only the points with these values. */
export interface RobustMapOptions extends Omit<Words, "from"> {
  across?: KnobName;
  down?: KnobName;
  facet?: KnobName;
  where?: Readonly<Partial<Record<KnobName, string>>>;
}

/** A third knob makes facets by itself if it explains as much, and if the rows stay as few. */
const FACET_EXPLAINS = 0.05;
const ROWS_MAX = 16;

/** What a map is drawn from. */
export interface Mapped extends Planned {
  readonly plan: RobustSpec & { kind: "robust" };
  readonly outcome: RobustOutcome;
}

/**
 * The figure. By default the knobs that explain most are its axes, and values with an order are across.
 * @throws InputError for a knob that was not turned, and if there is no point with a verdict
 */
export function robustMap(from: Mapped, options: RobustMapOptions): Figure {
  const { across, down, facet, where = {}, ...words } = options;
  const { plan, outcome } = from;
  const knobs = knobsOf(plan.over);
  const named = (name: string) => {
    const found = knobs.find((knob) => knob.name === name);
    if (found !== undefined) return found;
    throw unknownName(
      "robust map: knob",
      name,
      knobs.map((knob) => knob.name),
    );
  };
  const points = outcome.results.filter((point) => within(point, where, named));
  if (points.length === 0) throw new InputError("robust map: there must be a point with a verdict: got none");
  const axes = axesOf(
    outcome.knobs.map(({ knob }) => named(knob)).filter((knob) => (where[knob.name] ?? null) === null),
    { across: across && named(across), down: down && named(down), facet: facet && named(facet) },
    (knob) => outcome.knobs.find((one) => one.knob === knob.name)!.explained,
  );
  const columns = levelsThere(axes.x, points);
  const rows = levelsThere(axes.facet, points).flatMap((f) =>
    levelsThere(axes.y, points).map((y) => ({ f, y })),
  );
  const cells = rows.map(({ f, y }) =>
    columns.map((x) =>
      points.filter((p) => at(axes.x, p) === x && at(axes.y, p) === y && at(axes.facet, p) === f),
    ),
  );
  const single = cells.flat().every((inside) => inside.length <= 1);
  const { metric } = plan.statement;
  return sweepMap({
    title: shortStatement(plan.statement),
    subtitle: `${pointsText(outcome.held, outcome.judged)}; cells: ${single ? singleText(metric) : "points"}`,
    ...(axes.x !== null && { xTitle: knobWord(axes.x.name) }),
    ...(axes.y !== null && {
      yTitle: [axes.facet, axes.y].flatMap((knob) => (knob === null ? [] : [knobWord(knob.name)])).join(", "),
    }),
    valueTitle: single ? "holds (%)" : "points in which it holds (%)",
    range: [0, 100],
    scale: false,
    x: columns.map((x) => labelOf(axes.x, x)),
    y: rows.map(
      ({ f, y }) => (axes.facet === null ? "" : `${labelOf(axes.facet, f)}, `) + labelOf(axes.y, y),
    ),
    cells: cells.map((row) => row.map((inside) => cellOf(inside, single, metric))),
    ...words,
    from: [from],
  });
}

const at = (knob: Knob | null, { values }: RobustPoint) =>
  knob === null ? 0 : knob.levelOf(values[knob.name]!);

const labelOf = (knob: Knob | null, level: number) =>
  knob === null ? "" : shortLabel(knob.levels[level]!.label);

/** `11.25 GiB to 19 GiB` as `11.3–19 GiB`: an axis of two knobs has no room for more. */
function shortLabel(label: string): string {
  const found = /^([\d.]{1,12}) (\S{1,8}) to ([\d.]{1,12}) (\S{1,8})$/.exec(label);
  if (found === null) return label;
  const [, low, unit, high, last] = found;
  const [from, to] = [low, high].map((text) => String(Number(Number(text).toPrecision(3))));
  return unit === last ? `${from}–${to} ${unit}` : `${from} ${unit}–${to} ${last}`;
}

function levelsThere(knob: Knob | null, points: readonly RobustPoint[]): number[] {
  return [...new Set(points.map((point) => at(knob, point)))].sort((a, b) => a - b);
}

/** Whether a point has the values of `where`, which are labels of levels. */
function within(
  point: RobustPoint,
  where: NonNullable<RobustMapOptions["where"]>,
  named: (name: string) => Knob,
): boolean {
  return Object.entries(where).every(([name, label]) => {
    const knob = named(name);
    const labels = knob.levels.map((level) => level.label);
    if (!labels.includes(label)) throw unknownName(`robust map: value of ${name}`, label, labels);
    return knob.levels[knob.levelOf(point.values[knob.name]!)]!.label === label;
  });
}

interface Axes {
  x: Knob | null;
  y: Knob | null;
  facet: Knob | null;
}

function axesOf(
  ranked: readonly Knob[],
  asked: { across?: Knob | undefined; down?: Knob | undefined; facet?: Knob | undefined },
  explained: (knob: Knob) => number,
): Axes {
  const taken = new Set(Object.values(asked));
  const free = ranked.filter((knob) => !taken.has(knob) && knob.levels.length > 1);
  const two = [asked.across ?? null, asked.down ?? null];
  const rest = [...free];
  if (two[0] === null && two[1] === null && rest.length > 1 && !rest[0]!.ordered && rest[1]!.ordered)
    rest.splice(0, 2, rest[1]!, rest[0]!);
  const [x, y] = two.map((knob) => knob ?? rest.shift() ?? null) as [Knob | null, Knob | null];
  const third = rest[0];
  const few = third !== undefined && third.levels.length * (y?.levels.length ?? 1) <= ROWS_MAX;
  const facet = asked.facet ?? (few && explained(third) >= FACET_EXPLAINS ? third : null);
  return { x: x ?? ranked[0] ?? null, y, facet };
}

const singleText = (metric: string) => (metric === "success" ? "requests" : metric);

function cellOf(points: readonly RobustPoint[], single: boolean, metric: string): SweepCell | null {
  const [first] = points;
  if (first === undefined) return null;
  const held = points.filter((point) => point.held).length;
  const sure = points.filter((point) => point.sure).length;
  const [asked, granted] = [
    sumBy(points, ({ sides }) => sides[0]!.asked),
    sumBy(points, ({ sides }) => sides[0]!.granted),
  ];
  const requests = `${granted} of ${asked} requests granted to ${first.sides[0]!.label}`;
  return {
    value: (100 * held) / points.length,
    text: single ? sidesLines(first.sides, metric) : [`${held} of ${points.length}`],
    basis: `${pointsText(held, points.length)}, sure at ${sure}; ${requests}`,
  };
}
