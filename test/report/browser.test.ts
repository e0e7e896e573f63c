/** The exported page in a real browser: no request, charts drawn, pictures without scripts, nothing foreign runs. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { exportNotebook } from "../../lib/report/export";
import { browserSuite } from "../support/browser";
import { GALLERY } from "../support/figures";
import { chart, code, markdown, notebook, shown, stream } from "../support/notebooks";

const suite = browserSuite("pageblock-page-");
const { skip, scratch } = suite;

async function open(name: string, content: object, options: object = {}) {
  const file = join(scratch, `${name}.ipynb`);
  writeFileSync(file, JSON.stringify(content));
  const { path } = await exportNotebook(file, "html", scratch);
  const context = await suite.browser.newContext(options);
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (r) => {
    if (!/^(data|blob):/.test(r.url())) requests.push(r.url());
  });
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(e.message));
  const url = pathToFileURL(path).href;
  await page.goto(url);
  return { page, complaints, requests: () => requests.filter((r) => r !== url) };
}

const drawn = (page: Page) => page.locator(".pageblock-chart .main-svg >> visible=true");

test("offline, every chart is drawn by Plotly, without a request or a complaint", { skip }, async () => {
  const figures = Object.values(GALLERY);
  const { page, requests, complaints } = await open(
    "charts",
    notebook(...figures.map((f) => code("show(f)", chart(f)))),
    {
      offline: true,
    },
  );
  await page.waitForFunction(
    (n) => document.querySelectorAll('[data-state="drawn"]').length === n,
    figures.length,
  );
  assert.ok((await drawn(page).count()) >= figures.length);
  for (const picture of await page.locator(".pageblock-chart > img").all())
    assert.equal(await picture.isVisible(), false);
  await page.locator(".pageblock-chart .nsewdrag").first().hover();
  assert.deepEqual(requests(), []);
  assert.deepEqual(complaints, []);
});

test("without scripts every chart is its picture, whole", { skip }, async () => {
  const figures = Object.values(GALLERY);
  const { page } = await open("still", notebook(...figures.map((f) => code("show(f)", chart(f)))), {
    javaScriptEnabled: false,
  });
  const pictures = await page.locator(".pageblock-chart > img").all();
  assert.equal(pictures.length, figures.length);
  for (const picture of pictures) {
    assert.ok(await picture.isVisible());
    const box = (await picture.boundingBox())!;
    assert.ok(box.width > 300 && box.height > 100, `${box.width} × ${box.height}`);
  }
});

test("a map, which Plotly would have to fetch, is a picture, and the others are drawn", {
  skip,
}, async () => {
  const broken = {
    data: [{ type: "scattermap", lat: [1], lon: [1] }],
    layout: { title: { text: "m" }, map: { style: "https://example.org/s.json" } },
  };
  const { page, requests } = await open(
    "broken",
    notebook(code("a", shown({ "application/vnd.plotly.v1+json": broken })), code("b", chart(GALLERY.bars!))),
  );
  await page.waitForFunction(() => document.querySelectorAll('[data-state="drawn"]').length >= 1);
  assert.deepEqual(requests(), []);
});

test("nothing that came with a notebook runs", { skip }, async () => {
  const evil =
    '<img src=x onerror="window.ran=1"><script>window.ran=1</script><svg onload="window.ran=1"></svg>';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="window.ran=1"><script>window.ran=1</script></svg>`;
  const figure = {
    data: [
      {
        type: "bar",
        name: evil,
        x: [evil, "</script><script>window.ran=1</script>"],
        y: [1, 2],
        text: [evil, evil],
        hovertext: [evil, evil],
      },
    ],
    layout: {
      title: { text: `${evil}<a href="javascript:window.ran=1">x</a>` },
      images: [{ source: "https://example.org/i.png", x: 0, y: 0, sizex: 1, sizey: 1 }],
    },
  };
  const { page, requests, complaints } = await open(
    "evil",
    notebook(
      markdown(
        `# ${evil}\n\n[x](javascript:window.ran=1) ![p](https://example.org/p.png)\n\n</section></main>${evil}`,
      ),
      code(`"</code></pre>${evil}"`, stream(`</pre>${evil}`), {
        output_type: "error",
        ename: evil,
        evalue: evil,
        traceback: [evil],
      }),
      code(
        "html",
        shown({
          "text/html": `<table><tr><td>${evil}</td></tr></table><link rel=stylesheet href=https://example.org/x.css>`,
        }),
      ),
      code("svg", shown({ "image/svg+xml": svg })),
      code("md", shown({ "text/markdown": evil })),
      code("js", shown({ "application/javascript": "window.ran=1", "text/plain": evil })),
      code("chart", shown({ "application/vnd.plotly.v1+json": figure, "text/html": evil })),
    ),
  );
  await page.waitForFunction(() => document.querySelectorAll('[data-state="drawn"]').length === 1);
  for (const link of await page.locator('a[href^="javascript"]').all()) await link.click({ force: true });
  await page.locator(".nsewdrag").hover();
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => (window as { ran?: number }).ran), undefined);
  assert.deepEqual(requests(), []);
  assert.deepEqual(complaints, []);
});

test("on a phone the page does not scroll sideways", { skip }, async () => {
  const { page } = await open(
    "phone",
    notebook(markdown("# T"), code("x".repeat(200), chart(GALLERY.map4K!))),
    {
      viewport: { width: 390, height: 800 },
    },
  );
  await page.waitForFunction(() => document.querySelectorAll('[data-state="drawn"]').length === 1);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
});
