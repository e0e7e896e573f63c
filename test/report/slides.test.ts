/** Slides: a heading a slide, moved by keys in a real browser, offline, all of them on paper and without scripts. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { exportNotebook } from "../../lib/report/export";
import { slidesOf } from "../../lib/report/slides-split";
import type { Block } from "../../lib/report/write-up";
import { ARTICLE } from "../support/article";
import { browserSuite } from "../support/browser";
import { GALLERY } from "../support/figures";
import { chart, code, markdown, notebook, shown, stream } from "../support/notebooks";

const suite = browserSuite("pageblock-slides-");
const { skip, scratch } = suite;

const prose = (text: string): Block => ({ kind: "prose", markdown: text, attachments: {} });

test("prose is cut before its headings, not inside code or lists, and blocks stay with theirs", () => {
  const slides = slidesOf([
    prose("# One\n\ntext\n\n## Two\n\n```\n# no heading\n```\n"),
    { kind: "code", source: "1" },
    prose("more\n\nThree\n-----\n\nend"),
    prose("- a\n\n  # in a list"),
  ]);
  assert.deepEqual(
    slides.map((blocks) =>
      blocks.map((b) => (b.kind === "prose" ? b.markdown.trim().split("\n")[0] : b.kind)),
    ),
    [["# One"], ["## Two", "code", "more"], ["Three", "- a"]],
  );
});

async function exported(): Promise<string> {
  const evil = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>';
  const file = join(scratch, "talk.ipynb");
  const cells = [
    markdown(`# Talk ${evil}`),
    markdown("## Chart"),
    code(`show(f) // ${evil}`, chart(GALLERY.bars!)),
    markdown("## End\n\nSee [the start](#1)."),
  ];
  writeFileSync(file, JSON.stringify(notebook(...cells)));
  return (await exportNotebook(file, "slides", scratch)).path;
}

test("keys and the address move; a chart is drawn when its slide is shown; nothing foreign runs, no request", {
  skip,
}, async () => {
  const url = pathToFileURL(await exported()).href;
  const page = await (await suite.browser.newContext({ offline: true })).newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on(
    "request",
    (r) => !/^(data|blob):/.test(r.url()) && !r.url().startsWith(url) && requests.push(r.url()),
  );
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(e.message));
  await page.goto(url);
  const shown = () => page.locator(".slide:visible h1, .slide:visible h2").allTextContents();
  const place = () => page.locator(".place .at").textContent();
  assert.match((await shown()).join(), /^Talk/);
  assert.equal(await place(), "1 / 5", "three slides, how to cite, to run again");
  await page.keyboard.press("ArrowRight");
  assert.deepEqual(await shown(), ["Chart"]);
  await page.waitForFunction(() => document.querySelectorAll('[data-state="drawn"]').length === 1);
  await page.keyboard.press("End");
  assert.deepEqual(await shown(), ["To run this again"]);
  await page.keyboard.press("ArrowRight");
  assert.equal(await place(), "5 / 5");
  await page.keyboard.press("Backspace");
  assert.equal(await place(), "4 / 5");
  await page.evaluate(() => {
    location.hash = "#3";
  });
  await page.waitForFunction(() => document.querySelector(".place .at")?.textContent === "3 / 5");
  await page.keyboard.press("Home");
  assert.equal(await place(), "1 / 5");
  await page.emulateMedia({ media: "print" });
  assert.equal((await shown()).length, 5, "on paper all slides");
  assert.equal(await page.evaluate(() => (window as { ran?: number }).ran), undefined);
  assert.deepEqual([requests, complaints], [[], []]);
});

test("without scripts all slides stand below each other", { skip }, async () => {
  const path = await exported();
  const page = await (await suite.browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(pathToFileURL(path).href);
  assert.equal(await page.locator(".slide:visible").count(), 5);
  assert.ok(readFileSync(path).length < 4_000_000);
});

const LONG = notebook(
  markdown(
    `# Long\n\n${"Words of a paragraph that goes on. ".repeat(12)}\n\n${"- an item of a list\n".repeat(30)}`,
  ),
  ...ARTICLE.cells,
  code("print()", stream("a line of text\n".repeat(70))),
  markdown("## Rows"),
  code(
    "show()",
    shown({
      "text/html": `<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>${"<tr><td>1</td><td>2</td></tr>".repeat(40)}</tbody></table><p>notes</p>`,
    }),
  ),
  markdown(`## More rows\n\n| a | b |\n|---|---|\n${"| 1 | 2 |\n".repeat(40)}`),
);

test("what is longer than a slide goes on on the next, which says so", () => {
  const slides = slidesOf([
    prose(`## Many\n\n${"- an item\n".repeat(40)}`),
    { kind: "code", source: "f()" },
    { kind: "html", html: `<table><tr><th>h</th></tr>${"<tr><td>1</td></tr>".repeat(30)}</table>`, text: "" },
  ]);
  const titles = slides.map(([first]) => (first as { markdown: string }).markdown.split("\n")[0]);
  assert.deepEqual(titles, [
    "## Many",
    ...Array.from({ length: slides.length - 1 }, (_, i) => `## Many (${i + 2} of ${slides.length})`),
  ]);
  const all = JSON.stringify(slides);
  assert.equal(all.match(/- an item/g)!.length, 40);
  assert.equal(all.match(/<tr><td>1/g)!.length, 30);
  assert.equal(all.match(/<th>h/g)!.length, 3, "30 rows, 12 on a slide, each with the names of the columns");
  assert.ok(
    slides.some((blocks) => blocks.some((b, i) => b.kind === "code" && blocks[i + 1]?.kind === "html")),
    "code stays with what it made",
  );
});

for (const [width, height] of [
  [1280, 720],
  [820, 1180],
  [390, 844],
] as const)
  test(`every slide fits a screen of ${width} × ${height}`, { skip }, async () => {
    const file = join(scratch, `long-${width}.ipynb`);
    writeFileSync(file, JSON.stringify(LONG));
    const { path } = await exportNotebook(file, "slides", scratch);
    const page = await (
      await suite.browser.newContext({ offline: true, viewport: { width, height } })
    ).newPage();
    await page.goto(pathToFileURL(path).href);
    const count = await page.locator("section.slide").count();
    assert.ok(count > 12);
    for (let slide = 1; slide <= count; slide++) {
      await page.evaluate((at) => {
        location.hash = `#${at}`;
      }, slide);
      await page.waitForFunction(
        (at) =>
          document.querySelector(".place .at")?.textContent?.startsWith(`${at} /`) &&
          [...document.querySelectorAll<HTMLElement>(".shown .pageblock-chart")].every(
            (box) => box.dataset.state === "drawn",
          ),
        slide,
      );
      const over = () =>
        page.evaluate(() => {
          const shown = document.querySelector(".slide.shown")!;
          return [shown.scrollHeight - shown.clientHeight, shown.scrollWidth - shown.clientWidth];
        });
      await page
        .waitForFunction(
          () => {
            const shown = document.querySelector(".slide.shown")!;
            return shown.scrollHeight - shown.clientHeight <= 1;
          },
          null,
          { timeout: 5000 },
        )
        .catch(() => {});
      assert.deepEqual(
        (await over()).map((pixels) => Math.max(0, pixels - 1)),
        [0, 0],
        `slide ${slide}`,
      );
    }
  });
