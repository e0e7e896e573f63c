/** Places as typed and as compiled, names of cells, and lines to stop at. */
import assert from "node:assert/strict";
import test from "node:test";
import ts from "typescript";
import { breakableLines } from "../../../kernel-setup/debug/breakable-lines";
import { compiledExpression, moduleNames } from "../../../kernel-setup/debug/expression";
import { murmur2 } from "../../../kernel-setup/debug/murmur2";
import { SourcePlaces } from "../../../kernel-setup/debug/source-places";

/** Computed by ipykernel 7.4 (compiler.py, murmur2_x86), with its seed. */
const HASHES = [
  ["", 3990065800],
  ["a", 2167009006],
  ["ab", 2805137849],
  ["abc", 3350977461],
  ["abcd", 804720481],
  ["const x = 1;\nx + 2", 774683082],
  ["é\u{1F600} ü", 1914746054],
  ["let total = 0;\nfor (const n of [1, 2, 3]) {\n  total += n;\n}\ntotal", 1874426538],
] as const;

test("the hash of a cell is that of other kernels", () => {
  for (const [text, hash] of HASHES) assert.equal(murmur2(text, 0xc70f6907), hash);
});

test("lines as typed are found in the compiled text, and back", () => {
  const typed = [
    "interface A { x: number }",
    "",
    "const f = (a: A): number => {",
    "  return a.x;",
    "};",
    "f({ x: 1 });",
  ].join("\n");
  const options = { sourceMap: true, target: ts.ScriptTarget.ESNext };
  const { outputText, sourceMapText } = ts.transpileModule(typed, { compilerOptions: options });
  const places = new SourcePlaces({ name: "In[1]", typed, map: sourceMapText, lineOffset: 1, prefix: 0 });
  const script = `wrapper(\n${outputText}`.split("\n");
  const found = [1, 2, 3, 4, 6].map((line) => script[places.compiled(line)!.line]);
  const first = "const f = (a) => {";
  assert.deepEqual(found, [first, first, first, "    return a.x;", "f({ x: 1 });"]);
  assert.equal(places.compiled(7), undefined);
  const line = script.indexOf("    return a.x;");
  assert.deepEqual(places.typed(line, 4), { line: 4, column: 3 });
  assert.deepEqual(places.typed(line, 11), { line: 4, column: 10 });
  assert.equal(places.typed(0, 3), undefined);
});

test("a text that was not compiled keeps its lines", () => {
  const places = new SourcePlaces({
    name: "/a/b.js",
    typed: "a\nb",
    map: undefined,
    lineOffset: 1,
    prefix: 0,
  });
  assert.deepEqual([places.isCell, places.url], [false, "file:///a/b.js"]);
  assert.deepEqual(places.compiled(2), { line: 2, column: 0 });
  assert.deepEqual(places.typed(2, 0), { line: 2, column: 1 });
});

test("lines at which a program can stop are known before it runs", () => {
  const text = [
    "%%time",
    "type A = {",
    "  x: number;",
    "};",
    "",
    "// comment",
    "const twice = (list: number[]) =>",
    "  list",
    "    .map((x) =>",
    "      x * 2)",
    "function f() {",
    "  if (a) {",
    "    b();",
    "  }",
    "}",
    'import type { T } from "t";',
  ].join("\n");
  assert.deepEqual(breakableLines(text, "cell.ts"), [7, 8, 9, 10, 11, 12, 13, 15]);
  assert.deepEqual(breakableLines("%nothing", "cell.ts"), []);
});

test("expressions are TypeScript with names as typed", () => {
  const renamed = new Map([
    ["process", "cell$process"],
    ["sep", "path_1.sep"],
  ]);
  const compiled = (expression: string) => compiledExpression(expression, renamed);
  assert.equal(compiled("process.x! + (sep as string)"), "cell$process.x + path_1.sep");
  assert.equal(compiled("a.process?.sep"), "a.process?.sep");
  assert.equal(compiled("process?.[sep]"), "cell$process?.[path_1.sep]");
  assert.equal(compiled("{ process, b: sep }"), "({ process: cell$process, b: path_1.sep })");
  assert.equal(compiled("[1].map((process) => process + 1)"), "[1].map((process) => process + 1)");
  assert.throws(() => compiled("1 +"), { name: "SyntaxError", message: "Expression expected." });
});

test("what a module imports and exports is known by the names in its text", () => {
  const typed =
    'import d, { a as b } from "./x";\nimport * as y from "y";\nexport const k = b, l = d;\nexport let m = y;';
  const js = 'const x_1 = $import("./x");\nconst y = $import("y");';
  const { imported, exported } = moduleNames(typed, js);
  assert.deepEqual(
    [...imported],
    [
      ["d", "x_1.default"],
      ["b", "x_1.a"],
    ],
  );
  assert.deepEqual([...exported.values()], ["exports.k", "exports.l", "exports.m"]);
});
