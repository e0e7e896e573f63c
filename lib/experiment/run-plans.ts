/**
 * Many plans: what the store has is not run again, the others go to an executor, and results are handed on in the order
 * of the plans. They are run in another one: plans with the same history follow one another, so that their machine ages
 * once. Memory is bounded: plans are made when they are looked at, and results that come early wait in a file if there
 * are many.
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { append } from "../base/append";
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { EarlyRuns } from "./early-runs";
import type { Executor, Task } from "./executor";
import { Histories, inParts, partSize } from "./histories";
import type { Keeper, StoredRun } from "./keeper";
import type { Plan } from "./plan";
import { PlanNames } from "./plan-names";
import type { Plans } from "./plans";
import { type Progress, ProgressMeter } from "./progress";
import type { RunText } from "./run-text";

/** Plans among which those with the same history are found. */
const STRETCH = 2 ** 17;
/** Plans looked up in the store at a time, first and at most: a look costs the store a pass over all it has. */
const LOOKUP = 256;
const LOOKUP_MOST = 16_384;
/** Results written at a time, and how long one waits to be. */
const FLUSH_RUNS = 500;
const FLUSH_MS = 1000;
/** Failures told in a summary; all are counted. */
export const FAILURES_TOLD = 10;

export interface RunPlansOptions {
  executor: Executor;
  /** None: nothing is kept and nothing is known. */
  store?: Keeper | null;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
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

/** Plans of a stretch that have to be run, as columns. Of equal ones only the first is run. */
class Missing {
  readonly index: number[] = [];
  readonly hash: string[] = [];
  readonly history: number[] = [];
  private readonly places = new Map<string, number>();
  private readonly twins = new Map<number, number[]>();

  add({ index, hash, history }: { index: number; hash: string; history: number }): void {
    const place = this.places.get(hash);
    if (place === undefined) {
      this.places.set(hash, this.index.length);
      this.index.push(index);
      this.hash.push(hash);
      this.history.push(history);
      return;
    }
    const also = this.twins.get(place);
    if (also === undefined) this.twins.set(place, [index]);
    else also.push(index);
  }

  /** Indices of the later plans that equal the one at `place`. */
  alsoAt(place: number): number[] {
    return this.twins.get(place) ?? [];
  }
}

const NOTHING: ReadonlyMap<string, RunText> = new Map();

/** Runs all plans. Throws only when the store or the executor as a whole fails; what was finished is kept even then. */
export async function runPlans(plans: Plans, options: RunPlansOptions): Promise<RunSummary> {
  const signal = options.signal ?? new AbortController().signal;
  const book = new Book(plans, options);
  try {
    for await (const { task, text, state } of options.executor.execute(book.parts(signal), signal)) {
      book.finished(task, { text, state });
      await book.flushIfDue();
    }
  } finally {
    await book.close();
  }
  return book.summary(signal.aborted);
}

/** Keeps account of one sweep. */
class Book {
  private readonly hash = createHash("sha256");
  private readonly started = performance.now();
  private readonly names = new PlanNames();
  private readonly early = new EarlyRuns();
  /** Later places of each plan that is being run, by its hash. */
  private readonly waiting = new Map<string, number[]>();
  private readonly unsaved: StoredRun[] = [];
  private readonly failures: RunSummary["failures"] = [];
  private readonly meter: ProgressMeter;
  private savedAt = performance.now();
  private next = 0;
  private ran = 0;
  private found = 0;
  private failed = 0;
  private wake: (() => void) | null = null;
  private closed = false;
  private looking: Promise<ReadonlyMap<string, RunText>> | null = null;

  constructor(
    private readonly plans: Plans,
    private readonly options: RunPlansOptions,
  ) {
    this.meter = new ProgressMeter(plans.count, options.onProgress);
  }

  /**
   * Plans that have to be run, as the executor asks for them: each part on one machine. An empty part comes before the
   * next one may take long or wait for results: parts that the executor still gathers must go now, or nothing ends.
   */
  async *parts(signal: AbortSignal): AsyncGenerator<Task[]> {
    const stop = () => this.wake?.();
    signal.addEventListener("abort", stop, { once: true });
    for (let from = 0; from < this.plans.count && !signal.aborted; from += STRETCH) {
      if (from > 0) yield [];
      // Results of one stretch may wait for those of the stretch before, but of no earlier one.
      while (from - this.next > STRETCH && !signal.aborted)
        await new Promise<void>((resolve) => (this.wake = resolve));
      const missing = await this.survey(from, Math.min(from + STRETCH, this.plans.count), signal);
      const most = partSize(missing.index.length, this.options.executor.threads);
      for (const part of inParts(missing.history, most)) {
        if (signal.aborted) break;
        const tasks = this.begin(part, missing);
        if (tasks.length > 0) yield tasks;
      }
    }
    signal.removeEventListener("abort", stop);
  }

  /** Looks at the plans of a stretch: takes those that the store has, and finds the histories of the others. */
  private async survey(from: number, to: number, signal: AbortSignal): Promise<Missing> {
    const { store } = this.options;
    const missing = new Missing();
    const histories = new Histories();
    for (let at = from, lookup = LOOKUP; at < to && !signal.aborted && !this.closed; ) {
      const met = Array.from({ length: Math.min(lookup, to - at) }, (_, i) => {
        const plan = this.plans.at(at + i);
        const name = this.names.nameOf(plan);
        return { index: at + i, hash: name.hash, history: histories.of(plan, name) };
      });
      this.looking = store?.get(met.map((plan) => plan.hash)) ?? setImmediate(NOTHING);
      const known = await this.looking;
      for (const plan of met) {
        const text = known.get(plan.hash);
        if (text === undefined) missing.add(plan);
        else {
          this.found++;
          this.take(plan.index, plan.hash, text);
        }
      }
      at += met.length;
      lookup = Math.min(2 * lookup, LOOKUP_MOST);
    }
    return missing;
  }

  /** The tasks of a part, without plans that are being run already. */
  private begin(part: readonly number[], missing: Missing): Task[] {
    const tasks: Task[] = [];
    for (const place of part) {
      const index = missing.index[place]!;
      const hash = missing.hash[place]!;
      const alsoAt = missing.alsoAt(place);
      const running = this.waiting.get(hash);
      if (running !== undefined) {
        running.push(index);
        append(running, alsoAt);
        continue;
      }
      this.waiting.set(hash, alsoAt);
      tasks.push({ index, hash, plan: this.plans.at(index) });
    }
    return tasks;
  }

  finished(task: Task, run: RunText): void {
    const alsoAt = this.waiting.get(task.hash);
    if (alsoAt === undefined) return; // came twice: the first one counts
    this.waiting.delete(task.hash);
    this.ran++;
    if (run.state !== "broken")
      this.unsaved.push({ ...run, hash: task.hash, plan: canonicalJson(task.plan) });
    this.take(task.index, task.hash, run);
    for (const index of alsoAt) {
      this.found++;
      this.take(index, task.hash, run);
    }
  }

  private take(index: number, hash: string, { text, state }: RunText): void {
    if (state !== "ok") {
      this.failed++;
      const { error }: { error: string } = JSON.parse(text);
      this.failures.push({ index, plan: hash, error });
      this.failures.sort((a, b) => a.index - b.index);
      if (this.failures.length > FAILURES_TOLD) this.failures.pop();
    }
    if (index === this.next) this.tell({ hash, text, state });
    else this.early.put(index, { hash, text, state });
    for (let run = this.early.take(this.next); run !== undefined; run = this.early.take(this.next))
      this.tell(run);
    this.meter.tick(this.ran, this.found, this.failed);
    this.wake?.();
    this.wake = null;
  }

  /** Tells the run that is next in the order of the plans. */
  private tell({ hash, text, state }: RunText & { hash: string }): void {
    const index = this.next++;
    this.hash.update(`${text}\n`);
    this.options.onRun?.({ index, hash, text, state, plan: this.plans.at(index) });
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

  /** Waits for a look into the store that is under way: nobody may close it meanwhile. */
  async close(): Promise<void> {
    this.closed = true;
    await this.looking?.catch(() => {});
    this.early.close();
    await this.flush();
  }

  summary(aborted: boolean): RunSummary {
    const { count } = this.plans;
    const complete = this.next === count;
    if (!complete && !aborted)
      throw new InputError(`sweep: ${count} plans were announced, ${this.next} came back`);
    this.meter.end(this.ran, this.found, this.failed);
    return {
      plans: count,
      run: this.ran,
      fromStore: this.found,
      failed: this.failed,
      resultsHash: complete ? this.hash.digest("hex") : null,
      seconds: Number(((performance.now() - this.started) / 1000).toFixed(3)),
      cancelled: !complete,
      failures: this.failures,
    };
  }
}
