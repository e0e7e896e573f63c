/** Write-ups: complete, atomic, the same every time, and nothing that came with a notebook is live in them. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { runOf } from "../../lib/chart/run";
import { exportNotebook } from "../../lib/report/export";
import { seedsOf } from "../../lib/report/seeds";
import { readStoredWriteUp } from "../../lib/report/stored-write-up";
import { GALLERY } from "../support/figures";
import { chart, code, markdown, notebook, shown, stream } from "../support/notebooks";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-export-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

let made = 0;
function stored(content: object | string): { file: string; out: string } {
  const file = join(scratch, `n${++made}.ipynb`);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return { file, out: join(scratch, `out${made}`) };
}

const RUN = runOf({ machine: { board: "pc-x86-64", kernel: "6.1" }, seed: 7 }, { answer: 42 });
const PLAIN = notebook(
  markdown("# A title\n\nSome *prose* with `code` and\n\n| a | b |\n|---|---|\n| 1 | 2 |"),
  code(
    "const x = 1;\nshow(figure)",
    stream("one\n"),
    stream("two\n"),
    chart({ ...GALLERY.bars!, runs: [RUN] }),
  ),
  code(
    "m",
    shown({ "text/html": "<table><tr><th>zone</th><td>DMA</td></tr></table>", "text/plain": "zone DMA" }),
  ),
  code("boom()", {
    output_type: "error",
    ename: "Error",
    evalue: "no",
    traceback: ["\u001b[31mError: no\u001b[0m"],
  }),
);

test("html: prose, code, outputs, chart and what is needed to run it again, below 4 MB", async () => {
  const { file, out } = stored(PLAIN);
  const { path, resultsSha256 } = await exportNotebook(file, "html", out);
  const page = readFileSync(path, "utf8");
  assert.match(page, /<title>A title<\/title>/);
  assert.match(page, /<em>prose<\/em>/);
  assert.match(page, /<span class="hljs-keyword">const<\/span>/);
  assert.match(page, /<span>one\n<\/span><span>two\n/);
  assert.match(page, /<th>zone<\/th><td>DMA<\/td>/);
  assert.match(page, /<pre class="output error lines"><span>Error: no\n<\/span><\/pre>/);
  assert.match(page, /class="pageblock-chart"/);
  assert.ok(page.includes(resultsSha256) && page.includes(RUN.sha256));
  assert.ok(page.includes("kernel profiles</th><td>6.1") && page.includes("seeds</th><td>7"));
  assert.ok(page.length < 4_000_000, `${page.length} bytes`);
  assert.deepEqual(readdirSync(out), [`n${made}.html`], "nothing else is left behind");
});

test("seeds are told wherever a plan keeps them, in every form", async () => {
  const machine = { board: "qemu-virt" };
  const plans: [unknown, string][] = [
    [{ kernel: "6.1", seed: 7 }, "7"],
    [{ machine, strategies: [], request: {}, seeds: 16, firstSeed: 1 }, "1 to 16"],
    [{ machine, strategies: [], request: {}, seeds: 4, firstSeed: 100 }, "100 to 103"],
    [
      { kind: "sweep", plan: { machine, seed: 40 }, over: { seed: { from: 1, to: 9, step: 1 } } },
      "1 to 9, 40",
    ],
    [{ kind: "sweep", plan: { machine }, over: { seed: [3, 5, 4, 9] } }, "3 to 5, 9"],
    [{ kind: "robust", plan: { seeds: 4 }, statement: {}, over: { seeds: [8, 2] }, seed: 50 }, "1 to 8"],
    [{ kind: "sweep", plan: {}, over: {}, sample: { kind: "random", count: 3, seed: 11 } }, "11"],
    [{ kind: "steps", machine, steps: [{ do: "compact" }, { do: "run", workload: {}, seed: 12 }] }, "12"],
    [{ kind: "tlb-curve", seed: 0 }, "0"],
    [machine, ""],
    [{ seed: -1, seeds: "many", deep: { seed: 1.5 } }, ""],
  ];
  for (const [plan, words] of plans) assert.equal(seedsOf([plan]) ?? "", words);
  assert.equal(seedsOf(plans.map(([plan]) => plan)), "0 to 16, 40, 100 to 103");
  assert.match(seedsOf([{ seed: Array.from({ length: 60 }, (_, i) => 2 * i) }])!, /, and 36 more ranges$/);
  const runs = [runOf({ machine, strategies: [], request: {}, seeds: 16 }, {})];
  const { file, out } = stored(notebook(markdown("# T"), code("f", chart({ ...GALLERY.bars!, runs }))));
  for (const [format, place] of [
    ["html", "seeds</th><td>1 to 16</td>"],
    ["slides", "seeds</th><td>1 to 16</td>"],
    ["md", "| seeds | 1 to 16 |"],
  ] as const) {
    const { path } = await exportNotebook(file, format, `${out}-${format}`);
    assert.ok(readFileSync(path, "utf8").includes(place), format);
  }
});

test("md: pictures lie beside it, outputs are fenced, the plans stand at its end", async () => {
  const { file, out } = stored(PLAIN);
  const { path } = await exportNotebook(file, "md", out);
  const text = readFileSync(path, "utf8");
  const pictures = [...text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map((m) => m[1]!);
  assert.equal(pictures.length, 1);
  for (const picture of pictures) assert.match(readFileSync(join(out, picture), "utf8"), /^<svg /);
  assert.match(text, /```typescript\nconst x = 1;/);
  assert.match(text, /```text\none\ntwo\n```/);
  assert.ok(text.includes(`${RUN.sha256}  {"machine":{"board":"pc-x86-64","kernel":"6.1"},"seed":7}`));
});

test("two exports of the same notebook are byte-equal", async () => {
  for (const format of ["html", "md"] as const) {
    const { file, out } = stored(PLAIN);
    const first = readFileSync((await exportNotebook(file, format, `${out}-1`)).path, "utf8");
    assert.ok(readFileSync((await exportNotebook(file, format, `${out}-2`)).path, "utf8") === first, format);
  }
});

test("a result that was changed after the run is refused", async () => {
  const forged = structuredClone(PLAIN) as { cells: { outputs?: { data?: Record<string, never> }[] }[] };
  const bundle = forged.cells[1]!.outputs![2]!.data!["application/vnd.pageblock.result+json"] as {
    runs: { result: { answer: number } }[];
  };
  bundle.runs[0]!.result.answer = 43;
  const { file, out } = stored(forged);
  await assert.rejects(() => exportNotebook(file, "html", out), /cell 2: a result must have the SHA-256/);
  assert.equal(existsSync(out), false);
});

test("bad input: one message naming the file, nothing written", async () => {
  const cases: [object | string, RegExp][] = [
    ["{", /must be JSON/],
    ["[]", /not a notebook of format 4/],
    [{ nbformat: 3, nbformat_minor: 0, metadata: {}, cells: [] }, /not a notebook of format 4: nbformat/],
    [notebook({ ...code("x"), execution_count: null }), /no outputs/],
    [notebook({ cell_type: "code", source: 7, execution_count: 1, outputs: [] }), /cells\.0\.source/],
  ];
  for (const [content, message] of cases) {
    const { file, out } = stored(content);
    await assert.rejects(
      () => exportNotebook(file, "html", out),
      (error: Error) =>
        error.name === "InputError" &&
        message.test(error.message) &&
        error.message.includes(file) &&
        !error.message.includes("\n"),
    );
    assert.equal(existsSync(out), false);
  }
  await assert.rejects(
    () => exportNotebook(join(scratch, "none.ipynb"), "html", scratch),
    /none\.ipynb: cannot be read: no such file/,
  );
});

test("code is folded, or open if that is asked for; two exports are equal, and verify knows either", async () => {
  const { file, out } = stored(PLAIN);
  const page = async (code?: "open" | "folded") => {
    const { path } = await exportNotebook(file, "html", out, code === undefined ? {} : { code });
    assert.deepEqual(readStoredWriteUp(path).changes, []);
    return readFileSync(path, "utf8");
  };
  const folded = await page();
  assert.equal(folded, await page("folded"));
  assert.match(folded, /<details class="how"><summary>How this was computed<\/summary><pre class="code"/);
  const open = await page("open");
  assert.equal(open, await page("open"));
  assert.match(open, /<details class="how" open>/);
  assert.doesNotMatch(open, /<details class="how">/);
});
