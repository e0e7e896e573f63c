/** Mutants of a small source, planted in its text: each acts alone, and only when it is asked for. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import ts from "typescript";
import { equivalentOf } from "./equivalents";
import { type Mutant, mutantsOfFiles } from "./mutants";
import { plant } from "./plant";
import { interval, tellVerdicts } from "./report";

const SOURCE = `function assert(c: boolean) { if (!c) throw new Error("own fault"); }
export function f(a: number, b: number): number {
  assert(a < 1000);
  let n = 0;
  if (a < b && b !== 7) n += a;
  else n = a << b;
  return n;
}
export const g = (words: string) => words + "!";
`;

function mutants(): Mutant[] {
  const root = mkdtempSync(join(tmpdir(), "pageblock-mutants-"));
  try {
    writeFileSync(join(root, "a.ts"), SOURCE);
    return mutantsOfFiles(root, ["a.ts"]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const all = mutants();
const compiled = (as: "asks" | "notes") => {
  const { outputText } = ts.transpileModule(plant(SOURCE, all, as), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const made = new Function("$mutant", "$reached", "exports", `${outputText}; return exports.f;`);
  return (mutant: number, reached = new Uint8Array(100)) =>
    made(mutant, reached, {}) as (a: number, b: number) => number;
};

test("every operator, number, condition and statement has its mutants; own faults and texts have none", () => {
  const told = all.map((m) => `${m.line} ${m.before} → ${m.after}`);
  for (const one of [
    "5 a < b && b !== 7 → !(a < b && b !== 7)",
    "5 a < b && b !== 7 → (a < b) || (b !== 7)",
    "5 a < b → a <= b",
    "5 b !== 7 → b === 7",
    "5 7 → 8",
    "5 7 → 6",
    "5 n += a; → ",
    "5 n += a → n -= a",
    "6 a << b → a << (b + 1)",
    "7 n → (n) + 1",
  ])
    assert.ok(told.includes(one), `${one} among\n${told.join("\n")}`);
  assert.ok(!told.some((t) => t.startsWith("3 ") || t.startsWith("9 ")), told.join("\n"));
});

test("planted together, each acts only when it is asked for", () => {
  const of = compiled("asks");
  const id = (before: string, after: string) => all.find((m) => m.before === before && m.after === after)!.id;
  assert.deepEqual([of(0)(1, 2), of(0)(3, 2), of(0)(1, 7)], [1, 12, 128]);
  assert.equal(of(id("a < b", "a <= b"))(2, 2), 2);
  assert.equal(of(0)(2, 2), 8);
  assert.equal(of(id("n += a;", ""))(1, 2), 0);
  assert.equal(of(id("n += a", "n -= a"))(1, 2), -1);
  assert.equal(of(id("a << b", "a << (b + 1)"))(3, 2), 24);
  assert.equal(of(id("n", "(n) + 1"))(1, 2), 2);
});

test("for coverage each notes that it was reached, and changes nothing", () => {
  const reached = new Uint8Array(100);
  assert.equal(compiled("notes")(0, reached)(1, 2), 1);
  const line = (n: number) => all.filter((m) => m.line === n).map((m) => reached[m.id]);
  assert.ok(line(7).every((r) => r === 1));
  assert.ok(
    line(6).every((r) => r === 0),
    "the branch that was not taken",
  );
});

test("equivalents are found by their text; the share has Wilson's interval", () => {
  const one = all.find((m) => m.before === "a < b")!;
  const entry = { file: "a.ts", line: one.source, before: "a < b", why: "because" };
  assert.equal(equivalentOf({ ...one, line: 99 }, [entry]), entry);
  assert.equal(equivalentOf(one, [{ ...entry, after: "a > b" }]), undefined);
  // Of 10, 8: 0.490 to 0.943 (Newcombe 1998, method 3).
  const [low, high] = interval(8, 10);
  assert.ok(Math.abs(low - 0.49) < 0.001 && Math.abs(high - 0.9433) < 0.001, `${low} ${high}`);
  const verdicts = all.map((mutant, i) => ({ mutant, killedBy: i === 0 ? null : "a test", why: "" }));
  const found = { all: all.length, equivalent: 0, verdicts, broken: [], seed: 1, unused: [] };
  const { text, share } = tellVerdicts({ ...found, reached: new Set([all[0]!.id]), atLoad: new Set() });
  assert.equal(share, (all.length - 1) / all.length);
  assert.match(text.split("\n")[0]!, /^a\.ts:\d+: /);
});
