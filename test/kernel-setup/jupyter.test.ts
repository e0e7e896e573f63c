/** The kernel under Jupyter's own programs: nbconvert, `notebook run`, and the commands that set it up. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after, type TestContext } from "node:test";
import { code, markdown, notebook } from "../support/notebooks";
import { jupyter } from "../support/venv";

const ROOT = resolve(__dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "pageblock-jupyter-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function pageblock(args: string[], env: Record<string, string> = {}) {
  const main = join(ROOT, "dist", "cli", "main.js");
  return spawnSync(process.execPath, [main, ...args], {
    encoding: "utf8",
    cwd: scratch,
    env: { ...process.env, ...env },
  });
}

/** Writes a notebook of unrun cells and returns its path. */
function write(name: string, ...cells: Record<string, unknown>[]): string {
  const fresh = cells.map((cell, i) => ({
    ...cell,
    id: `cell-${i}`,
    ...(cell.cell_type === "code" ? { execution_count: null, outputs: [] } : {}),
  }));
  const path = join(scratch, name);
  writeFileSync(path, JSON.stringify(notebook(...fresh)));
  return path;
}

/** A Python with Jupyter, or undefined after the test was skipped by name. */
async function python(t: TestContext): Promise<string | undefined> {
  const found = await jupyter();
  if ("python" in found) return found.python;
  t.skip(found.missing);
  return undefined;
}

const oneLine = (text: string) => assert.match(text, /^[^\n]+\n$/, "exactly one line");

test("nbconvert --execute runs a notebook and fails with a failing cell's error", async (t) => {
  const jupyterPython = await python(t);
  if (jupyterPython === undefined) return;
  const convert = (path: string) =>
    spawnSync(
      jupyterPython,
      ["-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", join(scratch, "converted"), path],
      { encoding: "utf8" },
    );
  const good = convert(
    write("good.ipynb", code('import { parseSize } from "pageblock";\nparseSize("1M", "size")')),
  );
  assert.equal(good.status, 0, good.stderr);
  const executed = JSON.parse(readFileSync(join(scratch, "converted", "good.ipynb"), "utf8"));
  assert.equal(executed.cells[0].execution_count, 1);
  assert.deepEqual(executed.cells[0].outputs[0].data, { "text/plain": ["1048576"] });
  const bad = convert(write("bad.ipynb", code('throw new RangeError("cma: size must be > 0")')));
  assert.notEqual(bad.status, 0);
  assert.match(bad.stderr, /RangeError: cma: size must be > 0/);
  assert.equal(existsSync(join(scratch, "converted", "bad.ipynb")), false);
});

test("notebook run writes the executed notebook; two runs are byte-equal", async (t) => {
  if ((await python(t)) === undefined) return;
  const path = write(
    "twice.ipynb",
    markdown("# Twice"),
    code(
      "for (let i = 0; i < 3000; i++) console.log(i);\nawait new Promise((r) => setTimeout(r, 120));\nconsole.log('end')",
    ),
    code("({ a: 1 })"),
  );
  const runs = ["one", "two"].map((out) => {
    const done = pageblock(["notebook", "run", path, "--out", join(scratch, out)]);
    assert.equal(done.status, 0, done.stderr);
    return readFileSync(join(scratch, out, "twice.ipynb"), "utf8");
  });
  assert.equal(runs[0], runs[1]);
  const cells = JSON.parse(runs[0]!).cells;
  assert.equal(cells[1].outputs.length, 1);
  assert.match([cells[1].outputs[0].text].flat().join(""), /^0\n1\n[\s\S]*2999\nend\n$/);
  assert.equal(cells[2].execution_count, 2);
  assert.deepEqual(cells[1].metadata, {});
});

test("notebook run --set runs with another value, and what it writes verifies", async (t) => {
  if ((await python(t)) === undefined) return;
  const tagged = { ...code("const memory = '1GiB';"), metadata: { tags: ["parameters"] } };
  const boot = 'import { machine } from "pageblock";\nmachine("qemu-virt").memory(memory).boot()';
  const path = write("set.ipynb", markdown("# Set"), tagged, code(boot));
  const out = join(scratch, "set");
  const done = pageblock(["notebook", "run", path, "--out", out, "--set", "memory=2GiB"]);
  assert.equal(done.status, 0, done.stderr);
  const text = readFileSync(join(out, "set.ipynb"), "utf8");
  assert.match(text, /"memoryBytes": 2147483648/);
  assert.match(text, /"injected-parameters"/);
  const verified = pageblock(["verify", join(out, "set.ipynb")]);
  assert.equal(verified.status, 0, verified.stdout + verified.stderr);
  const refused = pageblock(["notebook", "run", path, "--out", join(out, "no"), "--set", "memori=2GiB"]);
  assert.equal(refused.status, 2);
  oneLine(refused.stderr);
  assert.equal(existsSync(join(out, "no")), false);
});

test("a notebook from a stranger: export and verify execute nothing; export does with --execute", async (t) => {
  if ((await python(t)) === undefined) return;
  const trace = join(scratch, "was-here");
  const path = write(
    "stranger.ipynb",
    code(`require("node:fs").writeFileSync(${JSON.stringify(trace)}, "")`),
  );
  const out = join(scratch, "stranger");
  for (const args of [
    ["export", path, "--out", out],
    ["verify", path],
  ]) {
    const done = pageblock(args);
    assert.equal(done.status, 2);
    oneLine(done.stderr);
    assert.equal(existsSync(trace), false, args[0]);
  }
  assert.equal(pageblock(["export", path, "--out", out, "--execute"]).status, 0);
  assert.equal(existsSync(trace), true);
});

test("notebook run names the failing cell in one line and writes nothing", async (t) => {
  if ((await python(t)) === undefined) return;
  const path = write("fails.ipynb", markdown("x"), code("1"), code('throw new TypeError("not\\nthis way")'));
  const done = pageblock(["notebook", "run", path, "--out", join(scratch, "failed")]);
  assert.equal(done.status, 1);
  oneLine(done.stderr);
  assert.match(done.stderr, /fails\.ipynb: cell 3 \(In\[2\]\): TypeError: not/);
  assert.equal(existsSync(join(scratch, "failed")), false);
  const slow = pageblock([
    "notebook",
    "run",
    write("slow.ipynb", code("while (true) {}")),
    "--out",
    join(scratch, "failed"),
    "--timeout",
    "2",
  ]);
  assert.equal(slow.status, 1);
  assert.match(
    slow.stderr,
    /^pageblock: .*slow\.ipynb: cell 1( \(In\[1\]\))?: Timeout: the cell ran for more than 2 s\n$/,
  );
  assert.equal(existsSync(join(scratch, "failed")), false);
});

test("notebook run refuses what is no notebook of ours", () => {
  writeFileSync(join(scratch, "text.ipynb"), "not json");
  writeFileSync(join(scratch, "old.ipynb"), '{"nbformat": 3, "worksheets": []}');
  writeFileSync(
    join(scratch, "python.ipynb"),
    JSON.stringify({ ...notebook(), metadata: { kernelspec: { name: "python3", language: "python" } } }),
  );
  for (const [args, said] of [
    [["missing.ipynb"], /must exist: got missing\.ipynb/],
    [["text.ipynb"], /text\.ipynb: not JSON/],
    [["old.ipynb"], /format 4: got nbformat 3/],
    [["python.ipynb"], /language must be typescript or javascript: got python/],
    [["text.ipynb", "--timeout", "0"], /--timeout must be whole seconds > 0: got 0/],
  ] as const) {
    const done = pageblock(["notebook", "run", ...args, "--out", join(scratch, "refused")]);
    assert.equal(done.status, 2, done.stderr);
    oneLine(done.stderr);
    assert.match(done.stderr, said);
  }
  assert.equal(existsSync(join(scratch, "refused")), false);
});

test("without a Python, notebook run says what to do", () => {
  const path = write("no-python.ipynb", code("1"));
  const done = pageblock(["notebook", "run", path, "--out", join(scratch, "x")], {
    PAGEBLOCK_PYTHON: "/nowhere/python",
  });
  assert.equal(done.status, 2);
  oneLine(done.stderr);
  assert.match(done.stderr, /PAGEBLOCK_PYTHON must name a Python with nbclient: got \/nowhere\/python/);
});

test("kernel install, uninstall: under a prefix, for the user, in a virtual environment", () => {
  const prefix = join(scratch, "prefix");
  mkdirSync(prefix);
  writeFileSync(join(prefix, "pyvenv.cfg"), "");
  const data = join(scratch, "data");
  const env = { JUPYTER_DATA_DIR: data, VIRTUAL_ENV: prefix };
  for (const [option, folder] of [
    [["--prefix", prefix], join(prefix, "share", "jupyter", "kernels", "pageblock")],
    [["--venv"], join(prefix, "share", "jupyter", "kernels", "pageblock")],
    [["--user"], join(data, "kernels", "pageblock")],
    [[], join(data, "kernels", "pageblock")],
  ] as const) {
    const done = pageblock(["kernel", "install", ...option], env);
    assert.equal(done.status, 0, done.stderr);
    assert.equal(done.stdout, `installed: ${folder}\n`);
    assert.deepEqual(readdirSync(folder).sort(), ["kernel.json", "logo-svg.svg"]);
    const spec = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8"));
    assert.equal(spec.display_name, "TypeScript (pageblock)");
    assert.equal(spec.language, "typescript");
    const other = JSON.parse(readFileSync(join(`${folder}-js`, "kernel.json"), "utf8"));
    assert.deepEqual([other.display_name, other.language], ["JavaScript (pageblock)", "javascript"]);
    for (const file of [spec.argv[0], ...spec.argv.filter((a: string) => a.endsWith(".js"))])
      assert.ok(existsSync(file), file);
    assert.equal(pageblock(["kernel", "install", ...option], env).status, 0, "again, over the first");
    assert.equal(pageblock(["kernel", "uninstall", ...option], env).status, 0);
    assert.deepEqual([folder, `${folder}-js`].map(existsSync), [false, false]);
    const nothing = pageblock(["kernel", "uninstall", ...option], env);
    assert.equal(nothing.status, 2);
    oneLine(nothing.stderr);
  }
});

test("kernel install puts papermill's translator beside papermill, and uninstall takes it away", () => {
  const prefix = join(scratch, "with-papermill");
  const packages = join(prefix, process.platform === "win32" ? "Lib" : "lib/python3.12", "site-packages");
  mkdirSync(join(packages, "papermill"), { recursive: true });
  mkdirSync(join(prefix, "lib", "python3.11", "site-packages"), { recursive: true });
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const info = join(packages, `pageblock_papermill-${version}.dist-info`);
  for (let again = 0; again < 2; again++)
    assert.equal(pageblock(["kernel", "install", "--prefix", prefix]).status, 0);
  assert.match(
    readFileSync(join(packages, "pageblock_papermill.py"), "utf8"),
    /papermill_translators\.register/,
  );
  assert.match(
    readFileSync(join(info, "entry_points.txt"), "utf8"),
    /^\[papermill\.engine\]\n.* = pageblock_papermill:/,
  );
  for (const line of readFileSync(join(info, "RECORD"), "utf8").trim().split("\n"))
    assert.ok(existsSync(join(packages, line.replace(/,,$/, ""))), line);
  assert.deepEqual(readdirSync(join(prefix, "lib", "python3.11", "site-packages")), []);
  assert.equal(pageblock(["kernel", "uninstall", "--prefix", prefix]).status, 0);
  assert.deepEqual(readdirSync(packages), ["papermill"]);
});

test("kernel install refuses a prefix that is not there, and two places at once", () => {
  for (const args of [
    ["--prefix", join(scratch, "nowhere")],
    ["--user", "--venv"],
  ]) {
    const done = pageblock(["kernel", "install", ...args]);
    assert.equal(done.status, 2);
    oneLine(done.stderr);
  }
  assert.equal(existsSync(join(scratch, "nowhere")), false);
});

test("kernel doctor finds nothing wrong after the set-up, and says what is wrong otherwise", async (t) => {
  if ((await python(t)) === undefined) return;
  const well = pageblock(["kernel", "doctor", "--json"]);
  const findings: { what: string; ok: boolean; found: string }[] = JSON.parse(well.stdout);
  assert.deepEqual(
    findings.filter((f) => !f.ok),
    [],
  );
  assert.equal(well.status, 0);
  assert.deepEqual(
    findings.map((f) => f.what),
    [
      "Node.js",
      "tslab",
      "package built",
      "Python with Jupyter",
      "JupyterLab",
      "Notebook",
      "nbconvert",
      "nbclient",
      "kernel registered",
      "VS Code (by its documented contract)",
      "kernel runs a cell",
    ],
  );
  const ill = pageblock(["kernel", "doctor"], { PAGEBLOCK_PYTHON: "/nowhere/python" });
  assert.equal(ill.status, 1);
  assert.match(ill.stdout, /WRONG Python with Jupyter: .*\n {6}to mend: /);
  const broken = join(scratch, "broken", "kernels", "pageblock");
  mkdirSync(broken, { recursive: true });
  writeFileSync(join(broken, "kernel.json"), JSON.stringify({ argv: ["/gone/node", "/gone/launcher.js"] }));
  const stale = pageblock(["kernel", "doctor"], { JUPYTER_PATH: join(scratch, "broken") });
  assert.equal(stale.status, 1);
  assert.match(stale.stdout, /WRONG kernel registered: .* starts \/gone\/node, which is not there/);
});

test("npm run lab opens JupyterLab on notebooks/, on the loopback interface, with a token", async (t) => {
  if ((await python(t)) === undefined) return;
  const home = join(scratch, "home");
  const child = spawn(
    process.execPath,
    [join(ROOT, "kernel-setup", "lab.mjs"), "--no-browser", "--port", "18888"],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        JUPYTER_DATA_DIR: join(home, "data"),
        JUPYTER_RUNTIME_DIR: join(home, "run"),
        JUPYTER_CONFIG_DIR: join(home, "config"),
      },
    },
  );
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  child.stderr.on("data", (text) => (said += text));
  const ended = once(child, "exit");
  try {
    let address: RegExpExecArray | null = null;
    for (let i = 0; i < 480 && address === null && child.exitCode === null; i++) {
      await new Promise((done) => setTimeout(done, 250));
      address = /http:\/\/127\.0\.0\.1:\d+\/lab\/tree\/notebooks\?token=\w+/.exec(said);
    }
    assert.ok(address, said);
    const base = address[0].replace("/lab/tree/notebooks?", "/api/kernelspecs?");
    for (let i = 0; ; i++) {
      const answer = await fetch(base).catch(() => undefined);
      if (answer?.ok) {
        const { kernelspecs } = (await answer.json()) as { kernelspecs: Record<string, unknown> };
        assert.ok("pageblock" in kernelspecs);
        break;
      }
      assert.ok(i < 100, "the server does not answer");
      await new Promise((done) => setTimeout(done, 200));
    }
    assert.equal(
      (await fetch(base.replace(/token=\w+/, ""))).status,
      403,
      "without the token nothing is told",
    );
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
});

const ABANDONED = `
import os, sys, time
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="pageblock")
client.execute("while (true) {}")
print(manager.provisioner.pid, flush=True)
time.sleep(600)`;

test("a kernel whose Jupyter was killed ends by itself, even one that is stuck", async (t) => {
  const jupyterPython = await python(t);
  if (jupyterPython === undefined || process.platform === "win32") return;
  const child = spawn(jupyterPython, ["-c", ABANDONED], { stdio: ["ignore", "pipe", "inherit"] });
  const [printed] = await once(child.stdout, "data");
  const pid = Number(printed);
  assert.ok(pid > 1);
  child.kill("SIGKILL");
  const status = () =>
    spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  let left = 50;
  for (; left > 0 && status() !== "" && !status().startsWith("Z"); left--)
    await new Promise((done) => setTimeout(done, 200));
  if (left === 0) process.kill(pid, "SIGKILL");
  assert.ok(left > 0, "the kernel is still there after 10 s");
});

test("npm run lab installs nothing through a node_modules that is a link", () => {
  const folder = join(scratch, "linked");
  const elsewhere = join(scratch, "elsewhere");
  mkdirSync(join(folder, "kernel-setup"), { recursive: true });
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, "kept"), "");
  symlinkSync(elsewhere, join(folder, "node_modules"), "dir");
  writeFileSync(join(folder, "package.json"), '{ "name": "x", "version": "1.0.0" }');
  writeFileSync(
    join(folder, "package-lock.json"),
    '{ "packages": { "": {}, "node_modules/a": { "version": "1.0.0" } } }',
  );
  copyFileSync(join(ROOT, "kernel-setup", "lab.mjs"), join(folder, "kernel-setup", "lab.mjs"));
  const npm = join(folder, "npm.js");
  writeFileSync(npm, `require("node:fs").writeFileSync(${JSON.stringify(join(folder, "npm-ran"))}, "")`);
  const done = spawnSync(process.execPath, [join(folder, "kernel-setup", "lab.mjs"), "--help"], {
    encoding: "utf8",
    env: { ...process.env, npm_execpath: npm },
  });
  assert.equal(done.status, 2);
  oneLine(done.stderr);
  assert.match(done.stderr, /node_modules is a link/);
  assert.deepEqual([existsSync(join(elsewhere, "kept")), existsSync(join(folder, "npm-ran"))], [true, false]);
});

test("npm run lab refuses a wrong option in one line", () => {
  const lab = (...args: string[]) =>
    spawnSync(process.execPath, [join(ROOT, "kernel-setup", "lab.mjs"), ...args], { encoding: "utf8" });
  for (const args of [["--port", "0"], ["--frob"]]) {
    const done = lab(...args);
    assert.equal(done.status, 2);
    oneLine(done.stderr);
  }
  assert.match(lab("--help").stdout, /--headless/);
});
