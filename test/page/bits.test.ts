/** The last bits in a browser: of the functions themselves, and of plans whose results depend on them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { sha256Of } from "../../lib/base/canonical-json";
import { runPlan } from "../../lib/report/plan-kinds";
import { launch, noChromium } from "../support/browser";
import { allBits } from "../support/elementary-bits";
import { assetText } from "../support/page-engine";

const skip = noChromium();
/** Fewer than in test/base/elementary.test.ts: what counts is that the engine is another one. */
const COUNT = 20_000;

/** The functions as a program of a browser: it leaves `bits`. */
async function bundled(): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, "../support/elementary-bits.ts")],
    ...{ bundle: true, write: false, format: "iife", globalName: "bits", platform: "browser" },
  });
  return outputFiles[0]!.text;
}

const machine = { board: "qemu-virt", memory: "256MiB" };
const request = { size: "4MiB", times: 3 };
/** Exponential draws, Zipf's law in two ways, and statistics with cube roots and the error function. */
const PLANS: readonly Record<string, unknown>[] = [
  { machine, workload: { kind: "file-server", duration: "5s" }, strategy: "buddy", request, seed: 7 },
  {
    kind: "comparison",
    ...{ machine, request, seeds: 9, scenario: "c", strategies: ["buddy", "cma", "alloc-contig-pages"] },
  },
];

test("Chromium gives the bits of Node.js, and the hashes of plans that depend on them", {
  skip,
}, async () => {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: await bundled() });
    const there = await page.evaluate(`bits.allBits(${COUNT})`);
    assert.deepEqual(there, allBits(COUNT));
    const program = assetText("engine.gz.b64");
    for (const plan of PLANS) {
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
