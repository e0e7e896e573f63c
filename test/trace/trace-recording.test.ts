/** `pageblock fidelity` on recordings of traces: frames and final states are the recorded kernel's. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { FIXTURES, pageblock } from "../support/cli";

const BOOT = join(FIXTURES, "x86-6.1/boot-8G");

/** A folder with two recordings: `good` is unchanged, `other` has a modified trace. */
function twoRecordings(t: { after(fn: () => void): void }, change: (trace: string) => string): string {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-"));
  t.after(() => rmSync(dir, { recursive: true }));
  cpSync(BOOT, join(dir, "good"), { recursive: true });
  cpSync(BOOT, join(dir, "other"), { recursive: true });
  const trace = join(dir, "other/trace.txt");
  writeFileSync(trace, change(readFileSync(trace, "latin1")));
  return dir;
}

test("a recording that agrees: one report, one row, exit 0", () => {
  const run = pageblock(["fidelity", "--json", BOOT]);
  assert.equal(run.status, 0, run.stderr);
  const values = { allocations: 100, exact: 100, finalStateIdentical: true };
  assert.deepEqual(JSON.parse(run.stdout), [
    {
      path: BOOT,
      kind: "trace",
      rows: 1,
      agreeing: 1,
      results: [{ row: 0, recorded: values, predicted: values, agrees: true }],
    },
  ]);
});

test("each recording in a folder has its own path; one that differs gives exit status 1 and the place", (t) => {
  const dir = twoRecordings(t, (trace) =>
    trace.replace(/^A (\d+) 0 1 /m, (_, f) => `A ${Number(f) - 7} 0 1 `),
  );
  const run = pageblock(["fidelity", "--json", dir]);
  assert.equal(run.status, 1, run.stderr);
  const reports = JSON.parse(run.stdout);
  assert.deepEqual(
    reports.map((r: { path: string; agreeing: number }) => [r.path, r.agreeing]),
    [
      [join(dir, "good"), 1],
      [join(dir, "other"), 0],
    ],
  );
  assert.ok(reports[1].results[0].predicted.exact < 100);
  const words = pageblock(["fidelity", "--summary", dir]);
  assert.equal(words.status, 1);
  assert.match(words.stdout, /DIFFERS +0 of 1 .*other \(trace\): first mismatch: .*trace\.txt:\d+: /);
  assert.match(words.stdout, /1 of 2 recordings agree in every row, 1 of 2 rows; 0 could not be read/);
});

test("an unreadable recording: exit status 2 and nothing on stdout; with --keep-going the others are checked", (t) => {
  const dir = twoRecordings(t, (trace) => trace.slice(0, trace.length / 2));
  const run = pageblock(["fidelity", dir]);
  assert.equal(run.status, 2);
  assert.equal(run.stdout, "");
  assert.match(run.stderr, /^pageblock: .*other.trace\.txt:\d+: .*cut short.*\n$/);
  const on = pageblock(["fidelity", "--keep-going", "--summary", dir]);
  assert.equal(on.status, 2);
  assert.match(on.stdout, /agrees +1 of 1 .*good/);
  assert.match(on.stdout, /1 of 1 recordings agree in every row, 1 of 1 rows; 1 could not be read/);
});
