/**
 * Runs plans on the workers of a cluster, through BullMQ on Redis. BullMQ returns the jobs of dead workers to the
 * queue. After a restart of Redis, lost jobs are sent again. Every plan counts once, however often it was run: equal
 * plans give equal texts.
 */
import { randomUUID } from "node:crypto";
import type { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import { InputError } from "../base/errors";
import {
  clusterKey,
  JOB_PLANS_MAX,
  KEY_PREFIX,
  type Presence,
  presenceKey,
  queueName,
  REFUSED,
  readResult,
  writeJob,
} from "./cluster-protocol";
import { engineVersion } from "./engine-version";
import { type Executor, type Finished, inBatches, Ready, type Task } from "./executor";
import { connectRedis, twin } from "./redis-connection";
import { failedRun } from "./run-text";

/** Target duration of a job: sending it through Redis costs a few milliseconds. */
const JOB_MS = 200;
/** The most plans in flight. */
const PLANS_UNDER_WAY = 256;
/** How often to check on jobs whose end may have been missed. */
const LOOK_AFTER_MS = 1500;
/** A sweep gives up after this time if there are workers, but none with this engine. */
const ONLY_OTHERS_MS = 5000;
/** Threads that are assumed until workers have announced theirs. */
const THREADS_ASSUMED = 8;
/** The longest time to wait for Redis to come back. */
const AWAY_MS = 120_000;

interface Sent {
  tasks: Task[];
  sentAt: number;
}

export class Cluster implements Executor {
  private readonly ready: Ready<Finished>;
  private readonly sent: Map<string, Sent>;
  private readonly sweep: string;
  private readonly key: string | undefined;
  private readonly told: Set<string>;
  /** Threads of the workers that were present last. */
  threads: number;
  private jobs: number;
  private underWay: number;
  private planMs: number;
  private onlyOthersSince: number | null;
  private awaySince: number | null;
  private timer: NodeJS.Timeout | undefined;
  private looking: boolean;

  private constructor(
    private readonly redis: Redis,
    private readonly listening: Redis,
    private readonly queue: Queue,
    private readonly events: QueueEvents,
    private readonly engine: string,
    private readonly report: (line: string) => void,
  ) {
    this.ready = new Ready();
    this.sent = new Map();
    this.sweep = randomUUID();
    this.key = clusterKey();
    this.told = new Set();
    this.threads = THREADS_ASSUMED;
    this.jobs = 0;
    this.underWay = 0;
    this.planMs = JOB_MS;
    this.onlyOthersSince = null;
    this.awaySince = null;
    this.looking = false;
    events.on("completed", ({ jobId, returnvalue }) => this.completed(jobId, returnvalue));
    events.on("failed", ({ jobId, failedReason }) => this.failed(jobId, failedReason));
    // Both reconnect automatically; the timer reports a long outage.
    queue.on("error", () => {});
    events.on("error", () => {});
    redis.on("close", () => (this.awaySince ??= performance.now()));
    redis.on("ready", () => (this.awaySince = null));
  }

  /**
   * Throws InputError if Redis cannot be reached. `report` receives a line per message that is refused or sent again.
   */
  static async connect(url: string, report: (line: string) => void = () => {}): Promise<Cluster> {
    const redis = await connectRedis(url);
    const engine = engineVersion();
    const { Queue: Jobs, QueueEvents: Events }: typeof import("bullmq") = require("bullmq");
    const prefix = KEY_PREFIX;
    const listening = twin(redis);
    const queue = new Jobs(queueName(engine), { connection: redis, prefix });
    const events = new Events(queueName(engine), { connection: listening, prefix });
    const cluster = new Cluster(redis, listening, queue, events, engine, report);
    await events.waitUntilReady();
    return cluster;
  }

  async *execute(parts: AsyncIterator<Task[]>, signal: AbortSignal): AsyncGenerator<Finished> {
    this.timer = setInterval(() => void this.lookAfter(), LOOK_AFTER_MS);
    await this.lookAfter(); // how many threads there are decides how plans are divided
    const carrier = {
      limit: JOB_PLANS_MAX,
      enough: () => Math.max(1, Math.min(JOB_PLANS_MAX, Math.floor(JOB_MS / this.planMs))),
      room: () => this.underWay < PLANS_UNDER_WAY,
      idle: () => this.sent.size === 0,
      send: (batch: Task[]) => this.send(batch),
    };
    try {
      yield* inBatches(parts, carrier, this.ready, signal);
      if (signal.aborted) await this.withdraw();
    } finally {
      clearInterval(this.timer);
    }
  }

  private async send(tasks: Task[]): Promise<void> {
    const id = `${this.sweep}-${this.jobs++}`;
    this.sent.set(id, { tasks, sentAt: performance.now() });
    this.underWay += tasks.length;
    await this.add(id, tasks);
  }

  /** Does nothing if there is already a job with this id. */
  private async add(id: string, tasks: Task[]): Promise<void> {
    const data = writeJob(
      tasks.map((t) => t.plan),
      this.engine,
      this.key,
    );
    await this.queue.add("plans", data, {
      jobId: id,
      removeOnComplete: { age: 86_400 },
      removeOnFail: { age: 86_400 },
    });
  }

  private completed(id: string, value: unknown): void {
    const job = this.sent.get(id);
    if (job === undefined) return;
    try {
      const hashes = job.tasks.map((t) => t.hash);
      const parsed = typeof value === "string" ? JSON.parse(value) : value;
      const { runs, ms } = readResult(parsed, hashes, this.engine, this.key);
      this.planMs = this.planMs * 0.7 + (ms / runs.length) * 0.3;
      this.settle(
        id,
        job,
        job.tasks.map((task, i) => ({ task, ...runs[i]! })),
      );
    } catch (error) {
      this.ready.fail(error instanceof InputError ? new InputError(`cluster: ${error.message}`) : error);
    }
  }

  private failed(id: string, reason: string): void {
    const job = this.sent.get(id);
    if (job === undefined) return;
    if (reason.startsWith(REFUSED)) {
      this.ready.fail(new InputError(`cluster: a worker ${reason}`));
      return;
    }
    if (job.tasks.length > 1) {
      this.sendSingly(id, job);
      return;
    }
    const why = `the workers that ran it ended: ${reason}`;
    this.settle(
      id,
      job,
      job.tasks.map((task) => ({ task, ...failedRun(task.hash, why, "broken") })),
    );
  }

  /** One plan of a job ended its workers, and the others should not be given up with it. */
  private sendSingly(id: string, job: Sent): void {
    this.settle(id, job, []);
    for (const task of job.tasks) this.send([task]).catch((error) => this.ready.fail(error));
  }

  private settle(id: string, job: Sent, finished: Finished[]): void {
    this.sent.delete(id);
    this.underWay -= job.tasks.length;
    this.ready.push(...finished);
    this.queue.remove(id).catch(() => {}); // otherwise Redis removes it after a day
  }

  /** Finds jobs whose end was missed, sends lost ones again, and checks for workers. */
  private async lookAfter(): Promise<void> {
    if (this.awaySince !== null) {
      this.tellOnce("Redis does not answer: waiting for it");
      if (performance.now() - this.awaySince > AWAY_MS)
        this.ready.fail(new InputError(`cluster: Redis has been away for ${AWAY_MS / 1000} s`));
      return;
    }
    if (this.looking) return;
    this.looking = true;
    try {
      await this.lookForWorkers();
      const now = performance.now();
      for (const [id, job] of [...this.sent]) {
        if (now - job.sentAt < LOOK_AFTER_MS) continue;
        const found = await this.queue.getJob(id);
        if (!this.sent.has(id)) continue;
        if (found === undefined) {
          this.report(`job ${id} was lost: sent again`);
          job.sentAt = performance.now();
          await this.add(id, job.tasks);
        } else if (found.finishedOn !== undefined) {
          if (found.failedReason) this.failed(id, found.failedReason);
          else this.completed(id, found.returnvalue);
        }
      }
    } catch {
      // Redis went away meanwhile: the next check continues
    } finally {
      this.looking = false;
    }
  }

  private async lookForWorkers(): Promise<void> {
    const keys = await this.redis.keys(presenceKey("*"));
    const texts = keys.length === 0 ? [] : await this.redis.mget(keys);
    const present = texts.map(presenceOf).filter((p) => p !== null);
    const others = present.filter((p) => p.engine !== this.engine);
    for (const { engine } of others)
      this.tellOnce(`a worker with engine ${engine} is refused: this sweep needs ${this.engine}`);
    const ours = present.length - others.length;
    if (ours > 0) {
      this.onlyOthersSince = null;
      const own = present.filter((p) => p.engine === this.engine);
      this.threads = own.reduce((n, { threads }) => n + threads, 0);
    } else if (others.length === 0)
      this.tellOnce("no workers yet: start some with `pageblock worker --redis URL`");
    else {
      this.onlyOthersSince ??= performance.now();
      if (performance.now() - this.onlyOthersSince > ONLY_OTHERS_MS)
        this.ready.fail(
          new InputError(
            `cluster: every worker has another engine: they have ${others[0]!.engine}, needed is ${this.engine}`,
          ),
        );
    }
  }

  private tellOnce(line: string): void {
    if (this.told.has(line)) return;
    this.told.add(line);
    this.report(line);
  }

  /** Removes the jobs that no worker has begun. */
  private async withdraw(): Promise<void> {
    if (this.awaySince !== null) return;
    const gone = Promise.all([...this.sent.keys()].map((id) => this.queue.remove(id).catch(() => {})));
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    const quiet = (p: Promise<unknown>) => p.catch(() => {});
    const closed = Promise.all([quiet(this.events.close()), quiet(this.queue.close())]);
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    this.redis.disconnect();
    this.listening.disconnect();
  }
}

function presenceOf(text: string | null): Presence | null {
  try {
    const read: Presence | null = JSON.parse(text ?? "null");
    return typeof read?.engine === "string" && Number(read.threads) >= 1 ? read : null;
  } catch {
    return null;
  }
}
