/** The worked example of docs/explain.md is what the command prints. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { explain } from "../../lib/fluent/explanation";
import { ROOT } from "../support/cli";

const EXAMPLE = "docs/examples/refused-with-170-mb-free.txt";
const page = readFileSync(join(ROOT, "docs/explain.md"), "utf8");

test("docs/explain.md: the answer is what the command prints for the example", () => {
  const block = page.split(/^```\w*\n/m).find((part) => part.startsWith("Memory as it was"))!;
  const text = readFileSync(join(ROOT, EXAMPLE), "utf8");
  assert.equal(explain({ name: EXAMPLE, text }).text(), block);
});

test("docs/explain.md: what is said of the example follows from its numbers", () => {
  const log = readFileSync(join(ROOT, EXAMPLE), "utf8");
  const [free, min] = [...log.matchAll(/(\w+) free:(\d+)kB min:(\d+)kB/g)]
    .filter(([, zone]) => zone === "Normal")
    .map(([, , ...kb]) => kb.map(Number))[0]!;
  assert.equal((min! - free!) / 4, 3);
  const reserve = Number(/lowmem_reserve\[\]: 0 0 (\d+)/.exec(log)![1]) * 4;
  const dma32 = /DMA32 free:(\d+)kB min:(\d+)kB/.exec(log)!;
  assert.equal(reserve, 29_836);
  assert.equal((Number(dma32[2]) + reserve - Number(dma32[1])) / 4, 11);
});
