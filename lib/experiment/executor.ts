/** Runs plans: on threads of this computer, or on workers of a cluster. */
import type { Plan } from "./plan";
import { type RunText, sharing } from "./run-text";

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
  /** Takes tasks when it has room for them, and yields finished ones in any order. Stops soon after `signal` aborts. */
  execute(tasks: AsyncIterator<Task>, signal: AbortSignal): AsyncGenerator<Finished>;
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
    this.items.push(...items);
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
  /** The most plans of the next batch. */
  most(): number;
  /** True if another batch should be sent. */
  room(): boolean;
  /** True if no batch is in flight. */
  idle(): boolean;
  /** Sends a batch. Its results arrive in `ready`, which is nudged when there may be room again. */
  send(batch: Task[]): Promise<void> | void;
}

/** How many tasks are read ahead to find those that share a machine. */
const LOOK_AHEAD = 16;

/** Orders tasks so that those that share a machine are adjacent. */
class TasksAhead {
  private readonly ahead: Task[] = [];
  private over = false;

  constructor(private readonly tasks: AsyncIterator<Task>) {}

  get done(): boolean {
    return this.over && this.ahead.length === 0;
  }

  /** The next task, and those near it that run on the same machine; empty if all were taken. */
  async take(): Promise<Task[]> {
    const { ahead } = this;
    while (!this.over && ahead.length < LOOK_AHEAD) {
      const next = await this.tasks.next();
      if (next.done === true) this.over = true;
      else ahead.push(next.value);
    }
    const first = ahead.shift();
    if (first === undefined) return [];
    const group = [first];
    for (let i = 0; i < ahead.length; i++)
      if (sharing(first.plan, ahead[i]!.plan)) group.push(...ahead.splice(i--, 1));
    return group;
  }
}

/** Keeps as many batches in flight as the carrier has room for, and yields the results, until all tasks are done. */
export async function* inBatches(
  tasks: AsyncIterator<Task>,
  carrier: Carrier,
  ready: Ready<Finished>,
  signal: AbortSignal,
): AsyncGenerator<Finished> {
  let filling = false;
  const source = new TasksAhead(tasks);
  const fill = async () => {
    while (!source.done && !signal.aborted && carrier.room()) {
      const batch: Task[] = [];
      const most = carrier.most();
      while (batch.length < most) {
        const group = await source.take();
        if (group.length === 0) break;
        batch.push(...group);
      }
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
