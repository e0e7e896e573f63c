/**
 * Ends a process by SIGKILL at one step of writing: `PAGEBLOCK_KILL_AT=n node --require …/killer.cjs program`. Steps are counted from 1:
 * one before each call that changes a folder, one after half of what a file gets, and two of each statement that DuckDB gets, before
 * it and while it runs. No step is reached by waiting. At a number beyond the last step the process ends as ever, and the number of
 * its steps goes into the file PAGEBLOCK_KILL_STEPS.
 */
const fs = require("node:fs");
const Module = require("node:module");
const { isMainThread } = require("node:worker_threads");

const killAt = Number(process.env.PAGEBLOCK_KILL_AT);
const report = process.env.PAGEBLOCK_KILL_STEPS;
const own = { ...fs };
let steps = 0;
let inside = false;

function step() {
  steps++;
  if (steps === killAt) process.kill(process.pid, "SIGKILL");
}

/** Node's own functions call one another; only what the program calls is a step. */
function alone(work) {
  inside = true;
  try {
    return work();
  } finally {
    inside = false;
  }
}

/** Writes the first half as the system does when the process ends there. */
function half(target, data, options) {
  steps++;
  if (steps !== killAt) return;
  const bytes = Buffer.from(data);
  const file = typeof target === "number" ? target : own.openSync(target, options?.flag ?? "w");
  own.writeSync(file, bytes.subarray(0, bytes.length >> 1));
  process.kill(process.pid, "SIGKILL");
}

const CHANGES =
  "writeFileSync appendFileSync renameSync mkdirSync mkdtempSync rmSync unlinkSync rmdirSync copyFileSync cpSync symlinkSync";

function watchFiles() {
  for (const name of CHANGES.split(" "))
    fs[name] = (...args) => {
      if (inside) return own[name](...args);
      step();
      if (name === "writeFileSync") alone(() => half(...args));
      return alone(() => own[name](...args));
    };
  fs.openSync = (path, flags = "r", ...rest) => {
    if (!inside && /[wa+]/.test(String(flags))) step();
    return own.openSync(path, flags, ...rest);
  };
  fs.writeSync = (file, ...rest) => {
    if (!inside && file > 2) step();
    return own.writeSync(file, ...rest);
  };
  Module.syncBuiltinESMExports();
}

/** What DuckDB writes is its own affair: a statement is ended before it, and while it runs. */
function watchDuckDB() {
  const load = Module._load;
  let watched = false;
  Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest);
    if (request === "@duckdb/node-api" && !watched) {
      watched = true;
      const { prototype } = loaded.DuckDBConnection;
      const run = prototype.run;
      prototype.run = function (...args) {
        step();
        const running = run.apply(this, args);
        step();
        return running;
      };
    }
    return loaded;
  };
}

if (isMainThread && killAt > 0) {
  watchFiles();
  watchDuckDB();
  if (report !== undefined) process.on("exit", () => own.writeFileSync(report, String(steps)));
}
