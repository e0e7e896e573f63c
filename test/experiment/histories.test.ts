/** A sweep ages each machine once, wherever the plans that share it lie, and nobody can tell from the results. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { Random } from "../../lib/base/random";
import { runAll, runSweep } from "../../lib/experiment/compare";
import { EarlyRuns } from "../../lib/experiment/early-runs";
import type { Executor, Finished, Task } from "../../lib/experiment/executor";
import type { Plan } from "../../lib/experiment/plan";
import { everyPlan, listed } from "../../lib/experiment/plans";
import { queryResults } from "../../lib/experiment/results";
import { runPlans } from "../../lib/experiment/run-plans";
import { runAllToText, runToText } from "../../lib/experiment/run-text";
import { Store } from "../../lib/experiment/store";
import { expandSweep } from "../../lib/experiment/sweep";
import { parsePlan } from "../../lib/plan/run";
import { WorkloadRun } from "../../lib/workload/scheduler";

const folder = mkdtempSync(join(tmpdir(), "pageblock-histories-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const plan: Plan = parsePlan({
  machine: { board: "qemu-virt", memory: "256MiB" },
  workload: {
    sequence: [
      { kind: "kernelBuild", duration: "500ms", jobs: 2, rss: "8MiB" },
      { kind: "kernelBuild", duration: "endless", jobs: 2, rss: "8MiB" },
    ],
  },
  strategy: { name: "buddy" },
  request: { size: "1MiB", times: 2, gap: "50ms" },
});
const SEEDS = 7;
/** Seeds are innermost: plans with one history lie seven apart. */
const sweep = expandSweep({
  plan,
  over: {
    "strategy.name": ["buddy", "carve-out", "iommu"],
    "request.bytes": ["64KiB", "1MiB", "1GiB"],
    seed: { from: 1, to: SEEDS, step: 1 },
  },
});
const alone = [...sweep.plans()].map((p) => runToText(p).text);

/** Runs each part in this thread, as a worker does. */
class Here implements Executor {
  readonly threads = 1;
  async *execute(parts: AsyncIterator<Task[]>, signal: AbortSignal): AsyncGenerator<Finished> {
    for (let part = await parts.next(); part.done !== true; part = await parts.next()) {
      const texts = runAllToText(part.value.map((task) => task.plan));
      for (const [i, task] of part.value.entries()) {
        if (signal.aborted) return;
        yield { task, ...texts[i]! };
      }
    }
  }
  async close(): Promise<void> {}
}

test("every history ages once, and the results are those of machines of their own, in the order of the plans", async (t) => {
  const aged = t.mock.method(WorkloadRun.prototype, "toEnd");
  const texts: string[] = [];
  const done = await runPlans(sweep, { executor: new Here(), onRun: ({ text }) => texts.push(text) });
  assert.deepEqual(texts, alone);
  assert.deepEqual([done.run, done.failed], [alone.length, 0]);
  // Two strategies share; a carve-out takes memory at boot, so that each of its plans has a machine of its own.
  assert.equal(aged.mock.callCount(), SEEDS + 3 * SEEDS);
});

test("one worker and two, any order of plans, interrupted and resumed: the same texts, the same rows", async () => {
  const rows = (store: string) =>
    queryResults({ store }, "select hash, state, error, granted, freeBytes from runs order by hash");
  const stores: string[] = [];
  const hashes = new Set<string | null>();
  for (const workers of [1, 2]) {
    const store = join(folder, `workers-${workers}.duckdb`);
    const texts: string[] = [];
    hashes.add((await runSweep(sweep, { store, workers }, ({ text }) => texts.push(text))).resultsHash);
    assert.deepEqual(texts, alone);
    stores.push(store);
  }
  const shuffled = [...new Random(5).shuffle(Int32Array.from(alone, (_, i) => i))];
  const store = join(folder, "shuffled.duckdb");
  const texts: string[] = [];
  await runAll(listed(shuffled.map((i) => sweep.at(i))), { store, workers: 2 }, ({ text }) =>
    texts.push(text),
  );
  assert.deepEqual(
    texts,
    shuffled.map((i) => alone[i]),
  );
  stores.push(store);

  const resumed = join(folder, "resumed.duckdb");
  let ran = 0;
  for (let stops = 0; ran < alone.length; stops++) {
    assert.ok(stops < 20, "it goes on");
    const cancel = new AbortController();
    const keeper = await Store.open(resumed);
    const executor = new Here();
    const done = await runPlans(sweep, {
      executor,
      store: keeper,
      signal: cancel.signal,
      onProgress: () => undefined,
      onRun: () => undefined,
      ...(ran < 40 && { executor: cancelledAfter(executor, cancel, 9) }),
    });
    assert.equal(done.fromStore, ran);
    ran += done.run;
    if (done.resultsHash !== null) hashes.add(done.resultsHash);
    await keeper.close();
  }
  stores.push(resumed);
  assert.equal(hashes.size, 1);
  const first = await rows(stores[0]!);
  assert.equal(first.length, alone.length);
  for (const other of stores.slice(1)) assert.deepEqual(await rows(other), first);
});

function cancelledAfter(inner: Executor, cancel: AbortController, runs: number): Executor {
  return {
    threads: 1,
    async *execute(parts, signal) {
      let left = runs;
      for await (const finished of inner.execute(parts, signal)) {
        yield finished;
        if (--left === 0) cancel.abort();
      }
    },
    close: () => inner.close(),
  };
}

test("equal plans run once, wherever they lie", async () => {
  const twice = [...everyPlan(sweep), ...everyPlan(sweep)];
  const texts: string[] = [];
  const done = await runPlans(listed(twice), { executor: new Here(), onRun: ({ text }) => texts.push(text) });
  assert.deepEqual([done.run, done.fromStore], [alone.length, alone.length]);
  assert.deepEqual(texts, [...alone, ...alone]);
});

test("runs that come early wait in a file if they are many, and it goes with them", () => {
  const before = new Set(readdirSync(tmpdir()));
  const early = new EarlyRuns(100);
  const run = (i: number) => ({ text: `"${"ä".repeat(20)}${i}"`, state: "ok" as const, hash: `${i}` });
  for (let i = 0; i < 50; i++) early.put(i, run(i));
  const made = readdirSync(tmpdir()).filter((f) => f.startsWith("pageblock-runs-") && !before.has(f));
  assert.equal(made.length, 1);
  assert.deepEqual(
    [49, 0, 30, 3].map((i) => early.take(i)),
    [49, 0, 30, 3].map(run),
  );
  assert.equal(early.take(0), undefined);
  early.put(0, run(0));
  assert.deepEqual(early.take(0), run(0));
  early.close();
  assert.ok(!existsSync(join(tmpdir(), made[0]!)));
});
