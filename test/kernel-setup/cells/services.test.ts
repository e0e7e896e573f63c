/** Completion, hover and signatures, on what earlier cells declare; none may harm the cell. */
import assert from "node:assert/strict";
import test from "node:test";
import { completeness } from "../../../kernel-setup/cells/is-complete";
import { Notebook } from "./running";

const notebook = new Notebook({
  "helper.ts": "export const helped = 1;",
  "node_modules/installed/package.json": '{ "name": "installed" }',
});
const ready = notebook.value(`const obj = { alpha: 1, "be-ta": 2, albatross: 3 };
function myFn(first: number, second: string): void {}
/** Draws. @param o how it looks */
function draw(o: { width: number; mode: "fast" | "slow" }, ...rest: string[]) {}
interface Shape { side: number; area(): number }`);

/** The cell with the cursor at `|`, after the first match was applied, which is marked. */
async function completed(marked: string): Promise<string> {
  await ready;
  const at = marked.indexOf("|");
  const code = marked.replace("|", "");
  const { start, end, candidates } = notebook.runner.complete(code, at);
  return candidates.length === 0 ? "nothing" : `${code.slice(0, start)}<${candidates[0]}>${code.slice(end)}`;
}

for (const [marked, after] of [
  ["obj['al|", "obj['<albatross>"],
  ["obj['al|']", "obj['<albatross>']"],
  ['obj["be|"]', 'obj["<be-ta>"]'],
  ["obj.al|", "obj.<albatross>"],
  ["obj.a|lpha", "obj.<albatross>"],
  ["obj?.al|", "obj?.<albatross>"],
  [`\`\${obj.al|}\``, `\`\${obj.<albatross>}\``],
  ["function f() { return obj.al|", "function f() { return obj.<albatross>"],
  ["import { readFileSync } from 'fs/pr|", "import { readFileSync } from 'fs/<promises>"],
  ["import { readFileS| } from 'fs'", "import { <readFileSync> } from 'fs'"],
  ["import { } from './he|'", "import { } from './<helper>'"],
  [
    "import { helped } from './helper'; const x = hel|",
    "import { helped } from './helper'; const x = <helped>",
  ],
  ["import x from 'inst|", "import x from '<installed>"],
  ["import 'pageblock/n|'", "import '<pageblock/notebook>'"],
  ["import _ from 'lod|", "import _ from '<lodash>"],
  ["await import('./he|", "await import('./<helper>"],
  ["draw({ wi| })", "draw({ <width> })"],
  ["draw({ mode: 'f|", "draw({ mode: '<fast>"],
  ["const s: Shape = { si|", "const s: Shape = { <side>"],
  ["const t: Shap|", "const t: <Shape>"],
  ["\u{1F600}; obj.al|", "\u{1F600}; obj.<albatross>"],
  ["// obj.al|", "nothing"],
  ["'obj.al|", "nothing"],
  ["nothingKnown.x|", "nothing"],
] as const)
  test(`completes ${marked}`, async () => assert.equal(await completed(marked), after));

const explained = async (marked: string) => {
  await ready;
  return notebook.runner.inspect(marked.replace("|", ""), marked.indexOf("|"));
};

test("a call shows its signature and the parameter at hand", async () => {
  assert.equal(
    await explained("myFn(|"),
    "myFn(first: number, second: string): void\nparameter 1: first: number",
  );
  assert.match((await explained("myFn(1, |)"))!, /^myFn\(.*\nparameter 2: second: string$/);
  assert.match(
    (await explained("draw({ width: 1, mode: 'fast' }, 'a', |"))!,
    /parameter 2: \.\.\.rest: string\[\]/,
  );
});

test("hover shows names of earlier cells as they were declared, and nothing of what it does not know", async () => {
  assert.match((await explained("ob|j"))!, /^const obj: \{\n\s+alpha: number;/);
  assert.match((await explained("dra|w"))!, /^function draw\([\s\S]*Draws\.[\s\S]*@param o how it looks$/);
  assert.equal(await explained("my|Fn(1, 'a')"), "myFn(first: number, second: string): void");
  for (const unknown of ["unknow|n", "unknown.fo|o", "1 + |", "'te|xt'", "|"])
    assert.equal(await explained(unknown), undefined, unknown);
});

test("hover of a name whose type a cell has narrowed, or of a list it has filled, shows the name", async () => {
  await notebook.value(
    "const some = [1].at(0); if (some === undefined) throw 0; const grown = []; grown.push('a')",
  );
  assert.equal(await explained("som|e"), "const some: number");
  assert.equal(await explained("grow|n"), "const grown: string[]");
});

test("a compiler that fails is replaced, and nothing is lost", async () => {
  await notebook.value("const survivor: number = 5");
  const { language } = (notebook.runner as unknown as { engine: { language: { service: object } } }).engine;
  for (const what of ["survivor + 1", "sur"]) {
    language.service = new Proxy(language.service, {
      get: () => () => {
        throw new Error("Debug Failure");
      },
    });
    if (what === "sur") assert.deepEqual(notebook.runner.complete(what, 3).candidates, ["survivor"]);
    else assert.equal(await notebook.value(what), "6");
  }
});

const CELLS = [
  `const { alpha, ...others } = obj;\nconsole.log(\`\${alpha} \${others['be-ta']}\`);`,
  "import { readFile } from 'node:fs/promises';\nconst text = await readFile('x', { encoding: 'utf8' });",
  "const s: Shape = { side: 1, area() { return this.side ** 2 } };\ndraw({ width: s.area(), mode: 'slow' }, 'a');",
  "for (const [k, v] of Object.entries(obj)) if (k.startsWith('a')) { myFn(v, k) } // done\n/* obj. */",
  "const re = /ob[j]'\\//g; obj['alpha'] ? obj?.['be-ta'] : '\u{1F600}obj';",
];

test("every prefix of cells: a completion replaces only what the cursor stands in", async () => {
  await ready;
  let offered = 0;
  for (const code of CELLS)
    for (let at = 0; at <= code.length; at++) {
      const prefix = code.slice(0, at);
      const { start, end, candidates } = notebook.runner.complete(prefix, at);
      assert.ok(start <= at && at <= end && end <= at, `${prefix}: ${start} to ${end}`);
      const typed = prefix.slice(start);
      assert.match(typed, /^[\w$@./:#-]*$/, `what is replaced is one word: ${prefix}`);
      for (const one of candidates) {
        offered++;
        assert.ok(one.toLowerCase().startsWith(typed.toLowerCase()), `${prefix}: ${typed} becomes ${one}`);
        assert.ok(!/[\w$]/.test(prefix.charAt(start - 1)) || !/^[\w$]/.test(one), `${prefix}<${one}>`);
        assert.doesNotMatch(one, /\$cell/);
      }
      if (at % 9 === 0) notebook.runner.inspect(prefix, at);
    }
  assert.ok(offered > 1000);
});

for (const [code, status] of [
  ["function f() {", "incomplete"],
  ["`open", "incomplete"],
  ["`a\n${b", "incomplete"],
  ["/* open", "incomplete"],
  ["1 +", "incomplete"],
  ["foo(", "incomplete"],
  ["const x = [\n1,", "incomplete"],
  ["if (x)", "incomplete"],
  ["async () => {", "incomplete"],
  ["const x = 5", "complete"],
  ["{a: 1, b: 2}", "complete"],
  ["", "complete"],
  ["await f()", "complete"],
  ["const x: number = 'type errors are another matter'", "complete"],
  ["const = 5", "invalid"],
  ["a b c", "invalid"],
  [")", "invalid"],
  ["foo(1))", "invalid"],
  ["'open", "invalid"],
  ["/re", "invalid"],
] as const)
  test(`is complete: ${JSON.stringify(code)}: ${status}`, () =>
    assert.equal(completeness(code).status, status));
