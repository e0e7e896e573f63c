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
      /^InputError: sql: (?:stopped at 128 MiB of memory: it (?:had taken \d+ MiB|asked for [\d.]+ \w+ more than is left of it|needs more): ask for less|gives more than \d+ characters)/,
      sql,
    );
});

test("what runs out of memory names the limit and the value, and none of DuckDB's settings", async () => {
  for (const sql of ["select list(range) from range(100000000)", "select list(range(100000000))"])
    await assert.rejects(query(sql, { seconds: 30, megabytes: 64 }), (error: Error) => {
      assert.match(error.message, /^sql: stopped at 64 MiB of memory: it .*\d+(?:\.\d+)? MiB/);
      assert.doesNotMatch(error.message, /SET |Out of Memory|duckdb\.org/);
      return true;
    });
});

test("only the views are read: nothing tells paths, settings or the computer", async () => {
  for (const sql of [
    "pragma database_list",
    "pragma version",
    "select * from pragma_database_list()",
    "select path from duckdb_databases()",
    "select path from main.duckdb_databases",
    "select * from duckdb_settings()",
    "with t as (select value from duckdb_settings() where name = 'home_directory') select * from t",
    "select (select max(install_path) from duckdb_extensions())",
    "select current_setting('temp_directory') from runs",
    "select CURRENT_SETTING('home_directory')",
    "select * from runs where error in (select table_name from information_schema.tables)",
    "with duckdb_databases as (select 1 as path) select path from duckdb_databases",
    "select * from glob('/etc/*')",
    "select * from '/etc/passwd'",
    "show databases",
    "show tables",
    "select * from sqlite_master",
    "select * from query('select 1')",
  ])
    await assert.rejects(query(sql), /^InputError: sql: /, sql);
  await assert.rejects(
    query("select path from duckdb_databases()"),
    /^InputError: sql: only the views runs and requests .* can be read: got "duckdb_databases"$/,
  );
  await assert.rejects(
    query("pragma database_list"),
    /^InputError: sql: only SELECT is allowed: got a PRAGMA/,
  );
});

test("what a SELECT makes of the views can be read", async () => {
  for (const sql of [
    "with t as (select granted from runs) select sum(granted) as n from t where granted in (select asked from runs)",
    "select column_name from (describe runs)",
    "summarize requests",
    "select count(*) from requests, range(3), unnest([1, 2]) as u(x)",
    "from runs select hash",
    "with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select max(n) from t",
    "select lower(state), strftime(current_date, '%Y') from runs r join requests q using (hash)",
    "values (1), (2)",
  ])
    assert.ok((await query(sql)).length > 0, sql);
});

test("escape sequences in an answer do not reach the terminal, as text or as JSON", async () => {
  const store = await stored("escapes.duckdb");
  const sql = "select chr(27) || ']0;title' || chr(7) || chr(10) || chr(155) || '2J' as \"a\u001b[31m\"";
  const text = pageblock(["results", "--store", store, "--sql", sql]);
  assert.equal(text.stdout, "a\\x1b[31m\n\\x1b]0;title\\x07\\n\\x9b2J\n");
  const json = pageblock(["results", "--store", store, "--json", "--sql", sql]);
  assert.doesNotMatch(json.stdout.trimEnd(), /\p{Cc}/u);
  assert.deepEqual(JSON.parse(json.stdout), [{ "a\u001b[31m": "\u001b]0;title\u0007\n\u009b2J" }]);
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
  for (let i = 0; i < 400 && isRunning(own); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(!isRunning(own), "the process of the query has ended");
});

/** Whether a process has not ended; one that nobody has fetched has. */
function isRunning(pid: string): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

function childOf(pid: number): string | undefined {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .trim()
        .split(" ")
        .find((one) => one !== "")
    : undefined;
}
