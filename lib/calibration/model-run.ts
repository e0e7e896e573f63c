/** A model machine under a workload, measured at the times at which a real one was sampled. */
import { Random } from "../base/random";
import type { BootRequest } from "../machine/boot-request";
import { System } from "../machine/system";
import type { SystemOptions } from "../machine/system-options";
import { durationMs } from "../workload";
import { partsOf, WorkloadRun } from "../workload/scheduler";
import type { WorkloadSpec } from "../workload/workload";
import { measureSystem } from "./measure-system";
import type { Quantities } from "./quantities";

/** A machine with its workload, as a plan states them. */
export interface ModelMachine {
  machine: BootRequest;
  system?: SystemOptions | undefined;
  workload?: WorkloadSpec | undefined;
}

/**
 * The quantities at each of `seconds` since boot, which ascend. Parts of the workload run one after the other; a time after the end
 * of the last is measured at its end, while its processes still live.
 */
export function modelRun(model: ModelMachine, seed: number, seconds: readonly number[]): Quantities[] {
  const system = System.boot(model.machine, model.system);
  const run = new WorkloadRun(system, new Random(seed).fork("workload"));
  const { before, during } = partsOf(model.workload);
  const parts = during === null ? before : [...before, during];
  const times = seconds.map((s) => s * 1000);
  const measured: Quantities[] = [];
  let end = 0;
  parts.forEach((part, i) => {
    const last = i === parts.length - 1;
    end += durationMs(part);
    run.start(part);
    for (
      let ms = times[measured.length];
      ms !== undefined && (last || ms <= end);
      ms = times[measured.length]
    ) {
      run.runUntil(Math.min(end, ms));
      measured.push(measureSystem(system));
    }
    if (!last) run.endAt(end);
  });
  while (measured.length < times.length) measured.push(measureSystem(system));
  system.release();
  return measured;
}

/** Requests of huge pages of a size, each given back at once, as set through nr_hugepages. */
export interface HugeAsked {
  bytes: number;
  wanted: number;
}

/** How many huge pages the machine gives at `seconds` since boot, request by request. */
export function modelHuge(
  model: ModelMachine,
  seed: number,
  seconds: number,
  asked: readonly HugeAsked[],
): number[] {
  const system = System.boot(model.machine, model.system);
  const run = new WorkloadRun(system, new Random(seed).fork("workload"));
  const { before, during } = partsOf(model.workload);
  for (const part of before) run.toEnd(part);
  if (during !== null) run.start(during);
  run.runUntil(seconds * 1000);
  const got = asked.map(({ bytes, wanted }) => {
    const pool = system.hugetlb.pools.get(bytes);
    if (pool === undefined) return 0;
    const n = pool.setMaxHugePages(wanted);
    pool.setMaxHugePages(0);
    return n;
  });
  system.release();
  return got;
}
