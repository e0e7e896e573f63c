/** `pageblock verify` as a user calls it: a line for every result, exit 0, 1 or 2. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { pageblock, ROOT } from "../support/cli";
import { markedNotebook } from "../support/tampered";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-verify-cli-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const file = join(scratch, "n.ipynb");
writeFileSync(file, JSON.stringify(markedNotebook()));

test("exit 0 and a line for every result when all are identical, in a notebook and in what was exported of it", () => {
  assert.equal(pageblock(["export", file, "--slides", "--out", scratch]).status, 0);
  for (const one of [file, join(scratch, "n.slides.html")]) {
    const { status, stdout, stderr } = pageblock(["verify", one]);
    assert.deepEqual([status, stderr], [0, ""]);
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines.length, 3);
    for (const line of lines.slice(0, 2)) assert.match(line, /^identical {2}[0-9a-f]{16} {2}boot/);
    assert.ok(lines[2]!.startsWith(`${one}: all 2 results identical`));
  }
  const json = JSON.parse(pageblock(["verify", file, "--json"]).stdout);
  assert.deepEqual([json.length, json[0].ok, json[0].results.length], [1, true, 2]);
});

test("exit 1 when a number was changed", () => {
  const changed = join(scratch, "changed.ipynb");
  writeFileSync(changed, JSON.stringify(markedNotebook()).replace("777", "778"));
  const { status, stdout } = pageblock(["verify", changed]);
  assert.equal(status, 1);
  assert.match(stdout, /^changed {2}cell 2: what it shows was changed after it was made$/m);
});

test("exit 2, one line for what cannot be verified; cells are not executed", () => {
  const bad = join(scratch, "bad.ipynb");
  writeFileSync(bad, "{\u001b[31m");
  const cases: [string[], RegExp][] = [
    [
      ["verify", join(ROOT, "notebooks/21-arm64-64k-cma.ipynb")],
      /nothing to verify: .*pageblock notebook run/,
    ],
    [["verify", bad], /must be JSON/],
    [["verify", join(scratch, "none.html")], /no such file/],
    [["verify", file, "--seconds", "no"], /--seconds must be whole, from 1 to \d+: got "no"/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = pageblock(args);
    assert.deepEqual([status, stdout], [2, ""], stderr);
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
    assert.ok(!stderr.includes("\u001b"), "a file cannot steer the terminal");
  }
});
