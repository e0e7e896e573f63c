/**
 * The knobs that a robustness run turns: their values as data and in words, and what each changes in a comparison.
 */

import { durationText } from "../base/duration";
import { log } from "../base/elementary";
import { InputError } from "../base/errors";
import { pow } from "../base/power";
import { formatSize, GiB } from "../base/units";
import { compareReleases, seriesOf } from "../hardware/kernel-release";
import type { ComparisonSpec } from "../plan/comparison";
import { KNOB_NAMES, type KnobName, type KnobRange, type Knobs } from "../plan/robust";
import { isSequence, isTogether, type LeafWorkload, leavesOf, type WorkloadSpec } from "../workload/workload";

export type KnobValue = number | string;
/** The values of a point, by knob. */
export type Values = Readonly<Partial<Record<KnobName, KnobValue>>>;

/** Values that count as one in tables and maps: one value of a list, or a part of a range. Both ends in words. */
export interface Level {
  label: string;
  from: string;
  to: string;
}

export interface Knob {
  name: KnobName;
  /** Its values have an order, so that a neighbour is the next one; otherwise every value is next to every other. */
  ordered: boolean;
  /** Number of values, or Infinity. */
  size: number;
  at(index: number): KnobValue;
  /** Its first and its last value. */
  end(which: 0 | 1): KnobValue;
  /** The value at `u` in [0, 1). */
  point(u: number): KnobValue;
  levels: readonly Level[];
  levelOf(value: KnobValue): number;
  /** Where a value is, from 0 to 1: for the distance between points. */
  position(value: KnobValue): number;
}

/** Knobs whose values double rather than add up: samples of a range are even in the ratio. */
const BY_RATIO: ReadonlySet<KnobName> = new Set(["memory", "age", "minFreeKbytes", "watermarkScaleFactor"]);
/** Knobs that are sysctls of the machine, under the same names. */
const SYSCTL_KNOBS = ["minFreeKbytes", "watermarkScaleFactor", "compactionProactiveness"] as const;
/** Parts of a range that is sampled. */
const RANGE_LEVELS = 4;
/** Samples are rounded to what a reader can read. */
const GRAIN: Partial<Record<KnobName, number>> = {
  age: 60_000,
  unmovable: 0.0001,
  polluted: 0.0001,
};
const HOUR_MS = 3_600_000;
/** Pages of a machine in use lie in about twice their share of page blocks: docs/experiments.md, "Robustness". */
const POLLUTED_TIMES = 2;

/** A value in words: `8 GiB`, `30 days`, `3.2 %`. */
export function knobText(name: KnobName, value: KnobValue): string {
  if (typeof value === "string") return value;
  if (name === "memory" || name === "pageSize") return formatSize(value);
  if (name === "age") return value === 0 ? "0 days" : durationText(value);
  if (name === "unmovable" || name === "polluted") return `${Number((100 * value).toFixed(2))} %`;
  if (name === "together") return `${value} page block${value === 1 ? "" : "s"}`;
  if (name === "minFreeKbytes") return `${value} kB`;
  return String(value);
}

/** The knobs that a plan turns, in the order of KNOB_NAMES. */
export function knobsOf(over: Knobs): Knob[] {
  const turned = KNOB_NAMES.flatMap((name) => {
    const axis = over[name];
    return axis === undefined
      ? []
      : [Array.isArray(axis) ? listed(name, axis) : ranged(name, axis as KnobRange)];
  });
  if (turned.length === 0)
    throw new InputError(`robust: at least one knob must be turned (over): ${KNOB_NAMES.join(", ")}`);
  return turned;
}

function listed(name: KnobName, given: readonly KnobValue[]): Knob {
  if (name === "age") given.forEach(wholeHours);
  const values = inOrder(name, [...new Set(given)]);
  const levels = values.map((value) => {
    const label = knobText(name, value);
    return { label, from: label, to: label };
  });
  return {
    name,
    ordered: name !== "profile",
    size: values.length,
    at: (index) => values[index]!,
    end: (which) => values[which * (values.length - 1)]!,
    point: (u) => values[Math.floor(u * values.length)]!,
    levels,
    levelOf: (value) => values.indexOf(value),
    position: (value) => (values.length < 2 ? 0 : values.indexOf(value) / (values.length - 1)),
  };
}

/** Throws InputError for an age that would be another one's machine under a name of its own. */
function wholeHours(age: KnobValue): void {
  if (Number(age) % HOUR_MS !== 0)
    throw new InputError(
      `robust: over.age: must be 0 or whole hours, because aging goes hour by hour: got ${knobText("age", age)}, which ages a machine as ${knobText("age", Math.ceil(Number(age) / HOUR_MS) * HOUR_MS)} does`,
    );
}

function inOrder(name: KnobName, values: KnobValue[]): KnobValue[] {
  if (name === "release") {
    const known = values.every((value) => seriesOf(String(value)) !== undefined);
    return known
      ? values.sort((a, b) => compareReleases(seriesOf(String(a))!, seriesOf(String(b))!))
      : values;
  }
  return values.every((value) => typeof value === "number")
    ? (values as number[]).sort((a, b) => a - b)
    : values;
}

function ranged(name: KnobName, { from, to, step }: KnobRange): Knob {
  if (to < from)
    throw new InputError(
      `robust: over.${name}: from must not be above to: got ${knobText(name, from)} to ${knobText(name, to)}`,
    );
  if (step !== undefined) {
    if (!(step > 0)) throw new InputError(`robust: over.${name}: step must be above 0: got ${step}`);
    const count = Math.floor((to - from) / step + 1e-9) + 1;
    if (count > 1000) throw new InputError(`robust: over.${name}: at most 1000 values: got ${count}`);
    return listed(
      name,
      Array.from({ length: count }, (_, i) => Number((from + i * step).toPrecision(12))),
    );
  }
  if (name === "age") [from, to].forEach(wholeHours);
  const ratio = BY_RATIO.has(name) && from > 0;
  const grain = grainOf(name, from);
  const exact = (u: number) => (ratio ? from * pow(to / from, u) : from + u * (to - from));
  const position = (value: number) =>
    to === from ? 0 : ratio ? log(value / from) / log(to / from) : (value - from) / (to - from);
  const edge = (i: number) => knobText(name, rounded(exact(i / RANGE_LEVELS), grain, from));
  return {
    name,
    ordered: true,
    size: Number.POSITIVE_INFINITY,
    at: () => from,
    end: (which) => (which === 0 ? from : to),
    point: (u) => rounded(exact(u), grain, from),
    levels: Array.from({ length: RANGE_LEVELS }, (_, i) => ({
      label: `${edge(i)} to ${edge(i + 1)}`,
      from: edge(i),
      to: edge(i + 1),
    })),
    levelOf: (value) =>
      Math.min(RANGE_LEVELS - 1, Math.max(0, Math.floor(position(value as number) * RANGE_LEVELS))),
    position: (value) => position(value as number),
  };
}

/** From 0 on, samples of an age are whole hours: one below an hour would be that of an hour. */
function grainOf(name: KnobName, from: number): number {
  if (name === "memory") return memoryGrain(from);
  return name === "age" && from === 0 ? HOUR_MS : (GRAIN[name] ?? 1);
}

/** Samples of memory fill every node with whole sections. */
const memoryGrain = (least: number) => (least >= 8 * GiB ? GiB : least >= GiB ? GiB / 4 : GiB / 16);

/** Down to a multiple of `grain`, but not below `least`. */
function rounded(value: number, grain: number, least: number): number {
  return Math.max(least, Number((Math.floor(value / grain + 1e-9) * grain).toPrecision(12)));
}

/** The comparison at a point, unchecked: the plan with the values of the knobs in it. */
export function turnedPlan(plan: ComparisonSpec, values: Values): unknown {
  const { memory, pageSize, release, cpus, seeds } = values;
  const machine = {
    ...plan.machine,
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(pageSize !== undefined && { pageSize }),
    ...(release !== undefined && { kernel: release }),
    ...(cpus !== undefined && { cpus }),
    ...Object.fromEntries(
      SYSCTL_KNOBS.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]),
    ),
  };
  const workload = withUnmovable(withAge(plan.workload, values), values);
  return {
    ...plan,
    machine,
    ...(cpus !== undefined && { system: { ...plan.system, smp: true } }),
    ...(workload !== undefined && { workload }),
    ...(seeds !== undefined && { seeds }),
  };
}

/** Profile and age of the parts that age the machine; a workload without such a part gets `uptime` in front. */
function withAge(workload: WorkloadSpec | undefined, { profile, age }: Values): WorkloadSpec | undefined {
  if (profile === undefined && age === undefined) return workload;
  const set = (part: LeafWorkload): LeafWorkload => ({
    ...part,
    ...(profile !== undefined && { profile }),
    ...(age !== undefined && { [part.kind === "age" ? "most" : "duration"]: age }),
  });
  const ages = (part: LeafWorkload) => part.kind === "uptime" || part.kind === "age";
  if (workload !== undefined && leavesOf(workload).some(ages))
    return mapped(workload, (part) => (ages(part) ? set(part) : part));
  return before(set({ kind: "uptime" }), workload);
}

/** Pages that never move, in place before anything else happens. */
function withUnmovable(
  workload: WorkloadSpec | undefined,
  { unmovable, polluted, together }: Values,
): WorkloadSpec | undefined {
  if (unmovable === undefined && polluted === undefined) return workload;
  const share = Number(unmovable ?? 0);
  const blocks = Number(polluted ?? Math.min(1, Number((POLLUTED_TIMES * share).toPrecision(12))));
  if (share === 0 && blocks === 0) return workload;
  const run = together === undefined || together === 1 ? {} : { run: together };
  const fixed = { kind: "mix", movable: 0, reclaimable: 0, unmovable: share, polluted: blocks, ...run };
  return before(fixed as LeafWorkload, workload);
}

function before(first: LeafWorkload, workload: WorkloadSpec | undefined): WorkloadSpec {
  if (workload === undefined) return first;
  return { sequence: [first, ...(isSequence(workload) ? workload.sequence : [workload])] };
}

function mapped(spec: WorkloadSpec, change: (leaf: LeafWorkload) => LeafWorkload): WorkloadSpec {
  if (isSequence(spec)) return { sequence: spec.sequence.map((part) => mapped(part, change)) };
  if (isTogether(spec)) return { together: spec.together.map((part) => mapped(part, change)) };
  return change(spec);
}
