/** `pageblock watch`: a series of this machine, which fit reads; Ctrl-C keeps what was taken. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { pageblock, ROOT } from "../support/cli";

const dir = mkdtempSync(join(tmpdir(), "pageblock-watch-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const onLinux = { skip: existsSync("/proc/buddyinfo") ? false : "no /proc" };

test("what watch writes, fit reads", onLinux, () => {
  const out = join(dir, "series");
  const run = pageblock(["watch", "--every", "1s", "--times", "2", "--out", out]);
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(readdirSync(out).sort(), ["s0000.snapshot.json.gz", "s0001.snapshot.json.gz"]);
  assert.match(run.stdout, new RegExp(`pageblock fit ${out}\n$`));
  const fit = pageblock(["fit", out]);
  assert.equal(fit.status, 0, fit.stderr);
  assert.match(fit.stdout, /^# Warning: the samples lie within \d+ seconds?\. Rates per hour/m);
  assert.match(fit.stdout, /^ {2}memoryBytes: \d+ # bytes$/m);
  assert.match(fit.stdout, /^ {2}settled: \d+ # ms$/m);
  assert.match(run.stdout, /^2 snapshots taken\. To derive a workload from the series:$/m);
  assert.match(fit.stdout, /# Fitted to 2 samples of [\s\S]*workload:\n {2}kind: like\n/);
  const more = pageblock(["watch", "--every", "1s", "--times", "1", "--out", out]);
  assert.equal(more.status, 0, more.stderr);
  assert.match(more.stdout, /^1 snapshot taken; with the 2 before them the series has 3\. /m);
  assert.equal(readdirSync(out).length, 3, "a series that was begun earlier goes on");
});

test("Ctrl-C ends a series cleanly", onLinux, async () => {
  const out = join(dir, "interrupted");
  const child = spawn(process.execPath, [
    join(ROOT, "dist/cli/main.js"),
    "watch",
    "--every",
    "1h",
    "--out",
    out,
  ]);
  let said = "";
  await new Promise<void>((resolve) =>
    child.stdout.on("data", (data) => {
      said += data;
      if (said.includes("s0000")) resolve();
    }),
  );
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  child.kill("SIGINT");
  assert.equal(await ended, 0);
  assert.match(said, /pageblock fit /);
  assert.deepEqual(readdirSync(out), ["s0000.snapshot.json.gz"], "no half file beside it");
});

for (const [what, args, message] of [
  ["no time", ["--every", "soon"], /--every: must be a time/],
  ["too often", ["--every", "10ms"], /--every: must be from 1s to 24h: got 10ms/],
  ["no number", ["--times", "none"], /--times: must be a whole number from 1/],
  ["no machine", ["--proc", "/nowhere"], /none of buddyinfo, zoneinfo and meminfo can be read/],
] as const)
  test(`watch: ${what}: one line, exit 2, nothing written`, () => {
    const out = join(dir, `bad-${what.replaceAll(" ", "-")}`);
    const run = pageblock(["watch", "--out", out, "--times", "1", ...args]);
    assert.equal(run.status, 2, run.stdout);
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1);
    assert.ok(!existsSync(out));
  });
