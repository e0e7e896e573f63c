/** A page in a browser: contents, code, players, and how it looks on screens of several widths. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { exportNotebook } from "../../lib/report/export";
import { ARTICLE } from "../support/article";
import { launch, noChromium } from "../support/browser";

const skip = noChromium();
const scratch = mkdtempSync(join(tmpdir(), "pageblock-article-"));
let browser: Browser;
let url: string;
before(async () => {
  if (skip) return;
  browser = await launch();
  const file = join(scratch, "article.ipynb");
  writeFileSync(file, JSON.stringify(ARTICLE));
  url = pathToFileURL((await exportNotebook(file, "html", scratch)).path).href;
});
after(async () => {
  await browser?.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function open(options: object, hash = ""): Promise<Page> {
  const page = await (await browser.newContext({ offline: true, ...options })).newPage();
  await page.goto(url + hash);
  return page;
}
const drawn = (page: Page) =>
  page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLElement>(".pageblock-chart")].every(
      (box) => box.dataset.state === "drawn",
    ),
  );
const folds = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLDetailsElement>("details.how")].map((fold) => fold.open),
  );

test("code is folded; the button opens all of it, and the address keeps that", { skip }, async () => {
  const page = await open({});
  assert.ok((await folds(page)).length >= 5);
  assert.ok((await folds(page)).every((one) => !one));
  await page.getByRole("button", { name: "Show all code" }).click();
  assert.ok((await folds(page)).every(Boolean));
  assert.match(page.url(), /#code$/);
  await page.reload();
  assert.ok((await folds(page)).every(Boolean), "after loading it again");
  await page.getByRole("button", { name: "Fold all code" }).click();
  assert.ok((await folds(page)).every((one) => !one));
  assert.doesNotMatch(page.url(), /#/);
});

test("contents stand beside the text on a wide screen and stay there; they mark the section that is read", {
  skip,
}, async () => {
  const page = await open({ viewport: { width: 1400, height: 900 } });
  await drawn(page);
  const place = () => page.locator("nav.contents").boundingBox();
  const main = (await page.locator("main").boundingBox())!;
  const contents = (await place())!;
  assert.ok(contents.x + contents.width <= main.x, "beside");
  await page.getByRole("link", { name: "Another title" }).click();
  await page.waitForFunction(
    () => document.querySelector("nav [aria-current]")?.textContent === "Another title",
  );
  assert.ok((await place())!.y >= 0, "still on the screen");
  assert.ok(main.width > 700, "width for charts");
  const words = (await page.locator(".prose p").first().boundingBox())!;
  assert.ok(words.width < 720, "lines that can be read");
});

for (const width of [390, 820])
  test(`at ${width} pixels nothing is beside the screen but in boxes that scroll`, { skip }, async () => {
    const page = await open({ viewport: { width, height: 844 } }, "#code");
    await drawn(page);
    const outside = await page.evaluate((limit) => {
      const scrolls = (element: Element) => element.closest(".scroll, pre.columns, pre.code, .skip") !== null;
      return [...document.querySelectorAll("main *, nav *")]
        .filter((element) => !scrolls(element) && element.getBoundingClientRect().right > limit + 1)
        .filter((element) => !element.closest("defs, clipPath, .modebar-container"))
        .map(
          (element) =>
            `${element.tagName} ${element.getAttribute("class")} ${element.textContent?.slice(0, 40)}`,
        );
    }, width);
    assert.deepEqual(outside, []);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
    const box = page.locator(".scroll").first();
    const scrolls = await box.evaluate((one) => one.scrollWidth > one.clientWidth);
    assert.equal(scrolls, width > 544, "the wide table scrolls; on a phone its rows are lists");
    assert.equal(await page.locator("nav.contents details[open]").count(), 0, "contents are folded");
  });

test("a series of maps is stepped through and played by buttons, to its end", { skip }, async () => {
  const page = await open({});
  await drawn(page);
  const row = page.locator(".pageblock-player");
  assert.equal(await row.count(), 1);
  const visible = () =>
    page.evaluate(() => {
      const place = document.querySelector(".pageblock-player")!.previousElementSibling as unknown as {
        data: { visible: boolean }[];
        layout: { sliders: { active: number }[] };
      };
      return [place.data.findIndex((trace) => trace.visible), place.layout.sliders[0]!.active];
    });
  assert.deepEqual(await visible(), [2, 2]);
  await row.getByRole("button", { name: "Previous" }).click();
  await page.waitForFunction(() =>
    /^2 of 3: day 2$/.test(document.querySelector(".pageblock-player [role=status]")!.textContent!),
  );
  assert.deepEqual(await visible(), [1, 1]);
  await row.getByRole("button", { name: "Next" }).click();
  await row.getByRole("button", { name: "Play" }).click();
  await row.getByRole("button", { name: "Pause" }).waitFor();
  await row.getByRole("button", { name: "Play" }).waitFor();
  assert.deepEqual(await visible(), [2, 2], "played from the start to the end");
});

test("where motion is unwanted nothing plays, and steps remain", { skip }, async () => {
  const page = await open({ reducedMotion: "reduce" });
  await drawn(page);
  assert.deepEqual(await page.locator(".pageblock-player button:visible").allTextContents(), [
    "Previous",
    "Next",
  ]);
});

test("keys reach the text first, and everything that scrolls", { skip }, async () => {
  const page = await open({ viewport: { width: 390, height: 844 } });
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the text");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "text");
});

test("on paper: no contents, no buttons, no folds; a heading is not the last line of a page", {
  skip,
}, async () => {
  const page = await open({});
  await page.emulateMedia({ media: "print" });
  assert.equal(
    await page.locator("nav:visible, button:visible, details.how:visible, details.data:visible").count(),
    0,
  );
  const style = await page
    .locator("h2")
    .first()
    .evaluate((one) => getComputedStyle(one).breakAfter);
  assert.equal(style, "avoid");
  assert.equal(
    await page
      .locator("figure:not(.table)")
      .first()
      .evaluate((one) => getComputedStyle(one).breakInside),
    "avoid",
  );
});
