/**
 * A worker of a cluster: takes jobs from Redis, checks them, runs their plans in processes of its own, and sends the
 * texts back. A plan that ends its process is tried once more, and then reported as a plan without an outcome.
 */
import { randomUUID } from "node:crypto";
import { errorOf } from "../base/errors";
import { checkSha256 } from "../change/allowed";
import {
  clusterKey,
  KEY_PREFIX,
  type Presence,
  presenceKey,
  queueName,
  readJob,
  writeResult,
} from "./cluster-protocol";
import { engineVersion } from "./engine-version";
import { LocalWorkers, workerCount } from "./local-workers";
import { planHash } from "./plan";
import { connectRedis, twin } from "./redis-connection";
import { memoryLimit, STRANGER_BYTES, STRANGER_SECONDS, timeLimit } from "./weight";

export interface ClusterWorkerOptions {
  /** Number of threads; default one per core. */
  workers?: number;
  /** Seconds without a sign of life after which another worker gets the jobs; default 30. */
  lockSeconds?: number;
  /** Receives one line per event: jobs refused, Redis lost. */
  report: (line: string) => void;
  /** SHA-256 of the changes whose code it runs; default none: jobs with code are refused. */
  allowCode?: readonly string[];
  /** Another engine than this one's, for tests. */
  engine?: string;
}

export const WORKER_DEFAULTS = { lockSeconds: 30 } as const;
const PRESENCE_SECONDS = 15;
/** Workers that may die while they run a job and give it back. With the next one its plans are tried one by one, then given up. */
const DEATHS_MAX = 1;

/** Works until `signal` aborts. Throws InputError if Redis cannot be reached. */
export async function serveCluster(
  url: string,
  signal: AbortSignal,
  options: ClusterWorkerOptions,
): Promise<void> {
  const { report } = options;
  const threads = workerCount(options.workers);
  const lockDuration = (options.lockSeconds ?? WORKER_DEFAULTS.lockSeconds) * 1000;
  const engine = options.engine ?? engineVersion();
  const key = clusterKey();
  const redis = await connectRedis(url);
  const { Worker, UnrecoverableError }: typeof import("bullmq") = require("bullmq");
  const allowed = new Set(options.allowCode ?? []);
  for (const sha256 of allowed) checkSha256(sha256, "--allow-code");
  const limits = {
    allowCode: allowed,
    memoryBytes: memoryLimit(STRANGER_BYTES),
    seconds: timeLimit(STRANGER_SECONDS),
  };
  const local = new LocalWorkers(threads, Number.POSITIVE_INFINITY, limits, true);
  const jobs = twin(redis);
  const worker = new Worker(
    queueName(engine),
    async (job) => {
      let plans: ReturnType<typeof readJob>;
      try {
        plans = readJob(job.data, engine, key, allowed);
      } catch (error) {
        report(`job ${job.id}: ${errorOf(error).message}`);
        throw new UnrecoverableError(errorOf(error).message);
      }
      const tasks = plans.map((plan, index) => ({ index, plan, hash: planHash(plan) }));
      const { finished, ms } = await local.run(tasks);
      for (const { task, state, text } of finished)
        if (state === "broken") report(`plan ${task.hash.slice(0, 12)}…: ${JSON.parse(text).error}`);
      return writeResult(plans, finished, ms, engine, key);
    },
    {
      connection: jobs,
      prefix: KEY_PREFIX,
      concurrency: threads,
      lockDuration,
      stalledInterval: Math.max(500, lockDuration / 2),
      maxStalledCount: DEATHS_MAX,
      removeOnFail: { age: 86_400 },
      removeOnComplete: { age: 86_400 },
    },
  );
  let away = false;
  worker.on("error", (error: Error) => {
    if (/ECONNREFUSED|ECONNRESET|closed|EPIPE|LOADING/i.test(error.message)) {
      if (!away) report("Redis does not answer: waiting for it");
      away = true;
    } else report(`a job could not be handled: ${error.message.split("\n")[0]}`);
  });
  worker.on("ready", () => (away = false));
  const id = randomUUID();
  const present = () =>
    redis
      .set(presenceKey(id), JSON.stringify({ engine, threads } satisfies Presence), "EX", PRESENCE_SECONDS)
      .catch(() => {});
  await present();
  const timer = setInterval(present, (PRESENCE_SECONDS * 1000) / 3);
  report(`ready: engine ${engine}, ${threads} threads${key === undefined ? "" : ", signed jobs only"}`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  clearInterval(timer);
  const quietly = (p: Promise<unknown>) =>
    Promise.race([p.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
  await local.close();
  await quietly(redis.del(presenceKey(id)));
  await quietly(worker.close(true));
  redis.disconnect();
  jobs.disconnect();
}
