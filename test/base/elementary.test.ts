/**
 * The bits of logarithms, powers and roots. Their error is measured against values of mpmath with 60 digits
 * (test/fixtures/elementary.json: arguments, the nearest number, and what it lacks). Their bits are those of fdlibm, and so of
 * `Math` where the engine has fdlibm.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { highWord, powerOfTwo } from "../../lib/base/float-bits";
import { bitsOf, COUNT, FUNCTIONS, type Of } from "../support/elementary-bits";

type Row = readonly [at: [number, number], nearest: number, rest: number];
const VALUES: Record<string, Row[]> = JSON.parse(
  readFileSync(join(__dirname, "../fixtures/elementary.json"), "utf8"),
);

/** The distance to the next number of the same size. */
const unit = (x: number) =>
  Math.abs(x) < 2 ** -1022 ? 2 ** -1074 : powerOfTwo(((highWord(x) & 0x7fffffff) >> 20) - 1023) * 2 ** -52;

test("errors are below one unit in the last place; those of erf below two", () => {
  assert.deepEqual(Object.keys(VALUES).sort(), Object.keys(FUNCTIONS).sort());
  for (const [name, rows] of Object.entries(VALUES))
    for (const [at, nearest, rest] of rows) {
      const error = Math.abs(FUNCTIONS[name]!(...at) - nearest - rest) / unit(nearest);
      assert.ok(error < (name === "erf" ? 2 : 1), `${name}(${at}): ${error} units`);
    }
});

/** Printed by `Math` and `**` of Node.js 20.20.2, which have fdlibm; Chromium 156 prints others for all but hypot. */
const BITS: Readonly<Record<string, string>> = {
  exp: "fb4d13aa0a6dbd11",
  expm1: "810e99ad1d823b05",
  log: "a6b91bd42e0905a0",
  log1p: "216360ff757e5c78",
  log2: "dd5c2269271359e4",
  cbrt: "7fba764904d18f0d",
  hypot: "fc6510f4743443eb",
  pow: "3b18c319bb2f6b76",
};

const { exp, expm1, log, log1p, log2, cbrt, hypot } = Math;
const MATH: Readonly<Record<string, Of>> = {
  ...{ exp, expm1, log, log1p, log2, cbrt, hypot },
  pow: (x, y) => x ** y,
};

/** Node.js 20 and 22 have fdlibm; 24 has another library for powers, and later ones may have for more. */
const MAJOR = Number(process.versions.node.split(".")[0]);

for (const [name, bits] of Object.entries(BITS)) {
  test(`${name}: the bits of 100,000 results`, () => assert.equal(bitsOf(FUNCTIONS[name]!, COUNT), bits));
  const other = MAJOR > 22 && "this Node.js may have another library";
  test(`${name}: those bits are Math's on Node.js 20 and 22`, { skip: other }, () =>
    assert.equal(bitsOf(MATH[name]!, COUNT), bits),
  );
}
