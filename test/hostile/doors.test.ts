/**
 * Every function and every command that takes a file from outside, with every hostile input: each answers within its time and its
 * memory, and a refusal is an InputError of one short line.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import test, { after } from "node:test";
import { Command, CommanderError } from "commander";
import { InputError } from "../../lib/base/errors";
import { MiB } from "../../lib/base/units";
import { readPerformance } from "../../lib/bench/performance";
import { readClassMap } from "../../lib/calibration/class-map";
import { readSample } from "../../lib/calibration/sample";
import { loadChange } from "../../lib/change/change";
import { explainFiles } from "../../lib/fluent/explanation";
import { exportNotebook } from "../../lib/report/export";
import { readStoredWriteUp } from "../../lib/report/stored-write-up";
import { parsedJson } from "../../lib/reproduce/machine-side";
import { readPlanFile } from "../../lib/schema/plan-file";
import { readAnySnapshot } from "../../lib/trace/any-snapshot";
import { snapshotFrom } from "../../lib/trace/collect-snapshot";
import { readCsvTable } from "../../lib/trace/csv-table";
import { eachRecord } from "../../lib/trace/ftrace/read-trace";
import { readInput } from "../../lib/trace/input";
import { readMachineSnapshot } from "../../lib/trace/machine-snapshot";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { dir, fileOf, strangeContents, strangePaths } from "./inputs";
import { takenBytes } from "./memory";

const MESSAGE_CHARACTERS = 500;
const CASE_MS = 10_000;
const MEMORY_BYTES = 512 * MiB;

after(() => rmSync(dir, { recursive: true, force: true }));

/** Readers by name; those of write-ups go by the ending. */
const READERS: Record<string, (path: string) => unknown> = {
  readPlanFile,
  readMachineSnapshot,
  readAnySnapshot,
  snapshotFrom,
  "a recorded snapshot": (path) => parseSnapshot(readInput(path), path),
  readCsvTable,
  eachRecord: (path) => eachRecord([path], () => true),
  explainFiles: (path) => explainFiles([path]),
  loadChange,
  readSample,
  readClassMap,
  readPerformance,
  "results of a machine": parsedJson,
};
const BY_ENDING: Record<string, (path: string) => unknown> = {
  ".ipynb": readStoredWriteUp,
  ".html": readStoredWriteUp,
  ".md": readStoredWriteUp,
  ".pdf": readStoredWriteUp,
};

/** Commands that take a file, as the command line registers them. */
const COMMANDS: Record<string, readonly string[]> = {
  advise: ["advise", "FILE", "--want", "2MiB"],
  boot: ["boot", "FILE"],
  "boot --from-log": ["boot", "--from-log", "FILE"],
  "boot --from-iomem": ["boot", "--from-iomem", "FILE"],
  "boot --from-e820": ["boot", "--from-e820", "FILE"],
  "boot --dtb": ["boot", "--dtb", "FILE"],
  compare: ["compare", "FILE", "--store", "none"],
  "compare-kernels": ["compare-kernels", "FILE", "--store", "none"],
  explain: ["explain", "FILE"],
  fidelity: ["fidelity", "FILE"],
  fit: ["fit", "FILE"],
  replay: ["replay", "FILE"],
  reproduce: ["reproduce", "FILE", "--out", join(dir, "iron")],
  robust: ["robust", "FILE", "--store", "none"],
  run: ["run", "FILE", "--store", "none"],
  show: ["show", "FILE"],
  steps: ["steps", "FILE"],
  sweep: ["sweep", "FILE", "--store", "none"],
  verify: ["verify", "FILE"],
  export: ["export", "FILE", "--out", join(dir, "out")],
  snapshot: ["snapshot", "--from", "FILE", "--out", join(dir, "s.gz")],
  "notebook run": ["notebook", "run", "FILE", "--out", join(dir, "run")],
  "notebook run --dry-run": ["notebook", "run", "FILE", "--out", join(dir, "run"), "--dry-run"],
  "verify --dry-run": ["verify", "FILE", "--dry-run"],
  "bench --check": [
    "bench",
    "--check",
    "--workload",
    "init",
    "--size",
    "small",
    "--runs",
    "1",
    "--performance",
    "FILE",
  ],
  "bench --replay": ["bench", "--replay", "FILE"],
  results: ["results", "--store", "FILE"],
  "results --csv": ["results", "--store", "FILE", "--csv", join(dir, "results.csv")],
  "top --proc": ["top", "--once", "--proc", "FILE"],
  "watch --out": ["watch", "--out", "FILE", "--times", "1"],
  "worker --redis": ["worker", "--redis", "FILE"],
  scorecard: ["scorecard", "FILE", "--store", "none"],
  "tlb-curve": ["tlb-curve", "FILE"],
  "adapter-curve": ["adapter-curve", "FILE"],
  "locked-region-curve": ["locked-region-curve", "FILE"],
  recording: ["recording", "FILE"],
  case: ["case", "FILE"],
};

/** The file of each command, where it has another name. */
const FILES: Record<string, string> = {
  steps: "plans",
  "tlb-curve": "plans",
  "adapter-curve": "plans",
  "locked-region-curve": "plans",
  recording: "plans",
  scorecard: "compare",
};
const fileOfCommand = (name: string) => FILES[name] ?? name;

async function command(args: readonly string[]): Promise<void> {
  const program = new Command("pageblock").exitOverride().configureOutput({ writeErr: () => {} });
  require(join(__dirname, `../../lib/cli/${fileOfCommand(args[0]!)}`)).register(program);
  for (const one of program.commands) one.exitOverride();
  const { write } = process.stdout;
  process.stdout.write = (() => true) as typeof write;
  try {
    await program.parseAsync([...args], { from: "user" });
  } finally {
    process.stdout.write = write;
    process.exitCode = 0;
  }
}

/** Runs one case: done, or refused in one short line, in time. `mustRefuse`: being done is a mistake. */
async function answers(what: string, work: () => unknown, mustRefuse: boolean): Promise<void> {
  const started = performance.now();
  const { cpuUsage } = process;
  const before = cpuUsage();
  try {
    await work();
    assert.ok(!mustRefuse, `${what}: was accepted`);
  } catch (error) {
    if (error instanceof assert.AssertionError || error instanceof CommanderError) throw error;
    assert.ok(error instanceof InputError, `${what}: ${error instanceof Error ? error.stack : error}`);
    assert.ok(error.message.length <= MESSAGE_CHARACTERS, `${what}: ${error.message.length} characters`);
    assert.equal(error.exitCode, 2, what);
  }
  const { user, system } = cpuUsage(before);
  const ms = Math.min((user + system) / 1000, performance.now() - started);
  assert.ok(ms < CASE_MS, `${what}: ${Math.round(ms)} ms`);
}

const paths = strangePaths();
const contents = Object.entries(strangeContents());

for (const [name, read] of Object.entries(READERS))
  test(`${name}: refuses what is no file`, async () => {
    for (const [kind, path] of Object.entries(paths)) {
      const absent =
        name === "readPerformance" &&
        !["a FIFO", "a link to a FIFO", "/dev/zero", "/dev/full"].includes(kind);
      await answers(`${name}, ${kind}`, () => read(path), !absent && name !== "explainFiles");
    }
  });

for (const [name, read] of [...Object.entries(READERS), ...Object.entries(BY_ENDING)])
  test(`${name}: answers for every content`, async () => {
    for (const [i, [kind, content]] of contents.entries()) {
      const path = fileOf(`content-${i}${name.startsWith(".") ? name : ""}`, content);
      await answers(`${name}, ${kind}`, () => read(path), name.startsWith("."));
    }
  });

for (const [name, args] of Object.entries(COMMANDS))
  test(`pageblock ${name}: refuses what is no file`, async () => {
    for (const [kind, path] of Object.entries(paths)) {
      const given = args.map((arg) => (arg === "FILE" ? path : arg));
      // What is written, or need not be there, may be missing.
      const maker = (name === "watch --out" && kind === "a missing file") || name === "bench --check";
      await answers(`${name}, ${kind}`, () => command(given), name !== "explain" && !maker);
    }
  });

test("exportNotebook refuses what is no notebook", async () => {
  for (const [i, [kind, content]] of contents.entries()) {
    const path = fileOf(`notebook-${i}.ipynb`, content);
    await answers(`export, ${kind}`, () => exportNotebook(path, "html", join(dir, "out")), true);
  }
});

test("all of it takes less than 512 MB beyond what the process began with", () => {
  const peak = takenBytes();
  assert.ok(peak < MEMORY_BYTES, `${Math.round(peak / MiB)} MiB`);
});
