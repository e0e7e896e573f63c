/** How `npm run lab` starts JupyterLab: the notebooks' links to ../docs must lie within what it serves. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";
import { jupyterLabArguments } from "../../kernel-setup/lab";
import { hrefsOf } from "../../lib/report/links";

const ROOT = resolve(__dirname, "../..");

test("the package is served, and its notebooks are opened first", () => {
  const args = jupyterLabArguments(ROOT, 8888, false, "notebooks");
  assert.ok(args.includes(`--ServerApp.root_dir=${ROOT}`));
  assert.ok(args.includes("--LabApp.default_url=/lab/tree/notebooks"));
  assert.ok(!jupyterLabArguments(ROOT, 8888, false).some((word) => word.includes("default_url")));
});

test("every relative link of a notebook names a file of the package", () => {
  const folder = join(ROOT, "notebooks");
  let links = 0;
  for (const name of readdirSync(folder).filter((one) => one.endsWith(".ipynb"))) {
    const { cells } = JSON.parse(readFileSync(join(folder, name), "utf8"));
    for (const { cell_type, source } of cells as { cell_type: string; source: string[] }[]) {
      if (cell_type !== "markdown") continue;
      for (const href of hrefsOf(source.join(""))) {
        if (/^[a-z]+:|^#/.test(href)) continue;
        links++;
        const target = resolve(folder, href.split("#")[0]!);
        assert.ok(target.startsWith(ROOT) && existsSync(target), `${name}: ${href}`);
      }
    }
  }
  assert.ok(links >= 10, `${links}`);
});
