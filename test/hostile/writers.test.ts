/**
 * Everything that writes: after every step of writing, as when the process is killed there, what lies under the name is the old
 * file or the new one; a full disk and a refused folder leave the old one, nothing beside it, and a line that says how to go on.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { writeNotebook } from "../../kernel-setup/notebook-runner";
import { canonicalJson } from "../../lib/base/canonical-json";
import { writeAtomically } from "../../lib/base/write-atomically";
import { recordPerformance } from "../../lib/bench/performance";
import { exportResults } from "../../lib/experiment/results";
import { runToText } from "../../lib/experiment/run-text";
import { parsePlan, planHash } from "../../lib/plan/run";
import { exportNotebook } from "../../lib/report/export";
import { saveFigure } from "../../lib/report/save-figure";
import { reproduce, writeReproduction } from "../../lib/reproduce/reproduce";
import { writeMachineSnapshot } from "../../lib/trace/machine-snapshot";
import { ROOT } from "../support/cli";
import { GALLERY } from "../support/figures";
import { chart, code, markdown, notebook } from "../support/notebooks";

const folder = fs.mkdtempSync(join(tmpdir(), "pageblock-writers-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const source = join(folder, "n.ipynb");
fs.writeFileSync(source, JSON.stringify(notebook(markdown("# A title"), code("x", chart(GALLERY.bars!)))));
const plan = parsePlan({
  machine: { board: "qemu-virt", memory: "256MiB" },
  strategy: "buddy",
  request: { size: "4MiB" },
});
const runs = [{ ...runToText(plan), hash: planHash(plan), plan: canonicalJson(plan) }];
const entry = { date: "2026-01-01", machine: "m", engine: "e", figures: {} };

/** Writers by the file that they make in a folder. `again`: over one that is there. */
const WRITERS: Record<string, { file: string; write: (out: string) => unknown; again?: false }> = {
  "any file": { file: "any.txt", write: (out) => writeAtomically(join(out, "any.txt"), "x".repeat(10_000)) },
  "a snapshot": {
    file: "s.gz",
    write: (out) => writeMachineSnapshot(join(out, "s.gz"), { format: "pageblock-snapshot" } as never),
  },
  "a figure": { file: "f.svg", write: (out) => saveFigure(GALLERY.bars!, join(out, "f.svg")) },
  "a page": { file: "n.html", write: (out) => exportNotebook(source, "html", out, { live: false }) },
  slides: { file: "n.slides.html", write: (out) => exportNotebook(source, "slides", out, { live: false }) },
  markdown: { file: "n.md", write: (out) => exportNotebook(source, "md", out) },
  "an executed notebook": { file: "e.ipynb", write: (out) => writeNotebook(out, "e.ipynb", { cells: [] }) },
  "an entry of performance": {
    file: "p.json",
    write: (out) => recordPerformance(join(out, "p.json"), entry),
  },
  "a folder for a real machine": {
    file: "iron",
    write: (out) => writeReproduction(join(out, "iron"), reproduce(plan)),
    again: false,
  },
};

const OLD = '{ "format": 1, "entries": [] }';

/** A fresh folder, in which `file` lies already. */
function prepared(name: string, { file, again }: { file: string; again?: false }): string {
  const out = fs.mkdtempSync(join(folder, `${name.replaceAll(" ", "-")}-`));
  if (again !== false) fs.writeFileSync(join(out, file), OLD);
  return out;
}

/** What lies under a name: null for nothing, the content of a file, all of a folder. */
function state(path: string): string | null {
  if (!fs.existsSync(path)) return null;
  if (!fs.statSync(path).isDirectory()) return fs.readFileSync(path, "latin1");
  return JSON.stringify(
    fs
      .readdirSync(path)
      .sort()
      .map((name) => [name, state(join(path, name))]),
  );
}

/** Begins a file as a disk does that is full then. */
function halfOf(path: string): void {
  const file = fs.openSync(path, "w");
  fs.writeSync(file, "half");
  fs.closeSync(file);
}

type Step = "writeFileSync" | "renameSync";
const STEPS: readonly Step[] = ["writeFileSync", "renameSync"];

/** Does `work` with `watch` in place of both steps of writing; `step` is what the system would do. */
async function watched(
  watch: (name: Step, args: unknown[], step: () => unknown) => unknown,
  work: () => unknown,
) {
  const before = STEPS.map((name) => fs[name]);
  for (const [i, name] of STEPS.entries())
    (fs as unknown as Record<string, unknown>)[name] = (...args: unknown[]) =>
      watch(name, args, () => (before[i] as (...args: unknown[]) => unknown)(...args));
  try {
    await work();
  } finally {
    for (const [i, name] of STEPS.entries()) (fs as unknown as Record<string, unknown>)[name] = before[i];
  }
}

for (const [name, writer] of Object.entries(WRITERS)) {
  const beforeIt = writer.again === false ? null : OLD;

  test(`${name}: killed at any step, the old one or the new one is there`, async () => {
    const out = prepared(name, writer);
    const seen: (string | null)[] = [];
    const look = () => seen.push(state(join(out, writer.file)));
    await watched(
      (_step, _args, step) => {
        look();
        const done = step();
        look();
        return done;
      },
      () => writer.write(out),
    );
    const made = state(join(out, writer.file));
    assert.notEqual(made, beforeIt);
    assert.ok(seen.length >= 4, "its steps were seen");
    for (const one of seen) assert.ok(one === beforeIt || one === made, `half written: ${one?.slice(0, 80)}`);
  });

  test(`${name}: a full disk leaves what was there, and says how to go on`, async () => {
    for (const at of STEPS) {
      const out = prepared(name, writer);
      const full = (step: Step, args: unknown[], go: () => unknown) => {
        if (step !== at) return go();
        // A full disk takes the beginning.
        if (step === "writeFileSync") halfOf(args[0] as string);
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      };
      let told: unknown;
      await watched(full, async () => {
        try {
          await writer.write(out);
        } catch (error) {
          told = error;
        }
      });
      const { name: kind, message } = told as Error;
      assert.match(kind, /^(?:InputError|SetupError)$/, String(told));
      assert.match(message, /no space left on device/);
      assert.match(message, /what was there before is kept.*: make room, .*run the same command again$/);
      assert.ok(message.length < 500 && !message.includes("\n"), message);
      assert.equal(state(join(out, writer.file)), beforeIt);
      const left = fs.readdirSync(out).filter((one) => one !== writer.file);
      assert.deepEqual(left, [], "nothing is left beside it");
    }
  });
}

test("tables of results: a full disk leaves what was there, in both formats", {
  skip: process.platform === "win32",
}, async () => {
  const out = fs.mkdtempSync(join(folder, "tables-"));
  const program = `
    const { exportResults } = require(process.argv[1]);
    const [, , out, runs] = process.argv;
    (async () => {
      for (const format of ["csv", "parquet"])
        await exportResults({ runs: JSON.parse(runs) }, out + "/t." + format, format, "requests").then(
          () => console.log("written"), (error) => console.log(error.name + ": " + error.message));
    })();`;
  for (const format of ["csv", "parquet"]) fs.writeFileSync(join(out, `t.${format}`), OLD);
  const many = parsePlan({ ...plan, request: { size: "4KiB", times: 2000 } });
  const large = [{ ...runToText(many), hash: planHash(many), plan: canonicalJson(many) }];
  const given = join(out, "runs.json");
  fs.writeFileSync(given, JSON.stringify(large));
  const script = program.replace("JSON.parse(runs)", 'JSON.parse(require("fs").readFileSync(runs, "utf8"))');
  const shell = `trap '' XFSZ; ulimit -f 2; exec "$0" "$@"`;
  const args = [
    "-c",
    shell,
    process.execPath,
    "-e",
    script,
    join(ROOT, "dist/experiment/results.js"),
    out,
    given,
  ];
  const { stdout, stderr } = spawnSync("bash", args, { encoding: "utf8", timeout: 60_000 });
  const lines = stdout.trim().split("\n");
  assert.equal(lines.length, 2, stderr);
  for (const [i, format] of ["csv", "parquet"].entries()) {
    assert.match(
      lines[i]!,
      /^InputError: .*: cannot be written \(.*\): what was there before is kept: make room, and run the same command again$/,
    );
    assert.equal(state(join(out, `t.${format}`)), OLD);
  }
  assert.deepEqual(fs.readdirSync(out).sort(), ["runs.json", "t.csv", "t.parquet"]);
  await exportResults({ runs }, join(out, "t.csv"), "csv");
  assert.notEqual(state(join(out, "t.csv")), OLD);
});

test("folders that cannot be written give one line, and name another place", () => {
  for (const path of ["/proc/pageblock/x", "/dev/null/x"])
    assert.throws(
      () => writeAtomically(path, "x"),
      /^InputError: .*: cannot be written \(.*\): what was there before is kept: name another place/,
    );
  const refused = Object.assign(new Error("EROFS: read-only file system, open"), { code: "EROFS" });
  return watched(
    (_step, _args) => {
      throw refused;
    },
    () =>
      assert.throws(
        () => writeAtomically(join(folder, "x"), "x"),
        /name another place, or allow writing there$/,
      ),
  );
});

/** What writes a file, wherever it stands. */
const WRITES =
  /\b(?:writeFileSync|renameSync|appendFileSync|createWriteStream|copyFileSync|cpSync|writeWhole|writeAtomically)\(|openSync\(.{0,200}"(?:w|a|ax|w\+)"|\bCOPY \(|`copy \(/;

/** Files of the sources that write, and which writer above stands for them, or why none does. */
const KNOWN: Readonly<Record<string, string>> = {
  "lib/base/write-atomically.ts": "any file",
  "lib/trace/machine-snapshot.ts": "a snapshot",
  "lib/trace/trace-cache.ts": "any file",
  "lib/cli/replay.ts": "any file",
  "lib/cli/schema.ts": "any file",
  "lib/report/save-figure.ts": "a figure",
  "lib/report/index-page.ts": "any file",
  "lib/report/docs-pages.ts": "any file",
  "lib/report/export.ts": "a page",
  "lib/bench/performance.ts": "an entry of performance",
  "lib/reproduce/reproduce.ts": "a folder for a real machine",
  "lib/experiment/results.ts": "tables of results",
  "kernel-setup/notebook-runner.ts": "an executed notebook",
  "kernel-setup/write-whole.ts": "an executed notebook",
  "lib/report/parquet.ts": "a temporary folder of its own",
  "lib/report/chromium.ts": "a temporary folder of its own",
  "lib/experiment/early-runs.ts": "a temporary folder of its own",
  "lib/bench/whole.ts": "a temporary folder of its own",
  "lib/recorder/build.ts": "the recorder's cache, which is made anew where it is not whole",
  "lib/recorder/guest-machine.ts": "a temporary folder of its own",
  "lib/recorder/packages.ts": "the recorder's cache, which is made anew where it is not whole",
  "lib/recorder/record.ts": "a temporary folder of its own",
  "lib/recorder/recording-files.ts": "any file",
  "kernel-setup/kernel-client.ts": "a temporary folder of its own",
  "kernel-setup/protocol/programs.ts": "a temporary folder of its own",
  "kernel-setup/kernelspec.ts": "kernelspecs, by writeWhole()",
  "kernel-setup/papermill.ts": "kernelspecs, by writeWhole()",
  "kernel-setup/python-home.ts": "the lock of an installation",
  "kernel-setup/audit.mjs": "a question to the registry, in the manner of writeWhole()",
  "kernel-setup/build-assets.mjs": "the build",
  "kernel-setup/lazy-door.mjs": "the build",
  "kernel-setup/parameter-docs.mjs": "the build",
  "kernel-setup/write-sbom.mjs": "the list of parts, in the manner of writeWhole()",
};

test("every place that writes is known here: a new writer needs a case above, or a reason", () => {
  const found: string[] = [];
  const look = (path: string): void => {
    for (const one of fs.readdirSync(path, { withFileTypes: true })) {
      const file = join(path, one.name);
      if (one.isDirectory()) look(file);
      else if (/\.(?:ts|mjs|cjs)$/.test(one.name)) {
        const text = fs.readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
        if (WRITES.test(text)) found.push(relative(ROOT, file));
        // Node's own recursive way never ends below /proc.
        if (path.startsWith(join(ROOT, "lib")))
          assert.doesNotMatch(text, /mkdirSync\(.{0,200}recursive/, file);
      }
    }
  };
  for (const top of ["lib", "kernel-setup"]) look(join(ROOT, top));
  assert.deepEqual(found.sort(), Object.keys(KNOWN).sort());
});

test("a clock that jumps changes no result, and no duration is measured with it", () => {
  const now = Date.now;
  let at = now();
  Date.now = () => {
    at += at % 2 === 0 ? 86_400_001 : -172_799_999;
    return at;
  };
  try {
    assert.equal(runToText(plan).text, runs[0]!.text);
  } finally {
    Date.now = now;
  }
  const look = (path: string): string[] =>
    fs.readdirSync(path, { withFileTypes: true }).flatMap((one) => {
      const file = join(path, one.name);
      if (one.isDirectory()) return look(file);
      return file.endsWith(".ts") && /\bDate\.now\(/.test(fs.readFileSync(file, "utf8"))
        ? [relative(ROOT, file)]
        : [];
    });
  assert.deepEqual(look(join(ROOT, "lib")), CLOCKS);
});

/** Files that want the time of day; every duration is measured with performance.now(), which does not jump. */
const CLOCKS: readonly string[] = [];
