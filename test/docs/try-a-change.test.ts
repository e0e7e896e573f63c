/**
 * docs/try-a-change.md holds what its script prints, and the change that the script runs. After a change on purpose:
 * `UPDATE_TUTORIAL=1 node test/run.mjs docs/try-a-change` writes both tables; without it the shorter one is computed again.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { loadChange } from "../../lib/change/change";
import { ROOT } from "../support/cli";

const PAGE = join(ROOT, "docs/try-a-change.md");
const SCRIPT = join(ROOT, "docs/examples/try-a-change.mjs");
const CHANGE = join(ROOT, "docs/examples/reclaim-first.ts");
/** What stands between the comments: the arguments of the run, and what it printed. */
const RUNS = /<!-- runs: ([^>]*?) -->\n\n([\s\S]*?)\n\n<!-- end of runs -->/g;

function printedBy(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined };
  return spawnSync(process.execPath, [SCRIPT, ...args], { cwd: ROOT, env, encoding: "utf8" });
}

/** The text of a run; fails with what the script complained of. */
function textOf(args: string): string {
  const { status, stdout, stderr } = printedBy(args.split(" "));
  assert.equal(status, 0, stderr);
  return stdout.trimEnd();
}

if (process.env.UPDATE_TUTORIAL !== undefined)
  writeFileSync(
    PAGE,
    readFileSync(PAGE, "utf8").replace(
      RUNS,
      (_, args: string) => `<!-- runs: ${args} -->\n\n${textOf(args)}\n\n<!-- end of runs -->`,
    ),
  );

const page = readFileSync(PAGE, "utf8");
const runs = [...page.matchAll(RUNS)].map(([, args, text]) => ({ args: args!, text: text! }));

test("the page has the runs of some seeds, and of others that confirm them", () => {
  assert.deepEqual(
    runs.map(({ args }) => args),
    ["--seeds 12", "--seeds 36 --first 101"],
  );
  for (const { args } of runs) assert.ok(page.includes(`try-a-change.mjs ${args}`), args);
});

test("the shorter runs print what the page says", () => {
  assert.equal(textOf(runs[0]!.args), runs[0]!.text);
});

test("the change in the page is the one that runs", () => {
  const source = readFileSync(CHANGE, "utf8");
  assert.ok(page.includes(`\`\`\`text\n${source}\`\`\``));
  assert.deepEqual([...loadChange(CHANGE).points].sort(), ["reclaimPriority", "shouldClaim", "stealPage"]);
});

/** A row of a setting's table. */
const row = (text: string, setting: number, name: string) =>
  text
    .split(/^\*\*/m)
    [setting]!.split("\n")
    .find((line) => line.toLowerCase().startsWith(`| ${name}`))!;

test("what the page says of the settings is what its tables show", () => {
  for (const { text } of runs) {
    const build = (name: string) => row(text, 1, name).split(" | ");
    const churn = (name: string) => row(text, 2, name).split(" | ");
    assert.match(churn("huge page faults that fell back")[3]!, /^−/);
    assert.match(churn("page blocks with memory")[3]!, /^−/);
    assert.match(churn("pages scanned by direct reclaim")[3]!, /^−/);
    assert.match(churn("requests that failed")[3]!, /^−/);
    assert.match(churn("pages scanned by direct reclaim")[2]!, /^\+/);
    assert.match(build("direct compactions that failed")[3]!, /^\+/);
    assert.equal(text.match(/reclaim first: no difference shown/g)?.length, 2);
    assert.match(text, /`defragMode`: fewer \(p = /);
  }
  // On the fresh seeds the setting that is nearest to the published one has more.
  assert.match(runs[1]!.text.split(/^\*\*/m)[1]!, /`defragMode`: more \(p = /);
});

test("a number of seeds that cannot be is refused in one line", () => {
  const { status, stdout, stderr } = printedBy(["--seeds", "1"]);
  assert.deepEqual(
    [status, stdout, stderr],
    [2, "", "try-a-change: --seeds must be a whole number from 2 to 1000: got 1\n"],
  );
});
