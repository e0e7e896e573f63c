/**
 * The gallery: stored figures and pictures are what the tree draws today. They prove nothing about what is right; they
 * show in a review what changed. `UPDATE_GALLERY=1 node test/run.mjs chart/gallery` writes them anew.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import * as chart from "../../lib/chart";
import type { Axis } from "../../lib/chart/figure";
import { staticSvg } from "../../lib/report/svg/static-svg";
import { EXAMPLES, type Example } from "./gallery";

const ROOT = join(__dirname, "../..");
const FIGURES = join(ROOT, "test/fixtures/figures");
const IMAGES = join(ROOT, "docs/images/gallery");

/** The stored text is `text`; written first where that is asked for. */
function stored(path: string, text: string): void {
  if (process.env.UPDATE_GALLERY) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.ok(
    readFileSync(path, "utf8") === text,
    `${path} is not what the tree draws: see the top of this file`,
  );
}

for (const example of EXAMPLES) {
  test(`${example.name}: the stored figure and its picture are current`, () => {
    const figure = example.draw();
    stored(join(FIGURES, `${example.name}.json`), `${JSON.stringify(figure)}\n`);
    stored(join(IMAGES, `${example.name}.svg`), `${staticSvg(figure)}\n`);
  });

  test(`${example.name}: plain JSON below 500 kB, titled, axes with units, a picture and not a card`, () => {
    const figure = example.draw();
    assert.deepEqual(JSON.parse(JSON.stringify(figure)), figure);
    assert.ok(JSON.stringify(figure).length < 500_000);
    assert.ok(figure.layout.title?.text);
    assert.doesNotMatch(staticSvg(figure), /needs scripts|NaN|undefined/);
    if (example.builder in { holders: 0, blockers: 0, cellTable: 0, memoryMap: 0, blockMap: 0 }) return;
    for (const axis of [figure.layout.xaxis, figure.layout.yaxis] as Axis[]) {
      if (axis.type === "category" || axis.ticktext !== undefined) continue;
      assert.match(axis.title?.text ?? "", /\([^)]+\)$/, "a title that ends with its unit");
    }
  });
}

test("every builder is in the gallery, but those that README.md shows", () => {
  const builders = Object.entries(chart)
    .filter(([, value]) => typeof value === "function")
    .map(([name]) => name)
    .filter(
      (name) =>
        !["runOf", "paretoFront", "cmaTable", "pageBlockMap", "pageblockMap", "timedAttempt"].includes(name),
    );
  assert.deepEqual([...new Set(EXAMPLES.map((e) => e.builder))].sort(), builders.sort());
});

test("docs/gallery.md shows every example, and no picture lies about unused", () => {
  stored(join(ROOT, "docs/gallery.md"), page(EXAMPLES));
  assert.deepEqual(readdirSync(IMAGES).sort(), EXAMPLES.map((e) => `${e.name}.svg`).sort());
  assert.deepEqual(readdirSync(FIGURES).sort(), EXAMPLES.map((e) => `${e.name}.json`).sort());
});

/** Lines below 120 characters. */
function wrapped(words: string): string {
  const lines = [""];
  for (const word of words.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length >= 120) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}

function page(examples: readonly Example[]): string {
  const sections = examples.map(
    (e) => `## ${e.name}

${wrapped(`\`chart.${e.builder}\`: ${e.words}`)}

![${e.name}](images/gallery/${e.name}.svg)
`,
  );
  return `# Gallery of charts

At least one example of every builder of \`chart\`, as the static renderer draws it. In a notebook the same figures are
interactive: they have hovering, zooming and sliders. [test/chart/gallery](../test/chart/gallery) holds the code of
every example. Charts of memory show a small machine that was filled and freed at random in the model. Other charts of
results use made-up numbers and say so: they show the chart, not a finding.

\`UPDATE_GALLERY=1 node test/run.mjs chart/gallery\` writes this page and its pictures; a test checks that they are
current.

${sections.join("\n")}`;
}
