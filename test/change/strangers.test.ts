/**
 * Code of a stranger is not run: not by any kind of plan, worker, write-up, cluster or store, unless its SHA-256 was allowed. The code
 * throws a marker when it is run, so that a door that is open is seen.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { stringify } from "yaml";
import { canonicalJson } from "../../lib/base/canonical-json";
import { change, loadChange } from "../../lib/change/change";
import type { ChangeCode } from "../../lib/change/code";
import { bindChange } from "../../lib/change/decide";
import { runOf } from "../../lib/chart/run";
import { readJob, writeJob } from "../../lib/experiment/cluster-protocol";
import { runSweep } from "../../lib/experiment/compare";
import { LocalWorkers } from "../../lib/experiment/local-workers";
import { planHash } from "../../lib/experiment/plan";
import { run, runTogether, sharingKey } from "../../lib/experiment/run";
import { runToText } from "../../lib/experiment/run-text";
import { Store } from "../../lib/experiment/store";
import { expandSweep } from "../../lib/experiment/sweep";
import { machine } from "../../lib/fluent/machine";
import { sweep } from "../../lib/fluent/sweep";
import { PLAN_KINDS } from "../../lib/plan/kinds";
import { parsePlan } from "../../lib/plan/run";
import { parseSweep } from "../../lib/plan/sweep";
import { exportNotebook } from "../../lib/report/export";
import { runPlan } from "../../lib/report/plan-kinds";
import { RUN_LIMITS } from "../../lib/report/run-again";
import { withResults } from "../../lib/report/runs";
import { verifyFile } from "../../lib/report/verify";
import { pageblock, ROOT } from "../support/cli";
import { code, notebook, shown } from "../support/notebooks";
import { redisMissing, TestRedis } from "../support/redis";

const scratch = mkdtempSync(join(tmpdir(), "strangers-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const MARKER = "a stranger has run";

/** Code that nobody here has allowed. */
function stranger(source: string, name = "stranger"): ChangeCode {
  return { name, source, sha256: createHash("sha256").update(source).digest("hex") };
}

const EVIL = stranger(`throw new Error("${MARKER}");\n`);
/** Code of a stranger that does no harm, for what happens once it is allowed. */
const MEEK = stranger('export default change({ name: "meek", listEnd: () => "tail" });\n', "meek");

const REQUEST = { strategy: "cma", request: { size: "4MiB", times: 2 } } as const;
const machineWith = (c: ChangeCode) => ({ board: "qemu-virt", memory: "256MiB", change: c });
const planWith = (c: ChangeCode, seed = 1) =>
  parsePlan({ machine: machineWith(c), ...REQUEST, seed } as never);

/** An error in one line that says why nothing ran, and no sign that it did. */
function refusal(error: unknown, sha256 = EVIL.sha256): true {
  const { name, message } = error as Error;
  assert.equal(name, "InputError", message);
  assert.match(message, new RegExp(`change .* SHA-256 ${sha256}`));
  assert.doesNotMatch(message, new RegExp(MARKER));
  assert.doesNotMatch(message, /\n/);
  return true;
}

test("binding the code to a machine is where it is refused", () => {
  const loud = stranger(EVIL.source.replace("throw", "\nthrow"), "loud");
  assert.throws(
    () => bindChange(loud),
    (error) => refusal(error, loud.sha256),
  );
});

test("run, running, start: refused; a description and a boot on paper run nothing", () => {
  assert.throws(() => run(planWith(EVIL)), refusal);
  const [together] = runTogether([planWith(EVIL)]);
  assert.ok(together instanceof Error && refusal(together));
  const described = machine("qemu-virt").memory("256MiB").change(EVIL);
  assert.ok(described.boot().zones.length > 0);
  assert.throws(() => described.start(), refusal);
  assert.throws(() => described.running(), refusal);
});

test("every kind of plan with a machine is refused, or runs nothing", async () => {
  let tried = 0;
  for (const { name, example } of PLAN_KINDS) {
    const text = JSON.stringify({ kind: name, ...example });
    const machines = text.replaceAll(
      '"board":"qemu-virt"',
      `"board":"qemu-virt","change":${JSON.stringify(EVIL)}`,
    );
    if (machines === text) continue;
    tried++;
    const plan: unknown = JSON.parse(machines);
    const result = await runPlan(plan).catch((error: unknown) => error);
    assert.doesNotMatch(JSON.stringify(result), new RegExp(MARKER), name);
    if (result instanceof Error) refusal(result);
    else assert.match(JSON.stringify(result), name === "boot" ? /no released kernel/ : /is not run/, name);
  }
  assert.ok(tried >= 7, `${tried} kinds`);
});

test("a plan whose SHA-256 does not fit its source is refused wherever it is read", () => {
  const forged = { ...MEEK, source: EVIL.source };
  assert.throws(() => planWith(forged), /change\.sha256: must be the SHA-256 of the source/);
});

test("local workers and the store: a stranger's plan is no result, in the words of the refusal", async () => {
  const workers = new LocalWorkers(1);
  try {
    const plan = planWith(EVIL);
    const { finished } = await workers.run([{ index: 0, plan, hash: planHash(plan) }]);
    assert.equal(finished[0]!.state, "broken");
    assert.match(finished[0]!.text, /is not run/);
    assert.doesNotMatch(finished[0]!.text, new RegExp(MARKER));
    const only = new LocalWorkers(1, 1, { allowCode: new Set(), memoryBytes: 2 ** 32, seconds: 3600 });
    const own = change({ name: "own", listEnd: () => "tail" });
    const mine = planWith(own.toJSON());
    const refused = await only.run([{ index: 0, plan: mine, hash: planHash(mine) }]);
    await only.close();
    assert.match(
      refused.finished[0]!.text,
      /is not run/,
      "a worker of a cluster allows what it is told, no more",
    );
    const done = await workers.run([{ index: 0, plan: mine, hash: planHash(mine) }]);
    assert.equal(done.finished[0]!.text, runToText(mine).text, "the thread was told what is allowed here");
    assert.equal(done.finished[0]!.state, "ok");
    assert.equal(sharingKey(mine), null, "no machine is shared");
  } finally {
    await workers.close();
  }
});

test("results of a change are stored under its own name, and found again without running it", async () => {
  const own = change({ name: "stored", listEnd: () => "tail" });
  const plan = planWith(own.toJSON(), 7);
  const { change: _none, ...stock } = plan.machine;
  assert.notEqual(planHash(plan), planHash({ ...plan, machine: stock }));
  assert.notEqual(planHash(plan), planHash(planWith(MEEK, 7)));
  const path = join(scratch, "results.duckdb");
  const spec = expandSweep({ plan: planWith(EVIL), over: { seed: [1, 2] } } as never);
  const summary = await runSweep(spec, { workers: 1, store: path } as never);
  assert.equal(summary.failed, 2);
  assert.doesNotMatch(JSON.stringify(summary), new RegExp(MARKER));
  const store = await Store.open(path);
  const kept = await store.get([planHash(planWith(EVIL, 1))]);
  await store.close();
  for (const { text } of kept.values()) assert.doesNotMatch(text, new RegExp(MARKER));
});

test("verify: the code is named and nothing is run; with its SHA-256 it is", async () => {
  const file = join(scratch, "n.ipynb");
  const plans = [planWith(EVIL), planWith(MEEK)].map((plan) => runOf({ kind: "run", ...plan }, {}));
  writeFileSync(file, JSON.stringify(notebook(code("x", shown(withResults({ "text/plain": "x" }, plans))))));
  await assert.rejects(verifyFile(file), refusal);
  const half = { ...RUN_LIMITS, allowCode: [EVIL.sha256] };
  await assert.rejects(verifyFile(file, half), (error) => refusal(error, MEEK.sha256));
  const all = { ...RUN_LIMITS, allowCode: [EVIL.sha256, MEEK.sha256] };
  const { code: ran, results } = await verifyFile(file, all);
  assert.deepEqual(ran, [EVIL.sha256, MEEK.sha256]);
  assert.match(results[0]!.why!, new RegExp(MARKER), "allowed code is run");
  assert.equal(results[1]!.verdict, "differs", "and so is the other: its stored result was empty");
  const line = pageblock(["verify", file]);
  assert.equal(line.status, 2);
  assert.match(
    line.stderr,
    /contains code of the change "stranger" with SHA-256 [0-9a-f]{64}: nothing is run.*--allow-code/,
  );
  assert.equal(line.stderr.trim().split("\n").length, 1);
});

test("export: a notebook with such a plan becomes a page, and runs nothing", async () => {
  const file = join(scratch, "e.ipynb");
  const runs = [runOf({ kind: "run", ...planWith(EVIL) }, { remarks: [] })];
  writeFileSync(file, JSON.stringify(notebook(code("x", shown(withResults({ "text/plain": "x" }, runs))))));
  const { path } = await exportNotebook(file, "md", join(scratch, "out"));
  assert.ok(readFileSync(path, "utf8").includes(EVIL.sha256), "the code is carried as text");
});

test("a job of a cluster with code is refused unless the worker was started with its SHA-256", () => {
  const job = (c: ChangeCode) => writeJob([planWith(c)], "e", undefined);
  assert.throws(
    () => readJob(job(EVIL), "e", undefined),
    (error: Error) => error.message.startsWith("refused: ") && refusal(error),
  );
  assert.throws(
    () => readJob(job(EVIL), "e", undefined, new Set([MEEK.sha256])),
    (error: Error) => error.message.startsWith("refused: ") && refusal(error),
  );
  assert.equal(readJob(job(EVIL), "e", undefined, new Set([EVIL.sha256])).length, 1);
  const own = change({ name: "of the sweep", listEnd: () => "tail" });
  assert.throws(
    () => readJob(job(own.toJSON()), "e", undefined),
    (error) => refusal(error, own.sha256),
    "what the sweep's own process may run is no reason for a worker",
  );
});

const allow = (sha256: string) => ["--allow-code", sha256];

test("the command line: plan files with code, or with the name of a file, need --allow-code", () => {
  const put = (name: string, content: object | string) => {
    const path = join(scratch, name);
    writeFileSync(path, typeof content === "string" ? content : stringify(content));
    return path;
  };
  put("meek.ts", MEEK.source);
  put("evil.ts", EVIL.source);
  const inline = put("inline.yaml", { machine: machineWith(EVIL), ...REQUEST });
  const byFile = (c: string) => ({ machine: { ...machineWith(MEEK), change: { file: c } }, ...REQUEST });
  const evil = put("evil.yaml", byFile("./evil.ts"));
  const meek = put("meek.yaml", byFile("./meek.ts"));
  // EVIL states no name: its plan could be printed only by running it.
  for (const args of [
    ["run", inline],
    ["run", evil],
    ["run", evil, "--print-plan"],
    ["sweep", evil, "--workers", "1"],
  ]) {
    const { status, stdout, stderr } = pageblock(args);
    assert.equal(status, 2, args.join(" "));
    assert.match(
      stderr,
      /code of the change .* it is not run; read the code, then name it with --allow-code/,
    );
    assert.doesNotMatch(stdout + stderr, new RegExp(MARKER));
    assert.equal(stderr.trim().split("\n").length, 1);
  }
  const ran = pageblock(["run", evil, ...allow(EVIL.sha256)]);
  assert.equal(ran.status, 2);
  assert.match(ran.stderr, new RegExp(MARKER), "allowed code is run");
  const done = pageblock(["run", meek, "--json", ...allow(MEEK.sha256)]);
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /change \\"meek\\"/);
  const swept = pageblock([
    "sweep",
    meek,
    "--workers",
    "1",
    "--store",
    "none",
    "--json",
    ...allow(MEEK.sha256),
  ]);
  assert.equal(swept.status, 0, swept.stderr);
  const wrong = pageblock(["run", meek, "--allow-code", "abc"]);
  assert.match(wrong.stderr, /--allow-code: must be a SHA-256/);
  const none = pageblock(["run", meek]).stderr;
  const other = pageblock(["run", meek, ...allow(EVIL.sha256)]).stderr;
  assert.doesNotMatch(none, /other code/);
  assert.match(
    other,
    new RegExp(`--allow-code names other code, ${EVIL.sha256.slice(0, 16)}…; read the code`),
  );
  assert.ok(none.includes(MEEK.sha256) && other.includes(MEEK.sha256), "both say which code it is");
});

test("a plan is printed without permission: nothing of it is run", () => {
  const loud = stranger(
    `const NAME = "loud";\nexport default change({ name: NAME, listEnd: (() => { throw new Error("${MARKER}"); })() });\n`,
    "loud",
  );
  writeFileSync(join(scratch, "loud.ts"), loud.source);
  const changes = { file: "./loud.ts" };
  const qemu = { board: "qemu-virt", memory: "256MiB" };
  const { request } = REQUEST;
  const strategies = ["buddy", "cma"];
  const plans: Record<string, object> = {
    run: { machine: { ...qemu, change: changes }, ...REQUEST },
    "compare-kernels": { machine: qemu, variants: ["6.12", { label: "mine", change: changes }], request },
    compare: { machine: { ...qemu, change: changes }, strategies, request },
    scorecard: { machine: { ...qemu, change: changes }, strategies, request, adapter: "connectx-5" },
    robust: {
      plan: { machine: { ...qemu, change: changes }, strategies, request, seeds: 1 },
      statement: "cma > buddy",
      over: { memory: ["256MiB"] },
    },
    sweep: { plan: { machine: qemu, ...REQUEST }, over: { "machine.change": [changes, null] } },
  };
  for (const [command, plan] of Object.entries(plans)) {
    const path = join(scratch, `print-${command}.yaml`);
    writeFileSync(path, stringify(plan));
    const printed = pageblock([command, path, "--print-plan"]);
    assert.equal(printed.status, 0, `${command}: ${printed.stderr}`);
    assert.ok(printed.stdout.includes(JSON.stringify(loud.source)), `${command}: the source is in the plan`);
    assert.ok(printed.stdout.includes(loud.sha256), command);
    assert.match(printed.stdout, /"name": "loud"/, command);
    const refused = pageblock([command, path, "--store", "none", "--workers", "1"]);
    assert.equal(refused.status, 2, command);
    assert.match(refused.stderr, new RegExp(`it is not run; .*--allow-code ${loud.sha256}`), command);
    assert.doesNotMatch(printed.stderr + refused.stderr, new RegExp(MARKER), command);
    // What was printed is a plan of its own, which needs the same permission.
    const again = join(scratch, `again-${command}.json`);
    writeFileSync(again, printed.stdout);
    const reread = pageblock([command, again, "--print-plan"]);
    assert.equal(reread.stdout, printed.stdout, command);
    assert.equal(pageblock([command, again, "--store", "none"]).status, 2, command);
  }
});

test("a plan whose change was altered after it was written says so, before any question of permission", async () => {
  const altered = { ...MEEK, source: MEEK.source.replace("tail", "head") };
  const path = join(scratch, "altered.json");
  writeFileSync(path, JSON.stringify({ machine: machineWith(altered), ...REQUEST }));
  for (const args of [[], allow(MEEK.sha256), ["--print-plan"]]) {
    const { status, stdout, stderr } = pageblock(["run", path, ...args]);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /the change "meek" was altered after it was recorded: its sha256 is [0-9a-f]{64}, but/,
    );
    assert.ok(stderr.includes(MEEK.sha256) && stderr.includes(stranger(altered.source).sha256));
  }
  const file = join(scratch, "altered.ipynb");
  const plan = { ...planWith(MEEK), machine: { ...planWith(MEEK).machine, change: altered } };
  const runs = [runOf({ kind: "run", ...plan }, {})];
  writeFileSync(file, JSON.stringify(notebook(code("x", shown(withResults({ "text/plain": "x" }, runs))))));
  const limits = { ...RUN_LIMITS, allowCode: [MEEK.sha256] };
  await assert.rejects(
    verifyFile(file, limits),
    /altered\.ipynb: the change "meek" was altered .*nothing is run/,
  );
});

test("verify: another SHA-256 than that of the code is answered otherwise than none", async () => {
  const file = join(scratch, "other.ipynb");
  const runs = [runOf({ kind: "run", ...planWith(MEEK) }, {})];
  writeFileSync(file, JSON.stringify(notebook(code("x", shown(withResults({ "text/plain": "x" }, runs))))));
  const texts = await Promise.all(
    [[], [EVIL.sha256]].map((allowCode) =>
      verifyFile(file, { ...RUN_LIMITS, allowCode }).then(
        () => "",
        (error: Error) => error.message,
      ),
    ),
  );
  assert.match(texts[0]!, /nothing is run; read the code/);
  assert.match(
    texts[1]!,
    new RegExp(`nothing is run, since --allow-code names other code, ${EVIL.sha256.slice(0, 16)}…;`),
  );
});

test("compare and scorecard run a change of a file once its SHA-256 is named", () => {
  writeFileSync(join(scratch, "tail.ts"), MEEK.source);
  const plan = {
    machine: { board: "qemu-virt", memory: "256MiB", change: { file: "./tail.ts" } },
    strategies: ["buddy", { name: "cma", area: "32MiB" }],
    request: { size: "2MiB" },
    seeds: 1,
  };
  for (const [command, more] of [
    ["compare", {}],
    ["scorecard", { adapter: "connectx-5" }],
  ] as const) {
    const path = join(scratch, `of-file-${command}.yaml`);
    writeFileSync(path, stringify({ ...plan, ...more }));
    const refused = pageblock([command, path, "--store", "none"]);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, new RegExp(`it is not run; .*--allow-code ${MEEK.sha256}`));
    const done = pageblock([command, path, "--store", "none", "--workers", "1", ...allow(MEEK.sha256)]);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /The kernel has the change "meek"/);
  }
});

test("a sweep over changes: null is the kernel as it is, and the results are those of single runs", async () => {
  const tail = change({ name: "tail", listEnd: () => "tail" });
  const base = parsePlan({
    machine: { board: "qemu-virt", memory: "256MiB" },
    workload: { kind: "uptime", duration: "5 minutes" },
    ...REQUEST,
  } as never);
  const result = await sweep(base as never)
    .over({ "machine.change": [tail, null], seed: [1, 2] })
    .workers(1)
    .store("none")
    .run();
  assert.deepEqual(
    result.points.map(({ values, runs }) => [values, runs]),
    [
      [[`tail (${tail.sha256.slice(0, 12)})`], 2],
      [["stock"], 2],
    ],
  );
  const plans = [tail.toJSON(), undefined].flatMap((c) =>
    [1, 2].map((seed) => ({
      ...base,
      seed,
      machine: { ...base.machine, ...(c !== undefined && { change: c }) },
    })),
  );
  const expected = plans.map((plan) => canonicalJson(run(plan)));
  const hash = createHash("sha256");
  for (const text of expected) hash.update(text).update("\n");
  assert.equal(result.resultsHash, hash.digest("hex"));
  assert.match(result.toJSON().points[0]!.values.join(), /^tail/);
  assert.throws(
    () => expandSweep(parseSweep({ plan: base, over: { "machine.change": [{ file: "./a.ts" }] } })),
    /change.*file: is read from plan files on the command line/,
  );
  assert.throws(
    () => parseSweep({ plan: base, over: { seed: [1, [2]] } }),
    /over\.seed\[1\]: must be text, a number, true or false, null/,
  );
});

const skip = redisMissing();

/** A worker process; resolves when it is ready. */
async function startWorker(url: string, ...more: string[]): Promise<ChildProcess> {
  const args = ["worker", "--redis", url, "--workers", "1", ...more];
  const child = spawn(process.execPath, [join(ROOT, "dist/cli/main.js"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let heard = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr!.on("data", (data) => {
      heard += data;
      if (heard.includes("ready:")) resolve();
    });
    child.on("exit", () => reject(new Error(`the worker ended: ${heard}`)));
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  process.kill(child.pid!, "SIGKILL");
  await gone;
}

test("a cluster: refused by a worker that was not told, the same result by one that was", {
  skip,
}, async () => {
  const own = change({ name: "clustered", listEnd: () => "tail" });
  const sweep = expandSweep({ plan: planWith(own.toJSON()), over: { seed: [1, 2] } } as never);
  const redis = await TestRedis.start();
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers: ChildProcess[] = [];
  try {
    const deaf = await startWorker(url);
    workers.push(deaf);
    await assert.rejects(
      runSweep(sweep, { cluster: url, store: join(scratch, "deaf.duckdb") } as never),
      /a worker refused: job with code of the change "clustered"/,
    );
    await stop(deaf);
    const told = await startWorker(url, ...allow(own.sha256));
    workers.push(told);
    // Each with a store of its own: nothing is taken from what another run left.
    const far = await runSweep(sweep, { cluster: url, store: join(scratch, "far.duckdb") } as never);
    await stop(told);
    const near = await runSweep(sweep, { workers: 2, store: join(scratch, "near.duckdb") } as never);
    assert.equal(far.resultsHash, near.resultsHash);
    assert.equal(far.failed, 0);
  } finally {
    // A worker that is left over would keep this process waiting.
    for (const worker of workers)
      if (worker.exitCode === null && worker.signalCode === null) await stop(worker);
    await redis.end();
  }
});

test("the SHA-256 of an allowed change does not let other code run", async () => {
  const allowed = change({ name: "meek", listEnd: () => "tail" });
  const forged = { ...allowed.toJSON(), source: EVIL.source };
  const plan = planWith(allowed.toJSON());
  const swapped = JSON.parse(JSON.stringify({ ...plan, machine: { ...plan.machine, change: forged } }));
  const refused = (error: unknown) => {
    const { name, message } = error as Error;
    assert.equal(name, "InputError", message);
    assert.match(message, /change "meek": is not run: its sha256 is [0-9a-f]{64}, but that of its source is/);
    assert.ok(message.includes(EVIL.sha256));
    return true;
  };
  assert.throws(() => bindChange(forged), refused);
  assert.throws(() => run(swapped), refused);
  const [together] = runTogether([swapped]);
  assert.ok(together instanceof Error && refused(together));
  const workers = new LocalWorkers(1);
  try {
    const { finished } = await workers.run([{ index: 0, plan: swapped, hash: "x" }]);
    assert.doesNotMatch(finished[0]!.text, new RegExp(MARKER));
    assert.match(finished[0]!.text, /is not run: its sha256/);
  } finally {
    await workers.close();
  }
});

test("two sources never share a SHA-256: what has no UTF-8 is refused", () => {
  const plain = 'export default change({ name: "s", listEnd: () => "\ufffd" === "x" ? "head" : "tail" });\n';
  const half = stranger(plain.replace("\ufffd", "\ud800"), "s");
  assert.equal(half.sha256, stranger(plain).sha256, "Node replaces the half pair");
  const fault = /must be well-formed text: got half of a surrogate pair, \\ud800, in line 1/;
  assert.throws(() => planWith(half), fault);
  assert.throws(
    () => bindChange({ ...half, sha256: change({ name: "s", listEnd: () => "tail" }).sha256 }),
    fault,
  );
  const path = join(scratch, "latin1.ts");
  writeFileSync(
    path,
    Buffer.from('export default change({ name: "caf\xe9", listEnd: () => "tail" });\n', "latin1"),
  );
  assert.throws(() => loadChange(path), /latin1\.ts: a change must be text in UTF-8/);
  const plan = join(scratch, "latin1.yaml");
  writeFileSync(
    plan,
    stringify({ machine: { board: "qemu-virt", change: { file: "./latin1.ts" } }, ...REQUEST }),
  );
  const { status, stderr } = pageblock(["run", plan, "--allow-code", "0".repeat(64)]);
  assert.equal(status, 2);
  assert.match(stderr, /latin1\.ts: a change must be text in UTF-8/);
});
