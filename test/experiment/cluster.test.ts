/** A cluster on a real Redis: workers and Redis die in mid-sweep and nothing is lost; strangers are refused; TLS works. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import "../support/clean-environment";
import { Queue, QueueEvents } from "bullmq";
import { Cluster } from "../../lib/experiment/cluster";
import {
  queueName,
  readJob,
  readResult,
  redisOptions,
  writeJob,
  writeResult,
} from "../../lib/experiment/cluster-protocol";
import { runSweep } from "../../lib/experiment/compare";
import { engineVersion } from "../../lib/experiment/engine-version";
import { type Plan, planHash } from "../../lib/experiment/plan";
import { queryResults } from "../../lib/experiment/results";
import { runToText } from "../../lib/experiment/run-text";
import { expandSweep } from "../../lib/experiment/sweep";
import { parsePlan } from "../../lib/plan/run";
import { ROOT } from "../support/cli";
import { redisMissing, TestRedis } from "../support/redis";

const skip = redisMissing();
const plan: Plan = parsePlan({
  machine: { board: "qemu-virt", memory: "256MiB" },
  workload: { kind: "kernelBuild", duration: "500ms", jobs: 2, rss: "8MiB" },
  strategy: { name: "cma" },
  request: { size: "4MiB", times: 2 },
});
const seeds = (n: number) => expandSweep({ plan, over: { seed: { from: 1, to: n, step: 1 } } });

/** A worker process; resolves when it is ready. `heard` is what it reports. */
async function startWorker(url: string, env: Record<string, string> = {}) {
  const args = ["worker", "--redis", url, "--workers", "1", "--lock", "2"];
  const child = spawn(process.execPath, [join(ROOT, "dist/cli/main.js"), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const worker = { child, heard: "" };
  await new Promise<void>((resolve, reject) => {
    child.stderr!.on("data", (data) => {
      worker.heard += data;
      if (worker.heard.includes("ready:")) resolve();
    });
    child.on("exit", () => reject(new Error(`the worker ended: ${worker.heard}`)));
  });
  return worker;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  process.kill(child.pid!, signal);
  await gone;
}

test("a worker is killed and Redis restarts in mid-sweep: nothing lost, nothing doubled, the same bytes", {
  skip,
}, async () => {
  const redis = await TestRedis.start();
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers = await Promise.all([startWorker(url), startWorker(url), startWorker(url)]);
  try {
    const all = seeds(60);
    const local: string[] = [];
    const here = await runSweep(all, { store: "none" }, ({ text }) => local.push(text));
    const there: string[] = [];
    let disturbed: Promise<void> | undefined;
    const disturb = async () => {
      await stop(workers[0]!.child);
      await redis.down();
      await redis.up();
    };
    const far = await runSweep(all, { store: "none", cluster: url }, ({ text }) => {
      there.push(text);
      if (there.length === 10) disturbed = disturb();
    });
    await disturbed;
    assert.ok(disturbed !== undefined, "the sweep was disturbed");
    assert.deepEqual([far.plans, far.run, far.failed], [60, 60, 0]);
    assert.deepEqual(there, local);
    assert.equal(far.resultsHash, here.resultsHash);
  } finally {
    await Promise.all(workers.map(({ child }) => stop(child)));
    await redis.end();
  }
});

/** Processes that `pid` started, from /proc. */
function childrenOf(pid: number): number[] {
  const read = spawnSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], { encoding: "utf8" });
  return read.stdout
    .split("\n")
    .filter((line) => line.includes("plan-process"))
    .map((line) => Number.parseInt(line, 10));
}

test("a plan that ends its process twice is given up and named; its worker lives, and the sweep goes on", {
  skip,
}, async () => {
  const redis = await TestRedis.start();
  const url = `redis://127.0.0.1:${redis.port}`;
  const worker = await startWorker(url);
  const killed = new Set<number>();
  // The first plan takes minutes, so that both kills meet it.
  const hunting = setInterval(() => {
    for (const pid of childrenOf(worker.child.pid!)) {
      if (killed.has(pid) || killed.size >= 2) continue;
      killed.add(pid);
      process.kill(pid, "SIGKILL");
    }
  }, 300);
  try {
    const all = expandSweep({ plan, over: { "workload.duration": ["1000 days", "500ms"] } });
    const texts: string[] = [];
    const summary = await runSweep(all, { store: "none", cluster: url }, ({ text }) => texts.push(text));
    assert.deepEqual([summary.plans, summary.run, summary.failed], [2, 2, 1]);
    assert.equal(summary.failures[0]!.index, 0);
    assert.match(summary.failures[0]!.error, /^the worker that ran it ended: SIGKILL$/);
    assert.match(texts[1]!, /"requests":/);
    assert.equal(worker.child.exitCode, null);
    assert.match(worker.heard, /plan [0-9a-f]{12}…: the worker that ran it ended: SIGKILL/);
    const left = childrenOf(worker.child.pid!);
    await stop(worker.child);
    for (const pid of left) await gone(pid);
  } finally {
    clearInterval(hunting);
    await stop(worker.child);
    await redis.end();
  }
});

/** Waits until there is no such process. */
async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`process ${pid} outlives its worker`);
}

test("plans that share a history travel together, and the cluster gives the texts and rows of one computer", {
  skip,
}, async () => {
  const redis = await TestRedis.start();
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers = await Promise.all([startWorker(url), startWorker(url)]);
  const folder = mkdtempSync(join(tmpdir(), "pageblock-cluster-"));
  const queue = new Queue(queueName(engineVersion()), {
    connection: { port: redis.port },
    prefix: "pageblock",
  });
  const jobs: Plan[][] = [];
  const events = new QueueEvents(queueName(engineVersion()), {
    connection: { port: redis.port },
    prefix: "pageblock",
  });
  events.on("added", ({ jobId }) => {
    void queue.getJob(jobId).then((job) => job !== undefined && jobs.push(job.data.plans));
  });
  try {
    await events.waitUntilReady();
    const all = expandSweep({
      plan,
      over: {
        "strategy.name": ["buddy", "iommu"],
        "request.bytes": ["64KiB", "1MiB"],
        seed: { from: 1, to: 12, step: 1 },
      },
    });
    const texts = { here: [] as string[], there: [] as string[] };
    const rows = (store: string) =>
      queryResults({ store }, "select hash, state, error, granted, freeBytes from runs order by hash");
    const stores = [join(folder, "here.duckdb"), join(folder, "there.duckdb")] as const;
    const here = await runSweep(all, { store: stores[0] }, ({ text }) => texts.here.push(text));
    const there = await runSweep(all, { store: stores[1], cluster: url }, ({ text }) =>
      texts.there.push(text),
    );
    assert.deepEqual(texts.there, texts.here);
    assert.equal(there.resultsHash, here.resultsHash);
    assert.deepEqual(await rows(stores[1]), await rows(stores[0]));
    assert.ok(jobs.length > 0, "some jobs were seen");
    for (const plans of jobs)
      for (const { seed } of plans)
        assert.equal(plans.filter((p) => p.seed === seed).length, 4, `seed ${seed}`);
  } finally {
    await queue.close();
    await events.close();
    await Promise.all(workers.map(({ child }) => stop(child)));
    await redis.end();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("malformed jobs, jobs of strangers and other engines are refused and reported; the worker goes on", {
  skip,
}, async () => {
  const redis = await TestRedis.start();
  const url = `redis://127.0.0.1:${redis.port}`;
  const key = { PAGEBLOCK_CLUSTER_KEY: "correct horse" };
  const worker = await startWorker(url, key);
  const engine = engineVersion();
  const queue = new Queue(queueName(engine), { connection: { port: redis.port }, prefix: "pageblock" });
  try {
    const bad: [string, unknown, RegExp][] = [
      ["code", { code: "process.exit()" }, /refused: malformed job/],
      ["unsigned", writeJob([plan], engine, undefined), /refused: job of a stranger: it is not signed/],
      ["other-key", writeJob([plan], engine, "battery staple"), /refused: job of a stranger: .*another key/],
      ["other-engine", writeJob([plan], "0.0.1+0", "correct horse"), /refused: job for engine 0\.0\.1\+0/],
      [
        "bad-plan",
        writeJob([{ ...plan, strategy: { name: "rm -rf" } } as Plan], engine, "correct horse"),
        /refused: malformed job: plan 1: .*unknown name "rm -rf"/,
      ],
    ];
    for (const [jobId, data] of bad) await queue.add("plans", data, { jobId });
    process.env.PAGEBLOCK_CLUSTER_KEY = "correct horse";
    const done = await runSweep(seeds(3), { store: "none", cluster: url });
    assert.deepEqual([done.run, done.failed], [3, 0]);
    for (const [id, , reason] of bad) {
      const job = await queue.getJob(id);
      assert.match(job?.failedReason ?? "", reason, id);
      assert.ok(worker.heard.includes(`job ${id}: refused: `), worker.heard);
    }
    delete process.env.PAGEBLOCK_CLUSTER_KEY;
    await assert.rejects(
      runSweep(seeds(2), { store: "none", cluster: url }),
      /cluster: a worker refused: job of a stranger: it is not signed/,
    );
  } finally {
    delete process.env.PAGEBLOCK_CLUSTER_KEY;
    await queue.close();
    await stop(worker.child);
    await redis.end();
  }
});

test("workers of another engine only: the sweep says so and ends", { skip }, async () => {
  const redis = await TestRedis.start();
  const url = `redis://127.0.0.1:${redis.port}`;
  const stopWorker = new AbortController();
  const { serveCluster } = await import("../../lib/experiment/cluster-worker");
  const served = serveCluster(url, stopWorker.signal, { workers: 1, engine: "0.0.1+old", report: () => {} });
  try {
    const reports: string[] = [];
    await assert.rejects(
      runSweep(seeds(1), { store: "none", cluster: url, onReport: (line) => reports.push(line) }),
      /cluster: every worker has another engine: they have 0\.0\.1\+old, needed is/,
    );
    assert.match(reports.join("\n"), /a worker with engine 0\.0\.1\+old is refused/);
  } finally {
    stopWorker.abort();
    await served;
    await redis.end();
  }
});

test("a password in the URL, and clear lines without it, with a wrong one, and without Redis", {
  skip,
}, async () => {
  const redis = await TestRedis.start(["requirepass s3cret/word"]);
  const at = `127.0.0.1:${redis.port}`;
  try {
    const cluster = await Cluster.connect(`redis://:${encodeURIComponent("s3cret/word")}@${at}`);
    await cluster.close();
    await assert.rejects(Cluster.connect(`redis://${at}`), /asks for a password/);
    await assert.rejects(Cluster.connect(`redis://:wrong@${at}`), (error: Error) => {
      assert.match(error.message, /refuses the user or the password/);
      assert.doesNotMatch(error.message, /wrong/);
      return true;
    });
  } finally {
    await redis.end();
  }
  await assert.rejects(Cluster.connect(`redis://${at}`), /nobody answers there/);
  assert.throws(() => redisOptions("http://somewhere"), /must be redis:\/\/host:port/);
});

test("an address with a bad percent sign, and a certificate that is no file, give one line", () => {
  assert.throws(() => redisOptions("redis://user:%zz@somewhere"), /a % must begin a byte such as %25/);
  const before = process.env.PAGEBLOCK_CLUSTER_CA;
  process.env.PAGEBLOCK_CLUSTER_CA = tmpdir();
  try {
    assert.throws(() => redisOptions("rediss://somewhere"), /PAGEBLOCK_CLUSTER_CA: .* is a folder/);
  } finally {
    if (before === undefined) delete process.env.PAGEBLOCK_CLUSTER_CA;
    else process.env.PAGEBLOCK_CLUSTER_CA = before;
  }
});

test("TLS with a certificate of one's own; one that is not known is refused", { skip }, async (t) => {
  const made = await TestRedis.start();
  await made.down();
  const file = (name: string) => join(made.folder, name);
  const openssl = spawnSync(
    "openssl",
    [
      ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(" "),
      ...[
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout",
        file("key.pem"),
        "-out",
        file("cert.pem"),
      ],
    ],
    { encoding: "utf8" },
  );
  if (openssl.status !== 0) {
    await made.end();
    return t.skip("needs openssl");
  }
  const redis = await TestRedis.start(
    [
      `tls-cert-file ${file("cert.pem")}`,
      `tls-key-file ${file("key.pem")}`,
      "tls-auth-clients no",
      "requirepass pw",
    ],
    true,
  );
  const url = `rediss://:pw@127.0.0.1:${redis.port}`;
  try {
    await assert.rejects(Cluster.connect(url), /its certificate is not known/);
    process.env.PAGEBLOCK_CLUSTER_CA = file("cert.pem");
    const worker = await startWorker(url, { PAGEBLOCK_CLUSTER_CA: file("cert.pem") });
    const done = await runSweep(seeds(3), { store: "none", cluster: url });
    assert.deepEqual([done.run, done.failed], [3, 0]);
    await stop(worker.child, "SIGTERM");
  } finally {
    delete process.env.PAGEBLOCK_CLUSTER_CA;
    await redis.end();
    await made.end();
  }
});

test("results are believed only when they answer the plans asked", () => {
  const engine = engineVersion();
  const runs = [runToText(plan)];
  const hashes = [planHash(plan)];
  const good = writeResult([plan], runs, 1, engine, "k");
  assert.deepEqual(readResult(JSON.parse(JSON.stringify(good)), hashes, engine, "k").runs, runs);
  assert.throws(() => readResult(good, hashes, engine, "other"), /refused: result of a stranger/);
  assert.throws(() => readResult(good, ["0"], engine, "k"), /refused: result of other plans/);
  const forged = writeResult([plan], [{ text: '{"plan":"x"}', state: "ok" }], 1, engine, "k");
  assert.throws(() => readResult(forged, hashes, engine, "k"), /no outcome of its plan/);
  assert.throws(() => readResult({ ...good, runs: [] }, hashes, engine, undefined), /refused/);
  assert.throws(() => readJob({ ...writeJob([plan], engine, "k"), plans: [] }, engine, "k"), /malformed job/);
});
