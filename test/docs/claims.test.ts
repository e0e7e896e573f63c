/**
 * docs/claims.md says what the notebooks find, and docs/findings.md is what they print. After a change on purpose:
 * `pageblock notebook run all --out build/run`, then `UPDATE_FINDINGS=build/run node test/run.mjs docs/claims`;
 * with CHECK_FINDINGS instead nothing is written and every executed notebook of the folder is compared.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";
import { displayedBy, notebookNames } from "../support/cells";
import {
  executedFindings,
  FINDINGS_FILE,
  FOUND_IN,
  figuresIn,
  findingsIn,
  findingsPage,
  ROOT,
  sourcesOf,
  storedFindings,
} from "../support/findings";

/** Notebooks that take a few seconds: they are run here. */
const QUICK = ["21", "23"];
const update = process.env.UPDATE_FINDINGS;
const check = process.env.CHECK_FINDINGS;

if (update !== undefined) {
  const findings = storedFindings();
  for (const number of FOUND_IN) {
    const found = executedFindings(resolve(update), number);
    if (found !== undefined) findings.set(number, found);
  }
  writeFileSync(FINDINGS_FILE, findingsPage(findings));
}

const stored = storedFindings();

test("docs/findings.md has the findings of every notebook, and nothing that was written by hand", () => {
  assert.deepEqual([...stored.keys()], FOUND_IN);
  assert.equal(readFileSync(FINDINGS_FILE, "utf8"), findingsPage(stored));
});

for (const number of QUICK)
  test(`notebook ${number} finds what docs/findings.md says`, () => {
    const shown = displayedBy(notebookNames().find((name) => name.startsWith(number))!, {
      seeds: "as stored",
    }).map((bundle) => String(bundle["text/markdown"] ?? ""));
    // The findings are what is shown last.
    const lists = stored.get(number)!;
    assert.equal(findingsIn(shown.slice(-1)), lists);
  });

if (check !== undefined)
  for (const number of FOUND_IN)
    test(`the executed notebook ${number} finds what docs/findings.md says`, () => {
      const found = executedFindings(resolve(check), number);
      assert.ok(found !== undefined, `${check} has no executed notebook ${number}`);
      assert.equal(found, stored.get(number));
    });

const claims = readFileSync(join(ROOT, "docs/claims.md"), "utf8");
for (const line of claims.split("\n")) {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  if (cells.length < 6 || !/^\[?\d\d\b/.test(cells[2]!)) continue;
  const [, claim, where, result] = cells as [string, string, string, string];
  const numbers = [...new Set([...where.matchAll(/(?:^|[[;]\s*|and \[)(\d\d)(?=[\],])/g)].map((m) => m[1]!))];
  const place = numbers.join(" and ");
  test(`claims: ${claim.slice(0, 60)}: its figures are what notebook ${place} finds, or has in its cells`, () => {
    assert.ok(numbers.length > 0 && numbers.every((number) => stored.has(number)), where);
    const known = new Set(
      numbers.flatMap((number) => [stored.get(number)!, ...sourcesOf(number)].flatMap(figuresIn)),
    );
    for (const figure of figuresIn(result)) assert.ok(known.has(figure), `${figure} in "${result}"`);
  });
}

test("a figure that no notebook finds would be noticed", () => {
  const known = new Set([...stored.values()].flatMap(figuresIn));
  assert.ok(!known.has("1052") && known.has(figuresIn(stored.get("31")!)[0]!));
  assert.deepEqual(figuresIn("1,536 MiB of 4 GiB, 0.18 %; 2 of 6, 524,288"), [
    "1536",
    "4",
    "0.18",
    "2",
    "6",
    "524288",
  ]);
});
