/**
 * Notebooks as a reader meets them: opened in a real JupyterLab in a real browser, all cells run, charts drawn. Those that take
 * long are executed by `npm run lab -- --headless` in reproducible.test.ts, which opens what it wrote in JupyterLab.
 */
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after, before, describe, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, noChromium } from "../support/browser";
import { small } from "../support/cells";
import { GALLERY } from "../support/figures";
import { JupyterLab } from "../support/jupyterlab";
import { chartsDrawn, complaints } from "../support/lab-page";
import { chart, code, markdown, notebook, shown } from "../support/notebooks";
import { jupyter } from "../support/venv";

const NOTEBOOKS = resolve(__dirname, "../../notebooks");
/** Run here: boots on paper, and cases from logs. */
const RUN_HERE = /^(21|50)-.*\.ipynb$/;
const names = readdirSync(NOTEBOOKS).filter((name) => RUN_HERE.test(name));
/** Laid out as the repository: a notebook finds the recordings at ../test/fixtures. */
const home = mkdtempSync(join(tmpdir(), "pageblock-lab-test-"));
const scratch = join(home, "notebooks");
mkdirSync(scratch);
symlinkSync(resolve(__dirname, ".."), join(home, "test"), "junction");
const TALL = { width: 1400, height: 12_000 };
const CELLS_MS = 480_000;
const skip = noChromium();

let lab: JupyterLab | undefined;
let browser: Browser | undefined;
let missing = "";
before(async () => {
  if (skip) return;
  const found = await jupyter();
  if ("missing" in found) missing = found.missing;
  else {
    for (const name of names)
      writeFileSync(join(scratch, name), small(readFileSync(join(NOTEBOOKS, name), "utf8")));
    const bars = '{ data: [{ type: "bar", x: ["a", "b"], y: [1, 2] }], layout: { title: { text: "t" } } }';
    write("charts.ipynb", [
      markdown("# A notebook with charts"),
      code('import { parseSize, show } from "pageblock";\nparseSize("64K", "size")'),
      code(`show(${bars});`),
      code(`await (Promise.resolve(1));\nshow(${bars});`),
    ]);
    write("knobs.ipynb", [
      code(
        'import { explore, knob, machine, show } from "pageblock";\n' +
          'const memory = knob("memory", { from: "1GiB", to: "8GiB" });\n' +
          'const virt = machine("qemu-virt").pageSize("64K").memory("1GiB").cma("64MiB").kernel("6.1");\n' +
          'show(await explore(virt, { title: "Does it fit?", knobs: [memory], view: "cmaArea" }));',
      ),
    ]);
    write("lines.ipynb", [code('for (let i = 0; i < 20_000; i++) console.log("line " + i);')]);
    write("asking.ipynb", [
      code('const name = prompt("name?");\nname.toUpperCase().length + name'),
      code('console.log("cleared"); console.clear(); console.log("left")'),
      code('setTimeout(() => console.log("late"), 200)\nundefined'),
      code("await new Promise((r) => setTimeout(r, 600)); 'own'"),
    ]);
    write("failing.ipynb", [code('throw new RangeError("cma: size must be > 0")'), code("1 + 1")]);
    const opened = notebook(code("show(f)", chart(GALLERY.bars!)), code("x", shown({ "text/html": EVIL })));
    writeFileSync(join(scratch, "stranger.ipynb"), JSON.stringify(withIds(opened)));
    lab = await JupyterLab.start(found.python, scratch);
    browser = await launch();
  }
});
after(async () => {
  await browser?.close();
  await lab?.stop();
  rmSync(home, { recursive: true, force: true });
});

/** HTML that would run something if it were trusted. */
const EVIL = '<img src=x onerror="window.ran=1"><script>window.ran=1</script><b>evil</b>';

const withIds = (content: { cells: object[] }) => ({
  ...content,
  cells: content.cells.map((cell, i) => ({ ...cell, id: `cell-${i}` })),
});

/** Writes a notebook of cells that have not run, each with an id of its own. */
function write(name: string, cells: Record<string, unknown>[]): void {
  const fresh = cells.map((cell, i) =>
    cell.cell_type === "code"
      ? { ...cell, id: `cell-${i}`, execution_count: null, outputs: [] }
      : { ...cell, id: `cell-${i}` },
  );
  writeFileSync(join(scratch, name), JSON.stringify(notebook(...fresh)));
}

/** Opens a notebook, runs all its cells from the menu, does something on the page meanwhile, and waits until the kernel is idle. */
async function runAll(
  name: string,
  t: TestContext,
  meanwhile: (page: Page) => Promise<void> = async () => {},
): Promise<Page | undefined> {
  if (missing) {
    t.skip(missing);
    return undefined;
  }
  const page = await browser!.newPage({ viewport: TALL });
  await page.goto(lab!.address(name));
  await page.locator(".jp-Notebook").waitFor({ timeout: 60_000 });
  await page.getByText("TypeScript (pageblock) | Idle").waitFor({ timeout: 60_000 });
  await lab!.connected(name);
  await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
  await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
  await meanwhile(page);
  const { cells } = JSON.parse(readFileSync(join(scratch, name), "utf8")) as {
    cells: { cell_type: string }[];
  };
  const codeCells = cells.filter((cell) => cell.cell_type === "code").length;
  const done = page.waitForFunction(
    (count) => {
      const prompts = [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")];
      const texts = prompts.map((p) => p.textContent ?? "");
      const failed = document.querySelector('[data-mime-type="application/vnd.jupyter.stderr"]') !== null;
      return texts.length === count && (failed || texts.every((t) => /\[\d+\]/.test(t)));
    },
    codeCells,
    { timeout: CELLS_MS, polling: 250 },
  );
  await done.catch(async (error) => {
    throw new Error(`${error.message}\n${await state(page)}`);
  });
  // A page that lost its server connects again by itself, later each time.
  const idle = page.getByText("TypeScript (pageblock) | Idle").waitFor({ timeout: CELLS_MS });
  await idle.catch(async (error) => {
    throw new Error(`${error.message}\n${await state(page)}`);
  });
  return page;
}

/** What stands on a page that did not get ready: how its cells are numbered, its dialog, its status bar. */
async function state(page: Page): Promise<string> {
  const prompts = await page.locator(".jp-CodeCell .jp-InputPrompt").allTextContents();
  const dialog = await page.locator(".jp-Dialog").allTextContents();
  const bar = await page.locator("#jp-main-statusbar").allTextContents();
  return `${prompts.length} code cells: ${prompts.join(" ")}; dialog: ${dialog.join(" ") || "none"}; ${bar.join(" ")}`;
}

/** Closes the page and ends its kernel. */
async function close(page: Page, name: string): Promise<void> {
  await page.close();
  await lab!.endKernelOf(name);
}

test("JupyterLab runs a notebook and draws its charts", { skip }, async (t) => {
  const page = await runAll("charts.ipynb", t);
  if (page === undefined) return;
  assert.equal(await chartsDrawn(page), 2);
  await close(page, "charts.ipynb");
});

test("a stranger's notebook, opened and not trusted, shows the picture of a chart and runs nothing", {
  skip,
}, async (t) => {
  if (missing) return t.skip(missing);
  const page = await browser!.newPage({ viewport: { width: 1400, height: 1400 } });
  await page.goto(lab!.address("stranger.ipynb"));
  const picture = page.locator('.jp-OutputArea-output img[src^="data:image/svg+xml"]').first();
  await picture.waitFor({ state: "visible", timeout: 60_000 });
  assert.ok(((await picture.boundingBox())?.width ?? 0) > 300, "the picture has a size");
  await page.getByText("evil").first().waitFor();
  assert.equal(await page.locator(".js-plotly-plot").count(), 0, "Plotly, a script, has not run");
  assert.equal(await page.evaluate(() => (window as { ran?: number }).ran), undefined);
  await close(page, "stranger.ipynb");
});

test("JupyterLab turns a knob by keyboard, in the browser, when the kernel has gone", { skip }, async (t) => {
  const page = await runAll("knobs.ipynb", t);
  if (page === undefined) return;
  await lab!.endKernelOf("knobs.ipynb");
  const memory = page.getByRole("slider", { name: "memory" });
  await memory.focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForSelector(".pageblock-controls[data-state=answered]", { timeout: 60_000 });
  const turned = page.locator(".pageblock-turned");
  // One page block of 512 MiB of 2 GiB is a quarter.
  assert.match((await turned.textContent())!, /The area fits: 512 MiB for 64 MiB asked, 25 % of the memory/);
  await turned.locator(".js-plotly-plot .main-svg").first().waitFor({ timeout: 30_000 });
  await page.close();
});

test("JupyterLab gets all of 20,000 printed lines", { skip }, async (t) => {
  const page = await runAll("lines.ipynb", t);
  if (page === undefined) return;
  const printed = await page
    .locator('[data-mime-type="application/vnd.jupyter.stdout"] pre')
    .allTextContents();
  assert.equal(printed.join(""), Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join(""));
  await close(page, "lines.ipynb");
});

test("JupyterLab asks what a cell asks; cleared and late output are where they belong", {
  skip,
}, async (t) => {
  const page = await runAll("asking.ipynb", t, async (open) => {
    const field = open.locator(".jp-Stdin-input");
    await field.waitFor({ timeout: 60_000 });
    assert.equal(await open.locator(".jp-Stdin-prompt").textContent(), "name? ");
    await field.fill("Ann");
    await field.press("Enter");
  });
  if (page === undefined) return;
  const shown = (await page.locator(".jp-CodeCell .jp-OutputArea").allTextContents()).map((one) =>
    one.trim(),
  );
  assert.match(shown[0]!, /3Ann/);
  assert.deepEqual([shown[1], shown[2]], ["left", "late"]);
  assert.match(shown[3]!, /own/);
  assert.doesNotMatch(shown[3]!, /late/);
  await close(page, "asking.ipynb");
});

test("JupyterLab shows a failing cell's error and does not run what follows", { skip }, async (t) => {
  const page = await runAll("failing.ipynb", t);
  if (page === undefined) return;
  const shown = await complaints(page).allTextContents();
  assert.equal(shown.length, 1);
  assert.match(shown[0]!, /RangeError: cma: size must be > 0/);
  assert.equal(await page.locator('.jp-OutputArea-output[data-mime-type="text/plain"]').count(), 0);
  await close(page, "failing.ipynb");
});

/** Two pages at a time, as a reader may have them open: while one waits for its kernel or its page, the other goes on. */
describe("notebooks", { concurrency: 2 }, () => {
  for (const name of names)
    test(`JupyterLab runs notebooks/${name} and draws its charts`, { skip }, async (t) => {
      const page = await runAll(name, t);
      if (page === undefined) return;
      const asked = readFileSync(join(NOTEBOOKS, name), "utf8").includes("show(");
      const charts = await chartsDrawn(page);
      assert.ok(!asked || charts > 0, "the notebook shows charts, but none was found");
      if (process.env.PAGEBLOCK_SCREENSHOTS) {
        mkdirSync(process.env.PAGEBLOCK_SCREENSHOTS, { recursive: true });
        await page.screenshot({ path: join(process.env.PAGEBLOCK_SCREENSHOTS, `${name}.png`) });
      }
      await close(page, name);
    });
});
