/** docs/architecture.md says what the code is: its folders in their order, every field of the main structures, the names it uses. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";
import ts from "typescript";
import { RUN_FIELDS } from "../../lib/plan/run";
import { REQUEST_FIELDS } from "../../lib/strategy/request";

const ROOT = resolve(__dirname, "../..");
const page = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");

/** The text below a heading, up to the next one of its level or above. */
function section(heading: string): string {
  const level = /^#+/.exec(heading)![0].length;
  const [, rest] = page.split(`\n${heading}\n`);
  assert.ok(rest !== undefined, `no heading "${heading}"`);
  return rest.split(new RegExp(`\n#{1,${level}} `))[0]!;
}

/** The names in the first column of the tables of a text. */
function rowNames(text: string): string[] {
  const cells = [...text.matchAll(/^\| ([^|]*) \|/gm)].map((m) => m[1]!);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((m) => m[1]!));
}

test("its table of folders is the list of layers in test/tidy.test.ts, in that order", () => {
  const tidy = readFileSync(join(ROOT, "test/tidy.test.ts"), "utf8");
  const list = /const LAYERS = \[([\s\S]*?)\];/.exec(tidy)![1]!;
  const layers = [...list.matchAll(/"([a-z]+)"/g)].map((m) => m[1]!);
  assert.ok(layers.length > 10);
  const [table] = section("## Folders").split("Beside `lib/`");
  assert.deepEqual(rowNames(table!), layers);
});

test("its rooms of mm are the folders of lib/mm", () => {
  const rooms = readdirSync(join(ROOT, "lib/mm"), { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => `mm/${e.name}`);
  const [, table] = section("## Folders").split("Beside `lib/`");
  assert.deepEqual(rowNames(table!).sort(), rooms.sort());
});

/** Heading, file and name of each structure whose fields have a table. */
const STRUCTURES: readonly [heading: string, file: string, name: string][] = [
  ["### Memory", "lib/mm/state/frame-columns.ts", "FrameColumns"],
  ["### Memory", "lib/mm/state/memory.ts", "Memory"],
  ["### Owners and holds", "lib/mm/state/page-hold.ts", "PageHold"],
  ["### Zone", "lib/mm/state/zone.ts", "Zone"],
  ["### PerCpuPages", "lib/mm/state/per-cpu-pages.ts", "PerCpuPages"],
  ["### SlowPathHelp and TracePoints", "lib/mm/state/slow-path-help.ts", "SlowPathHelp"],
  ["### Slots", "lib/machine/page-slots.ts", "PageSlots"],
  ["### Outcome", "lib/experiment/plan.ts", "Outcome"],
  ["### Outcome", "lib/experiment/plan.ts", "RequestColumns"],
];

/** Public fields of a class or an interface; methods are not fields. */
function fieldsOf(file: string, name: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.ES2022);
  const declared = source.statements.find(
    (s): s is ts.ClassDeclaration | ts.InterfaceDeclaration =>
      (ts.isClassDeclaration(s) || ts.isInterfaceDeclaration(s)) && s.name?.text === name,
  );
  assert.ok(declared, `${file} declares no ${name}`);
  const members: readonly ts.Node[] = declared.members;
  return members
    .filter(
      (m): m is ts.PropertyDeclaration | ts.PropertySignature =>
        ts.isPropertyDeclaration(m) || ts.isPropertySignature(m),
    )
    .filter((m) => !m.modifiers?.some((x) => x.kind === ts.SyntaxKind.PrivateKeyword))
    .map((m) => (m.name as ts.Identifier).text);
}

/** Plans are stated, not declared: their fields are the statement's. */
const STATED: readonly string[] = [...Object.keys(RUN_FIELDS), ...Object.keys(REQUEST_FIELDS)];

test('every field of a plan and its request is explained below "### Plan", and none is left over', () => {
  assert.deepEqual(rowNames(section("### Plan").replace(/\| [^|]* \|$/gm, "|")).sort(), [...STATED].sort());
});

for (const [heading, file, name] of STRUCTURES)
  test(`every field of ${name} is explained below "${heading}"`, () => {
    const explained = rowNames(section(heading));
    const missing = fieldsOf(file, name).filter((field) => !explained.includes(field));
    assert.deepEqual(missing, []);
  });

for (const heading of ["### Memory", "### Zone", "### PerCpuPages", "### Outcome"])
  test(`no field below "${heading}" is left over`, () => {
    const known = STRUCTURES.filter(([h]) => h === heading).flatMap(([, file, name]) => fieldsOf(file, name));
    const [fields] = section(heading).split("The state byte");
    for (const name of rowNames(fields!.replace(/\| [^|]* \|$/gm, "|")))
      assert.ok(known.includes(name), name);
  });

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? sources(join(folder, e.name)) : e.name.endsWith(".ts") ? [join(folder, e.name)] : [],
  );
}

test("every file and folder it names is there", () => {
  const named = [...page.matchAll(/`((?:lib|test|docs|notebooks|kernel-setup)\/[\w./-]*)`/g)].map(
    (m) => m[1]!,
  );
  assert.ok(named.length > 30);
  for (const path of named) assert.ok(existsSync(join(ROOT, path)), path);
});

test("every function it names is in lib, or is the kernel's", () => {
  const code = sources(join(ROOT, "lib"))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const named = new Set([...page.matchAll(/\b([a-z][\w.]*)\(\)/g)].map((m) => m[1]!.split(".").at(-1)!));
  assert.ok(named.size > 50);
  for (const name of named) assert.match(code, new RegExp(`\\b${name}\\b`), `${name}()`);
});
