/**
 * Asks the registry for advisories on what the lock file names, and writes the date and the result to docs/audit.json. Exit status 0:
 * none, 1: some, 2: the registry does not answer such questions, and nothing is written.
 */
import { spawnSync } from "node:child_process";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, "docs/audit.json");
const { stdout, stderr } = spawnSync("npm", ["audit", "--json"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 1 << 26,
});

function answerOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const { vulnerabilities, metadata, message } = answerOf(stdout);
if (vulnerabilities === undefined || metadata === undefined) {
  const why = (message ?? stderr.trim().split("\n").pop() ?? "no answer").slice(0, 300);
  process.stderr.write(
    `audit: the registry gives no answer (${why}): ask another with npm_config_registry\n`,
  );
  process.exit(2);
}
const found = Object.entries(vulnerabilities).map(([name, { severity, range, via }]) => ({
  name,
  severity,
  range,
  advisories: via.flatMap((one) => (typeof one === "string" ? [] : [one.url])),
}));
const date = new Date().toISOString().slice(0, 10);
const scratch = `${file}.tmp`;
try {
  writeFileSync(scratch, `${JSON.stringify({ date, counted: metadata.vulnerabilities, found }, null, 2)}\n`);
  renameSync(scratch, file);
} catch (error) {
  rmSync(scratch, { force: true });
  process.stderr.write(`${file}: cannot be written (${error.message}): what was there before is kept\n`);
  process.exit(2);
}
process.stdout.write(`${file}: ${found.length} packages with advisories on ${date}\n`);
process.exit(found.length === 0 ? 0 : 1);
