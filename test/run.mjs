// Runs every check and every test; ends with a line `N passed, N failed, N skipped`.
// `node test/run.mjs [part-of-a-path…]` runs only the test files whose path holds one of the parts.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { run } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const parts = process.argv.slice(2);

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

if (!existsSync(join(root, "node_modules", ".package-lock.json")))
  step("npm ci (the packages of package-lock.json; needs the npm registry)", "npm", ["ci"]);
if (parts.length === 0) step("format, lint and types", "npm", ["run", "--silent", "check"]);
if (!process.env.PAGEBLOCK_SKIP_BUILD) step("build", "npm", ["run", "--silent", "build"]);

const files = testFiles(join(root, "test")).filter(
  (f) => parts.length === 0 || parts.some((p) => relative(root, f).includes(p)),
);
let passed = 0;
let failed = 0;
let skipped = 0;
const started = Date.now();
// How test files load TypeScript; set for the children that `run` starts.
const register = JSON.stringify(join(root, "test", "support", "register.cjs"));
process.env.NODE_OPTIONS =
  `${process.env.NODE_OPTIONS ?? ""} --require ${register} --enable-source-maps`.trim();
const stream = run({ files, concurrency: 2, timeout: 900_000 });
const isFile = (data) => data.details?.type === "suite" || files.includes(data.name);
const SLOW_MS = 30_000;
stream.on("test:pass", (data) => {
  const ms = data.details?.duration_ms ?? 0;
  if (ms > SLOW_MS)
    process.stdout.write(`slow: ${(ms / 1000).toFixed(0)} s: ${data.name.replace(`${root}/`, "")}\n`);
  if (isFile(data)) return;
  if (data.skip !== undefined) {
    skipped++;
    process.stdout.write(`skipped: ${data.name}${typeof data.skip === "string" ? `: ${data.skip}` : ""}\n`);
  } else passed++;
});
stream.on("test:fail", (data) => {
  const error = data.details?.error;
  if (error?.failureType === "subtestsFailed") return;
  failed++;
  process.stdout.write(
    `FAILED: ${relative(root, data.file ?? "")}: ${data.name}\n${error?.cause?.stack ?? error?.stack ?? error}\n`,
  );
});
stream.on("test:stderr", (data) => process.stderr.write(data.message));
stream.on("test:stdout", (data) => process.stdout.write(data.message));
stream.on("test:diagnostic", () => {});
stream.resume();
stream.on("end", () => {
  const inCi = process.env.CI === "true";
  if (inCi && skipped > 0) {
    process.stdout.write(`in CI a skipped test is a failure: ${skipped} skipped\n`);
    failed += skipped;
    skipped = 0;
  }
  if (passed + failed === 0) failed = 1;
  process.stdout.write(`${files.length} files, ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  process.stdout.write(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}\n`);
  process.exit(failed === 0 ? 0 : 1);
});
