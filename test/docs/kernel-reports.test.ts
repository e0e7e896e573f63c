/**
 * docs/notebook-kernel-reports.md: what public reports on notebook kernels describe, and what happens here. Each is run. After a
 * change on purpose: `UPDATE_TABLES=1 node test/run.mjs docs/kernel-reports`. `ALL_REPORTS=1` also runs those that wait.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after, before } from "node:test";
import "../support/clean-environment";
import { KernelClient } from "../../kernel-setup/kernel-client";
import { REPORTS, type Report } from "../support/kernel-reports";
import { Desk, type Step } from "../support/kernel-steps";

const PAGE = resolve(__dirname, "../../docs/notebook-kernel-reports.md");
const scratch = mkdtempSync(join(tmpdir(), "pageblock-reports-test-"));
const folder = join(scratch, "notebooks");
const all = process.env.ALL_REPORTS !== undefined;
let kernel: KernelClient;
before(async () => {
  mkdirSync(folder);
  kernel = await KernelClient.start(folder);
});
after(async () => {
  await kernel?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const isOn = (report: Report) => all || report.pending === undefined;

for (const { title, reports } of REPORTS)
  for (const one of reports)
    test(`${title}: ${one.report}`, { skip: isOn(one) ? false : one.pending! }, async () => {
      const desk = new Desk(kernel, folder);
      let shown = "";
      for (const step of one.steps) shown = await desk.take(step);
      assert.equal(shown, one.shows);
    });

/** A cell of a table: what stands in it must not end it. */
const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The step as the reader would do it. */
function stepInWords(step: Step): string {
  const code = (text: string) => {
    const line = text.replaceAll("\n", " ");
    return line.includes("`") ? `\`\` ${line} \`\`` : `\`${line}\``;
  };
  if (typeof step === "string") return code(step);
  if ("cell" in step) return code(step.cell);
  if ("write" in step) return `file ${code(step.write)}`;
  if ("early" in step) return code(step.early);
  if ("lines" in step) return code(step.lines);
  if ("late" in step) return code(step.late);
  if ("interrupted" in step) return `${code(step.interrupted)}, interrupted, ${code(step.after)}`;
  if ("ends" in step) return code(step.ends);
  if ("request" in step) return code(step.request);
  if ("isComplete" in step) return `is ${code(step.isComplete)} complete?`;
  return "complete" in step ? `completion of ${code(step.complete)}` : `hover over ${code(step.hover)}`;
}

function page(): string {
  const lines = [
    "# Reports on notebook kernels, and what happens here",
    "",
    "Users of TypeScript, JavaScript and other kernels have reported what follows. Each row is run by",
    "`test/docs/kernel-reports.test.ts`: the steps are taken in a kernel, and the last one shows what the row says.",
    "Steps are cells unless they say otherwise. The page is written by the test; see",
    "[The notebook kernel](notebook-kernel.md) for how the kernel works.",
  ];
  for (const { title, reports } of REPORTS) {
    const on = reports.filter(isOn);
    if (on.length === 0) continue;
    lines.push("", `## ${title}`, "", "| report | steps | the last step shows |", "|---|---|---|");
    for (const one of on)
      lines.push(
        `| ${cell(one.report)} | ${cell(one.steps.map(stepInWords).join(" → "))} | ${cell(one.shows)} |`,
      );
  }
  return `${lines.join("\n")}\n`;
}

test("docs/notebook-kernel-reports.md has every report that is run", () => {
  if (process.env.UPDATE_TABLES) writeFileSync(PAGE, page());
  assert.equal(readFileSync(PAGE, "utf8"), page());
});
