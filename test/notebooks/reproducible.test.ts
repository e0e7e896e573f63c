/**
 * Every notebook is executed and exported as `npm run lab -- --headless` does it. What it shows is the same in every process, every plan
 * in it can be run again alone, and its cells type-check in the kernel's TypeScript.
 */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import test, { after, before } from "node:test";
import { minBy } from "lodash";
import ts from "typescript";
import { allowCode } from "../../lib/change/allowed";
import { codeIn } from "../../lib/change/code";
import type { Run } from "../../lib/chart/figure";
import { runOf } from "../../lib/chart/run";
import { comparisonPlans } from "../../lib/experiment/comparison";
import { kernelsPlans } from "../../lib/experiment/kernels";
import { robustRuns } from "../../lib/experiment/robust";
import { expandSweep } from "../../lib/experiment/sweep";
import { parseNotebook } from "../../lib/report/notebook-file";
import { planKindOf, runPlan } from "../../lib/report/plan-kinds";
import { writeUpOf } from "../../lib/report/write-up";
import { launch, noChromium } from "../support/browser";
import { codeOf, displayedBy, notebookNames } from "../support/cells";
import { JupyterLab } from "../support/jupyterlab";
import { chartsDrawn } from "../support/lab-page";
import { code, markdown, notebook, shown } from "../support/notebooks";
import { jupyter } from "../support/venv";

const ROOT = join(__dirname, "../..");
const out = mkdtempSync(join(tmpdir(), "pageblock-write-ups-"));
after(() => rmSync(out, { recursive: true, force: true }));

/** The command that executes and exports every notebook; the tests below take what it has written while it goes on. */
class Headless {
  said = "";
  complained = "";
  status: number | null | undefined;
  private readonly child: ChildProcessWithoutNullStreams;
  /** When it has ended. */
  readonly closed: Promise<unknown>;

  constructor(
    readonly python: string,
    args: string[],
  ) {
    this.child = spawn(process.execPath, args);
    this.child.stdout.setEncoding("utf8").on("data", (text) => (this.said += text));
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.complained += text));
    this.child.on("close", (status) => (this.status = status));
    this.closed = once(this.child, "close");
  }

  /** Until the command has said so much of `name`, or has ended. */
  async executed(name: string): Promise<void> {
    while (!this.said.includes(`${name}: executed and exported`) && this.status === undefined)
      await Promise.race([once(this.child.stdout, "data"), this.closed]);
  }

  stop(): void {
    if (this.status === undefined) this.child.kill();
  }
}

let headless: Headless | { missing: string };
before(async () => {
  const found = await jupyter();
  // One seed and short lives: whether the stored ones are soon enough done is no question for a test.
  const few = ["seeds=1", "days=12", "uptime=1 day", "age=2 hours"].flatMap((one) => ["--set", one]);
  const args = [join(ROOT, "kernel-setup", "lab.mjs"), "--headless", ...few, "--out", out];
  headless = "missing" in found ? found : new Headless(found.python, args);
});
after(() => {
  if (!("missing" in headless)) headless.stop();
});

/** Where the compiler is told that the cells of a notebook are. */
const cellsFile = (name: string) => join(ROOT, `${basename(name, ".ipynb")}.cells.ts`);

/** What the kernel's TypeScript says against the cells of all notebooks, a module each, and the library: once for all of them. */
let complaints: ts.Diagnostic[] | undefined;
function complaintsOfTypes(): ts.Diagnostic[] {
  const cells = new Map(notebookNames().map((name) => [cellsFile(name), codeOf(name)]));
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
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (path, ...rest) => {
    const text = cells.get(path);
    return text === undefined
      ? getSourceFile(path, ...rest)
      : ts.createSourceFile(path, text, ts.ScriptTarget.ES2022);
  };
  host.fileExists = (path) => cells.has(path) || fileExists(path);
  const program = ts.createProgram([...cells.keys()], options, host);
  for (const file of cells.keys()) assert.ok(program.getSourceFile(file), `${file} is compiled`);
  const ours = (p: ts.Diagnostic) => !p.file?.fileName.includes("/node_modules/");
  return ts.getPreEmitDiagnostics(program).filter(ours);
}

for (const name of notebookNames())
  test(`${name}: the cells type-check with TypeScript ${ts.version}, the kernel's`, () => {
    complaints ??= complaintsOfTypes();
    const others = new Set(
      notebookNames()
        .filter((other) => other !== name)
        .map(cellsFile),
    );
    const words = complaints
      .filter((p) => !others.has(p.file?.fileName ?? ""))
      .map((p) => `${p.file?.fileName}: ${ts.flattenDiagnosticMessageText(p.messageText, "\n")}`);
    assert.deepEqual(words, []);
  });

/** What the executed notebook displays, in order, with one seed; without a Jupyter, what its cells display without one. */
async function displayedOnce(name: string): Promise<Record<string, unknown>[]> {
  if ("missing" in headless) return displayedBy(name);
  await headless.executed(name);
  const { cells } = JSON.parse(readFileSync(join(out, name), "utf8")) as {
    cells: { outputs?: { output_type: string; data: Record<string, unknown> }[] }[];
  };
  const outputs = cells.flatMap((cell) => cell.outputs ?? []);
  return outputs.filter((one) => one.output_type === "display_data").map(({ data }) => data);
}

/** Those of more runs are left to whoever verifies the write-up, or to the one that is the smallest of its kind. */
const RUNS_MAX = 3;
const RUNS: Readonly<Record<string, (plan: never) => number>> = {
  boot: () => 0,
  "tlb-curve": () => 0,
  "adapter-curve": () => 0,
  run: () => 1,
  steps: () => 1,
  comparison: (plan) => comparisonPlans(plan).count,
  scorecard: (plan) => comparisonPlans(plan).count,
  "compare-kernels": (plan) => kernelsPlans(plan).count,
  sweep: (plan) => expandSweep(plan).count,
  robust: robustRuns,
};
function runsIn(plan: unknown): number {
  const { name } = planKindOf(plan);
  return (RUNS[name] ?? (() => 1))(plan as never);
}
/** The smallest plan of each kind in all notebooks. */
const smallest = new Map<string, { run: Run; runs: number }>();
const TWICE = /^21-/;

/** Runs a plan of a notebook again alone. */
async function isSame(run: Run): Promise<void> {
  const again = runOf(run.plan, await runPlan(run.plan));
  assert.equal(again.sha256, run.sha256, JSON.stringify(run.plan));
}

for (const name of notebookNames()) {
  test(`${name}: what it shows comes again, and so does every result in it`, async () => {
    const first = await displayedOnce(name);
    // Every plan is run again below; whole notebooks twice where that is quick, the second time without Jupyter.
    const second = TWICE.test(name) ? displayedBy(name) : first;
    assert.ok(first.length > 0);
    assert.deepEqual(second, first);
    const [a, b] = [first, second].map((bundles) => {
      const executed = notebook(markdown("# T"), ...bundles.map((bundle) => code("show()", shown(bundle))));
      return writeUpOf(parseNotebook(JSON.stringify(executed), name), name);
    });
    assert.equal(a!.resultsSha256, b!.resultsSha256);
    assert.ok(a!.runs.length > 0, "a notebook names the plans it was computed from");
    // The code is that of our own notebook.
    for (const { plan } of a!.runs) allowCode(...codeIn(plan).map(({ sha256 }) => sha256));
    const counted = a!.runs.map((run) => ({ run, runs: runsIn(run.plan) }));
    for (const one of counted) {
      const { name: kind } = planKindOf(one.run.plan);
      if (one.runs < (smallest.get(kind)?.runs ?? Infinity)) smallest.set(kind, one);
    }
    // Boots and curves all; of plans that let a machine run, the smallest.
    const few = minBy(
      counted.filter(({ runs }) => runs > 0 && runs <= RUNS_MAX),
      "runs",
    );
    for (const { run, runs } of counted) if (runs === 0 || run === few?.run) await isSame(run);
  });
}

test("of every kind of plan that notebooks show, the smallest gives its result again", async () => {
  const kinds = ["boot", "run", "steps", "comparison", "sweep", "robust", "compare-kernels"];
  assert.deepEqual(
    kinds.filter((kind) => !smallest.has(kind)),
    [],
  );
  for (const { run, runs } of smallest.values()) if (runs > RUNS_MAX) await isSame(run);
});

test("npm run lab -- --headless executes every notebook and exports it", async (t) => {
  if ("missing" in headless) return t.skip(headless.missing);
  await headless.closed;
  const { status, said, complained } = headless;
  assert.equal(status, 0, complained);
  const names = readdirSync(join(ROOT, "notebooks")).filter((n) => n.endsWith(".ipynb"));
  assert.ok(names.length > 0);
  for (const name of names)
    for (const form of ["ipynb", "html", "slides.html", "md"])
      assert.ok(existsSync(join(out, name.replace(/ipynb$/, form))), `${name} as ${form}`);
  for (const name of names) assert.match(said, new RegExp(`${name}: executed and exported in \\d+\\.\\d s`));
  const index = readFileSync(join(out, "index.html"), "utf8");
  for (const name of names) assert.ok(index.includes(`href="${name.replace(/ipynb$/, "html")}"`), name);
});

test("JupyterLab opens every executed notebook and draws its charts", { skip: noChromium() }, async (t) => {
  if ("missing" in headless) return t.skip(headless.missing);
  await headless.closed;
  const { python } = headless;
  const names = notebookNames();
  // Kernels that answer are tried in jupyterlab.test.ts; here is what the pages show of outputs.
  const trusted = names.map((name) => join(out, name));
  const lab = await JupyterLab.start(python, out, { trusted, silent: true });
  const browser = await launch();
  try {
    for (const name of names) {
      const page = await browser.newPage({ viewport: { width: 1400, height: 12_000 } });
      await page.goto(lab.address(name));
      await page.locator(".jp-Notebook").waitFor({ timeout: 60_000 });
      const shown = readFileSync(join(out, name), "utf8").split('class=\\"pageblock-chart').length - 1;
      await page
        .locator(".jp-OutputArea .pageblock-chart")
        .nth(shown - 1)
        .waitFor({ state: "attached", timeout: 60_000 });
      assert.equal(await chartsDrawn(page), shown, name);
      assert.ok(shown > 0, `${name} shows charts`);
      await page.close();
    }
  } finally {
    await browser.close();
    await lab.stop();
  }
});
