/** The house rules that a machine can check: import order of the folders, no cycles, no dead files. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import test from "node:test";

const LIB = resolve(__dirname, "../lib");

/** A folder imports only itself and folders before it. `index.ts` is the public door and may import all. */
const LAYERS = [
  "base",
  "schema",
  "hardware",
  "mm",
  "machine",
  "trace",
  "workload",
  "strategy",
  "plan",
  "experiment",
  "metrics",
  "chart",
  "report",
  "notebook",
  "fluent",
  "bench",
  "cli",
];

/** Files no other file imports: the doors, a thread, and what kernel-setup/headless.ts loads. */
const ENTRY_POINTS = ["index.ts", "cli/main.ts", "report/run-again-worker.ts", "report/index-page.ts"];

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

test("no dead files", () => {
  const imported = new Set([...graph.values()].flat());
  for (const file of graph.keys())
    assert.ok(
      imported.has(file) || ENTRY_POINTS.includes(name(file)) || name(file).endsWith("/index.ts"),
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
