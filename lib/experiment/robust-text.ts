/** A robustness run in words and columns. */
import type { KnobName } from "../plan/robust";
import type { Condition, KnobResult, Part, Turn } from "./robust-analysis";
import { knobText, type Values } from "./robust-knobs";
import type { PointSide, RobustOutcome, RobustPoint } from "./robust-table";
import { timeText } from "./texts";

/** Knobs in words. */
const WORDS: Readonly<Record<KnobName, string>> = {
  memory: "memory",
  profile: "profile",
  age: "age",
  unmovable: "unmovable memory",
  polluted: "polluted page blocks",
  pageSize: "page size",
  release: "kernel",
  seeds: "seeds",
};

export const knobWord = (name: KnobName) => WORDS[name];

/** `memory from 8 GiB up and profile server or pi`. */
function conditionsText(conditions: readonly Condition[]): string {
  return conditions.map(conditionText).join(" and ");
}

/** Values that are listed one by one; more are told by their ends. */
const LISTED = 4;

/** A part of the levels of a knob: `memory from 8 GiB up`, `profile server or pi`. */
function conditionText(condition: Condition): string {
  const { knob, levels } = condition;
  const at = [...levels].sort((a, b) => a - b);
  const [first, last] = [at[0]!, at.at(-1)!];
  const end = knob.levels.length - 1;
  if (knob.ordered && at.length > 1 && last === end && first > 0)
    return `${WORDS[knob.name]} from ${knob.levels[first]!.from} up`;
  if (knob.ordered && at.length > 1 && first === 0 && last < end)
    return `${WORDS[knob.name]} up to ${knob.levels[last]!.to}`;
  return triedText(condition);
}

/** All of the levels: `memory 4 GiB or 8 GiB`, `memory from 4 GiB to 64 GiB`. */
function triedText({ knob, levels }: Condition): string {
  const word = WORDS[knob.name];
  const at = [...levels].sort((a, b) => a - b);
  const [first, last] = [knob.levels[at[0]!]!, knob.levels[at.at(-1)!]!];
  const parts = first.from !== first.to;
  if (knob.ordered && at.length > 1 && (at.length > LISTED || parts))
    return `${word} from ${first.from} to ${last.to}`;
  const labels = at.map((i) => knob.levels[i]!.label);
  const head = labels.slice(0, -1).join(", ");
  return `${word} ${head}${head === "" ? "" : " or "}${labels.at(-1)}`;
}

interface Counts {
  points: number;
  done: number;
  judged: number;
  held: number;
  sure: number;
}

export const pointsText = (held: number, points: number) =>
  `${held} of ${points} point${points === 1 ? "" : "s"}`;

/** The part of the points in which a statement holds, in one sentence without a full stop. */
export function rangeText(tried: readonly Condition[], parts: readonly Part[], counts: Counts): string {
  const { judged, held, sure, points, done } = counts;
  const told = firstPart(tried.map(triedText).join(", "), parts, judged, held);
  if (sure < judged && judged > 0)
    told.push(`at ${judged - sure} of ${judged} points the seeds do not suffice to be sure`);
  if (done < points) told.push(`${done} of ${points} points were run`);
  return told.join("; ");
}

function firstPart(tried: string, parts: readonly Part[], judged: number, held: number): string[] {
  if (judged === 0) return [`not known: no machine could be asked (${tried})`];
  if (held === judged) return [`holds at all ${judged} points tried (${tried})`];
  if (held === 0) return [`holds at none of ${judged} points tried (${tried})`];
  const where = (some: readonly Part[], joint = "and") =>
    some
      .map((p) => `with ${conditionsText(p.conditions)} (${pointsText(p.held, p.points)})`)
      .join(`, ${joint} `);
  const [always, never] = [parts.filter((p) => p.held === p.points), parts.filter((p) => p.held === 0)];
  const mixed = parts.filter((p) => p.held > 0 && p.held < p.points);
  if (mixed.length === parts.length && parts.length === 1)
    return [`holds at ${pointsText(held, judged)}, and no knob tells where (${tried})`];
  return [
    ...(always.length > 0 ? [`holds ${where(always)}`] : []),
    ...(mixed.length > 0 ? [`${always.length > 0 ? "in part" : "holds in part"} ${where(mixed)}`] : []),
    ...(never.length > 0 ? [`not ${where(never, "nor")}`] : []),
  ];
}

/** `memory 4 GiB, profile server`. */
export function valuesText(values: Values): string {
  return (Object.keys(values) as KnobName[])
    .map((name) => `${WORDS[name]} ${knobText(name, values[name]!)}`)
    .join(", ");
}

/** `memory 8 GiB → 4 GiB (profile server)`: from where it holds to where it does not. */
export function turnText({ changes, same, sure }: Turn): string {
  const changed = changes.map(
    ({ knob, held, not }) => `${WORDS[knob]} ${knobText(knob, held)} → ${knobText(knob, not)}`,
  );
  const kept = valuesText(same);
  return `${changed.join(", ")}${kept === "" ? "" : ` (${kept})`}${sure ? "" : ", not sure"}`;
}

/** `27 of 32`, or the value of a metric, for each strategy of the statement. */
export function sidesLines(sides: readonly PointSide[], metric: string): string[] {
  return sides.map(({ asked, granted, value }) =>
    metric === "success"
      ? `${granted} of ${asked}`
      : metric === "latencyNs"
        ? timeText(value)
        : String(Number(value.toPrecision(4))),
  );
}

export const KNOB_HEAD = ["knob", "value", "holds at", "sure at", "granted", "turns", "explains"];

/** One line per value of every knob, under KNOB_HEAD. */
export function knobCells({ knob, levels, pairs, turns, explained }: KnobResult): string[][] {
  return levels.map((level, i) => [
    i === 0 ? WORDS[knob] : "",
    level.value,
    level.points === 0 ? "–" : pointsText(level.held, level.points),
    level.points === 0 ? "–" : `${level.sure} of ${level.points}`,
    level.asked === 0 ? "–" : `${level.granted} of ${level.asked}`,
    i > 0 ? "" : turns === null ? "–" : `${turns} of ${pairs}`,
    i > 0 ? "" : `${(100 * explained).toFixed(0)} %`,
  ]);
}

export const POINT_HEAD = ["point", "holds", "sure", "granted or value", "runs"];

export function pointCells({ values, held, sure, sides }: RobustPoint, metric: string): string[] {
  return [
    valuesText(values),
    held ? "yes" : "no",
    sure ? "yes" : "no",
    sidesLines(sides, metric).join(" : "),
    sides.map(({ runs }) => runs).join(" : "),
  ];
}

export function robustTitle({ statement, held, judged }: RobustOutcome): string {
  return `${capital(statement)}: ${pointsText(held, judged)}`;
}

const capital = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}`;

/** Turns that the notes list. */
const TURNS_TOLD = 8;

/** What is said below the table. */
export function robustNotes(outcome: RobustOutcome): string[] {
  const { range, turns, turnsLeftOut, skipped, knobs, runs, held, judged } = outcome;
  const first = knobs[0];
  const all = turns.length + turnsLeftOut;
  return [
    `It ${range}.`,
    ...(held > 0 && held < judged && first !== undefined
      ? [
          `${capital(WORDS[first.knob])} alone explains ${(100 * first.explained).toFixed(0)} % of the difference.`,
        ]
      : []),
    ...(turns.length === 0
      ? []
      : [
          `It turns round between ${all} pair${all === 1 ? "" : "s"} of neighbours: ${turns.slice(0, TURNS_TOLD).map(turnText).join("; ")}${all > TURNS_TOLD ? `; and ${all - TURNS_TOLD} more` : ""}.`,
        ]),
    ...skipped.map(
      ({ reason, points }) => `${points} point${points === 1 ? "" : "s"} without a verdict: ${reason}`,
    ),
    `${runs} runs are behind it; "sure": the 95 % interval leaves no other answer.`,
  ];
}
