/** A script whose default store another process has open runs all the same; one that names a store is told. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "node:test";

const ROOT = resolve(__dirname, "../..");

const env = { ...process.env, NODE_OPTIONS: "" };
/** A process that has the default store of a folder open until it is killed. */
const HOLDER = `require(${JSON.stringify(join(ROOT, "dist/experiment/store"))}).Store.open().then(() => { console.log("open"); setInterval(() => {}, 1000); })`;

test("two scripts of one folder at a time", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "pageblock-busy-"));
  const holder = spawn(process.execPath, ["-e", HOLDER], { cwd, env });
  try {
    await new Promise((done) => holder.stdout.once("data", done));
    const script = (store: string) =>
      `const { compare, machine, strategies } = require(${JSON.stringify(ROOT)});
       compare(strategies.buddy()).on(machine("raspberry-pi-4").memory("1GiB")).asking({ size: "1MiB" }).seeds(1)${store}.workers(1).run()
         .then((r) => console.log(r.toJSON().strategies[0].granted), (e) => { console.error(e.message); process.exit(2); });`;
    const run = (store = "") =>
      spawnSync(process.execPath, ["-e", script(store)], { cwd, env, encoding: "utf8" });
    const free = run();
    assert.equal(free.stdout, "1\n", free.stderr);
    const named = run('.store(".pageblock/results.duckdb")');
    assert.equal(named.status, 2);
    assert.match(named.stderr, /is in use by another process/);
  } finally {
    holder.kill();
    rmSync(cwd, { recursive: true, force: true });
  }
});

test("a sweep that has run is asked later, when another process has the store", () => {
  const cwd = mkdtempSync(join(tmpdir(), "pageblock-busy-"));
  // The holder starts once the sweep has let go of the store.
  const script = `const { sweep } = require(${JSON.stringify(ROOT)});
    const { spawn } = require("node:child_process");
    const plan = { machine: { board: "qemu-virt", memory: "128MiB" }, strategy: { name: "buddy" }, request: { size: "1MiB" } };
    (async () => {
      const done = await sweep(plan).over({ seed: [1, 2, 3] }).workers(1).run();
      const holder = spawn(process.execPath, ["-e", ${JSON.stringify(HOLDER)}]);
      await new Promise((open) => holder.stdout.once("data", open));
      const rows = await done.sql("select count(*) as n from runs").finally(() => holder.kill());
      console.log(JSON.stringify(rows));
    })().catch((e) => { console.error(e.message); process.exit(2); });`;
  try {
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { cwd, env, encoding: "utf8" });
    assert.equal(stdout, '[{"n":3}]\n', stderr);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
