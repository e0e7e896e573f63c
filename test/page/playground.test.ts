/** The playground in a browser without a network: what it says of machines and logs is what the commands print. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { explain } from "../../lib";
import { playgroundPage } from "../../lib/report/playground-page";
import { serveFolder } from "../../lib/report/static-server";
import { launch, noChromium } from "../support/browser";
import { pageblock } from "../support/cli";
import { workerOf } from "../support/page-engine";

const skip = noChromium();
const ROOT = join(__dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "pageblock-playground-"));
const path = join(scratch, "playground.html");
let browser: Browser;
before(async () => {
  writeFileSync(path, playgroundPage("index.html"));
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function opened(
  url = pathToFileURL(path).href,
  width = 1400,
): Promise<{ page: Page; complaints: string[] }> {
  const offline = url.startsWith("file:");
  const context = await browser.newContext({ offline, viewport: { width, height: 900 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(e.message));
  await page.goto(url);
  await page.waitForSelector("html[data-ready]", { timeout: 60_000 });
  return { page, complaints };
}

const MACHINES = [
  { board: "raspberry-pi-3", memory: "1GiB", pageSize: "64K", kernel: "6.1", cma: "64MiB" },
  { board: "raspberry-pi-4", memory: "8GiB", pageSize: "4K", kernel: "6.12", cma: "256M" },
  { board: "pc-x86-64", memory: "", pageSize: "", kernel: "7.3", cma: "" },
  { board: "server-x86-64", memory: "64GiB", pageSize: "4K", kernel: "4.17", cma: "off" },
] as const;

const FLAGS = {
  board: "--board",
  memory: "--memory",
  pageSize: "--page-size",
  kernel: "--kernel",
  cma: "--cma",
};

/** What the command prints for the same fields. */
function textHere(fields: (typeof MACHINES)[number]): string {
  const flags = Object.entries(FLAGS).flatMap(([name, flag]) => {
    const value = fields[name as keyof typeof FLAGS];
    return value === "" ? [] : [flag, value];
  });
  return pageblock(["boot", ...flags]).stdout;
}

const LOGS = [
  "docs/examples/refused-with-170-mb-free.txt",
  ...["01-rpi4-haos-cma512", "06-rpi4-670-order4", "08-zynqmp-2g-ebusy", "11-orin-62864-pages"].map(
    (name) => `test/fixtures/explain/cases/${name}.txt`,
  ),
];

test("machines: the text of `pageblock boot`; mistakes are refusals in one line", async () => {
  const boot = workerOf("boot.gz.b64");
  for (const given of MACHINES) {
    const { text } = (await boot("boot", given)) as { text: string };
    assert.equal(text, textHere(given), given.board);
  }
  for (const [given, says] of [
    [{ ...MACHINES[0], memory: "1PiB" }, /memory/],
    [{ ...MACHINES[0], cma: "many" }, /cma/],
    [{ ...MACHINES[0], board: "__proto__" }, /board/],
    [{ ...MACHINES[0], kernel: "1.0" }, /kernel/],
    [{ ...MACHINES[2], pageSize: "64K" }, /page/],
    [null, /board/],
  ] as const)
    await assert.rejects(boot("boot", given), (error: Error) => {
      assert.match(error.message, says);
      return !error.message.includes("\n");
    });
});

test("logs: the text and the JSON of `pageblock explain`", async () => {
  const worker = workerOf("explain.gz.b64");
  for (const file of LOGS) {
    const text = readFileSync(join(ROOT, file), "utf8");
    const told = (await worker("explain", { text, name: file })) as { text: string; answer: unknown };
    assert.equal(told.text, pageblock(["explain", file]).stdout, file);
    assert.deepEqual(told.answer, JSON.parse(pageblock(["explain", "--json", file]).stdout), file);
  }
});

test("in the browser: each change boots anew, a mistake is told, nothing is fetched", { skip }, async () => {
  const { page, complaints } = await opened();
  const verdict = page.locator("#boot-verdict");
  await verdict.filter({ hasText: /^No CMA area: Failed to reserve 512 MiB/ }).waitFor();
  assert.equal(await page.locator("#boot-text").textContent(), textHere(MACHINES[0]));
  assert.ok((await page.locator("#boot-map svg rect").count()) > 100);
  assert.equal(
    await page.locator("#boot-command").textContent(),
    "pageblock boot --board raspberry-pi-3 --memory 1GiB --page-size 64K --kernel 6.1 --cma 64MiB",
  );
  await page.getByLabel("Page size").selectOption("4K");
  await verdict.filter({ hasText: "The CMA area is reserved: " }).waitFor();
  const [, place] = /^CMA +(64 MiB at 0x\w+) /m.exec((await page.locator("#boot-text").textContent())!)!;
  assert.equal(await verdict.textContent(), `The CMA area is reserved: ${place}.`);
  await page.getByLabel("Memory", { exact: true }).fill("<b>lots</b>");
  await verdict.filter({ hasText: /^This machine cannot be: .*memory.*<b>lots<\/b>/ }).waitFor();
  assert.equal(await page.locator("#boot-map svg").count(), 0);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("in the browser: a log by keyboard alone; every field has a label; no sideways scrolling at 390 px", {
  skip,
}, async () => {
  const { page, complaints } = await opened(undefined, 390);
  const log = readFileSync(join(ROOT, LOGS[0]!), "utf8");
  await page.getByLabel("Kernel log").focus();
  await page.keyboard.insertText(log);
  await page.keyboard.press("Control+Enter");
  await page.getByText("Explained: 1 report.").waitFor({ timeout: 60_000 });
  assert.equal(await page.locator("#explain-text").textContent(), explain(log).text());
  const unlabelled = await page
    .locator("input, select, textarea")
    .evaluateAll(
      (fields) => fields.filter((field) => (field as HTMLInputElement).labels?.length !== 1).length,
    );
  assert.equal(unlabelled, 0);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("in the browser: page sizes are those of the board, and an answer goes with its log", {
  skip,
}, async () => {
  const { page } = await opened();
  const sizes = page.getByLabel("Page size");
  const enabled = () =>
    sizes
      .locator("option:not(:disabled)")
      .evaluateAll((all) => all.map((one) => [one.getAttribute("value"), one.textContent].join(" ")));
  await page.getByLabel("Board").selectOption("raspberry-pi-5");
  assert.equal(await sizes.inputValue(), "");
  assert.deepEqual(await enabled(), [" 16 KiB, as the board has it", "4K 4 KiB", "16K 16 KiB"]);
  await page.getByLabel("cma=").fill("0");
  await page
    .locator("#boot-verdict")
    .filter({ hasText: /^This machine cannot be: cma: (?!cma: )/ })
    .waitFor();
  const field = page.getByLabel("Kernel log");
  await field.fill(readFileSync(join(ROOT, LOGS[0]!), "utf8"));
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText("Explained: 1 report.").waitFor({ timeout: 60_000 });
  await field.press("End");
  await field.pressSequentially("x");
  await page.getByText("The text has changed since this was explained.").waitFor();
  await field.fill("");
  assert.equal(await page.locator("#explain-text").isVisible(), false);
  assert.equal(await page.locator("#explain-saves").isVisible(), false);
  assert.equal(await page.locator("#explain-status").textContent(), "");
  await page.context().close();
});

test("in the browser: 10 MB of log leave the page usable, and can be stopped", { skip }, async () => {
  const { page } = await opened();
  const file = join(scratch, "big.log");
  const report = readFileSync(join(ROOT, LOGS[0]!), "utf8");
  writeFileSync(file, report.repeat(Math.ceil(10e6 / report.length)));
  await page.evaluate(() => {
    const times = { last: performance.now(), longest: 0 };
    Object.assign(window, { times });
    setInterval(() => {
      times.longest = Math.max(times.longest, performance.now() - times.last);
      times.last = performance.now();
    }, 20);
  });
  await page.getByLabel("or a file").setInputFiles(file);
  await page.getByText(/^Reading 10\.\d MB/).waitFor();
  await page.getByLabel("cma=").fill("32MiB");
  await page.locator("#boot-command", { hasText: "--cma 32MiB" }).waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped.").waitFor();
  const longest = await page.evaluate(
    () => (window as unknown as { times: { longest: number } }).times.longest,
  );
  assert.ok(longest < 5000, `the page stood still for ${Math.round(longest)} ms`);
  await page.context().close();
});

test("served on loopback it works as from a file", { skip }, async () => {
  const served = await serveFolder(scratch, 0);
  const { page, complaints } = await opened(`${served.url}playground.html`);
  await page.locator("#boot-verdict", { hasText: "No CMA area" }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
  await served.close();
});
