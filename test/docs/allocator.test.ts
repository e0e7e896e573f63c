/** What docs/fidelity.md says about the code is so, and links of pages lead somewhere. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import test from "node:test";
import { RELEASE_TABLES, withReleaseTable } from "../support/release-table";

const ROOT = resolve(__dirname, "../..");
const page = (name: string) => readFileSync(join(ROOT, "docs", name), "utf8");

for (const heading of Object.keys(RELEASE_TABLES))
  test(`docs/fidelity.md: the table of each ${heading} is that of the code`, () => {
    const path = join(ROOT, "docs/fidelity.md");
    if (process.env.UPDATE_TABLES) writeFileSync(path, withReleaseTable(readFileSync(path, "utf8"), heading));
    const text = page("fidelity.md");
    assert.equal(text, withReleaseTable(text, heading));
  });

test("README.md and docs/fidelity.md: the number of allocations predicted is the sum of the table", () => {
  const measured = page("fidelity.md")
    .split("| recording | kernel | allocations, all exact |")[1]!
    .split("\n\n")[0]!;
  const rows = measured.split("\n").filter((row) => /^\| \w/.test(row));
  const counts = rows.map((row) => Number(row.split("|")[3]!.replaceAll(",", "")));
  const sum = counts.reduce((a, b) => a + b, 0).toLocaleString("en-US");
  const said = `${rows.length} recordings`;
  const readme = readFileSync(join(ROOT, "README.md"), "utf8").replace(/\s+/g, " ");
  assert.ok(
    readme.includes(said) && readme.includes(`all ${sum} allocations`),
    `${said}, ${sum} allocations`,
  );
  assert.ok(page("fidelity.md").includes(`${sum} allocations, none wrong`), sum);
});

test("docs/fidelity.md: the files of lib/mm it names are there", () => {
  const section = page("fidelity.md").split("### Function by function")[1]!.split("###")[0]!;
  const files = [...section.matchAll(/`([a-z-]+\.ts)`/g)].map((m) => m[1]!);
  assert.ok(files.length > 15);
  const there = readdirSync(join(ROOT, "lib/mm"), { recursive: true }).map((path) => basename(String(path)));
  for (const file of files) assert.ok(there.includes(file), file);
});

for (const name of ["architecture.md", "glossary.md", "add-a-recording.md", "fidelity.md"])
  test(`docs/${name}: its links lead somewhere`, () => {
    for (const [, target] of page(name).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
      assert.ok(existsSync(join(ROOT, "docs", target!)), target);
  });
