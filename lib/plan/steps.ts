/** A machine led step by step, as a plan: the machine and the steps. */
import { MACHINE } from "../machine/boot-request";
import { MOVED_SETTINGS, SYSTEM, SYSTEM_GONE } from "../machine/system-options";
import type { PageHold } from "../mm/state/owners";
import { check } from "../schema/check";
import {
  either,
  type Fields,
  filled,
  type In,
  list,
  literal,
  name,
  type ObjectField,
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
import { fieldPath, type Locate } from "../schema/place";
import { FORMAT, SEED } from "./run";
import { WORKLOAD } from "./workload";

/** The kinds of pages that `fill` allocates. */
export const FILL_KINDS = [
  "anon",
  "shmem",
  "fileClean",
  "fileDirty",
  "slab",
  "pageTable",
  "networkBuffer",
] as const;
export type FillKind = (typeof FILL_KINDS)[number];

/** Kinds of holds: `longterm` as RDMA pins, `get` for a short time. */
const HOLD_KINDS = [
  "longterm",
  "get",
  "pin",
  "writeback",
  "locked",
  "buffers",
  "noMigrate",
  "mlock",
  "lruBatch",
  "hwPoison",
] as const satisfies readonly PageHold["kind"][];

/** The longest time that one step may let pass. */
export const PASS_MS_MAX = 10 * 366 * 86_400_000;
/** The most steps of a plan. */
export const STEPS_MAX = 10_000;

const timeline = optional(truth("record where the time of the request went", { default: false }));

/** The steps by name. */
export const STEP_FIELDS = {
  fill: {
    kind: name("kind of the pages", FILL_KINDS),
    bytes: size("how much to fill; less if memory runs out", { least: 1, word: "size" }),
  },
  free: { share: share("of the pages filled so far, chosen at random"), seed: SEED },
  pin: {
    share: share("of the movable pages filled so far, chosen at random"),
    seed: SEED,
    kind: filled(
      name("`longterm` as RDMA pins, `get` for a short time", HOLD_KINDS, { default: "longterm" }),
    ),
    by: filled(text("who holds them", { default: "a pin of the experiment" })),
  },
  apply: { workload: WORKLOAD, seed: SEED },
  start: { workload: WORKLOAD, seed: SEED },
  pass: { ms: time("simulated time", { most: PASS_MS_MAX, word: "time" }) },
  cmaAlloc: {
    bytes: size("how much", { least: 1, word: "size" }),
    alignBytes: filled(
      size("alignment, a power of two; at least one page", { least: 1, word: "align", default: 1 }),
    ),
    area: filled(whole("index of the area", "", { most: 63, default: 0 })),
    timeline,
  },
  allocContigPages: { bytes: size("how much", { least: 1, word: "size" }), timeline },
  allocPages: { order: whole("2^order pages", "order", { most: 30 }) },
  hugePages: {
    bytes: size("size of one huge page", { least: 1, word: "size" }),
    count: whole("size of the pool to reach", "pages"),
    node: optional(
      whole("the node whose pool it is, with its own nr_hugepages", "node", {
        most: 1023,
        default: "all, in turn",
      }),
    ),
  },
  release: { step: whole("index of the step that got the pages", "", { most: STEPS_MAX }) },
  compact: {},
  dropCaches: {},
} satisfies Record<string, Fields>;

const F = STEP_FIELDS;

/** One step. */
export const STEP = either("a step", "be a step", [
  object("fills memory with pages of one kind", { do: literal("fill"), ...F.fill }),
  object("frees filled pages", { do: literal("free"), ...F.free }),
  object("pins filled pages", { do: literal("pin"), ...F.pin }),
  object("runs a finite workload to its end", { do: literal("apply", "", ["run"]), ...F.apply }),
  object("starts an endless workload, which runs whenever time passes", { do: literal("start"), ...F.start }),
  object("lets time pass for every started workload", { do: literal("pass"), ...F.pass }),
  object("cma_alloc()", { do: literal("cmaAlloc"), ...F.cmaAlloc }),
  object("alloc_contig_pages()", { do: literal("allocContigPages"), ...F.allocContigPages }),
  object("alloc_pages() of an order, as a driver does", { do: literal("allocPages"), ...F.allocPages }),
  object("grows or shrinks a pool of huge pages", { do: literal("hugePages"), ...F.hugePages }),
  object("releases the pages of an earlier step", { do: literal("release"), ...F.release }),
  object("/proc/sys/vm/compact_memory", { do: literal("compact"), ...F.compact }),
  object("drops clean page cache, as writing 1 to /proc/sys/vm/drop_caches does", {
    do: literal("dropCaches"),
    ...F.dropCaches,
  }),
]);

/** One step, checked. Sizes in bytes; shares from 0 to 1. */
export type Step = Out<typeof STEP>;
/** One step as people write it. */
export type StepIn = In<typeof STEP>;

export const STEPS_FIELDS = {
  kind: filled(literal("steps")),
  machine: MACHINE,
  system: filled(object(SYSTEM.facts.doc, SYSTEM.fields, { default: {}, gone: SYSTEM_GONE })),
  steps: list("the steps, in order", STEP, { most: STEPS_MAX, flag: "step" }),
} satisfies Fields;

const FILE_FIELDS = { format: FORMAT, ...STEPS_FIELDS } satisfies Fields;

export interface StepsField extends ObjectField<typeof FILE_FIELDS> {}

export const STEPS: StepsField = object("a machine led step by step", FILE_FIELDS, {
  moved: MOVED_SETTINGS,
});

/** The plan of a machine led step by step. */
export interface StepPlan extends OutOf<typeof STEPS_FIELDS> {}

/**
 * Checks a plan of steps.
 * @example
 * ```ts
 * import { parseSteps } from "pageblock";
 *
 * const plan = parseSteps({
 *   machine: { board: "qemu-virt", memory: "512MiB" },
 *   steps: [{ do: "fill", kind: "anon", size: "64MiB" }],
 * });
 * plan.steps.length; // => 1
 * ```
 */
export function parseSteps(value: unknown, locate: Locate = fieldPath): StepPlan {
  const { format: _format, ...plan } = check(STEPS, value, locate);
  return plan;
}
