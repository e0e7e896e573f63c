/**
 * What a result says of itself, in a few lines above its table: machine and releases, workload and age, request, the plan's name, and
 * every change of the kernel with what it is about.
 */
import { sha256Of } from "../base/canonical-json";
import { durationText } from "../base/duration";
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import { isCodeAllowed } from "../change/allowed";
import { type ChangeCode, codeIn } from "../change/code";
import { saidOf } from "../change/decide";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { type KernelsSpec, variantParts } from "../plan/compare-kernels";
import { KNOB_NAMES, type RobustSpec } from "../plan/robust";
import { REQUEST_DEFAULTS } from "../strategy/request";
import { durationMs } from "../workload";
import { partsOf } from "../workload/scheduler";
import { isSequence, isTogether, type WorkloadSpec } from "../workload/workload";
import type { Plan } from "./plan";
import { knobWord } from "./robust-range";
import type { SweepSpec } from "./sweep";

/** A plan of any kind, as it is stored with its result. */
export interface NamedPlan {
  readonly kind: string;
}

/** What runs are made of. */
export type AboutRun = Pick<Plan, "machine" | "workload" | "request">;

/** Parts of a workload that are told; more are counted. */
const PARTS_TOLD = 6;

/**
 * The lines; of several plans, which differ in a parameter, the run of the first. `machines`: those that are compared, if it is not the run's machine alone; `turned`: what differs from point to point.
 */
export function aboutPlan(
  plans: NamedPlan | readonly NamedPlan[],
  run: AboutRun,
  {
    machines = [run.machine],
    turned = [],
  }: { machines?: readonly BootRequest[]; turned?: readonly string[] } = {},
): string[] {
  const differing = turned.length === 0 ? "" : `; varied: ${turned.join(", ")}`;
  const all = [plans].flat() as readonly NamedPlan[];
  const names = all.map((plan) => `${plan.kind} ${sha256Of(plan)}`);
  return [
    `${machineText(machines)}${differing}`,
    `${workloadText(run.workload)}; ${requestText(run.request)}`,
    `${all.length === 1 ? "plan" : "plans"} ${names.join(", ")}`,
    ...codeIn(all).map(changeLine),
  ];
}

/** `pc-x86-64, 256 MiB, pages of 4 KiB, Linux 6.1 and 6.15`. */
export function machineText(machines: readonly BootRequest[]): string {
  const each = machines.map(factsOf);
  const column = (at: 0 | 1 | 2 | 3) => [...new Set(each.map((facts) => facts[at]))].join(" and ");
  return `${column(0)}, ${column(1)}, pages of ${column(2)}, Linux ${column(3)}`;
}

/** Board, memory, page size and release; a dash for what a machine that cannot be had does not have. */
function factsOf(machine: BootRequest): readonly [string, string, string, string] {
  try {
    const { board, memoryBytes, geometry, release } = resolveBoot(machine);
    return [board.name, formatSize(memoryBytes), formatSize(geometry.pageSize), machine.kernel ?? release];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [String(machine.board ?? "–"), "–", "–", machine.kernel ?? "–"];
  }
}

/** `workload: mix 1 s, then uptime server 1 hour, age 1 hour; network-server goes on during the requests`. */
function workloadText(workload: WorkloadSpec | undefined): string {
  if (workload === undefined) return "no workload: fresh from boot";
  const { before, during } = partsOf(workload);
  const told = before.slice(0, PARTS_TOLD).map(partText);
  const more = before.length - told.length;
  const first = [...told, ...(more > 0 ? [`${more} more`] : [])].join(", then ");
  const age = before.reduce((ms, part) => ms + durationMs(part), 0);
  const aged = before.length === 0 ? "" : `${first} (age ${durationText(age)})`;
  const beside =
    during === null ? "nothing goes on during the requests" : `${partText(during)} during the requests`;
  return `workload: ${[aged, beside].filter((one) => one !== "").join("; ")}`;
}

function partText(part: WorkloadSpec): string {
  if (isSequence(part)) return part.sequence.map(partText).join(", then ");
  if (isTogether(part)) return part.together.slice(0, PARTS_TOLD).map(partText).join(" beside ");
  const { kind, profile } = part;
  const ms = durationMs(part);
  const lasts = Number.isFinite(ms) ? ` ${durationText(ms)}` : "";
  return `${kind}${typeof profile === "string" ? ` ${profile}` : ""}${lasts}`;
}

function requestText(request: Plan["request"]): string {
  const { times, gapMs } = { ...REQUEST_DEFAULTS, ...request };
  return `asked ${times} × ${formatSize(request.bytes)}${times > 1 ? `, ${durationText(gapMs)} apart` : ""}`;
}

/** What a change is about, by its own words; a change that may not run here is named only. */
function changeLine(code: ChangeCode): string {
  const named = `change ${JSON.stringify(code.name)}, SHA-256 ${code.sha256}`;
  if (!isCodeAllowed(code.sha256)) return named;
  const { about, points } = saidOf(code);
  return `${named}: ${about === "" ? "" : `${about}; `}decides ${points.join(", ")}`;
}

/** The lines of a comparison of variants. */
export function aboutKernels(spec: KernelsSpec): string[] {
  const machines = spec.variants.map((variant) => variantParts(spec, variant).machine);
  return aboutPlan({ kind: "compare-kernels", ...spec }, spec, { machines });
}

/** The lines of a robustness run. */
export function aboutRobust(spec: RobustSpec): string[] {
  const { plan, variants, over } = spec;
  const machines = (variants ?? [{ label: "" }]).map((variant) => variantParts(plan, variant).machine);
  const turned = KNOB_NAMES.filter((name) => over[name] !== undefined).map(knobWord);
  return aboutPlan({ kind: "robust", ...spec }, plan, { machines, turned });
}

/** A parameter of a part of the workload in words: `scatter-unmovable.share` is the share of scatter-unmovable. */
function variedWord(path: string): string {
  const at = path.lastIndexOf(".");
  return at < 0 ? path : `${path.slice(at + 1)} of ${path.slice(0, at)}`;
}

/** The lines of sweeps, such as those of a threshold. */
export function aboutSweeps(specs: readonly SweepSpec[]): string[] {
  const [first] = specs;
  if (first === undefined) return [];
  const plans = specs.map((spec) => ({ kind: "sweep", ...spec }));
  return aboutPlan(plans, first.plan, { turned: Object.keys(first.over).map(variedWord) });
}
