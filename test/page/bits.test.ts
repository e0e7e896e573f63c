/** The last bits in a browser: of the functions themselves, and of plans whose results depend on them. */
import assert from "node:assert/strict";
import test from "node:test";
import { sha256Of } from "../../lib/base/canonical-json";
import { runPlan } from "../../lib/report/plan-kinds";
import { launch, noChromium } from "../support/browser";
import { bundledBits, PLANS_OF_BITS } from "../support/bundled-bits";
import { allBits } from "../support/elementary-bits";
import { assetText } from "../support/page-engine";

const skip = noChromium();
/** Fewer than in test/base/elementary.test.ts: what counts is that the engine is another one. */
const COUNT = 20_000;

test("Chromium gives the bits of Node.js, and the hashes of plans that depend on them", {
  skip,
}, async () => {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: await bundledBits() });
    const there = await page.evaluate(`bits.allBits(${COUNT})`);
    assert.deepEqual(there, allBits(COUNT));
    const program = assetText("engine.gz.b64");
    for (const plan of PLANS_OF_BITS) {
      const hash = await page.evaluate(
        `new Promise((done, fail) => {
          const url = URL.createObjectURL(new Blob([${JSON.stringify(program)}]));
          const worker = new Worker(url);
          worker.onerror = (event) => fail(new Error(event.message));
          worker.onmessage = ({ data }) => {
            if (data.failed !== undefined) fail(new Error(data.failed));
            else if (data.value?.sha256 !== undefined) done(data.value.sha256);
          };
          worker.postMessage({ id: 1, ask: "run", given: { plan: ${JSON.stringify(plan)} } });
        })`,
      );
      assert.equal(hash, sha256Of({ plan, result: await runPlan(plan) }), JSON.stringify(plan));
    }
  } finally {
    await browser.close();
  }
});
