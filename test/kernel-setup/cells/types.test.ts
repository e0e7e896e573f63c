/** Types of cells: TypeScript of today, strict as the user's tsconfig.json says, known in later cells from their sources. */
import assert from "node:assert/strict";
import test from "node:test";
import { Notebook } from "./running";

const notebook = new Notebook();
const shows = (name: string, cells: string[], shown: string | undefined) =>
  test(name, async () => assert.equal(await notebook.value(...cells), shown));
const refuses = (name: string, code: string, message: RegExp) =>
  test(name, async () => {
    const { ename, evalue } = await notebook.failure(code);
    assert.equal(ename, "CompileError");
    assert.match(evalue, message);
  });

shows(
  "local types that a function returns",
  ["function local() { interface Hidden { x: number } return { x: 1 } as Hidden }", "local().x.toFixed(1)"],
  "'1.0'",
);
shows(
  "class expressions with private members, and mixins",
  [
    "const Mix = <B extends new (...a: any[]) => object>(Base: B) => class extends Base { private secret = 1; look() { return this.secret } }; class M extends Mix(Object) { #own = 2; get own() { return this.#own } }",
    "new M().look() + new M().own",
  ],
  "3",
);
shows(
  "a type and a value of one name",
  [
    "const Size = { of: (n: number) => n }; type Size = ReturnType<typeof Size.of>",
    "const big: Size = Size.of(5); big",
  ],
  "5",
);
shows(
  "a type of a later cell beside a value of an earlier one",
  [
    "const Made = (x: number) => ({ x })",
    "type Made = ReturnType<typeof Made>",
    "const m1: Made = Made(4); m1.x",
  ],
  "4",
);
shows(
  "generic types, classes and their statics",
  [
    "class Box<T> { static made = 0; constructor(readonly held: T) { Box.made++ } } type Pair<A, B = A> = [A, B];",
    "const p1: Pair<number> = [1, 2]; const b1 = new Box(p1); b1.held[1].toFixed() + Box.made",
  ],
  "'21'",
);
shows(
  "declare global counts in later cells, and can be run again",
  [
    "declare global { interface Array<T> { firstOne(): T } var counted: number }\nArray.prototype.firstOne = function () { return this[0] }; globalThis.counted = 4",
    "declare global { interface Array<T> { firstOne(): T } var counted: number }\nglobalThis.counted = 5",
    "[3].firstOne() + counted",
  ],
  "8",
);
shows(
  "what this Node has: toSorted, findLast, with, randomUUID",
  [
    "[[2, 1].toSorted().findLast((x) => x > 0), [1].with(0, 5), crypto.randomUUID().length, new File([], 'a').name]",
  ],
  "[ 2, [ 5 ], 36, 'a' ]",
);
shows(
  "an untyped let takes the type of its last value",
  ["let evolving; evolving = 5; evolving = 'text'", "evolving.length"],
  "4",
);
shows(
  "a list that later cells fill",
  [
    "const filled = [], empty = []; for (const i of [1, 2]) filled.push({ i }); const one = (f: (typeof filled)[0]) => f",
    "filled.push({ i: 3 }); empty.push(1); filled.map(({ i }) => i.toFixed()).length + empty.length",
  ],
  "4",
);
refuses(
  "what was in such a list is known",
  "filled[0].j",
  /Property 'j' does not exist on type '\{ i: number; \}'/,
);
shows(
  "what a cell has checked of a constant counts in later ones",
  [
    "const found = [1, 2].find((x) => x > 1); if (found === undefined) throw new Error('none'); const tag = Symbol('t'); const held = { [tag]: 1 }; const answer = ((): { ok: true; n: number } | { ok: false } => ({ ok: true, n: 4 }))(); if (!answer.ok) throw new Error('no')",
    "found.toFixed() + held[tag] + answer.n.toFixed()",
  ],
  "'214'",
);
shows("a declaration without its value", ["declare const anything: string; typeof globalThis"], "'object'");
shows(
  "@ts-nocheck lets a cell run",
  ["// @ts-nocheck\nconst unchecked: number = 'text'; unchecked"],
  "'text'",
);
refuses("strict without a tsconfig.json", "function f(x) { return x }", /implicitly has an 'any' type/);
refuses("null is not anything", "const s: string = null", /Type 'null' is not assignable/);
refuses("an assignment of another type than an earlier cell declared", "big = 'x'", /Cannot assign to 'big'/);
refuses(
  "messages name cells",
  "interface Same { a: number } const other: Same = ((): typeof b1 => b1)()",
  /Property 'a' is missing in type 'Box/,
);

for (const [code, place] of [
  ["foo(", "line 1:5"],
  ["const x = {\n  a: 1,\n", "line 2:8"],
  ["function f() {\n  return 1;\n\n\n", "line 2:12"],
  ["const = 5", "line 1:7"],
  [`let a = \`open \${1}`, "line 1:19"],
  ["'open", "line 1:6"],
] as const)
  test(`a mistake in syntax is in the cell: ${JSON.stringify(code)}`, async () =>
    assert.ok((await notebook.failure(code)).evalue.startsWith(`${place}: `)));

test("a setting lets cells with mistakes in types run, and tells them", async () => {
  process.env.PAGEBLOCK_CELL_TYPES = "warn";
  try {
    const { shown, printed } = await notebook.run("const wrong: number = 'w'; wrong");
    assert.equal(shown, "'w'");
    assert.match(printed, /line 1:7: Type 'string' is not assignable/);
  } finally {
    delete process.env.PAGEBLOCK_CELL_TYPES;
  }
});

test("the tsconfig.json above the notebook counts, also when it is changed", async () => {
  const strict = JSON.stringify({
    compilerOptions: { strict: true, noUncheckedIndexedAccess: true, lib: ["ES5"] },
  });
  notebook.write({ "tsconfig.json": '{ "compilerOptions": { "strict": false } }' });
  assert.equal(await notebook.value("function loose(x) { return x } loose(1)"), "1");
  notebook.write({ "tsconfig.json": strict });
  assert.match((await notebook.failure("[1, 2][0].toFixed()")).evalue, /possibly 'undefined'/);
  assert.equal(await notebook.value("[1].toSorted().length"), "1", "the library is that of Node");
});

test("a tsconfig.json that cannot be read leaves strict on, and says why, once", async () => {
  const told = async (config: string): Promise<string> => {
    notebook.write({ "tsconfig.json": config });
    const { error, printed } = await notebook.run("function loose2(x) {}");
    assert.match(error?.evalue ?? "", /implicitly has an 'any' type/, config);
    assert.equal((await notebook.run("1")).printed, "", "told once");
    return printed;
  };
  assert.match(
    await told('{ "compilerOptions": {\n "lib": ["ES2022"], }'),
    /tsconfig\.json:2:\d+: '}' expected/,
  );
  assert.match(
    await told('{\n "extends": "./base.json"\n}'),
    /tsconfig\.json:2:2: Cannot read file '.*base\.json'/,
  );
  assert.match(
    await told('{ "compilerOptions": {\n "strictt": true } }'),
    /tsconfig\.json:2:2: Unknown compiler option 'strictt'/,
  );
  notebook.write({
    "base.json": '{ "compilerOptions": { "strict": false } }',
    "tsconfig.json": '{ "extends": "./base.json" }',
  });
  assert.equal(await notebook.value("function loose3(x) { return x } loose3(2)"), "2");
  notebook.write({ "base.json": '{ "compilerOptions": { "strict": true, "noImplicitAny": true } }' });
  await notebook.failure("function loose4(x) {}");
});

test("an assignment to what cannot be assigned says what it is", async () => {
  await notebook.value("import { cpus } from 'node:os'; const fixed = 1; function called() {} class Kept {}");
  for (const [name, what] of [
    ["fixed", "a constant"],
    ["called", "a function"],
    ["Kept", "a class"],
    ["cpus", "an import"],
  ])
    assert.match(
      (await notebook.failure(`${name} = 1`)).evalue,
      new RegExp(`'${name}' because it is ${what}\\.$`),
    );
});

test("a setting that does not exist is refused, until a cell sets another", async () => {
  process.env.PAGEBLOCK_CELL_TYPES = "of";
  try {
    const { traceback } = await notebook.failure("1");
    assert.deepEqual(traceback, ["Error: PAGEBLOCK_CELL_TYPES: must be stop, warn or off: got 'of'"]);
    await notebook.value("process.env.PAGEBLOCK_CELL_TYPES = 'stop'");
    assert.equal(await notebook.value("1"), "1");
  } finally {
    delete process.env.PAGEBLOCK_CELL_TYPES;
  }
});
