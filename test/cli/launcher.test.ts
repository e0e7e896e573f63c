/** The command as package.json names it: it runs before anything is built, and says what to do then. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test from "node:test";

const ROOT = resolve(__dirname, "../..");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const bin: string = manifest.bin.pageblock;
const env = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined };
const launch = (root: string, args: string[]) =>
  spawnSync(process.execPath, [join(root, bin), ...args], { cwd: root, encoding: "utf8", env });

/** A clone with nothing built: the launcher and the manifest alone. */
function freshClone(use: (root: string) => void): void {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "pageblock-clone-")));
  try {
    mkdirSync(dirname(join(root, bin)));
    cpSync(join(ROOT, bin), join(root, bin));
    cpSync(join(ROOT, "package.json"), join(root, "package.json"));
    use(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

test("the command is a file of the repository, not of a build, and it is packed", () => {
  assert.doesNotMatch(bin, /^(?:dist|build)\//);
  assert.ok(manifest.files.includes(bin), `${bin} is missing in "files"`);
});

test("in a fresh clone the command says that packages and a build come first", () =>
  freshClone((root) => {
    const done = launch(root, ["boot"]);
    assert.equal(done.status, 2);
    assert.equal(done.stdout, "");
    assert.equal(done.stderr, `pageblock: not built yet: run \`npm ci && npm run build\` in ${root} first\n`);
  }));

test("with the packages installed it asks for the build alone", () =>
  freshClone((root) => {
    mkdirSync(join(root, "node_modules"));
    writeFileSync(join(root, "node_modules/.package-lock.json"), "{}");
    assert.match(launch(root, []).stderr, /^pageblock: not built yet: run `npm run build` in /);
  }));

test("in a built tree it is the command", () => {
  const done = launch(ROOT, ["--version"]);
  assert.deepEqual([done.stdout, done.stderr, done.status], [`${manifest.version}\n`, "", 0]);
  const refused = launch(ROOT, ["boot", "--board", "no-such-board"]);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /^pageblock: .*no-such-board/);
});
