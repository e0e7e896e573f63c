/** Firefox, whose language functions are others than those of Node.js and Chromium: the same bits, and the same results of a page from a file. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import { explore, knob, machine } from "../../lib";
import { sha256Of } from "../../lib/base/canonical-json";
import { bundleOf } from "../../lib/notebook/show";
import { exportNotebook } from "../../lib/report/export";
import { runPlan } from "../../lib/report/plan-kinds";
import { withResults } from "../../lib/report/runs";
import { bundledBits, PLANS_OF_BITS } from "../support/bundled-bits";
import { allBits } from "../support/elementary-bits";
import { Firefox, noFirefox } from "../support/firefox";
import { code, notebook, shown } from "../support/notebooks";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-in-firefox-"));
let firefox: Firefox | undefined;
before(async () => {
  if (noFirefox === false) firefox = await Firefox.start();
});
after(async () => {
  await firefox?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const COUNT = 20_000;

test("Firefox gives the bits of Node.js", { skip: noFirefox }, async () => {
  const there = await firefox!.run(`${await bundledBits()}\nreturn bits.allBits(${COUNT});`);
  assert.deepEqual(there, allBits(COUNT));
});

/** Waits for an element in the page. */
const AWAITED = `const awaited = async (selector) => {
  while (document.querySelector(selector) === null) await new Promise((done) => setTimeout(done, 50));
  return document.querySelector(selector);
};`;

/** What a page says once it has verified itself: how it is, and in words. */
const VERIFIED = `${AWAITED}
  [...document.querySelectorAll("button")].find((one) => one.textContent === "Verify this page").click();
  const box = await awaited(".pageblock-live[data-state]");
  return [box.dataset.state, box.querySelector("[role=status]").textContent];`;

test("a page from a file: every result is identical, and a knob gives the SHA-256 of Node.js", {
  skip: noFirefox,
}, async () => {
  const pi = machine("raspberry-pi-4").pageSize("64K").memory("2GiB").cma("64MiB").kernel("6.1");
  const knobs = [knob("memory", { from: "1GiB", to: "4GiB" })];
  const live = await explore(pi, { title: "Does the area fit?", knobs, view: "cmaArea" });
  const runs = await Promise.all(
    PLANS_OF_BITS.map(async (plan) => {
      const result = await runPlan(plan);
      return { plan, result, sha256: sha256Of({ plan, result }) };
    }),
  );
  const table = { "text/html": "<table><tr><td>1</td></tr></table>" };
  const file = join(scratch, "n.ipynb");
  const cells = [code("a", shown(bundleOf(live))), code("b", shown(withResults(table, runs)))];
  writeFileSync(file, JSON.stringify(notebook(...cells)));
  const { path } = await exportNotebook(file, "html", scratch);
  await firefox!.open(pathToFileURL(path).href);
  const [state, words] = (await firefox!.run(VERIFIED)) as string[];
  assert.equal(state, "verified", words);
  assert.match(words!, /3 of 3 results are identical\. 2 of 2 figures, tables and sentences are confirmed/);
  const turned = await firefox!.run(`${AWAITED}
    const slider = document.querySelector(".pageblock-controls input");
    slider.value = "2";
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await awaited(".pageblock-controls[data-state=answered]");
    return document.querySelector(".pageblock-turned").dataset.sha256;`);
  const plan = { ...live.plan, memoryBytes: 2 ** 32 };
  assert.equal(turned, sha256Of({ plan, result: await runPlan(plan) }));
});
