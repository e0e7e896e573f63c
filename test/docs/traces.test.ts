/** The worked example of docs/traces.md is what the command prints. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { replayTrace } from "../../lib/trace/ftrace/replay-trace";
import { summaryText } from "../../lib/trace/ftrace/summary-text";
import { FIXTURES, ROOT } from "../support/cli";

const PAGE = join(ROOT, "docs/traces.md");
const BLOCK = /(This prints:\n\n```text\n)[\s\S]*?(\n```)/;

test("docs/traces.md: the example is what is printed", async () => {
  const { trace } = await replayTrace([join(FIXTURES, "field-traces/two-cpus.txt")]);
  const page = readFileSync(PAGE, "utf8");
  const fresh = page.replace(BLOCK, (_, before, after) => `${before}${summaryText(trace)}${after}`);
  if (process.env.UPDATE_TABLES) writeFileSync(PAGE, fresh);
  assert.equal(readFileSync(PAGE, "utf8"), fresh);
});
