/** Bundles that no front end would send: shown as far as they can be, or refused in one line; never a crash. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { exportNotebook } from "../../lib/report/export";
import { code, markdown, notebook, shown } from "../support/notebooks";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-malformed-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const PLOTLY = "application/vnd.plotly.v1+json";
const BUNDLES: Record<string, unknown>[] = [
  { [PLOTLY]: { data: [null, 7, "x"], layout: {} }, "text/plain": "kept" },
  { [PLOTLY]: { data: [{}], layout: {} }, "text/plain": "kept" },
  {
    [PLOTLY]: { data: [{ type: "bar", x: 7, y: { a: 1 } }], layout: { title: 7, xaxis: "x" } },
    "text/plain": "kept",
  },
  { [PLOTLY]: { data: [{ type: "heatmap", z: [[1], null] }], layout: { shapes: 7 } }, "text/plain": "kept" },
  { [PLOTLY]: { data: "no", layout: null }, "text/plain": "kept" },
  { "image/png": { a: 1 }, "text/html": 7, "text/markdown": null, "text/plain": ["ke", "pt"] },
  { "image/svg+xml": [], "text/plain": "kept" },
  {},
];

for (const [i, bundle] of BUNDLES.entries())
  test(`malformed bundle ${i + 1} does not stop the export`, async () => {
    const file = join(scratch, `n${i}.ipynb`);
    writeFileSync(file, JSON.stringify(notebook(markdown("# T"), code("x", shown(bundle)))));
    for (const format of ["html", "slides", "md"] as const) {
      const done = await exportNotebook(file, format, scratch).then(
        ({ path }) => readFileSync(path, "utf8"),
        (error: Error) => error,
      );
      if (typeof done === "string") assert.match(done, /To run this again/);
      else assert.equal(done.name, "InputError", done.stack);
    }
  });
