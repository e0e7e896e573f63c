/** SQL that somebody hands in: limits of time, rows and memory, one line each, and no process left behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { canonicalJson } from "../../lib/base/canonical-json";
import { runToText } from "../../lib/experiment/run-text";
import { Store } from "../../lib/experiment/store";
import { userQuery } from "../../lib/experiment/user-sql";
import { parsePlan, planHash } from "../../lib/plan/run";
import { pageblock, ROOT } from "../support/cli";

const folder = mkdtempSync(join(tmpdir(), "pageblock-sql-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const plan = parsePlan({
  machine: { board: "qemu-virt", memory: "256MiB" },
  strategy: { name: "cma" },
  request: { size: "4MiB", times: 3 },
});
const runs = [{ ...runToText(plan), hash: planHash(plan), plan: canonicalJson(plan) }];
const results = { runs, hashes: runs.map(({ hash }) => hash) };
const query = (sql: string, limits = {}) => userQuery(results, sql, { seconds: 1, ...limits });

async function stored(name: string): Promise<string> {
  const path = join(folder, name);
  const store = await Store.open(path);
  await store.put(runs);
  await store.close();
  return path;
}

test("a query within the limits gives its rows: integers beyond 2^53 are text, in lists too", async () => {
  assert.deepEqual(await query("select asked, granted from runs"), [{ asked: 3, granted: 3 }]);
  assert.deepEqual(await query("select [1::bigint, 9007199254740993::bigint] as a, {'b': 2::bigint} as c"), [
    { a: [1, "9007199254740993"], c: { b: 2 } },
  ]);
});

test("endless queries are stopped after the seconds allowed", async () => {
  for (const sql of [
    "select count(*) from range(1000000000000)",
    "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t",
  ])
    await assert.rejects(
      query(sql),
      /^InputError: sql: stopped after 1 s: ask for less, or allow more seconds$/,
    );
});

test("what takes much memory is stopped at its limit", async () => {
  for (const sql of [
    "select repeat('x', 2000000000) as a",
    "select list(range) from range(1000000000)",
    "select repeat('x', 10000000) as a from range(2000)",
  ])
    await assert.rejects(
      query(sql, { seconds: 30, megabytes: 128 }),
      /^InputError: sql: (?:stopped at 128 MiB of memory|Out of Memory|gives more than \d+ characters)/i,
      sql,
    );
});

test("answers have at most the rows allowed", async () => {
  await assert.rejects(
    query("select * from range(20000000)", { seconds: 30 }),
    /^InputError: sql: gives more than 100000 rows: /,
  );
  assert.equal((await query("select * from range(7)", { rows: 7 })).length, 7);
  await assert.rejects(query("select * from range(8)", { rows: 7 }), /more than 7 rows/);
});

test("limits and texts that are none are refused before anything runs", async () => {
  for (const limits of [
    { seconds: 0 },
    { seconds: Number.NaN },
    { rows: 0.5 },
    { rows: -1 },
    { megabytes: 1e9 },
  ])
    await assert.rejects(
      query("select 1", limits),
      /^InputError: sql: \w+ must be above 0, and at most \d+: got/,
    );
  await assert.rejects(query("(".repeat(200_000)), /^InputError: sql: must have at most 100000 characters/);
});

test("a store that was cut in half gives the same line to every command, and stays as it is", async () => {
  const path = await stored("half.duckdb");
  truncateSync(path, Math.floor(readFileSync(path).length / 2));
  const before = readFileSync(path);
  for (const more of [[], ["--sql", "select 1"], ["--by", "seed"], ["--csv", join(folder, "half.csv")]]) {
    const { status, stderr } = pageblock(["results", "--store", path, ...more]);
    assert.equal(status, 2);
    assert.equal(
      stderr,
      `pageblock: store: ${path}: is not a DuckDB file, or is damaged: move it away, or name another with --store\n`,
    );
  }
  assert.ok(!existsSync(join(folder, "half.csv")));
  assert.deepEqual(readFileSync(path), before);
  writeFileSync(join(folder, "empty.duckdb"), "");
  assert.equal(
    pageblock(["results", "--store", join(folder, "empty.duckdb"), "--sql", "select 1"]).status,
    2,
  );
});

test("Ctrl-C ends a query within a second, and its process with it", async () => {
  const path = await stored("long.duckdb");
  const sql = "select count(*) from range(1000000000000)";
  const args = [join(ROOT, "dist/cli/main.js"), "results", "--store", path, "--sql", sql, "--seconds", "60"];
  const child = spawn(process.execPath, args, { stdio: "ignore" });
  let own: string | undefined;
  while (own === undefined && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    own = childOf(child.pid!);
  }
  assert.ok(own !== undefined, "the query runs in a process of its own");
  const told = performance.now();
  child.kill("SIGINT");
  await once(child, "exit");
  assert.ok(performance.now() - told < 1000);
  for (let i = 0; i < 50 && existsSync(`/proc/${own}`); i++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(!existsSync(`/proc/${own}`), "the process of the query has ended");
});

function childOf(pid: number): string | undefined {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .trim()
        .split(" ")
        .find((one) => one !== "")
    : undefined;
}
