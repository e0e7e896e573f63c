/** `pageblock export` as a user calls it: what it prints, its exit status, and nothing written for bad input. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { pageblock, ROOT } from "../support/cli";
import { GALLERY } from "../support/figures";
import { chart, code, markdown, notebook } from "../support/notebooks";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-export-cli-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

test("prints the page's path and the SHA-256 of its results", () => {
  const file = join(scratch, "good.ipynb");
  writeFileSync(file, JSON.stringify(notebook(markdown("# T"), code("show(f)", chart(GALLERY.bars!)))));
  for (const form of ["html", "md"]) {
    const { status, stdout, stderr } = pageblock(["export", file, "--to", form, "--out", scratch]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^${scratch}/good\\.${form} {2}results [0-9a-f]{64}\\n$`));
    assert.match(readFileSync(join(scratch, `good.${form}`), "utf8"), /To run this again/);
  }
});

test("bad input: exit 2, one line, nothing written", () => {
  const stored = join(ROOT, "notebooks/21-arm64-64k-cma.ipynb");
  const cut = join(scratch, "cut.ipynb");
  writeFileSync(cut, readFileSync(stored, "utf8").slice(0, 500));
  const cases: [string[], RegExp][] = [
    [["export", stored], /21-arm64-64k-cma\.ipynb: .*no outputs .*--execute/],
    [["export", cut], /cut\.ipynb: a notebook must be JSON/],
    [["export", join(scratch, "none.ipynb")], /none\.ipynb: cannot be read: no such file/],
    [["export", stored, "--to", "doc"], /--to.*Allowed choices are html, md, pdf, slides/],
    [["export", stored, "--set", "seeds=1"], /--set needs --execute/],
    [["export", join(ROOT, "package.json")], /package\.json: not a notebook of format 4/],
  ];
  for (const [args, message] of cases) {
    const out = join(scratch, "nothing");
    const { status, stderr, stdout } = pageblock([...args, "--out", out]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.equal(stdout, "");
    assert.equal(existsSync(out), false);
  }
});
