/** What `npm run lab -- --headless` does with an executed notebook. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { exported } from "../../kernel-setup/headless";
import { code, markdown, notebook } from "../support/notebooks";

const ROOT = join(__dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "pageblock-headless-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const WRITTEN = { html: "n.html", slides: "n.slides.html", md: "n.md" };

test("an executed notebook is exported in every form, as the command exports it, byte for byte", async () => {
  const file = join(scratch, "n.ipynb");
  writeFileSync(file, JSON.stringify(notebook(markdown("# Title\n\nText."), code("1 + 1"))));
  const here = join(scratch, "here");
  mkdirSync(here);
  assert.equal(await exported(ROOT, file, here), 0);
  for (const [form, name] of Object.entries(WRITTEN)) {
    const alone = join(scratch, `by-command-${form}`);
    const args = [join(ROOT, "dist", "cli", "main.js"), "export", file, "--to", form, "--out", alone];
    const done = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(done.status, 0, done.stderr);
    assert.equal(readFileSync(join(here, name), "utf8"), readFileSync(join(alone, name), "utf8"), form);
  }
});

test("a notebook that cannot be exported is told in one line a form, and ends nothing", async (t) => {
  const said = t.mock.method(process.stderr, "write", () => true);
  const status = await exported(ROOT, join(scratch, "missing.ipynb"), scratch);
  const lines = said.mock.calls.map(({ arguments: [line] }) => String(line));
  said.mock.restore();
  assert.equal(status, 2);
  assert.equal(lines.length, 3);
  for (const line of lines)
    assert.match(line, /^pageblock: .*missing\.ipynb: cannot be read: no such file\n$/);
});
