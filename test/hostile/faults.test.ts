/** Faults while results are written: what was done is kept, nothing is half written, and the message says how to go on. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { duckdb } from "../../lib/experiment/duckdb";
import { Store } from "../../lib/experiment/store";
import { pageblock, ROOT } from "../support/cli";
import { smallSweep } from "../support/small-sweep";

const folder = mkdtempSync(join(tmpdir(), "pageblock-faults-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const CLI = join(ROOT, "dist/cli/main.js");

const { sweep, command } = smallSweep(folder, { times: 600, seeds: 150 });
/** The same without a fault. */
let whole: string;
const resultsHash = () => {
  whole ??= JSON.parse(pageblock(command("none")).stdout).resultsHash;
  return whole;
};

function goesOn(store: string): void {
  const again = pageblock(command(store));
  assert.equal(again.status, 0, again.stderr);
  const summary = JSON.parse(again.stdout);
  assert.equal(summary.resultsHash, resultsHash());
  assert.ok(summary.fromStore > 0, "what was done before is kept");
  assert.equal(summary.fromStore + summary.run, 150);
}

test("a store that takes no more, as on a full disk: one line, what was stored is kept, and the command goes on", {
  skip: process.platform === "win32",
}, () => {
  const store = join(folder, "full.duckdb");
  // A limit on the size of files acts as a full disk does, but only here. Its signal is ignored, so that writing fails.
  const shell = `trap '' XFSZ; ulimit -f 800; exec "$0" "$@"`;
  const full = spawnSync("bash", ["-c", shell, process.execPath, CLI, ...command(store)], {
    encoding: "utf8",
  });
  assert.equal(full.status, 2, full.stderr);
  assert.match(
    full.stderr,
    /^pageblock: store: .*full\.duckdb: cannot be written \(.*\): what was stored before is kept: make room, and run the same command again: only missing plans run\n$/,
  );
  assert.ok(full.stderr.length < 500);
  goesOn(store);
});

test("a sweep that is killed keeps what was stored, and the command goes on", async () => {
  const store = join(folder, "killed.duckdb");
  const child = spawn(process.execPath, [CLI, ...command(store)], { stdio: "ignore" });
  const log = `${store}.wal`;
  while (child.exitCode === null && !existsSync(log)) await new Promise((resolve) => setTimeout(resolve, 20));
  // Results are written after a second, at most.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  child.kill("SIGKILL");
  await once(child, "close");
  const left = await Store.open(store);
  const { runs: ofThis, ofOtherEngines } = await left.counts();
  const runs = ofThis + ofOtherEngines;
  await left.close();
  const again = JSON.parse(pageblock(command(store)).stdout);
  assert.deepEqual([again.fromStore, again.run], [runs, 150 - runs]);
  assert.equal(again.resultsHash, resultsHash());
});

test("stores of another format, below a file, and a folder as a store: one line each, and nothing changes", async () => {
  const store = join(folder, "old.duckdb");
  await (await Store.open(store)).close();
  const instance = await duckdb().DuckDBInstance.create(store);
  const connection = await instance.connect();
  await connection.run("update pageblock_store set format = '0'");
  connection.closeSync();
  instance.closeSync();
  const cases: [string, RegExp][] = [
    [store, /has format 0, this version reads 1: name another with --store$/],
    [join(sweep, "x.duckdb"), /cannot be opened \(/],
    [folder, /is a folder, a regular file was expected: name another with --store$/],
  ];
  for (const [path, said] of cases) {
    const { status, stderr } = pageblock(command(path));
    assert.equal(status, 2, stderr);
    assert.match(stderr.trimEnd(), said);
    assert.equal(stderr.split("\n").length, 2, stderr);
  }
});
