/**
 * One store, and what happens to it: SIGKILL at each statement, a disk that is full, a file system that may not be written, two
 * processes at once, a store of before, a clock that jumps. What was stored is kept, a line says how to go on, and the same command
 * then gives the results of an undisturbed run.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { duckdb } from "../../lib/experiment/duckdb";
import { Store } from "../../lib/experiment/store";
import { pageblock, ROOT } from "../support/cli";
import { smallSweep } from "../support/small-sweep";

const folder = mkdtempSync(join(tmpdir(), "pageblock-store-faults-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const CLI = join(ROOT, "dist/cli/main.js");
const KILLER = join(ROOT, "test/support/killer.cjs");
const CLOCK = join(ROOT, "test/support/jumping-clock.cjs");
const RUNS = 60;

const { sweep, command } = smallSweep(folder, { times: 300, seeds: RUNS });
const summaryOf = (stdout: string) =>
  JSON.parse(stdout) as { resultsHash: string; fromStore: number; run: number };
/** The hash of a sweep that nothing disturbs. */
const whole = summaryOf(pageblock(command("none")).stdout).resultsHash;

/** Runs the command again: it gives the whole, and takes `kept` runs from the store. */
function goesOn(store: string, kept?: number): void {
  const again = pageblock(command(store));
  assert.equal(again.status, 0, again.stderr);
  const { resultsHash, fromStore, run } = summaryOf(again.stdout);
  assert.equal(resultsHash, whole);
  assert.equal(fromStore + run, RUNS);
  if (kept !== undefined) assert.equal(fromStore, kept, "what was stored is kept");
}

async function countOf(path: string): Promise<number> {
  if (!existsSync(path)) return 0;
  const store = await Store.open(path);
  const { runs, ofOtherEngines } = await store.counts();
  await store.close();
  return runs + ofOtherEngines;
}

test("a sweep ended by SIGKILL before and in every statement to its store goes on", async () => {
  const steps = join(folder, "steps");
  const killed = (store: string, at: number) =>
    spawnSync(process.execPath, ["--require", KILLER, CLI, ...command(store)], {
      encoding: "utf8",
      env: { ...process.env, PAGEBLOCK_KILL_AT: String(at), PAGEBLOCK_KILL_STEPS: steps },
    });
  assert.equal(killed(join(folder, "whole.duckdb"), 1e9).status, 0);
  const count = Number(readFileSync(steps, "utf8"));
  assert.ok(count >= 10, `${count} steps`);
  const counts: number[] = [];
  // How often results are stored is a matter of time: a step of the end may not come.
  for (const at of [1, 2, 9, 10, 12, 14, 15, 16].filter((one) => one <= count)) {
    const store = join(folder, `killed-${at}.duckdb`);
    const { signal, stderr } = killed(store, at);
    assert.equal(signal, "SIGKILL", `step ${at} of ${count}: ${stderr}`);
    const kept = await countOf(store);
    counts.push(kept);
    goesOn(store, kept);
  }
  assert.equal(counts[0], 0);
  assert.ok(counts.length >= 6, String(counts));
});

/** Runs a script of the shell where it may mount file systems that only it sees; undefined where that is refused. */
function mounted(script: string, ...args: string[]) {
  const options = process.getuid?.() === 0 ? ["--mount"] : ["--mount", "--map-root-user"];
  const probe = spawnSync("unshare", [
    ...options,
    "sh",
    "-c",
    'mount -t tmpfs -o size=64k none "$0"',
    folder,
  ]);
  if (probe.status !== 0) return undefined;
  return spawnSync("unshare", [...options, "sh", "-c", script, ...args], {
    encoding: "utf8",
    timeout: 120_000,
    maxBuffer: 1 << 26,
  });
}

const STORE_FULL =
  /^pageblock: store: .*: cannot be (?:written|opened) \(.*\): what was stored before is kept: make room, and run the same command again/m;

test("a full disk: what was stored is kept, and with more room the command goes on", (t) => {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  const script = `
    node=$1 cli=$2 sweep=$3
    go() { "$node" "$cli" sweep "$sweep" --store "$0/s.duckdb" --json --workers 1; }
    mount -t tmpfs -o size=128k none "$0" || exit 99
    go >/dev/null; echo "status $?" >&2
    mount -o remount,size=64m "$0" && go`;
  const done = mounted(script, disk, process.execPath, CLI, sweep);
  if (done === undefined) return t.skip("file systems may not be mounted here");
  assert.match(done.stderr, /^status 2$/m);
  assert.match(done.stderr, STORE_FULL);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(summaryOf(done.stdout).resultsHash, whole);
});

test("a disk without any room: files that were there stay, one line says so, and nothing is left beside them", (t) => {
  const disk = join(folder, "no-room");
  mkdirSync(disk);
  const script = `
    node=$1 cli=$2 plan=$3
    mount -t tmpfs -o size=64k none "$0" || exit 99
    printf old >"$0/schema.json"; printf old >"$0/c.svg"
    head -c 1000000 /dev/zero >"$0/filler" 2>/dev/null
    for out in "schema run --out $0/schema.json" "reproduce $plan --out $0/iron" "sweep $plan --store $0/s.duckdb"; do
      "$node" "$cli" $out >/dev/null; echo "status $?" >&2
    done
    ls -A "$0"; cat "$0/schema.json"`;
  const plan = join(folder, "plan.yaml");
  writeFileSync(
    plan,
    "machine: { board: qemu-virt, memory: 256MiB }\nrequest: { size: 64KiB }\nstrategy: buddy\n",
  );
  const done = mounted(script, disk, process.execPath, CLI, plan);
  if (done === undefined) return t.skip("file systems may not be mounted here");
  assert.deepEqual(done.stderr.match(/^status .*$/gm), ["status 2", "status 2", "status 2"], done.stderr);
  const lines = done.stderr.split("\n").filter((line) => line.startsWith("pageblock: "));
  assert.equal(lines.length, 3, done.stderr);
  for (const line of lines.slice(0, 2))
    assert.match(
      line,
      /: cannot be written \(ENOSPC.*\): what was there before is kept: make room, .*again$/,
    );
  assert.match(lines[2]!, /^pageblock: store: .*make room/);
  assert.match(done.stdout, /^c\.svg\nfiller\n(?:s\.duckdb\n)?schema\.json\nold$/);
});

test("a file system that may not be written: one line names another place, also for root", (t) => {
  const disk = join(folder, "read-only");
  mkdirSync(disk);
  const script = `
    node=$1 cli=$2 sweep=$3
    mount -t tmpfs -o size=64m none "$0" || exit 99
    "$node" "$cli" sweep "$sweep" --store "$0/s.duckdb" --json --workers 1 >/dev/null || exit 98
    mount -o remount,ro "$0"
    for out in "schema run --out $0/schema.json" "sweep $sweep --store $0/s.duckdb" "results --store $0/s.duckdb --csv $0/t.csv"; do
      "$node" "$cli" $out >/dev/null; echo "status $?" >&2
    done
    mount -o remount,rw "$0"
    "$node" "$cli" sweep "$sweep" --store "$0/s.duckdb" --json --workers 1; ls -A "$0" >&2`;
  const done = mounted(script, disk, process.execPath, CLI, sweep);
  if (done === undefined) return t.skip("file systems may not be mounted here");
  assert.equal(done.status, 0, done.stderr);
  const lines = done.stderr.trim().split("\n");
  assert.deepEqual(done.stderr.match(/^status .*$/gm), ["status 2", "status 2", "status 2"], done.stderr);
  const told = lines.filter((line) => line.startsWith("pageblock: "));
  assert.equal(told.length, 3, done.stderr);
  for (const line of told)
    assert.match(line, /allow writing there|another with --store|name another place/, line);
  assert.deepEqual(lines.slice(6), ["s.duckdb"], "nothing is left beside it");
  const { resultsHash, fromStore } = summaryOf(done.stdout);
  assert.deepEqual([resultsHash, fromStore], [whole, RUNS]);
});

/** A process that has the store open until its input ends. */
async function holder(store: string) {
  const script = `
    const { Store } = require(process.argv[1]);
    Store.open(process.argv[2]).then(() => console.log("open"));
    process.stdin.resume().on("end", () => process.exit(0));`;
  const child = spawn(process.execPath, ["-e", script, join(ROOT, "dist/experiment/store.js"), store]);
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    await once(child, "exit");
  };
}

test("two processes on one store: the second one is told who has it, changes nothing, and goes on later", async () => {
  const store = join(folder, "shared.duckdb");
  const letGo = await holder(store);
  for (const args of [
    command(store),
    ["results", "--store", store, "--sql", "select count(*) as n from runs"],
    ["results", "--store", store, "--csv", join(folder, "shared.csv")],
  ]) {
    const { status, stderr } = pageblock(args);
    assert.equal(status, 2, stderr);
    assert.match(
      stderr,
      /^pageblock: store: .*: is in use by another process \(PID \d+\): wait for it, or name another/,
    );
  }
  await letGo();
  goesOn(store, 0);
  goesOn(store, RUNS);
  assert.ok(!readdirSync(folder).includes("shared.csv"));
});

test("two sweeps begun at once on one store: what both do is the whole, and nothing is lost", async () => {
  const store = join(folder, "race.duckdb");
  const both = [0, 1].map(() => spawn(process.execPath, [CLI, ...command(store)]));
  const ended = await Promise.all(
    both.map(async (child) => {
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (text) => (stdout += text));
      child.stderr.on("data", (text) => (stderr += text));
      const [status] = await once(child, "close");
      return { status, stdout, stderr };
    }),
  );
  for (const { status, stdout, stderr } of ended) {
    if (status === 0) assert.equal(summaryOf(stdout).resultsHash, whole);
    else assert.match(stderr, /^pageblock: store: .*: is in use by another process/);
  }
  assert.ok(ended.some(({ status }) => status === 0));
  goesOn(store, RUNS);
});

test("a store of before, without the table that notes looks, is read, and gets it", async () => {
  const store = join(folder, "before.duckdb");
  assert.equal(pageblock(command(store)).status, 0);
  const instance = await duckdb().DuckDBInstance.create(store);
  const connection = await instance.connect();
  await connection.run("drop table looks");
  connection.closeSync();
  instance.closeSync();
  goesOn(store, RUNS);
});

test("a clock that jumps by days changes no result, and loses none", async () => {
  const store = join(folder, "clock.duckdb");
  const run = spawnSync(process.execPath, ["--require", CLOCK, CLI, ...command(store)], { encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  assert.equal(summaryOf(run.stdout).resultsHash, whole);
  goesOn(store, RUNS);
});
