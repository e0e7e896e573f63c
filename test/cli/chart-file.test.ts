/** Charts in files: from a script and from every command that has one. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { lines } from "../../lib/chart/lines";
import { saveFigure } from "../../lib/report/save-figure";
import { noChromium } from "../support/browser";
import { pageblock } from "../support/cli";

const folder = mkdtempSync(join(tmpdir(), "pageblock-charts-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const none = ["--store", "none", "--workers", "1"];
const file = (name: string, plan: object) => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(plan));
  return path;
};
const MACHINE = { board: "qemu-virt", memory: "256MiB" };
const TWO = ["buddy", { name: "cma", area: "32MiB" }];
const REQUEST = { request: { size: "2MiB", times: 2 } };
const FIGURE = lines({ title: "squares", series: [{ name: "n²", x: [1, 2, 3], y: [1, 4, 9] }] });

/** The texts of an SVG picture, in order. */
const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, words]) => words!);

for (const [command, plan, drawn] of [
  ["compare", { machine: MACHINE, strategies: TWO, ...REQUEST, seeds: 2 }, ["buddy", "cma"]],
  [
    "scorecard",
    { machine: MACHINE, strategies: TWO, ...REQUEST, seeds: 1, adapter: "connectx-5" },
    ["buddy", "cma"],
  ],
  [
    "sweep",
    {
      plan: { machine: MACHINE, strategy: "buddy", ...REQUEST },
      over: { size: ["1MiB", "4MiB"], kernel: ["4.17", "6.1"] },
    },
    ["1MiB", "4MiB", "4.17", "6.1"],
  ],
  [
    "sweep",
    { plan: { machine: MACHINE, strategy: "buddy", ...REQUEST }, over: { size: ["1MiB", "4MiB"] } },
    ["size 1MiB", "size 4MiB"],
  ],
  [
    "robust",
    {
      plan: { machine: MACHINE, strategies: TWO, ...REQUEST, seeds: 1 },
      statement: "cma >= 0.5",
      over: { memory: ["256MiB", "512MiB"], age: ["0 days", "1 hour"] },
    },
    ["256 MiB", "512 MiB"],
  ],
] as const)
  test(`${command}: ${drawn.join(", ")} are in the picture, which is the same each time`, () => {
    const path = file(`${command}.json`, plan);
    const svg = join(folder, "charts", `${command}.svg`);
    const first = pageblock([command, path, ...none, "--chart", svg]);
    assert.equal(first.status, 0, first.stderr);
    assert.ok(first.stdout.endsWith(`chart ${svg}\n`));
    const picture = readFileSync(svg, "utf8");
    const said = texts(picture);
    for (const words of drawn) assert.ok(said.includes(words), `${words} is not in ${said}`);
    const second = pageblock([command, path, ...none, "--json", "--chart", svg]);
    assert.ok(second.stderr.endsWith(`chart ${svg}\n`), second.stderr);
    assert.doesNotThrow(() => JSON.parse(second.stdout));
    assert.equal(readFileSync(svg, "utf8"), picture);
  });

test("compare-kernels: a picture for each pair, and for each metric of an ablation", () => {
  const claim = (label: string) => ({ kernel: "6.1", label, switches: { fallback: "claim" } });
  const plan = {
    machine: { board: "pc-x86-64", memory: "256MiB" },
    workload: { kind: "uptime", duration: "10 minutes" },
    ...REQUEST,
    metrics: ["fallbacks"],
    seeds: 2,
  };
  const ablated = file("ablated.json", { ...plan, variants: ["6.1", claim("claim")], ablate: true });
  const one = join(folder, "one.svg");
  const done = pageblock(["compare-kernels", ablated, ...none, "--chart", one]);
  assert.equal(done.status, 0, done.stderr);
  const carried = join(folder, "one.ablation-fallbacks.svg");
  assert.ok(done.stdout.endsWith(`chart ${one}\nchart ${carried}\n`));
  assert.ok(texts(readFileSync(one, "utf8")).includes("claim against 6.1"));
  assert.match(readFileSync(carried, "utf8"), /Which difference carries the effect on fallbacks/);
  const three = file("three.json", { ...plan, variants: ["6.1", claim("a"), claim("../b c")] });
  const two = join(folder, "two.svg");
  assert.equal(pageblock(["compare-kernels", three, ...none, "--chart", two]).status, 0);
  assert.match(readFileSync(join(folder, "two...-b-c.svg"), "utf8"), /b c against 6\.1/);
});

test("a name that no picture can have is refused before anything runs", () => {
  const plan = file("none.json", { machine: MACHINE, strategies: TWO, ...REQUEST, seeds: 1 });
  for (const name of ["x.gif", "x", ".svg"]) {
    const { status, stdout, stderr } = pageblock(["compare", plan, ...none, "--chart", join(folder, name)]);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^pageblock: --chart: a file must end in \.svg or \.png: got ".*"\n$/);
  }
  const nowhere = pageblock(["compare", plan, ...none, "--chart", join(plan, "x.svg")]);
  assert.equal(nowhere.status, 2);
  assert.match(nowhere.stderr, /none\.json\/x\.svg: cannot be written/);
});

test("from a script: a figure or the promise of one; anything else is refused, and nothing is written", async () => {
  const svg = join(folder, "script.svg");
  await saveFigure(Promise.resolve(FIGURE), svg);
  assert.ok(texts(readFileSync(svg, "utf8")).includes("squares"));
  const path = join(folder, "wrong.svg");
  await assert.rejects(saveFigure({} as never, path), /saveFigure: needs a figure, .*got \{\}/);
  await assert.rejects(saveFigure(FIGURE, join(folder, "wrong.pdf")), /must end in \.svg or \.png/);
  await assert.rejects(saveFigure(FIGURE, 3 as never), /must end in \.svg or \.png: got 3/);
  assert.ok(!existsSync(path));
});

test("PNG has twice the pixels of the SVG", { skip: noChromium() }, async () => {
  const png = join(folder, "script.PNG");
  await saveFigure(FIGURE, png);
  const bytes = readFileSync(png);
  assert.deepEqual([...bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  // IHDR follows the signature: length, type, width, height.
  assert.deepEqual(
    [bytes.readUInt32BE(16), bytes.readUInt32BE(20)],
    [2 * 760, 2 * Number(FIGURE.layout.height)],
  );
});

test("PNG without Chromium says what is needed", async () => {
  const { PAGEBLOCK_CHROMIUM: before } = process.env;
  process.env.PAGEBLOCK_CHROMIUM = join(folder, "no-browser");
  try {
    await assert.rejects(
      saveFigure(FIGURE, join(folder, "x.png")),
      /png: PAGEBLOCK_CHROMIUM must name a Chromium/,
    );
  } finally {
    if (before === undefined) delete process.env.PAGEBLOCK_CHROMIUM;
    else process.env.PAGEBLOCK_CHROMIUM = before;
  }
});
