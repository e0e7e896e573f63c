/** A robustness run in words and columns. */
import type { KnobName } from "../plan/robust";
import { figureText } from "./kernel-verdict";
import type { KnobResult, Turn } from "./robust-analysis";
import { knobText, type Values } from "./robust-knobs";
import { knobWord, pointsText } from "./robust-range";
import type { PointSide, RobustOutcome, RobustPoint } from "./robust-table";
import { LEAST_SEEDS_FOR_SURE } from "./robust-verdict";
import { timeText } from "./texts";

/** `memory 4 GiB, profile server`. */
export function valuesText(values: Values): string {
  return (Object.keys(values) as KnobName[])
    .map((name) => `${knobWord(name)} ${knobText(name, values[name]!)}`)
    .join(", ");
}

/** `memory 8 GiB → 4 GiB (profile server)`: from where it holds to where it does not. */
export function turnText({ changes, same, sure }: Turn): string {
  const changed = changes.map(
    ({ knob, held, not }) => `${knobWord(knob)} ${knobText(knob, held)} → ${knobText(knob, not)}`,
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
    i === 0 ? knobWord(knob) : "",
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

/** What a 95 % interval leaves to chance at one point. */
const CHANCE = 0.05;

const capital = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}`;

/** Turns that the notes list. */
const TURNS_TOLD = 8;

/** Points are judged one by one, without a correction for their number. */
function byChance(sure: number, judged: number): string {
  if (sure === 0) return "";
  const wrong = figureText(CHANCE * judged);
  return ` Each point is judged alone: of ${judged} whose truth lies at the limit, about ${wrong} would be sure by chance.`;
}

/** What is said below the table. */
export function robustNotes(outcome: RobustOutcome): string[] {
  const { range, turns, turnsLeftOut, skipped, knobs, runs, held, judged, sure } = outcome;
  const first = knobs[0];
  const all = turns.length + turnsLeftOut;
  return [
    `It ${range}.`,
    ...(held > 0 && held < judged && first !== undefined
      ? [
          `${capital(knobWord(first.knob))} alone explains ${(100 * first.explained).toFixed(0)} % of the difference.`,
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
    `${runs} runs are behind it; "sure": the 95 % interval leaves no other answer, and there are ${LEAST_SEEDS_FOR_SURE} seeds or more.${byChance(sure, judged)}`,
  ];
}
