/**
 * No regular expression of the sources takes more than linear time on text from outside. The expressions are read from the
 * sources; each is given repeats of its own pieces, and one whose time grows faster than the text fails. What is excepted is bounded.
 */
import assert from "node:assert/strict";
import { relative } from "node:path";
import test from "node:test";
import { ROOT } from "../support/cli";
import { type Attack, attacksOn, type Expression, expressionsIn } from "../support/expressions";

/** Lengths of short texts, each a little longer: what doubles with every character is found here, and would never end on long ones. */
const SHORT = [12, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128];
/** Lengths of which four times as much is tried too. */
const LENGTHS = [128, 512, 2048, 8192];
const TIMES_LONGER = 4;
/** A linear expression takes microseconds on the longest text: what takes less than this is not looked at again. */
const SUSPECT_MS = 4;
/** Four times the text takes a linear expression four times as long, a quadratic one sixteen times. */
const GROWTH_MOST = 8;
/** What a bounded one may take. */
const BOUNDED_MS = 20;
const ENDS = ["", "\u0001", "\n\u0001"];

/**
 * Expressions that take more than linear time on what is bounded before they see it: how many characters that is at most. They
 * must be quick on so many.
 */
const BOUNDED: Readonly<Record<string, number>> = {
  // One explanation of a failure in the model's own words.
  "lib/experiment/scorecard.ts: ^In the way: .*?: (.*?)\\. Would free it:": 1000,
  // A line of a stack, cut to so much.
  "lib/experiment/run-text.ts: \\(?(?:[^\\s(]*[\\\\/])?([^\\\\/]+:\\d+):\\d+\\)?": 500,
  // ECharts writes one such element; texts of a chart cannot hold another, for their signs are escaped.
  "lib/report/svg/static-svg.ts: <style ?>[\\s\\S]*?<\\/style>\\s*": 4000,
};

/** CPU time of one use in milliseconds; the least of some, because others run on this computer too. */
function msOf(expression: RegExp, text: string, tries: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries && (i === 0 || least > SUSPECT_MS); i++) {
    expression.lastIndex = 0;
    const before = process.cpuUsage();
    if (expression.global) text.replace(expression, "");
    else expression.exec(text);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

const textOf = ({ before, piece }: Attack, length: number, end: string) =>
  before + piece.repeat(Math.ceil(length / piece.length)) + end;

/** How the time of an expression grows on its worst text; null if it is linear on all of them. */
function growthOf(expression: Expression): { text: string; growth: number } | null {
  const compiled = new RegExp(expression.source, expression.flags);
  for (const attack of attacksOn(expression))
    for (const end of ENDS) {
      for (const length of SHORT) {
        const text = textOf(attack, length, end);
        if (msOf(compiled, text, 2) > SUSPECT_MS && msOf(compiled, text, 3) > SUSPECT_MS)
          return {
            text: JSON.stringify([attack.before, attack.piece, end, length]),
            growth: Number.POSITIVE_INFINITY,
          };
      }
      for (const length of LENGTHS) {
        const long = msOf(compiled, textOf(attack, TIMES_LONGER * length, end), 3);
        if (long < SUSPECT_MS) continue;
        const short = msOf(compiled, textOf(attack, length, end), 3);
        const growth = long / Math.max(short, 0.05);
        const { before, piece } = attack;
        if (growth > GROWTH_MOST) return { text: JSON.stringify([before, piece, end, length]), growth };
      }
    }
  return null;
}

/** An expression that is too slow on texts of `most` characters. */
function slowOn(expression: Expression, most: number): { text: string; growth: number } | null {
  const compiled = new RegExp(expression.source, expression.flags);
  for (const attack of attacksOn(expression))
    for (const end of ENDS)
      if (msOf(compiled, textOf(attack, most, end), 3) > BOUNDED_MS)
        return { text: JSON.stringify([attack.before, attack.piece, end, most]), growth: 0 };
  return null;
}

test("the test knows a quadratic, a cubic and an exponential expression, and takes a linear one for linear", () => {
  const of = (expression: RegExp): Expression => ({
    file: "",
    source: expression.source,
    flags: expression.flags,
  });
  for (const bad of [/\s+$/, /^(?:a+)+$/, /^(?:a|a)*$/, /<!--[\s\S]*?-->/, /(.*),(.*);(.*)!/, /x.*y.*z/])
    assert.notEqual(growthOf(of(bad)), null, String(bad));
  for (const good of [/^a+b/, /\d{1,10}x/, /[a-z]/g, /^(?:[^"\\]|\\.)*"$/])
    assert.equal(growthOf(of(good)), null, String(good));
});

test("no expression of lib and kernel-setup takes more than linear time", () => {
  const all = expressionsIn(["lib", "kernel-setup"].map((folder) => `${ROOT}/${folder}`));
  assert.ok(all.length > 700, `${all.length} expressions were found`);
  const excepted = new Set<string>();
  const slow = all.flatMap((one) => {
    const name = `${relative(ROOT, one.file)}: ${one.source}`;
    const most = BOUNDED[name];
    if (most !== undefined) excepted.add(name);
    const found = most === undefined ? growthOf(one) : slowOn(one, most);
    return found === null
      ? []
      : [
          `${relative(ROOT, one.file)}: /${one.source}/${one.flags}: ${found.growth.toFixed(0)} times on ${found.text}`,
        ];
  });
  assert.deepEqual(slow, []);
  assert.deepEqual(
    [...excepted].sort(),
    Object.keys(BOUNDED).sort(),
    "every exception is of an expression that is there",
  );
});
