/** Pages that verify themselves, in a browser without a network: they agree with `pageblock verify`, also where something was changed. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { sha256Of } from "../../lib/base/canonical-json";
import { exportNotebook } from "../../lib/report/export";
import { RUN_LIMITS } from "../../lib/report/run-again";
import { withResults } from "../../lib/report/runs";
import { verifyFile } from "../../lib/report/verify";
import { browserSuite } from "../support/browser";
import { displayedBy } from "../support/cells";
import { code, notebook, shown } from "../support/notebooks";
import { executedNotebook } from "../support/tampered";

const suite = browserSuite("pageblock-live-");
const { skip, scratch } = suite;

let made = 0;
async function exported(content: object, format: "html" | "slides" = "html"): Promise<string> {
  const file = join(scratch, `n${++made}.ipynb`);
  writeFileSync(file, JSON.stringify(content));
  return (await exportNotebook(file, format, scratch)).path;
}

/** What the page says of itself. */
async function saidBy(path: string, prepare?: (page: Page) => Promise<unknown>) {
  const context = await suite.browser.newContext({ offline: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(e.message));
  await prepare?.(page);
  await page.goto(pathToFileURL(path).href);
  await page.getByRole("button", { name: "Verify this page" }).click();
  await page.waitForSelector(".pageblock-live[data-state]", { timeout: 120_000 });
  const state = await page.getAttribute(".pageblock-live", "data-state");
  const status = await page.locator(".pageblock-live [role=status]").textContent();
  const lines = await page.locator(".pageblock-live ul:not([aria-label]) li").allTextContents();
  const marks = await page
    .locator(".pageblock-mark")
    .evaluateAll((found) => found.map((mark) => (mark as HTMLElement).dataset.state));
  return { page, state, status: status!, lines, marks, complaints };
}

// biome-ignore lint/suspicious/noExplicitAny: the record of a page, of which anything may be changed
type Stored = any;
const SLOT = /(class="pageblock-record">)([^<]*)/;

/** The page with its record changed. */
function withRecord(html: string, change: (record: Stored) => unknown): string {
  return html.replace(SLOT, (_, open, packed) => {
    const record = JSON.parse(gunzipSync(Buffer.from(packed, "base64")).toString());
    const now = change(record);
    const text = typeof now === "string" ? now : JSON.stringify(record);
    return open + gzipSync(text).toString("base64");
  });
}

/** As a forger does who knows how a page is made, except that the page's own SHA-256 stays. */
function rehashed(record: Stored): void {
  for (const run of record.runs) run.sha256 = sha256Of({ plan: run.plan, result: run.result });
  record.resultsSha256 = sha256Of(record.runs.map((run: Stored) => run.sha256));
}

test("pages and slides: every result is identical, every part is ticked, nothing is complained of", {
  skip,
}, async () => {
  for (const format of ["html", "slides"] as const) {
    const path = await exported(executedNotebook(), format);
    const { state, status, marks, complaints, page } = await saidBy(path);
    assert.deepEqual([state, complaints], ["verified", []], status);
    assert.match(status, /2 of 2 results are identical\. 2 of 2 figures, tables and sentences are confirmed/);
    assert.deepEqual(marks, ["same", "same"]);
    assert.equal((await verifyFile(path)).ok, true);
    assert.match(await page.content(), /default-src 'none'; script-src 'sha256-[^;]*; worker-src blob:;/);
    await page.context().close();
  }
});

test("without scripts, and with --no-live, there is no button; two exports are byte-equal", {
  skip,
}, async () => {
  const path = await exported(executedNotebook());
  const context = await suite.browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(pathToFileURL(path).href);
  assert.equal(await page.getByRole("button").count(), 0);
  const file = path.replace(/\.html$/, ".ipynb");
  const before = readFileSync(path);
  await exportNotebook(file, "html", scratch);
  assert.ok(before.equals(readFileSync(path)));
  await exportNotebook(file, "html", join(scratch, "still"), { live: false });
  assert.doesNotMatch(
    readFileSync(join(scratch, "still", path.slice(scratch.length)), "utf8"),
    /pageblock-engine/,
  );
});

const FIGURE = /<figure [^>]*>/;
const CHANGES: [what: string, change: (html: string) => string, says: RegExp][] = [
  [
    "a digit of a result",
    (html) => withRecord(html, ({ runs }) => runs[1].result.zones[0].managed++),
    /1 changed\..*1 of 2 figures/,
  ],
  [
    "a digit of a result, and its SHA-256 made anew",
    (html) =>
      withRecord(html, (record) => {
        record.runs[1].result.zones[0].managed++;
        rehashed(record);
      }),
    /1 differs/,
  ],
  [
    "a number of a plan",
    (html) =>
      withRecord(html, (record) => {
        record.runs[0].plan.memoryBytes *= 2;
        rehashed(record);
      }),
    /1 differs/,
  ],
  [
    "a plan that is gone",
    (html) => withRecord(html, ({ runs }) => runs.pop()),
    /a part names a run that is not there/,
  ],
  [
    "a plan that came in",
    (html) => withRecord(html, ({ runs }) => runs.push(runs[0])),
    /The list of results was changed/,
  ],
  [
    "two SHA-256 swapped",
    (html) =>
      withRecord(html, ({ runs: [a, b] }) => {
        [a.sha256, b.sha256] = [b.sha256, a.sha256];
      }),
    /2 changed/,
  ],
  ["a number that a chart is drawn from", (html) => html.replace(",777]", ",778]"), /1 of 2 figures/],
  ["a number of a table", (html) => html.replace("2 GiB, Linux", "3 GiB, Linux"), /1 of 2 figures/],
  [
    "a sentence that rests on no plan",
    (html) => html.replace("4242", "4243"),
    /What the page shows was changed/,
  ],
  [
    "a printed line",
    (html) => html.replace("printed 4711", "printed 4712"),
    /What the page shows was changed/,
  ],
  [
    "a key named __proto__",
    (html) => withRecord(html, (record) => JSON.stringify(record).replace('{"', '{"__proto__":{"a":1},"')),
    /no key may be named __proto__/,
  ],
  ["a record that is no JSON", (html) => withRecord(html, () => "{"), /must be JSON/],
  ["a record that is not packed", (html) => html.replace(SLOT, "$1AAAA"), /cannot be verified/],
  [
    "another engine",
    (html) =>
      html.replace(
        /(class="pageblock-engine"[^>]*>)[^<]*/,
        (_, open) => open + gzipSync("0").toString("base64"),
      ),
    /the engine in this page was changed/,
  ],
  ...(
    [
      [
        "cells that are grouped anew",
        /<th scope="row">([^<]*)([^<])<\/th><td>/,
        '<th scope="row">$1</th><td>$2',
      ],
      ["a hidden word", /<p>/, "<p><span hidden>no </span>"],
      [
        "a shadow in place of a text",
        FIGURE,
        '$&<div><template shadowrootmode="open">FORGED</template></div>',
      ],
      ["a frame with a page of its own", FIGURE, '$&<iframe srcdoc="FORGED"></iframe>'],
      ["a field without a text", FIGURE, '$&<input value="FORGED">'],
      ["a text that calls itself our script's", FIGURE, "$&<p data-pageblock-live>FORGED</p>"],
      [
        "a script before that of a chart",
        /<script type="application\/json">/,
        '<script type="x">{}</script>$&',
      ],
      ["a part that lies beside the page", /class="prose"/, 'class="skip prose"'],
      ["a number that is broken in two", /4242/, "42 42"],
      ["a style before the title", /<title>/, "<style>p::after{content:'FORGED'}</style>$&"],
      ["a text behind the scripts", /<\/body>/, "<p data-pageblock-live>FORGED</p>$&"],
    ] as const
  ).map(([what, from, to]): [string, (html: string) => string, RegExp] => [
    what,
    (html) => html.replace(from, to),
    /What the page shows was changed|1 of 2 figures/,
  ]),
];
for (const [what, change, says] of CHANGES)
  test(`changed: ${what}: the page and the command line both refuse it`, { skip }, async () => {
    const path = await exported(executedNotebook());
    const html = readFileSync(path, "utf8");
    const now = change(html);
    assert.notEqual(now, html);
    writeFileSync(path, now);
    const { state, status, page } = await saidBy(path);
    assert.equal(state, "not verified", status);
    assert.match(status, says);
    await page.context().close();
    const command = await verifyFile(path).then(
      ({ ok }) => ok,
      (error: Error) => error.name,
    );
    assert.ok(command === false || command === "InputError", String(command));
  });

test("a changed part is named in place, also one that is changed after the page was read", {
  skip,
}, async () => {
  const path = await exported(executedNotebook());
  writeFileSync(path, readFileSync(path, "utf8").replace(",777]", ",778]"));
  const { page } = await saidBy(path);
  const mark = page.locator("figure + .pageblock-mark");
  assert.equal(await mark.textContent(), "✗ changed after it was made");
  assert.equal(await page.locator(".pageblock-mark[data-state=same]").count(), 1);
  await page
    .locator("div[data-computed] td")
    .first()
    .evaluate((cell) => cell.append("9"));
  await page.locator(".pageblock-live").evaluate((box) => delete (box as HTMLElement).dataset.state);
  await page.getByRole("button", { name: "Verify this page" }).click();
  await page.waitForSelector(".pageblock-live[data-state]");
  assert.equal(await page.locator(".pageblock-mark[data-state=changed]").count(), 2);
});

/** A page of plans that stand in nobody's notebook. */
const forged = (plans: readonly object[], result: unknown = {}): Promise<string> => {
  const runs = plans.map((plan) => ({ plan, result, sha256: sha256Of({ plan, result }) }));
  return exported(
    notebook(code("x", shown(withResults({ "text/html": "<table><tr><td>1</td></tr></table>" }, runs)))),
  );
};
const comparison = {
  ...{ kind: "comparison", scenario: "c", machine: { board: "qemu-virt", memory: "256MiB" } },
  ...{ strategies: ["buddy"], request: { size: "4MiB" } },
};

test("hostile plans end in one line each, and the browser lives", { skip }, async () => {
  const machine = { board: "blank-x86-64", ram: [{ base: 0, size: 2 ** 44 }] };
  const path = await forged([
    { machine, strategy: "buddy", request: { size: "4MiB" } },
    { kind: "quantum", text: "<img src=x onerror=window.ran=1>" },
    { board: "nowhere" },
  ]);
  const { state, lines, complaints, page } = await saidBy(path);
  assert.equal(state, "verified in part");
  // The shortest are run first.
  const saidOf = (number: number) => lines.find((line) => line.includes(`result ${number} `)) ?? "";
  assert.match(saidOf(1), /cannot be run: machine: its memory must end below page frame 2\^31/);
  assert.match(saidOf(2), /kind must be one of .*: got "quantum"/);
  assert.match(saidOf(3), /unknown name "nowhere"/);
  assert.deepEqual(complaints, []);
  assert.equal(await page.evaluate(() => (window as { ran?: number }).ran), undefined);
});

test("a plan without an end is ended, and the plans behind it are run", { skip }, async () => {
  const endless = {
    machine: { board: "qemu-virt", memory: "512MiB" },
    workload: { kind: "uptime", profile: "server", duration: "3000 days" },
    ...{ strategy: "buddy", request: { size: "4MiB" } },
  };
  const path = await forged([endless, { board: "nowhere" }]);
  // The limit of two minutes passes in two seconds.
  const hasten = (page: Page) =>
    page.addInitScript(() => {
      const { setTimeout: real } = window;
      window.setTimeout = ((act: () => void, ms: number) =>
        real(act, ms > 30_000 ? 2000 : ms)) as typeof setTimeout;
    });
  const { lines } = await saidBy(path, hasten);
  assert.ok(
    lines.some((line) => /result 1 \(run.*stopped: it ran longer than 120 s here/.test(line)),
    lines.join(),
  );
  assert.ok(lines.some((line) => /result 2/.test(line)));
});

test("results that take long together: the page says how long, and leaves out the longest if it is asked to", {
  skip,
}, async () => {
  const endless = (seed: number) => ({
    machine: { board: "qemu-virt", memory: "512MiB" },
    workload: { kind: "uptime", profile: "server", duration: "3000 days" },
    ...{ strategy: "buddy", request: { size: "4MiB" }, seed },
  });
  const path = await forged([...Array.from({ length: 8 }, (_, i) => endless(i + 1)), { board: "qemu-virt" }]);
  let told = "";
  const { lines, page } = await saidBy(path, async (opened) => {
    // The limit of two minutes passes in two seconds.
    await opened.addInitScript(() => {
      const { setTimeout: real } = window;
      window.setTimeout = ((act: () => void, ms: number) =>
        real(act, ms > 30_000 ? 2000 : ms)) as typeof setTimeout;
    });
    const leave = opened.getByRole("button", { name: "Leave out those that take more than 10 s" });
    void leave.click().then(async () => {
      told = (await opened.locator(".pageblock-live > [aria-hidden]").textContent())!;
    });
  });
  assert.match(lines.join("\n"), /All 9 results take about \d+ s on this computer\./);
  assert.match(told, /^\d of 9 results, \d+ s of about \d+ s$/);
  const left = lines.filter((line) => /too long: left out: it takes about \d+ s here/.test(line));
  assert.ok(left.length >= 4, lines.join("\n"));
  assert.ok(left.every((line) => /Run it \(about \d+ s\)/.test(line)));
  await page.context().close();
});

test("a plan of too many seeds is not run; fewer seeds are offered, marked as another result", {
  skip,
}, async () => {
  const path = await forged([{ ...comparison, seeds: 1_000_000 }]);
  const { page, state, lines, marks } = await saidBy(path);
  assert.deepEqual([state, marks], ["verified in part", ["open"]]);
  assert.match(lines[0]!, /too long: its 1000000 seeds would take about \d+ s here, more than 60 s/);
  await page.getByRole("button", { name: /^Run \d+ of them \(not the same result\)$/ }).click();
  const said = page.locator(".pageblock-live li", {
    hasText: /\d+ of 1000000 seeds, not the same result: granted buddy/,
  });
  await said.waitFor({ timeout: 60_000 });
});

test("5,000 plans: all are run, few lines are listed, and it can be stopped", { skip }, async () => {
  const plans = Array.from({ length: 5000 }, (_, i) => ({
    board: "qemu-virt",
    memoryBytes: 2 ** 30 + i * 65536,
  }));
  const path = await forged(plans);
  const { status, lines, page } = await saidBy(path);
  assert.match(status, /0 of 5000 results are identical; 5000 differs/);
  assert.equal(lines.length, 51);
  await page.locator(".pageblock-live").evaluate((box) => delete (box as HTMLElement).dataset.state);
  await page.getByRole("button", { name: "Verify this page" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.waitForSelector(".pageblock-live[data-state=stopped]");
});

test("a sweep whose fields are not in the order of their names is identical after an export", {
  skip,
}, async () => {
  const { sweepHere } = await import("../../lib/experiment/sweep-table");
  const { parseSweep } = await import("../../lib/plan/sweep");
  const { runOf } = await import("../../lib/chart/run");
  const spec = parseSweep({
    plan: { machine: { board: "qemu-virt", memory: "256MiB" }, strategy: "buddy", request: { size: "4MiB" } },
    over: { "request.bytes": ["1MiB", "4MiB"], "machine.kernel": ["6.1", "6.12"] },
  });
  const run = runOf(spec, JSON.parse(JSON.stringify(sweepHere(spec))));
  const path = await exported(notebook(code("x", shown(withResults({ "text/plain": "x" }, [run])))));
  assert.equal((await verifyFile(path)).ok, true);
  assert.equal((await saidBy(path)).state, "verified");
});

test("all plans of two notebooks: the page gives the SHA-256 of Node.js", {
  skip,
  timeout: 600_000,
}, async () => {
  for (const name of ["21-arm64-64k-cma.ipynb", "50-why-did-this-fail.ipynb"]) {
    const path = await exported(
      notebook(...displayedBy(name).map((bundle) => code("show()", shown(bundle)))),
    );
    const command = await verifyFile(path, { ...RUN_LIMITS, workers: 1 });
    const { state, status } = await saidBy(path);
    assert.deepEqual([command.ok, state], [true, "verified"], status);
    const count = command.results.length;
    assert.ok(status.includes(`${count} of ${count} results are identical`), status);
  }
});
