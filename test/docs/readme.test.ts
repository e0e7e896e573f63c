/** What README.md says of the notebooks is what the folder has. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test from "node:test";

const ROOT = resolve(__dirname, "../..");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const notebooks = readdirSync(join(ROOT, "notebooks")).filter((name) => name.endsWith(".ipynb"));

const SMALL = (
  "Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen " +
  "Seventeen Eighteen Nineteen"
).split(" ");
const TENS = " Ten Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety".split(" ");

/** A number below 100 as a sentence begins with it: `Fifteen`, `Twenty-one`. */
function inWords(n: number): string {
  assert.ok(Number.isInteger(n) && n >= 0 && n < 100, `${n} is from 0 to 99`);
  if (n < SMALL.length) return SMALL[n]!;
  const rest = n % 10;
  return `${TENS[Math.floor(n / 10)]!}${rest === 0 ? "" : `-${SMALL[rest]!.toLowerCase()}`}`;
}

test("numbers in words", () => {
  const words = [3, 15, 16, 20, 21, 30, 99].map(inWords);
  assert.deepEqual(words, ["Three", "Fifteen", "Sixteen", "Twenty", "Twenty-one", "Thirty", "Ninety-nine"]);
});

test("README.md counts and lists the notebooks", () => {
  const [, word] = /([\w-]+) Jupyter notebooks test its claims/.exec(readme)!;
  assert.equal(word, inWords(notebooks.length));
  const listed = [...readme.matchAll(/^\| \[[^\]]+\]\(notebooks\/([^)]+)\) /gm)].map((m) => m[1]);
  assert.deepEqual(listed, notebooks);
});

test("README.md names the notebooks that have no parameters to set", () => {
  const without = notebooks.filter((name) => {
    const { cells } = JSON.parse(readFileSync(join(ROOT, "notebooks", name), "utf8"));
    return !cells.some((cell: { metadata?: { tags?: string[] } }) =>
      cell.metadata?.tags?.includes("parameters"),
    );
  });
  const [, said] = /define it \(([^:]*) do not:/.exec(readme.replaceAll("\n", " "))!;
  assert.equal(said, without.map((name) => name.slice(0, 2)).join(" and "));
});
