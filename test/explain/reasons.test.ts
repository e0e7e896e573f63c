/**
 * Reasons of all complete reports of test/fixtures/field, beside a table that another program made: kernel-rule.py has
 * the kernel's rule written a second time, reads the numbers by itself, and takes order, flags, release and zones of
 * the build from a list made by hand.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { explainReadings } from "../../lib/explain/explain-readings";
import { readTexts } from "../../lib/explain/read-texts";

const FIXTURES = join(__dirname, "../fixtures");
const table = JSON.parse(readFileSync(join(FIXTURES, "explain/reasons.json"), "utf8")) as Record<
  string,
  [node: number, zone: string, reasons: string[]][]
>;

test("the table has every log whose numbers another reader has", () => {
  assert.equal(Object.keys(table).length, 33);
});

for (const [name, rows] of Object.entries(table))
  test(`reasons of ${name} are those of the rule written a second time`, () => {
    const text = readFileSync(join(FIXTURES, "field/logs", `${name}.txt`), "utf8");
    const reports = explainReadings(readTexts([{ name, text }]).readings);
    const report = reports.find(({ zones }) => zones.length > 0)!;
    assert.deepEqual(
      report.answer.zones.map((zone) => [zone.node, zone.name, [...zone.reasons].sort()]),
      rows,
    );
  });
