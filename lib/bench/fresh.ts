/**
 * Benchmarks of what is done once by a process: every run has a new one, whose start is not counted. Each measures itself
 * and prints what it did; nothing is compiled before.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InputError } from "../base/errors";
import type { Benchmark, BenchSettings, Work } from "./measure";
import { recordingOf } from "./recording";

const DIST = join(__dirname, "../../dist");

/** Begins and ends what is measured. */
const CLOCK = `let cpu, wall;
const begin = () => { cpu = process.cpuUsage(); wall = process.hrtime.bigint(); };
const end = (work) => {
  const wallNs = Number(process.hrtime.bigint() - wall);
  const { user, system } = process.cpuUsage(cpu);
  process.stdout.write(JSON.stringify({ ops: 1, failures: 0, ...work, cpuNs: (user + system) * 1000, wallNs }));
};
const [dist, given] = process.argv.slice(1);`;

/** Loads the built library and boots a machine. */
const IMPORT = `begin();
const { machine } = require(dist + "/index.js");
end({ hash: machine("qemu-virt").memory("256MiB").boot().zones.length });`;

/** The first cell of a notebook, in what the notebook kernel runs cells with. */
const CELL = `const { CellRunner } = require(dist + "/kernel-setup/cell-runner.js");
const runner = new CellRunner(process.cwd(), new Int32Array(new SharedArrayBuffer(64)));
if (given === "idle") runner.warmUp();
begin();
runner.run('import { machine } from "pageblock"', 1).then(({ ok }) => {
  end({ failures: ok ? 0 : 1, hash: 1 });
  process.exitCode = 0;
  setImmediate(() => process.exit());
});`;

const REPLAY = `const { replay } = require(dist + "/trace/replay.js");
begin();
replay(given).then(({ result }) =>
  end({ ops: result.events, failures: result.mismatches, hash: result.exact }));`;

function inNewProcess(name: string, script: string, given: string): Work {
  const cwd = mkdtempSync(join(tmpdir(), "pageblock-bench-"));
  try {
    const env = { ...process.env, NODE_OPTIONS: "" };
    const args = ["-e", `${CLOCK}\n${script}`, DIST, given];
    const child = spawnSync(process.execPath, args, { encoding: "utf8", env, cwd });
    if (child.status !== 0) throw new InputError(`bench ${name}: ${child.stderr.trim().split("\n").at(-1)}`);
    return JSON.parse(child.stdout) as Work;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

function fresh(
  name: string,
  operation: string,
  script: string,
  given: (settings: BenchSettings) => string = () => "",
): Benchmark {
  return {
    operation,
    runs: 5,
    prepare: (settings) => ({ run: () => inNewProcess(name, script, given(settings)) }),
  };
}

export const FRESH_BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  "replay-cold": fresh("replay-cold", "as replay, the first of a process", REPLAY, (settings) =>
    resolve(recordingOf(settings)),
  ),
  import: fresh("import", "import of `machine` from the built library in a new process", IMPORT),
  "import-cell": fresh(
    "import-cell",
    "import of `machine` in the first cell of a notebook kernel that was idle before",
    CELL,
    () => "idle",
  ),
  "import-cell-at-once": fresh(
    "import-cell-at-once",
    "as import-cell, in a kernel that had no time to warm up",
    CELL,
  ),
};
