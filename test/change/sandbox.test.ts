/** The code of a change: what it may be, where it runs, and how its mistakes are told. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { Change, type ChangePoints, change, loadChange } from "../../lib/change/change";
import { bindChange } from "../../lib/change/decide";
import { machine } from "../../lib/fluent/machine";
import { movable, tiny, unmovable } from "./tiny";

const folder = mkdtempSync(join(tmpdir(), "change-"));
let files = 0;

/** A module with this text. */
function file(text: string): string {
  const path = join(folder, `c${files++}.ts`);
  writeFileSync(path, text);
  return path;
}

const moduleOf = (body: string) =>
  file(`import { change } from "pageblock";\nexport default change(${body});\n`);

test("a module in TypeScript and functions in a cell give changes; the SHA-256 is that of the file", () => {
  const text =
    'import { change, type Given } from "pageblock";\n' +
    'type End = "head" | "tail";\n' +
    'const end = (given: Given<"listEnd">): End => (given.order > 2 ? "tail" : "head");\n' +
    'export default change({ name: "large last", about: "why", listEnd: (given) => end(given) });\n';
  const path = file(text);
  const loaded = loadChange(path);
  assert.equal(loaded.name, "large last");
  assert.equal(loaded.about, "why");
  assert.deepEqual(loaded.points, ["listEnd"]);
  assert.equal(loaded.sha256, createHash("sha256").update(text).digest("hex"));
  const cell = change({
    name: "method",
    listEnd(given) {
      return given.order > 2 ? "tail" : "head";
    },
    watermarkBoost: function named() {
      return 0;
    },
  });
  assert.deepEqual(cell.points, ["listEnd", "watermarkBoost"]);
  // The source stands for itself: read again it is the same change.
  assert.equal(new Change(cell.source, "again").sha256, cell.sha256);
});

test("there is no clock, no chance, no host, and no way to make code of text", () => {
  const absent = [
    "Date",
    "Math.random",
    "process",
    "require('fs')",
    "setTimeout",
    "fetch",
    "console",
    "Intl",
    "WeakRef",
    "performance",
    "Atomics",
    "SharedArrayBuffer",
    "WebAssembly",
    "globalThis.Date",
    "''.localeCompare",
    "(1).toLocaleString",
  ];
  for (const word of absent) {
    if (word.startsWith("require")) continue;
    const path = moduleOf(
      `{ name: "x", about: String(typeof (${word.includes(".") ? word : `globalThis.${word}`})), watermarkBoost: () => 0 }`,
    );
    assert.equal(loadChange(path).about, "undefined", word);
  }
  const made = (code: string) => () =>
    loadChange(moduleOf(`{ name: "x", about: String(${code}), watermarkBoost: () => 0 }`));
  assert.throws(made('(() => {}).constructor("return 1")()'), /threw EvalError/);
  assert.throws(made('[].constructor.constructor("return process")()'), /threw EvalError/);
  // What a change is given and what stock rules answer are objects of its own context.
  const m = tiny("6.1", {
    fallbackOrder: (given, stock) => {
      const foreign = [given, stock, stock.fallbackOrder, stock.fallbackOrder(given)].filter(
        (one) => !(one instanceof Object),
      );
      if (foreign.length > 0) throw new TypeError("an object of the host");
      return stock.fallbackOrder(given);
    },
  });
  assert.equal(unmovable(m), 1024);
});

test("imports of anything else are one clear error with its line", () => {
  for (const [text, line] of [
    ['import { readFileSync } from "node:fs";\nexport default {};', 1],
    ['import type { X } from "./types";\nimport y from "./y";\nexport default y;', 2],
    ['export { z } from "./z";', 1],
    ['\nconst fs = require("fs");\nexport default fs;', 2],
    ['export default await import("fs");', 1],
  ] as const)
    assert.throws(
      () => loadChange(file(text)),
      (error: Error) =>
        error.name === "InputError" &&
        error.message.includes(`line ${line}: a change must be self-contained`) &&
        !error.message.includes("\n"),
      text,
    );
});

test("a source that is no change is told so in one line", () => {
  const cases: [string, RegExp][] = [
    ["export default 1;", /must end in `export default change/],
    ["const x = ;", /line 1: cannot be read/],
    ['export default change({ name: "", listEnd: () => "head" });', /name must be 1 to 60 printable/],
    ['export default change({ name: "x" });', /has no decision point: known are fallbackOrder/],
    [
      'export default change({ name: "x", listend: () => "head" });',
      /decision point: unknown name "listend".*did you mean listEnd/,
    ],
    ['export default change({ name: "x", listEnd: "head" as never });', /listEnd: must be a function/],
    ["throw new Error('at load');", /threw Error: at load/],
    ["for (;;) {} export default 1;", /does not end: more than 1000000 turns/],
  ];
  for (const [text, expected] of cases)
    assert.throws(
      () => loadChange(file(text)),
      (error: Error) => error.name === "InputError" && expected.test(error.message),
      text,
    );
  assert.throws(() => loadChange(join(folder, "none.ts")), /none\.ts: cannot be read/);
  assert.throws(
    () => change({ name: "bound", listEnd: (() => "head").bind(null) as never }),
    /must be a function written here/,
  );
});

/** The error of the first unmovable request under these points. */
function failure(points: ChangePoints): Error {
  try {
    unmovable(tiny("6.1", points));
  } catch (error) {
    return error as Error;
  }
  return assert.fail("the request was served");
}

test("a wrong answer names the change, the point, the value and the event", () => {
  const wrong: [ChangePoints, RegExp][] = [
    [
      { fallbackOrder: () => ["unmovable"] },
      /change "under test": fallbackOrder, event 1: must answer a list.*got \["unmovable"\]/,
    ],
    [{ fallbackOrder: () => "movable" as never }, /got "movable"/],
    [{ fallbackOrder: () => ["isolate"] }, /got \["isolate"\]/],
    [{ fallbackPage: () => ({ from: 1.5, to: 3 }) }, /fallbackPage, event 1: .*got \{"from":1.5,"to":3\}/],
    [{ shouldClaim: () => 1 as never }, /must answer true or false: got 1/],
    [{ pcpRefill: () => 0 }, /pcpRefill, event 1: .*got 0/],
    [{ pcpRefill: () => Number.NaN }, /got NaN/],
    [{ watermark: () => ({}) as never }, /watermark, event 1: must answer true or false: got \{\}/],
    [{ fallbackOrder: () => [["cma"]] as never }, /must answer a list.*got \[\["cma"\]\]/],
    [{ watermark: () => (() => true) as never }, /must answer true or false: got function/],
    [{ lists: () => ["cma"] }, /lists, event 1: .*got \["cma"\]/],
  ];
  for (const [points, expected] of wrong) {
    const { name, message } = failure(points);
    assert.equal(name, "InputError");
    assert.match(message, expected);
    assert.doesNotMatch(message, /\n/);
  }
});

test("a mistake inside a change names the change, the point and the event", () => {
  const outer = 5;
  assert.match(
    failure({ pcpRefill: () => outer }).message,
    /change "under test": pcpRefill, event 1: threw ReferenceError: outer is not defined/,
  );
  assert.match(
    failure({
      shouldClaim: () => {
        for (;;);
      },
    }).message,
    /shouldClaim, event 1: threw RangeError: does not end: more than 1000000 turns/,
  );
  assert.match(
    failure({
      shouldClaim: () => {
        for (;;)
          try {
            for (;;);
          } catch {}
      },
    }).message,
    /does not end/,
  );
  assert.match(
    failure({
      shouldClaim: (given) => {
        (given as { type: string }).type = "movable";
        return true;
      },
    }).message,
    /threw TypeError: Cannot assign to read only property/,
  );
  assert.match(
    failure({ shouldClaim: (_given, stock) => stock.shouldClaim({} as never) }).message,
    /stock\.shouldClaim: node is missing/,
  );
});

test("events are counted over all points of the machine", () => {
  let events = 0;
  const m = tiny("6.1", { watermark: (given, stock) => stock.watermark(given), pcpRefill: () => 2 });
  for (let i = 0; i < 2; i++) movable(m);
  const own = tiny("6.1", {
    watermark: (given, stock) => stock.watermark(given),
    pcpRefill: (given) => (given.count === 0 && given.order === 0 ? (0 as number) : 1),
  });
  try {
    movable(own);
  } catch (error) {
    events = Number(/event (\d+)/.exec((error as Error).message)![1]);
  }
  assert.equal(events, 2, "the watermark first, then the refill");
});

test("a change keeps no state from one machine to the next", () => {
  const counting = loadChange(
    file('let n = 0;\nexport default change({ name: "counts", pcpRefill: () => ++n });\n'),
  );
  const first = bindChange(counting.toJSON());
  const second = bindChange(counting.toJSON());
  const given = { order: 0 } as never;
  assert.deepEqual(
    [1, 2].map(() => first.decisions.pcpRefill!(given)),
    [1, 2],
  );
  assert.equal(second.decisions.pcpRefill!(given), 1);
});

test("a machine with a change says so in its plan and in words; without one nothing is new", () => {
  const c = change({ name: "no boost", watermarkBoost: () => 0 });
  const changed = machine("qemu-virt").memory("512MiB").change(c);
  assert.deepEqual(changed.toJSON().change, c.toJSON());
  const booted = changed.boot();
  assert.match(String(booted.change), /change "no boost" \([0-9a-f]{12}\)/);
  assert.ok(booted.kernelNotes.some((note) => /no released kernel/.test(note)));
  assert.equal(machine("qemu-virt").memory("512MiB").boot().change, null);
  assert.equal("change" in machine("qemu-virt").memory("512MiB").toJSON(), false);
  assert.throws(
    () => machine("qemu-virt").change({ ...c.toJSON(), source: `${c.source} ` }),
    /change\.sha256: must be the SHA-256 of the source/,
  );
});
