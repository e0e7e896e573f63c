/** The builder of the cells' programs answers what tslab asks as the compiler's own builder does, without its bookkeeping. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import type * as TS from "@tslab/typescript-for-tslab";
import { createCellProgram } from "../../kernel-setup/cell-program";
import { ts } from "../../kernel-setup/tslab-internals";

const folder = mkdtempSync(join(tmpdir(), "pageblock-cell-program-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const FILES: Record<string, string> = {
  "cell.ts":
    '/// <reference path="./named.ts" />\nimport { b } from "./b";\nimport { readFileSync } from "node:fs";\nexport const a: number = b;\nexport const f = readFileSync;',
  "b.ts": 'import type { C } from "./types";\nexport { d as b } from "./d";\nexport type B = C;',
  "d.ts": 'import "./cell";\nexport const d = 4;',
  "types.d.ts": 'import type { E } from "./e";\nexport type C = E;',
  "e.ts": "export type E = string;",
  "named.ts": "declare const named: number;",
  "apart.ts": "export const apart = 1;",
};
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
const path = (name: string) => join(folder, name).replaceAll("\\", "/");
const options: TS.CompilerOptions = {
  ...{ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] },
  ...{ target: ts.ScriptTarget.ES2022, lib: ["lib.es2022.d.ts"] },
};
const programArguments = () =>
  [["cell.ts", "apart.ts"].map(path), options, ts.createIncrementalCompilerHost(options)] as const;

test("the sources that a cell depends on are those that the compiler's own bookkeeping finds", () => {
  const ours = createCellProgram(...programArguments());
  const theirs = ts.createEmitAndSemanticDiagnosticsBuilderProgram(...programArguments());
  for (const name of ["cell.ts", "b.ts", "d.ts", "e.ts"]) {
    const sources = (builder: TS.BuilderProgram) =>
      builder
        .getAllDependencies(builder.getSourceFile(path(name))!)
        .filter((file) => file.startsWith(path("")))
        .sort();
    assert.deepEqual(sources(ours), sources(theirs), name);
  }
  const all = ours.getAllDependencies(ours.getSourceFile(path("cell.ts"))!);
  for (const name of ["cell.ts", "b.ts", "d.ts", "e.ts", "named.ts"])
    assert.ok(all.includes(path(name)), name);
  assert.ok(!all.includes(path("apart.ts")));
});

test("the names that a cell declares are known before it is checked", () => {
  const builder = createCellProgram(...programArguments());
  const { locals } = builder.getSourceFile(path("cell.ts")) as unknown as { locals: Map<string, unknown> };
  assert.deepEqual([...locals.keys()].sort(), ["a", "b", "f", "readFileSync"]);
  const imported = builder.getSourceFile(path("b.ts")) as unknown as { locals?: unknown };
  assert.equal(imported.locals, undefined, "no checker was made, which would have bound every file");
});
