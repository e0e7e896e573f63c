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
  private failure: unknown;

  push(...items: T[]): void {
    this.items.push(...items);
    this.wake?.();
  }

  /** Wakes the reader, which looks at what has changed. */
  nudge(): void {
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
  wait(): Promise<void> {
    if (this.items.length > 0 || this.failure !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = undefined;
        resolve();
      };
    });
  }
}
