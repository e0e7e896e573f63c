/**
 * The robustness of a statement as a plan: a comparison, a statement on its results, and knobs of the machine with the values
 * they take. Its result says in which part of them the statement is true.
 */
import { check, isObject } from "../schema/check";
import {
  either,
  type Field,
  type Fields,
  filled,
  type InOf,
  list,
  literal,
  name,
  type Out,
  type OutOf,
  object,
  optional,
  share,
  size,
  text,
  time,
  truth,
  whole,
} from "../schema/field";
import { FieldError, fieldPath, type Locate } from "../schema/place";
import type { Written } from "../schema/plan-file";
import { LONGEST_MS } from "../workload/parameters";
import { PROFILES } from "../workload/uptime-profiles";
import { COMPARISON, COMPARISON_DEFAULTS, COMPARISON_LIMITS, type ComparisonSpec } from "./comparison";
import { FORMAT, parsePlan } from "./run";
import { STATEMENT } from "./statement";
import { VARIANTS } from "./variant";

/** The most points, and the most values of one knob. */
export const ROBUST_LIMITS = { points: 100_000, values: 1000 } as const;

/** Values of a knob whose values are numbers: a list, or a range that is sampled or walked in steps. */
function axis<O extends number, I>(doc: string, flag: string, value: Field<O, I>) {
  return either(
    doc,
    "be a list of values, or {from, to, step}",
    [
      list("the values", value, { least: 1, most: ROBUST_LIMITS.values }),
      object("any value from `from` to `to`; on a grid, in steps", {
        from: value,
        to: value,
        step: optional(value),
      }),
    ],
    { flag },
  );
}

function names<O extends string, I>(doc: string, flag: string, value: Field<O, I>) {
  return list(doc, value, { least: 1, most: ROBUST_LIMITS.values, flag });
}

/** The knobs, in the order of tables. */
export const KNOB_FIELDS = {
  memory: optional(axis("memory fitted", "over-memory", size("memory", { least: 1 }))),
  profile: optional(
    names("roles of the machine, which determine its loads", "over-profile", name("a role", PROFILES)),
  ),
  age: optional(
    axis(
      "how long the machine was in use before the requests",
      "over-age",
      time("a time", { most: LONGEST_MS }),
    ),
  ),
  unmovable: optional(
    axis(
      "share of memory in pages that never move, placed before the machine is used; those since boot are included",
      "over-unmovable",
      share("a share of memory"),
    ),
  ),
  polluted: optional(
    axis(
      "share of page blocks over which those pages lie; default twice their share of memory",
      "over-polluted",
      share("a share of page blocks"),
    ),
  ),
  together: optional(
    list(
      "adjacent page blocks that hold such pages together: 1 puts every block on its own",
      whole("page blocks", "page blocks", { least: 1, most: 1 << 20 }),
      { least: 1, most: ROBUST_LIMITS.values, flag: "over-together" },
    ),
  ),
  pageSize: optional(
    list("base page sizes", size("a page size", { least: 1 }), {
      least: 1,
      most: ROBUST_LIMITS.values,
      flag: "over-page-size",
    }),
  ),
  release: optional(names("kernel releases", "over-release", text("a kernel release", { longest: 40 }))),
  minFreeKbytes: optional(
    axis("vm.min_free_kbytes", "over-min-free-kbytes", whole("kB kept free", "kB", { most: 2 ** 31 - 1 })),
  ),
  watermarkScaleFactor: optional(
    axis(
      "vm.watermark_scale_factor",
      "over-watermark-scale-factor",
      whole("ten-thousandths of a zone", "", { least: 1, most: 3000 }),
    ),
  ),
  compactionProactiveness: optional(
    axis(
      "vm.compaction_proactiveness",
      "over-compaction-proactiveness",
      whole("how hard kcompactd compacts unasked", "%", { most: 100 }),
    ),
  ),
  cpus: optional(
    list(
      "processors, each with lists of its own and tasks that move among them (the option smp)",
      whole("processors", "CPUs", { least: 1, most: 1024 }),
      { least: 1, most: ROBUST_LIMITS.values, flag: "over-cpus" },
    ),
  ),
  seeds: optional(
    list("numbers of seeds", whole("seeds", "seeds", { least: 1, most: COMPARISON_LIMITS.seeds }), {
      least: 1,
      most: ROBUST_LIMITS.values,
      flag: "over-seeds",
    }),
  ),
} satisfies Fields;

export type KnobName = keyof typeof KNOB_FIELDS;
export const KNOB_NAMES = Object.keys(KNOB_FIELDS) as readonly KnobName[];

export const SAMPLES = ["grid", "latin-hypercube"] as const;

/** What people choose beside the comparison: statement, knobs, sample, budget. */
export const ROBUST_OPTIONS = {
  statement: STATEMENT,
  variants: optional(VARIANTS),
  over: object("the knobs that are turned, with their values", KNOB_FIELDS),
  sample: optional(
    name(
      "grid: every combination; latin-hypercube, the default if there is a count: every stratum of every knob once",
      SAMPLES,
    ),
  ),
  count: optional(
    whole("number of samples of a Latin hypercube", "points", { least: 1, most: ROBUST_LIMITS.points }),
  ),
  corners: optional(
    truth("begin with the ends of every knob of numbers, each combination of them in each profile", {
      default: false,
    }),
  ),
  seed: filled(whole("seed of samples, and of the order of points", "", { default: 1, flag: "sample-seed" })),
  points: optional(
    whole("the most points to run, the first ones in their order", "points", {
      least: 1,
      most: ROBUST_LIMITS.points,
      default: "all",
    }),
  ),
  within: optional(
    time("time budget: no further point is begun after it; the result says how many points were run", {
      most: LONGEST_MS,
      default: "none",
    }),
  ),
} satisfies Fields;

export const ROBUST_FIELDS = {
  format: FORMAT,
  kind: optional(literal("robust")),
  plan: COMPARISON,
  ...ROBUST_OPTIONS,
} satisfies Fields;

export const ROBUST = object("where a statement on a comparison is true", ROBUST_FIELDS, {
  refine: ({ sample, count, ...rest }) => {
    const kind = sample ?? (count === undefined ? "grid" : "latin-hypercube");
    if (kind === "grid" && count !== undefined)
      throw new FieldError(["count"], "is for samples: a grid has every combination");
    if (kind === "grid" && rest.corners === true)
      throw new FieldError(["corners"], "are for samples: a grid has the ends of every knob");
    if (kind !== "grid" && count === undefined)
      throw new FieldError(["count"], "is missing: a Latin hypercube needs the number of its samples");
    return { ...rest, sample: kind, ...(count !== undefined && { count }) };
  },
});

/** Values of a knob of numbers as a range. */
export interface KnobRange {
  from: number;
  to: number;
  step?: number;
}
export type Knobs = Out<typeof ROBUST_OPTIONS.over>;
export type RobustOptions = InOf<typeof ROBUST_OPTIONS>;
export type KnobsIn = InOf<typeof KNOB_FIELDS>;

/** A checked plan of robustness. */
export interface RobustSpec extends OutOf<typeof ROBUST_OPTIONS> {
  plan: ComparisonSpec;
  sample: (typeof SAMPLES)[number];
}

/**
 * Checks a plan of robustness. Its `plan` may be a comparison or the plan of one run, which is compared with nothing.
 * @example
 * ```ts
 * import { parseRobust } from "pageblock";
 *
 * const spec = parseRobust({
 *   plan: { machine: { board: "qemu-virt" }, strategies: ["buddy", "cma"], request: { size: "4MiB" } },
 *   statement: "cma > buddy",
 *   over: { memory: ["512MiB", "1GiB"], profile: ["server", "pi"] },
 * });
 * spec.over.memory; // => [536870912, 1073741824]
 * ```
 */
export function parseRobust(value: unknown, locate: Locate = fieldPath): RobustSpec {
  const { format: _format, kind: _kind, ...spec } = check(ROBUST, compared(value, locate), locate);
  // The check has filled the sample in.
  return { ...spec, sample: spec.sample! };
}

/** A plan of one run in place of the comparison becomes a comparison of its strategy alone. */
function compared(value: unknown, locate: Locate): unknown {
  if (!isObject(value) || !isObject(value.plan) || !Object.hasOwn(value.plan, "strategy")) return value;
  const { kind: _kind, ...run } = value.plan;
  const { strategy, seed, ...rest } = parsePlan(run, (path, key) => locate(["plan", ...path], key));
  const plan = { ...rest, strategies: [strategy], seeds: COMPARISON_DEFAULTS.seeds, firstSeed: seed };
  return { ...value, plan };
}

/** The plan of robustness in a file. */
export function robustIn({ value, locate }: Pick<Written, "value" | "locate">): RobustSpec {
  return parseRobust(value, locate);
}
