/** What README.md says of the notebooks is what the folder has. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";

const ROOT = resolve(__dirname, "../..");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const notebooks = readdirSync(join(ROOT, "notebooks")).filter((name) => name.endsWith(".ipynb"));
const NUMBERS: Readonly<Record<string, number>> = {
  Eleven: 11,
  Twelve: 12,
  Thirteen: 13,
  Fourteen: 14,
  Fifteen: 15,
};

test("README.md counts and lists the notebooks", () => {
  const [, word] = /(\w+) Jupyter notebooks test its claims/.exec(readme)!;
  assert.equal(NUMBERS[word!], notebooks.length);
  const listed = [...readme.matchAll(/^\| \[[^\]]+\]\(notebooks\/([^)]+)\) /gm)].map((m) => m[1]);
  assert.deepEqual(listed, notebooks);
});

test("README.md names the notebooks that have no parameters to set", () => {
  const without = notebooks.filter((name) => {
    const { cells } = JSON.parse(readFileSync(join(ROOT, "notebooks", name), "utf8"));
    return !cells.some((cell: { metadata?: { tags?: string[] } }) =>
      cell.metadata?.tags?.includes("parameters"),
    );
  });
  const [, said] = /define it \(([^:]*) do not:/.exec(readme.replaceAll("\n", " "))!;
  assert.equal(said, without.map((name) => name.slice(0, 2)).join(" and "));
});
