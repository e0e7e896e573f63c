/**
 * Plans on the cores of this computer, by Piscina. Short plans travel in batches, so that handing them over costs little; a
 * thread that dies takes no other plan with it: its batch is run again plan by plan, and the one that kills is reported.
 */
import { availableParallelism } from "node:os";
import { extname, join } from "node:path";
import type { Piscina } from "piscina";
import { InputError } from "../base/errors";
import { type Executor, type Finished, Ready, type Task } from "./executor";
import { failedRun } from "./run-text";
import type { Batch, BatchDone } from "./worker-thread";

/** A batch should take this long; handing one over costs about 0.1 ms. */
const BATCH_MS = 100;
const BATCH_PLANS_MAX = 256;
/** Batches on their way for each worker: one runs, one waits. */
const BATCHES_A_WORKER = 2;

export const WORKERS_MAX = 256;

/** `given`, or every core. */
export function workerCount(given?: number): number {
  const count = given ?? availableParallelism();
  if (!Number.isInteger(count) || count < 1 || count > WORKERS_MAX)
    throw new InputError(`workers: must be a whole number from 1 to ${WORKERS_MAX}: got ${given}`);
  return count;
}

export class LocalWorkers implements Executor {
  private readonly pool: Piscina<Batch, BatchDone>;
  private readonly workers: number;
  /** Milliseconds of a plan, as seen lately. */
  private planMs: number;

  constructor(workers?: number) {
    this.workers = workerCount(workers);
    this.planMs = BATCH_MS;
    const { Piscina } = require("piscina") as typeof import("piscina");
    // Compiled or, in tests, TypeScript: threads inherit the loader this process was started with.
    const filename = join(__dirname, `worker-thread${extname(__filename)}`);
    this.pool = new Piscina({
      filename,
      minThreads: this.workers,
      maxThreads: this.workers,
      idleTimeout: 60_000,
    });
    this.pool.on("error", () => {}); // a death with no batch under way; the pool starts another thread
  }

  async *execute(tasks: AsyncIterator<Task>, signal: AbortSignal): AsyncGenerator<Finished> {
    const ready = new Ready<Finished>();
    const running = new Set<Promise<void>>();
    let asking: Promise<void> | null = null;
    let over = false;
    const ask = async () => {
      const batch: Task[] = [];
      const most = Math.max(1, Math.min(BATCH_PLANS_MAX, Math.floor(BATCH_MS / this.planMs)));
      while (batch.length < most) {
        const next = await tasks.next();
        if (next.done === true) {
          over = true;
          break;
        }
        batch.push(next.value);
      }
      if (batch.length === 0) return;
      const done: Promise<void> = this.runBatch(batch, ready, signal)
        .catch((error) => ready.fail(error))
        .finally(() => {
          running.delete(done);
          ready.nudge();
        });
      running.add(done);
    };
    const stop = () => ready.nudge();
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        if (!over && asking === null && running.size < this.workers * BATCHES_A_WORKER)
          asking = ask()
            .catch((error) => ready.fail(error))
            .finally(() => {
              asking = null;
              ready.nudge();
            });
        yield* ready.take();
        if (over && running.size === 0 && asking === null) {
          yield* ready.take();
          return;
        }
        await ready.wait();
      }
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  private async runBatch(batch: Task[], ready: Ready<Finished>, signal: AbortSignal): Promise<void> {
    try {
      const { texts, ms } = await this.pool.run({ plans: batch.map((t) => t.plan) });
      this.planMs = this.planMs * 0.5 + (ms / batch.length) * 0.5;
      ready.push(...batch.map((task, i) => ({ task, ...texts[i]! })));
    } catch (error) {
      if (signal.aborted) return;
      if (batch.length > 1) {
        for (const task of batch) await this.runBatch([task], ready, signal);
        return;
      }
      const [task] = batch as [Task];
      const why = `the worker that ran it ended: ${(error as Error).message}`;
      ready.push({ task, ...failedRun(task.hash, why, "broken") });
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
