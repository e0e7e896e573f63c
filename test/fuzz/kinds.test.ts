/** A short run of every kind of fuzzed input, always the same; and a fault that is planted is found and made small. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { kindOf } from "./kind";
import { FUZZ_KINDS, fuzz } from "./kinds";

const SEED = 20261130;

for (const kind of FUZZ_KINDS)
  test(`${kind.name}: ${kind.few} inputs drawn by their structure, all hold`, async () => {
    const { runs, failure } = await fuzz(kind, SEED, kind.few);
    assert.equal(failure?.why, undefined, failure?.text.slice(0, 2000));
    assert.equal(runs, kind.few);
  });

test("the smallest input that fails is the one that is written", async () => {
  const faulty = kindOf<number[]>({
    name: "lists",
    inputs: fc.array(fc.nat({ max: 1000 })),
    holds: (list) => {
      if (list.some((n) => n >= 100)) throw new Error("a number of three digits");
    },
    text: (list) => list.join(" "),
    few: 200,
  });
  const { failure } = await fuzz(faulty, SEED, 200);
  assert.match(failure?.why ?? "", /a number of three digits/);
  assert.equal(failure?.text, "100");
});
