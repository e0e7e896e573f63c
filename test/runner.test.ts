/** The runner of the tests: what hangs is named and ended, with all that it started. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { pathToFileURL } from "node:url";
import { isAlive } from "./support/alive";
import "./support/clean-environment";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-runner-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly timedOut: boolean;
}
type Child = (command: string, args: string[], options: object) => Promise<Ended>;

/** The compiler would make a `require` of it. */
const imported = (path: string): Promise<{ child: Child }> =>
  new Function("url", "return import(url)")(pathToFileURL(path).href);
const child: Child = async (...asked) =>
  (await imported(join(__dirname, "support", "child.mjs"))).child(...asked);

test("a process that hangs is killed with what it started, wherever that went", {
  skip: process.platform === "linux" ? false : "programs are found by /proc",
}, async () => {
  const pids = join(scratch, "pids");
  const leaving = `sleep 300 & echo $! >> ${pids}; setsid sh -c 'sleep 300 & echo $! >> ${pids}; exec sleep 300' &
    while :; do [ "$(wc -l < ${pids})" = 2 ] && echo ready && exec sleep 300; done`;
  const ended = await child("sh", ["-c", leaving], { limitMs: 5000 });
  assert.deepEqual([ended.timedOut, ended.output], [true, "ready\n"]);
  const left = readFileSync(pids, "utf8").trim().split("\n").map(Number);
  assert.equal(left.length, 2);
  // Who takes over what is left may need a moment to fetch the ended ones.
  for (let tries = 0; left.some(isAlive) && tries < 1000; tries++)
    await new Promise((r) => setTimeout(r, 10));
  assert.deepEqual(left.map(isAlive), [false, false]);
});

test("a test that does not end is named, one that never lets go too, and the others run", async () => {
  const file = join(scratch, "hangs.test.cjs");
  const spins = join(scratch, "spins");
  writeFileSync(
    file,
    `const { test, before } = require("node:test"); const { writeFileSync } = require("node:fs");
     before(() => {});
     test("waits", { skip: false }, async () => { await new Promise((r) => setInterval(r, 1e9)); });
     test("is right", () => new Promise((r) => setImmediate(r))); test.skip("is left out", () => {});
     test("spins", () => { writeFileSync(${JSON.stringify(spins)}, ""); for (;;); });`,
  );
  const [report, begun] = [join(scratch, "report"), join(scratch, "begun")];
  const reporter = pathToFileURL(join(__dirname, "support", "json-reporter.mjs")).href;
  const ended = await child(
    process.execPath,
    [
      ...["--require", join(__dirname, "support", "limits.cjs"), `--test-reporter=${reporter}`],
      ...[`--test-reporter-destination=${report}`, file],
    ],
    {
      limitMs: 20_000,
      env: { ...process.env, PAGEBLOCK_TESTS_BEGUN: begun, PAGEBLOCK_TEST_LIMIT_MS: "500" },
    },
  );
  assert.ok(ended.timedOut && existsSync(spins));
  assert.equal(readFileSync(begun, "utf8"), '"waits"\n"is right"\n"spins"\n');
  // What ended right before the loop may not be written any more.
  const told = readFileSync(report, "utf8").split("\n");
  assert.match(told.find((line) => line.includes('"waits"'))!, /test timed out after 500ms/);
});
