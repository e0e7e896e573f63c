/** The pictures of README.md and docs/benchmarks.md are what the tree draws today, and they show no others (those of docs/gallery.md: chart/gallery.test.ts). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { BENCHMARK_PICTURES, costByMemory, PICTURES } from "../support/readme-pictures";

const ROOT = join(__dirname, "../..");

for (const [name, draw] of Object.entries({ ...PICTURES, ...BENCHMARK_PICTURES }))
  test(`docs/images/${name} is drawn by the tree`, () => {
    const path = join(ROOT, "docs/images", name);
    if (process.env.UPDATE_PICTURES) writeFileSync(path, `${draw()}\n`);
    assert.equal(readFileSync(path, "utf8"), `${draw()}\n`);
  });

test("every picture is used by its page, and every picture that a page uses is there", () => {
  const used = ["README.md", "docs/benchmarks.md"].flatMap((page) =>
    [...readFileSync(join(ROOT, page), "utf8").matchAll(/!\[[^\]]+\]\((?:docs\/)?images\/([^)]+)\)/g)].map(
      (m) => m[1]!,
    ),
  );
  assert.deepEqual(
    used.sort(),
    readdirSync(join(ROOT, "docs/images"))
      .filter((name) => name.endsWith(".svg"))
      .sort(),
  );
});

test("the cost by memory is drawn once a kind of machine has all three figures, from its last ones", () => {
  const figure = (cpuNsPerOp: number) => ({
    ratio: 1,
    to: "calibration" as const,
    cpuNsPerOp,
    runs: 5,
    hash: 1,
  });
  const entry = (machine: string, figures: Record<string, number>) => ({
    date: "2026-01-01",
    machine,
    engine: "x",
    figures: Object.fromEntries(Object.entries(figures).map(([name, ns]) => [name, figure(ns)])),
  });
  const first = entry("A", { "mg-1g": 900, "mg-64g": 110 });
  assert.equal(costByMemory([first, entry("B", { "mg-1t": 120 })]), null);
  const drawn = costByMemory([first, entry("A", { "mg-1g": 100, "mg-1t": 120 })]);
  assert.equal(drawn, costByMemory([entry("A", { "mg-1g": 100, "mg-64g": 110, "mg-1t": 120 })]));
});
