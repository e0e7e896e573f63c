// Runs every check and every test; ends with a line `N passed, N failed, N skipped`.
// `node test/run.mjs [part-of-a-path…]` runs only the test files whose path holds one of the parts.
// Every file has a process of its own; one more runs than there are cores, the slowest of the last time first, so that no core
// waits for a browser, or at the end for a file that began late.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { child, LIMIT_MS } from "./support/child.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const parts = process.argv.slice(2);
const SLOW_MS = 30_000;
/** Files that take longer beside other load than others may: all notebooks are executed in one. */
const LONG = new Map([["test/notebooks/reproducible.test.ts", 1_800_000]]);
/** A test that hangs is named this long before its file is killed. */
const NAMED_BEFORE_MS = 100_000;
/** So many of the longest files are named at the end. */
const LONGEST = 12;
/** Files at once: one more than cores, since many wait for browsers and kernels; four at most, since those take memory. */
const AT_ONCE = Math.min(4, availableParallelism() + 1);
const CHECK = "format, lint and types";
/** Where times of files are kept; and what begins first as long as there are none, the slowest first. */
const times = join(root, "build", "test-times.json");
const SLOWEST = [
  "notebooks/reproducible",
  "notebooks/jupyterlab",
  "kernel-setup/jupyter",
  "kernel-setup/pack",
  "laws/bulk",
  "kernel-setup/kernel.",
  "report/verify",
  "docs/code-blocks",
  "fluent/result-charts",
  "cli/experiments",
  "mm/contig-timeline",
  "plan/parity",
  "docs/api",
  "notebooks/notebook7",
  "laws/",
  "bench/",
  "experiment/cluster",
  "report/",
  "cli/",
  "trace/",
  "strategy/",
  "fluent/",
];

function step(name, command, args) {
  process.stdout.write(`# ${name}\n`);
  const done = spawnSync(command, args, { stdio: "inherit", shell: process.platform === "win32" });
  if (done.status !== 0) {
    process.stdout.write(`# ${name} failed\n0 passed, 1 failed\n`);
    process.exit(1);
  }
}

function testFiles(folder) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "fixtures") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...testFiles(path));
    else if (entry.name.endsWith(".test.ts")) found.push(path);
  }
  return found.sort();
}

/** Milliseconds that files took the last time, by their path below the root. */
function knownTimes() {
  try {
    return JSON.parse(readFileSync(times, "utf8"));
  } catch {
    return {};
  }
}

/** The slowest first; one that was never timed takes the place that its folder has in SLOWEST. */
function slowestFirst(files, known) {
  const guess = (path) => {
    const place = SLOWEST.findIndex((part) => path.includes(`test/${part}`));
    return place < 0 ? 0 : (SLOWEST.length - place) * 1000;
  };
  const ms = (file) => {
    const path = relative(root, file).replaceAll("\\", "/");
    return known[path] ?? guess(path);
  };
  return [...files].sort((a, b) => ms(b) - ms(a));
}

const NODE_OPTIONS =
  `${process.env.NODE_OPTIONS ?? ""} --require ${JSON.stringify(join(root, "test", "support", "register.cjs"))} --enable-source-maps`.trim();
const reporter = pathToFileURL(join(root, "test", "support", "json-reporter.mjs")).href;
const reports = mkdtempSync(join(tmpdir(), "pageblock-tests-"));

/** Where Jupyter and IPython keep settings while tests run: not in the home directory. */
const settings = {
  JUPYTER_CONFIG_DIR: join(reports, "jupyter"),
  IPYTHONDIR: join(reports, "ipython"),
};

/** The lines of JSON in a file; the last one of a process that was killed may be cut. */
function jsonLines(path) {
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  return lines.flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

/** The tests of one file, and how its process ended. */
async function runFile(file, number) {
  const [report, begun] = [join(reports, `${number}.jsonl`), join(reports, `${number}.begun.jsonl`)];
  // The loader is an argument too: processes and threads that a test starts from TypeScript inherit it so.
  const support = (name) => ["--require", join(root, "test", "support", name)];
  const args = [
    ...[...support("register.cjs"), ...support("limits.cjs")],
    ...[`--test-reporter=${reporter}`, `--test-reporter-destination=${report}`, file],
  ];
  const limitMs = LONG.get(relative(root, file).replaceAll("\\", "/")) ?? LIMIT_MS;
  const limits = { PAGEBLOCK_TESTS_BEGUN: begun, PAGEBLOCK_TEST_LIMIT_MS: String(limitMs - NAMED_BEFORE_MS) };
  const ended = await child(process.execPath, args, {
    env: { ...settings, ...process.env, NODE_OPTIONS, ...limits },
    limitMs,
  });
  const tests = jsonLines(report);
  const names = new Set(tests.map(({ name }) => name));
  // Of a process that never let go, some that have ended are not told either: the last one is where it stood.
  const open = jsonLines(begun).filter((name) => !names.has(name));
  return { ...ended, tests, open, limitMs };
}

const total = { passed: 0, failed: 0, skipped: 0 };

function failedIn(name, text) {
  total.failed++;
  process.stdout.write(`FAILED: ${name}\n${text}\n`);
}

function tell(path, { tests, open, status, output, timedOut, limitMs }) {
  let failures = 0;
  for (const test of tests) {
    if (!test.passed) {
      if (test.inSubtests) continue;
      failures++;
      failedIn(`${path}: ${test.name}`, test.error);
    } else if (test.suite) continue;
    else if (test.skipped !== null) {
      total.skipped++;
      process.stdout.write(`skipped: ${test.name}${test.skipped === "" ? "" : `: ${test.skipped}`}\n`);
    } else total.passed++;
    if (test.ms > SLOW_MS) process.stdout.write(`slow: ${(test.ms / 1000).toFixed(0)} s: ${test.name}\n`);
  }
  if (output !== "") process.stderr.write(output);
  if (timedOut)
    failedIn(path, `took longer than ${limitMs / 1000} s; without a result: ${open.join(", ") || "no test"}`);
  else if (status !== 0 && failures === 0) failedIn(path, `ended with status ${status} beside its tests`);
  else if (tests.length === 0) failedIn(path, "holds no test");
}

/** A script of package.json. */
const npmRun = (script) => child("npm", ["run", "--silent", script], { shell: process.platform === "win32" });

const all = [];
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
const inWords = ({ ms, cpuMs }) => seconds(ms) + (cpuMs >= 0 ? ` (${seconds(cpuMs)} CPU)` : "");

/** Notes what one part of the run took, and prints it. */
function ended(path, { ms, cpuMs }) {
  all.push({ path, ms, cpuMs });
  process.stdout.write(`${all.length} of ${count} parts: ${path}, ${inWords({ ms, cpuMs })}\n`);
}

async function checked() {
  const result = await npmRun("check");
  if (result.status !== 0) failedIn(CHECK, result.output);
  ended(CHECK, result);
}

async function built() {
  const result = await npmRun("build");
  if (result.status !== 0) {
    process.stdout.write(`${result.output}\n# build failed\n0 passed, 1 failed\n`);
    process.exit(1);
  }
  ended("build", result);
}

if (!existsSync(join(root, "node_modules", ".package-lock.json")))
  step("npm ci (the packages of package-lock.json; needs the npm registry)", "npm", ["ci"]);

const started = Date.now();
const chosen = testFiles(join(root, "test")).filter(
  (f) => parts.length === 0 || parts.some((p) => relative(root, f).includes(p)),
);
const known = knownTimes();
const queue = slowestFirst(chosen, known);
const whole = parts.length === 0;
const build = !process.env.PAGEBLOCK_SKIP_BUILD;
const count = queue.length + (whole ? 1 : 0) + (build ? 1 : 0);
let begun = 0;

/** The longest parts, and what all of them took of the processors. */
function tellTimes() {
  for (const one of [...all].sort((a, b) => b.ms - a.ms).slice(0, LONGEST))
    process.stdout.write(`longest: ${one.path}, ${inWords(one)}\n`);
  const cpuMs = all.reduce((sum, one) => sum + one.cpuMs, 0);
  process.stdout.write(`${chosen.length} files, ${inWords({ ms: Date.now() - started, cpuMs })}\n`);
}

async function worker() {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const path = relative(root, file).replaceAll("\\", "/");
    const result = await runFile(file, begun++);
    known[path] = result.ms;
    tell(path, result);
    ended(path, result);
  }
}
// The check reads sources only: it needs nothing that the build makes.
const check = whole ? checked() : undefined;
if (build) await built();
await Promise.all([check, ...Array.from({ length: AT_ONCE }, worker)]);

rmSync(reports, { recursive: true, force: true });
mkdirSync(dirname(times), { recursive: true });
writeFileSync(times, `${JSON.stringify(known, null, 1)}\n`);
if (process.env.CI === "true" && total.skipped > 0) {
  process.stdout.write(`in CI a skipped test is a failure: ${total.skipped} skipped\n`);
  total.failed += total.skipped;
  total.skipped = 0;
}
if (total.passed + total.failed === 0) total.failed = 1;
tellTimes();
process.stdout.write(
  `${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ""}\n`,
);
process.exit(total.failed === 0 ? 0 : 1);
