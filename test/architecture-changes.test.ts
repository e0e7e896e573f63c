/**
 * docs/architecture.md says which files ten kinds of changes touch. Here a newcomer's files are put into a copy of dist as the text
 * tells it, and the whole of the library must know them: names, checks, plans, completion by type, the command line.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import test, { after, before } from "node:test";
import { camel } from "../lib/base/spelling";
import { BOARD_NAMES } from "../lib/hardware/boards";
import { STRATEGIES } from "../lib/strategy";
import { WORKLOADS } from "../lib/workload";

const ROOT = resolve(__dirname, "..");
const LIB = join(ROOT, "lib");

const sources = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? sources(join(folder, e.name)) : e.name.endsWith(".ts") ? [join(folder, e.name)] : [],
  );
const files = sources(LIB).map((f) => ({ name: relative(LIB, f), text: readFileSync(f, "utf8") }));
/** Code without comments in which `pattern` occurs. */
const filesWith = (pattern: RegExp) =>
  files
    .filter(({ text }) => pattern.test(text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "")))
    .map((f) => f.name);

let copy: string;
before(() => {
  copy = mkdtempSync(join(tmpdir(), "pageblock-changes-"));
  cpSync(join(ROOT, "dist"), join(copy, "dist"), { recursive: true });
  cpSync(join(ROOT, "package.json"), join(copy, "package.json"));
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"), "dir");
});
after(() => rmSync(copy, { recursive: true, force: true }));

/** Runs a script with the copy as `pageblock`, which prints JSON. */
function inCopy(code: string): unknown {
  const done = spawnSync(
    process.execPath,
    ["-e", `const pageblock = require(${JSON.stringify(join(copy, "dist/index.js"))}); ${code}`],
    { encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } },
  );
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
}
function edit(file: string, change: (text: string) => string): void {
  const path = join(copy, "dist", file);
  const text = readFileSync(path, "utf8");
  const changed = change(text);
  assert.notEqual(changed, text, file);
  writeFileSync(path, changed);
}

test("a strategy is its file and its name in lib/strategy/index.ts", () => {
  writeFileSync(
    join(copy, "dist/strategy/two-buddies.js"),
    `const { defineStrategy } = require("./strategy");
     const { buddy } = require("./buddy");
     const { filled, name } = require("../schema/field");
     exports.twoBuddies = defineStrategy({ ...buddy, name: "two-buddies",
       parameters: { first: filled(name("which of them is asked first", ["left", "right"], { default: "left" })) } });`,
  );
  edit("strategy/index.js", (t) =>
    t.replace("const ALL = {", 'const ALL = { twoBuddies: require("./two-buddies").twoBuddies,'),
  );
  assert.deepEqual(
    inCopy(`const { strategies, parsePlan, run, workload } = pageblock;
      const plan = parsePlan({ machine: { board: "qemu-virt", memory: "256MiB" }, strategy: strategies.twoBuddies({ first: "right" }), request: { size: "64KiB" } });
      let refused; try { strategies["two-buddies"]({ first: "rigth" }); } catch (error) { refused = error.message; }
      console.log(JSON.stringify([plan.strategy, run(plan).requests.granted, refused]));`),
    [
      { name: "two-buddies", first: "right" },
      [1],
      'strategy two-buddies: first: unknown name "rigth": known are left, right; did you mean right?',
    ],
  );
});

test("a workload is its file and its name in lib/workload/index.ts", () => {
  writeFileSync(
    join(copy, "dist/workload/idle-time.js"),
    `const { defineWorkload } = require("./workload");
     const { duration } = require("./parameters");
     exports.idleTime = defineWorkload({ kind: "idle-time", title: "idle", summary: "Nothing happens.", parameters: { duration: duration("1h") },
       leaves: [], durationMs: (p) => p.duration, pagesPerSecond: () => 0, start: () => ({ nextMs: Infinity, step() {}, stop() {} }) });`,
  );
  edit("workload/index.js", (t) =>
    t.replace("const ALL = {", 'const ALL = { idleTime: require("./idle-time").idleTime,'),
  );
  assert.deepEqual(
    inCopy(`const { strategies, parsePlan, run, workload } = pageblock;
      const plan = parsePlan({ machine: { board: "qemu-virt", memory: "256MiB" }, workload: workload.idleTime("2h"), strategy: strategies.buddy(), request: { size: "64KiB" } });
      console.log(JSON.stringify([plan.workload, run(plan).metrics.uptimeMs]));`),
    [{ kind: "idle-time", duration: "2h" }, 7_200_000],
  );
});

test("a command is its file in lib/cli", () => {
  writeFileSync(
    join(copy, "dist/cli/hello.js"),
    `exports.register = (program) => program.command("hello").description("say hello").action(() => console.log("hello"));`,
  );
  const pageblock = (...args: string[]) =>
    spawnSync(process.execPath, [join(copy, "dist/cli/main.js"), ...args], { encoding: "utf8" }).stdout;
  assert.equal(pageblock("hello"), "hello\n");
  assert.match(pageblock("help"), /^ {2}hello +say hello$/m);
});

test("a chart is its file and its line in lib/chart/index.ts", () => {
  writeFileSync(join(copy, "dist/chart/dots.js"), "exports.dots = () => ({ data: [], layout: {} });");
  appendFileSync(join(copy, "dist/chart/index.js"), '\nexports.dots = require("./dots").dots;\n');
  assert.equal(inCopy("console.log(JSON.stringify(typeof pageblock.chart.dots));"), "function");
  assert.deepEqual(
    filesWith(/\bbyteCurves\b/).filter((f) => f.startsWith("chart/")),
    ["chart/byte-curves.ts", "chart/index.ts"],
  );
});

test("a board is its entry in a file of lib/hardware/boards", () => {
  edit("hardware/boards/qemu-virt.js", (t) => {
    const [all, list] = /exports\.VIRTUAL_MACHINES = \[([^\]]*)\];/.exec(t)!;
    return t.replace(
      all!,
      `exports.VIRTUAL_MACHINES = [${list}, { ...exports.QEMU_VIRT, name: "qemu-two" }];`,
    );
  });
  assert.deepEqual(
    inCopy(
      `console.log(JSON.stringify([pageblock.BOARD_NAMES.includes("qemu-two"), pageblock.parsePlan({ machine: { board: "qemu-two" }, strategy: "buddy", request: { size: "64KiB" } }).machine.board]));`,
    ),
    [true, "qemu-two"],
  );
  for (const board of BOARD_NAMES) {
    const described = filesWith(new RegExp(`"${board}"`)).filter((f) => f.startsWith("hardware/boards/"));
    assert.equal(described.length, 1, `${board}: ${described}`);
  }
});

test("a metric is its line in lib/plan/metric-names.ts and the place that computes it", () => {
  edit("plan/metric-names.js", (t) =>
    t.replace(
      "exports.METRICS = {",
      'exports.METRICS = { newOne: { unit: "count", meaning: "a new figure" },',
    ),
  );
  assert.equal(
    inCopy("console.log(JSON.stringify(pageblock.metrics.METRICS.newOne.meaning));"),
    "a new figure",
  );
});

test("no strategy and no workload is named where it is listed beside its file and the index", () => {
  for (const [folder, names] of [
    ["strategy", STRATEGIES.keys()],
    ["workload", WORKLOADS.keys()],
  ] as const)
    for (const name of names) {
      const code = new RegExp(`\\b${camel(name)},\\n`);
      const listed = filesWith(code).filter((f) => f.endsWith("index.ts") && f !== "index.ts");
      assert.deepEqual(listed, [`${folder}/index.ts`], name);
    }
});

test("a trace record is lib/trace/trace-reader.ts and the file that follows it", () => {
  const recording = join(copy, "recording");
  cpSync(join(ROOT, "test/fixtures/x86-6.1/boot-8G"), recording, { recursive: true });
  const trace = join(recording, "trace.txt");
  writeFileSync(trace, `y 7\n${readFileSync(trace, "latin1")}`);
  const replayed = `pageblock.replay(${JSON.stringify(recording)})
    .then(({ result }) => [globalThis.seen, result.exact, result.allocations], (error) => error.message)
    .then((said) => console.log(JSON.stringify(said)));`;
  assert.match(String(inCopy(replayed)), /trace\.txt:1: unknown record/);
  edit("trace/trace-reader.js", (t) =>
    t
      .replace("exports.REC = {", "exports.REC = { NEW: 63,")
      .replace("const FORMS = {", "const FORMS = { y: { kind: exports.REC.NEW, fields: 1, hex: -1 },"),
  );
  edit("trace/replayer.js", (t) =>
    t
      .replace("const INPUTS = [", "const INPUTS = [ trace_reader_1.REC.NEW,")
      .replace(
        /(\bdispatch\(kind, f, line, text\) \{[^}]*?switch \(kind\) \{)/,
        "$1 case trace_reader_1.REC.NEW: globalThis.seen = f[0]; break;",
      ),
  );
  assert.deepEqual(inCopy(replayed), [7, 100, 100]);
});

test("the rule of the per-CPU batch is one file", () => {
  assert.deepEqual(filesWith(/function zoneBatchsize/), ["mm/boot/pageset-size.ts"]);
});
