/** papermill sets parameters of TypeScript notebooks; and what happens if a port is lost before the kernel has it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, type TestContext } from "node:test";
import { countOf } from "../../kernel-setup/headless";
import { runNotebook } from "../../kernel-setup/notebook-runner";
import { ask } from "../../kernel-setup/python-home";
import { code, notebook } from "../support/notebooks";
import { jupyter } from "../support/venv";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-papermill-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const tagged = (source: string) => ({ ...code(source), metadata: { tags: ["parameters"] } });

function write(name: string, ...cells: Record<string, unknown>[]): string {
  const fresh = cells.map((cell, i) => ({ ...cell, id: `cell-${i}`, execution_count: null, outputs: [] }));
  const path = join(scratch, name);
  writeFileSync(path, JSON.stringify(notebook(...fresh)));
  return path;
}

/** A Python with `module`, or undefined after the test was skipped. */
async function pythonWith(t: TestContext, module: string): Promise<string | undefined> {
  const found = await jupyter();
  if ("missing" in found) return void t.skip(found.missing);
  if (ask(found.python, `import ${module}`) === undefined) return void t.skip(`${module} is not installed`);
  return found.python;
}

const papermill = (python: string, args: string[]) =>
  spawnSync(python, ["-m", "papermill", "--no-progress-bar", ...args], { encoding: "utf8", cwd: scratch });

const PARAMETERS = `const seeds: number = 16; // how many
let title = "none";
const shares: readonly number[] = [0.5];
const more = { deep: [1] };`;

test("papermill -p sets parameters, in the keyword and type of the notebook's own cell", async (t) => {
  const python = await pythonWith(t, "papermill");
  if (python === undefined) return;
  const path = write(
    "parameters.ipynb",
    tagged(PARAMETERS),
    code("title += '!';\nJSON.stringify([seeds + 1, title, shares.length, more])"),
  );
  const out = join(scratch, "out.ipynb");
  const more = '{deep: [2, true, null], __proto__: {a: "ü\\"\\n"}}';
  const args = [
    path,
    out,
    "-p",
    "seeds",
    "4",
    "-r",
    "title",
    'a "b"\n</script>',
    "-y",
    `{shares: [1, 2.5], more: ${more}}`,
  ];
  const done = papermill(python, args);
  assert.equal(done.status, 0, done.stderr);
  const cells = JSON.parse(readFileSync(out, "utf8")).cells;
  const injected = [cells[1].source].flat().join("");
  assert.match(injected, /^const seeds: number = 4;$/m);
  assert.match(injected, /^let title = /m);
  const shown = [cells[2].outputs[0].data["text/plain"]].flat().join("").replace(/^'|'$/g, "");
  const [seeds, title, shares, deep] = JSON.parse(shown.replaceAll("\\\\", "\\"));
  assert.deepEqual([seeds, title, shares], [5, 'a "b"\n</script>!', 2]);
  assert.deepEqual(deep.deep, [2, true, null]);
  const listed = papermill(python, ["--help-notebook", path]);
  assert.match(listed.stdout, /seeds: number \(default 16\)\s+how many/);
});

test("papermill -p takes true and false as the notebook's own cell does, and refuses another type", async (t) => {
  const python = await pythonWith(t, "papermill");
  if (python === undefined) return;
  const path = write("on.ipynb", tagged("const on = true;\nconst seeds = 4;"), code("String([on, seeds])"));
  const out = join(scratch, "on-out.ipynb");
  const done = papermill(python, [path, out, "-p", "on", "false"]);
  assert.equal(done.status, 0, done.stderr);
  assert.match(
    [JSON.parse(readFileSync(out, "utf8")).cells[1].source].flat().join(""),
    /^const on = false;$/m,
  );
  const wrong = papermill(python, [path, out, "-p", "seeds", "abc"]);
  assert.notEqual(wrong.status, 0);
  assert.match(wrong.stderr, /parameter seeds: must be a number, as 4 is: got "abc"/);
});

test("papermill refuses an integer that JavaScript has not", async (t) => {
  const python = await pythonWith(t, "papermill");
  if (python === undefined) return;
  const path = write("wrong.ipynb", tagged("const seeds = 1;"), code("seeds"));
  const large = papermill(python, [path, join(scratch, "large.ipynb"), "-p", "seeds", "9007199254740993"]);
  assert.notEqual(large.status, 0);
  assert.match(large.stderr, /must be within ±\(2\^53 - 1\): got 9007199254740993/);
});

/** Takes the shell port that Jupyter chose, as long as there are files in a folder: one for each time. */
const THIEF = `
import os, socket
from jupyter_client.provisioning import local_provisioner
start = local_provisioner.LocalProvisioner.launch_kernel
async def launch_kernel(self, cmd, **more):
    left = os.listdir(os.environ["THEFTS"])
    if left:
        os.remove(os.path.join(os.environ["THEFTS"], left[0]))
        self.taken = socket.socket()
        self.taken.bind(("127.0.0.1", self.connection_info["shell_port"]))
        self.taken.listen()
    return await start(self, cmd, **more)
local_provisioner.LocalProvisioner.launch_kernel = launch_kernel
`;

test("a port that is taken between choice and use costs one more try; a second time the reason is told", async (t) => {
  const python = await pythonWith(t, "nbclient");
  if (python === undefined) return;
  const path = write("port.ipynb", code("1 + 1"));
  const folder = mkdtempSync(join(scratch, "thief-"));
  writeFileSync(join(folder, "sitecustomize.py"), THIEF);
  const thefts = mkdtempSync(join(scratch, "thefts-"));
  Object.assign(process.env, { PYTHONPATH: folder, THEFTS: thefts, PAGEBLOCK_PYTHON: python });
  try {
    for (const name of ["1", "2"]) writeFileSync(join(thefts, name), "");
    await assert.rejects(
      runNotebook(path, 60),
      /Jupyter could not run it: cannot listen on tcp:\/\/127\.0\.0\.1:\d+ for the shell channel: another program took the port/,
    );
    assert.deepEqual(readdirSync(thefts), [], "it was tried twice");
  } finally {
    for (const name of ["PYTHONPATH", "THEFTS", "PAGEBLOCK_PYTHON"]) delete process.env[name];
  }
});

test("the headless lab counts what it wrote", () => {
  assert.deepEqual([countOf(11, 11), countOf(10, 11)], ["11 notebooks", "10 of 11 notebooks"]);
});
