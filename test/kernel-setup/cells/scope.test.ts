/** Cells share one scope, as lines of a console do: one binding a name, which every function of every cell sees. */
import assert from "node:assert/strict";
import test from "node:test";
import { bundleOf } from "../../../kernel-setup/shown-value";
import { Notebook } from "./running";

const notebook = new Notebook();
const shows = (name: string, cells: string[], shown: string | undefined) =>
  test(name, async () => assert.equal(await notebook.value(...cells), shown));

shows(
  "a function sees what a later cell assigns",
  ["let rate = 1; function pay(n: number) { return n * rate }", "rate = 3", "pay(2)"],
  "6",
);
shows("it sees what a later cell declares anew", ["let rate = 10", "pay(2)"], "20");
shows(
  "a redeclared function is seen by its callers of the same cell",
  [
    "function unit() { return 1 }\nfunction twice() { return 2 * unit() }",
    "function unit() { return 5 }",
    "twice()",
  ],
  "10",
);
shows(
  "a flag stops an interval of an earlier cell",
  [
    "let stop = false, ticks = 0; const timer = setInterval(() => { ticks++; if (stop) clearInterval(timer) }, 1);",
    "stop = true",
    "await new Promise((r) => setTimeout(r, 20)); const before = ticks; await new Promise((r) => setTimeout(r, 20)); ticks === before",
  ],
  "true",
);
shows(
  "a name is redeclared in another form and type",
  [
    "const again = 1",
    "let again = 'a'",
    "class again { x = 2 }",
    "function again() { return 3 }",
    "var again = 4",
    "enum again { A = 5 }",
    "again.A",
  ],
  "5",
);
shows(
  "functions are hoisted, and recursive",
  ["const made = fact(5); function fact(n: number): number { return n < 2 ? 1 : n * fact(n - 1) } made"],
  "120",
);
shows(
  "var in blocks and loops belongs to the cell",
  [
    "if (true) { var inner = 7 } for (var i1 = 0, k1 = 1; i1 < 3; i1++) k1 *= 2; for (var one of [4, 5]) {}",
    "[inner, i1, k1, one]",
  ],
  "[ 7, 3, 8, 5 ]",
);
shows(
  "patterns, with defaults and the rest",
  [
    "const { a1, b1: [c1, ...d1], e1 = () => 1, ...rest1 } = { a1: 1, b1: [2, 3, 4], f1: 6 } as { a1: number; b1: number[]; e1?: () => number; f1: number }; [a1, c1, d1, e1.name, rest1]",
  ],
  "[ 1, 2, [ 3, 4 ], 'e1', { f1: 6 } ]",
);
shows("exports are declarations", ["export const z = 1", "export const z = 2; export default z"], "2");
shows(
  "names of functions and classes are those typed",
  ["const fetch = () => 1; class Event {} function URL2() {} [fetch.name, Event.name, URL2.name]"],
  "[ 'fetch', 'Event', 'URL2' ]",
);
shows(
  "a name that the process has too is the cell's own",
  [
    'import { setTimeout } from "node:timers/promises"; await setTimeout(1, "mine")',
    "const process = 5; const held = { process, setTimeout }; [held.process, typeof globalThis.process, globalThis.setTimeout === (setTimeout as unknown)]",
  ],
  "[ 5, 'object', false ]",
);
shows(
  "names that the kernel uses itself are the cell's own",
  [
    "const cell$process = 1; let $at = 2, $cell = 3, $local_sum = 4, sum = 0.5; for (let i = 0; i < 2; i++) sum += i + $local_sum",
    "const at = $at + 1; $cell++; import os2 from 'node:os'; [cell$process, process, at, $cell, sum, typeof os2.cpus]",
  ],
  "[ 1, 5, 3, 4, 9.5, 'function' ]",
);
test("a use before the declaration is V8's error, also where an earlier cell had the name", async () => {
  await notebook.value("let early1 = 'old'");
  for (const use of [
    "early1",
    "early1 = 1",
    "({ early1 })",
    "let early1 = early1 + 1; if (0) early1",
    "let { x = early1 } = {}",
  ]) {
    const { ename, evalue } = await notebook.failure(`// @ts-nocheck\n${use}; let early1 = 2`);
    assert.equal(`${ename}: ${evalue}`, "ReferenceError: Cannot access 'early1' before initialization", use);
  }
  assert.equal(
    await notebook.value(
      "// @ts-nocheck\nconst later1 = () => early1; { let early1 = 5; early1 } let early1 = 3, e2 = early1; later1() + e2",
    ),
    "6",
  );
});
test("what runs a text sees what a loop has counted", async () => {
  assert.equal(
    await notebook.value(
      "const run1 = eval; let n1 = 0.5, seen2: unknown; for (let i = 0; i < 3; i++) { n1 += 1; seen2 = run1('n1') } seen2",
    ),
    "3.5",
  );
});
shows(
  "what a module of Node has, a cell has",
  [
    "[typeof require('fs').readFileSync, __dirname === require('path').dirname(__filename), typeof module, import.meta.url.startsWith('file:'), import.meta.dirname === __dirname]",
  ],
  "[ 'function', true, 'object', true, true ]",
);
shows(
  "the value of a cell is that of its last expression",
  ["let t1 = 0; for (let i = 0; i < 3; i++) t1 += i;"],
  undefined,
);
shows("null is shown, undefined is not", ["null"], "null");
shows("undefined is not shown", ["undefined"], undefined);
shows("braces that make an object are one", ["{a: 1, b: 2}"], "{ a: 1, b: 2 }");
shows("also beside comments", ["// of\n{ a: 1 } // here"], "{ a: 1 }");
shows("braces that make a block are one", ["{ let q1 = 1; t1 = q1 }"], undefined);
test("a promise that is a cell's value is not awaited", async () => {
  assert.match((await notebook.value("Promise.resolve(5)"))!, /^Promise \{\s*5/);
});
shows(
  "using is disposed of when the cell ends",
  [
    "const log1: string[] = []; { using u1 = { [Symbol.dispose]() { log1.push('inner') } } } using u2 = { [Symbol.dispose]() { log1.push('outer') } }; const kept1 = log1.length",
    "[kept1, ...log1]",
  ],
  "[ 1, 'inner', 'outer' ]",
);
shows(
  "standard decorators",
  [
    "const seen1: string[] = []; function note(_: unknown, c: ClassDecoratorContext) { seen1.push(c.kind + ' ' + c.name) } @note class Noted {} seen1",
  ],
  "[ 'class Noted' ]",
);
shows(
  "namespaces, enums and const enums",
  [
    "namespace N1 { export const deep = 5; export type T = number } const enum C1 { A = 7 } enum E1 { X, Y }",
    "const n1: N1.T = N1.deep; [n1, C1.A, E1.Y, E1[0]]",
  ],
  "[ 5, 7, 1, 'X' ]",
);
shows(
  "a label, break and continue",
  [
    "const l1: number[] = []; outer: for (const i of [1, 2, 3]) for (;;) { if (i === 3) break outer; l1.push(i); continue outer }",
    "l1",
  ],
  "[ 1, 2 ]",
);
shows("lone surrogates don't reach the front end", ["'a\\ud800'.length"], "2");

shows(
  "a loop that counts in variables of cells leaves them as they must be",
  [
    "let half = 0.5, odd = 0; outer: for (const i of [1, 2, 3]) for (;;) { half += i; if (i % 2) odd += 0.5; continue outer } for (let i = 0; i < 3000; i++) { const now = { half }; if (now.half !== half) throw new Error('differ'); half += 0.5 }",
    "[half, odd]",
  ],
  "[ 1506.5, 1 ]",
);
shows(
  "a function that a loop calls sees its variables",
  [
    "let watched = 0; const look1 = () => watched; const saw: number[] = []; for (let i = 0; i < 3; i++) { watched += 1.5; saw.push(look1()) } saw",
  ],
  "[ 1.5, 3, 4.5 ]",
);

test("a loop that fails leaves what it had counted", async () => {
  await notebook.failure(
    "let f1 = 1; for (let i = 0; ; i++) { f1 += 0.5; if (i === 4000) throw new Error('stopped') }",
  );
  assert.equal(await notebook.value("f1"), "2001.5");
});

test("what a failed cell had assigned stays, what it had not stays as it was; values and types agree", async () => {
  await notebook.value("const v = 1; const w = 'old'; const whole = 'w'");
  const { evalue } = await notebook.failure(
    'const v = "s"; const n = [await 5]; throw new Error("stop"); const w = 5; let later = 1',
  );
  assert.equal(evalue, "stop");
  assert.equal(await notebook.value("[v.toUpperCase(), n[0]! + 1, w.length]"), "[ 'S', 6, 3 ]");
  assert.match((await notebook.failure("later")).evalue, /Cannot find name 'later'/);
  await notebook.failure('const { whole } = await Promise.reject(new Error("no"))');
  assert.equal(await notebook.value("whole.length"), "1");
  await notebook.failure(
    'const { whole, part = (() => { throw new Error("half") })() } = { whole: 5 } as { whole: number; part?: number }',
  );
  assert.match((await notebook.failure("whole")).evalue, /Cannot find name 'whole'/);
});

test("functions, classes and types of a failed cell stay", async () => {
  await notebook.failure(
    'throw new Error("first"); function helper1() { return 8 } interface Shape1 { x: number }',
  );
  assert.equal(await notebook.value("const s1: Shape1 = { x: helper1() }; s1.x"), "8");
  await notebook.failure('class Kept1 { y = 1 } throw new Error("then"); class Missed1 {}');
  assert.equal(await notebook.value("new Kept1().y"), "1");
  assert.match((await notebook.failure("new Missed1()")).evalue, /Cannot find name 'Missed1'/);
});

test("a cell that does not compile changes nothing", async () => {
  await notebook.value("let steady = 1");
  assert.match(
    (await notebook.failure('steady = 2; const x: number = "a"')).evalue,
    /^line 1:19: Type 'string'/,
  );
  assert.equal(await notebook.value("steady"), "1");
});

shows(
  "a blank, a line or a comment at the end of a cell changes nothing",
  ["const fee = 2; function dues() { return fee }", "fee * 3\n", "fee * 3 // per hour", "dues() "],
  "2",
);
shows(
  "await in the computed name of a method",
  ["const named = { [await Promise.resolve('k')]() { return 4 } };\n", "named.k() // four"],
  "4",
);

test("what is thrown is told as it is, whatever it calls itself", async () => {
  const { ename } = await notebook.failure("throw { code: 'ERR_SCRIPT_EXECUTION_INTERRUPTED' }");
  assert.equal(ename, "Thrown");
});

test("code too deep for the compiler is one clear error, and nothing is lost", async () => {
  await notebook.value("const kept2 = 2");
  for (const code of [`1${"+1".repeat(20_000)}`, "[".repeat(20_000)]) {
    const { ename, traceback } = await notebook.failure(code);
    assert.deepEqual([ename, traceback.length], ["TooDeepError", 1]);
    assert.deepEqual(notebook.runner.complete(code, 5), { start: 5, end: 5, candidates: [] });
    assert.equal(notebook.runner.inspect(code, 5), undefined);
    assert.equal(notebook.runner.isComplete(code).status, "unknown");
  }
  assert.equal(await notebook.value("kept2"), "2");
});

test("a proxy whose traps throw or lie is shown as what it stands for", async () => {
  const throws = new Proxy({ a: 1 }, { get: () => assert.fail("read") });
  const lies = new Proxy({ a: 1 }, { get: () => () => 5 });
  for (const value of [throws, lies])
    assert.deepEqual(await bundleOf(value), { data: { "text/plain": "{ a: 1 }" }, metadata: {} });
});
