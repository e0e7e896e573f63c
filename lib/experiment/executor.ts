/** Who runs plans: threads of this computer, or workers of a cluster. */
import type { Plan } from "./plan";
import type { RunText } from "./run-text";

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

/** Keeps as many batches on their way as the carrier has room for, and yields what `ready` gets, until all tasks are done. */
export async function* inBatches(
  tasks: AsyncIterator<Task>,
  carrier: Carrier,
  ready: Ready<Finished>,
  signal: AbortSignal,
): AsyncGenerator<Finished> {
  let filling = false;
  let over = false;
  const fill = async () => {
    while (!over && !signal.aborted && carrier.room()) {
      const batch: Task[] = [];
      const most = carrier.most();
      while (batch.length < most) {
        const next = await tasks.next();
        over = next.done === true;
        if (next.done === true) break;
        batch.push(next.value);
      }
      if (batch.length > 0) await carrier.send(batch);
    }
  };
  const stop = () => ready.nudge();
  signal.addEventListener("abort", stop);
  try {
    while (!signal.aborted) {
      if (!over && !filling && carrier.room()) {
        filling = true;
        fill()
          .catch((error) => ready.fail(error))
          .finally(() => {
            filling = false;
            ready.nudge();
          });
      }
      yield* ready.take();
      if (over && !filling && carrier.idle()) {
        yield* ready.take();
        return;
      }
      await ready.wait();
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
