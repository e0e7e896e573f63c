/** What a page of JupyterLab shows: its complaints, and its charts once Plotly has drawn them. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** What JupyterLab shows of failed cells, and of what cells printed to stderr. */
export const complaints = (page: Page) =>
  page.locator(
    '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]',
  );

/** Fails unless no cell failed and every chart is drawn by Plotly once it is in view. Returns how many there are. */
export async function chartsDrawn(page: Page): Promise<number> {
  assert.deepEqual(await complaints(page).allTextContents(), [], "no cell failed");
  const charts = await page.locator(".jp-OutputArea .pageblock-chart").all();
  for (const chart of charts) {
    await chart.scrollIntoViewIfNeeded();
    const drawing = chart.locator(".js-plotly-plot .main-svg").first();
    await drawing.waitFor({ state: "visible", timeout: 30_000 });
    assert.ok(((await drawing.boundingBox())?.width ?? 0) > 100, "the chart has a size");
  }
  return charts.length;
}
