/** What cells import: files of the user in every form, packages, edited files; and traces that point at what was typed. */
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
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
  assert.match(
    broken.printed,
    /a\.ts was edited and cannot be loaded; its old state is used: SyntaxError: .*b\.ts:1:19/,
  );
  assert.equal((await notebook.run("a()")).printed, "", "told once");
  notebook.write({ "book/b.ts": 'export const b = (): string => "whole again";' });
  assert.equal(await notebook.value("a()"), "'a whole again'");
});

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
