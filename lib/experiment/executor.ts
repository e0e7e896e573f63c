/** Who runs plans: threads of this computer, or workers of a cluster. */
import type { Plan } from "./plan";
import { type RunText, sharing } from "./run-text";

/** A plan on its way. */
export interface Task {
  /** Its place in the sweep. */
  index: number;
  plan: Plan;
  /** SHA-256 of the plan. */
  hash: string;
}

/** A plan that came back. */
export interface Finished extends RunText {
  task: Task;
}

export interface Executor {
  /** Takes tasks as it has room for them, and yields what is finished, in any order. Stops soon after `signal` aborts. */
  execute(tasks: AsyncIterator<Task>, signal: AbortSignal): AsyncGenerator<Finished>;
  /** Ends it at once; nothing runs afterwards. */
  close(): Promise<void>;
}

/** Results that are ready, for one reader: whoever finishes pushes, the reader waits. */
export class Ready<T> {
  private readonly items: T[] = [];
  private wake: (() => void) | undefined;
  private nudged = false;
  private failure: unknown;

  push(...items: T[]): void {
    this.items.push(...items);
    this.wake?.();
  }

  /** Wakes the reader, which looks at what has changed; one that is not waiting does so when it next would. */
  nudge(): void {
    this.nudged = true;
    this.wake?.();
  }

  fail(error: unknown): void {
    this.failure ??= error;
    this.wake?.();
  }

  /** What is there; throws what was failed with. */
  take(): T[] {
    if (this.failure !== undefined) throw this.failure;
    return this.items.splice(0);
  }

  /** Until there is something, or nudge(). */
  async wait(): Promise<void> {
    if (!this.nudged && this.items.length === 0 && this.failure === undefined)
      await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
    this.nudged = false;
  }
}

/** Where batches of plans are sent. */
export interface Carrier {
  /** Plans that the next batch may have. */
  most(): number;
  /** True when another batch should be on its way. */
  room(): boolean;
  /** True when nothing is on its way. */
  idle(): boolean;
  /** Sends a batch. Its results come through `ready`, which is nudged when there may be room again. */
  send(batch: Task[]): Promise<void> | void;
}

/** So many tasks are read ahead, to find those that share a machine. */
const LOOK_AHEAD = 16;

/** Tasks in an order that brings together those that share a machine. */
class TasksAhead {
  private readonly ahead: Task[] = [];
  private over = false;

  constructor(private readonly tasks: AsyncIterator<Task>) {}

  get done(): boolean {
    return this.over && this.ahead.length === 0;
  }

  /** The next task, and those near it that run on the same machine; none when all were taken. */
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

/** Keeps as many batches on their way as the carrier has room for, and yields what `ready` gets, until all tasks are done. */
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
