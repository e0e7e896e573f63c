/** What docs/fidelity.md says about the code is so, and links of pages lead somewhere. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import test from "node:test";
import { KERNEL_RELEASES } from "../../lib/hardware/kernel-release";
import { KERNEL_PROFILES } from "../../lib/mm/state/profile";

const ROOT = resolve(__dirname, "../..");
const page = (name: string) => readFileSync(join(ROOT, "docs", name), "utf8");
const shown = (value: unknown) => (value === true ? "yes" : value === false ? "no" : String(value));

test("docs/fidelity.md: the table of switches is that of the profiles", () => {
  const rows = page("fidelity.md").split("\n");
  for (const name of Object.keys(KERNEL_PROFILES["6.1"])) {
    const values = KERNEL_RELEASES.map((r) =>
      shown((KERNEL_PROFILES[r] as unknown as Record<string, unknown>)[name]),
    );
    assert.ok(
      rows.includes(`| \`${name}\` | ${values.join(" | ")} |`),
      `${name}: | \`${name}\` | ${values.join(" | ")} |`,
    );
  }
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
