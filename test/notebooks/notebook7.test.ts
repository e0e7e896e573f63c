/** Classic Notebook 7, as a reader meets it: a notebook opened in a real browser, all cells run, its chart drawn. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { launch, noChromium } from "../support/browser";
import { JupyterLab } from "../support/jupyterlab";
import { code, markdown, notebook } from "../support/notebooks";
import { jupyter } from "../support/venv";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-notebook7-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

test("Notebook 7 opens a notebook, runs it and draws its chart", { skip: noChromium() }, async (t) => {
  const found = await jupyter();
  if ("missing" in found) return t.skip(found.missing);
  const bars = '{ data: [{ type: "bar", x: ["a", "b"], y: [1, 2] }], layout: { title: { text: "t" } } }';
  const cells = [
    markdown("# A notebook with a chart"),
    code('import { machine, show } from "pageblock";\nmachine("qemu-virt").boot()'),
    code(`show(${bars});`),
  ];
  const fresh = cells.map((cell, i) => ({
    ...cell,
    id: `cell-${i}`,
    ...(cell.cell_type === "code" ? { execution_count: null, outputs: [] } : {}),
  }));
  writeFileSync(join(scratch, "n.ipynb"), JSON.stringify(notebook(...fresh)));
  const server = await JupyterLab.start(found.python, scratch, { app: "notebook" });
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 3000 } });
    await page.goto(server.notebookAddress("n.ipynb"));
    await page.locator(".jp-Notebook").waitFor({ timeout: 60_000 });
    await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor({ timeout: 60_000 });
    await server.connected("n.ipynb");
    await page.locator(".lm-MenuBar-itemLabel", { hasText: /^Run$/ }).click();
    await page.locator(".lm-Menu-itemLabel", { hasText: /^Run All Cells$/ }).click();
    const drawing = page.locator(".pageblock-chart .js-plotly-plot .main-svg").first();
    await drawing.waitFor({ state: "visible", timeout: 60_000 });
    assert.ok(((await drawing.boundingBox())?.width ?? 0) > 100, "the chart has a size");
    const table = page.locator(".jp-OutputArea-output table").first();
    assert.match((await table.textContent()) ?? "", /qemu-virt/);
  } finally {
    await browser.close();
    await server.stop();
  }
});
