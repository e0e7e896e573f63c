/** What notebook 90 says of the recordings: how many of the README's are in the repository, and how many of these it replays. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

const ROOT = join(__dirname, "../..");
const FIXTURES = join(ROOT, "test/fixtures");

test("notebook 90 counts the recordings that are shipped, and those it replays, as they are", () => {
  // Recordings of several CPUs, which the tree's recorder made, are counted by themselves.
  const isOfOneCpu = (name: string) => !/^s\d-/.test(name);
  const shipped = ["x86-6.1", "x86-6.12.107", "x86-7.3.4", "arm64-cma"].flatMap((set) =>
    readdirSync(join(FIXTURES, set), { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && isOfOneCpu(entry.name),
    ),
  );
  const { cells } = JSON.parse(readFileSync(join(ROOT, "notebooks/90-how-true-is-it.ipynb"), "utf8"));
  const sources: string[] = cells.map(({ source }: { source: string[] }) => source.join(""));
  const listed = sources
    .find((source) => source.startsWith("const recordings = ["))!
    .match(/"[a-z0-9.-]+\/[a-z0-9-]+"/gi)!
    .map((name) => name.slice(1, -1));
  for (const path of listed) assert.ok(existsSync(join(FIXTURES, path)), path);
  const [, inReadme] = /In (\d+) recordings of real kernels/.exec(
    readFileSync(join(ROOT, "README.md"), "utf8"),
  )!;
  const told = `ships ${shipped.length} of the ${inReadme} recordings of traces that the README counts; the list above has ${listed.filter((path) => isOfOneCpu(path.split("/")[1]!)).length} of these`;
  assert.ok(
    sources.some((source) => source.replaceAll("\n", " ").includes(told)),
    told,
  );
});
