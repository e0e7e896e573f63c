/** References: numbered as first cited, in every form of a write-up; how to cite it. */
import assert from "node:assert/strict";
import test from "node:test";
import MarkdownIt from "markdown-it";
import { linkedCitations, numberReferences, takeDefinitions } from "../../lib/report/citations";
import { howToCite } from "../../lib/report/cite-this";
import { htmlPage } from "../../lib/report/html";
import { markdownOf } from "../../lib/report/markdown";
import { parseNotebook } from "../../lib/report/notebook-file";
import { writeUpOf } from "../../lib/report/write-up";
import { code, markdown, notebook, stream } from "../support/notebooks";

const CELLS = [
  markdown("# T\n\nFirst [@b], then [@a] and [@b] again, but `[@code]` is code.\n\n```\n[@fenced]\n```"),
  code("1", stream("1")),
  markdown(
    "## References\n\n- [@a]: Ann, *A*,\n  2018.\n- [@b]: Bob, <https://example.org/b>\n- [@c]: Cid.\n",
  ),
];
const writeUpFrom = (cells: object[], metadata: object = {}) => {
  const content = notebook(...cells);
  const json = JSON.stringify({ ...content, metadata: { ...content.metadata, ...metadata } });
  return writeUpOf(parseNotebook(json, "n.ipynb"), "n.ipynb");
};

test("numbers follow the first citation; what nobody cites comes last", () => {
  const { references, blocks } = writeUpFrom(CELLS);
  assert.deepEqual(
    references.map(({ number, key, markdown }) => [number, key, markdown]),
    [
      [1, "b", "Bob, <https://example.org/b>"],
      [2, "a", "Ann, *A*, 2018."],
      [3, "c", "Cid."],
    ],
  );
  assert.ok(!JSON.stringify(blocks).includes("## References"), "the list stands at the end, once");
});

test("pages link to the reference, Markdown to the list", () => {
  const writeUp = writeUpFrom(CELLS);
  const page = htmlPage(writeUp, []);
  assert.match(page, /First <a href="#ref-1">\[1\]<\/a>, then <a href="#ref-2">\[2\]<\/a>/);
  assert.match(page, /<li id="ref-2"><p>Ann, <em>A<\/em>, 2018\.<\/p>/);
  assert.match(page, /\[@code\]/);
  assert.match(page, /\[@fenced\]/);
  const { text } = markdownOf(writeUp, "n-files", []);
  assert.match(text, /First \[\\\[1\\\]\]\(#references\)/);
  assert.match(text, /## References\n\n1\. Bob, <https:\/\/example\.org\/b>\n2\. Ann/);
});

test("a citation of nothing is refused, naming what there is; without references brackets are text", () => {
  assert.throws(
    () => numberReferences(["[@x]"], new Map([["a", "A"]]), "n.ipynb"),
    /n\.ipynb: \[@x\] must be defined .*: defined are a/,
  );
  assert.deepEqual(numberReferences(["[@x]"], new Map(), "n.ipynb"), []);
  assert.equal(
    linkedCitations("[@x] y", [], () => "#"),
    "[@x] y",
  );
  const found = new Map<string, string>();
  assert.equal(takeDefinitions("Text\n\n- [@k]: v\n- other", found), "Text\n\n- other");
  assert.deepEqual([...found], [["k", "v"]]);
});

test("a reference from anybody is prose: no HTML, no link that runs something", () => {
  const evil = [
    markdown("# T [@e]\n\n- [@e]: <script>x()</script> [l](javascript:x())"),
    code("1", stream("1")),
  ];
  const writeUp = writeUpFrom(evil, { authors: [{ name: "<b>Eve</b> }\\input{x}" }] });
  const page = htmlPage(writeUp, []);
  assert.doesNotMatch(page, /<script>x|href="javascript|<b>Eve/);
  const trusting = new MarkdownIt({ html: true });
  trusting.validateLink = () => true;
  const live = trusting.render(markdownOf(writeUp, "n-files", []).text);
  assert.doesNotMatch(live, /<script>x|href="javascript|<b>Eve/);
  assert.doesNotMatch(howToCite(writeUp).bibtex, /\\input/);
});

test("how to cite: authors, year and address from the metadata, version and results from the run", () => {
  const { sentence, bibtex } = howToCite(
    writeUpFrom(CELLS, {
      authors: [{ name: "Ann" }, { name: "Bob" }],
      pageblock: { year: 2026, doi: "10.1/x_y" },
    }),
  );
  assert.match(
    sentence,
    /^Ann, Bob\. T\. 2026\. Write-up of a notebook, pageblock \d\S*, results SHA-256 [0-9a-f]{16}\. https:\/\/doi\.org\/10\.1\/x_y$/,
  );
  assert.match(
    bibtex,
    /^@misc\{pageblock-[0-9a-f]{8},\n {2}title = \{T\},\n {2}author = \{Ann and Bob\},\n {2}year = \{2026\},/,
  );
});
