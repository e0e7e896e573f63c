/**
 * Every function and class that the library exports has an `@example`, which compiles and runs. In an example
 * `expression; // => value` says what the expression gives: it is compared. One process, the built library.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import test from "node:test";
import ts from "typescript";

const ROOT = resolve(__dirname, "../..");
const DOOR = join(ROOT, "dist/index.d.ts");

/** Exports that are shown by the example of another: nobody makes one of these with `new`. */
const SHOWN_BY: Readonly<Record<string, string>> = {
  Change: "change",
  ComparisonBuilder: "compare",
  ComparisonResult: "compare",
  KernelsBuilder: "compareKernels",
  KernelsComparison: "compareKernels",
  SweepBuilder: "sweep",
  SweepResult: "sweep",
  ScorecardBuilder: "scorecard",
  RobustBuilder: "robust",
  RobustResult: "robust",
  ScorecardResult: "scorecard",
  WorkloadBuilder: "workload",
  PlannedCurve: "curves",
  RunResult: "experiment",
  CheckedRecording: "recording",
  Explanation: "explain",
  AdviseBuilder: "advise",
  AdviceResult: "advise",
  SearchThresholdResult: "scorecard",
  thresholdText: "thresholdOf",
};

/** Exports without an example, each with its reason. */
const WITHOUT: Readonly<Record<string, string>> = {
  Cancelled: "thrown when somebody stops a run",
  LawBroken: "thrown for a fault of the model itself",
  Lru: "a part of a running machine, which makes it",
  RoomMaker: "a part of a running machine, which makes it",
  ZoneReports: "what PageAllocator.zone() gives",
  bootstrapMedian: "takes the engine's own random numbers, which are not exported",
  paired: "takes the engine's own random numbers, which are not exported",
};

interface Example {
  name: string;
  place: string;
  code: string;
}

function optionsOf(): ts.CompilerOptions {
  const file = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(file.config, ts.sys, ROOT);
  const { rootDir: _rootDir, outDir: _outDir, ...rest } = options;
  return {
    ...rest,
    noEmit: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noUnusedLocals: false,
    baseUrl: ROOT,
    paths: { pageblock: ["dist/index.d.ts"] },
    typeRoots: [join(ROOT, "node_modules/@types")],
  };
}

/** Every exported function, class and constant by its public name, members of `chart` and `metrics` as `chart.bars`. */
function exportsOf(program: ts.Program): Map<string, ts.Symbol> {
  const checker = program.getTypeChecker();
  const found = new Map<string, ts.Symbol>();
  const visit = (module: ts.Symbol, prefix: string) => {
    for (const one of checker.getExportsOfModule(module)) {
      const symbol = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
      if (symbol.flags & ts.SymbolFlags.ValueModule) visit(symbol, `${prefix}${one.name}.`);
      else if (symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class | ts.SymbolFlags.Variable))
        found.set(`${prefix}${one.name}`, symbol);
    }
  };
  visit(checker.getSymbolAtLocation(program.getSourceFile(DOOR)!)!, "");
  return found;
}

/** The fenced TypeScript of every `@example` of a symbol. */
function examplesOf(name: string, symbol: ts.Symbol, checker: ts.TypeChecker): Example[] {
  const declared = symbol.declarations![0]!.getSourceFile().fileName;
  return symbol
    .getJsDocTags(checker)
    .filter((tag) => tag.name === "example")
    .map((tag, i) => {
      const text = ts.displayPartsToString(tag.text);
      const place = `${name} (${relative(ROOT, declared)}), example ${i + 1}`;
      const block = /^```ts\n([\s\S]*?)\n```/.exec(text.trim());
      assert.ok(block, `${place}: must be a fenced block of ts`);
      return { name, place, code: `${block[1]}\n` };
    });
}

/** The example as a program: statements with `// => value` become checks, and all of them may await. */
function checked(file: ts.SourceFile): { imports: string; body: string; checks: number } {
  const text = file.text;
  let imports = "";
  let body = "";
  let checks = 0;
  for (const statement of file.statements) {
    const code = statement.getText(file);
    if (ts.isExportDeclaration(statement)) continue;
    if (ts.isImportDeclaration(statement)) {
      imports += `${code}\n`;
      continue;
    }
    const rest = text.slice(statement.end, text.indexOf("\n", statement.end));
    const value = /^\s*\/\/ => (.*)$/.exec(rest)?.[1];
    const inner = ts.isIfStatement(statement) ? statement.thenStatement : statement;
    if (value === undefined) body += `${code}\n`;
    else {
      assert.ok(ts.isExpressionStatement(inner), `=> needs an expression: ${code}`);
      checks++;
      const check = `__equal(${inner.expression.getText(file)}, ${value});\n`;
      body += ts.isIfStatement(statement) ? `if (${statement.expression.getText(file)}) ${check}` : check;
    }
  }
  return { imports, body, checks };
}

const files = new Map<string, string>();
const options = optionsOf();
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists, readFile } = host;
host.getSourceFile = (name, version) =>
  files.has(name) ? ts.createSourceFile(name, files.get(name)!, version, true) : getSourceFile(name, version);
host.fileExists = (name) => files.has(name) || fileExists(name);
host.readFile = (name) => files.get(name) ?? readFile(name);

const library = ts.createProgram([DOOR], options, host);
const checker = library.getTypeChecker();
const exported = exportsOf(library);
const examples = [...exported].flatMap(([name, symbol]) => examplesOf(name, symbol, checker));
examples.forEach((one, i) => files.set(join(ROOT, "build", `example-${i}.ts`), `${one.code}export {};\n`));
const program = ts.createProgram([DOOR, ...files.keys()], options, host, library);
const built = createRequire(join(ROOT, "dist/index.js"));
const door = (id: string) => built(id === "pageblock" ? join(ROOT, "dist/index.js") : id);

test("every exported function and class has an example, and no exception is left over", () => {
  const withExample = new Set(examples.map((one) => one.name));
  const missing = [...exported].filter(([name, symbol]) => {
    if ((symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Class)) === 0) return false;
    return !withExample.has(name) && !(name in WITHOUT) && !withExample.has(SHOWN_BY[name] ?? "");
  });
  assert.deepEqual(
    missing.map(([name]) => name),
    [],
    "write an @example in the doc comment",
  );
  for (const name of [...Object.keys(WITHOUT), ...Object.keys(SHOWN_BY)])
    assert.ok(exported.has(name) && !withExample.has(name), `${name} needs no exception any more`);
});

examples.forEach((one, i) => {
  test(`example: ${one.place}`, async () => {
    const file = program.getSourceFile(join(ROOT, "build", `example-${i}.ts`))!;
    const faults = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    assert.deepEqual(
      faults.map((fault) => ts.flattenDiagnosticMessageText(fault.messageText, "\n")),
      [],
      one.code,
    );
    const { imports, body } = checked(file);
    const source = `${imports}export default async (__equal: (...of: unknown[]) => void) => {\n${body}};\n`;
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
    });
    const exports: { default?: (equal: (actual: unknown, expected: unknown) => void) => Promise<void> } = {};
    new Function("require", "exports", outputText)(door, exports);
    // What examples print is text; what the test runner reports through the same stream is not.
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = ((chunk: string | Uint8Array) =>
      typeof chunk === "string" || write(chunk)) as typeof process.stdout.write;
    try {
      await exports.default!((actual, expected) =>
        assert.deepEqual(
          JSON.parse(JSON.stringify({ actual })),
          JSON.parse(JSON.stringify({ actual: expected })),
        ),
      );
    } finally {
      process.stdout.write = write;
    }
  });
});

test("an example whose value is not what it says would be noticed", () => {
  const code = "const n = 1;\nn + 1; // => 3\nif (n > 0) n; // => 1\nn;\n";
  const { body, checks } = checked(ts.createSourceFile("x.ts", code, ts.ScriptTarget.ES2022, true));
  assert.equal(checks, 2);
  assert.equal(body, "const n = 1;\n__equal(n + 1, 3);\nif (n > 0) __equal(n, 1);\nn;\n");
});
