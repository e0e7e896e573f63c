/** Which lines of a cell are magics, and which are TypeScript. */
import assert from "node:assert/strict";
import test from "node:test";
import ts from "typescript";
import { globMatcher } from "../../kernel-setup/protocol/history";
import { magicsAt, prepareCell, UnknownMagicError, withoutMagics } from "../../kernel-setup/protocol/magics";
import { who, whos } from "../../kernel-setup/protocol/who";

test("line magics stand before the code, and lines keep their numbers", () => {
  const { lines, code } = prepareCell("// first\n%npm i x\n\n%reset\nconst a = 1;");
  assert.deepEqual(lines, [
    { name: "npm", rest: "i x" },
    { name: "reset", rest: "" },
  ]);
  assert.equal(code, "// first\n\n\n\nconst a = 1;");
});

test("a cell magic takes the text below it, or times the code", () => {
  const html = prepareCell("%%html\n<b>50 % x</b>\n%npm i");
  assert.deepEqual([html.cell?.name, html.cell?.body, html.code], ["html", "<b>50 % x</b>\n%npm i", ""]);
  const timed = prepareCell("%%time\n%npm ci\nf();");
  assert.deepEqual([timed.lines.length, timed.cell?.name, timed.code], [1, "time", "\n\nf();"]);
  assert.equal(prepareCell("%%time f()").code, "f()");
});

test("unknown magics give one clear error", () => {
  assert.throws(() => prepareCell("%pip install x"), UnknownMagicError);
  assert.throws(
    () => prepareCell("%%python\nx"),
    /^UnknownMagic: %%python is not known here: known are %%time, /,
  );
});

test("a magic of the other kind is suggested, and names of magics are completed where one can stand", () => {
  assert.throws(
    () => prepareCell("%time f()"),
    /^UnknownMagic: %time is not known here; %%time is: known are /,
  );
  assert.throws(() => prepareCell("%%npm i x"), /%%npm is not known here; %npm is: /);
  assert.deepEqual(magicsAt("%n", 2), { start: 0, end: 2, candidates: ["%npm"] });
  assert.deepEqual(magicsAt("// x\n  %%htxx", 11), { start: 7, end: 13, candidates: ["%%html"] });
  assert.ok(magicsAt("%", 1)!.candidates.includes("%%time"));
  assert.deepEqual(magicsAt("%npm i x\n%", 10)!.candidates, ["%npm", "%reset", "%who", "%whos", "%lsmagic"]);
  assert.deepEqual(magicsAt("%%time\n%re", 10)!.candidates, ["%reset"]);
  for (const [source, at] of [
    ["a\n% b", 3],
    ["%%html\n%", 8],
    ["a %", 3],
    ["%npm i", 6],
  ] as const)
    assert.equal(magicsAt(source, at), undefined, source);
});

test("nothing that TypeScript accepts is a magic", () => {
  for (const source of [
    "a\n% b",
    "const s = `\n%npm i x\n%%html\n`;",
    "a %= 3;\n%b".replace("\n%b", "\n"),
    "/* %%html */ 1",
    "x ? y : z",
    "const f = (x?: number) => x",
    "// %%html\nconst n = 1",
  ]) {
    const { code, cell, lines, help } = prepareCell(source);
    assert.deepEqual([code, cell, lines, help], [source, undefined, [], undefined]);
    assert.equal(withoutMagics(source), source);
  }
  // What is taken for a magic or a question is no program.
  for (const taken of ["%npm i x", "%%html\n<b>", "%%time\n1", "%reset", "console.log?", "x?"]) {
    const file = ts.transpileModule(taken, { reportDiagnostics: true });
    assert.ok(file.diagnostics!.length > 0, taken);
  }
});

test("completion sees blanks in place of magics, at the same length", () => {
  assert.equal(withoutMagics("%npm i\nab"), "      \nab");
  assert.equal(withoutMagics("%%time\nab"), "      \nab");
  assert.equal(withoutMagics("%%html\nab"), "      \n  ");
});

test("a search of the history matches as SQLite's GLOB does", () => {
  // Worked out by hand from https://www.sqlite.org/lang_expr.html#the_like_glob_regexp_match_and_extract_operators
  const rows: [pattern: string, text: string, matches: boolean][] = [
    ["*", "", true],
    ["a*c", "abbc", true],
    ["a*c", "abcd", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["*b*b*", "abab", true],
    ["[a-c]x", "bx", true],
    ["[^a-c]x", "bx", false],
    ["6 [*] 7", "6 * 7", true],
    ["[", "[", true],
    ["a.c", "abc", false],
  ];
  for (const [pattern, text, matches] of rows)
    assert.equal(globMatcher(pattern)(text), matches, `${pattern} ${text}`);
  const long = "a".repeat(20_000);
  const started = performance.now();
  assert.equal(globMatcher("*a*a*a*a*b")(long), false);
  assert.ok(performance.now() - started < 5000);
});

test("%who lists names, %whos what they are, one line each", () => {
  class Account {}
  const hostile = new Proxy({}, { getPrototypeOf: () => assert.fail("asked") });
  const values = { n: 1.5, text: "a\nb", list: [1, 2], Account, account: new Account(), none: null, hostile };
  const variables = Object.entries(values).map(([name, value]) => ({ name, kept: name, value }));
  assert.equal(who(variables), "n  text  list  Account  account  none  hostile\n");
  assert.deepEqual(whos(variables).split("\n"), [
    "name     kind               value",
    "n        number             1.5",
    "text     string             'a\\nb'",
    "list     Array              [ 1, 2 ]",
    "Account  class              [class Account]",
    "account  Account            Account {}",
    "none     null               null",
    "hostile  (cannot be shown)  {}",
    "",
  ]);
  assert.equal(whos([]), "Cells have declared nothing.\n");
});
