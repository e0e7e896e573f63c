/**
 * Every kind of plan. Checks, types, flags, JSON Schema and tables are derived from this list; report/plan-kinds.ts
 * says how to run each kind. To add a field, add it to the statement that uses it.
 */
import { LOCKABLE_CACHE_NAMES } from "../hardware/cache-ways";
import { ADAPTER_CURVE, LOCKED_REGION, TLB_CURVE } from "../hardware/curve-plans";
import { MACHINE, MACHINE_FIELDS } from "../machine/boot-request";
import { type Field, type Fields, filled, literal, type ObjectField, object } from "../schema/field";
import { RECORDING } from "../trace/recording-statement";
import { COMPARE_KERNELS } from "./compare-kernels";
import { COMPARISON } from "./comparison";
import { ROBUST } from "./robust";
import { RUN } from "./run";
import { SCORECARD } from "./scorecard";
import { STEPS } from "./steps";
import { SWEEP } from "./sweep";

/** A kind of plan. */
export interface PlanStatement {
  /** Its name in the key `kind` of plans that have this key. */
  readonly name: string;
  /** Its names in earlier formats. */
  readonly was: readonly string[];
  readonly title: string;
  readonly doc: string;
  /** The plan as a whole, and its fields. */
  readonly statement: Field & { readonly fields: Fields };
  readonly fields: Fields;
  /** A minimal useful plan, as people write it. */
  readonly example: Readonly<Record<string, unknown>>;
}

const kind = (
  name: string,
  title: string,
  statement: Field & { readonly fields: Fields },
  example: Readonly<Record<string, unknown>>,
  was: readonly string[] = [],
): PlanStatement => ({
  name,
  was,
  title,
  doc: statement.facts.doc,
  statement,
  fields: statement.fields,
  example,
});

const MACHINE_EXAMPLE = { board: "qemu-virt", memory: "512MiB", kernel: "6.19" };
const RUN_EXAMPLE = {
  machine: MACHINE_EXAMPLE,
  strategy: "cma",
  request: { size: "4MiB" },
};

const BOOT_FIELDS = { kind: filled(literal("boot")), ...MACHINE_FIELDS } satisfies Fields;

export interface BootField extends ObjectField<typeof BOOT_FIELDS> {}

/** A machine alone is a plan too. */
export const BOOT: BootField = object("a machine that boots", BOOT_FIELDS, {
  refine: (plan) => {
    const { kind, ...request } = plan;
    return { kind, ...(machineRefine(request as never) as typeof request) };
  },
});

function machineRefine(request: never): unknown {
  return MACHINE.form.kind === "object" && MACHINE.form.refine !== null
    ? MACHINE.form.refine(request)
    : request;
}

export const PLAN_KINDS: readonly PlanStatement[] = [
  kind("run", "one run", RUN, RUN_EXAMPLE, ["experiment"]),
  kind("comparison", "a comparison", COMPARISON, {
    machine: MACHINE_EXAMPLE,
    strategies: ["buddy", "cma"],
    request: { size: "4MiB" },
    seeds: 2,
  }),
  kind("compare-kernels", "a comparison of kernels", COMPARE_KERNELS, {
    machine: MACHINE_EXAMPLE,
    variants: ["6.16", { kernel: "6.19", defragMode: true }],
    request: { size: "2MiB" },
    seeds: 2,
  }),
  kind("sweep", "a sweep", SWEEP, { plan: RUN_EXAMPLE, over: { size: ["1MiB", "4MiB"] } }),
  kind("robust", "where a statement is true", ROBUST, {
    plan: {
      machine: MACHINE_EXAMPLE,
      strategies: ["buddy", "cma"],
      request: { size: "4MiB" },
      seeds: 1,
    },
    statement: { of: "cma", moreThan: "buddy" },
    over: { memory: ["512MiB", "1GiB"] },
  }),
  kind("scorecard", "a scorecard", SCORECARD, {
    machine: MACHINE_EXAMPLE,
    strategies: ["buddy", "cma"],
    request: { size: "4MiB" },
    adapter: "connectx-5",
    seeds: 1,
  }),
  kind("steps", "a machine led step by step", STEPS, {
    machine: MACHINE_EXAMPLE,
    steps: [{ do: "fill", kind: "anon", size: "64MiB" }, { do: "compact" }],
  }),
  kind("boot", "a boot", BOOT, MACHINE_EXAMPLE),
  kind("tlb-curve", "a curve of TLBs", TLB_CURVE, {
    cpu: "haswell",
    pages: ["4KiB", "2MiB"],
    areas: ["1MiB", "64MiB"],
    pattern: "uniform",
    accesses: 1000,
  }),
  kind("adapter-curve", "a curve of an RDMA adapter", ADAPTER_CURVE, {
    adapter: "connectx-5",
    pages: ["4KiB", "2MiB"],
    regions: ["1MiB", "64MiB"],
    pattern: "uniform",
    operations: 1000,
  }),
  kind("locked-region-curve", "a curve of locked regions", LOCKED_REGION, { cache: LOCKABLE_CACHE_NAMES[0] }),
  kind("recording", "a recording that is checked", RECORDING, {
    path: "arm64-cma/c2-4k-cmaalloc",
    sha256: "0000000000000000000000000000000000000000000000000000000000000000",
  }),
];
