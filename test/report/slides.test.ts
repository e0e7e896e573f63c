/** Slides: a heading a slide, moved by keys in a real browser, offline, all of them on paper and without scripts. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { exportNotebook } from "../../lib/report/export";
import { slidesOf } from "../../lib/report/slides";
import type { Block } from "../../lib/report/write-up";
import { launch, noChromium } from "../support/browser";
import { GALLERY } from "../support/figures";
import { chart, code, markdown, notebook } from "../support/notebooks";

const skip = noChromium();
const scratch = mkdtempSync(join(tmpdir(), "pageblock-slides-"));
let browser: Browser;
before(async () => {
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  rmSync(scratch, { recursive: true, force: true });
});

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
  const page = await (await browser.newContext({ offline: true })).newPage();
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
  const place = () => page.locator(".place").textContent();
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
  await page.waitForFunction(() => document.querySelector(".place")?.textContent === "3 / 5");
  await page.keyboard.press("Home");
  assert.equal(await place(), "1 / 5");
  await page.emulateMedia({ media: "print" });
  assert.equal((await shown()).length, 5, "on paper all slides");
  assert.equal(await page.evaluate(() => (window as { ran?: number }).ran), undefined);
  assert.deepEqual([requests, complaints], [[], []]);
});

test("without scripts all slides stand below each other", { skip }, async () => {
  const path = await exported();
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(pathToFileURL(path).href);
  assert.equal(await page.locator(".slide:visible").count(), 5);
  assert.ok(readFileSync(path).length < 4_000_000);
});
