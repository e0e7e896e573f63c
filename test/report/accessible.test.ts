/** axe-core finds nothing to complain about in a page, slides, the index, the playground and a carried page, in light and in dark. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { docFiles } from "../../lib/report/docs-pages";
import { type ExportPlace, exportNotebook } from "../../lib/report/export";
import { writeIndexPage } from "../../lib/report/index-page";
import { playgroundPage } from "../../lib/report/playground-page";
import { ARTICLE } from "../support/article";
import { browserSuite } from "../support/browser";

const suite = browserSuite("pageblock-axe-");
const { skip, scratch } = suite;

const LOG = join(__dirname, "../../docs/examples/refused-with-170-mb-free.txt");

async function exported(format: "html" | "slides", options: Partial<ExportPlace> = {}): Promise<string> {
  const file = join(scratch, "article.ipynb");
  writeFileSync(file, JSON.stringify(ARTICLE));
  return (await exportNotebook(file, format, scratch, options)).path;
}

async function open(path: string, options: object): Promise<Page> {
  const page = await (await suite.browser.newContext({ offline: true, ...options })).newPage();
  await page.goto(pathToFileURL(path).href);
  return page;
}

/** What axe-core complains of, a line each, rules of good practice among them. */
async function complaints(page: Page, without: string[] = []): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (off) =>
      (window as unknown as { axe: typeof axe }).axe.run(document, {
        resultTypes: ["violations"],
        rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
      }),
    without,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 120)}: ${node.failureSummary?.replace(/\s+/g, " ")}`),
  );
}

const drawn = (page: Page) =>
  page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLElement>(".pageblock-chart")].every(
      (box) => box.offsetWidth === 0 || box.dataset.state === "drawn",
    ),
  );

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1400, 390])
    test(`a page, ${colorScheme}, ${width} pixels, everything folded and everything open`, {
      skip,
    }, async () => {
      const page = await open(await exported("html"), { colorScheme, viewport: { width, height: 900 } });
      await drawn(page);
      assert.deepEqual(await complaints(page), []);
      await page.evaluate(() => {
        for (const fold of document.querySelectorAll("details")) fold.open = true;
      });
      assert.deepEqual(await complaints(page), []);
    });

  test(`slides, ${colorScheme}, one after the other`, { skip }, async () => {
    const page = await open(await exported("slides"), {
      colorScheme,
      viewport: { width: 1280, height: 720 },
    });
    const slides = await page.locator("section.slide").count();
    for (let slide = 1; slide <= slides; slide++) {
      await drawn(page);
      // The title is on the first slide only.
      const without = slide === 1 ? [] : ["page-has-heading-one"];
      assert.deepEqual(await complaints(page, without), [], `slide ${slide}`);
      await page.evaluate((at) => {
        location.hash = `#${at}`;
      }, slide + 1);
      await page.waitForFunction(
        (at) => document.querySelector(".place .at")?.textContent?.startsWith(`${at} /`),
        Math.min(slide + 1, slides),
      );
    }
  });

  test(`the index, ${colorScheme}`, { skip }, async () => {
    await exported("html");
    const page = await open(writeIndexPage(scratch), { colorScheme });
    assert.deepEqual(await complaints(page), []);
  });
}

for (const colorScheme of ["light", "dark"] as const)
  test(`the playground with its answers, and a carried page, ${colorScheme}`, { skip }, async () => {
    const playground = join(scratch, "playground.html");
    writeFileSync(playground, playgroundPage("index.html"));
    const page = await open(playground, { colorScheme });
    await page.locator("#boot-verdict", { hasText: "No CMA area" }).waitFor({ timeout: 60_000 });
    await page.getByLabel("Kernel log").fill(readFileSync(LOG, "utf8"));
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByText("Explained: 1 report.").waitFor({ timeout: 60_000 });
    assert.deepEqual(await complaints(page), []);
    const carried = join(scratch, "explain.html");
    writeFileSync(carried, docFiles(["explain.md"], "html").get("docs/explain.html")!);
    await page.goto(pathToFileURL(carried).href);
    assert.deepEqual(await complaints(page), []);
    await page.context().close();
  });

test("a page without scripts", { skip }, async () => {
  const page = await open(await exported("html", { code: "open" }), { javaScriptEnabled: false });
  assert.equal(await page.locator("button:visible").count(), 0, "no button that does nothing");
  assert.equal(await page.locator("details.how:not([open])").count(), 0);
});
