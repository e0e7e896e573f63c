/** Showing: one message with every form, Plotly once a session, words on a terminal, and the same each time. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import test, { afterEach } from "node:test";
import { bundleOf as lastValue } from "../../kernel-setup/shown-value";
import { DISPLAY, type MimeBundle } from "../../lib/notebook/display";
import { show } from "../../lib/notebook/show";
import { GALLERY } from "../support/figures";

const DOOR = Symbol.for("pageblock.kernel");
const globals = globalThis as Record<symbol, unknown>;
const sent: MimeBundle[] = [];
const door: { displayBundle(data: MimeBundle): void; cellId?: string; executionCount?: number } = {
  displayBundle: (data) => sent.push(data),
};

afterEach(() => {
  sent.length = 0;
  delete door.cellId;
  delete door.executionCount;
  delete globals[DOOR];
});

test("a chart is one message with all its forms; Plotly comes with the first and when that cell runs again", () => {
  globals[DOOR] = door;
  for (const [count, cell] of ["one", "two", "one"].entries()) {
    door.cellId = cell;
    door.executionCount = count;
    show(GALLERY.bars!, GALLERY.lines!);
  }
  assert.deepEqual(Object.keys(sent[0]!), [
    "application/vnd.plotly.v1+json",
    "text/html",
    "image/svg+xml",
    "text/plain",
    "application/vnd.pageblock.result+json",
  ]);
  const loaded = sent.map((bundle) => String(bundle["text/html"]).includes("pageblock-plotly"));
  assert.deepEqual(loaded, [true, false, false, false, true, false]);
  assert.ok(String(sent[1]!["text/html"]).length < 20_000);
  delete door.cellId;
  show(GALLERY.lines!);
  assert.equal(String(sent[6]!["text/html"]).includes("pageblock-plotly"), false);
});

test("a value that knows its display is shown as it says; anything else is refused", () => {
  globals[DOOR] = door;
  show({ [DISPLAY]: () => ({ "text/plain": "itself" }) });
  assert.equal(DISPLAY, Symbol.for("Jupyter.display"));
  assert.deepEqual(sent, [{ "text/plain": "itself" }]);
  assert.throws(() => show(7 as never), /show: a value must be a figure .*: got number/);
  assert.throws(() => show(null as never), /got null/);
});

test("a figure too large for a notebook is refused, saying how large it is", () => {
  const huge = { data: [{ type: "bar", x: [], y: Array(200_000).fill(0.5) }], layout: {} };
  assert.throws(() => show(huge), /at most 500000 bytes of JSON: got 8000/);
});

test("on a terminal a chart is one line of words", () => {
  const script = `const { chart, show } = require("./dist"); show(chart.bars({ title: "T", categories: ["a"], series: [{ name: "s", values: [1] }] }));`;
  const done = spawnSync(process.execPath, ["-e", script], {
    cwd: join(__dirname, "../.."),
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  assert.equal(done.stdout, "Chart: T – s\n");
  assert.equal(done.stderr, "");
});

test("under stock tslab the bundle goes out as one message of tslab's own writer", () => {
  const jupyter = require("tslab/dist/jupyter.js") as { lastWriteDisplayData: unknown };
  const written: unknown[] = [];
  jupyter.lastWriteDisplayData = (message: unknown, update: boolean) => written.push([message, update]);
  try {
    show({ [DISPLAY]: () => ({ "text/plain": "a", "text/html": "<b>a</b>" }) });
  } finally {
    jupyter.lastWriteDisplayData = null;
  }
  assert.deepEqual(written, [
    [{ data: { "text/plain": "a", "text/html": "<b>a</b>" }, metadata: {} }, false],
  ]);
});

test("the notebook kernel draws a figure that is the last value of a cell, and prints what is none", async () => {
  const { data } = await lastValue(GALLERY.bars!);
  assert.match(String(data["image/svg+xml"]), /^<svg/);
  assert.ok("application/vnd.plotly.v1+json" in data && "text/html" in data);
  assert.deepEqual(Object.keys((await lastValue({ data: [1] })).data), ["text/plain"]);
});
