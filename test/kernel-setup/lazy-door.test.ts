/** The built library opens at once: a name loads what it needs when it is used, and every way of importing sees them all. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import * as source from "../../lib";
import { ROOT } from "../support/cli";

const DOOR = join(ROOT, "dist/index.js");

function printed(args: string[]): unknown {
  const run = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

test("opening the door loads nothing; a machine loads no chart, no YAML and no database", () => {
  const code = `const loaded = () => Object.keys(require.cache).length;
    const lib = require(${JSON.stringify(DOOR)});
    const open = loaded();
    const cma = lib.machine("qemu-virt").memory("256MiB").boot().cma !== undefined;
    const heavy = Object.keys(require.cache).filter((f) => /node_modules.(yaml|echarts|mathjs|@duckdb)/.test(f));
    console.log(JSON.stringify({ open, cma, heavy, same: lib.machine === lib.machine }));`;
  assert.deepEqual(printed(["-e", code]), { open: 1, cma: true, heavy: [], same: true });
});

test("declarations write the statements of plans by name: a cell reads them all at its first import", () => {
  const folder = join(ROOT, "dist/plan");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".d.ts"))) {
    const { size } = statSync(join(folder, file));
    assert.ok(
      size < 64_000,
      `${file}: ${size} bytes: give the fields that it repeats an interface (ObjectField)`,
    );
  }
});

test("declarations lead to no package but Node's: a cell would read and walk through those of DuckDB too", () => {
  const options = { moduleResolution: ts.ModuleResolutionKind.Node10, types: [], noLib: true };
  const files = ts
    .createProgram([join(ROOT, "dist/index.d.ts")], options)
    .getSourceFiles()
    .map(({ fileName }) => fileName);
  assert.ok(files.length > 100, `${files.length} files`);
  const others = files.filter((name) => /node_modules\/(?!@types\/node\/|undici-types\/)/.test(name));
  assert.deepEqual(others, []);
});

test("the built door has the names of the source, for require, for import and for import of one name", () => {
  const names = Object.keys(source).sort();
  assert.ok(names.includes("machine") && names.includes("chart"));
  assert.deepEqual(
    printed(["-e", `console.log(JSON.stringify(Object.keys(require(${JSON.stringify(DOOR)})).sort()))`]),
    names,
  );
  const url = JSON.stringify(pathToFileURL(DOOR).href);
  const code = `import * as all from ${url}; import { machine, chart } from ${url};
    const given = Object.keys(all).filter((n) => !["default", "module.exports", "__esModule"].includes(n)).sort();
    console.log(JSON.stringify({ given, machine: typeof machine, chart: typeof chart }));`;
  assert.deepEqual(printed(["--input-type=module", "-e", code]), {
    given: names,
    machine: "function",
    chart: "object",
  });
});

test("a compiled door of another form is refused, not half understood", () => {
  const script = pathToFileURL(join(ROOT, "kernel-setup/lazy-door.mjs")).href;
  const refusals = [
    'const x = require("./x").y;',
    'Object.defineProperty(exports, "a", { enumerable: true, get: function () { return b_1.a; } });',
  ];
  const code = `import { lazyDoor } from ${JSON.stringify(script)};
    const told = (text) => { try { return lazyDoor(text); } catch (error) { return error.message; } };
    console.log(JSON.stringify(${JSON.stringify(refusals)}.map(told)));`;
  const [loads, unknown] = printed(["--input-type=module", "-e", code]) as string[];
  assert.match(loads!, /this line loads something/);
  assert.match(unknown!, /b_1 is not loaded before/);
});
