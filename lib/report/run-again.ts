/**
 * Runs stored plans again, each alone, in worker threads. An untrusted plan may be too large, so its time and memory
 * are limited. A run that fails or is stopped is a result, not an exception.
 */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { MEMORY_VARIABLE, SECONDS_VARIABLE, STRANGER_BYTES } from "../experiment/weight";
import type { RunAnswer } from "./run-answer";

/** Limits of one plan (seconds, megabytes), of all of them, and how many run at a time. */
export interface RunLimits {
  seconds: number;
  /** Of all plans together; those that are not done by then are not run. */
  secondsTogether: number;
  megabytes: number;
  workers: number;
  /** SHA-256 of the changes whose code may be run; default none. */
  allowCode?: readonly string[];
}

/** A plan is not begun if it is likely to take so many times what it may: estimates may be off, but not by that. */
const ESTIMATE_FACTOR = 10;

export const RUN_LIMITS: RunLimits = {
  seconds: 300,
  secondsTogether: 3600,
  megabytes: STRANGER_BYTES / 2 ** 20,
  workers: Math.min(4, availableParallelism()),
};

/** The worker that `npm run build` makes: a thread cannot load sources. */
const WORKER = ["run-again-worker.js", "../../dist/report/run-again-worker.js"]
  .map((file) => join(__dirname, file))
  .find((file) => existsSync(file));

/** Results in the order of `plans`. */
export async function runAgain(
  plans: readonly unknown[],
  limits: RunLimits = RUN_LIMITS,
): Promise<RunAnswer[]> {
  const answers: RunAnswer[] = [];
  let next = 0;
  const end = performance.now() + limits.secondsTogether * 1000;
  const lane = async () => {
    let worker: Worker | undefined;
    while (next < plans.length) {
      const index = next++;
      const left = (end - performance.now()) / 1000;
      if (left <= 0) {
        answers[index] = { failed: `not run: ${limits.secondsTogether} s for all plans were over` };
        continue;
      }
      worker ??= started(limits);
      answers[index] = await answerOf(worker, plans[index], {
        ...limits,
        seconds: Math.min(limits.seconds, left),
      });
      if ("failed" in answers[index]!) {
        await worker.terminate();
        worker = undefined;
      }
    }
    await worker?.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(limits.workers, plans.length) }, lane));
  return answers;
}

function started(limits: RunLimits): Worker {
  if (WORKER === undefined) throw new Error("run-again-worker.js is not built: run `npm run build`");
  const workerData = { allowCode: [...(limits.allowCode ?? [])] };
  // The columns of a machine lie outside of the heap, so the plan is weighed as well.
  const env = {
    ...process.env,
    [MEMORY_VARIABLE]: `${limits.megabytes}MiB`,
    [SECONDS_VARIABLE]: String(Math.ceil(limits.seconds * ESTIMATE_FACTOR)),
  };
  return new Worker(WORKER, {
    workerData,
    env,
    resourceLimits: { maxOldGenerationSizeMb: limits.megabytes },
  });
}

async function answerOf(worker: Worker, plan: unknown, limits: RunLimits): Promise<RunAnswer> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limits.seconds * 1000);
  try {
    worker.postMessage(plan);
    const [answer] = await once(worker, "message", { signal: stop.signal });
    return answer as RunAnswer;
  } catch (error) {
    if (stop.signal.aborted)
      return { failed: `stopped: it ran longer than ${Number(limits.seconds.toFixed(1))} s` };
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_WORKER_OUT_OF_MEMORY")
      return { failed: `stopped: it needs more than ${limits.megabytes} MB` };
    return { failed: message.split("\n")[0]! };
  } finally {
    clearTimeout(timer);
  }
}
