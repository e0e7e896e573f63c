/** What docs/fidelity.md and docs/architecture.md say about the code is so. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
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

test("docs/fidelity.md: the files of lib/mm it names are there", () => {
  const section = page("fidelity.md").split("### Function by function")[1]!.split("###")[0]!;
  const files = [...section.matchAll(/`([a-z-]+\.ts)`/g)].map((m) => m[1]!);
  assert.ok(files.length > 15);
  for (const file of files) assert.ok(existsSync(join(ROOT, "lib/mm", file)), file);
});

test("docs/architecture.md: every folder of lib is described, and no other", () => {
  const described = [...page("architecture.md").matchAll(/^\| `([a-z]+)` \|/gm)].map((m) => m[1]!);
  const folders = readdirSync(join(ROOT, "lib"), { withFileTypes: true }).filter((e) => e.isDirectory());
  for (const { name } of folders) assert.ok(described.includes(name), `lib/${name} is not described`);
  for (const name of described)
    assert.ok(
      folders.some((f) => f.name === name),
      `lib/${name} is not there`,
    );
});

for (const name of ["architecture.md", "glossary.md", "add-a-recording.md", "fidelity.md"])
  test(`docs/${name}: its links lead somewhere`, () => {
    for (const [, target] of page(name).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
      assert.ok(existsSync(join(ROOT, "docs", target!)), target);
  });
