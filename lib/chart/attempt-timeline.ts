/** One allocation attempt in modelled time: what was done, step by step, for each range that was tried, a lane a range. */
import { InputError } from "../base/errors";
import type { BarTrace, Figure } from "./figure";
import { distinctLabels, label, number } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { OKABE_ITO } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";

/** In the order in which the kernel does them. */
export const ATTEMPT_STEPS = ["isolate", "drain", "reclaim", "compact", "migrate", "test"] as const;
export type AttemptStep = (typeof ATTEMPT_STEPS)[number];

export interface AttemptSegment {
  /** Index into `lanes`. */
  lane: number;
  step: AttemptStep;
  startUs: number;
  endUs: number;
  /** What came of it, for hovering. */
  note?: string;
}

/** A range that was tried. */
export interface AttemptLane {
  /** `frames 4096–8191`. */
  name: string;
  ok: boolean;
}

export interface AttemptOptions extends Words {
  lanes: readonly AttemptLane[];
  segments: readonly AttemptSegment[];
}

/** Of more lanes the first and the last are drawn, half of these each. */
const LANES_MAX = 32;
/** Of more segments the longest are drawn. */
const SEGMENTS_MAX = 1200;

const COLORS: Record<AttemptStep, string> = {
  isolate: OKABE_ITO.blue,
  drain: OKABE_ITO.skyBlue,
  reclaim: OKABE_ITO.purple,
  compact: OKABE_ITO.green,
  migrate: OKABE_ITO.orange,
  test: OKABE_ITO.vermillion,
};
/** Colours are helped by hatches. */
const SHAPES: Record<AttemptStep, string> = {
  isolate: "",
  drain: "/",
  reclaim: "x",
  compact: "\\",
  migrate: "",
  test: "",
};

/** The figure. Throws InputError for a lane that is not there, an unknown step, or a segment that ends before it starts. */
export function attemptTimeline(options: AttemptOptions): Figure {
  const { lanes, segments } = options;
  for (const s of segments) {
    if (lanes[s.lane] === undefined)
      throw new InputError(`timeline: a segment's lane must be 0 to ${lanes.length - 1}: got ${s.lane}`);
    if (!ATTEMPT_STEPS.includes(s.step))
      throw new InputError(`timeline: a step must be one of ${ATTEMPT_STEPS.join(", ")}: got ${s.step}`);
    if (!(s.endUs >= s.startUs))
      throw new InputError(
        `timeline: a segment must not end before it starts: got ${s.startUs} to ${s.endUs} µs`,
      );
  }
  const kept = lanes
    .map((_, at) => at)
    .filter((at) => at < LANES_MAX / 2 || at >= lanes.length - LANES_MAX / 2);
  const names = distinctLabels(
    kept.map((at) => `${at + 1}: ${lanes[at]!.name}${lanes[at]!.ok ? " ✓" : ""}`),
    44,
  );
  const nameOf = new Map(kept.map((at, place) => [at, names[place]!]));
  const inLanes = segments.filter((s) => nameOf.has(s.lane));
  const shown = longest(inLanes);
  const data = ATTEMPT_STEPS.flatMap((step): BarTrace[] => {
    const mine = shown.filter((s) => s.step === step);
    if (mine.length === 0) return [];
    return [
      {
        type: "bar",
        name: step,
        orientation: "h",
        y: mine.map((s) => nameOf.get(s.lane)!),
        x: mine.map((s) => s.endUs - s.startUs),
        base: mine.map((s) => s.startUs),
        marker: {
          color: COLORS[step],
          pattern: { shape: SHAPES[step], fillmode: "overlay", size: 6, solidity: 0.2 },
        },
        hovertext: mine.map(
          (s) =>
            `${step}: ${number(s.endUs - s.startUs)} µs, from ${number(s.startUs)} to ${number(s.endUs)} µs${s.note === undefined ? "" : `<br>${label(s.note, 160)}`}`,
        ),
        hoverinfo: "text",
      },
    ];
  });
  const left = [
    ...(kept.length < lanes.length ? [`the first and last ${LANES_MAX / 2} of ${lanes.length} ranges`] : []),
    ...(shown.length < inLanes.length ? [`the ${shown.length} longest of ${inLanes.length} steps`] : []),
  ];
  const words = {
    xTitle: "modelled time (µs)",
    yTitle: "range tried",
    ...options,
    ...withNote(options.subtitle, left.length === 0 ? undefined : left.join("; ")),
  };
  const head = headRoom(
    words,
    data.map((trace) => trace.name ?? ""),
  );
  const figure: Figure = {
    data,
    layout: layoutOf(words, 80 + head + Math.max(3, kept.length) * 24, {
      barmode: "overlay",
      bargap: 0.25,
      showlegend: true,
      margin: { l: 140, r: 20, t: head, b: 60 },
      xaxis: { rangemode: "tozero" },
      yaxis: {
        type: "category",
        categoryorder: "array",
        categoryarray: names,
        range: [kept.length - 0.4, -0.6],
        showgrid: false,
      },
    }),
  };
  return withRuns(figure, options.from);
}

function longest(segments: readonly AttemptSegment[]): readonly AttemptSegment[] {
  if (segments.length <= SEGMENTS_MAX) return segments;
  const kept = new Set(
    segments
      .map((s, at) => ({ at, us: s.endUs - s.startUs }))
      .sort((a, b) => b.us - a.us || a.at - b.at)
      .slice(0, SEGMENTS_MAX)
      .map(({ at }) => at),
  );
  return segments.filter((_, at) => kept.has(at));
}
