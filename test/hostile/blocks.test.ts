/** Code, prose and HTML made to take long in highlight.js, markdown-it and sanitize-html: shown, within little CPU time. */
import assert from "node:assert/strict";
import test from "node:test";
import { blockHtml } from "../../lib/report/block-html";
import { proseHtml, safeMarkdown } from "../../lib/report/prose";
import { sanitizedHtml, wordsOf } from "../../lib/report/sanitize";

/** The most that a block may take, in milliseconds of CPU. */
const BLOCK_MS = 3000;

function within(what: string, use: () => string): string {
  const before = process.cpuUsage();
  const made = use();
  const { user } = process.cpuUsage(before);
  assert.ok(user / 1000 < BLOCK_MS, `${what}: ${user / 1000} ms`);
  return made;
}

const colours = (source: string) => blockHtml({ kind: "code", source }, { still: true, references: [] }, 0);

test("code: long words, long runs of blanks and long cells are plain text", () => {
  for (const piece of ["a", "1_", "\n", " ", "<a>", "(a", "`${", "f("]) {
    const source = piece.repeat(400_000 / piece.length);
    const html = within(piece, () => colours(source));
    assert.ok(!html.includes("hljs-"), piece);
    assert.ok(html.length >= source.length);
    within(`${piece}, just coloured`, () =>
      colours(`${`${piece.repeat(150 / piece.length)};\t`.repeat(190)}`),
    );
  }
  assert.match(colours("const a = 1;"), /hljs-keyword/);
});

test("prose: cells that are too long are plain text; a long picture as data is none", () => {
  for (const piece of ["![", "[", "*a _", "|a|\n|-|\n", "> ", "<"]) {
    within(piece, () => proseHtml(piece.repeat(200_000 / piece.length)));
    const long = piece.repeat(2_000_000 / piece.length);
    assert.match(
      within(piece, () => proseHtml(long)),
      /^<pre>/,
    );
    assert.match(
      within(piece, () => safeMarkdown(long)),
      /^```/,
    );
  }
  const picture = `![a](data:image/png;base64,${"A".repeat(1_000_000)})`;
  assert.match(proseHtml(picture), /^<p><img /);
});

test("HTML: elements within one another without end, and tables of a million signs", () => {
  for (const piece of ["<b>", "<td>", "<table><tr>", "<a ", "&amp;", "<!--"]) {
    const html = piece.repeat(600_000 / piece.length);
    within(piece, () => sanitizedHtml(html));
    within(piece, () => wordsOf(html));
  }
});
