/**
 * run(plan): boots the machine, ages it with the workload, makes the requests through the strategy, and returns the
 * outcome. Pure: no clock, no input or output; equal plans give equal outcomes, byte for byte, on every computer.
 */

import { canonicalJson } from "../base/canonical-json";
import { Checkpoint } from "../base/checkpoint";
import { errorOf } from "../base/errors";
import { Random } from "../base/random";
import { summedCounts } from "../change/counts";
import { boot } from "../machine/boot";
import type { BootRequest } from "../machine/boot-request";
import { changeNotes } from "../machine/change-field";
import { RecordedSystem } from "../machine/recorded-system";
import { System } from "../machine/system";
import { type ResolvedStrategy, resolveStrategy } from "../strategy";
import { memoryRequest, REQUEST_DEFAULTS } from "../strategy/request";
import type { Attempt, MemoryRequest, PreparedStrategy } from "../strategy/strategy";
import { durationMs } from "../workload";
import { probeMetrics } from "../workload/probe";
import { checkInputs, partsOf, WorkloadRun } from "../workload/scheduler";
import type { WorkloadInputs, WorkloadSpec } from "../workload/workload";
import { hugePagesFree, probeHugePages } from "./huge-probe";
import { endMetrics, Meter } from "./meter";
import { type Outcome, type Plan, planHash } from "./plan";
import { runSeconds } from "./plan-time";
import { Recorder } from "./recorder";
import { translationShape } from "./translation-shape";
import { runWatched } from "./watched-run";
import { refuseHeavy, refuseLong, runBytes } from "./weight";

/** The most failures explained in an outcome; further ones are only counted. */
const FAILURES_KEPT = 3;

/**
 * Runs a plan.
 * @param inputs result of readPlanInputs(), if the workload has recordings
 * @throws InputError for a plan that cannot be run; a failed request is part of the outcome, not an error
 * @example
 * ```ts
 * import { parsePlan, run } from "pageblock";
 *
 * const outcome = run(
 *   parsePlan({
 *     machine: { board: "qemu-virt", memory: "512MiB" },
 *     strategy: { name: "cma", area: "64MiB" },
 *     request: { size: "16MiB", times: 3 },
 *   }),
 * );
 * outcome.requests.granted; // => [1, 1, 1]
 * ```
 */
export function run(plan: Plan, inputs?: WorkloadInputs): Outcome {
  return runLookedAt(plan, inputs, null);
}

/** Looks at the machine of a run at two moments. It reads and changes nothing, so that the outcome is that of run(). */
export interface RunLook {
  /** The machine has booted, and its strategy has what it takes at boot. */
  booted(system: System): void;
  /** The workload has run up to the first request. Where a change breaks a law, the run is made again, and so are the looks. */
  aged(system: System): void;
}

/** run(), with somebody who looks at its machine. */
export function runLookedAt(plan: Plan, inputs: WorkloadInputs | undefined, look: RunLook | null): Outcome {
  refuseHeavy(runBytes(plan));
  refuseLong(() => runSeconds(plan));
  const once = (watch: ((system: System) => void) | null) => runOnce(plan, inputs, watch, look);
  return plan.machine.change === undefined ? once(null) : runWatched(once);
}

function runOnce(
  plan: Plan,
  inputs: WorkloadInputs | undefined,
  watch: ((system: System) => void) | null,
  look: RunLook | null,
): Outcome {
  const boots = bootOf(plan);
  const { machine } = boots;
  const options = { ...plan.system, placement: plan.seed, ...(watch !== null && { watch }) };
  const recorded =
    plan.record === undefined
      ? null
      : new RecordedSystem(boot(machine), options, machine.switches, plan.costs);
  const recorder = recorded === null ? undefined : new Recorder(recorded, plan.record!, plannedMs(plan));
  const system = recorded ?? System.boot(machine, options, plan.costs);
  const prepared = prepare(system, boots);
  look?.booted(system);
  const outcome = ask(plan, prepared, age(plan, system, inputs), { recorder, look });
  if (watch === null) system.release();
  return outcome;
}

/** Simulated time that a plan is made for: its finite workloads, and the gaps between its requests. */
function plannedMs({ workload, request }: Plan): number {
  const { times, gapMs } = { ...REQUEST_DEFAULTS, ...request };
  const { before, during } = partsOf(workload);
  const aging = before.reduce((ms, part) => ms + durationMs(part), 0);
  return aging + (during === null ? 0 : times * gapMs);
}

/**
 * Runs plans with equal `sharingKey()`: the machine boots and ages once, and is restored for each of them. The
 * outcomes equal those of run(), byte for byte; a plan that run() throws for gives the error in its place. If no plan
 * can be prepared, the machine does not age; if it can't age, that is so for every plan that could be prepared.
 */
export function runTogether(plans: readonly Plan[], inputs?: WorkloadInputs): (Outcome | Error)[] {
  const first = plans[0]!;
  // A machine with a recorder or a change, or one that its strategy changes at boot, belongs to one plan alone.
  if (sharingKey(first) === null) return plans.map((plan) => orError(() => run(plan, inputs)));
  let prepared: (Ready | Error)[] = [];
  try {
    // A copy of the aged machine is kept for the plans after the first.
    refuseHeavy(runBytes(first, 2));
    refuseLong(() => plans.reduce((most, plan) => Math.max(most, runSeconds(plan)), 0));
    const options = { ...first.system, placement: first.seed };
    const system = System.boot(bootOf(first).machine, options, first.costs);
    prepared = plans.map((plan) => orError(() => prepare(system, bootOf(plan))));
    const outcomes = askInTurn(plans, prepared, () => age(first, system, inputs));
    system.release();
    return outcomes;
  } catch (error) {
    // A plan that can't be prepared fails before its machine ages.
    return plans.map((_, i) => (prepared[i] instanceof Error ? prepared[i] : errorOf(error)));
  }
}

/** Asks for every plan that could be prepared. The machine ages before the first and is restored for the others. */
function askInTurn(
  plans: readonly Plan[],
  prepared: readonly (Ready | Error)[],
  aging: () => Aged,
): (Outcome | Error)[] {
  const ready = prepared.filter((p) => !(p instanceof Error));
  if (ready.length === 0) return prepared as Error[];
  const aged = aging();
  const checkpoint = ready.length > 1 ? new Checkpoint(aged.system, aged, ready) : null;
  const outcomes = plans.map((plan, i) => {
    const own = prepared[i]!;
    if (own instanceof Error) return own;
    if (own !== ready[0]) checkpoint!.restore();
    return orError(() => ask(plan, own, aged));
  });
  checkpoint?.release();
  return outcomes;
}

function orError<T>(make: () => T): T | Error {
  try {
    return make();
  } catch (error) {
    return errorOf(error);
  }
}

/** The most bytes of columns to copy for a shared machine: 256 GiB with 4 KiB pages have about 1 GiB. */
const SHARED_BYTES_MOST = 1.5 * 2 ** 30;
/** Bytes of columns per page frame. */
const COLUMN_BYTES = 16;

/**
 * Everything that determines the state of a plan's machine before its requests; null if its strategy takes memory at
 * boot, or if the plan cannot be run. Plans with equal keys may run together.
 */
export function sharingKey(plan: Plan): string | null {
  try {
    const { strategy, machine } = bootOf(plan);
    // A recorder belongs to one run from its boot on; a change may keep a state that no checkpoint restores.
    const alone = plan.record !== undefined || machine.change !== undefined;
    if (strategy.takesAtBoot || alone) return null;
    const pages = Number(machine.memoryBytes) / (machine.pageSize ?? 4096);
    if (!(pages * COLUMN_BYTES <= SHARED_BYTES_MOST)) return null;
    const { system, costs, workload, seed } = plan;
    return canonicalJson({ machine, system, costs, workload, seed });
  } catch {
    return null;
  }
}

interface BootOf extends Pick<ResolvedStrategy, "strategy" | "parameters"> {
  request: MemoryRequest;
  machine: BootRequest;
}

function bootOf(plan: Plan): BootOf {
  const request = memoryRequest(plan.request);
  const { strategy, parameters } = resolveStrategy(plan.strategy);
  return { strategy, parameters, request, machine: strategy.machine(plan.machine, parameters, request) };
}

interface Ready {
  strategy: BootOf["strategy"];
  prepared: PreparedStrategy;
}

function prepare(system: System, { strategy, parameters, request }: BootOf): Ready {
  return { strategy, prepared: strategy.prepare(system, parameters, request) };
}

/** A machine before its requests, and the workload that continues during them. */
interface Aged {
  system: System;
  workload: WorkloadRun;
  during: WorkloadSpec | null;
}

function age(plan: Plan, system: System, inputs?: WorkloadInputs): Aged {
  const { before, during } = partsOf(plan.workload);
  checkInputs(plan.workload, inputs);
  const random = new Random(plan.seed);
  const workload = new WorkloadRun(system, random.fork("workload"), inputs);
  for (const part of before) workload.toEnd(part);
  if (during !== null) workload.start(during);
  return { system, workload, during };
}

function ask(
  plan: Plan,
  { strategy, prepared }: Ready,
  { system, workload, during }: Aged,
  { recorder, look = null }: { recorder?: Recorder | undefined; look?: RunLook | null } = {},
): Outcome {
  const { times, gapMs, held } = { ...REQUEST_DEFAULTS, ...plan.request };
  const meter = new Meter(system);
  recorder?.startRequests(during === null ? 0 : times * gapMs);
  const failures: Outcome["failures"] = [];
  const holding: Attempt[] = [];
  let last: Attempt["pieces"] = [];
  for (let i = 0; i < times; i++) {
    if (during !== null) workload.runUntil(system.nowMs + gapMs);
    if (i === 0) look?.aged(system);
    while (holding.length >= held) prepared.release(holding.shift()!);
    const attempt = meter.measure(() => prepared.request());
    if (!attempt.ok) recorder?.refused(meter.columns.reclaimed.at(-1)!);
    if (attempt.ok) {
      holding.push(attempt);
      last = attempt.pieces;
    } else if (failures.length < FAILURES_KEPT && attempt.reason !== null)
      failures.push({ request: i, text: attempt.reason, data: attempt.details });
  }
  // Before the probe, which changes the machine.
  const record = recorder?.finish();
  const decisions = system.change === null ? undefined : summedCounts([system.change.counts]);
  const probes = workload.probes();
  const metrics = {
    ...record?.metrics,
    ...endMetrics(system, meter),
    ...probeMetrics(probes),
    ...prepared.metrics(),
    ...translationShape(last, system.pageSize),
    ...hugePagesFree(system),
  };
  return {
    plan: planHash(plan),
    requests: meter.columns,
    metrics: { ...metrics, ...probeHugePages(system) },
    ...(probes.length > 0 && { probes }),
    remarks: [strategy.configure, ...prepared.remarks(), ...changeNotes(plan.machine)],
    constraints: prepared.constraints(),
    failures,
    ...(record !== undefined && { recorded: record.recorded }),
    ...(decisions !== undefined && { decisions }),
  };
}
