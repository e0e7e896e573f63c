/**
 * Runs batches of plans in processes of their own: a plan that ends its process, as one that needs too much memory does, ends nothing
 * else. Threads cost less, but end together with their process.
 */
import type { ChildProcess } from "node:child_process";
import { ownProcess } from "./own-process";
import type { Batch, BatchDone } from "./worker-thread";

/** Runs batches; `destroy()` ends what runs, and what waits is rejected. */
export interface Pool {
  run(batch: Batch): Promise<BatchDone>;
  destroy(): Promise<unknown>;
}

interface Waiting {
  batch: Batch;
  resolve: (done: BatchDone) => void;
  reject: (error: Error) => void;
}

export class PlanProcesses implements Pool {
  private readonly idle: ChildProcess[];
  private readonly busy: Map<ChildProcess, Waiting>;
  private readonly waiting: Waiting[];

  /**
   * At most so many processes at a time. They start with the first batch that has none. `env`: their environment; null: that of
   * this process.
   */
  constructor(
    private readonly most: number,
    private readonly env: Record<string, string> | null = null,
  ) {
    this.idle = [];
    this.busy = new Map();
    this.waiting = [];
  }

  /** Rejects if the process ends before the batch is done. */
  run(batch: Batch): Promise<BatchDone> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ batch, resolve, reject });
      this.handOut();
    });
  }

  async destroy(): Promise<void> {
    const gone = new Error("the processes were closed");
    for (const one of this.waiting.splice(0)) one.reject(gone);
    for (const child of [...this.idle, ...this.busy.keys()]) child.kill("SIGKILL");
  }

  private handOut(): void {
    while (this.waiting.length > 0 && (this.idle.length > 0 || this.busy.size < this.most)) {
      const child = this.idle.pop() ?? this.started();
      const next = this.waiting.shift()!;
      this.busy.set(child, next);
      child.send(next.batch, (error) => {
        if (error) this.ended(child, error.message);
      });
    }
  }

  private started(): ChildProcess {
    const child = ownProcess("plan-process", this.env);
    child.on("message", (done: BatchDone) => {
      const asked = this.busy.get(child);
      this.busy.delete(child);
      this.idle.push(child);
      asked?.resolve(done);
      this.handOut();
    });
    child.on("error", (error) => this.ended(child, error.message));
    child.on("exit", (status, signal) => this.ended(child, signal ?? `exit status ${status}`));
    return child;
  }

  private ended(child: ChildProcess, how: string): void {
    const asked = this.busy.get(child);
    this.busy.delete(child);
    const at = this.idle.indexOf(child);
    if (at >= 0) this.idle.splice(at, 1);
    asked?.reject(new Error(how));
    this.handOut();
  }
}
