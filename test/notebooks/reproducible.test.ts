/** What a notebook shows is the same in every process, every plan in it can be run again alone, and its cells type-check in the kernel's TypeScript. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import ts from "@tslab/typescript-for-tslab";
import { runOf } from "../../lib/chart/run";
import { parseNotebook } from "../../lib/report/notebook-file";
import { runPlan } from "../../lib/report/plan-kinds";
import { writeUpOf } from "../../lib/report/write-up";
import { codeOf, displayedBy, notebookNames } from "../support/cells";
import { code, markdown, notebook, shown } from "../support/notebooks";

const ROOT = join(__dirname, "../..");
/** Comparisons of more runs are left to whoever verifies the write-up: they would take minutes here. */
const RUNS_MAX = 12;
/** Of plans that let a machine run, so many a notebook are run again; boots and curves all are. */
const HEAVY_MAX = 2;
function runsIn(plan: unknown): number {
  const { strategies, seeds } = plan as { strategies?: unknown[]; seeds?: number };
  return Array.isArray(strategies) ? strategies.length * (seeds ?? 1) : 1;
}
const TWICE = /^(21|32)-/;

for (const name of notebookNames()) {
  test(`${name}: what it shows comes again, and so does every result in it`, async () => {
    const first = displayedBy(name);
    // Every plan is run again below; whole notebooks twice where that is quick.
    const second = TWICE.test(name) ? displayedBy(name) : first;
    assert.ok(first.length > 0);
    assert.deepEqual(second, first);
    const [a, b] = [first, second].map((bundles) => {
      const executed = notebook(markdown("# T"), ...bundles.map((bundle) => code("show()", shown(bundle))));
      return writeUpOf(parseNotebook(JSON.stringify(executed), name), name);
    });
    assert.equal(a!.resultsSha256, b!.resultsSha256);
    assert.ok(a!.runs.length > 0, "a notebook names the plans it was computed from");
    let heavy = 0;
    for (const run of a!.runs) {
      const slow =
        !("board" in (run.plan as object)) && !String((run.plan as { kind?: string }).kind).endsWith("curve");
      if (slow && (runsIn(run.plan) > RUNS_MAX || heavy++ >= HEAVY_MAX)) continue;
      const again = runOf(run.plan, await runPlan(run.plan));
      assert.equal(again.sha256, run.sha256, JSON.stringify(run.plan));
    }
  });

  test(`${name}: the cells type-check with TypeScript ${ts.version}, the kernel's`, () => {
    const file = join(ROOT, "cells.ts");
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Node10,
      lib: ["lib.es2022.d.ts"],
      types: ["node"],
      typeRoots: [join(ROOT, "node_modules/@types")],
      noEmit: true,
      esModuleInterop: true,
      baseUrl: ROOT,
      paths: { pageblock: ["dist/index.d.ts"] },
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile } = host;
    host.getSourceFile = (path, ...rest) =>
      path === file
        ? ts.createSourceFile(path, codeOf(name), ts.ScriptTarget.ES2022)
        : getSourceFile(path, ...rest);
    const exists = host.fileExists;
    host.fileExists = (path) => path === file || exists(path);
    const ours = (p: ts.Diagnostic) => !p.file?.fileName.includes("/node_modules/");
    const problems = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host)).filter(ours);
    const words = problems.map(
      (p) => `${p.file?.fileName}: ${ts.flattenDiagnosticMessageText(p.messageText, "\n")}`,
    );
    assert.deepEqual(words, []);
  });
}
