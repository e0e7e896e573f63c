/** The house rules that a machine can check: import order of the folders, no cycles, no dead files. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import test from "node:test";
import ts from "typescript";

const LIB = resolve(__dirname, "../lib");

/** A folder imports only itself and folders before it. `index.ts` is the public door and may import all. */
const LAYERS = [
  "base",
  "schema",
  "hardware",
  "mm",
  "change",
  "machine",
  "trace",
  "recorder",
  "workload",
  "strategy",
  "ideas",
  "plan",
  "experiment",
  "metrics",
  "calibration",
  "reproduce",
  "chart",
  "report",
  "explain",
  "notebook",
  "fluent",
  "page",
  "bench",
  "cli",
];

/** Files no other file imports: the doors, threads and processes, what kernel-setup/headless.ts loads, and what is bundled for browsers. */
const ENTRY_POINTS = [
  "page/expected-time.ts",
  "index.ts",
  "cli/main.ts",
  "experiment/plan-process.ts",
  "experiment/user-sql-process.ts",
  "report/run-again-worker.ts",
  "report/index-page.ts",
  "base/sha256.ts",
  "page/engine-worker.ts",
  "page/boot-worker.ts",
  "page/explain-worker.ts",
];

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? sources(join(folder, e.name)) : e.name.endsWith(".ts") ? [join(folder, e.name)] : [],
  );
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const found: string[] = [];
  for (const m of text.matchAll(/(?:from\s+|import\s*\(\s*|require\s*\(\s*|import\s+)"(\.{1,2}\/[^"]*)"/g)) {
    const base = resolve(dirname(file), m[1]!);
    const hit = [`${base}.ts`, join(base, "index.ts"), base].find((p) => existsSync(p) && p.endsWith(".ts"));
    if (hit) found.push(hit);
    else if (!m[1]!.endsWith(".json"))
      assert.fail(`${relative(LIB, file)} imports ${m[1]}, which is not there`);
  }
  return found;
}

const graph = new Map(sources(LIB).map((f) => [f, importsOf(f)]));
const name = (f: string) => relative(LIB, f);

test("every folder of lib is a known layer", () => {
  for (const file of graph.keys()) {
    const [top, rest] = name(file).split("/");
    if (rest === undefined) assert.ok(top === "index.ts", `lib/${top} lies outside the layers`);
    else assert.ok(LAYERS.includes(top!), `lib/${top} is not a layer`);
  }
});

test("imports go one way", () => {
  for (const [file, imports] of graph) {
    if (name(file) === "index.ts") continue;
    const from = LAYERS.indexOf(name(file).split("/")[0]!);
    for (const target of imports) {
      assert.notEqual(name(target), "index.ts", `${name(file)} imports the public door`);
      const to = LAYERS.indexOf(name(target).split("/")[0]!);
      assert.ok(to <= from, `${name(file)} imports ${name(target)}, which lies above it`);
    }
  }
});

test("no import cycles", () => {
  const state = new Map<string, "open" | "done">();
  const visit = (file: string, path: string[]) => {
    if (state.get(file) === "done") return;
    assert.notEqual(state.get(file), "open", `cycle: ${[...path, file].map(name).join(" → ")}`);
    state.set(file, "open");
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) visit(file, []);
});

/** Commands are found by listing their folder. */
function isCommand(file: string): boolean {
  return name(file).startsWith("cli/") && /^export function register\(/m.test(readFileSync(file, "utf8"));
}

test("no dead files", () => {
  const imported = new Set([...graph.values()].flat());
  for (const file of graph.keys())
    assert.ok(
      imported.has(file) ||
        ENTRY_POINTS.includes(name(file)) ||
        name(file).endsWith("/index.ts") ||
        isCommand(file),
      `nothing imports lib/${name(file)}`,
    );
});

test("below experiment/ nothing reads a clock or the host's randomness", () => {
  const pure = LAYERS.slice(0, LAYERS.indexOf("experiment"));
  for (const file of graph.keys()) {
    if (!pure.includes(name(file).split("/")[0]!)) continue;
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    assert.doesNotMatch(text, /Math\.random|Date\.now|performance\.now|hrtime|new Date\(/, name(file));
  }
});

/** Folders that draw, write and measure: no result of a plan depends on their numbers. */
const NO_RESULTS = ["chart", "report", "notebook", "bench", "cli"];

/** Of `Math`: what IEEE 754 or ECMAScript fixes to the bit. */
const EXACT = new Set(
  "abs ceil clz32 floor fround imul max min round sign sqrt trunc E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2".split(
    " ",
  ),
);

/** What engines may round as they like: other members of `Math`, and powers other than squares and whole powers of whole numbers. */
function looseIn(file: string): string[] {
  const found: string[] = [];
  const isMath = (node: ts.Node) => ts.isIdentifier(node) && node.text === "Math";
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && isMath(node.expression)) {
      if (!EXACT.has(node.name.text)) found.push(node.getText());
    } else if (isMath(node)) found.push(node.parent.getText());
    else ts.forEachChild(node, visit);
    if (!ts.isBinaryExpression(node)) return;
    const { operatorToken, left, right } = node;
    if (operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskEqualsToken) found.push(node.getText());
    if (operatorToken.kind !== ts.SyntaxKind.AsteriskAsteriskToken || right.getText() === "2") return;
    if (!/^\d+$/.test(left.getText()) || !looksWhole(right)) found.push(node.getText());
  };
  visit(parsed(file));
  return found;
}

/** Whether nothing in an exponent makes a fraction of whole numbers: no division, draw or fraction that is not rounded. */
function looksWhole(exponent: ts.Expression): boolean {
  const text = exponent.getText().replace(/Math\.(?:ceil|floor|round|trunc)\([^;]*\)/g, "0");
  return !/[/]|\.\d|\brandom\b|float\(|exponential\(|^\(?-(?!\d)/.test(text);
}

test("results use no function of which engines choose the last bits", () => {
  for (const file of graph.keys()) {
    if (NO_RESULTS.includes(name(file).split("/")[0]!)) continue;
    assert.deepEqual(looseIn(file), [], `${name(file)}: use lib/base/elementary.ts and power.ts`);
  }
});

/** Files that read files of their own: of this package, of this process, or made by themselves a moment before. */
const OWN_READERS: Readonly<Record<string, string>> = {
  "base/open-regular.ts": "the door itself: opens what somebody names",
  "base/outside-file.ts": "the door itself: reads what was opened",
  "base/peak-rss.ts": "/proc of this process",
  "change/check-types.ts": "the declarations of this package",
  "cli/command-line.ts": "package.json of this package",
  "experiment/early-runs.ts": "a file of its own in a temporary folder",
  "experiment/engine-version.ts": "the sources of this package",
  "recorder/build.ts": "what it built in a folder of its own",
  "recorder/guest-machine.ts": "makes the ring of a guest",
  "recorder/packages.ts": "what it fetched into a folder of its own",
  "recorder/record.ts": "the ring of its own guest",
  "report/assets.ts": "scripts and fonts of this package",
  "report/atlas/how-sure.ts": "stored results of this package",
  "report/chromium.ts": "what Chromium wrote in a temporary folder",
  "report/docs-pages.ts": "the documents of this package",
  "report/parquet.ts": "what DuckDB wrote in a temporary folder",
  "report/provenance.ts": "package.json of this package",
  "report/static-server.ts": "a file that it has looked at, below the folder that it serves",
  "reproduce/reproduce.ts": "the programs of this package",
};

test("a file that somebody names is read by lib/base/outside-file.ts alone", () => {
  const reads = /\b(?:readFile|readFileSync|createReadStream|openSync|readSync|readv?Sync|openAsBlob)\b/;
  const unpacks = /\b(?:gunzip|unzip|inflate|inflateRaw|brotliDecompress|zstdDecompress)Sync\(/;
  const files = [...graph.keys()].filter((file) => {
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    if (unpacks.test(text)) assert.match(text, /maxOutputLength/, `${name(file)}: unpacks without a limit`);
    return reads.test(text.replace(/use readFileSync\(\)|^ {4}readFile: /gm, ""));
  });
  for (const file of files) assert.ok(name(file) in OWN_READERS, `${name(file)} reads files by itself`);
});

test("no list is spread into the arguments of Math.max() or Math.min(): the stack has room for some 120,000", () => {
  for (const file of graph.keys()) {
    if (name(file) === "base/extremes.ts") continue;
    assert.doesNotMatch(readFileSync(file, "utf8"), /Math\.(?:max|min)\([^()]*\.\.\./, name(file));
  }
});

/** The tables of kernel releases, the only files that date a difference. */
const RELEASE_TABLES = ["hardware/kernel-release.ts", "hardware/kernel-switches.ts"];

test("what a release does is asked of the tables by name, nowhere by comparing releases", () => {
  const keyed = /(?:^|[{,[])\s*["'`][4-7]\.\d{1,2}["'`]\]?\s*:/m;
  const compared = /\b(?:release|kernel)\b\s*(?:[<>]=?|[!=]==?)\s*["'`]\d/;
  for (const file of graph.keys()) {
    if (RELEASE_TABLES.includes(name(file))) continue;
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const fromTable = /import[^;]*\bsince\b[^;]*from "[^"]*kernel-/;
    assert.doesNotMatch(text, fromTable, `${name(file)}: since()`);
    assert.doesNotMatch(text, /\bsince\s*\(\s*[^,()]+,\s*["'`]\d/, `${name(file)}: since(release, …)`);
    if (!name(file).startsWith("hardware/kernel-"))
      assert.doesNotMatch(text, keyed, `${name(file)}: a release as a key`);
    assert.doesNotMatch(text, compared, `${name(file)}: a release compared with a text`);
  }
});

/** The simulated machine: every part of it belongs to one machine, and its functions are read before they are run. */
const ENGINE = ["mm", "machine", "trace"];

/**
 * Functions that run several times per page, where one object more costs more than a long list of arguments. Those that serve a
 * request take its AllocContext; these also run without one.
 */
const MANY_PARAMETERS: Readonly<Record<string, string>> = {
  "mm/allocation/free-one-page.ts: freeOnePage": "every page that is freed or drained",
  "mm/allocation/free-one-page.ts: placeFreed": "the same, and every run of pages that a drain frees as one",
  "mm/allocation/rmqueue-smallest.ts: takeAndExpand": "every page that leaves the buddy lists",
  "mm/allocation/zone-watermark.ts: zoneWatermarkOk":
    "every zone that a request looks at, kswapd's and compaction's checks",
};
const MOST_PARAMETERS = 5;

const engineFiles = [...graph.keys()].filter((f) => ENGINE.includes(name(f).split("/")[0]!));
const parsed = (file: string) =>
  ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);

test("functions of the engine have at most five parameters", () => {
  const found: string[] = [];
  for (const file of engineFiles) {
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && node.parameters.length > MOST_PARAMETERS)
        found.push(`${name(file)}: ${node.name?.getText() ?? ts.SyntaxKind[node.kind]}`);
      ts.forEachChild(node, visit);
    };
    visit(parsed(file));
  }
  assert.deepEqual(found.sort(), Object.keys(MANY_PARAMETERS).sort());
});

/**
 * A value at module level is shared by all machines of a process. Tables are named in capitals and never written to; kinds of
 * recordings and functions are the only other values.
 */
test("modules of the engine keep no state", () => {
  for (const file of engineFiles)
    for (const statement of parsed(file).statements) {
      if (!ts.isVariableStatement(statement)) continue;
      const isConst = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
      for (const d of statement.declarationList.declarations) {
        const what = `${name(file)}: ${d.name.getText()}`;
        assert.ok(isConst, `${what} can be set again`);
        const value = d.initializer;
        const mutable =
          value !== undefined &&
          (ts.isObjectLiteralExpression(value) ||
            ts.isArrayLiteralExpression(value) ||
            ts.isNewExpression(value));
        if (mutable && !/^[A-Z][A-Z0-9_]*$/.test(d.name.getText()))
          assert.equal(d.type?.getText(), "FidelityKind", `${what} is shared by all machines of a process`);
      }
    }
});
