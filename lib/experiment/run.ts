/**
 * run(plan): boots the machine, lets the workload age it, puts the requests to the strategy, and says what came of it. Pure:
 * no clock, no input or output; equal plans give equal outcomes, byte for byte, on every machine.
 */
import { InputError } from "../base/errors";
import { Random } from "../base/random";
import { costTable } from "../hardware/costs";
import { System } from "../machine/system";
import { resolveStrategy } from "../strategy";
import type { Attempt, ContigRequest } from "../strategy/strategy";
import { partsOf, WorkloadRun } from "../workload/scheduler";
import type { WorkloadInputs } from "../workload/workload";
import { hugePagesFree, probeHugePages } from "./huge-probe";
import { endMetrics, Meter } from "./meter";
import { type Outcome, type Plan, planHash, type RequestSpec } from "./plan";
import { translationShape } from "./translation-shape";

/** Failures explained in an outcome; the others are counted. */
const FAILURES_KEPT = 3;

/** Defaults of a request, in one place. */
export const REQUEST_DEFAULTS = {
  times: 1,
  gapMs: 1000,
  held: 1,
  who: "driver",
  longtermPin: false,
  dmaBits: 64,
} as const;

/**
 * Runs a plan. `inputs`: what readPlanInputs() read for it, where its workload has recordings. Throws InputError for a plan that
 * cannot be run; a request that fails is part of the outcome.
 */
export function run(plan: Plan, inputs?: WorkloadInputs): Outcome {
  const request = resolveRequest(plan.request);
  const { strategy, resolved } = resolveStrategy(plan.strategy);
  const machine = strategy.machine(plan.machine, resolved, request);
  const system = System.boot(machine, plan.system, costTable(plan.costs));
  const prepared = strategy.prepare(system, resolved, request);
  const random = new Random(plan.seed);
  const workload = new WorkloadRun(system, random.fork("workload"), inputs);
  const { before, during } = partsOf(plan.workload);
  for (const part of before) workload.toEnd(part);
  if (during !== null) workload.start(during);
  const { times, gapMs, held } = { ...REQUEST_DEFAULTS, ...plan.request };
  const meter = new Meter(system);
  const failures: Outcome["failures"] = [];
  const holding: Attempt[] = [];
  let last: Attempt["pieces"] = [];
  for (let i = 0; i < times; i++) {
    if (during !== null) workload.runUntil(system.nowMs + gapMs);
    while (holding.length >= held) prepared.release(holding.shift()!);
    const attempt = meter.measure(() => prepared.request());
    if (attempt.granted) {
      holding.push(attempt);
      last = attempt.pieces;
    } else if (failures.length < FAILURES_KEPT && attempt.why !== null)
      failures.push({ request: i, text: attempt.why.text, data: attempt.why.data });
  }
  const metrics = {
    ...endMetrics(system, meter),
    ...prepared.metrics(),
    ...translationShape(last, system.pageSize),
    ...hugePagesFree(system),
  };
  return {
    plan: planHash(plan),
    requests: meter.columns,
    metrics: { ...metrics, ...probeHugePages(system) },
    remarks: [strategy.configure, ...prepared.remarks()],
    constraints: prepared.constraints(),
    failures,
  };
}

function resolveRequest(spec: RequestSpec): ContigRequest {
  const { bytes, alignBytes, cpuMapBytes, times, held, gapMs } = { ...REQUEST_DEFAULTS, ...spec };
  const whole = (what: string, value: number, least: number) => {
    if (!Number.isSafeInteger(value) || value < least)
      throw new InputError(`request: ${what} must be a whole number, ${least} or more: got ${value}`);
  };
  whole("bytes", bytes, 1);
  whole("times", times, 1);
  whole("held", held, 1);
  if (!(gapMs >= 0)) throw new InputError(`request: gapMs must be 0 or more: got ${gapMs}`);
  return {
    bytes,
    alignBytes: alignBytes ?? 1,
    who: spec.who ?? REQUEST_DEFAULTS.who,
    longtermPin: spec.longtermPin ?? REQUEST_DEFAULTS.longtermPin,
    dmaBits: spec.dmaBits ?? REQUEST_DEFAULTS.dmaBits,
    cpuMapBytes: cpuMapBytes ?? 0,
  };
}
