/** What cells import: files of the user in every form, packages, edited files; and traces that point at what was typed. */
import assert from "node:assert/strict";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Notebook } from "./running";

const notebook = new Notebook(
  {
    "book/a.ts": `import { b } from "./b.js";
export const a = () => "a " + b();
export interface Shape { side: number }
export function boom(): never {
  const x: number = 1;
  throw new TypeError("boom" + x);
}`,
    "book/b.ts": `import data from "./data.json" with { type: "json" };
import { m } from "./m.mjs";
export const b = () => \`b \${data.n} \${m}\`;`,
    "book/data.json": '{ "n": 1 }',
    "book/m.mjs": 'export const m = "m1"; export default import.meta.url.slice(-5);',
    "book/tla.mts": "const v = await Promise.resolve(42);\nexport default v;",
    "book/counter.ts":
      "export let counted = 0; export function up() { counted++; } export const fixed = 1; export { counted as same };",
    "book/c.cts":
      'import fs = require("node:fs");\nexport = { has: typeof fs.readFileSync, dir: __dirname.length > 0 };',
    "book/view.tsx": "export const generic = <T,>(x: T) => x;",
    "book/one.ts":
      'import { two } from "./two"; export const one = () => "one"; export const both = () => one() + two();',
    "book/two.ts": 'import { one } from "./one"; export const two = () => "two" + one();',
    "book/old.cjs": 'exports.kind = "cjs"; exports.req = typeof require("./data.json").n;',
    "book/own.mjs":
      'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); export const sep = require("node:path").sep;',
    "book/late.ts": 'export const late = () => { throw new RangeError("late") };',
    "book/tsconfig.json":
      '{ "compilerOptions": { "strict": true, "baseUrl": ".", "paths": { "~/*": ["../shared/*"] } } }',
    "shared/util.ts": 'export const shared: string = "shared";',
    "packages/sibling/package.json": '{ "name": "sibling", "type": "module", "exports": "./src/index.ts" }',
    "packages/sibling/src/index.ts":
      'export const sibling: number = 5; export { nested } from "./nested.js";',
    "packages/sibling/src/nested.ts": "export const nested = [1];",
    "node_modules/esm-only/package.json":
      '{ "name": "esm-only", "version": "1.0.0", "exports": { ".": { "types": "./index.d.ts", "import": "./index.js" }, "./sub/*": "./sub/*.js" }, "type": "module" }',
    "node_modules/esm-only/index.js": 'export default await Promise.resolve("esm"); export const named = 1;',
    "node_modules/esm-only/index.d.ts":
      "declare const value: string; export default value; export const named: number;",
    "node_modules/esm-only/sub/x.js": 'export const sub = "x";',
    "node_modules/untyped/package.json": '{ "name": "untyped", "main": "lib" }',
    "node_modules/untyped/lib/index.js": "module.exports = (n) => n + 1; module.exports.extra = 2;",
  },
  "book",
);
symlinkSync(
  join(notebook.folder, "packages/sibling"),
  join(notebook.folder, "node_modules/sibling"),
  "junction",
);
const shows = (name: string, cells: string[], shown: string | undefined) =>
  test(name, async () => assert.equal(await notebook.value(...cells), shown));

shows(
  "a TypeScript file, what it imports, and a type",
  ['import { a, boom, type Shape } from "./a"; const sh: Shape = { side: 1 }; [a(), sh.side]'],
  "[ 'a b 1 m1', 1 ]",
);
shows(
  "a file that awaits at its top, with and without its ending",
  ['import v from "./tla.mts"; import v2 from "./tla.mjs"; [v, v2]'],
  "[ 42, 42 ]",
);
shows(
  ".cts, .tsx, .cjs and .mjs",
  [
    'import c from "./c.cts"; import { generic } from "./view.tsx"; import { kind, req } from "./old.cjs"; import url from "./m.mjs"; [c.has, c.dir, generic(5), kind, req, url]',
  ],
  "[ 'function', true, 5, 'cjs', 'number', 'm.mjs' ]",
);
shows("files that import each other", ['import { both } from "./one"; both()'], "'onetwoone'");
shows("a file that makes its own require", ['import { sep } from "./own.mjs"; sep.length'], "1");
shows(
  "a file outside the folder, and by tsconfig's paths",
  ['import { shared } from "../shared/util.ts"; import { shared as mapped } from "~/util"; shared + mapped'],
  "'sharedshared'",
);
shows(
  "a package of the workspace in TypeScript",
  ['import { sibling, nested } from "sibling"; sibling.toFixed() + nested[0]'],
  "'51'",
);
shows(
  "a package that is an ES module only, and its subpaths",
  [
    'import esm, { named } from "esm-only"; const { sub } = await import("esm-only/sub/x"); [esm.length, named, sub]',
  ],
  "[ 3, 1, 'x' ]",
);
shows(
  "a package without types",
  ['import untyped, { extra } from "untyped"; [untyped(1), extra]'],
  "[ 2, 2 ]",
);
shows(
  "a JSON file, import() and require()",
  [
    'import data from "./data.json"; const late = await import("./late"); [data.n.toFixed(), typeof late.late, require("./a.ts").a(), require("untyped")(1)]',
  ],
  "[ '1', 'function', 'a b 1 m1', 2 ]",
);
shows(
  "Node's modules in both forms",
  [
    'import os, { cpus } from "os"; import * as path from "node:path"; [os.cpus === cpus, path.join("a", "b").length]',
  ],
  "[ true, 3 ]",
);
shows(
  "tslab's display interface",
  ['import * as tslab from "tslab"; [typeof tslab.display.html, typeof tslab.newDisplay]'],
  "[ 'function', 'function' ]",
);

shows(
  "what a module exports by let is followed, until the name is declared anew",
  [
    'import { counted, same as also, up, fixed } from "./counter"; const see = () => counted; up(); [counted, also, fixed, see()]',
    "up(); [counted, see()]",
    "let counted = 'mine'; up(); [counted, see(), also]",
  ],
  "[ 'mine', 'mine', 3 ]",
);

test("an edited file two steps away, of JSON or .mjs, is loaded anew with all that depends on it", async () => {
  notebook.write({
    "book/data.json": '{ "n": 20 }',
    "book/m.mjs": 'export const m = "edited"; export default "m";',
  });
  assert.equal(await notebook.value("a()"), "'a b 20 edited'");
  notebook.write({ "book/b.ts": 'export const b = (): string => "whole";' });
  assert.equal(await notebook.value("a()"), "'a whole'");
});

test("a file that is broken by an edit keeps its old state until it is whole", async () => {
  notebook.write({ "book/b.ts": "export const b = (" });
  const broken = await notebook.run("a()");
  assert.equal(broken.shown, "'a whole'");
  assert.match(broken.printed, /b\.ts was edited and cannot be loaded: SyntaxError: .*b\.ts:1:19/);
  assert.equal(broken.printed.trim().split("\n").length, 2, "one message for the group");
  assert.equal((await notebook.run("a()")).printed, "", "told once");
  notebook.write({ "book/b.ts": 'export const b = (): string => "whole again";' });
  assert.equal(await notebook.value("a()"), "'a whole again'");
});

test("of files that depend on each other all are loaded anew or none, others are not held back", async () => {
  notebook.write({
    "book/part1.ts": 'import { part2 } from "./part2"; export const part1 = "1" + part2;',
    "book/part2.ts": 'export const part2 = "2";',
    "book/alone.ts": 'export const alone = "alone";',
    "book/setup.ts":
      'import { part2 } from "./part2"; (globalThis as any).effects ??= []; effects.push(part2);',
  });
  const imports =
    'import { part1 } from "./part1"; import { part2 } from "./part2"; import { alone } from "./alone"; import "./setup"; declare global { var effects: string[] }\n';
  await notebook.value(imports);
  notebook.write({
    "book/part1.ts": "throw new Error('unfinished'); export const part1 = '';",
    "book/part2.ts": 'export const part2 = "two";',
    "book/alone.ts": 'export const alone = "edited";',
  });
  const half = await notebook.run("[part1, part2, alone]");
  assert.equal(half.shown, "[ '12', '2', 'edited' ]");
  assert.match(
    half.printed,
    /part1\.ts was edited, .*part2\.ts was edited and cannot be loaded: Error: unfinished/,
  );
  assert.match((await notebook.failure('import { part2 } from "./part2"')).evalue, /unfinished/);
  notebook.write({ "book/part1.ts": 'import { part2 } from "./part2"; export const part1 = "one" + part2;' });
  assert.equal(await notebook.value("[part1, part2]"), "[ 'onetwo', 'two' ]");
});

test("a file that is imported for its effects runs anew after an edit, also of what it imports", async () => {
  const before = Number(await notebook.value("effects.length"));
  notebook.write({ "book/part2.ts": 'export const part2 = "third";' });
  assert.equal(await notebook.value("effects.slice(-1)"), "[ 'third' ]");
  notebook.write({ "book/setup.ts": 'effects.push("edited");' });
  assert.equal(await notebook.value("effects.slice(-1)"), "[ 'edited' ]");
  assert.equal(await notebook.value("effects.length"), String(before + 2), "once an edit");
});

test("a file that is gone is told as gone, and found under another ending", async () => {
  rmSync(join(notebook.folder, "book/part2.ts"));
  const gone = await notebook.run("part2");
  assert.equal(gone.shown, "'third'");
  assert.match(gone.printed, /part2\.ts is gone and cannot be loaded: Error: Cannot find module/);
  assert.equal((await notebook.run("part2")).printed, "", "told once");
  notebook.write({ "book/part2.mts": 'export const part2 = "renamed";' });
  assert.equal(await notebook.value("part1"), "'onerenamed'");
});

test("two imports of a cycle that begin together both end", async () => {
  notebook.write({
    "book/left.ts":
      'import "esm-only"; import { right } from "./right"; export const left = () => "l" + right();',
    "book/right.ts":
      'import "esm-only"; import { left } from "./left"; export const right = () => "r"; export const both = () => left();',
  });
  assert.equal(
    await notebook.value(
      'const [lm, rm] = await Promise.all([import("./left"), import("./right")]); lm.left() + rm.both()',
    ),
    "'lrlr'",
  );
});

test("export * leaves out what two modules export in different ways; what is exported without a name is default", async () => {
  notebook.write({
    "book/s1.ts": "export const both = 1, first = 2, own = 3;",
    "book/s2.ts": "export const both = 9, second = 4; export const own = 9;",
    "book/star.ts":
      'export * from "./s1"; export * from "./s2"; export { own } from "./s1"; export default () => 1;',
    "book/f.ts": "export default function () { return 5 }",
    "book/c.ts": "export default class { static made = 6 }",
  });
  assert.equal(
    await notebook.value(
      'import * as star from "./star"; import f from "./f"; import C from "./c"; [Object.keys(star).sort().join(), star.own, star.default.name, f.name, f(), C.name, C.made].join(" ")',
    ),
    "'default,first,own,second 3 default default 5 default 6'",
  );
  const { evalue } = await notebook.failure('// @ts-nocheck\nimport { both } from "./star"');
  assert.match(evalue, /does not provide an export named 'both'/);
});

shows(
  "types of what is found without its ending, and of a data: URL",
  [
    'import tla from "./tla"; import { kind } from "./old"; import json from "./data"; const url1 = await import("data:text/javascript,export default 7"); [tla.toFixed(), kind, json.n, url1.default]',
  ],
  "[ '42', 'cjs', 20, 7 ]",
);

test("a file and a package that were not there a moment ago", async () => {
  assert.match((await notebook.failure('import { made } from "./made"')).evalue, /Cannot find module/);
  assert.match((await notebook.failure('import fresh from "fresh"')).evalue, /Cannot find module/);
  notebook.write({
    "book/made.ts": "export const made = 1;",
    "node_modules/fresh/package.json":
      '{ "name": "fresh", "exports": { "types": "./i.d.ts", "default": "./i.mjs" } }',
    "node_modules/fresh/i.mjs": "export default 3;",
    "node_modules/fresh/i.d.ts": "declare const n: number; export default n;",
  });
  assert.equal(
    await notebook.value('import { made } from "./made"; import fresh from "fresh"; made + fresh'),
    "4",
  );
});

test("what is not there is told as Node tells it", async () => {
  const { evalue } = await notebook.failure('// @ts-nocheck\nimport nothing from "not-there"');
  assert.equal(
    evalue,
    `Cannot find package 'not-there' imported from the notebook in ${join(notebook.folder, "book")}`,
  );
  const { ename } = await notebook.failure('// @ts-nocheck\nimport { nothing } from "./a"');
  assert.equal(ename, "SyntaxError");
});

test("traces name lines and columns as typed, in cells and in files, thrown or printed", async () => {
  const { traceback } = await notebook.failure(
    "interface Erased { x: number }\n\nconst call = () => boom();\ncall();",
  );
  assert.deepEqual(traceback.slice(0, 4), [
    "TypeError: boom1",
    `    at boom (${join(notebook.folder, "book/a.ts")}:6:9)`,
    `    at call (In[${notebook.number}] line 3, column 20)`,
    `    at In[${notebook.number}] line 4, column 1`,
  ]);
  assert.doesNotMatch(traceback.join("\n"), /cell-runner|cell-engine|loader|node:/);
  const { printed } = await notebook.run(
    "type T = 1;\nconsole.log(new Error('printed'));\nconsole.log(new Error('two').stack);",
  );
  assert.match(printed, /^Error: printed\n {4}at In\[\d+\] line 2, column 13\n/);
  assert.match(printed, /Error: two\n {4}at In\[\d+\] line 3, column 13\n/);
  assert.doesNotMatch(printed, /cell-runner|cell-engine|loader|node:/);
});

test("traces of what comes after an await, of a method and of an object cell", async () => {
  const late = await notebook.failure(
    "await 0;\nclass Thrower { go() { throw new Error('deep') } }\nawait Promise.all([1].map(async () => new Thrower().go()));",
  );
  assert.match(late.traceback[1]!, /at Thrower\.go \(In\[\d+\] line 2, column 30\)/);
  const object = await notebook.failure("{a: 1, b: (() => { throw new Error('x') })()}");
  assert.match(object.traceback[1]!, /In\[\d+\] line 1, column 26/);
});

test("a deep trace keeps the cell's own frame, and says how much is left out", async () => {
  const { traceback } = await notebook.failure(
    "function down(n: number): number { if (n === 0) throw new Error('deep'); return down(n - 1) + 1 }\ndown(300)",
  );
  const cell = `In[${notebook.number}]`;
  // 301 frames of the function, and the cell's: 15, a gap, and the cell's.
  assert.equal(traceback.at(-1), `    at ${cell} line 2, column 1`);
  // Here the test's own frames are below the cell.
  assert.ok(Number(/^ {4}… (\d+) more$/.exec(traceback.at(-2)!)?.[1]) >= 286, traceback.at(-2));
  assert.equal(traceback.length, 18);
});

test("errors of using show what failed, what it hid, and why, in places as typed", async () => {
  const { traceback } = await notebook.failure(
    "{ using r = { [Symbol.dispose]() { throw new RangeError('closing', { cause: 'full' }) } };\n throw new TypeError('body') }",
  );
  const text = traceback.join("\n");
  assert.match(text, /^SuppressedError: [^\n]*\n {4}at In\[\d+\] line 2, column \d+\n/);
  assert.match(text, /\nwhile disposing RangeError: closing\n {4}at [^\n]* \(In\[\d+\] line 1, column 42\)/);
  assert.match(text, /\ncaused by 'full'\n/);
  assert.match(text, /\nsuppressed TypeError: body\n {4}at In\[\d+\] line 2, column 8(?:\n|$)/);
  for (const [, line] of text.matchAll(/In\[\d+\] line (\d+)/g)) assert.ok(Number(line) <= 2, text);
});
