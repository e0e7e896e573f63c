/**
 * Many plans: what the store has is not run again, the others go to an executor, and results are handed on in the order of the
 * plans whatever order they come back in. Memory is bounded: a plan is taken only when the earliest unfinished one is near.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import type { Executor, Task } from "./executor";
import type { Keeper, StoredRun } from "./keeper";
import type { Plan } from "./plan";
import { type Progress, ProgressMeter } from "./progress";
import type { RunText } from "./run-text";

/** Plans between the earliest unfinished one and the latest taken: bounds what waits for its turn. */
const WINDOW = 4096;
/**
 * Plans looked up in the store at a time. A look costs the store a pass over all it has, so where most are found the next
 * look is for twice as many; where they are not, workers wait for the first of them.
 */
const LOOKUP = 256;
const LOOKUP_MOST = 16_384;
/** Results written at a time, and how long one waits to be. */
const FLUSH_RUNS = 500;
const FLUSH_MS = 1000;
/** Failures told in a summary; all are counted. */
const FAILURES_TOLD = 10;

export interface RunPlansOptions {
  executor: Executor;
  /** None: nothing is kept and nothing is known. */
  store?: Keeper | null;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** The plans may end before `count`, and are taken `ahead` at a time, so that they can decide late. */
  early?: { ahead: number };
  /** Every run, in the order of the plans. */
  onRun?: (run: RunText & { index: number; hash: string; plan: Plan }) => void;
}

/** What a sweep came to. */
export interface RunSummary {
  /** Plans there are, run now, and found in the store. */
  plans: number;
  run: number;
  fromStore: number;
  /** Plans that gave no outcome; of the plans run or found. */
  failed: number;
  /** SHA-256 over every run's canonical JSON, a line each, in the order of the plans; null when it was cancelled. */
  resultsHash: string | null;
  seconds: number;
  cancelled: boolean;
  /** The first failures. */
  failures: { index: number; plan: string; error: string }[];
}

interface Waiting {
  task: Task;
  /** Later places of the same plan. */
  alsoAt: number[];
}

/** Runs `count` plans. Throws only when the store or the executor as a whole fails; what was finished is kept even then. */
export async function runPlans(
  plans: Iterable<Plan>,
  count: number,
  options: RunPlansOptions,
): Promise<RunSummary> {
  const signal = options.signal ?? new AbortController().signal;
  const book = new Book(count, options);
  const tasks = book.tasks(plans[Symbol.iterator](), signal);
  try {
    for await (const { task, text, state } of options.executor.execute(tasks, signal)) {
      book.finished(task, { text, state });
      await book.flushIfDue();
    }
  } finally {
    await book.flush();
  }
  return book.summary(signal.aborted);
}

/**
 * Names of the plans of one sweep: sha256Of(), where the parts that plans have in common (the same objects) are written as
 * canonical JSON once. A sweep changes no plan that it has handed out.
 */
class PlanNames {
  private readonly written = new WeakMap<object, string>();

  hashOf(plan: Plan): string {
    const fields = Object.entries(plan).filter(([, value]) => value !== undefined);
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    const text = fields.map(([key, value]) => `${JSON.stringify(key)}:${this.textOf(value)}`).join(",");
    return createHash("sha256").update(`{${text}}`).digest("hex");
  }

  private textOf(value: unknown): string {
    if (typeof value !== "object" || value === null) return canonicalJson(value);
    let text = this.written.get(value);
    if (text === undefined) {
      text = canonicalJson(value);
      this.written.set(value, text);
    }
    return text;
  }
}

/** Keeps account of one sweep. */
class Book {
  private readonly hash = createHash("sha256");
  private readonly started = performance.now();
  /** Finished plans that wait for an earlier one. */
  private readonly early = new Map<number, RunText & { hash: string; plan: Plan }>();
  private readonly waiting = new Map<string, Waiting>();
  private readonly unsaved: StoredRun[] = [];
  private readonly failures: RunSummary["failures"] = [];
  private readonly meter: ProgressMeter;
  private savedAt = performance.now();
  private next = 0;
  private ran = 0;
  private found = 0;
  private failed = 0;
  private wake: (() => void) | null = null;

  constructor(
    private count: number,
    private readonly options: RunPlansOptions,
  ) {
    this.meter = new ProgressMeter(count, options.onProgress);
  }

  /** Plans that have to be run, as the executor asks for them. */
  async *tasks(plans: Iterator<Plan>, signal: AbortSignal): AsyncGenerator<Task> {
    const { store, early } = this.options;
    const stop = () => this.wake?.();
    signal.addEventListener("abort", stop, { once: true });
    const names = new PlanNames();
    let lookup = early?.ahead ?? LOOKUP;
    for (let index = 0, over = false; !over && !signal.aborted; ) {
      const chunk: Task[] = [];
      while (chunk.length < lookup) {
        const { done, value } = plans.next();
        if (done === true) {
          over = true;
          if (early !== undefined) this.count = index;
          break;
        }
        chunk.push({ index: index++, plan: value, hash: names.hashOf(value) });
      }
      const known = store ? await store.get(chunk.map((t) => t.hash)) : new Map<string, RunText>();
      if (early === undefined)
        lookup = known.size * 2 > chunk.length ? Math.min(lookup * 2, LOOKUP_MOST) : LOOKUP;
      for (const task of chunk) {
        const text = known.get(task.hash);
        if (text !== undefined) {
          this.found++;
          this.take(task, text);
          continue;
        }
        const twin = this.waiting.get(task.hash);
        if (twin !== undefined) {
          twin.alsoAt.push(task.index);
          continue;
        }
        while (task.index - this.next > WINDOW && !signal.aborted)
          await new Promise<void>((resolve) => (this.wake = resolve));
        if (signal.aborted) break;
        this.waiting.set(task.hash, { task, alsoAt: [] });
        yield task;
      }
    }
    signal.removeEventListener("abort", stop);
  }

  finished(task: Task, run: RunText): void {
    const waiting = this.waiting.get(task.hash);
    if (waiting === undefined) return; // came twice: the first one counts
    this.waiting.delete(task.hash);
    this.ran++;
    if (run.state !== "broken")
      this.unsaved.push({ ...run, hash: task.hash, plan: canonicalJson(task.plan) });
    this.take(task, run);
    for (const index of waiting.alsoAt) {
      this.found++;
      this.take({ ...task, index }, run);
    }
  }

  private take(task: Task, run: RunText): void {
    if (run.state !== "ok") {
      this.failed++;
      if (this.failures.length < FAILURES_TOLD) {
        const { error }: { error: string } = JSON.parse(run.text);
        this.failures.push({ index: task.index, plan: task.hash, error });
      }
    }
    this.early.set(task.index, { ...run, hash: task.hash, plan: task.plan });
    for (let ready = this.early.get(this.next); ready !== undefined; ready = this.early.get(this.next)) {
      this.early.delete(this.next);
      this.hash.update(`${ready.text}\n`);
      this.options.onRun?.({ index: this.next, ...ready });
      this.next++;
    }
    this.meter.tick(this.ran, this.found, this.failed);
    this.wake?.();
    this.wake = null;
  }

  async flushIfDue(): Promise<void> {
    if (
      this.unsaved.length >= FLUSH_RUNS ||
      (this.unsaved.length > 0 && performance.now() - this.savedAt > FLUSH_MS)
    )
      await this.flush();
  }

  async flush(): Promise<void> {
    this.savedAt = performance.now();
    const runs = this.unsaved.splice(0);
    if (runs.length > 0) await this.options.store?.put(runs);
  }

  summary(aborted: boolean): RunSummary {
    const complete = this.next === this.count;
    if (!complete && !aborted)
      throw new InputError(`sweep: ${this.count} plans were announced, ${this.next} came back`);
    this.meter.end(this.ran, this.found, this.failed);
    return {
      plans: this.count,
      run: this.ran,
      fromStore: this.found,
      failed: this.failed,
      resultsHash: complete ? this.hash.digest("hex") : null,
      seconds: Number(((performance.now() - this.started) / 1000).toFixed(3)),
      cancelled: !complete,
      failures: this.failures.sort((a, b) => a.index - b.index),
    };
  }
}
