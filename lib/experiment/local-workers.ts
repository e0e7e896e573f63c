/**
 * Runs plans on the cores of this computer, with Piscina. Short plans travel in batches, so that handing them over
 * costs little. If a thread dies, its batch is run again plan by plan, and only the plan that kills the thread is
 * reported.
 */
import { availableParallelism } from "node:os";
import { extname, join } from "node:path";
import { errorOf, InputError } from "../base/errors";
import { isCodeAllowed } from "../change/allowed";
import { codeIn } from "../change/code";
import { type Executor, type Finished, inBatches, Ready, type Task } from "./executor";
import type { Plan } from "./plan";
import { PlanProcesses, type Pool } from "./plan-processes";
import { failedRun } from "./run-text";
import { MEMORY_VARIABLE, SECONDS_VARIABLE } from "./weight";
import type { Batch, BatchDone } from "./worker-thread";

/** Target duration of a batch; handing one over costs about 0.1 ms. */
const BATCH_MS = 100;
const BATCH_PLANS_MAX = 256;
/** Batches in flight per worker: one runs, one waits. */
const BATCHES_A_WORKER = 2;

export const WORKERS_MAX = 256;

/** `given`, or one per core. */
export function workerCount(given?: number): number {
  const count = given ?? availableParallelism();
  if (!Number.isInteger(count) || count < 1 || count > WORKERS_MAX)
    throw new InputError(`workers: must be a whole number from 1 to ${WORKERS_MAX}: got ${given}`);
  return count;
}

/** What plans of strangers may do; otherwise plans may do what this process may. */
export interface StrangerLimits {
  /** The only code they run, by SHA-256. */
  allowCode: ReadonlySet<string>;
  /** The most memory a plan may take. */
  memoryBytes: number;
  /** Seconds of a core that a plan may be likely to take. */
  seconds: number;
}

export class LocalWorkers implements Executor {
  private started: Pool | null;
  private readonly workers: number;
  /** Recent mean duration of a plan in milliseconds. */
  private planMs: number;
  private closed: boolean;

  /**
   * `workers` threads (default one per core), but no more than there are `plans`. They start with the first plan. `apart`: in
   * processes in place of threads, so that a plan that ends its process does not end this one.
   */
  constructor(
    workers?: number,
    plans = Number.POSITIVE_INFINITY,
    private readonly stranger: StrangerLimits | null = null,
    private readonly apart = false,
  ) {
    this.workers = Math.max(1, Math.min(workerCount(workers), plans));
    this.planMs = BATCH_MS;
    this.started = null;
    this.closed = false;
  }

  private get pool(): Pool {
    this.started ??= this.apart ? new PlanProcesses(this.workers, this.environment) : this.threadPool();
    return this.started;
  }

  /** What workers find in their environment; null: that of this process. */
  private get environment(): Record<string, string> | null {
    if (this.stranger === null) return null;
    const own = process.env as Record<string, string>;
    const { memoryBytes, seconds } = this.stranger;
    return { ...own, [MEMORY_VARIABLE]: String(memoryBytes), [SECONDS_VARIABLE]: String(seconds) };
  }

  private threadPool(): Pool {
    const { Piscina }: typeof import("piscina") = require("piscina");
    // Threads inherit the loader of this process: the code is compiled or, in tests, TypeScript.
    const filename = join(__dirname, `worker-thread${extname(__filename)}`);
    const threads = { minThreads: this.workers, maxThreads: this.workers, idleTimeout: 60_000 };
    const env = this.environment;
    const pool = new Piscina<Batch, BatchDone>({ filename, ...threads, ...(env !== null && { env }) });
    pool.on("error", () => {}); // a thread died without a batch; the pool starts another one
    return pool;
  }

  get threads(): number {
    return this.workers;
  }

  execute(parts: AsyncIterator<Task[]>, signal: AbortSignal): AsyncGenerator<Finished> {
    const ready = new Ready<Finished>();
    let running = 0;
    const carrier = {
      limit: BATCH_PLANS_MAX,
      enough: () => Math.max(1, Math.min(BATCH_PLANS_MAX, Math.floor(BATCH_MS / this.planMs))),
      room: () => running < this.workers * BATCHES_A_WORKER,
      idle: () => running === 0,
      send: (batch: Task[]) => {
        running++;
        this.runBatch(batch, ready, signal)
          .catch((error) => ready.fail(error))
          .finally(() => {
            running--;
            ready.nudge();
          });
      },
    };
    return inBatches(parts, carrier, ready, signal);
  }

  private async runBatch(batch: Task[], ready: Ready<Finished>, signal: AbortSignal): Promise<void> {
    try {
      const { finished, ms } = await this.run(batch);
      this.planMs = this.planMs * 0.5 + (ms / batch.length) * 0.5;
      ready.push(...finished);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /**
   * Runs tasks on one thread. Throws only if the threads were closed meanwhile. A plan whose thread dies gets a second
   * thread, because the first may have been dying already.
   */
  async run(tasks: Task[], again = true): Promise<{ finished: Finished[]; ms: number }> {
    try {
      const plans = tasks.map((t) => t.plan);
      const { texts, ms } = await this.pool.run({ plans, allowed: this.allowedIn(plans) });
      return { finished: tasks.map((task, i) => ({ task, ...texts[i]! })), ms };
    } catch (error) {
      if (this.closed) throw error;
      const others = tasks.slice(1);
      if (others.length === 0 && again) return this.run(tasks, false);
      if (others.length === 0) {
        const why = `the worker that ran it ended: ${errorOf(error).message}`;
        return { finished: [{ task: tasks[0]!, ...failedRun(tasks[0]!.hash, why, "broken") }], ms: 0 };
      }
      const singly: Finished[] = [];
      for (const task of tasks) singly.push(...(await this.run([task])).finished);
      return { finished: singly, ms: 0 };
    }
  }

  /** The code that the threads may run: what is allowed here, or to these workers. */
  private allowedIn(plans: readonly Plan[]): string[] {
    const code = codeIn(plans.map(({ machine }) => machine)).map(({ sha256 }) => sha256);
    return code.filter((sha256) =>
      this.stranger === null ? isCodeAllowed(sha256) : this.stranger.allowCode.has(sha256),
    );
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.started?.destroy();
  }
}
