/** Many plans: order, store, resuming, cancelling, failures, dead workers, and what SQL may do. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import type { Worker } from "node:worker_threads";
import { runSweep } from "../../lib/experiment/compare";
import type { Executor, Finished, Task } from "../../lib/experiment/executor";
import { LocalWorkers } from "../../lib/experiment/local-workers";
import { type Plan, planHash } from "../../lib/experiment/plan";
import { listed } from "../../lib/experiment/plans";
import { exportResults, queryResults } from "../../lib/experiment/results";
import { runPlans } from "../../lib/experiment/run-plans";
import { runToText } from "../../lib/experiment/run-text";
import { Store } from "../../lib/experiment/store";
import { expandSweep } from "../../lib/experiment/sweep";
import { parsePlan } from "../../lib/plan/run";

const folder = mkdtempSync(join(tmpdir(), "pageblock-store-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const plan: Plan = parsePlan({
  machine: { board: "qemu-virt", memory: "256MiB" },
  workload: { kind: "kernelBuild", duration: "500ms", jobs: 2, rss: "8MiB" },
  strategy: { name: "cma" },
  request: { size: "4MiB", times: 2 },
});
const seeds = (n: number) => expandSweep({ plan, over: { seed: { from: 1, to: n, step: 1 } } });

/** Gives back results in reverse order of blocks of seven parts, without threads. */
class Backwards implements Executor {
  readonly threads = 1;
  ran = 0;
  async *execute(parts: AsyncIterator<Task[]>, signal: AbortSignal): AsyncGenerator<Finished> {
    for (;;) {
      const block: Task[][] = [];
      let over = false;
      while (block.length < 7 && !over) {
        const next = await parts.next();
        if (next.done === true) over = true;
        else block.push(next.value);
      }
      for (const task of block.flat().reverse()) {
        if (signal.aborted) return;
        this.ran++;
        yield { task, ...runToText(task.plan) };
      }
      if (over) return;
    }
  }
  async close(): Promise<void> {}
}

test("results come in the order of the plans whoever runs them; equal plans under way run once", async () => {
  const all = seeds(20);
  const order: number[] = [];
  const one = await runPlans(all, {
    executor: new Backwards(),
    onRun: ({ index }) => order.push(index),
  });
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, i) => i),
  );
  const two = await runSweep(all, { store: "none", workers: 2 });
  assert.equal(two.resultsHash, one.resultsHash);
  const executor = new Backwards();
  const thrice = await runPlans(listed([plan, plan, plan]), { executor });
  assert.deepEqual([thrice.plans, thrice.run, executor.ran], [3, 1, 1]);
});

test("what is in the store is not run again; a cancelled sweep goes on where it was", async () => {
  const path = join(folder, "resume.duckdb");
  const all = seeds(30);
  const cancel = new AbortController();
  const store = await Store.open(path);
  const first = await runPlans(all, {
    executor: new Backwards(),
    store,
    signal: cancel.signal,
    onRun: ({ index }) => index === 9 && cancel.abort(),
  });
  assert.equal(first.cancelled, true);
  assert.equal(first.resultsHash, null);
  assert.ok(first.run >= 10 && first.run < 30, String(first.run));
  const second = await runPlans(all, { executor: new Backwards(), store });
  assert.deepEqual([second.run, second.fromStore], [30 - first.run, first.run]);
  await store.close();
  const third = await runSweep(all, { store: path });
  assert.deepEqual([third.run, third.fromStore, third.resultsHash], [0, 30, second.resultsHash]);
  assert.equal(third.resultsHash, (await runSweep(all, { store: "none" })).resultsHash);
});

test("plans that differ in the seed share all else, and are the plans and names that each alone has", async () => {
  const over = { seed: { from: 1, to: 3, step: 1 }, "request.bytes": ["1MiB", 4 * 2 ** 20] };
  const all = [...expandSweep({ plan, over }).plans()];
  assert.deepEqual(
    all.map((p) => [p.seed, p.request.bytes]),
    [1, 2, 3].flatMap((seed) => [2 ** 20, 2 ** 22].map((bytes) => [seed, bytes])),
  );
  for (const one of all)
    assert.equal(
      JSON.stringify(one),
      JSON.stringify(
        parsePlan({ ...plan, request: { ...plan.request, bytes: one.request.bytes }, seed: one.seed }),
      ),
    );
  const names: string[] = [];
  await runPlans(listed(all), { executor: new Backwards(), onRun: ({ hash }) => names.push(hash) });
  assert.deepEqual(names, all.map(planHash));
  for (const seed of [-1, 2 ** 32, 1.5, "one"])
    assert.throws(
      () => [...expandSweep({ plan, over: { seed: [1, seed] } }).plans()],
      /sweep: plan 2 of 2 .*seed/,
    );
});

test("a store is asked for more plans from look to look, and no run is lost at the seams", async () => {
  const asked: number[] = [];
  const text = (hash: string) => ({ text: `{"plan":"${hash}"}`, state: "ok" as const });
  const missing = new Set<string>();
  const store = {
    get: async (hashes: readonly string[]) => {
      asked.push(hashes.length);
      return new Map(hashes.filter((h) => !missing.has(h)).map((h) => [h, text(h)]));
    },
    put: async () => {},
  };
  const all = seeds(3000);
  const ran: string[] = [];
  const executor: Executor = {
    threads: 1,
    async *execute(parts) {
      for (let part = await parts.next(); part.done !== true; part = await parts.next())
        for (const task of part.value) {
          ran.push(task.hash);
          yield { task, ...text(task.hash) };
        }
    },
    close: async () => {},
  };
  const whole = await runPlans(all, { executor, store });
  assert.deepEqual(asked, [256, 512, 1024, 1208]);
  assert.deepEqual([whole.fromStore, ran.length], [3000, 0]);
  let i = 0;
  for (const one of all.plans()) if (i++ % 2 === 0 || i > 1500) missing.add(planHash(one));
  asked.length = 0;
  const half = await runPlans(all, { executor, store });
  assert.equal(half.resultsHash, whole.resultsHash);
  assert.deepEqual(new Set(ran), missing);
  assert.deepEqual(asked, [256, 512, 1024, 1208]);
});

test("a sweep that is cancelled while it looks into the store ends after the look", async () => {
  const cancel = new AbortController();
  let looking = 0;
  const store = {
    get: async () => {
      looking++;
      cancel.abort();
      await new Promise((resolve) => setTimeout(resolve, 50));
      looking--;
      return new Map();
    },
    put: async () => {},
  };
  const executor = new LocalWorkers(1);
  const done = await runPlans(seeds(1000), { executor, store, signal: cancel.signal });
  assert.deepEqual([looking, done.run, done.cancelled], [0, 0, true]);
  await executor.close();
});

test("a plan that cannot be run is a failure with its reason, kept and told", async () => {
  const bad: Plan = { ...plan, machine: { ...plan.machine, kernel: "6.1", pageblockMaxOrder: 5 } };
  const path = join(folder, "bad.duckdb");
  const store = await Store.open(path);
  const done = await runPlans(listed([plan, bad]), { executor: new Backwards(), store });
  assert.deepEqual([done.run, done.failed, done.failures[0]?.index], [2, 1, 1]);
  assert.match(done.failures[0]!.error, /CONFIG_PAGE_BLOCK_MAX_ORDER exists since 6\.16/);
  const again = await runPlans(listed([plan, bad]), { executor: new Backwards(), store });
  assert.deepEqual([again.run, again.failed, again.resultsHash], [0, 1, done.resultsHash]);
  await store.close();
});

test("a plan whose workers die twice is reported, and the others finish", { timeout: 240_000 }, async () => {
  const executor = new LocalWorkers(2);
  const long: Plan = parsePlan({ ...plan, workload: { kind: "kernelBuild", duration: "4h" } });
  const pool = (executor as unknown as { pool: { threads: Worker[] } }).pool;
  const task = (p: Plan) => ({ index: 0, plan: p, hash: planHash(p) });
  const running = executor.run([task(long)]);
  // A thread that has worked so long has loaded its code, also beside other load: one that is killed before takes its task along.
  const killing = setInterval(() => {
    for (const thread of pool.threads)
      if (thread.performance.eventLoopUtilization().active > 5000) void thread.terminate();
  }, 200);
  const { finished } = await running;
  clearInterval(killing);
  assert.equal(finished[0]!.state, "broken");
  assert.match(finished[0]!.text, new RegExp(`the worker that ran it ended.*${planHash(long)}`));
  assert.equal((await executor.run([task(plan)])).finished[0]!.text, runToText(plan).text);
  await executor.close();
});

test("stores that cannot be used: damaged, foreign, and a missing one", async () => {
  const damaged = join(folder, "damaged.duckdb");
  writeFileSync(damaged, "hello ".repeat(4000));
  await assert.rejects(
    Store.open(damaged),
    /^InputError: store: .*damaged\.duckdb: is not a DuckDB file, or is damaged/,
  );
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const foreign = join(folder, "foreign.duckdb");
  const instance = await DuckDBInstance.create(foreign);
  const connection = await instance.connect();
  await connection.run("create table mine (a int)");
  connection.closeSync();
  instance.closeSync();
  await assert.rejects(Store.open(foreign), /is a DuckDB file, but no store of pageblock/);
  await assert.rejects(
    queryResults({ store: join(folder, "none.duckdb") }, "select 1"),
    /not found; create it with/,
  );
});

test("SQL reads runs and requests and can do nothing else; tables are written whole", async () => {
  const path = join(folder, "sql.duckdb");
  await runSweep(seeds(4), { store: path });
  const before = readFileSync(path);
  const rows = await queryResults(
    { store: path },
    "select seed, asked, granted, machine_board, freeBytes > 0 as some from runs order by seed",
  );
  assert.deepEqual(rows[0], { seed: 1, asked: 2, granted: 2, machine_board: "qemu-virt", some: true });
  assert.equal((await queryResults({ store: path }, "select * from requests")).length, 8);
  const evil = join(folder, "evil.csv");
  for (const sql of [
    `copy runs to '${evil}'`,
    `attach '${join(folder, "other.db")}'`,
    "drop table results",
    "insert into results values ('a', 'b', 'c', 'd', 'e')",
    "select * from read_csv('/etc/passwd')",
    `select * from read_text('${path}')`,
    "set enable_external_access = true",
    "install httpfs",
    `export database '${join(folder, "dump")}'`,
    "select 1; drop table results",
    "pragma enable_profiling",
    "select nothing from runs",
  ])
    await assert.rejects(queryResults({ store: path }, sql), /^InputError: sql: [^\n]+$/, sql);
  assert.ok(!existsSync(evil) && !existsSync(join(folder, "other.db")) && !existsSync(join(folder, "dump")));
  assert.deepEqual(readFileSync(path), before);
  const csv = join(folder, "out", "runs.csv");
  await exportResults({ store: path }, csv, "csv");
  assert.equal(readFileSync(csv, "utf8").trim().split("\n").length, 5);
  const parquet = join(folder, "requests.parquet");
  await exportResults({ store: path }, parquet, "parquet", "requests");
  assert.equal(readFileSync(parquet).subarray(0, 4).toString(), "PAR1");
});
