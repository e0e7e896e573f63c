/** One allocation attempt in modelled time, step by step: one lane per range tried. */
import { InputError } from "../base/errors";
import { CONTIG_STEPS, type ContigStep } from "../mm/contiguous/contig-timeline";
import type { BarTrace, Figure } from "./figure";
import { distinctLabels, label, number } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { OKABE_ITO } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";

/** In the kernel's order. */
export const ATTEMPT_STEPS = CONTIG_STEPS;
export type AttemptStep = ContigStep;

export interface AttemptSegment {
  /** Index into `lanes`. */
  lane: number;
  step: AttemptStep;
  startNs: number;
  endNs: number;
  /** Its result, shown on hover. */
  note?: string;
}

/** @deprecated A segment in microseconds: `AttemptSegment` has nanoseconds, as results do. */
export interface MicrosecondSegment extends Omit<AttemptSegment, "startNs" | "endNs"> {
  startUs: number;
  endUs: number;
}

/** A range that was tried. */
export interface AttemptLane {
  /** `frames 4096–8191`. */
  name: string;
  ok: boolean;
  /** Its index among all ranges tried, from 0; default its index in `lanes`. */
  index?: number;
}

export interface AttemptOptions extends Words {
  lanes: readonly AttemptLane[];
  segments: readonly (AttemptSegment | MicrosecondSegment)[];
  /** Number of ranges tried, if not all of them have a lane. */
  rangesTried?: number;
}

/** The most lanes drawn; with more, half of these are the first and half the last. */
const LANES_MAX = 32;
/** The most segments drawn; with more, these are the longest. */
const SEGMENTS_MAX = 1200;
/** The axis is in milliseconds. */
const US = 1000;

const COLORS: Record<AttemptStep, string> = {
  isolate: OKABE_ITO.blue,
  drain: OKABE_ITO.skyBlue,
  reclaim: OKABE_ITO.purple,
  compact: OKABE_ITO.green,
  migrate: OKABE_ITO.orange,
  test: OKABE_ITO.vermillion,
  take: OKABE_ITO.yellow,
  undo: OKABE_ITO.grey,
};
/** Hatches, so that segments differ not only by colour. */
const SHAPES: Record<AttemptStep, string> = {
  isolate: "",
  drain: "/",
  reclaim: "x",
  compact: "\\",
  migrate: "",
  test: "",
  take: "",
  undo: "/",
};

/**
 * The figure. Throws InputError for a missing lane, an unknown step, or a segment that ends before it starts.
 * @example
 * ```ts
 * import { chart, machine } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").cma("64MiB").running();
 * const asked = m.cmaAlloc("8MiB", { timeline: true });
 * chart.attemptTimeline({ title: "One request", ...asked.timeline(), from: [m] });
 * ```
 */
export function attemptTimeline(options: AttemptOptions): Figure {
  const { lanes, rangesTried = lanes.length } = options;
  const segments = options.segments.map(segmentDrawn);
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
    kept.map((at) => `${(lanes[at]!.index ?? at) + 1}: ${lanes[at]!.name}${lanes[at]!.ok ? " ✓" : ""}`),
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
        x: mine.map((s) => (s.endUs - s.startUs) / US),
        base: mine.map((s) => s.startUs / US),
        marker: {
          color: COLORS[step],
          pattern: { shape: SHAPES[step], fillmode: "overlay", size: 6, solidity: 0.2 },
        },
        hovertext: mine.map(
          (s) =>
            `${step}: ${number((s.endUs - s.startUs) / US)} ms, from ${number(s.startUs / US)} to ${number(s.endUs / US)} ms${s.note === undefined ? "" : `<br>${label(s.note, 160)}`}`,
        ),
        hoverinfo: "text",
      },
    ];
  });
  const left = [
    ...(kept.length < rangesTried ? [`the first and last ${LANES_MAX / 2} of ${rangesTried} ranges`] : []),
    ...(shown.length < inLanes.length ? [`the ${shown.length} longest of ${inLanes.length} steps`] : []),
  ];
  const words = {
    xTitle: `modelled time (ms)`,
    yTitle: "range tried (frames)",
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

function segmentDrawn(one: AttemptSegment | MicrosecondSegment): MicrosecondSegment {
  if ("startUs" in one) return one;
  const { startNs, endNs, ...rest } = one;
  return { ...rest, startUs: startNs / 1000, endUs: endNs / 1000 };
}

function longest(segments: readonly MicrosecondSegment[]): readonly MicrosecondSegment[] {
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
