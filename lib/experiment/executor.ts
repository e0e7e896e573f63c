/** Runs plans: on threads of this computer, or on workers of a cluster. */
import { append } from "../base/append";
import type { Plan } from "./plan";
import type { RunText } from "./run-text";

/** A plan to run. */
export interface Task {
  /** Its index in the sweep. */
  index: number;
  plan: Plan;
  /** SHA-256 of the plan. */
  hash: string;
}

/** A finished plan. */
export interface Finished extends RunText {
  task: Task;
}

export interface Executor {
  /** How many plans it runs at a time, as far as it knows. */
  readonly threads: number;
  /**
   * Takes parts when it has room for them, and yields finished tasks in any order. The tasks of a part run on one machine
   * if they may. After an empty part, tasks it has taken must not wait for further ones. Stops soon after `signal` aborts.
   */
  execute(parts: AsyncIterator<Task[]>, signal: AbortSignal): AsyncGenerator<Finished>;
  /** Ends every run immediately. */
  close(): Promise<void>;
}

/** A queue of finished results with one reader, which waits for them. */
export class Ready<T> {
  private readonly items: T[] = [];
  private wake: (() => void) | undefined;
  private nudged = false;
  private failure: unknown;

  push(...items: T[]): void {
    append(this.items, items);
    this.wake?.();
  }

  /** Wakes the reader, or makes its next wait() return at once. */
  nudge(): void {
    this.nudged = true;
    this.wake?.();
  }

  fail(error: unknown): void {
    this.failure ??= error;
    this.wake?.();
  }

  /** The results so far; throws the error given to fail(). */
  take(): T[] {
    if (this.failure !== undefined) throw this.failure;
    return this.items.splice(0);
  }

  /** Waits for a result or for nudge(). */
  async wait(): Promise<void> {
    if (!this.nudged && this.items.length === 0 && this.failure === undefined)
      await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
    this.nudged = false;
  }
}

/** Carries batches of plans to threads or workers. */
export interface Carrier {
  /** The most plans of a batch that has more than one part. */
  readonly limit: number;
  /** Plans that the next batch should have. */
  enough(): number;
  /** True if another batch should be sent. */
  room(): boolean;
  /** True if no batch is in flight. */
  idle(): boolean;
  /** Sends a batch. Its results arrive in `ready`, which is nudged when there may be room again. */
  send(batch: Task[]): Promise<void> | void;
}

/** Makes batches of whole parts, so that those that share a machine travel together. */
class PartsAhead {
  private ahead: Task[] | null;
  private over: boolean;

  constructor(private readonly parts: AsyncIterator<Task[]>) {
    this.ahead = null;
    this.over = false;
  }

  get done(): boolean {
    return this.over && this.ahead === null;
  }

  /** The next tasks: parts until there are `enough` tasks or an empty part comes, `limit` at most; empty if all were taken. */
  async take(enough: number, limit: number): Promise<Task[]> {
    const batch: Task[] = [];
    while (batch.length < enough) {
      const part = this.ahead ?? (await this.next());
      this.ahead = null;
      if (part === null || (part.length === 0 && batch.length > 0)) break;
      if (batch.length > 0 && batch.length + part.length > limit) {
        this.ahead = part;
        break;
      }
      append(batch, part);
    }
    return batch;
  }

  private async next(): Promise<Task[] | null> {
    if (this.over) return null;
    const { done, value } = await this.parts.next();
    if (done !== true) return value;
    this.over = true;
    return null;
  }
}

/** Keeps as many batches in flight as the carrier has room for, and yields the results, until all tasks are done. */
export async function* inBatches(
  parts: AsyncIterator<Task[]>,
  carrier: Carrier,
  ready: Ready<Finished>,
  signal: AbortSignal,
): AsyncGenerator<Finished> {
  let filling = false;
  const source = new PartsAhead(parts);
  const fill = async () => {
    while (!source.done && !signal.aborted && carrier.room()) {
      const batch = await source.take(carrier.enough(), carrier.limit);
      if (batch.length > 0) await carrier.send(batch);
    }
  };
  const stop = () => ready.nudge();
  signal.addEventListener("abort", stop);
  try {
    while (!signal.aborted) {
      if (!source.done && !filling && carrier.room()) {
        filling = true;
        fill()
          .catch((error) => ready.fail(error))
          .finally(() => {
            filling = false;
            ready.nudge();
          });
      }
      yield* ready.take();
      if (source.done && !filling && carrier.idle()) {
        yield* ready.take();
        return;
      }
      await ready.wait();
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
