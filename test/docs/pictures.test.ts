/** The pictures of README.md are what the tree draws today, and README.md shows no others (those of docs/gallery.md: chart/gallery.test.ts). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { PICTURES } from "../support/readme-pictures";

const ROOT = join(__dirname, "../..");

for (const [name, draw] of Object.entries(PICTURES))
  test(`docs/images/${name} is drawn by the tree`, () => {
    const path = join(ROOT, "docs/images", name);
    if (process.env.UPDATE_PICTURES) writeFileSync(path, `${draw()}\n`);
    assert.equal(readFileSync(path, "utf8"), `${draw()}\n`);
  });

test("every picture is used by README.md, and every picture it uses is there", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const used = [...readme.matchAll(/!\[[^\]]+\]\(docs\/images\/([^)]+)\)/g)].map((m) => m[1]!);
  assert.deepEqual(
    used.sort(),
    readdirSync(join(ROOT, "docs/images"))
      .filter((name) => name.endsWith(".svg"))
      .sort(),
  );
});
