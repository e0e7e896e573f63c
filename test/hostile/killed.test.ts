/**
 * Every program that writes, as a process of its own that is ended by SIGKILL at every step of writing: what lies under a name is the
 * old or the new one, whole; the same command then gives what an undisturbed one gives, and removes what the killed one left.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { gunzipSync } from "node:zlib";
import "../support/clean-environment";
import { FIXTURES, pageblock, ROOT } from "../support/cli";
import { GALLERY } from "../support/figures";
import { chart, code, markdown, notebook } from "../support/notebooks";
import { recordBytes, ringFile, SMALL_START, textBytes } from "../support/ring";

const folder = fs.mkdtempSync(join(tmpdir(), "pageblock-killed-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const KILLER = join(ROOT, "test/support/killer.cjs");
const CLI = join(ROOT, "dist/cli/main.js");
/** Of programs with more steps so many are tried, the first and the last among them. */
const MOMENTS = 6;

const input = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name);
  fs.writeFileSync(path, content);
  return path;
};
const PLAN =
  "machine: { board: qemu-virt, memory: 256MiB }\nstrategy: buddy\nrequest: { size: 64KiB, times: 20 }\n";
const plan = input("plan.yaml", PLAN);
const compared = input(
  "compare.yaml",
  `${PLAN.replace("strategy: buddy", "strategies: [buddy, cma]")}seeds: 2\n`,
);
const pages = input(
  "n.ipynb",
  JSON.stringify(notebook(markdown("# A title"), code("x", chart(GALLERY.bars!)))),
);
const proc = join(folder, "proc");
fs.mkdirSync(proc);
fs.copyFileSync(
  join(FIXTURES, "live-machine/22-proc-files/coreos489-buddyinfo.txt"),
  join(proc, "buddyinfo"),
);
const ring = input(
  "ring",
  ringFile([
    textBytes("version", "Linux version 6.1.0-57-amd64 (debian-kernel@lists.debian.org)\n"),
    textBytes("S0.txt", SMALL_START),
    recordBytes({ kind: 1, args: [0, 0] }),
    recordBytes({ kind: 1, args: [1, 900] }),
    textBytes("S1.txt", SMALL_START.replace("slot=0", "slot=1")),
  ]),
);
/** A recording of a kernel, as small as there is one. */
const RECORDING = join(FIXTURES, "x86-6.1/s2-thp");
const npm = input(
  "npm.cjs",
  `console.log(JSON.stringify({ metadata: { component: {} }, components: [], dependencies: [] }))`,
);
const stored = join(folder, "stored.duckdb");
assert.equal(pageblock(["run", plan, "--store", stored]).status, 0);

interface Program {
  /** Arguments of Node. */
  run(out: string): string[];
  /** What it writes into `out`. */
  files: readonly string[];
  /** What lies in `out` before. */
  before?(out: string): void;
  env?(out: string): NodeJS.ProcessEnv;
  /** Files lie there under these names already; not if it only writes new ones. */
  again?: false;
  /** The most moments that are tried of a program that takes long. */
  moments?: number;
  /** What it writes is not the same each time. */
  varies?: true;
}

const script = (text: string, ...args: string[]) => ["-e", text, ...args];
const built = (path: string) => JSON.stringify(join(ROOT, "dist", path));

const PROGRAMS: Record<string, Program> = {
  "pageblock schema": {
    run: (out) => [CLI, "schema", "run", "--out", join(out, "s.json")],
    files: ["s.json"],
  },
  "pageblock snapshot": {
    run: (out) => [CLI, "snapshot", "--from", proc, "--out", join(out, "s.gz")],
    files: ["s.gz"],
    varies: true,
  },
  "pageblock replay --save": {
    run: (out) => [CLI, "replay", RECORDING, "--save", join(out, "end.txt")],
    moments: 4,
    files: ["end.txt"],
  },
  "pageblock replay --cache": {
    before: (out) => fs.cpSync(RECORDING, join(out, "r"), { recursive: true }),
    run: (out) => [CLI, "replay", join(out, "r"), "--cache"],
    moments: 4,
    files: ["r/trace.pageblock-cache"],
  },
  "pageblock export": { run: (out) => [CLI, "export", pages, "--out", out], files: ["n.html"] },
  "pageblock export --to slides": {
    run: (out) => [CLI, "export", pages, "--to", "slides", "--out", out],
    moments: 3,
    files: ["n.slides.html"],
  },
  "pageblock export --to md": {
    run: (out) => [CLI, "export", pages, "--to", "md", "--out", out],
    moments: 3,
    files: ["n.md"],
  },
  "pageblock compare --chart": {
    run: (out) => [
      CLI,
      "compare",
      compared,
      "--store",
      "none",
      "--workers",
      "1",
      "--chart",
      join(out, "c.svg"),
    ],
    moments: 4,
    files: ["c.svg"],
  },
  "pageblock results --csv": {
    run: (out) => [CLI, "results", "--store", stored, "--csv", join(out, "t.csv")],
    files: ["t.csv"],
  },
  "pageblock results --parquet": {
    run: (out) => [
      CLI,
      "results",
      "--store",
      stored,
      "--table",
      "requests",
      "--parquet",
      join(out, "t.parquet"),
    ],
    files: ["t.parquet"],
  },
  "pageblock reproduce": {
    run: (out) => [CLI, "reproduce", plan, "--out", join(out, "iron")],
    moments: 4,
    files: ["iron"],
    again: false,
  },
  "pageblock record --ring": {
    run: (out) => [CLI, "record", "--ring", ring, "--out", out],
    files: ["S0.txt.gz", "S1.txt.gz", "trace.txt.gz", "version"],
  },
  "pageblock watch": {
    run: (out) => [CLI, "watch", "--times", "1", "--proc", proc, "--sys", proc, "--out", out],
    files: ["s0000.snapshot.json.gz"],
    again: false,
    varies: true,
  },
  "pageblock kernel install": {
    run: (out) => [CLI, "kernel", "install", "--prefix", out],
    files: ["share/jupyter/kernels/pageblock/kernel.json", "share/jupyter/kernels/pageblock-js/kernel.json"],
    again: false,
  },
  "the translator of papermill": {
    before: (out) => fs.mkdirSync(join(out, "lib/python3.11/site-packages/papermill"), { recursive: true }),
    run: (out) =>
      script(`require(${built("kernel-setup/papermill.js")}).installTranslator(process.argv[1])`, out),
    files: ["lib"],
    again: false,
  },
  "an executed notebook": {
    run: (out) =>
      script(
        `require(${built("kernel-setup/notebook-runner.js")}).writeNotebook(process.argv[1], "e.ipynb", { cells: [1] })`,
        out,
      ),
    files: ["e.ipynb"],
  },
  "the index of write-ups": {
    before: (out) => fs.copyFileSync(page(), join(out, "n.html")),
    run: (out) => script(`require(${built("report/index-page.js")}).writeIndexPage(process.argv[1])`, out),
    files: ["index.html"],
  },
  "the documentation beside write-ups": {
    run: (out) => script(`require(${built("report/docs-pages.js")}).writeDocs(process.argv[1])`, out),
    files: ["docs"],
    moments: 3,
    again: false,
  },
  "an entry of performance": {
    before: (out) => fs.writeFileSync(join(out, "p.json"), '{ "format": 1, "entries": [] }'),
    run: (out) =>
      script(
        `require(${built("bench/performance.js")}).recordPerformance(process.argv[1],
          { date: "2026-01-01", machine: "m", engine: "e", figures: {} })`,
        join(out, "p.json"),
      ),
    files: ["p.json"],
    again: false,
  },
  "the list of parts": {
    run: () => [join(ROOT, "kernel-setup/write-sbom.mjs")],
    env: (out) => ({ npm_execpath: npm, npm_config_pack_destination: out }),
    files: ["pageblock-0.1.0.cdx.json"],
  },
  "what the registry knows of the parts": {
    before: (out) => {
      for (const name of ["kernel-setup", "docs", "bin"]) fs.mkdirSync(join(out, name));
      fs.copyFileSync(join(ROOT, "kernel-setup/audit.mjs"), join(out, "kernel-setup/audit.mjs"));
      const answer = JSON.stringify({ vulnerabilities: {}, metadata: { vulnerabilities: { total: 0 } } });
      fs.writeFileSync(join(out, "bin/npm"), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    },
    run: (out) => [join(out, "kernel-setup/audit.mjs")],
    env: (out) => ({ PATH: `${join(out, "bin")}:${process.env.PATH}` }),
    files: ["docs/audit.json"],
  },
  "the lazy door of the build": {
    before: (out) => {
      fs.writeFileSync(
        join(out, "index.js"),
        'var a_1 = require("./a");\nObject.defineProperty(exports, "a", { enumerable: true, get: function () { return a_1.a; } });\n',
      );
    },
    run: (out) =>
      script(
        `import(${JSON.stringify(join(ROOT, "kernel-setup/lazy-door.mjs"))}).then((m) => m.makeDoorLazy(process.argv[1]))`,
        join(out, "index.js"),
      ),
    files: ["index.js"],
    again: false,
  },
};

let exported: string | undefined;
/** An exported page. */
function page(): string {
  if (exported === undefined) {
    const out = fs.mkdtempSync(join(folder, "page-"));
    assert.equal(pageblock(["export", pages, "--out", out]).status, 0);
    exported = join(out, "n.html");
  }
  return exported;
}

const OLD = '{ "format": 1, "entries": [] }';

let folders = 0;
function prepared({ before, files, again }: Program): string {
  const out = join(folder, `out-${++folders}`);
  fs.mkdirSync(out);
  before?.(out);
  if (again !== false) for (const file of files) fs.writeFileSync(join(out, file), OLD);
  return out;
}

/** Names under which something is written first. */
const SCRATCH = /\.(?:part|tmp)(?:-\w+)?(?:\/|$)/;

/** Names of all files below a folder. */
const filesBelow = (out: string): string[] =>
  (fs.readdirSync(out, { recursive: true, encoding: "utf8" }) as string[])
    .filter((name) => fs.statSync(join(out, name)).isFile())
    .sort();

/** Files below `out` by name, with their contents, which do not name the folder that they lie in. */
const stateOf = (out: string): Record<string, string> =>
  Object.fromEntries(
    filesBelow(out).map((name) => [name, fs.readFileSync(join(out, name), "latin1").replaceAll(out, "OUT")]),
  );

const isWholeSnapshot = (content: string): boolean => {
  try {
    return JSON.parse(gunzipSync(Buffer.from(content, "latin1")).toString()).format === "pageblock-snapshot";
  } catch {
    return false;
  }
};

function started(program: Program, out: string, killAt: number, report?: string) {
  return spawnSync(process.execPath, ["--require", KILLER, ...program.run(out)], {
    cwd: out,
    encoding: "utf8",
    timeout: 60_000,
    env: {
      ...process.env,
      ...program.env?.(out),
      PAGEBLOCK_KILL_AT: String(killAt),
      ...(report !== undefined && { PAGEBLOCK_KILL_STEPS: report }),
    },
  });
}

/** How many steps of writing a program takes that nobody ends, and what lies there before and then. */
function undisturbed(program: Program) {
  const out = prepared(program);
  const before = stateOf(out);
  const report = join(folder, "steps");
  const done = started(program, out, 1e9, report);
  assert.ok(done.status === 0, done.stderr);
  return { before, made: stateOf(out), steps: Number(fs.readFileSync(report, "utf8")) };
}

/** Numbers from 1 to `steps`: all, or MOMENTS of them. */
function moments(steps: number, most = MOMENTS): number[] {
  const n = Math.min(steps, most);
  return Array.from({ length: n }, (_, i) => (n < 2 ? 1 : 1 + Math.round((i * (steps - 1)) / (n - 1))));
}

for (const [name, program] of Object.entries(PROGRAMS))
  test(`${name}: ended by SIGKILL at any step, and run again`, { skip: process.platform === "win32" }, () => {
    const { before, made, steps } = undisturbed(program);
    assert.ok(steps >= 3, `${steps} steps`);
    assert.notDeepEqual(made, before);
    for (const at of moments(steps, program.moments)) {
      const out = prepared(program);
      const killed = started(program, out, at);
      assert.equal(killed.signal, "SIGKILL", `step ${at} of ${steps}: ${killed.stderr}`);
      for (const [file, content] of Object.entries(stateOf(out))) {
        const whole = content === before[file] || content === made[file];
        assert.ok(
          whole || SCRATCH.test(file) || (program.varies && isWholeSnapshot(content)),
          `step ${at} of ${steps}: ${file} is half written: ${content.slice(0, 200)}`,
        );
      }
      for (const file of Object.keys(before))
        assert.ok(fs.existsSync(join(out, file)), `step ${at}: ${file} is gone`);
      const again = started(program, out, 0);
      assert.equal(again.status, 0, `step ${at}: ${again.stderr}`);
      const left = stateOf(out);
      assert.deepEqual(Object.keys(left), Object.keys(made), `step ${at}: nothing is left beside it`);
      if (!program.varies) assert.deepEqual(left, made, `step ${at}`);
      fs.rmSync(out, { recursive: true });
    }
  });
