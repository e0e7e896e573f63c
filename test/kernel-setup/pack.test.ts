/** The package as others get it: packed, installed in an empty project, its library, command, kernel and notebooks used. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after, before } from "node:test";
import { jupyter } from "../support/venv";

const ROOT = resolve(__dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "pageblock-pack-"));
const project = join(scratch, "project");
const home = join(project, "node_modules", "pageblock");
after(() => rmSync(scratch, { recursive: true, force: true }));

function run(command: string, args: readonly string[], env: Record<string, string> = {}, cwd = project) {
  return spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  });
}
/** The command as npm put it into the project. */
const pageblock = (args: readonly string[], env: Record<string, string> = {}) =>
  run(process.execPath, [join(home, "kernel-setup", "pageblock.cjs"), ...args], env);

let files: string[] = [];
let linked = false;
before(() => {
  const packed = run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", scratch], {}, ROOT);
  assert.equal(packed.status, 0, packed.stderr);
  const [tarball] = JSON.parse(packed.stdout);
  files = tarball.files.map((file: { path: string }) => file.path);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "empty", "version": "1.0.0", "private": true }');
  const path = join(scratch, tarball.filename);
  const options = ["--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=0"];
  const installed = run("npm", ["install", ...options, path]);
  if (installed.status !== 0) linkInstead(path);
});

/** Where the registry cannot be reached: the unpacked tarball beside links to the packages of this tree. */
function linkInstead(tarball: string): void {
  linked = true;
  const modules = join(project, "node_modules");
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules);
  assert.equal(run("tar", ["xzf", tarball, "-C", modules]).status, 0);
  renameSync(join(modules, "package"), home);
  for (const name of readdirSync(join(ROOT, "node_modules")).filter((n) => !n.startsWith(".")))
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name), "dir");
}

test("the tarball holds the built library, command, kernel, assets, notebooks and docs, and nothing else", () => {
  const wanted = [
    ...[
      "dist/index.js",
      "dist/index.d.ts",
      "dist/notebook/index.d.ts",
      "dist/cli/main.js",
      "kernel-setup/pageblock.cjs",
      "dist/cli/verify.js",
    ],
    ...[
      "dist/kernel-setup/launcher.js",
      "dist/kernel-setup/control-thread.js",
      "dist/report/run-again-worker.js",
    ],
    ...["dist/kernel-setup/assets/run_notebook.py", "dist/kernel-setup/assets/requirements.txt"],
    ...["dist/kernel-setup/assets/logo-svg.svg", "dist/assets/plotly.gz.b64", "dist/assets/chart-runtime.js"],
    ...[
      "dist/assets/slides.js",
      "dist/assets/assets.json",
      "dist/reproduce/programs/run.sh",
      "README.md",
      "LICENSE",
      "package.json",
    ],
    ...["notebooks/21-arm64-64k-cma.ipynb", "docs/write-ups.md"],
  ];
  assert.deepEqual(
    wanted.filter((file) => !files.includes(file)),
    [],
  );
  const known =
    /^(?:dist|notebooks|docs|lib\/recorder\/(?:guest|kernel|module))\/|^(?:README\.md|LICENSE|package\.json|kernel-setup\/pageblock\.cjs)$/;
  assert.deepEqual(
    files.filter((file) => !known.test(file) || /\.ipynb_checkpoints|\.test\.|\.tmp$/.test(file)),
    [],
  );
  const sourceOf = (file: string) =>
    file
      .replace(/^dist\/(kernel-setup\/)?/, (_all, setup) => setup ?? "lib/")
      .replace(/\.(?:js|d\.ts)$/, ".ts");
  const compiled = files.filter((file) =>
    /^dist\/(?!(?:kernel-setup\/)?assets\/).*\.(?:js|d\.ts)$/.test(file),
  );
  assert.deepEqual(
    compiled.filter((file) => !existsSync(join(ROOT, sourceOf(file)))),
    [],
    "nothing of sources that are gone",
  );
});

test("installed in an empty project, the library is imported and types are found", (t) => {
  if (linked) t.diagnostic("the registry cannot be reached: dependencies are links");
  const script = 'const { machine } = require("pageblock"); console.log(machine("qemu-virt").boot().board)';
  const done = run(process.execPath, ["-e", script]);
  assert.deepEqual([done.stdout, done.stderr], ["qemu-virt\n", ""]);
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  assert.ok(existsSync(join(home, manifest.types)));
  if (!linked) assert.ok(existsSync(join(project, "node_modules", ".bin", "pageblock")));
});

test("its command installs the kernel, runs a notebook, exports and verifies it", async (t) => {
  const found = await jupyter();
  if ("missing" in found) return t.skip(found.missing);
  const data = join(scratch, "data");
  const env = { JUPYTER_DATA_DIR: data, PAGEBLOCK_PYTHON: found.python };
  assert.equal(pageblock(["kernel", "install"], env).status, 0);
  const spec = JSON.parse(readFileSync(join(data, "kernels", "pageblock", "kernel.json"), "utf8"));
  assert.equal(spec.argv[2], join(home, "dist", "kernel-setup", "launcher.js"), "this copy's kernel");
  const notebook = join(home, "notebooks", "21-arm64-64k-cma.ipynb");
  const out = join(scratch, "out");
  for (const args of [
    ["notebook", "run", notebook, "--out", out],
    ["export", join(out, "21-arm64-64k-cma.ipynb"), "--out", out],
    ["verify", join(out, "21-arm64-64k-cma.html")],
  ]) {
    const done = pageblock(args, env);
    assert.equal(done.status, 0, done.stderr);
  }
});
