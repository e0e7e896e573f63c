/**
 * Every code block of README and docs runs. TypeScript is compiled strictly and executed; shell lines are run, `pageblock` as
 * built; plans in JSON and YAML are read as plans. Numbers of seeds are made 1, so that it does not take hours. Blocks without a
 * language are text.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import test from "node:test";
import { comparisonIn } from "../../lib/plan/comparison";
import { BOOT } from "../../lib/plan/kinds";
import { parsePlan } from "../../lib/plan/run";
import { sweepIn } from "../../lib/plan/sweep";
import { check } from "../../lib/schema/check";
import { parsePlanText } from "../../lib/schema/plan-file";

const ROOT = resolve(__dirname, "../..");

interface Block {
  file: string;
  line: number;
  language: string;
  text: string;
}

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory()
      ? e.name === "api"
        ? []
        : markdownFiles(join(folder, e.name))
      : e.name.endsWith(".md")
        ? [join(folder, e.name)]
        : [],
  );
}

function blocksOf(file: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  for (const [i, line] of readFileSync(file, "utf8").split("\n").entries()) {
    const fence = /^```(\S*)\s*$/.exec(line);
    if (fence === null) {
      if (open !== null) open.text += `${line}\n`;
    } else if (open === null)
      open = { file: relative(ROOT, file), line: i + 1, language: fence[1]!, text: "" };
    else {
      blocks.push(open);
      open = null;
    }
  }
  assert.equal(open, null, `${file}: a block is not closed`);
  return blocks;
}

const blocks = [join(ROOT, "README.md"), ...markdownFiles(join(ROOT, "docs"))].flatMap(blocksOf);
const work = join(ROOT, "build/doc-blocks");
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
// Scripts name fixtures from the clone's root, where a reader runs them.
symlinkSync(join(ROOT, "test"), join(work, "test"), "dir");

/** What a test of its own runs, or what changes the machine it runs on: named here, each with its reason. */
const ELSEWHERE: readonly [pattern: RegExp, why: string][] = [
  [
    /^npm (ci|test|run (lab|test|fuzz|fidelity|build|docs))\b/,
    "the suite itself, or steps that its tests run",
  ],
  [/^(sudo )?apt(-get)? install\b/, "changes the machine"],
  [/^npm install\b/, "test/cli/pack.test.ts installs the package"],
  [
    /^redis-server\b|--(redis|cluster)\b|redis:\/\//,
    "test/experiment/cluster.test.ts starts Redis and workers",
  ],
  [/<[a-z][^>]*>/, "has a place for the reader's own file"],
  [
    /^npx pageblock kernel doctor\b/,
    "test/kernel-setup/jupyter.test.ts asks the doctor, in an environment that has Jupyter",
  ],
  [/^(npx )?pageblock results\b/, "test/cli/experiments.test.ts asks stores of its own"],
  [
    /^(npx )?pageblock sweep docs\/examples\b/,
    "a thousand plans; test/cli/experiments.test.ts runs a smaller sweep",
  ],
  [/^npx pageblock (lab|kernel install)\b/, "tests of kernel-setup install and start it"],
  [
    /^npx pageblock (notebook run|export|verify)\b/,
    "tests of notebooks and reports run, export and verify notebooks",
  ],
];

const environment = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined };
const node = (args: string[]) =>
  spawnSync(process.execPath, args, { cwd: work, env: environment, encoding: "utf8", timeout: 300_000 });

const typescript = blocks.filter((b) => b.language === "ts");
/** Imports stay at the top, the rest may await. */
function moduleOf({ text }: Block): string {
  const lines = text.replace(/\.seeds\(\d+\)/g, ".seeds(1)").split("\n");
  const imports = lines.filter((l) => /^import /.test(l));
  const rest = lines.filter((l) => !/^import /.test(l));
  return `${imports.join("\n")}\nasync function main() {\n${rest.join("\n")}\n}\nmain().catch((e) => { console.error(e); process.exit(1); });\nexport {};\n`;
}
const names = typescript.map((b) => `${b.file.replace(/\W+/g, "_")}_${b.line}`);
typescript.forEach((b, i) => {
  writeFileSync(join(work, `${names[i]}.ts`), moduleOf(b));
});

test("TypeScript blocks compile", () => {
  if (names.length === 0) return;
  writeFileSync(
    join(work, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        ...{ target: "ES2022", lib: ["ES2022"], module: "node16", moduleResolution: "node16", strict: true },
        ...{
          skipLibCheck: true,
          outDir: "out",
          rootDir: ".",
          types: ["node"],
          typeRoots: ["../../node_modules/@types"],
        },
        ...{ paths: { pageblock: ["../../dist/index.d.ts"] } },
      },
      files: names.map((n) => `${n}.ts`),
    }),
  );
  const done = node([join(ROOT, "node_modules/typescript/bin/tsc"), "-p", work]);
  assert.equal(done.status, 0, done.stdout);
});

typescript.forEach((b, i) => {
  test(`${b.file}:${b.line}: runs`, () => {
    const done = node([join(work, "out", `${names[i]}.js`)]);
    assert.equal(done.status, 0, `${done.stdout}${done.stderr}`);
  });
});

for (const b of blocks.filter((one) => ["sh", "bash", "shell"].includes(one.language)))
  test(`${b.file}:${b.line}: every line runs`, () => {
    for (const raw of b.text.split("\n")) {
      const line = raw
        .replace(/\s+#.*$/, "")
        .replace(/ --seeds \d+/, " --seeds 1")
        .trim();
      if (line === "" || line.startsWith("#") || ELSEWHERE.some(([pattern]) => pattern.test(line))) continue;
      const command = /^(?:npx )?pageblock (.*)$/.exec(line);
      assert.ok(command, `a line that no test knows how to run: ${line}`);
      const done = spawnSync(`"${process.execPath}" "${join(ROOT, "dist/cli/main.js")}" ${command[1]}`, {
        ...{ cwd: ROOT, env: environment, encoding: "utf8", shell: true, timeout: 300_000 },
      });
      assert.equal(done.status, 0, `${line}\n${done.stdout}${done.stderr}`);
    }
  });

for (const b of blocks.filter((one) => ["yaml", "json"].includes(one.language)))
  test(`${b.file}:${b.line}: is a plan, a comparison or a sweep`, () => {
    const written = parsePlanText(b.text, b.file);
    const keys = Object.keys(written.value as object);
    if (keys.includes("over")) sweepIn(written);
    else if (keys.includes("strategies")) comparisonIn(written);
    else if (keys.join() === "machine") check(BOOT, (written.value as { machine: unknown }).machine);
    else parsePlan(written.value, written.locate);
  });

test("every block has a language that is run, or none", () => {
  for (const b of blocks)
    assert.ok(
      ["", "text", "ts", "sh", "json", "yaml", "csv", "sql", "mermaid"].includes(b.language),
      `${b.file}:${b.line}: ${b.language}`,
    );
});
