/** Programs named by a person that hang, or are none: `export --to pdf` ends with one line. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { ranWithin } from "../../lib/report/child-program";
import { printedPdf } from "../../lib/report/chromium";

const folder = mkdtempSync(join(tmpdir(), "pageblock-programs-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = process.platform === "win32";

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function refused(program: string): Promise<string> {
  const before = process.env.PAGEBLOCK_CHROMIUM;
  process.env.PAGEBLOCK_CHROMIUM = program;
  try {
    await printedPdf("<p>a page</p>");
  } catch (error) {
    return String(error);
  } finally {
    if (before === undefined) delete process.env.PAGEBLOCK_CHROMIUM;
    else process.env.PAGEBLOCK_CHROMIUM = before;
  }
  return "it was printed";
}

test("what is no Chromium is told by its answer", { skip }, async () => {
  const cases: [string, RegExp][] = [
    ["/bin/cat", /^InputError: pdf: \/bin\/cat is no Chromium: asked for its version, it answers "cat /],
    ["/bin/true", /is no Chromium: asked for its version, it answers ""$/],
    ["/bin/false", /is no Chromium: asked for its version, exit status 1$/],
    [folder, /is no Chromium: asked for its version, it cannot be started \(.*EACCES/],
    [script("noise.sh", "head -c 10000000 /dev/zero | tr '\\0' x; echo"), /it answers "x{80}"$/],
  ];
  for (const [program, said] of cases) assert.match(await refused(program), said, program);
});

test("a Chromium that hangs is ended within 20 s, with everything it started", { skip }, async () => {
  const marks = ["4711.25", "4712.25"];
  const programs = [
    script("dead.sh", `sleep ${marks[0]}`),
    script("mute.sh", `[ "$1" = --version ] && echo Chromium 130 && exit 0; sleep ${marks[1]}`),
  ];
  const told = [
    /is no Chromium: asked for its version, it was ended after 8 s without an answer$/,
    /made nothing: it was ended after 10 s without an answer$/,
  ];
  for (const [i, program] of programs.entries()) {
    const started = performance.now();
    assert.match(await refused(program), told[i]!);
    assert.ok(performance.now() - started < 20_000);
  }
  const left = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout;
  for (const mark of marks) assert.ok(!left.includes(`sleep ${mark}`), `sleep ${mark} has ended`);
});

test("a program that ends in time is heard to its end", { skip }, async () => {
  const ended = await ranWithin("/bin/sh", ["-c", "echo a; echo b >&2; exit 3"], { seconds: 20 });
  assert.deepEqual(ended, { status: 3, printed: "a\n", complained: "b\n" });
});
