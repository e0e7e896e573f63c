/** The part of the points in which a statement holds, as a sentence. */
import type { KnobName } from "../plan/robust";
import type { Condition, Part } from "./robust-analysis";
import { knobText } from "./robust-knobs";

/** Knobs in words. */
const WORDS: Readonly<Record<KnobName, string>> = {
  memory: "memory",
  profile: "profile",
  age: "age",
  unmovable: "unmovable memory",
  polluted: "polluted page blocks",
  together: "polluted together",
  pageSize: "page size",
  release: "kernel",
  minFreeKbytes: "min_free_kbytes",
  watermarkScaleFactor: "watermark_scale_factor",
  compactionProactiveness: "compaction_proactiveness",
  cpus: "CPUs",
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
function triedText({ knob, levels, span }: Condition): string {
  const word = WORDS[knob.name];
  if (span !== undefined) {
    const [from, to] = span.map((value) => knobText(knob.name, value));
    return from === to ? `${word} ${from}` : `${word} from ${from} to ${to}`;
  }
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
  if (held === judged && judged === 1) return [`holds at the one point tried (${tried})`];
  if (held === judged) return [`holds at all ${judged} points tried (${tried})`];
  if (held === 0) return [`holds at none of ${judged} point${judged === 1 ? "" : "s"} tried (${tried})`];
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
