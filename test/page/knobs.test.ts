/** Knobs: what they may be, what a page's worker answers, and that a reader reaches them by keyboard in a page without a network. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { explore, knob, machine, strategies, workload } from "../../lib";
import { sha256Of } from "../../lib/base/canonical-json";
import type { Run } from "../../lib/chart/figure";
import { bundleOf } from "../../lib/notebook/show";
import { exportNotebook } from "../../lib/report/export";
import { readLiveFigure, turnedPlan } from "../../lib/report/live/live-figure";
import { LIVE_MIME } from "../../lib/report/live/stored-live";
import { runPlan } from "../../lib/report/plan-kinds";
import { RUNS_MIME, withResults } from "../../lib/report/runs";
import { verifyFile } from "../../lib/report/verify";
import { browserSuite } from "../support/browser";
import { code, markdown, notebook, shown } from "../support/notebooks";
import { workerOf } from "../support/page-engine";

const pi = machine("raspberry-pi-4").pageSize("64K").memory("2GiB").cma("64MiB").kernel("6.1");
const KNOBS = [
  knob("board", { of: ["raspberry-pi-4", "qemu-virt"] }),
  knob("memory", { from: "1GiB", to: "16GiB" }),
  knob("pageSize", { label: "page size", of: ["4KiB", "16KiB", "64KiB"] }),
];
const explored = () => explore(pi, { title: "Does the area fit?", knobs: KNOBS, view: "cmaArea" });
/** The plan that the knobs make, written by hand. */
const byHand = (board: string, memoryBytes: number, pageSize: number) => ({
  ...{ board, pageSize, memoryBytes, kernel: "6.1" },
  cma: { kind: "area", bytes: 2 ** 26, base: 0, limit: 0, fixed: false },
});
const shaOf = async (plan: unknown) => sha256Of({ plan, result: await runPlan(plan) });

test("a knob's values: sizes double, numbers go by steps, lists stay as they are; mistakes say what was wrong", () => {
  const texts = (one: ReturnType<typeof knob>) => one.choices.map(({ text }) => text);
  assert.deepEqual(texts(knob("memory", { from: "1GiB", to: "8GiB" })), ["1 GiB", "2 GiB", "4 GiB", "8 GiB"]);
  assert.deepEqual(texts(knob("memory", { from: "1GiB", to: "2GiB", step: "512MiB" })), [
    ...["1 GiB", "1.5 GiB", "2 GiB"],
  ]);
  assert.deepEqual(texts(knob("share", { from: 0, to: 0.3, step: 0.1 })), ["0", "0.1", "0.2", "0.3"]);
  assert.deepEqual(texts(knob("way", { of: { one: 1, two: 2 } })), ["one", "two"]);
  assert.throws(
    () => knob("memory", { from: "8GiB", to: "1GiB" }),
    /from must be below to: got 8GiB to 1GiB/,
  );
  assert.throws(() => knob("share", { from: 0, to: 1 }), /a range of numbers needs a step/);
  assert.throws(() => knob("memory", {}), /needs from and to, or of/);
  assert.throws(() => knob("memory", { of: ["1GiB"] }), /must have 2 to 200 values: got 1/);
  assert.throws(() => knob("n", { from: 0, to: 1e9, step: 1 }), /must have 2 to 200 values/);
});

test("the plan is that of the knobs' own values; another choice is another plan, or the reason of its refusal", async () => {
  const live = await explored();
  assert.deepEqual(live.plan, byHand("raspberry-pi-4", 2 ** 31, 65536));
  assert.equal(live.sentences[0], "No area fits.");
  assert.match(live.sentences[1]!, /64 MiB asked by the command line is rounded up to 512 MiB/);
  const virt = await live.turned({ board: "qemu-virt", "page size": "16KiB" });
  assert.equal(virt.run.sha256, await shaOf(byHand("qemu-virt", 2 ** 31, 16384)));
  // 64 MiB of 2 GiB are 1/32.
  assert.equal(virt.sentences[0], "The area fits: 64 MiB for 64 MiB asked, 3.13 % of the memory.");
  await assert.rejects(live.turned({ "page size": "16KiB" }), /no translation granule for 16 KiB/);
  await assert.rejects(
    live.turned({ memory: "3 GiB" }),
    /must be one of 1 GiB, 2 GiB, 4 GiB, 8 GiB, 16 GiB: got "3 GiB"/,
  );
  await assert.rejects(
    live.turned({ size: "1" }),
    /knob must be one of board, memory, page size: got "size"/,
  );
  const absent = [knob("pageSize", { of: ["4KiB", "16KiB"] })];
  await assert.rejects(
    explore(pi, { title: "t", knobs: absent, view: "cmaArea" }),
    /knob "pageSize": the plan's own value must be one of 4KiB, 16KiB: got 65536/,
  );
  const at = await explore(pi, {
    title: "t",
    knobs: [knob("pageSize", { of: ["4KiB", "16KiB"], at: "4KiB" })],
    view: "cmaArea",
  });
  assert.equal(at.plan.pageSize, 4096);
  await assert.rejects(
    explore(pi, { title: "t", knobs: KNOBS, view: "requests" }),
    /must have a plan of kind run: got boot/,
  );
});

test("a run's requests: granted and refused are counted, the first reason is told", async () => {
  const plan = {
    machine: machine("qemu-virt").memory("512MiB"),
    workload: workload.mix({ movable: 0.3, reclaimable: 0, unmovable: 0.05, polluted: 0.1 }),
    strategy: strategies.cma({ area: "64MiB" }),
    request: { size: "16MiB", times: 2 },
  };
  const ways = { cma: strategies.cma({ area: "64MiB" }), buddy: strategies.buddy() };
  const live = await explore(plan, {
    title: "t",
    knobs: [knob("strategy", { label: "way", of: ways }), knob("memory", { from: "512MiB", to: "1GiB" })],
    view: "requests",
  });
  assert.match(live.sentences[0]!, /^2 of 2 requests for 16 MiB were granted\. Median time, modelled: /);
  // 16 MiB are 4096 pages, order 12; the allocator's largest order is 10.
  const { sentences } = await live.turned({ way: "buddy", memory: "1 GiB" });
  assert.equal(sentences[0], "0 of 2 requests for 16 MiB were granted.");
  assert.match(sentences[1]!, /order 12 is beyond the largest order of the buddy allocator, 10/);
});

const stored = async () => (bundleOf(await explored())[LIVE_MIME] as { live: object }).live;

test("what stands in a page may be anybody's: a live figure that is none is refused in one line", async () => {
  const live = (await stored()) as Record<string, unknown> & { knobs: Record<string, unknown>[] };
  const withKnob = (change: object) => ({
    ...live,
    knobs: [{ ...live.knobs[0], ...change }, ...live.knobs.slice(1)],
  });
  const refusals: [given: unknown, says: RegExp][] = [
    [null, /must have format 1, a plan and knobs/],
    [{ ...live, knobs: [] }, /must have 1 to 8 knobs: got 0/],
    [{ ...live, title: "x".repeat(121) }, /its title must be a text of 1 to 120/],
    [withKnob({ path: ["__proto__", "x"] }), /its path must have/],
    [withKnob({ path: ["zones", 0, "x"] }), /the plan has no field "zones.0.x"/],
    [withKnob({ at: 1 }), /the plan must have the knobs' own values/],
    [withKnob({ at: 7 }), /its own value must be one of the 2/],
    [
      { ...live, plan: { ...(live.plan as object), memoryBytes: 2 ** 32 } },
      /the plan must have the knobs' own values/,
    ],
  ];
  for (const [given, says] of refusals) assert.throws(() => readLiveFigure(given), says);
  const read = readLiveFigure(live);
  assert.throws(() => turnedPlan(read, [0, 9, 0]), /knob "memory": must be from 0 to 4: got "9"/);
  assert.throws(() => turnedPlan(read, ["constructor", 0, 0]), /must be from 0 to 1: got "constructor"/);
  assert.throws(() => turnedPlan(read, [0]), /must be given 3 values.*got 1/);
});

test("the worker of a page gives Node's result, and refuses code, unknown views and machines that are too large", async () => {
  const ask = workerOf("engine.gz.b64");
  const live = (await stored()) as Record<string, unknown>;
  const answer = (await ask("turn", { live, choice: [1, 2, 2] })) as Record<string, unknown>;
  assert.equal(answer.sha256, await shaOf(byHand("qemu-virt", 2 ** 32, 65536)));
  // One block of 512 MiB of 4 GiB is 1/8.
  assert.deepEqual(
    (answer.sentences as string[])[0],
    "The area fits: 512 MiB for 64 MiB asked, 12.5 % of the memory.",
  );
  assert.match(answer.alt as string, /^Chart: /);
  await assert.rejects(
    ask("turn", { live, choice: [0, 1, 1] }),
    /^Error: plan: page size: raspberry-pi-4 .* got 16 KiB$/,
  );
  await assert.rejects(
    ask("turn", { live: { ...live, view: "toString" }, choice: [0, 1, 2] }),
    /live figure: view/,
  );
  const knobs = live.knobs as { choices: object[] }[];
  const more = (path: string[], values: unknown[]) => ({
    ...live,
    knobs: [{ ...knobs[0], path, at: 0, choices: values.map((value) => ({ text: "v", value })) }],
  });
  const change = { name: "c", points: {}, code: "process.exit()" };
  const large = more(["memoryBytes"], [2 ** 31, 2 ** 60]);
  await assert.rejects(ask("turn", { live: large, choice: [1] }), /memory/);
  const withCode = { ...more(["change"], [null, change]), plan: { ...(live.plan as object), change: null } };
  await assert.rejects(ask("turn", { live: withCode, choice: [1] }));
});

const suite = browserSuite("pageblock-knobs-");
const { skip, scratch } = suite;

async function exported(format: "html" | "slides" | "md" = "html", live?: boolean): Promise<string> {
  const file = join(scratch, "k.ipynb");
  const content = notebook(markdown("# Knobs"), code("show(live)", shown(bundleOf(await explored()))));
  writeFileSync(file, JSON.stringify(content));
  return (await exportNotebook(file, format, scratch, live === undefined ? {} : { live })).path;
}

async function opened(path: string, options: object = {}) {
  const context = await suite.browser.newContext({ offline: true, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(e.message));
  await page.goto(pathToFileURL(path).href);
  return { page, complaints };
}

const answered = (page: Page, state: string) =>
  page.waitForSelector(`.pageblock-controls[data-state=${state}]`, { timeout: 60_000 });

test("a page from a file, without network: knobs by keyboard, Node's result, back to the own values; it still verifies", {
  skip,
}, async () => {
  const path = await exported();
  const { page, complaints } = await opened(path);
  const memory = page.getByRole("slider", { name: "memory" });
  assert.equal(await memory.getAttribute("aria-valuetext"), "2 GiB");
  await page.getByRole("combobox", { name: "board" }).selectOption("qemu-virt");
  await memory.focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await memory.getAttribute("aria-valuetext"), "4 GiB");
  await answered(page, "answered");
  const turned = page.locator(".pageblock-turned");
  assert.equal(await turned.getAttribute("data-sha256"), await shaOf(byHand("qemu-virt", 2 ** 32, 65536)));
  assert.match(
    (await turned.textContent())!,
    /^Not the notebook's own values; computed in this browser: board: qemu-virt; memory: 4 GiB/,
  );
  assert.match(
    (await page.locator(".pageblock-controls [role=status]").textContent())!,
    /^The area fits: 512 MiB/,
  );
  assert.equal(await page.locator(".pageblock-own").isVisible(), false);
  await turned.locator(".js-plotly-plot .main-svg").first().waitFor();

  // Verifying speaks of what was in the file, whatever a reader turned.
  await page.getByRole("button", { name: "Verify this page" }).click();
  await page.waitForSelector(".pageblock-live[data-state]", { timeout: 120_000 });
  assert.equal(await page.getAttribute(".pageblock-live", "data-state"), "verified");
  assert.equal((await verifyFile(path)).ok, true);

  await page.getByRole("combobox", { name: "board" }).selectOption("raspberry-pi-4");
  await page.getByRole("combobox", { name: "page size" }).selectOption("16KiB");
  await answered(page, "failed");
  assert.match(
    (await page.locator(".pageblock-controls [role=status]").textContent())!,
    /No result: plan: page size: raspberry-pi-4 .*no translation granule for 16 KiB/,
  );
  await page.getByRole("button", { name: "Back to the notebook's own values" }).click();
  await answered(page, "own");
  assert.equal(await page.locator(".pageblock-own").isVisible(), true);
  assert.equal(await turned.isVisible(), false);
  assert.equal(await memory.getAttribute("aria-valuetext"), "2 GiB");
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("a title stands once, the data of the chart are below it, and a run can be stopped and begun again by keyboard", {
  skip,
}, async () => {
  const plan = {
    machine: machine("qemu-virt").memory("512MiB"),
    workload: workload.mix({ movable: 0.3, reclaimable: 0, unmovable: 0.05, polluted: 0.1 }),
    strategy: strategies.buddy(),
    request: { size: "1MiB" },
  };
  const knobs = [knob("memory", { from: "512MiB", to: "1GiB" })];
  const live = await explore(plan, { title: "Is it granted?", knobs, view: "requests" });
  // A knob whose other plan takes hours.
  const bundle = bundleOf(live);
  const stored = bundle[LIVE_MIME] as { live: { knobs: object[]; plan: { workload: object } } };
  const choices = [
    { text: "a mix", value: stored.live.plan.workload },
    { text: "3000 days", value: { kind: "uptime", profile: "server", duration: "3000 days" } },
  ];
  stored.live.knobs = [{ label: "used by", path: ["workload"], slider: false, choices, at: 0 }];
  const { runs } = bundle[RUNS_MIME] as { runs: Run[] };
  const file = join(scratch, "stop.ipynb");
  writeFileSync(file, JSON.stringify(notebook(code("show(live)", shown(withResults(bundle, runs))))));
  const { page, complaints } = await opened((await exportNotebook(file, "html", scratch)).path);
  assert.equal(await page.locator("figure.live").getByText("Is it granted?").count(), 1);
  await page.getByText("Data of figure 1").click();
  const own = page.locator("figure.live .pageblock-own table.values");
  assert.match((await own.textContent())!, /asked at once.*1 MiB/);
  const used3000 = page.getByRole("combobox", { name: "used by" });
  await used3000.selectOption("3000 days");
  const stop = page.locator(".pageblock-controls").getByRole("button", { name: "Stop" });
  await stop.focus();
  await page.keyboard.press("Enter");
  await answered(page, "failed");
  const again = page.getByRole("button", { name: "Compute again" });
  assert.equal(await again.evaluate((one) => one === document.activeElement), true);
  assert.match(
    (await page.locator(".pageblock-controls [role=status]").textContent())!,
    /^No result: stopped$/,
  );
  assert.equal(await page.getByText("No result: stopped").count(), 1, "said once");
  await page.keyboard.press("Enter");
  await answered(page, "computing");
  assert.equal(await stop.evaluate((one) => one === document.activeElement), true);
  await page.getByRole("button", { name: "Back to the notebook's own values" }).click();
  await answered(page, "own");
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("slides have the knobs too; a slider that is moved on is answered for where it rests", {
  skip,
}, async () => {
  const { page, complaints } = await opened(await exported("slides"));
  await page.getByRole("combobox", { name: "board" }).selectOption("qemu-virt");
  const memory = page.getByRole("slider", { name: "memory" });
  await memory.focus();
  for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "Home", "End"]) await page.keyboard.press(key);
  await answered(page, "answered");
  const sha256 = await page.locator(".pageblock-turned").getAttribute("data-sha256");
  assert.equal(sha256, await shaOf(byHand("qemu-virt", 2 ** 34, 65536)));
  assert.deepEqual(complaints, []);
  await page.context().close();
});

test("without scripts, without the engine and in Markdown there is the answer of the own values, and no control", {
  skip,
}, async () => {
  for (const [path, options] of [
    [await exported(), { javaScriptEnabled: false }],
    [await exported("html", false), {}],
  ] as const) {
    const { page } = await opened(path, options);
    assert.equal(await page.locator(".pageblock-controls").count(), 0);
    assert.equal(await page.getByText("No area fits.").isVisible(), true);
    await page.context().close();
  }
  const text = readFileSync(await exported("md"), "utf8");
  assert.match(
    text,
    /\*\*Does the area fit\?\*\* \(board: raspberry-pi-4; memory: 2 GiB; page size: 64KiB\)\n\nNo area fits\./,
  );
});
