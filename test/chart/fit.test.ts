/** Charts as readers see them: fitted to a phone and to a page, no name on another, no legend on the plot, nothing off screen. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { loaderHtml } from "../../lib/report/assets";
import { chartHtml } from "../../lib/report/chart-html";
import { STYLE } from "../../lib/report/style";
import { launch, noChromium } from "../support/browser";
import { EXAMPLES } from "./gallery";

const skip = noChromium();
let browser: Browser;
before(async () => {
  if (!skip) browser = await launch();
});
after(async () => browser?.close());

async function pageOf(width: number, colorScheme: "light" | "dark"): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const charts = EXAMPLES.map(({ name, draw }) => `<figure id="${name}">${chartHtml(draw())}</figure>`);
  const head = `<!doctype html><meta name="viewport" content="width=device-width"><style>${STYLE}</style>`;
  await page.setContent(`${head}<body><main>${charts.join("")}</main>${loaderHtml()}`);
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll<HTMLElement>(".pageblock-chart")].every(
        (box) => box.dataset.state === "drawn",
      ),
    undefined,
    { timeout: 120_000 },
  );
  return page;
}

interface Box {
  words: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Boxes of the words of a chart, of its legend and of its plot, in the pixels of the chart. */
const measured = (page: Page, name: string) =>
  page.evaluate((id) => {
    const figure = document.getElementById(id)!;
    const at = figure.getBoundingClientRect();
    const boxOf = (element: Element) => {
      const { left, top, right, bottom } = element.getBoundingClientRect();
      const words = (element.textContent ?? "").slice(0, 60);
      return {
        words,
        left: left - at.left,
        top: top - at.top,
        right: right - at.left,
        bottom: bottom - at.top,
      };
    };
    const all = (selector: string) =>
      [...figure.querySelectorAll(selector)]
        .filter((one) => (one.textContent ?? "").trim() !== "")
        .map(boxOf);
    const named =
      ".xtick text, .ytick text, .legendtext, .textpoint text, .gtitle, .gtitle-subtitle, .xtitle, .ytitle";
    return {
      width: at.width,
      words: all(named),
      bars: all(".bartext"),
      legend: [...figure.querySelectorAll(".legend")].map(boxOf),
      plot: [...figure.querySelectorAll(".nsewdrag")].map(boxOf),
    };
  }, name);

/** By how many pixels two boxes lie on each other, in the direction in which it is less. */
const lap = (a: Box, b: Box) =>
  Math.min(
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  );

for (const [width, scheme] of [
  [390, "dark"],
  [1400, "light"],
] as const)
  test(`at ${width} pixels names lie beside each other, legends above the plot, all on the screen`, {
    skip,
  }, async () => {
    const page = await pageOf(width, scheme);
    const faults: string[] = [];
    for (const { name } of EXAMPLES) {
      const { words, bars, legend, plot, width: room } = await measured(page, name);
      words.forEach((a, i) => {
        for (const b of words.slice(i + 1))
          if (lap(a, b) > 3)
            faults.push(`${name}: ${JSON.stringify(a.words)} lies on ${JSON.stringify(b.words)}`);
        if (a.left < -2 || a.right > room + 2)
          faults.push(`${name}: ${a.words} ends at ${a.right} of ${room}`);
      });
      bars.forEach((a, i) => {
        for (const b of bars.slice(i + 1))
          if (lap(a, b) > 3) faults.push(`${name}: value ${a.words} lies on ${b.words}`);
      });
      const beside = legend.filter((a) => plot.some((b) => a.left < b.right && lap(a, b) > 2));
      if (beside.length > 0) faults.push(`${name}: the legend covers the plot`);
    }
    await page.close();
    assert.deepEqual(faults, []);
  });

test("the labels of hovering and the bar of buttons have the colours of the page", { skip }, async () => {
  for (const [scheme, paper] of [
    ["light", "rgb(255, 255, 255)"],
    ["dark", "rgb(20, 23, 26)"],
  ] as const) {
    const page = await pageOf(800, scheme);
    const seen = await page.evaluate(() => {
      const place = document.querySelector("#lines .js-plotly-plot") as unknown as {
        _fullLayout: {
          hoverlabel: { bgcolor: string };
          modebar: { bgcolor: string };
          font: { color: string };
        };
      };
      const { hoverlabel, modebar, font } = place._fullLayout;
      return [hoverlabel.bgcolor, modebar.bgcolor, font.color, getComputedStyle(document.body).color];
    });
    assert.equal(seen[0], paper);
    assert.equal(seen[1], "rgba(0,0,0,0)");
    assert.equal(seen[2], seen[3]);
    await page.close();
  }
});

test("a chart is drawn anew when its width changes, and keeps what a slider shows", { skip }, async () => {
  const page = await pageOf(1400, "light");
  const shown = () =>
    page.evaluate(() => {
      const place = document.querySelector("#block-map-content .js-plotly-plot") as unknown as {
        data: { type: string; visible?: boolean }[];
        _fullLayout: { width: number };
      };
      const maps = place.data.filter((trace) => trace.type === "heatmap");
      return { width: place._fullLayout.width, map: maps.findIndex((map) => map.visible !== false) };
    });
  await page.evaluate(() => {
    const place = document.querySelector("#block-map-content .js-plotly-plot")!;
    const { Plotly } = window as unknown as { Plotly: { restyle: (...args: unknown[]) => unknown } };
    return Plotly.restyle(place, { visible: [true, false, false, false] }, [0, 1, 2, 3]);
  });
  const wide = await shown();
  await page.setViewportSize({ width: 390, height: 900 });
  await page.waitForFunction((before) => {
    const place = document.querySelector("#block-map-content .js-plotly-plot") as unknown as {
      _fullLayout: { width: number };
    };
    return place._fullLayout.width < before / 2 + 20;
  }, wide.width);
  assert.deepEqual((await shown()).map, 0);
  await page.close();
});
