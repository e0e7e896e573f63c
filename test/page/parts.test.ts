/** What a page says of its parts, and how it is used while it computes: by the names and words of `pageblock verify`, with Stop and focus. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { machine } from "../../lib";
import { sha256Of } from "../../lib/base/canonical-json";
import { bars } from "../../lib/chart/bars";
import { markdown as prose } from "../../lib/notebook/markdown";
import { bundleOf } from "../../lib/notebook/show";
import { exportNotebook } from "../../lib/report/export";
import { withResults } from "../../lib/report/runs";
import { verifyFile } from "../../lib/report/verify";
import { browserSuite } from "../support/browser";
import { pageblock } from "../support/cli";
import { chart, code, markdown, notebook, shown } from "../support/notebooks";

const suite = browserSuite("pageblock-parts-");
const { skip, scratch } = suite;

const virt = machine("qemu-virt").pageSize("64K").memory("2GiB").cma("64M").kernel("6.1").boot();
const pi = machine("raspberry-pi-3").thp("never").boot();
const figure = bars({
  ...{ title: "Reserved", yTitle: "reserved (MiB)", categories: ["virt", "pi"] },
  ...{ series: [{ name: "reserved", values: [5, 777] }], from: [virt, pi] },
});
const CONTENT = notebook(
  markdown("# Two boards\n\n## How `much` is *reserved*"),
  code("show(figure)", chart(figure)),
  code("show(markdown())", shown(bundleOf(prose("One **4242**.", { from: [virt] })))),
  code("show(markdown())", shown(bundleOf(prose("Two **4343**.", { from: [pi] })))),
  markdown("## The machine"),
  code("virt", { ...shown(bundleOf(virt)), output_type: "execute_result", execution_count: 2 }),
);

let made = 0;
async function exported(content: object): Promise<string> {
  const file = join(scratch, `n${++made}.ipynb`);
  writeFileSync(file, JSON.stringify(content));
  return (await exportNotebook(file, "html", scratch)).path;
}

async function opened(path: string): Promise<Page> {
  const page = await (await suite.browser.newContext({ offline: true })).newPage();
  await page.goto(pathToFileURL(path).href);
  return page;
}

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const ended = (page: Page) => page.waitForSelector(".pageblock-live[data-state]", { timeout: 120_000 });

/** What is said of parts that are not confirmed. */
const SAID = /^[✗–] .*$/gm;
async function partsSaid(path: string): Promise<{ page: string[]; command: string[] }> {
  const page = await opened(path);
  await button(page, "Verify this page").click();
  await ended(page);
  const list = page.getByRole("list", { name: "figures, tables and sentences that are not confirmed" });
  const said = await list.locator("li").allTextContents();
  await page.context().close();
  return { page: said, command: pageblock(["verify", path]).stdout.match(SAID) ?? [] };
}

// biome-ignore lint/suspicious/noExplicitAny: the record of a page, of which anything may be changed
type Stored = any;

/** The page with its record changed, and every SHA-256 of results made anew. */
const withRecord = (html: string, change: (record: Stored) => void): string =>
  html.replace(/(class="pageblock-record">)([^<]*)/, (_, open, packed) => {
    const record = JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString());
    change(record);
    for (const run of record.runs) run.sha256 = sha256Of({ plan: run.plan, result: run.result });
    record.resultsSha256 = sha256Of(record.runs.map((run: Stored) => run.sha256));
    return open + gzipSync(JSON.stringify(record)).toString("base64");
  });

const SUMMARY = "summary under “Two boards”";
const FIGURE = "figure 1 under “How much is reserved”";
const FIRST = "sentence 1 under “How much is reserved”";
const TABLE = "table 1 under “The machine”";
const CHANGED = "changed after it was made";
const TAMPERED: [what: string, change: (html: string) => string, says: RegExp[]][] = [
  ["nothing", (html) => `${html}<!-- -->`, []],
  ["a figure", (html) => html.replace(",777]", ",778]"), [new RegExp(`^✗ ${FIGURE}: ${CHANGED}$`)]],
  [
    "a table",
    (html) => html.replace("2 GiB, Linux", "3 GiB, Linux"),
    [new RegExp(`^✗ ${TABLE}: ${CHANGED}$`)],
  ],
  [
    "the second sentence",
    (html) => html.replace(/4343(?!.*4343)/s, "4344"),
    [new RegExp(`^✗ sentence 2 under “How much is reserved”: ${CHANGED}$`)],
  ],
  [
    "a result, and its SHA-256",
    (html) => withRecord(html, ({ runs }) => runs[0].result.zones[0].managed++),
    [SUMMARY, FIGURE, FIRST, TABLE].map(
      (part) =>
        new RegExp(`^✗ ${part}: result 1, which this rests on, comes out otherwise: zones.0.managed: stored`),
    ),
  ],
  [
    "a plan that cannot be run",
    (html) => withRecord(html, ({ runs }) => (runs[0].plan.board = "nowhere")),
    [SUMMARY, FIGURE, FIRST, TABLE].map(
      (part) => new RegExp(`^– ${part}: not verified: result 1: .*unknown name "nowhere"`),
    ),
  ],
  [
    "the runs of a part",
    (html) => html.replace('<figure data-computed="0 1"', '<figure data-computed="1"'),
    [new RegExp(`^✗ ${FIGURE}: ${CHANGED}$`)],
  ],
];
for (const [what, change, says] of TAMPERED)
  test(`tampered: ${what}: page and command line name the same parts in the same words`, {
    skip,
  }, async () => {
    const path = await exported(CONTENT);
    const html = readFileSync(path, "utf8");
    const now = change(html);
    assert.notEqual(now, html);
    writeFileSync(path, now);
    const { page, command } = await partsSaid(path);
    assert.deepEqual(page, command);
    assert.equal(page.length, says.length, page.join("\n"));
    says.forEach((pattern, i) => {
      assert.match(page[i]!, pattern);
    });
  });

test("the command names the parts of every result, and no other as changed", async () => {
  const path = await exported(CONTENT);
  const { ok, results, parts } = await verifyFile(path);
  assert.deepEqual(
    results.map(({ places }) => places),
    [
      [SUMMARY, FIGURE, FIRST, TABLE],
      [SUMMARY, FIGURE, "sentence 2 under “How much is reserved”"],
    ],
  );
  assert.deepEqual([ok, parts.map(({ state }) => state)], [true, ["same", "same", "same", "same", "same"]]);
  const forged = withRecord(readFileSync(path, "utf8"), ({ shown: { parts: all } }) => all[0].runs.push(99));
  writeFileSync(path, forged);
  const { ok: good, changes } = await verifyFile(path);
  assert.deepEqual([good, changes.includes("a part names a run that is not there")], [false, true]);
});

const runsOf = (plans: readonly object[]) =>
  plans.map((plan) => ({ plan, result: {}, sha256: sha256Of({ plan, result: {} }) }));
const forged = (plans: readonly object[]) => {
  const bundle = withResults({ "text/html": "<table><tr><td>1</td></tr></table>" }, runsOf(plans));
  return exported(notebook(code("x", shown(bundle))));
};
const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? "");

test("by keyboard: the focus goes to Stop, and after Stop to the button that starts again; what happened is spoken", {
  skip,
}, async () => {
  const endless = {
    machine: { board: "qemu-virt", memory: "512MiB" },
    workload: { kind: "uptime", profile: "server", duration: "3000 days" },
    ...{ strategy: "buddy", request: { size: "4MiB" } },
  };
  const page = await opened(await forged([endless]));
  await button(page, "Verify this page").focus();
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Stop");
  const status = page.locator(".pageblock-live > [role=status]");
  await page.waitForFunction(() =>
    document.querySelector(".pageblock-live > [role=status]")?.textContent?.startsWith("Computing 1"),
  );
  await page.keyboard.press("Enter");
  await ended(page);
  assert.equal(await focused(page), "Verify this page");
  assert.match(
    (await status.textContent())!,
    /^Stopped before the first of 1 results was computed\. 0 of 1 .* confirmed so far; nothing is said of the others\./,
  );
  assert.equal(await status.getAttribute("aria-live"), "polite");
  assert.equal(await button(page, "Stop").count(), 0);
  // It starts again from there.
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Stop");
  await page.context().close();
});

test("all seeds of a plan: progress against the time expected, Stop, and the button again", {
  skip,
}, async () => {
  const comparison = {
    ...{ kind: "comparison", scenario: "c", machine: { board: "qemu-virt", memory: "256MiB" } },
    ...{ strategies: ["buddy"], request: { size: "4MiB" }, seeds: 1_000_000 },
  };
  const page = await opened(await forged([comparison]));
  await button(page, "Verify this page").click();
  await ended(page);
  const whole = button(page, /^Run all 1000000 seeds \(about \d+ s\)$/);
  await whole.focus();
  await page.keyboard.press("Enter");
  const line = page.locator(".pageblock-live li").first();
  assert.equal(await focused(page), "Stop");
  assert.match((await line.locator("[role=status]").textContent())!, /^Computing all 1000000 seeds/);
  const bar = line.locator("progress");
  assert.ok(Number(await bar.getAttribute("max")) > 60_000);
  await page.keyboard.press("Enter");
  const said = line.locator("[role=status]", { hasText: /^Run all 1000000 seeds .*: stopped$/ });
  await said.waitFor();
  assert.match(await focused(page), /^Run all 1000000 seeds/);
  assert.equal(await whole.isEnabled(), true);
  assert.equal(await bar.isVisible(), false);
  await page.context().close();
});
