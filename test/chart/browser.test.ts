/** Every chart in Plotly itself: valid by its schema, drawn without an error, words shown letter by letter. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import type { Figure } from "../../lib/chart/figure";
import { launch, noChromium } from "../support/browser";
import { EXAMPLES } from "./gallery";
import { hostileFigures, WORDS } from "./hostile";

const skip = noChromium();
let browser: Browser;
let page: Page;
before(async () => {
  if (skip) return;
  browser = await launch();
  page = await browser.newPage({ viewport: { width: 800, height: 800 } });
  await page.setContent('<div id="place"></div>');
  // The text that pages get: minified by the build.
  const packed = readFileSync(join(__dirname, "../../dist/assets/plotly.gz.b64"), "utf8");
  await page.addScriptTag({ content: gunzipSync(Buffer.from(packed, "base64")).toString("utf8") });
});
after(async () => browser?.close());

const json = (value: unknown) => JSON.stringify(value).replace(/[\u2028\u2029<]/g, "");

/** What Plotly's validator says against a figure; what it merely does not use in a state (`unused`) is no fault. */
async function faults(figure: Figure): Promise<string[]> {
  const said = (await page.evaluate(
    `(Plotly.validate(${json(figure.data)}, ${json(figure.layout)}) ?? []).map((e) => [e.code, e.msg])`,
  )) as [string, string][];
  return said
    .filter(
      ([code, message]) => code !== "unused" && code !== "invisible" && !/steps\[\d+\]\.args/.test(message),
    )
    .map(([, message]) => message);
}

for (const example of EXAMPLES)
  test(`${example.name}: valid by Plotly's schema, and drawn`, { skip }, async () => {
    const figure = example.draw();
    assert.deepEqual(await faults(figure), []);
    const drawn = await page.evaluate(
      `Plotly.newPlot("place", ${json(figure.data)}, ${json(figure.layout)}).then(() => document.querySelectorAll("#place .main-svg").length)`,
    );
    assert.ok(Number(drawn) > 0);
  });

test("the validator finds a fault where there is one", { skip }, async () => {
  const figure = { data: [{ type: "scatter", mode: "nonsense", y: [1] }], layout: {} };
  assert.equal((await faults(figure)).length, 1);
});

test("the slider of a map shows another snapshot", { skip }, async () => {
  const { data, layout } = EXAMPLES.find((e) => e.name === "block-map-content")!.draw();
  const shown = await page.evaluate(
    `(async () => {
      const place = await Plotly.newPlot("place", ${json(data)}, ${json(layout)});
      const now = () => place.data.map((t, i) => t.type === "heatmap" && t.visible !== false ? i : -1).filter((i) => i >= 0);
      const before = now();
      const [first] = ${json(layout.sliders)}[0].steps;
      await Plotly[first.method](place, ...first.args);
      return [before, now()];
    })()`,
  );
  assert.deepEqual(shown, [[3], [0]]);
});

test("words from outside are shown letter by letter: no markup, no links", { skip }, async () => {
  for (const [name, figure] of Object.entries(hostileFigures())) {
    const [links, text] = (await page.evaluate(
      `Plotly.newPlot("place", ${JSON.stringify(figure.data).replaceAll("\u2028", "")}, ${JSON.stringify(figure.layout)}).then((place) => [
        place.querySelectorAll("svg a, svg tspan[style*='font-weight']").length, place.textContent])`,
    )) as [number, string];
    assert.equal(links, 0, name);
    assert.ok(
      text.includes(WORDS.slice(0, 20)),
      `${name} shows ${WORDS.slice(0, 20)}: ${text.slice(0, 300)}`,
    );
  }
});
