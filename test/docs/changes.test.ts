/** docs/changes.md lists the decision points that there are, with what they are given. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { POINT_NAMES, POINTS } from "../../lib/change/points";
import { CHANGE_DOCS, changeDocs } from "../support/change-docs";

test("the table of decision points is that of the code", () => {
  assert.equal(readFileSync(CHANGE_DOCS, "utf8"), changeDocs());
});

test("every point says what it stands for, what it is given, and the stock rule by release", () => {
  for (const name of POINT_NAMES) {
    const { decides, c, given, answers, rule } = POINTS[name];
    for (const text of [decides, answers, rule]) assert.ok(text.length > 3, name);
    assert.match(c, /`\w+(\[\]|\(\))`/, name);
    assert.ok(Object.keys(given).length > 0, name);
  }
});
